//! Tables, as `kubectl get` asks for them (`meta.k8s.io/v1 Table`).

mod cells;
mod columns;
mod custom;
mod span;

use serde_json::{Value, json};

use super::catalog::Served;
use super::request::Call;
use super::respond::partial;
use crate::store::object;

/// A column: its name, its type and how important it is (0 is always shown).
pub(super) struct Column {
    name: String,
    kind: &'static str,
    format: &'static str,
    description: String,
    priority: i64,
}

impl Column {
    fn new(name: &str, kind: &'static str, priority: i64) -> Self {
        let format = if name == "Name" { "name" } else { "" };
        Self {
            name: name.to_owned(),
            kind,
            format,
            description: String::new(),
            priority,
        }
    }

    fn definition(&self) -> Value {
        json!({"name": self.name, "type": self.kind, "format": self.format,
               "description": self.description, "priority": self.priority})
    }
}

/// Returns the table of some objects; `list` is what its own metadata comes from.
pub(super) fn of_objects(served: &Served, call: &Call, objects: &[&Value], list: &Value) -> Value {
    let now = call.now;
    let columns = columns::of(served);
    let include = call.parameter("includeObject");
    let rows: Vec<Value> = objects
        .iter()
        .map(|item| {
            let cells = match &served.custom {
                Some(custom) => custom::cells(custom, item, now),
                None => cells::of(served, item, now),
            };
            let object = match include {
                "None" => Value::Null,
                "Object" => (*item).clone(),
                _ => partial((*item).clone()),
            };
            json!({"cells": cells, "object": object})
        })
        .collect();
    let definitions: Vec<Value> = columns.iter().map(Column::definition).collect();
    let mut metadata = json!({});
    for key in ["resourceVersion", "continue", "remainingItemCount"] {
        if let Some(value) = list.pointer(&format!("/metadata/{key}")) {
            metadata[key] = value.clone();
        }
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
           "columnDefinitions": definitions, "rows": rows})
}

/// The age of an object.
fn age(item: &Value, now: jiff::Timestamp) -> Value {
    since(object::text(item, "/metadata/creationTimestamp"), now)
}

/// The time since a moment, as `kubectl` shows it.
fn since(moment: &str, now: jiff::Timestamp) -> Value {
    match moment.parse::<jiff::Timestamp>() {
        Ok(moment) => span::human(now.duration_since(moment)).into(),
        Err(_) => "<unknown>".into(),
    }
}
