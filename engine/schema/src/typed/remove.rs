//! Takes fields and items out of an object.

use serde_json::{Map, Value};

use super::{Shape, item_element, shape};
use crate::fields::{FieldSet, PathElement};
use crate::node::ListType;
use crate::schema::Schema;

/// Returns the value without the members of the set; atomic values stay whole.
///
/// What loses its last item or field is null.
pub(crate) fn remove(schema: Schema<'_>, value: &Value, gone: &FieldSet) -> Value {
    match (shape(schema, Some(value)), value) {
        (Shape::List(list_type), Value::Array(items)) if list_type != ListType::Atomic => {
            remove_items(list_type, schema, items, gone)
        }
        (Shape::Map { atomic: false }, Value::Object(fields)) => {
            remove_fields(schema, fields, gone)
        }
        (Shape::Scalar, value) => value.clone(),
        _ => Value::Null,
    }
}

fn remove_items(
    list_type: ListType,
    schema: Schema<'_>,
    items: &[Value],
    gone: &FieldSet,
) -> Value {
    let kept = items.iter().enumerate().filter_map(|(index, item)| {
        let Ok(element) = item_element(list_type, schema, index, item) else {
            return Some(item.clone());
        };
        kept(schema.items(), &element, item, gone)
    });
    let kept: Vec<Value> = kept.collect();
    if kept.is_empty() {
        Value::Null
    } else {
        Value::Array(kept)
    }
}

fn remove_fields(schema: Schema<'_>, fields: &Map<String, Value>, gone: &FieldSet) -> Value {
    let kept = fields.iter().filter_map(|(name, field)| {
        let Some(field_schema) = schema.field(name) else {
            return Some((name.clone(), field.clone()));
        };
        Some((
            name.clone(),
            kept(field_schema, &PathElement::field(name), field, gone)?,
        ))
    });
    let kept: Map<String, Value> = kept.collect();
    if kept.is_empty() {
        Value::Null
    } else {
        Value::Object(kept)
    }
}

fn kept(
    schema: Schema<'_>,
    element: &PathElement,
    value: &Value,
    gone: &FieldSet,
) -> Option<Value> {
    if gone.members.contains(element) {
        return None;
    }
    match gone.children.get(element) {
        Some(below) if !below.is_empty() => Some(remove(schema, value, below)),
        _ => Some(value.clone()),
    }
}
