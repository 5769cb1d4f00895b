//! Fields nobody declared and list items that are there twice.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fields::{FieldPath, PathElement};
use crate::node::{ListType, Type};
use crate::schema::Schema;
use crate::typed::{Shape, item_element, shape};

/// Values nested deeper than this are left alone.
const MAX_DEPTH: usize = crate::typed::MAX_DEPTH;

/// A field that was dropped because the schema does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// The field as the API server names it in `unknown field "spec.template.foo"`.
    pub path: String,
}

/// A list item that was dropped because a later one has the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubled {
    /// The list, such as `spec.template.spec.containers[0].env`.
    pub path: String,
    /// The key as the API server prints it: `[name="A"]`.
    pub key: String,
}

/// Drops the fields the schema does not know, as an API server does when it stores an object.
pub fn prune(schema: Schema<'_>, object: &mut Value) -> Vec<Pruned> {
    let mut pruned = Vec::new();
    prune_value(schema, object, &mut Vec::new(), &mut pruned);
    pruned
}

/// Lists the fields the schema does not know and leaves them.
pub fn unknown_fields(schema: Schema<'_>, object: &Value) -> Vec<Pruned> {
    prune(schema, &mut object.clone())
}

fn prune_value(
    schema: Schema<'_>,
    value: &mut Value,
    path: &mut Vec<String>,
    pruned: &mut Vec<Pruned>,
) {
    if path.len() > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(fields) if schema.type_() != Some(Type::Array) && !schema.is_scalar() => {
            prune_fields(schema, fields, path, pruned);
        }
        Value::Array(items) if schema.type_() == Some(Type::Array) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push(format!("[{index}]"));
                prune_value(schema.items(), item, path, pruned);
                path.pop();
            }
        }
        _ => {}
    }
}

fn prune_fields(
    schema: Schema<'_>,
    fields: &mut Map<String, Value>,
    path: &mut Vec<String>,
    pruned: &mut Vec<Pruned>,
) {
    fields.retain(|name, field| {
        path.push(format!(".{name}"));
        let known = known_field(schema, name);
        match known {
            Known::As(of_field) => prune_value(of_field, field, path, pruned),
            Known::Kept => {}
            Known::No => {
                let path = path.concat().trim_start_matches('.').to_owned();
                pruned.push(Pruned { path });
            }
        }
        path.pop();
        !matches!(known, Known::No)
    });
}

enum Known<'a> {
    As(Schema<'a>),
    Kept,
    No,
}

fn known_field<'a>(schema: Schema<'a>, name: &str) -> Known<'a> {
    if let Some(of_field) = schema.property(name) {
        return Known::As(of_field);
    }
    if schema.preserves_unknown_fields() {
        return Known::Kept;
    }
    // An object of a custom resource has the fields it declares, even when it declares none.
    if schema.is_custom() && !schema.declares_additional() {
        return Known::No;
    }
    schema.additional().map_or(Known::No, Known::As)
}

/// Keeps of list items with the same key the last one, and of equal items of sets the first.
///
/// An API server refuses such items in an apply, and stores them otherwise.
pub fn collapse_doubled_keys(schema: Schema<'_>, object: &mut Value) -> Vec<Doubled> {
    let mut doubled = Vec::new();
    collapse(schema, object, &mut Vec::new(), &mut doubled);
    doubled
}

fn collapse(
    schema: Schema<'_>,
    value: &mut Value,
    path: &mut Vec<String>,
    doubled: &mut Vec<Doubled>,
) {
    if path.len() > MAX_DEPTH {
        return;
    }
    let shape = shape(schema, Some(value));
    match (shape, value) {
        (Shape::Map { .. }, Value::Object(fields)) => {
            for (name, field) in fields {
                let Some(of_field) = schema.field(name) else {
                    continue;
                };
                path.push(format!(".{name}"));
                collapse(of_field, field, path, doubled);
                path.pop();
            }
        }
        (Shape::List(list_type), Value::Array(items)) => {
            collapse_items(list_type, schema, items, path, doubled);
            for (index, item) in items.iter_mut().enumerate() {
                path.push(format!("[{index}]"));
                collapse(schema.items(), item, path, doubled);
                path.pop();
            }
        }
        _ => {}
    }
}

fn collapse_items(
    list_type: ListType,
    schema: Schema<'_>,
    items: &mut Vec<Value>,
    path: &[String],
    doubled: &mut Vec<Doubled>,
) {
    let element = |(index, item)| item_element(list_type, schema, index, item).ok();
    let elements: Vec<Option<PathElement>> = items.iter().enumerate().map(element).collect();
    let mut seen = BTreeSet::new();
    let mut kept = vec![true; items.len()];
    let mut keep_new = |at: usize| {
        kept[at] = elements[at]
            .as_ref()
            .is_none_or(|element| seen.insert(element));
    };
    match list_type {
        ListType::Atomic => return,
        ListType::Set => (0..items.len()).for_each(&mut keep_new),
        ListType::Map => (0..items.len()).rev().for_each(&mut keep_new),
    }
    let list = path.concat().trim_start_matches('.').to_owned();
    let gone = elements.iter().zip(&kept).filter(|(_, kept)| !**kept);
    doubled.extend(gone.filter_map(|(element, _)| {
        let key = FieldPath(vec![element.clone()?]).to_string();
        Some(Doubled {
            path: list.clone(),
            key,
        })
    }));
    let mut kept = kept.into_iter();
    items.retain(|_| kept.next().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CrdSchema, Schemas};
    use serde_json::json;

    fn deployment() -> Schema<'static> {
        Schemas::built_in()
            .kind("apps", "v1", "Deployment")
            .unwrap()
    }

    #[test]
    fn undeclared_fields_go_and_are_named() {
        let mut object = json!({"metadata": {"wait-for-sync.sh": "x", "labels": {"a": "b"}},
            "spec": {"template": {"spec": {"containers": [{"name": "a", "imagee": "x"}]}}}});
        let pruned = prune(deployment(), &mut object);
        let paths: Vec<_> = pruned.iter().map(|pruned| pruned.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "metadata.wait-for-sync.sh",
                "spec.template.spec.containers[0].imagee"
            ]
        );
        assert_eq!(
            object,
            json!({"metadata": {"labels": {"a": "b"}},
                "spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}})
        );
    }

    #[test]
    fn the_last_of_doubled_keys_stays() {
        let mut object = json!({"spec": {"template": {"spec": {"containers": [{"name": "a",
            "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}],
            "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"},
                {"containerPort": 80, "protocol": "UDP"}]}]}}}});
        let doubled = collapse_doubled_keys(deployment(), &mut object);
        let container = &object["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(
            container["env"],
            json!([{"name": "B"}, {"name": "A", "value": "2"}])
        );
        assert_eq!(container["ports"].as_array().unwrap().len(), 2);
        assert_eq!(doubled[0].path, "spec.template.spec.containers[0].env");
        assert_eq!(doubled[0].key, "[name=\"A\"]");
        assert_eq!(doubled[1].key, "[containerPort=80,protocol=\"TCP\"]");
    }

    #[test]
    fn custom_resources_keep_what_they_preserve() {
        let crd = CrdSchema::new(
            &json!({"type": "object", "properties": {"spec": {"type": "object",
            "properties": {"empty": {"type": "object"}, "any": {"type": "object",
                "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"known": {"type": "object"}}},
                "pod": {"type": "object", "x-kubernetes-embedded-resource": true}}}}}),
        );
        let mut object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "a"},
            "spec": {"empty": {"x": 1}, "any": {"x": {"y": 1}, "known": {"x": 1}},
                "pod": {"kind": "Pod", "metadata": {"name": "a", "x": 1}, "spec": {}}}});
        let pruned = prune(crd.schema(), &mut object);
        let paths: Vec<_> = pruned.iter().map(|pruned| pruned.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "spec.any.known.x",
                "spec.empty.x",
                "spec.pod.metadata.x",
                "spec.pod.spec"
            ]
        );
    }
}
