//! Unicode properties and the one-to-one case mappings of Go's package unicode.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

static LETTER: LazyLock<Category> = LazyLock::new(|| Category::named("L"));
static UPPER: LazyLock<Category> = LazyLock::new(|| Category::named("Lu"));
static LOWER: LazyLock<Category> = LazyLock::new(|| Category::named("Ll"));
static TITLE: LazyLock<Category> = LazyLock::new(|| Category::named("Lt"));
static DIGIT: LazyLock<Category> = LazyLock::new(|| Category::named("Nd"));
static PRINT: LazyLock<Category> =
    LazyLock::new(|| Category::parsed(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]"));
static PUNCT: LazyLock<Category> = LazyLock::new(|| Category::named("P"));

/// A general category of Unicode as sorted ranges.
struct Category(Vec<(char, char)>);

impl Category {
    /// Reads the category from the tables of regex-syntax.
    fn named(name: &str) -> Self {
        Self::parsed(&format!(r"\p{{{name}}}"))
    }

    fn parsed(class: &str) -> Self {
        let parsed = regex_syntax::parse(class);
        let ranges = match parsed.as_ref().map(regex_syntax::hir::Hir::kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => {
                class.iter().map(|r| (r.start(), r.end())).collect()
            }
            Ok(_) | Err(_) => Vec::new(),
        };
        Self(ranges)
    }

    fn contains(&self, rune: char) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= rune);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|&(_, end)| rune <= end)
    }
}

/// Category L.
pub(crate) fn is_letter(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_alphabetic()
    } else {
        LETTER.contains(rune)
    }
}

/// Category Nd.
pub(crate) fn is_digit(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_digit()
    } else {
        DIGIT.contains(rune)
    }
}

/// What Go prints as it is: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub(crate) fn is_print(rune: char) -> bool {
    if rune.is_ascii() {
        (' '..='~').contains(&rune)
    } else {
        PRINT.contains(rune)
    }
}

/// Category Lu.
pub(crate) fn is_upper(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_uppercase()
    } else {
        UPPER.contains(rune)
    }
}

/// Category Ll.
pub(crate) fn is_lower(rune: char) -> bool {
    if rune.is_ascii() {
        rune.is_ascii_lowercase()
    } else {
        LOWER.contains(rune)
    }
}

/// Category Lt.
pub(crate) fn is_title(rune: char) -> bool {
    !rune.is_ascii() && TITLE.contains(rune)
}

/// Category P.
pub(crate) fn is_punct(rune: char) -> bool {
    PUNCT.contains(rune)
}

/// Category N.
pub(crate) fn is_number(rune: char) -> bool {
    rune.is_numeric()
}

/// Property `White_Space`.
pub(crate) fn is_space(rune: char) -> bool {
    rune.is_whitespace()
}

/// The simple upper case mapping: never more than one rune, so that `\u{DF}` stays.
pub(crate) fn to_upper(rune: char) -> char {
    match rune {
        // Got their capitals in Unicode 16, which KUDO's Go does not know.
        '\u{19B}' | '\u{264}' => rune,
        '\u{1F80}'..='\u{1F87}' | '\u{1F90}'..='\u{1F97}' | '\u{1FA0}'..='\u{1FA7}' => {
            shifted(rune, 8)
        }
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => shifted(rune, 9),
        _ => only(rune.to_uppercase()).unwrap_or(rune),
    }
}

/// The simple lower case mapping.
pub(crate) fn to_lower(rune: char) -> char {
    match rune {
        '\u{130}' => 'i',
        _ => only(rune.to_lowercase()).unwrap_or(rune),
    }
}

/// The simple title case mapping: upper case but for digraphs and Georgian.
pub(crate) fn to_title(rune: char) -> char {
    match rune {
        '\u{1C4}'..='\u{1C6}' => '\u{1C5}',
        '\u{1C7}'..='\u{1C9}' => '\u{1C8}',
        '\u{1CA}'..='\u{1CC}' => '\u{1CB}',
        '\u{1F1}'..='\u{1F3}' => '\u{1F2}',
        '\u{10D0}'..='\u{10FA}' | '\u{10FD}'..='\u{10FF}' => rune,
        _ => to_upper(rune),
    }
}

fn shifted(rune: char, by: u32) -> char {
    char::from_u32(u32::from(rune) + by).unwrap_or(rune)
}

fn only(mut mapping: impl Iterator<Item = char>) -> Option<char> {
    let first = mapping.next()?;
    mapping.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_mappings_are_one_to_one() {
        assert_eq!(to_upper('\u{DF}'), '\u{DF}');
        assert_eq!(to_upper('\u{1F80}'), '\u{1F88}');
        assert_eq!(to_lower('\u{130}'), 'i');
        assert_eq!(to_title('\u{1C6}'), '\u{1C5}');
        assert_eq!(to_title('\u{10D0}'), '\u{10D0}');
    }

    #[test]
    fn categories_are_not_properties() {
        assert!(is_upper('\u{C9}') && !is_upper('\u{2160}'));
        assert!(is_lower('\u{E9}') && !is_lower('\u{AA}'));
        assert!(is_title('\u{1C5}'));
        assert!(is_punct('_') && !is_punct('$'));
        assert!(is_letter('\u{4E00}') && !is_letter('\u{345}'));
    }
}
