//! Go's quoting: `strconv.Quote` and its kin.

use super::runes::{self, is_print};

/// Returns `strconv.Quote` of bytes; what was not UTF-8 shows as `\x..`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    append_quoted(&mut out, bytes, b'"', false);
    crate::value::to_text(&out).into_owned()
}

/// Appends a quoted string; with `ascii`, other runes are escaped.
pub(crate) fn append_quoted(out: &mut Vec<u8>, bytes: &[u8], quote: u8, ascii: bool) {
    out.push(quote);
    for (at, rune, width) in runes::runes(bytes) {
        if rune == runes::REPLACEMENT && width == 1 {
            append_hex(out, u32::from(bytes[at]), "\\x", 2);
        } else {
            append_escaped(out, rune, quote, ascii);
        }
    }
    out.push(quote);
}

/// Appends a quoted character; what is not a character shows as U+FFFD.
pub(crate) fn append_quoted_rune(out: &mut Vec<u8>, rune: u32, ascii: bool) {
    let rune = char::from_u32(rune).map_or(runes::REPLACEMENT, u32::from);
    out.push(b'\'');
    append_escaped(out, rune, b'\'', ascii);
    out.push(b'\'');
}

fn append_escaped(out: &mut Vec<u8>, rune: u32, quote: u8, ascii: bool) {
    if rune == u32::from(quote) || rune == u32::from(b'\\') {
        out.push(b'\\');
        runes::push(out, rune);
        return;
    }
    if is_print(rune) && (!ascii || rune < 0x80) {
        runes::push(out, rune);
        return;
    }
    let short = match rune {
        0x07 => b'a',
        0x08 => b'b',
        0x0c => b'f',
        0x0a => b'n',
        0x0d => b'r',
        0x09 => b't',
        0x0b => b'v',
        0..0x20 | 0x7f => return append_hex(out, rune, "\\x", 2),
        ..0x1_0000 => return append_hex(out, rune, "\\u", 4),
        _ => return append_hex(out, rune, "\\U", 8),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn append_hex(out: &mut Vec<u8>, number: u32, prefix: &str, digits: usize) {
    out.extend_from_slice(format!("{prefix}{number:0digits$x}").as_bytes());
}

/// Says whether a string can be written between backquotes (`strconv.CanBackquote`).
pub(crate) fn can_backquote(bytes: &[u8]) -> bool {
    runes::runes(bytes).all(|(_, rune, width)| match rune {
        runes::REPLACEMENT => width > 1,
        0xFEFF | 0x60 | 0x7f => false,
        0x09 => true,
        _ => rune >= 0x20,
    })
}

/// Returns `%#U` of a rune.
pub(crate) fn unicode(rune: i32) -> String {
    let Ok(number) = u32::try_from(rune) else {
        return format!("U+{:04X}", i64::from(rune).cast_unsigned());
    };
    match char::from_u32(number) {
        Some(char) if is_print(number) => format!("U+{number:04X} '{char}'"),
        _ => format!("U+{number:04X}"),
    }
}
