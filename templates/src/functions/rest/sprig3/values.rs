//! JSON, dictionaries, lists and durations of Sprig 3.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of a table have one signature"
)]

use super::super::dates::{render_time, time_argument};
use super::sprig2;
use crate::functions::{Arguments, Context, FunctionError};
use crate::go::time::{Duration, parse_duration};
use crate::value::{Foreign, IntKind, Numbers, Slice, Type, Value};

type Ran = Result<Value, FunctionError>;

const SECOND: i64 = 1_000_000_000;

/// Seconds as a duration; only a text or an int64 counts.
pub(super) fn duration(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let seconds = match arguments.first() {
        Some(Value::Str(text)) => text.as_utf8().map_or(0, parsed_int),
        Some(Value::Int(IntKind::Int64, seconds)) => *seconds,
        _ => 0,
    };
    Ok(Duration(seconds.wrapping_mul(SECOND)).text().into())
}

/// What Go's `ParseInt` gives along with an error it is ignored with: the nearest number there is.
fn parsed_int(text: &str) -> i64 {
    use std::num::IntErrorKind;
    text.parse()
        .unwrap_or_else(|error: std::num::ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        })
}

/// A duration in its largest unit.
pub(super) fn duration_round(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    const HOUR: u64 = 3_600_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let duration = match arguments.first() {
        Some(Value::Str(text)) => parse_duration(text).map_or(0, |duration| duration.0),
        Some(Value::Int(IntKind::Int64, nanos)) => *nanos,
        Some(value @ Value::Foreign(Foreign::Time(_))) => {
            render_time(context).since(&time_argument(Some(value))).0
        }
        _ => 0,
    };
    let nanos = duration.unsigned_abs();
    let unit = UNITS.iter().find(|(length, _)| nanos > *length);
    Ok(unit
        .map_or_else(
            || "0s".to_owned(),
            |(length, name)| format!("{}{name}", nanos / length),
        )
        .into())
}

fn is_empty(context: &mut Context<'_>, value: &Value) -> Result<bool, FunctionError> {
    let empty = sprig2(
        "empty",
        context,
        Arguments::new(std::slice::from_ref(value)),
    )?;
    Ok(empty.is_true())
}

pub(super) fn all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    for value in arguments.values() {
        if is_empty(context, value)? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

pub(super) fn any(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    for value in arguments.values() {
        if !is_empty(context, value)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// What is no JSON is nil.
pub(super) fn from_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    match must_from_json(context, arguments) {
        Err(FunctionError::Failed(_)) => Ok(Value::Nil),
        result => result,
    }
}

pub(super) fn must_from_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = arguments.string(0);
    context.allocate(text.len().saturating_mul(16))?;
    context.spend(text.len() as u64 / 8)?;
    let text = text.to_text();
    let data: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| json_error(&text, &error))?;
    Ok(Value::from_json(&data, Numbers::Float64))
}

/// The text of Go's error where it is one of the two common ones.
fn json_error(text: &str, error: &serde_json::Error) -> FunctionError {
    if error.is_eof() {
        return FunctionError::new("unexpected end of JSON input");
    }
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let at = line
        .get(error.column().saturating_sub(1)..)
        .and_then(|rest| rest.chars().next());
    match at {
        Some(c) => FunctionError::new(format!(
            "invalid character {c:?} looking for beginning of value"
        )),
        None => FunctionError::new(error.to_string()),
    }
}

fn json(context: &mut Context<'_>, arguments: Arguments<'_>, writer: &str) -> Ran {
    let text = sprig2(writer, context, arguments)?;
    if text.as_str().is_some_and(|text| text.is_empty()) {
        return Err(FunctionError::new("json: unsupported value"));
    }
    Ok(text)
}

pub(super) fn must_to_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    json(context, arguments, "toJson")
}

pub(super) fn must_to_pretty_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    json(context, arguments, "toPrettyJson")
}

pub(super) fn to_raw_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = sprig2("toJson", context, arguments)?;
    Ok(unescaped(context, &text)?.into())
}

pub(super) fn must_to_raw_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = json(context, arguments, "toJson")?;
    Ok(unescaped(context, &text)?.into())
}

/// JSON with `<`, `>` and `&` as they are.
fn unescaped(context: &mut Context<'_>, json: &Value) -> Result<Vec<u8>, FunctionError> {
    let text = json.as_str().cloned().unwrap_or_default();
    context.allocate(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some((first, after)) = rest.split_first() {
        let length = match (first, after.get(..5)) {
            (b'\\', Some(b"u003c")) => push(&mut out, b"<", 6),
            (b'\\', Some(b"u003e")) => push(&mut out, b">", 6),
            (b'\\', Some(b"u0026")) => push(&mut out, b"&", 6),
            (b'\\', _) => push(&mut out, &rest[..2.min(rest.len())], 2),
            _ => push(&mut out, &[*first], 1),
        };
        rest = &rest[length.min(rest.len())..];
    }
    Ok(out)
}

fn push(out: &mut Vec<u8>, bytes: &[u8], length: usize) -> usize {
    out.extend_from_slice(bytes);
    length
}

/// A missing key is an empty text.
pub(super) fn get(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(arguments
        .map(0)
        .get(arguments.bytes(1))
        .unwrap_or_else(|| "".into()))
}

/// Keys, then a default, then the dictionary that they lead into.
pub(super) fn dig(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let [keys @ .., default, dict] = arguments.values() else {
        return Err(FunctionError::new("dig needs at least three arguments"));
    };
    if keys.is_empty() {
        return Err(FunctionError::new("dig needs at least three arguments"));
    }
    let mut value = dict.clone();
    for key in keys {
        let wrong = |value: &Value, wanted: &str| {
            let found = value
                .go_type()
                .map_or_else(|| "nil".to_owned(), |found| found.to_string());
            FunctionError::new(format!(
                "interface conversion: interface {{}} is {found}, not {wanted}"
            ))
        };
        let Value::Map(map) = &value else {
            return Err(wrong(&value, "map[string]interface {}"));
        };
        let Value::Str(key) = key else {
            return Err(wrong(key, "string"));
        };
        let Some(next) = map.get(key) else {
            return Ok(default.clone());
        };
        value = next;
    }
    Ok(value)
}

/// Lists of so many elements each; the last may be shorter.
pub(super) fn chunk(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let Some(Value::Slice(list)) = arguments.get(1) else {
        let kind = arguments
            .get(1)
            .map_or("invalid", |value| value.kind().name());
        return Err(FunctionError::new(format!("Cannot chunk type {kind}")));
    };
    let Some(size) = usize::try_from(arguments.int(0))
        .ok()
        .filter(|size| *size > 0)
    else {
        return Err(FunctionError::new(
            "runtime error: makeslice: cap out of range",
        ));
    };
    context.allocate(list.len().saturating_mul(2 * size_of::<Value>()))?;
    let items = list.to_vec();
    let chunks = items
        .chunks(size)
        .map(|items| Value::list(items.to_vec()))
        .collect();
    Ok(Value::Slice(Slice::new(&Type::LIST, chunks)))
}
