//! Which fields an object has, as a set of paths.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Shape, item_element, object, shape};
use crate::fields::{FieldSet, PathElement};
use crate::node::ListType;
use crate::schema::Schema;

/// Returns the paths of a value's leaves and list items: what an applier owns.
pub(crate) fn field_set(schema: Schema<'_>, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(schema, value, &mut set);
    set
}

/// Adds what is below to `set`; tells whether the value itself is a member of the set above it.
fn collect(schema: Schema<'_>, value: &Value, set: &mut FieldSet) -> bool {
    match shape(schema, Some(value)) {
        Shape::Scalar | Shape::List(ListType::Atomic) | Shape::Map { atomic: true } => true,
        Shape::List(list_type) => {
            collect_items(list_type, schema, value.as_array(), set);
            false
        }
        Shape::Map { atomic: false } => {
            collect_fields(schema, object(Some(value)), set);
            false
        }
    }
}

fn collect_items(
    list_type: ListType,
    schema: Schema<'_>,
    items: Option<&Vec<Value>>,
    set: &mut FieldSet,
) {
    let items = items.map(Vec::as_slice).unwrap_or_default();
    let named = items.iter().enumerate().filter_map(|(index, item)| {
        Some((item_element(list_type, schema, index, item).ok()?, item))
    });
    let named: Vec<_> = named.collect();
    let mut seen = BTreeSet::new();
    let doubled: BTreeSet<_> = named
        .iter()
        .map(|(element, _)| element)
        .filter(|element| !seen.insert(*element))
        .collect();
    for (element, item) in &named {
        set.members.insert(element.clone());
        // Nobody can own a part of an item that is there twice.
        if !doubled.contains(element) {
            collect_child(schema.items(), element, item, set);
        }
    }
}

fn collect_fields(schema: Schema<'_>, fields: Option<&Map<String, Value>>, set: &mut FieldSet) {
    for (name, field) in fields.into_iter().flatten() {
        let Some(field_schema) = schema.field(name) else {
            continue;
        };
        let element = PathElement::field(name);
        let is_leaf = collect_child(field_schema, &element, field, set);
        let is_empty = field.is_null() || field.as_object().is_some_and(Map::is_empty);
        if is_leaf || is_empty || schema.property(name).is_none() {
            set.members.insert(element);
        }
    }
}

fn collect_child(
    schema: Schema<'_>,
    element: &PathElement,
    value: &Value,
    set: &mut FieldSet,
) -> bool {
    let mut below = FieldSet::default();
    let is_leaf = collect(schema, value, &mut below);
    if !below.is_empty() {
        set.children.insert(element.clone(), below);
    }
    is_leaf
}

/// Returns the set with the named fields above its paths, so that taking a path away can take away
/// the objects that hold nothing else.
pub(crate) fn with_named_parents(schema: Option<Schema<'_>>, set: &FieldSet) -> FieldSet {
    let mut result = FieldSet {
        members: set.members.clone(),
        ..FieldSet::default()
    };
    for (element, child) in &set.children {
        let below = match (element, schema) {
            (PathElement::Field(name), Some(schema)) => {
                if schema.property(name).is_some() {
                    result.members.insert(element.clone());
                }
                schema.field(name)
            }
            (PathElement::Key(_), Some(schema)) => Some(schema.items()),
            _ => None,
        };
        result
            .children
            .insert(element.clone(), with_named_parents(below, child));
    }
    result
}
