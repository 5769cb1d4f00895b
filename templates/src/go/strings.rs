//! Go's package strings on byte strings.

use super::bounded::{Bounded, TooLong};
use super::unicode;
use super::utf8::{first_rune, last_rune, mapped, push_rune, rune_slices, runes};

/// Upper case, rune by rune (strings.ToUpper).
pub(crate) fn to_upper(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    mapped(text, unicode::to_upper)
}

/// Lower case, rune by rune (strings.ToLower).
pub(crate) fn to_lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    mapped(text, unicode::to_lower)
}

/// Title case for the first letter of each word (strings.Title).
pub(crate) fn title(text: &[u8]) -> Vec<u8> {
    let mut previous = ' ';
    mapped(text, |rune| {
        let starts = is_separator(previous);
        previous = rune;
        if starts {
            unicode::to_title(rune)
        } else {
            rune
        }
    })
}

/// What strings.Title takes for the gap between words.
fn is_separator(rune: char) -> bool {
    if rune.is_ascii() {
        return !rune.is_ascii_alphanumeric() && rune != '_';
    }
    unicode::is_space(rune)
}

/// Cuts white space from both ends (strings.TrimSpace).
pub(crate) fn trim_space(text: &[u8]) -> &[u8] {
    trim_by(text, unicode::is_space)
}

/// Cuts the runes of `cutset` from both ends (strings.Trim).
pub(crate) fn trim<'a>(text: &'a [u8], cutset: &[u8]) -> &'a [u8] {
    let cut: Vec<char> = runes(cutset).map(|rune| rune.value).collect();
    trim_by(text, |rune| cut.contains(&rune))
}

fn trim_by(text: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let mut rest = text;
    while let Some(rune) = first_rune(rest).filter(|rune| cut(rune.value)) {
        rest = rest.get(rune.size..).unwrap_or_default();
    }
    while let Some(rune) = last_rune(rest).filter(|rune| cut(rune.value)) {
        rest = rest.get(..rest.len() - rune.size).unwrap_or_default();
    }
    rest
}

/// Returns the place of the first `wanted` in `text` (strings.Index).
pub(crate) fn index(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

/// Cuts `text` at each `separator` into at most `most` parts (strings.SplitN); a negative `most` means all.
pub(crate) fn split_n<'a>(text: &'a [u8], separator: &[u8], most: i64) -> Vec<&'a [u8]> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if separator.is_empty() {
        return explode(text, most);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < most {
        let Some(at) = index(rest, separator) else {
            break;
        };
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// One part a rune; the last of `most` parts takes what is left.
fn explode(text: &[u8], most: usize) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut used = 0;
    for slice in rune_slices(text) {
        if parts.len() + 1 == most {
            parts.push(&text[used..]);
            return parts;
        }
        used += slice.len();
        parts.push(slice);
    }
    parts
}

/// Puts `new` for every `old` (strings.ReplaceAll); an empty `old` matches before each rune and at the end.
pub(crate) fn replace(
    text: &[u8],
    old: &[u8],
    new: &[u8],
    limit: usize,
) -> Result<Vec<u8>, TooLong> {
    let mut out = Bounded::new(limit);
    if old.is_empty() {
        for slice in rune_slices(text) {
            out.push(new)?;
            out.push(slice)?;
        }
        out.push(new)?;
        return Ok(out.into_bytes());
    }
    let mut used = 0;
    for at in memchr::memmem::find_iter(text, old) {
        out.push(&text[used..at])?;
        out.push(new)?;
        used = at + old.len();
    }
    out.push(&text[used..])?;
    Ok(out.into_bytes())
}

/// Puts `text` `count` times in a row (strings.Repeat).
pub(crate) fn repeat(text: &[u8], count: usize, limit: usize) -> Result<Vec<u8>, TooLong> {
    match text.len().checked_mul(count) {
        Some(length) if length <= limit => Ok(text.repeat(count)),
        Some(_) | None => Err(TooLong),
    }
}

/// Puts `pad` spaces before every line.
pub(crate) fn indent(text: &[u8], pad: usize, limit: usize) -> Result<Vec<u8>, TooLong> {
    let pad = repeat(b" ", pad, limit)?;
    let mut out = Bounded::new(limit);
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if number > 0 {
            out.push(b"\n")?;
        }
        out.push(&pad)?;
        out.push(line)?;
    }
    Ok(out.into_bytes())
}

/// Replaces each bad byte by U+FFFD, as a conversion to runes and back does.
pub(crate) fn valid(text: &[u8]) -> Vec<u8> {
    mapped(text, |rune| rune)
}

/// Reads each byte as a rune of its own (`rune(str[i])`), keeps those that `keep` wants and writes them as UTF-8.
pub(crate) fn kept_bytes(text: &[u8], mut keep: impl FnMut(char) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        let rune = char::from(byte);
        if keep(rune) {
            push_rune(&mut out, rune);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_go_does() {
        assert_eq!(split_n(b"a,b,c", b",", 2), [&b"a"[..], b"b,c"]);
        assert_eq!(split_n(b"", b",", -1), [&b""[..]]);
        assert_eq!(split_n(b"", b"", -1), Vec::<&[u8]>::new());
        assert_eq!(
            split_n("h\u{E9}y".as_bytes(), b"", 2),
            [&b"h"[..], "\u{E9}y".as_bytes()]
        );
    }

    #[test]
    fn an_empty_pattern_matches_between_runes() {
        assert_eq!(
            replace("\u{E9}a".as_bytes(), b"", b"-", 99),
            Ok("-\u{E9}-a-".into())
        );
        assert_eq!(replace(b"aaaa", b"a", b"bbbb", 15), Err(TooLong));
    }
}
