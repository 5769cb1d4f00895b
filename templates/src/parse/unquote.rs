//! Reading Go's string and character constants: `strconv.Unquote`.

use crate::format::runes;
pub(super) use crate::format::runes::decode_rune;

/// Returns the string that a quoted constant, with its quotes, stands for.
pub(super) fn unquote(quoted: &[u8]) -> Option<Vec<u8>> {
    let [quote, inside @ .., last] = quoted else {
        return None;
    };
    if quote != last {
        return None;
    }
    match quote {
        b'`' => Some(
            inside
                .iter()
                .copied()
                .filter(|byte| *byte != b'\r')
                .collect(),
        ),
        b'"' if !inside.contains(&b'\\') && std::str::from_utf8(inside).is_ok() => {
            Some(inside.to_vec())
        }
        b'"' => unescape(inside),
        _ => None,
    }
}

fn unescape(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let Unquoted {
            rune,
            multibyte,
            rest: after,
        } = unquote_char(rest, b'"')?;
        match u8::try_from(rune) {
            Ok(byte) if !multibyte => out.push(byte),
            _ => runes::push(&mut out, rune),
        }
        rest = after;
    }
    Some(out)
}

/// One character of a constant.
pub(super) struct Unquoted<'s> {
    pub(super) rune: u32,
    /// Whether the rune is meant, not a byte.
    multibyte: bool,
    pub(super) rest: &'s [u8],
}

/// Returns the first character of what stands between these quotes.
pub(super) fn unquote_char(text: &[u8], quote: u8) -> Option<Unquoted<'_>> {
    let byte = |rune: u8, rest| {
        Some(Unquoted {
            rune: u32::from(rune),
            multibyte: false,
            rest,
        })
    };
    match text {
        [first, ..] if *first == quote => None,
        [b'\\', escape, rest @ ..] => match escape {
            b'a' => byte(0x07, rest),
            b'b' => byte(0x08, rest),
            b'f' => byte(0x0c, rest),
            b'n' => byte(b'\n', rest),
            b'r' => byte(b'\r', rest),
            b't' => byte(b'\t', rest),
            b'v' => byte(0x0b, rest),
            b'\\' => byte(b'\\', rest),
            b'\'' | b'"' if *escape == quote => byte(quote, rest),
            b'x' => numeric(rest, 2, 16),
            b'u' => numeric(rest, 4, 16),
            b'U' => numeric(rest, 8, 16),
            b'0'..=b'7' => numeric(&text[1..], 3, 8),
            _ => None,
        },
        [] | [b'\\'] => None,
        [first, rest @ ..] if first.is_ascii() => byte(*first, rest),
        _ => {
            let (rune, width) = decode_rune(text);
            Some(Unquoted {
                rune,
                multibyte: true,
                rest: &text[width..],
            })
        }
    }
}

/// Reads the digits of `\x..`, `\u....`, `\U........` or `\...`.
fn numeric(text: &[u8], digits: usize, radix: u32) -> Option<Unquoted<'_>> {
    let (number, rest) = text.split_at_checked(digits)?;
    let mut rune = 0_u32;
    for digit in number {
        rune = rune
            .checked_mul(radix)?
            .checked_add(char::from(*digit).to_digit(radix)?)?;
    }
    let multibyte = digits > 3;
    let valid = if multibyte {
        char::from_u32(rune).is_some()
    } else {
        rune <= 0xff
    };
    valid.then_some(Unquoted {
        rune,
        multibyte,
        rest,
    })
}
