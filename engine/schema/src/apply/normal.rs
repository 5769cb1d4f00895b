//! Objects as the API server's Go types write them.

use serde_json::{Map, Value, json};

use crate::node::Type;
use crate::quantity::canonical_quantity;
use crate::schema::{QUANTITY, Schema};
use crate::typed::MAX_DEPTH;

/// Times that are written as null when they are not known: they are no pointers in Go.
const TIMES: [&str; 7] = [
    "eventTime",
    "firstTimestamp",
    "lastHeartbeatTime",
    "lastProbeTime",
    "lastTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
];

/// Brings an object of a built-in kind into the form an API server keeps and compares it in.
///
/// Fields with a `default` in `OpenAPI` are no pointers in Go and always there, required fields are
/// null or their zero; optional lists and maps that are empty go away, as nulls do. Quantities
/// take their canonical form.
pub fn normalize(schema: Schema<'_>, object: &mut Value) {
    fill(schema, object, MAX_DEPTH);
}

fn fill(schema: Schema<'_>, value: &mut Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    if schema.reference() == Some(QUANTITY) {
        return quantity(value);
    }
    match value {
        Value::Object(fields) if !schema.is_anything() => fill_fields(schema, fields, depth),
        Value::Array(items) => {
            let of_item = schema.items();
            // Most lists are of text.
            if of_item.type_() != Some(Type::String) {
                for item in items {
                    fill(of_item, item, depth);
                }
            }
        }
        _ => {}
    }
}

fn fill_fields(schema: Schema<'_>, fields: &mut Map<String, Value>, depth: usize) {
    fields.retain(|name, field| {
        let required = schema.required().iter().any(|required| required == name);
        // An empty list of managers is a request to forget them.
        let kept = required || name == "managedFields";
        kept || !schema
            .property(name)
            .is_some_and(|of_field| is_left_out(of_field, field))
    });
    for (name, property) in schema.properties() {
        if fields.contains_key(name) {
            continue;
        }
        let required = schema.required().iter().any(|required| required == name);
        if let Some(default) = property.default() {
            fields.insert(name.to_owned(), default.clone());
        } else if required || TIMES.contains(&name) {
            fields.insert(name.to_owned(), zero(property));
        }
    }
    for (name, field) in fields.iter_mut() {
        if let Some(of_field) = schema.field(name) {
            fill(of_field, field, depth);
        }
    }
}

fn zero(schema: Schema<'_>) -> Value {
    let is_time = schema.format() == Some("date-time");
    match schema.type_() {
        Some(Type::Integer | Type::Number) => json!(0),
        Some(Type::Boolean) => json!(false),
        Some(Type::String) if !is_time => json!(""),
        Some(Type::String | Type::Array | Type::Object) | None => Value::Null,
    }
}

fn quantity(value: &mut Value) {
    let text = match value {
        Value::String(text) => canonical_quantity(text),
        Value::Number(number) => canonical_quantity(&number.to_string()),
        _ => None,
    };
    if let Some(text) = text {
        *value = Value::String(text);
    }
}

/// Go leaves out optional lists and maps without content; empty objects of fields are pointers.
fn is_left_out(schema: Schema<'_>, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && schema.declares_additional(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
