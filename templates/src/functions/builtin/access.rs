//! `index`, `slice` and `len`.

use crate::functions::{Arguments, Context, FunctionError};
use crate::value::{Map, Str, Type, UintKind, Value};

fn failed<T>(text: impl Into<String>) -> Result<T, FunctionError> {
    Err(FunctionError::new(text))
}

pub(super) fn index(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    let Some((item, indexes)) = arguments.split_first() else {
        return Ok(Value::Invalid);
    };
    if item.is_nil() {
        return failed("index of untyped nil");
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Invalid | Value::Nil => return failed("index of nil pointer"),
            Value::Slice(slice) => {
                let at = position(index, slice.len())?;
                match slice.get(at) {
                    Some(element) => element,
                    None => return failed("reflect: slice index out of range"),
                }
            }
            Value::Str(text) => {
                let at = position(index, text.len())?;
                match text.get(at) {
                    Some(byte) => Value::Uint(UintKind::Uint8, u64::from(*byte)),
                    None => return failed("reflect: string index out of range"),
                }
            }
            Value::Map(map) => entry(map, index)?,
            other => {
                let go_type = pointed(other);
                return failed(format!("can't index item of type {go_type}"));
            }
        };
    }
    Ok(item)
}

/// Returns the type's name, without the `*` that has been followed.
fn pointed(value: &Value) -> String {
    let name = value.go_type().map(|of| of.to_string()).unwrap_or_default();
    name.trim_start_matches('*').to_owned()
}

fn entry(map: &Map, index: &Value) -> Result<Value, FunctionError> {
    match index {
        Value::Str(key) => Ok(map.get(key).unwrap_or_else(|| zero(map.element()))),
        Value::Invalid | Value::Nil => failed("value is nil; should be of type string"),
        other => {
            let go_type = other.go_type().map(|of| of.to_string()).unwrap_or_default();
            failed(format!("value has type {go_type}; should be string"))
        }
    }
}

/// Returns the zero value of a type.
pub(crate) fn zero(of: Type) -> Value {
    match of {
        Type::Bool => Value::Bool(false),
        Type::Int(kind) => Value::Int(kind, 0),
        Type::Uint(kind) => Value::Uint(kind, 0),
        Type::Float32 => Value::Float32(0.0),
        Type::Float64 => Value::Float(0.0),
        Type::Complex128 => Value::Complex(0.0, 0.0),
        Type::String => Value::Str(Str::default()),
        Type::Slice(element) => Value::Slice(crate::value::Slice::nil(element)),
        Type::Map(element) => Value::Map(Map::nil(element)),
        Type::Reflect => Value::Invalid,
        Type::Interface
        | Type::Error
        | Type::ErrorString
        | Type::Time
        | Type::Location
        | Type::Version
        | Type::VersionStruct
        | Type::Certificate => Value::Nil,
    }
}

/// Returns an index that is not negative and not beyond the end.
fn position(index: &Value, end: usize) -> Result<usize, FunctionError> {
    let number = match index {
        Value::Int(_, number) => *number,
        Value::Uint(_, number) => number.cast_signed(),
        Value::Invalid | Value::Nil => return failed("cannot index slice/array with nil"),
        other => {
            let go_type = other.go_type().map(|of| of.to_string()).unwrap_or_default();
            return failed(format!("cannot index slice/array with type {go_type}"));
        }
    };
    match usize::try_from(number) {
        Ok(at) if at <= end => Ok(at),
        _ => failed(format!("index out of range: {number}")),
    }
}

pub(super) fn slice(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let Some((item, indexes)) = arguments.split_first() else {
        return Ok(Value::Invalid);
    };
    if item.is_nil() {
        return failed("slice of untyped nil");
    }
    if indexes.len() > 3 {
        return failed(format!("too many slice indexes: {}", indexes.len()));
    }
    let (length, capacity) = match item {
        Value::Str(_) if indexes.len() == 3 => return failed("cannot 3-index slice a string"),
        Value::Str(text) => (text.len(), text.len()),
        Value::Slice(slice) => (slice.len(), slice.capacity()),
        other => return failed(format!("can't slice item of type {}", pointed(other))),
    };
    let mut bounds = [0, length, capacity];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, capacity)?;
    }
    let [from, to, limit] = bounds;
    if from > to {
        return failed(format!("invalid slice index: {from} > {to}"));
    }
    if indexes.len() == 3 && to > limit {
        return failed(format!("invalid slice index: {to} > {limit}"));
    }
    Ok(match item {
        Value::Str(text) => {
            context.allocate(to - from)?;
            Value::string(&text[from..to])
        }
        Value::Slice(slice) => {
            let window = match indexes.len() {
                3 => slice.window_with_limit(from, to, limit),
                _ => slice.window(from, to),
            };
            window.map_or(Value::Nil, Value::Slice)
        }
        _ => Value::Nil,
    })
}

pub(super) fn len(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    let length = match arguments.first() {
        Some(Value::Str(text)) => text.len(),
        Some(Value::Slice(slice)) => slice.len(),
        Some(Value::Map(map)) => map.len(),
        Some(Value::Nil) => return failed("len of nil pointer"),
        None | Some(Value::Invalid) => {
            return failed("reflect: call of reflect.Value.Type on zero Value");
        }
        Some(other) => return failed(format!("len of type {}", pointed(other))),
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}
