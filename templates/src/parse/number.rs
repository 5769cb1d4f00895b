//! Reading number constants: every type that a constant can have is kept, as Go's ideal constants.

use super::lexer::TokenKind;
use super::unquote::{Unquoted, unquote_char};
use crate::format::quote;

/// A number constant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Number {
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

/// Reads a constant; the error is what Go says.
pub(super) fn parse(text: &[u8], kind: TokenKind) -> Result<Number, String> {
    match kind {
        TokenKind::CharConstant => character(text),
        TokenKind::Complex => complex(text),
        _ => real(text),
    }
}

fn character(text: &[u8]) -> Result<Number, String> {
    let Some(Unquoted { rune, rest, .. }) = unquote_char(&text[1..], text[0]) else {
        return Err("invalid syntax".to_owned());
    };
    if rest != b"'" {
        let text = crate::value::to_text(text);
        return Err(format!("malformed character constant: {text}"));
    }
    Ok(Number {
        int: Some(i64::from(rune)),
        uint: Some(u64::from(rune)),
        float: Some(f64::from(rune)),
        complex: None,
    })
}

/// Reads `1+2i`: two floats, the second with its sign.
fn complex(text: &[u8]) -> Result<Number, String> {
    let text = str::from_utf8(text).unwrap_or_default();
    let inner = text.strip_suffix('i').unwrap_or(text);
    let hex = inner.contains(['x', 'X']);
    let middle = inner.char_indices().skip(1).find(|(at, char)| {
        let before = inner.as_bytes()[at - 1];
        let exponent = if hex { b"pP" } else { b"eE" };
        matches!(char, '+' | '-') && !exponent.contains(&before)
    });
    let split = middle.map_or(inner.len(), |(at, _)| at);
    let (real, imaginary) = inner.split_at(split);
    if !is_scanned(real) || !is_scanned(imaginary) || imaginary.len() < 2 {
        return Err("syntax error scanning complex number".to_owned());
    }
    let part = |text: &str| {
        float(text).ok_or_else(|| {
            let reason = if syntax_is_float(text) {
                "value out of range"
            } else {
                "invalid syntax"
            };
            format!(
                "strconv.ParseFloat: parsing {}: {reason}",
                quote::quote(text.as_bytes())
            )
        })
    };
    let (real, imaginary) = (part(real)?, part(imaginary)?);
    Ok(simplified(real, imaginary))
}

/// Says whether Go's `fmt.Sscan` takes all of this for one float: decimal, or `0x` with digits.
fn is_scanned(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => !hex.contains(['i', 'o', 'O']),
        None => !digits.contains(['i', 'b', 'B', 'o', 'O']),
    }
}

fn simplified(real: f64, imaginary: f64) -> Number {
    let float = (imaginary == 0.0).then_some(real);
    Number {
        int: float.and_then(float_to_int),
        uint: float.and_then(float_to_uint),
        float,
        complex: Some((real, imaginary)),
    }
}

fn real(text: &[u8]) -> Result<Number, String> {
    let text = str::from_utf8(text).unwrap_or_default();
    if let Some(imaginary) = text.strip_suffix('i').and_then(float) {
        return Ok(simplified(0.0, imaginary));
    }
    let mut number = Number {
        int: int(text),
        uint: unsigned(text),
        ..Number::default()
    };
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "Go converts an ideal integer in the same way"
    )]
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!(
                "integer overflow: {}",
                quote::quote(text.as_bytes())
            ));
        }
        number.float = Some(float);
        number.int = float_to_int(float);
        number.uint = float_to_uint(float);
    }
    if number == Number::default() {
        return Err(format!(
            "illegal number syntax: {}",
            quote::quote(text.as_bytes())
        ));
    }
    Ok(number)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn float_to_int(float: f64) -> Option<i64> {
    let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (in_range && float.fract() == 0.0).then_some(float as i64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn float_to_uint(float: f64) -> Option<u64> {
    let in_range = (0.0..18_446_744_073_709_551_616.0).contains(&float);
    (in_range && float.fract() == 0.0).then_some(float as u64)
}

/// `strconv.ParseInt(text, 0, 64)`.
fn int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = i128::from(unsigned(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// `strconv.ParseUint(text, 0, 64)`.
fn unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if lower.contains('_') && !underscores_are_good(&lower) {
        return None;
    }
    let digits: String = digits.chars().filter(|char| *char != '_').collect();
    if digits.is_empty() || digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// Says whether each `_` stands between digits, or after a base prefix.
fn underscores_are_good(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut last = '^';
    let mut rest = digits;
    let hex = digits.starts_with("0x");
    if hex || digits.starts_with("0b") || digits.starts_with("0o") {
        rest = &digits[2..];
        last = '0';
    }
    for char in rest.chars() {
        if char.is_ascii_digit() || hex && char.is_ascii_hexdigit() {
            last = '0';
        } else if char == '_' {
            if last != '0' {
                return false;
            }
            last = '_';
        } else {
            if last == '_' {
                return false;
            }
            last = '!';
        }
    }
    last != '_'
}

fn syntax_is_float(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// `strconv.ParseFloat(text, 64)`, of what the lexer takes for a number; `None` also out of range.
fn float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    if lower.contains('_') && !underscores_are_good(&lower) {
        return None;
    }
    let plain: String = lower.chars().filter(|char| *char != '_').collect();
    let (sign, digits) = match plain.as_bytes() {
        [b'-', ..] => (-1.0, &plain[1..]),
        [b'+', ..] => (1.0, &plain[1..]),
        _ => (1.0, plain.as_str()),
    };
    if !digits.starts_with(|char: char| char.is_ascii_digit() || char == '.') {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => hex_float(hex)?,
        None => digits.parse().ok()?,
    };
    value.is_finite().then_some(sign * value)
}

/// Reads `1.8p3`; the exponent is required.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let mut exponent: i64 = match exponent.parse::<i64>() {
        Ok(exponent) => exponent,
        Err(error) => match error.kind() {
            std::num::IntErrorKind::PosOverflow => i64::from(i32::MAX),
            std::num::IntErrorKind::NegOverflow => i64::from(i32::MIN),
            _ => return None,
        },
    }
    .clamp(-1_000_000, 1_000_000);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut bits = 0_u64;
    let mut inexact = false;
    for (at, char) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(char.to_digit(16)?);
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
        } else {
            inexact |= digit != 0;
            exponent += 4;
        }
        if at >= whole.len() {
            exponent -= 4;
        }
    }
    Some(scaled(bits | u64::from(inexact), exponent))
}

/// Returns `bits * 2^exponent`, rounded once, to even.
fn scaled(bits: u64, exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    // Normalise to 64 bits, then keep as many as fit: 53, or fewer for subnormal numbers.
    let shift = i64::from(bits.leading_zeros());
    let bits = bits << shift;
    let exponent = exponent - shift + 63;
    let kept = if exponent >= -1022 {
        53
    } else {
        53 - (-1022 - exponent)
    };
    if kept < 0 {
        return 0.0;
    }
    let dropped = 64 - u32::try_from(kept).unwrap_or_default();
    let wide = u128::from(bits);
    let mut mantissa = wide >> dropped;
    let rest = wide & ((1 << dropped) - 1);
    let half = 1_u128 << (dropped - 1);
    if rest > half || rest == half && mantissa & 1 == 1 {
        mantissa += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a mantissa of 53 bits is exact")]
    let mantissa = mantissa as f64;
    let power = exponent - 63 + i64::from(dropped);
    // Two exact steps, as the power alone may be out of range.
    let first = power.clamp(-1000, 1000);
    let second = (power - first).clamp(-1000, 1100);
    let power_of_two = |power: i64| 2_f64.powi(i32::try_from(power).unwrap_or_default());
    mantissa * power_of_two(first) * power_of_two(second)
}
