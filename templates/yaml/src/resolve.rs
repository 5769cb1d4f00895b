//! The type of a scalar: YAML 1.1 as go-yaml v2.3.0 understands it.

use crate::timestamp::is_timestamp;
use crate::{ScalarStyle, Value};

const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// The tag that a scalar's text suggests, with the value it then has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Str,
    Bool,
    Int,
    Float,
    Null,
    Timestamp,
}

impl Kind {
    /// The tags that go-yaml resolves; any other tag leaves text as it is.
    fn of_tag(tag: &str) -> Option<Self> {
        match tag.strip_prefix(TAG_PREFIX)? {
            "str" => Some(Self::Str),
            "bool" => Some(Self::Bool),
            "int" => Some(Self::Int),
            "float" => Some(Self::Float),
            "null" => Some(Self::Null),
            "timestamp" => Some(Self::Timestamp),
            _ => None,
        }
    }

    fn short_tag(self) -> &'static str {
        match self {
            Self::Str => "!!str",
            Self::Bool => "!!bool",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Null => "!!null",
            Self::Timestamp => "!!timestamp",
        }
    }
}

/// Returns the value of a scalar, or go-yaml's words for why it has none.
pub(crate) fn resolve(text: &str, style: ScalarStyle, tag: Option<&str>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => guess(text, None).1,
            _ => Value::from(text),
        });
    };
    if tag == "tag:yaml.org,2002:binary" {
        return binary(text);
    }
    let Some(wanted) = Kind::of_tag(tag) else {
        return Ok(Value::from(text));
    };
    let (found, value) = guess(text, Some(wanted));
    match (wanted, found, value) {
        (wanted, found, value) if wanted == found || wanted == Kind::Str => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "Go converts with the same loss")]
        (Kind::Float, Kind::Int, Value::Int(number)) => Ok(Value::Float(number as f64)),
        (wanted, found, _) => Err(format!(
            "cannot decode {} `{text}` as a {}",
            found.short_tag(),
            wanted.short_tag()
        )),
    }
}

/// Tells whether unquoted `text` would be read as a string, so that it may be written so.
pub(crate) fn is_plain_string(text: &str) -> bool {
    guess(text, None).0 == Kind::Str
}

/// What `text` is by its looks. The first byte decides what is tried, as in go-yaml: this is why
/// `+.5` is a number and `_1` is not.
fn guess(text: &str, wanted: Option<Kind>) -> (Kind, Value) {
    if wanted == Some(Kind::Str) {
        return (Kind::Str, Value::from(text));
    }
    let first = text.bytes().next();
    let found = match first {
        Some(b'+' | b'-' | b'.' | b'0'..=b'9') => {
            special_float(text).or_else(|| number(text, wanted))
        }
        None | Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            word(text)
        }
        Some(_) => None,
    };
    found.unwrap_or_else(|| (Kind::Str, Value::from(text)))
}

fn word(text: &str) -> Option<(Kind, Value)> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some((Kind::Bool, Value::Bool(true)))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some((Kind::Bool, Value::Bool(false)))
        }
        "" | "~" | "null" | "Null" | "NULL" => Some((Kind::Null, Value::Null)),
        _ => None,
    }
}

fn special_float(text: &str) -> Option<(Kind, Value)> {
    let number = match text {
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some((Kind::Float, Value::Float(number)))
}

fn number(text: &str, wanted: Option<Kind>) -> Option<(Kind, Value)> {
    if text.starts_with('.') {
        // Go's `ParseFloat` takes underscores between digits.
        let parts: Vec<&str> = text.split('_').collect();
        let divide_digits = parts.windows(2).all(|pair| {
            pair[0].ends_with(|last: char| last.is_ascii_digit())
                && pair[1].starts_with(|first: char| first.is_ascii_digit())
        });
        return divide_digits.then(|| float(&parts.concat())).flatten();
    }
    if matches!(wanted, None | Some(Kind::Timestamp)) && is_timestamp(text) {
        // Typed as a time but handed out as text, for old programs' sake.
        return Some((Kind::Timestamp, Value::from(text)));
    }
    let plain = text.replace('_', "");
    integer(&plain)
        .or_else(|| float(&plain))
        .or_else(|| binary_integer(&plain))
}

/// Go's `ParseInt` and `ParseUint` with base 0: `0x`, `0o`, `0b` and a leading 0 choose the base.
fn integer(plain: &str) -> Option<(Kind, Value)> {
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let lower = digits.as_bytes().get(1).map(u8::to_ascii_lowercase);
    let (base, digits) = match (digits.starts_with('0'), lower) {
        (true, Some(b'x')) => (16, &digits[2..]),
        (true, Some(b'o')) => (8, &digits[2..]),
        (true, Some(b'b')) => (2, &digits[2..]),
        (true, Some(_)) => (8, &digits[1..]),
        _ => (10, digits),
    };
    // from_str_radix takes a sign of its own, which Go does not.
    if !digits.chars().all(|each| each.is_digit(base)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    let value = match (negative, i64::try_from(magnitude)) {
        (false, Ok(number)) => Value::Int(number),
        (true, _) => Value::Int(0_i64.checked_sub_unsigned(magnitude)?),
        (false, Err(_)) if plain.starts_with('+') => return None,
        (false, Err(_)) => Value::Uint(magnitude),
    };
    Some((Kind::Int, value))
}

/// go-yaml hands what follows `0b` to `ParseInt`, sign and all: `0b-1` is -1.
fn binary_integer(plain: &str) -> Option<(Kind, Value)> {
    let digits = plain.strip_prefix("0b")?;
    let number = i64::from_str_radix(digits, 2).ok()?;
    Some((Kind::Int, Value::Int(number)))
}

/// Digits with an optional point and exponent, if the number is finite.
fn float(plain: &str) -> Option<(Kind, Value)> {
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shaped = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        });
    let number: f64 = shaped.then(|| plain.parse().ok())??;
    number
        .is_finite()
        .then_some((Kind::Float, Value::Float(number)))
}

fn binary(text: &str) -> Result<Value, String> {
    let data = decode_base64(text)
        .ok_or_else(|| "!!binary value contains invalid base64 data".to_owned())?;
    Ok(
        String::from_utf8(data)
            .map_or_else(|error| Value::Bytes(error.into_bytes()), Value::String),
    )
}

/// Go's `base64.StdEncoding`: padding is a must, line breaks are skipped.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols
        .iter()
        .rev()
        .take_while(|symbol| **symbol == b'=')
        .count();
    if padding > 2 {
        return None;
    }
    let mut data = Vec::with_capacity(symbols.len() / 4 * 3);
    let (mut buffer, mut bits) = (0_u32, 0);
    for symbol in &symbols[..symbols.len() - padding] {
        buffer = (buffer << 6 | u32::from(sextet(*symbol)?)) & 0xFF_FFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            data.push((buffer >> bits & 0xFF) as u8);
        }
    }
    Some(data)
}

fn sextet(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a' + 26),
        b'0'..=b'9' => Some(symbol - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
