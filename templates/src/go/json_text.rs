//! Strings and numbers as Go's encoding/json writes them.

use super::shortest::scientific;
use super::utf8::{RUNE_ERROR, runes};

/// Appends `text` as a JSON string, safe to stand in HTML; what is not UTF-8 becomes `\ufffd`.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut at = 0;
    for rune in runes(text) {
        let bytes = &text[at..at + rune.size];
        at += rune.size;
        match rune.value {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            RUNE_ERROR if rune.is_invalid() => out.extend_from_slice(b"\\ufffd"),
            // As Go 1.22 and later; KUDO's Go wrote \u0008 and \u000c.
            '\x08' => out.extend_from_slice(b"\\b"),
            '\x0c' => out.extend_from_slice(b"\\f"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(rune.value)).as_bytes());
            }
            _ => out.extend_from_slice(bytes),
        }
    }
    out.push(b'"');
}

/// Returns a float as JSON has it; `None` for what JSON has no word for.
pub(crate) fn float64(value: f64) -> Option<String> {
    let magnitude = value.abs();
    let exponent = magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude);
    value.is_finite().then(|| {
        if exponent {
            with_exponent(&scientific(value))
        } else {
            positional(value)
        }
    })
}

/// Returns the shortest digits without an exponent.
fn positional(value: f64) -> String {
    let shortest = scientific(value);
    // Rust's own choice but for the last digit.
    let text = format!("{value}");
    let Some((mantissa, _)) = shortest.split_once('e') else {
        return text;
    };
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let mut digits = digits.chain(std::iter::repeat(b'0'));
    let mut begun = false;
    text.bytes()
        .map(|byte| {
            begun |= byte.is_ascii_digit() && byte != b'0';
            let place = begun && byte.is_ascii_digit();
            char::from(if place {
                digits.next().unwrap_or(byte)
            } else {
                byte
            })
        })
        .collect()
}

/// Returns a `float32` as JSON has it.
pub(crate) fn float32(value: f32) -> Option<String> {
    let magnitude = value.abs();
    let exponent = magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude);
    value.is_finite().then(|| {
        if exponent {
            with_exponent(&format!("{value:e}"))
        } else {
            format!("{value}")
        }
    })
}

/// Gives a positive exponent its sign and two digits, as Go does.
fn with_exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent:0>2}")
        }
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, text) in [
            (1.0, "1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e300, "1.5e+300"),
            (1_846_908_949_985_103.2, "1846908949985103.2"),
            (-778_344_036_937_258.2, "-778344036937258.2"),
            (0.001_5, "0.0015"),
            (-0.0, "-0"),
        ] {
            assert_eq!(float64(value).as_deref(), Some(text));
        }
        assert_eq!(float64(f64::NAN), None);
    }
}
