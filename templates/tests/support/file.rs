//! Reading files of cases.

use super::case::Case;

/// Reads the cases of a text of JSON lines.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("a case is a JSON object"))
        .collect()
}
