//! Go's runes: decoding bytes that may not be UTF-8, and what can be printed.

use crate::go::unicode;

/// The rune that stands for bytes that are not UTF-8.
pub(crate) const REPLACEMENT: u32 = 0xFFFD;

/// Returns the first rune of non-empty bytes and its width; a bad byte is U+FFFD of width 1.
pub(crate) fn decode_rune(bytes: &[u8]) -> (u32, usize) {
    match bytes.first() {
        None => return (REPLACEMENT, 0),
        Some(byte) if byte.is_ascii() => return (u32::from(*byte), 1),
        Some(_) => {}
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(char) => (u32::from(char), char.len_utf8()),
        None => (REPLACEMENT, 1),
    }
}

/// Returns the runes of bytes with the offset of each.
pub(crate) fn runes(bytes: &[u8]) -> impl Iterator<Item = (usize, u32, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let (rune, width) = decode_rune(&bytes[at..]);
        let start = at;
        at += width;
        Some((start, rune, width))
    })
}

/// Returns how many runes there are, as `utf8.RuneCount`.
pub(crate) fn count(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().count(),
        Err(_) => runes(bytes).count(),
    }
}

/// Appends a rune; what is not a character becomes U+FFFD.
pub(crate) fn push(out: &mut Vec<u8>, rune: u32) {
    let char = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Says whether Go prints the rune as it is (`strconv.IsPrint`).
pub(crate) fn is_print(rune: u32) -> bool {
    char::from_u32(rune).is_some_and(unicode::is_print)
}
