//! The arguments of one call, already checked against the function's signature.

use std::ops::Deref;

use crate::value::{Map, Slice, Str, Type, Value};

/// The arguments of a call; derefs to a slice of values.
///
/// The accessors are for parameters of that declared type: the check has been made, so they have no
/// failure, only an empty value for what cannot be.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    values: &'a [Value],
    receiver: &'a Value,
}

impl<'a> Arguments<'a> {
    /// Returns the arguments of a function.
    pub const fn new(values: &'a [Value]) -> Self {
        Self {
            values,
            receiver: &Value::Invalid,
        }
    }

    /// Returns the arguments of a method.
    pub const fn of_method(receiver: &'a Value, values: &'a [Value]) -> Self {
        Self { values, receiver }
    }

    /// Returns the value that a method is called on.
    pub const fn receiver(&self) -> &'a Value {
        self.receiver
    }

    /// Returns the arguments as they are.
    pub const fn values(&self) -> &'a [Value] {
        self.values
    }

    /// Returns the bytes of a `string` argument.
    pub fn bytes(&self, index: usize) -> &'a [u8] {
        match self.values.get(index) {
            Some(Value::Str(text)) => text.as_bytes(),
            _ => &[],
        }
    }

    /// Returns a `string` argument.
    pub fn string(&self, index: usize) -> Str {
        match self.values.get(index) {
            Some(Value::Str(text)) => text.clone(),
            _ => Str::default(),
        }
    }

    /// Returns an argument of a signed integer type.
    pub fn int(&self, index: usize) -> i64 {
        self.values
            .get(index)
            .and_then(Value::as_int)
            .unwrap_or_default()
    }

    /// Returns a `float64` argument.
    pub fn float(&self, index: usize) -> f64 {
        match self.values.get(index) {
            Some(Value::Float(value)) => *value,
            _ => 0.0,
        }
    }

    /// Returns a `bool` argument.
    pub fn bool(&self, index: usize) -> bool {
        matches!(self.values.get(index), Some(Value::Bool(true)))
    }

    /// Returns an argument of a slice type; nil is a nil slice.
    pub fn slice(&self, index: usize) -> Slice {
        match self.values.get(index) {
            Some(Value::Slice(slice)) => slice.clone(),
            _ => Slice::nil(&Type::Interface),
        }
    }

    /// Returns an argument of a map type; nil is a nil map.
    pub fn map(&self, index: usize) -> Map {
        match self.values.get(index) {
            Some(Value::Map(map)) => map.clone(),
            _ => Map::nil(&Type::Interface),
        }
    }
}

impl Deref for Arguments<'_> {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        self.values
    }
}
