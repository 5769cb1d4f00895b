//! What differs between two objects.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Shape, equal, item_element, object, shape};
use crate::fields::{FieldPath, FieldSet, PathElement};
use crate::node::ListType;
use crate::schema::Schema;

/// The paths that differ between an object before and after.
#[derive(Debug, Clone, Default)]
pub(crate) struct Comparison {
    /// Paths that are there after only.
    pub added: FieldSet,
    /// Paths with another value.
    pub modified: FieldSet,
    /// Paths that were there before only.
    pub removed: FieldSet,
}

impl Comparison {
    /// Returns the comparison with each set passed through a function.
    pub(crate) fn map(self, change: impl Fn(FieldSet) -> FieldSet) -> Self {
        let Self {
            added,
            modified,
            removed,
        } = self;
        Self {
            added: change(added),
            modified: change(modified),
            removed: change(removed),
        }
    }
}

/// Compares two objects by their schema.
pub(crate) fn compare(schema: Schema<'_>, before: &Value, after: &Value) -> Comparison {
    let mut walk = Walk {
        comparison: Comparison::default(),
        path: FieldPath::default(),
    };
    walk.values(schema, Some(before), Some(after));
    walk.comparison
}

struct Walk {
    comparison: Comparison,
    path: FieldPath,
}

impl Walk {
    fn below(
        &mut self,
        element: PathElement,
        schema: Schema<'_>,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        self.path.0.push(element);
        self.values(schema, before, after);
        self.path.0.pop();
    }

    fn values(&mut self, schema: Schema<'_>, before: Option<&Value>, after: Option<&Value>) {
        let (Some(old), Some(new)) = (before, after) else {
            let value = before.or(after);
            let shape = shape(schema, value);
            self.shaped(shape, schema, before, after);
            return self.insert_one_sided(before, after);
        };
        let (old_shape, new_shape) = (shape(schema, before), shape(schema, after));
        if old_shape != new_shape && !old.is_null() && !new.is_null() {
            // An object became a list or a scalar: all of the old goes, all of the new comes.
            self.shaped(old_shape, schema, before, None);
            self.shaped(new_shape, schema, None, after);
            let modified = &mut self.comparison.modified;
            return modified.insert(&self.path.0);
        }
        let shape = if old.is_null() { new_shape } else { old_shape };
        self.shaped(shape, schema, before, after);
    }

    fn insert_one_sided(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let Comparison {
            added,
            modified: _,
            removed,
        } = &mut self.comparison;
        match (before, after) {
            (None, Some(_)) => added.insert(&self.path.0),
            (Some(_), None) => removed.insert(&self.path.0),
            _ => {}
        }
    }

    fn leaf(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) => {
                if !equal(before, after) {
                    self.comparison.modified.insert(&self.path.0);
                }
            }
            _ => self.insert_one_sided(before, after),
        }
    }

    fn shaped(
        &mut self,
        shape: Shape,
        schema: Schema<'_>,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        match shape {
            Shape::Scalar | Shape::List(ListType::Atomic) | Shape::Map { atomic: true } => {
                self.leaf(before, after);
            }
            Shape::List(list_type) => {
                let old = before
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let new = after
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                if old.is_empty() && new.is_empty() {
                    return self.leaf(before, after);
                }
                self.items(list_type, schema, old, new);
            }
            Shape::Map { atomic: false } => self.fields(schema, before, after),
        }
    }

    fn fields(&mut self, schema: Schema<'_>, before: Option<&Value>, after: Option<&Value>) {
        let (old, new) = (object(before), object(after));
        if old.is_none_or(serde_json::Map::is_empty) && new.is_none_or(serde_json::Map::is_empty) {
            return self.leaf(before, after);
        }
        let names = old.into_iter().chain(new).flat_map(serde_json::Map::keys);
        for name in names.collect::<std::collections::BTreeSet<_>>() {
            let Some(field_schema) = schema.field(name) else {
                continue;
            };
            let old = old.and_then(|fields| fields.get(name));
            let new = new.and_then(|fields| fields.get(name));
            self.below(PathElement::field(name), field_schema, old, new);
        }
    }

    fn items(&mut self, list_type: ListType, schema: Schema<'_>, old: &[Value], new: &[Value]) {
        let mut pairs: BTreeMap<PathElement, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for (index, item) in old.iter().enumerate() {
            if let Ok(element) = item_element(list_type, schema, index, item) {
                pairs.entry(element).or_default().0.push(item);
            }
        }
        for (index, item) in new.iter().enumerate() {
            if let Ok(element) = item_element(list_type, schema, index, item) {
                pairs.entry(element).or_default().1.push(item);
            }
        }
        for (element, (old, new)) in pairs {
            self.item(schema.items(), element, &old, &new);
        }
    }

    /// Items that are there twice have no fields of their own: they count as one value.
    fn item(&mut self, schema: Schema<'_>, element: PathElement, old: &[&Value], new: &[&Value]) {
        let path = self.path.join(element.clone());
        match (old, new) {
            ([] | [_], [] | [_]) => {
                self.below(element, schema, old.first().copied(), new.first().copied());
            }
            ([_, _, ..], [_, _, ..]) => {
                let same = old.len() == new.len() && old.iter().zip(new).all(|(o, n)| equal(o, n));
                if !same {
                    self.comparison.modified.insert(&path.0);
                }
            }
            ([_, _, ..], _) => {
                if let Some(new) = new.first() {
                    self.below(element, schema, None, Some(new));
                }
                self.comparison.removed.insert(&path.0);
            }
            (_, [_, _, ..]) => {
                if let Some(old) = old.first() {
                    self.below(element, schema, Some(old), None);
                }
                self.comparison.added.insert(&path.0);
            }
        }
    }
}
