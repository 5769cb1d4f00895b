//! Comparisons: only values of one basic kind can be compared, integers of any sign.

use std::cmp::Ordering;

use crate::format;
use crate::functions::{Arguments, Context, FunctionError};
use crate::value::{Kind, Value};

/// What can be compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Invalid,
    Bool,
    Complex,
    Int,
    Float,
    String,
    Uint,
}

fn basic(value: &Value) -> Basic {
    match value {
        Value::Bool(_) => Basic::Bool,
        Value::Complex(..) => Basic::Complex,
        Value::Int(..) => Basic::Int,
        Value::Float(_) | Value::Float32(_) => Basic::Float,
        Value::Str(_) => Basic::String,
        Value::Uint(..) => Basic::Uint,
        Value::Invalid
        | Value::Nil
        | Value::Slice(_)
        | Value::Map(_)
        | Value::Error(_)
        | Value::Foreign(_) => Basic::Invalid,
    }
}

pub(super) fn eq(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let Some((first, others)) = arguments.split_first() else {
        return Ok(Value::Bool(false));
    };
    if others.is_empty() {
        return Err(FunctionError::new("missing argument for comparison"));
    }
    for other in others {
        if equal(context, first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn equal(context: &mut Context<'_>, one: &Value, two: &Value) -> Result<bool, FunctionError> {
    #[expect(clippy::float_cmp, reason = "Go's == on floats")]
    Ok(match (one, two) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Int(_, a), Value::Int(_, b)) => a == b,
        (Value::Uint(_, a), Value::Uint(_, b)) => a == b,
        (Value::Int(_, int), Value::Uint(_, uint)) | (Value::Uint(_, uint), Value::Int(_, int)) => {
            u64::try_from(*int) == Ok(*uint)
        }
        (Value::Str(a), Value::Str(b)) => a == b,
        _ if basic(one) == Basic::Float && basic(two) == Basic::Float => float(one) == float(two),
        _ if basic(one) == basic(two) => equal_others(context, one, two)?,
        _ if one.is_nil() || two.is_nil() => false,
        _ => return Err(incompatible(one, two)),
    })
}

/// Compares what is no basic kind: nil with anything, else only what Go's `==` can.
fn equal_others(
    context: &mut Context<'_>,
    one: &Value,
    two: &Value,
) -> Result<bool, FunctionError> {
    let mut show =
        |value: &Value| format::text(context.meter, value, 's').map_err(FunctionError::Limit);
    let name = |value: &Value| value.go_type().map(|of| of.to_string()).unwrap_or_default();
    if one.kind() != two.kind() && !one.is_nil() && !two.is_nil() {
        let (first, second) = (show(one)?, format::text(context.meter, two, 'v'));
        let second = second.map_err(FunctionError::Limit)?;
        return Err(FunctionError::new(format!(
            "non-comparable types {first}: {}, {}: {second}",
            name(one),
            name(two)
        )));
    }
    if is_nil(one) || is_nil(two) {
        return Ok(is_nil(one) == is_nil(two));
    }
    if matches!(two.kind(), Kind::Map | Kind::Slice) {
        let shown = show(two)?;
        return Err(FunctionError::new(format!(
            "non-comparable type {shown}: {}",
            name(two)
        )));
    }
    Ok(match (one, two) {
        (Value::Foreign(a), Value::Foreign(b)) => a.go_equal(b),
        (Value::Error(a), Value::Error(b)) => std::ptr::eq(a.as_bytes(), b.as_bytes()),
        _ => false,
    })
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Slice(slice) => slice.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => value.is_nil(),
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Float32(number) => f64::from(*number),
        _ => 0.0,
    }
}

fn incompatible(one: &Value, two: &Value) -> FunctionError {
    match (one.go_type(), two.go_type()) {
        (Some(one), Some(two)) => FunctionError::new(format!(
            "incompatible types for comparison: {one} and {two}"
        )),
        _ => FunctionError::new("incompatible types for comparison"),
    }
}

/// Returns how two values are ordered; `None` where a NaN is in it.
fn order(one: &Value, two: &Value) -> Result<Option<Ordering>, FunctionError> {
    let invalid = || FunctionError::new("invalid type for comparison");
    let (kind, other) = (basic(one), basic(two));
    if kind == Basic::Invalid || other == Basic::Invalid {
        return Err(invalid());
    }
    Ok(match (one, two) {
        (Value::Int(_, a), Value::Int(_, b)) => Some(a.cmp(b)),
        (Value::Uint(_, a), Value::Uint(_, b)) => Some(a.cmp(b)),
        (Value::Int(_, a), Value::Uint(_, b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(_, a), Value::Int(_, b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        _ if kind != other => return Err(incompatible(one, two)),
        _ if kind == Basic::Float => float(one).partial_cmp(&float(two)),
        _ => return Err(invalid()),
    })
}

pub(super) fn lt(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    compared(arguments, |order| order == Some(Ordering::Less))
}

pub(super) fn le(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    compared(arguments, |order| {
        matches!(order, Some(Ordering::Less | Ordering::Equal))
    })
}

/// Go's `gt` is "not `le`", which a NaN shows.
pub(super) fn gt(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    compared(arguments, |order| {
        !matches!(order, Some(Ordering::Less | Ordering::Equal))
    })
}

pub(super) fn ge(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    compared(arguments, |order| order != Some(Ordering::Less))
}

fn compared(
    arguments: Arguments<'_>,
    holds: impl FnOnce(Option<Ordering>) -> bool,
) -> Result<Value, FunctionError> {
    let nothing = Value::Invalid;
    let one = arguments.first().unwrap_or(&nothing);
    let two = arguments.get(1).unwrap_or(&nothing);
    order(one, two).map(|order| Value::Bool(holds(order)))
}

pub(super) fn ne(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    match eq(context, arguments)? {
        Value::Bool(equal) => Ok(Value::Bool(!equal)),
        other => Ok(other),
    }
}
