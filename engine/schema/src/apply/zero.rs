//! The values Go's types have where JSON says nothing.

use serde_json::{Map, Value, json};

use crate::node::Type;
use crate::schema::Schema;
use crate::typed::MAX_DEPTH;

/// Adds what an object of a built-in kind has by being a Go value: objects that are no pointers are
/// there, empty (`default: {}` in OpenAPI), and required fields are null or their zero.
///
/// The API server compares objects in this form to find who owns what.
pub fn fill_zero_values(schema: Schema<'_>, object: &mut Value) {
    fill(schema, object, MAX_DEPTH);
}

fn fill(schema: Schema<'_>, value: &mut Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(fields) => fill_fields(schema, fields, depth),
        Value::Array(items) => {
            let of_item = schema.items();
            // Most lists are of text.
            if of_item.type_() != Some(Type::String) {
                items.iter_mut().for_each(|item| fill(of_item, item, depth));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fill_fields(schema: Schema<'_>, fields: &mut Map<String, Value>, depth: usize) {
    for (name, property) in schema.properties() {
        if fields.contains_key(name) {
            continue;
        }
        let required = schema.required().iter().any(|required| required == name);
        match property.default() {
            Some(Value::Object(default)) if default.is_empty() => {
                fields.insert(name.to_owned(), json!({}));
            }
            default if required => {
                fields.insert(name.to_owned(), default.cloned().unwrap_or(Value::Null));
            }
            _ => {}
        }
    }
    for (name, field) in fields.iter_mut() {
        if let Some(of_field) = schema.field(name) {
            fill(of_field, field, depth);
        }
    }
}
