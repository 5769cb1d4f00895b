//! Objects read by their schema: which fields they have, how two of them merge and differ.
//!
//! The rules are those of `sigs.k8s.io/structured-merge-diff`, which an API server uses for
//! server-side apply: granular maps and keyed lists merge item by item, everything else is one value.

mod compare;
mod merge;
mod owned;
mod remove;
mod validate;

use serde_json::{Map, Value};

pub(crate) use compare::{Comparison, compare};
pub(crate) use merge::merge;
pub(crate) use owned::{field_set, with_named_parents};
pub(crate) use remove::remove;
pub(crate) use validate::validate;

use crate::fields::{FieldPath, PathElement, Scalar};
use crate::node::{ListType, Type};
use crate::schema::Schema;

/// Values nested deeper than this are refused, so that no walk overflows the stack.
pub(crate) const MAX_DEPTH: usize = 200;

/// What is wrong with a value at a path, in the words of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypedError {
    /// Where it is.
    pub path: FieldPath,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for TypedError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path, self.message)
    }
}

/// Prints errors as the API server does: one alone, several as an indented list.
pub(crate) fn print_errors(errors: &[TypedError]) -> String {
    if let [error] = errors {
        return error.to_string();
    }
    let lines = errors.iter().map(|error| format!("\n  {error}"));
    lines.fold("errors:".to_owned(), |text, line| text + &line)
}

/// The shape a value is walked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    Scalar,
    /// A list that is one value, or merges item by item.
    List(ListType),
    /// An object; atomic objects are one value.
    Map {
        /// Whether it is owned as a whole.
        atomic: bool,
    },
}

/// Returns the shape the schema gives a value; where it says nothing the value itself decides.
pub(crate) fn shape(schema: Schema<'_>, value: Option<&Value>) -> Shape {
    let map = Shape::Map {
        atomic: schema.is_atomic_map(),
    };
    match schema.type_() {
        Some(Type::Object) => map,
        Some(Type::Array) => Shape::List(schema.list_type()),
        Some(_) => Shape::Scalar,
        None if schema.is_scalar() => Shape::Scalar,
        None => match value {
            None | Some(Value::Null | Value::Object(_)) => map,
            Some(Value::Array(_)) => Shape::List(schema.list_type()),
            Some(_) => Shape::Scalar,
        },
    }
}

/// Returns how an item of a set or a keyed list is told apart from its siblings.
pub(crate) fn item_element(
    list_type: ListType,
    schema: Schema<'_>,
    index: usize,
    item: &Value,
) -> Result<PathElement, String> {
    match list_type {
        ListType::Atomic => Ok(PathElement::Index(u64::try_from(index).unwrap_or(u64::MAX))),
        ListType::Set => set_element(item),
        ListType::Map => key_element(schema, item),
    }
}

fn set_element(item: &Value) -> Result<PathElement, String> {
    const NO_KEYS: &str = "associative list without keys has an element that's";
    match item {
        Value::Object(_) => Err(format!("{NO_KEYS} a map type")),
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => Err(format!("{NO_KEYS} an explicit null")),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Ok(PathElement::Value(Scalar(item.clone())))
        }
    }
}

fn key_element(schema: Schema<'_>, item: &Value) -> Result<PathElement, String> {
    let Some(item) = item.as_object() else {
        let what = if item.is_null() {
            "a null element"
        } else {
            "non-map elements"
        };
        return Err(format!("associative list with keys may not have {what}"));
    };
    let keys = schema.list_map_keys();
    let mut fields = Vec::with_capacity(keys.len());
    for key in &keys {
        // A key that is left out counts as its default: ports are TCP.
        let default = || schema.items().property(key).and_then(Schema::default);
        if let Some(value) = item.get(*key).or_else(default) {
            fields.push(((*key).to_owned(), Scalar(value.clone())));
        }
    }
    if fields.is_empty() {
        let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
        let (plural, keys) = match keys.as_slice() {
            [key] => ("key field", key.clone()),
            _ => ("all key fields", format!("[{}]", keys.join(" "))),
        };
        return Err(format!(
            "associative list with keys has an element that omits {plural} {keys} \
             (and doesn't have default value)"
        ));
    }
    fields.sort();
    Ok(PathElement::Key(fields))
}

/// Returns the value as an object, where null is none.
pub(crate) fn object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// Tells whether a value is nested no deeper than [`MAX_DEPTH`].
pub(crate) fn is_shallow(value: &Value) -> bool {
    fn within(value: &Value, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match value {
            Value::Array(items) => items.iter().all(|item| within(item, depth)),
            Value::Object(fields) => fields.values().all(|field| within(field, depth)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
    within(value, MAX_DEPTH)
}

/// Tells whether two values are equal, where numbers are equal by value.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => Scalar(left.clone()) == Scalar(right.clone()),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, l)| right.get(name).is_some_and(|r| equal(l, r)))
        }
        _ => left == right,
    }
}
