//! The list form of `completedIndexes`: `0-2,5`.

use std::collections::BTreeSet;

/// Indexes beyond this are not read from a status.
const MAX_INDEX: i64 = 100_000;

/// Reads a list of numbers and ranges; what is no number is left out.
pub(super) fn parse(text: &str) -> BTreeSet<i64> {
    text.split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse::<i64>().ok()?, last.parse::<i64>().ok()?);
            Some(first.max(0)..=last.min(MAX_INDEX))
        })
        .flatten()
        .collect()
}

/// Writes numbers in order, three or more neighbours as a range.
pub(super) fn show(indexes: &BTreeSet<i64>) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &index in indexes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => ranges.push((index, index)),
        }
    }
    let shown: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first},{last}"),
            _ => format!("{first}-{last}"),
        })
        .collect();
    shown.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let indexes: BTreeSet<i64> = [0, 1, 2, 5, 7, 8].into();

        // The form is that of the API: "1,3-5,7" in the docs of JobStatus.completedIndexes.
        assert_eq!(show(&indexes), "0-2,5,7,8");
        assert_eq!(parse("0-2,5,7,8"), indexes);
        assert!(parse("").is_empty());
        assert!(parse("x,9-").is_empty());
    }
}
