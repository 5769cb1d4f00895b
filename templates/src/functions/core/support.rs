//! What the functions of this folder share: errors of Go's runtime, lists of any element type, results that are paid for.

use crate::functions::{Context, FunctionError};
use crate::go::bounded::TooLong;
use crate::go::{math, strconv};
use crate::limits::Exceeded;
use crate::value::{Incomparable, Slice, Str, Type, Value, deep_equal_within};

/// What functions give.
pub(in crate::functions) type Outcome = Result<Value, FunctionError>;

/// How deep values may nest in functions that walk through all of a value.
pub(super) const DEPTH: usize = 512;

/// The element type of a `[]string`, a `[]int`, a `[]interface {}`.
pub(super) const ANY: &Type = &Type::Interface;

/// Go's panic on a nil interface that should have had a type.
pub(super) fn nil_pointer() -> FunctionError {
    FunctionError::new("runtime error: invalid memory address or nil pointer dereference")
}

/// The error for values that nest too deep to be walked through.
pub(super) fn too_deep() -> FunctionError {
    FunctionError::new(format!("value nests deeper than {DEPTH} levels"))
}

/// Pays for `text` and returns it as a value.
pub(super) fn text(context: &mut Context<'_>, text: impl Into<Str>) -> Outcome {
    let text = text.into();
    context.allocate(text.len())?;
    Ok(Value::Str(text))
}

/// Returns the text that `make` gives within what is left of the memory, and pays for it.
pub(super) fn bounded_text(
    context: &mut Context<'_>,
    make: impl FnOnce(usize) -> Result<Vec<u8>, TooLong>,
) -> Outcome {
    match make(context.meter.memory) {
        Ok(made) => text(context, made),
        Err(TooLong) => Err(FunctionError::Limit(Exceeded::Memory(
            context.meter.limits.memory,
        ))),
    }
}

/// Pays for `count` values.
pub(super) fn pay_for_values(context: &mut Context<'_>, count: usize) -> Result<(), FunctionError> {
    context.spend(u64::try_from(count).unwrap_or(u64::MAX))?;
    context.allocate(count.saturating_mul(size_of::<Value>()))
}

/// Pays for a `[]interface {}` and returns it.
pub(super) fn list(context: &mut Context<'_>, items: Vec<Value>) -> Outcome {
    pay_for_values(context, items.len())?;
    Ok(Value::list(items))
}

/// Pays for a slice and returns it with Go's capacity, which a template sees when it slices beyond the length.
pub(super) fn with_capacity(
    context: &mut Context<'_>,
    element: &'static Type,
    mut items: Vec<Value>,
    capacity: usize,
) -> Result<Slice, FunctionError> {
    let length = items.len();
    let capacity = capacity.max(length);
    pay_for_values(context, capacity)?;
    items.resize(capacity, zero(*element));
    let whole = Slice::new(element, items);
    Ok(whole.window(0, length).unwrap_or(whole))
}

/// As [`with_capacity`], as a value.
pub(in crate::functions) fn appended(
    context: &mut Context<'_>,
    element: &'static Type,
    items: Vec<Value>,
    capacity: usize,
) -> Outcome {
    with_capacity(context, element, items, capacity).map(Value::Slice)
}

/// The zero value of an element type that functions of this folder make slices of.
fn zero(element: Type) -> Value {
    match element {
        Type::Int(kind) => Value::Int(kind, 0),
        Type::String => Value::from(""),
        _ => Value::Nil,
    }
}

/// Returns the slice that a list function was called with; `complaint` makes Go's panic text of the kind of another value.
pub(super) fn slice_or(
    value: &Value,
    complaint: impl FnOnce(&str) -> String,
) -> Result<&Slice, FunctionError> {
    match value {
        Value::Slice(slice) => Ok(slice),
        Value::Invalid | Value::Nil => Err(nil_pointer()),
        other => Err(FunctionError::new(complaint(other.kind().name()))),
    }
}

/// Returns the text of a value as Sprig's `strval`: a string or bytes as they are, all else as `%v` prints it.
pub(super) fn string_of(context: &mut Context<'_>, value: &Value) -> Result<Str, FunctionError> {
    match value {
        Value::Str(text) | Value::Error(text) => Ok(text.clone()),
        Value::Slice(slice) if slice.go_type() == Type::BYTES => Ok(bytes_of(slice).into()),
        other => Ok(context.sprint(std::slice::from_ref(other))?.into()),
    }
}

/// Returns the bytes of a `[]uint8`.
pub(super) fn bytes_of(slice: &Slice) -> Vec<u8> {
    slice.with(|items| items.iter().map(byte_of).collect())
}

fn byte_of(value: &Value) -> u8 {
    match value {
        Value::Uint(_, byte) => u8::try_from(*byte).unwrap_or_default(),
        _ => 0,
    }
}

/// Converts as Sprig's `toInt64`: text in base 10, floats cut off, true is 1, all else 0.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Str(text) => strconv::parse_int(text, 10).unwrap_or_default(),
        Value::Int(_, value) => *value,
        Value::Uint(_, value) => i64::try_from(*value).unwrap_or(i64::MAX),
        Value::Float32(value) => math::truncated(f64::from(*value)),
        Value::Float(value) => math::truncated(*value),
        Value::Bool(value) => i64::from(*value),
        Value::Invalid
        | Value::Nil
        | Value::Complex(..)
        | Value::Slice(_)
        | Value::Map(_)
        | Value::Error(_)
        | Value::Foreign(_) => 0,
    }
}

/// Converts as Sprig's `toFloat64`.
pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Str(text) => strconv::parse_float(text).unwrap_or_default(),
        Value::Int(_, value) => nearest_float(*value),
        Value::Uint(_, value) => nearest_unsigned(*value),
        Value::Float32(value) => f64::from(*value),
        Value::Float(value) => *value,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Invalid
        | Value::Nil
        | Value::Complex(..)
        | Value::Slice(_)
        | Value::Map(_)
        | Value::Error(_)
        | Value::Foreign(_) => 0.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "Go's float64(int64) rounds too")]
fn nearest_float(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Go's float64(uint64) rounds too"
)]
fn nearest_unsigned(value: u64) -> f64 {
    value as f64
}

/// Says whether two values are deeply equal, and pays for the comparison.
pub(super) fn equal(
    context: &mut Context<'_>,
    one: &Value,
    two: &Value,
) -> Result<bool, FunctionError> {
    let mut steps = context.meter.fuel;
    let outcome = deep_equal_within(one, two, &mut steps);
    context.meter.fuel = steps;
    outcome.map_err(|reason| match reason {
        Incomparable::Deep => too_deep(),
        Incomparable::Long => FunctionError::Limit(Exceeded::Fuel(context.meter.limits.fuel)),
    })
}

/// Refuses to make more values than there is memory left for, before any is made.
pub(super) fn check_memory(context: &Context<'_>, count: usize) -> Result<(), FunctionError> {
    if count.saturating_mul(size_of::<Value>()) > context.meter.memory {
        return Err(FunctionError::Limit(Exceeded::Memory(
            context.meter.limits.memory,
        )));
    }
    Ok(())
}
