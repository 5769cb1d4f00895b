//! Numbers from text (Go package strconv).

/// Reads a whole number with an optional sign, as `strconv.ParseInt(text, radix, 64)`.
pub(crate) fn parse_int(text: &[u8], radix: u32) -> Option<i64> {
    i64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
}

/// Reads a whole number as `strconv.Atoi` does whose error is ignored: 0 for what is none, the nearest for what is too big.
pub(crate) fn atoi(text: &[u8]) -> i64 {
    let negative = text.first() == Some(&b'-');
    let digits = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    let mut value: u64 = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return 0;
        }
        // What follows the digit that is too much is not read any more.
        let next = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u64::from(byte - b'0')));
        let Some(next) = next else {
            return if negative { i64::MIN } else { i64::MAX };
        };
        value = next;
    }
    match (i64::try_from(value), negative) {
        (Ok(value), true) => -value,
        (Ok(value), false) => value,
        (Err(_), true) => i64::MIN,
        (Err(_), false) => i64::MAX,
    }
}

/// Reads a float as `strconv.ParseFloat(text, 64)`; `None` for bad syntax and for what is too big.
pub(crate) fn parse_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        // Only without a sign.
        "nan" if unsigned.len() == text.len() => f64::NAN,
        _ => finite(&lower)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Reads a number without sign, in lower case.
fn finite(text: &str) -> Option<f64> {
    let hex = text.starts_with("0x");
    if !underscores_are_fine(text, hex) {
        return None;
    }
    let plain = text.replace('_', "");
    let value = if hex {
        hexadecimal(&plain[2..])?
    } else {
        decimal(&plain)?
    };
    value.is_finite().then_some(value)
}

/// Underscores stand between digits, or after the prefix.
fn underscores_are_fine(text: &str, hex: bool) -> bool {
    let bytes = text.as_bytes();
    let prefixed = bytes.first() == Some(&b'0') && matches!(bytes.get(1), Some(b'x' | b'b' | b'o'));
    let is_digit = |byte: u8| byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit());
    let start = if prefixed { 2 } else { 0 };
    let number = bytes.get(start..).unwrap_or_default();
    number
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| {
            let before = at
                .checked_sub(1)
                .map_or(prefixed, |at| is_digit(number[at]));
            before && number.get(at + 1).is_some_and(|byte| is_digit(*byte))
        })
}

fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = is_digits(whole) && is_digits(fraction) && whole.len() + fraction.len() > 0;
    if !well_formed || !exponent.is_none_or(is_exponent) {
        return None;
    }
    text.parse().ok()
}

/// Digits after an optional sign.
fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads what follows `0x`: hexadecimal digits, a binary exponent; rounded to even.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    if !is_exponent(exponent) {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut bits: u64 = 0;
    let mut exponent = exponent_value(exponent);
    for (at, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 58 == 0 {
            bits = bits << 4 | digit;
        } else {
            // Digits beyond 64 bits only matter for rounding: keep that something was there.
            bits |= u64::from(digit != 0);
            exponent += 4;
        }
        if at >= whole.len() {
            exponent -= 4;
        }
    }
    Some(scaled(bits, exponent))
}

/// The value of an exponent, as large as it needs to be to tell zero from infinity.
fn exponent_value(text: &str) -> i64 {
    let digits = text.trim_start_matches(['+', '-']);
    let value = digits.bytes().fold(0_i64, |value, byte| {
        (value * 10 + i64::from(byte - b'0')).min(1_000_000)
    });
    if text.starts_with('-') { -value } else { value }
}

/// Returns `bits` * 2^`exponent`, rounded to even once.
fn scaled(bits: u64, exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let width = 64 - i64::from(bits.leading_zeros());
    // 53 bits for normal numbers, fewer below the smallest exponent.
    let kept = 53.min(width + exponent + 1074);
    if kept < 0 {
        return 0.0;
    }
    let dropped = width - kept;
    if dropped <= 0 {
        return super::math::load_exponent(to_float(bits), exponent);
    }
    let shifted = u128::from(bits) << 64 >> dropped.min(120);
    let (whole, rest) = (shifted >> 64, shifted & u128::from(u64::MAX));
    let half = 1_u128 << 63;
    let up = rest > half || (rest == half && whole & 1 == 1);
    let rounded = u64::try_from(whole + u128::from(up)).unwrap_or(u64::MAX);
    super::math::load_exponent(to_float(rounded), exponent + dropped)
}

#[expect(clippy::cast_precision_loss, reason = "rounded to 53 bits before")]
fn to_float(bits: u64) -> f64 {
    bits as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_reads_them() {
        for (text, value) in [
            ("1_000.5", Some(1000.5)),
            ("0x1p-2", Some(0.25)),
            ("0x_1p-2", Some(0.25)),
            ("0x1.8p1", Some(3.0)),
            ("0x1p-1074", Some(5e-324)),
            ("0x1.fffffffffffff8p1023", None),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e400", None),
            ("+nan", None),
            ("0x1.8", None),
            ("1__0", None),
            ("1_", None),
            (" 1", None),
            (".", None),
            ("", None),
        ] {
            assert_eq!(parse_float(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn atoi_stops_where_go_stops() {
        assert_eq!(atoi(b"-99999999999999999999x"), i64::MIN);
        assert_eq!(atoi(b"9999999999999999999x"), 0);
        assert_eq!(atoi(b"9999999999999999999"), i64::MAX);
        assert_eq!(atoi(b"+5"), 5);
        assert_eq!(atoi(b""), 0);
    }
}
