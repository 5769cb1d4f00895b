//! Sets of characters: Perl's, POSIX's and Unicode's, and folding of case.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A set of these inclusive ranges.
pub(super) fn ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(
        ranges
            .iter()
            .map(|(from, to)| ClassUnicodeRange::new(*from, *to)),
    )
}

/// Adds every character that differs only in case.
pub(super) fn fold(class: &mut ClassUnicode) {
    // The tables of Unicode are compiled in, so this does not fail.
    class.try_case_fold_simple().unwrap_or_default();
}

/// The set of `\d`, `\s` or `\w`, all ASCII in Go; capitals are the complement of the folded set.
pub(super) fn perl(letter: u8, folded: bool) -> Option<ClassUnicode> {
    let mut class = match letter.to_ascii_lowercase() {
        b'd' => ranges(&[('0', '9')]),
        b's' => ranges(&[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')]),
        b'w' => ranges(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        _ => return None,
    };
    finish(&mut class, folded, letter.is_ascii_uppercase());
    Some(class)
}

/// The set of a POSIX name, such as `alpha` or `^alpha`.
pub(super) fn posix(name: &str, folded: bool) -> Option<ClassUnicode> {
    let (positive, negated) = match name.strip_prefix('^') {
        Some(positive) => (positive, true),
        None => (name, false),
    };
    let mut class = match positive {
        "alnum" => ranges(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "alpha" => ranges(&[('A', 'Z'), ('a', 'z')]),
        "ascii" => ranges(&[('\0', '\x7f')]),
        "blank" => ranges(&[('\t', '\t'), (' ', ' ')]),
        "cntrl" => ranges(&[('\0', '\x1f'), ('\x7f', '\x7f')]),
        "digit" => ranges(&[('0', '9')]),
        "graph" => ranges(&[('!', '~')]),
        "lower" => ranges(&[('a', 'z')]),
        "print" => ranges(&[(' ', '~')]),
        "punct" => ranges(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "space" => ranges(&[('\t', '\r'), (' ', ' ')]),
        "upper" => ranges(&[('A', 'Z')]),
        "word" => ranges(&[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')]),
        "xdigit" => ranges(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => return None,
    };
    finish(&mut class, folded, negated);
    Some(class)
}

/// Scripts whose full name has four letters; other names of four letters are abbreviations, which
/// Go does not know.
const SHORT_SCRIPTS: [&str; 7] = ["ahom", "cham", "kawi", "lisu", "newa", "thai", "toto"];

/// The set of a general category or script, such as `L`, `Lu` or `Greek`.
pub(super) fn unicode(name: &str, folded: bool, negated: bool) -> Option<ClassUnicode> {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .collect();
    let plain = plain.to_ascii_lowercase();
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut class = match plain.as_str() {
        "any" => ranges(&[('\0', char::MAX)]),
        "ascii" => ranges(&[('\0', '\x7f')]),
        _ if plain.starts_with("is") => return None,
        _ => table("gc", &plain).or_else(|| {
            let is_name = plain.len() != 4 || SHORT_SCRIPTS.contains(&plain.as_str());
            is_name.then(|| table("sc", &plain)).flatten()
        })?,
    };
    finish(&mut class, folded, negated);
    Some(class)
}

/// Asks the tables of the engine.
fn table(property: &str, name: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(&format!(r"\p{{{property}={name}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(ranges(&[(c, c)]))
        }
        _ => None,
    }
}

fn finish(class: &mut ClassUnicode, folded: bool, negated: bool) {
    if folded {
        fold(class);
    }
    if negated {
        class.negate();
    }
}
