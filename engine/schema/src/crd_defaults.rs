//! Defaults of custom resources.

use serde_json::Value;

use crate::schema::Schema;
use crate::typed::MAX_DEPTH;

/// Fills the `default` values of a structural schema; nulls that are not `nullable` take the default
/// or go away.
pub fn default_crd(schema: Schema<'_>, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    // The metadata of the object itself is no matter of the CRD.
    let metadata = fields.remove("metadata");
    fill(schema, object, MAX_DEPTH);
    if let (Some(fields), Some(metadata)) = (object.as_object_mut(), metadata) {
        fields.insert("metadata".to_owned(), metadata);
    }
}

fn fill(schema: Schema<'_>, value: &mut Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(fields) => {
            for (name, property) in schema.properties() {
                let Some(default) = property.default() else {
                    continue;
                };
                let missing = fields.get(name).is_none_or(Value::is_null);
                if missing && !(property.is_nullable() && fields.contains_key(name)) {
                    fields.insert(name.to_owned(), default.clone());
                }
            }
            fields.retain(|name, field| {
                let of_field = schema
                    .property(name)
                    .or_else(|| declared_additional(schema));
                let Some(of_field) = of_field else {
                    return true;
                };
                if field.is_null() && !of_field.is_nullable() && !of_field.is_anything() {
                    return false;
                }
                fill(of_field, field, depth);
                true
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|item| {
            if let (true, Some(default)) = (item.is_null(), schema.items().default()) {
                item.clone_from(default);
            }
            fill(schema.items(), item, depth);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn declared_additional(schema: Schema<'_>) -> Option<Schema<'_>> {
    schema
        .declares_additional()
        .then(|| schema.additional())
        .flatten()
}
