//! "Did you mean": the nearest of the names that exist.

/// Returns the name nearest to `wanted`, if one is near enough to be meant.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(LONGEST).collect();
    let most = (wanted.len() / 3).clamp(1, 4);
    names
        .into_iter()
        .map(|name| (distance(&wanted, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Longer names are compared by their beginning: nobody mistypes more than this.
const LONGEST: usize = 128;

/// How many letters must be put in, taken out or replaced, or neighbours swapped.
fn distance(wanted: &[char], name: &str) -> usize {
    let name: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=name.len()).collect();
    for (row, letter) in wanted.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in name.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            let mut least = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped =
                row > 0 && column > 0 && wanted[row - 1] == *other && *letter == name[column - 1];
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_in_any_case() {
        let names = ["NODE_COUNT", "NODE_CPU", "IMAGE"];
        assert_eq!(nearest("NODE_CUONT", names), Some("NODE_COUNT"));
        assert_eq!(nearest("node_count", names), Some("NODE_COUNT"));
        assert_eq!(nearest("IMGAE", names), Some("IMAGE"));
        assert_eq!(nearest("STORAGE_CLASS", names), None);
        assert_eq!(nearest("x", []), None);
    }
}
