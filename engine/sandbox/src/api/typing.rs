//! What the schemas say about an object: its defaults, and values of the wrong kind.

use kudo_schema::Schema;
use serde_json::Value;

use super::catalog::Served;
use crate::base64;
use crate::refusal::Cause;
use crate::store::{object, resources};

/// Fills in the defaults of a kind, and what it always has by being a Go value.
pub(super) fn complete(served: &Served, object: &mut Value) {
    if let Some(custom) = &served.custom {
        return kudo_schema::default_crd(custom.schema.schema(), object);
    }
    if served.storage == resources::SECRETS {
        plain_data(object);
    }
    kudo_schema::defaults::fill(&served.info.group, &served.info.kind, object);
    if served.storage == resources::EVENTS {
        always_written(served, object);
    }
    // Definitions are nested too deeply to be worth it, and nothing reads their zeros.
    if served.storage != resources::CRDS {
        structs(served.schema(), object, MAX_DEPTH);
    }
}

/// The members of an event that are written even when nobody set them.
fn always_written(served: &Served, event: &mut Value) {
    let members = object::as_members(event);
    members.entry("eventTime").or_insert(Value::Null);
    if served.info.group.is_empty() {
        for key in ["reportingComponent", "reportingInstance"] {
            members.entry(key).or_insert_with(|| "".into());
        }
    }
}

/// Values nested deeper than this are left alone.
const MAX_DEPTH: usize = 64;

/// Adds the members that are Go structs and no pointers: they are written even when empty, which
/// `OpenAPI` says by `default: {}`.
fn structs(schema: Schema<'_>, value: &mut Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(members) => {
            for (name, property) in schema.properties() {
                let is_struct = property.default().is_some_and(|default| {
                    default.as_object().is_some_and(serde_json::Map::is_empty)
                });
                if is_struct && !members.contains_key(name) {
                    members.insert(name.to_owned(), Value::Object(serde_json::Map::new()));
                }
            }
            for (name, member) in members {
                if let Some(property) = schema.field(name) {
                    structs(property, member, depth);
                }
            }
        }
        Value::Array(items) => {
            let schema = schema.items();
            for item in items {
                structs(schema, item, depth);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `stringData` is a way to write the `data` of a Secret.
fn plain_data(object: &mut Value) {
    let members = object::as_members(object);
    let Some(plain) = members.remove("stringData") else {
        return;
    };
    let data = members
        .entry("data")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    let data = object::as_members(data);
    for (key, value) in plain.as_object().into_iter().flatten() {
        let encoded = base64::encode(value.as_str().unwrap_or_default().as_bytes());
        data.insert(key.clone(), encoded.into());
    }
}

/// Says in Go's words why a value does not fit its Go struct.
pub(super) fn decode_error(served: &Served, object: &Value) -> Option<String> {
    if let Some(problem) = kudo_schema::decode_problem(served.schema(), object) {
        return Some(problem);
    }
    let fields: &[&str] = match served.storage.name() {
        "secrets" => &["data"],
        "configmaps" => &["binaryData"],
        _ => &[],
    };
    let values = fields
        .iter()
        .filter_map(|field| object.get(field)?.as_object())
        .flatten();
    values
        .filter_map(|(_, value)| value.as_str())
        .find_map(base64::error_at)
        .map(|place| format!("illegal base64 data at input byte {place}"))
}

/// Returns what breaks the schema of a custom resource.
pub(crate) fn causes(served: &Served, object: &Value) -> Vec<Cause> {
    kudo_schema::validate_crd(served.schema(), object)
        .into_iter()
        .map(|error| Cause {
            reason: error.reason.name(),
            field: error.field,
            message: error.message,
        })
        .collect()
}
