//! `reflect.DeepEqual`.

use super::{Map, Slice, Value};

/// Values that nest deeper than this are equal only if they are the same.
const DEPTH: usize = 512;

/// Says whether two values have the same type and contents, as `reflect.DeepEqual`.
pub fn deep_equal(one: &Value, two: &Value) -> bool {
    equal(one, two, 0)
}

fn equal(one: &Value, two: &Value, depth: usize) -> bool {
    match (one, two) {
        (Value::Invalid | Value::Nil, Value::Invalid | Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(kind_a, a), Value::Int(kind_b, b)) => kind_a == kind_b && a == b,
        (Value::Uint(kind_a, a), Value::Uint(kind_b, b)) => kind_a == kind_b && a == b,
        (Value::Float32(a), Value::Float32(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(a), Value::Str(b)) | (Value::Error(a), Value::Error(b)) => a == b,
        (Value::Slice(a), Value::Slice(b)) => equal_slices(a, b, depth),
        (Value::Map(a), Value::Map(b)) => equal_maps(a, b, depth),
        (Value::Foreign(a), Value::Foreign(b)) => a == b,
        _ => false,
    }
}

fn equal_slices(a: &Slice, b: &Slice, depth: usize) -> bool {
    if a.go_type() != b.go_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
        return false;
    }
    if depth >= DEPTH {
        return a.shares_with(b);
    }
    a.with(|a| b.with(|b| a.iter().zip(b).all(|(x, y)| equal(x, y, depth + 1))))
}

fn equal_maps(a: &Map, b: &Map, depth: usize) -> bool {
    if a.go_type() != b.go_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
        return false;
    }
    if depth >= DEPTH || a.is(b) {
        return a.is(b);
    }
    a.with(|a| {
        b.with(|b| {
            a.iter()
                .all(|(key, x)| b.get(key).is_some_and(|y| equal(x, y, depth + 1)))
        })
    })
}
