//! What of a rendered object its kind does not have (design decision 3).
//!
//! An API server refuses such objects when they are applied, so the engine drops what KUDO's way of
//! applying dropped silently. Here the author hears of it.

use kudo_schema::{Schemas, collapse_doubled_keys, unknown_fields};
use serde_json::Value;

/// Returns a line for each unknown field and each doubled entry of an object of a built-in kind.
pub(super) fn misfits(object: &Value) -> Vec<String> {
    let Some(schema) = Schemas::built_in().kind_of(object) else {
        return Vec::new();
    };
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let what = format!("{kind} \"{name}\"");
    let unknown = unknown_fields(schema, object).into_iter();
    let mut lines: Vec<String> = unknown
        .map(|field| {
            format!(
                "{what} has an unknown field \"{}\", which is dropped",
                field.path
            )
        })
        .collect();
    let doubled = collapse_doubled_keys(schema, &mut object.clone()).into_iter();
    lines.extend(doubled.map(|entry| {
        format!(
            "{what} has {} twice in \"{}\"; the last one counts",
            entry.key, entry.path
        )
    }));
    lines
}
