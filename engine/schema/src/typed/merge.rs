//! Lays an applied configuration over a live object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Shape, TypedError, item_element, object, shape};
use crate::fields::{FieldPath, PathElement};
use crate::node::ListType;
use crate::schema::Schema;

/// Returns the live object with everything the configuration says.
pub(crate) fn merge(
    schema: Schema<'_>,
    live: &Value,
    config: &Value,
) -> Result<Value, Vec<TypedError>> {
    let mut walk = Walk {
        errors: Vec::new(),
        path: FieldPath::default(),
    };
    let merged = walk.values(schema, Some(live), Some(config));
    if walk.errors.is_empty() {
        Ok(merged.unwrap_or(Value::Null))
    } else {
        Err(walk.errors)
    }
}

struct Walk {
    errors: Vec<TypedError>,
    path: FieldPath,
}

impl Walk {
    fn below(
        &mut self,
        element: PathElement,
        schema: Schema<'_>,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Option<Value> {
        self.path.0.push(element);
        let merged = self.values(schema, live, config);
        self.path.0.pop();
        merged
    }

    fn values(
        &mut self,
        schema: Schema<'_>,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Option<Value> {
        let decides = config.filter(|value| !value.is_null()).or(live).or(config);
        match shape(schema, decides) {
            Shape::Scalar | Shape::List(ListType::Atomic) | Shape::Map { atomic: true } => {
                config.or(live).cloned()
            }
            Shape::List(list_type) => self.lists(list_type, schema, live, config),
            Shape::Map { atomic: false } => self.objects(schema, live, config),
        }
    }

    fn objects(
        &mut self,
        schema: Schema<'_>,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Option<Value> {
        let (old, new) = (object(live), object(config));
        if old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty) {
            return config.or(live).cloned();
        }
        let names: BTreeSet<&String> = old.into_iter().chain(new).flat_map(Map::keys).collect();
        let mut merged = Map::new();
        for name in names {
            let old = old.and_then(|fields| fields.get(name));
            let new = new.and_then(|fields| fields.get(name));
            let value = match schema.field(name) {
                Some(field) => self.below(PathElement::field(name), field, old, new),
                None => new.or(old).cloned(),
            };
            merged.extend(value.map(|value| (name.clone(), value)));
        }
        (!merged.is_empty()).then_some(Value::Object(merged))
    }

    fn lists(
        &mut self,
        list_type: ListType,
        schema: Schema<'_>,
        live: Option<&Value>,
        config: Option<&Value>,
    ) -> Option<Value> {
        let old = live
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let new = config
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        if old.is_empty() && new.is_empty() {
            return config.or(live).cloned();
        }
        let old = self.items(list_type, schema, old, true);
        let new = self.items(list_type, schema, new, false);
        let order = merged_order(&old, &new);
        let mut merged = Vec::with_capacity(order.len());
        for (element, old_item) in order {
            let live = match old_item {
                Some(item) => Some(item),
                None => old.only(&element),
            };
            let config = new.only(&element);
            merged.extend(self.below(element, schema.items(), live, config));
        }
        (!merged.is_empty()).then_some(Value::Array(merged))
    }

    fn items<'v>(
        &mut self,
        list_type: ListType,
        schema: Schema<'_>,
        items: &'v [Value],
        allow_doubled: bool,
    ) -> Items<'v> {
        let mut indexed = Items {
            row: Vec::with_capacity(items.len()),
            known: BTreeMap::new(),
        };
        for (index, item) in items.iter().enumerate() {
            match item_element(list_type, schema, index, item) {
                Err(problem) => self.error(format!("element {index}: {problem}")),
                Ok(element) => {
                    if indexed.known.contains_key(&element) && !allow_doubled {
                        self.error(format!("duplicate entries for key {element}"));
                        continue;
                    }
                    let known = indexed.known.entry(element.clone());
                    // An item that is there twice cannot be merged with.
                    known.and_modify(|only| *only = None).or_insert(Some(item));
                    indexed.row.push((element, item));
                }
            }
        }
        indexed
    }

    fn error(&mut self, message: String) {
        self.errors.push(TypedError {
            path: self.path.clone(),
            message,
        });
    }
}

/// The items of a list by what tells them apart.
struct Items<'v> {
    row: Vec<(PathElement, &'v Value)>,
    known: BTreeMap<PathElement, Option<&'v Value>>,
}

impl<'v> Items<'v> {
    fn has(&self, element: &PathElement) -> bool {
        self.known.contains_key(element)
    }

    fn only(&self, element: &PathElement) -> Option<&'v Value> {
        self.known.get(element).copied().flatten()
    }
}

/// Returns the items in the order of the merged list: the applied order holds among applied items,
/// live items stay near their place. Live items that are not applied come with their value.
fn merged_order<'v>(old: &Items<'v>, new: &Items<'v>) -> Vec<(PathElement, Option<&'v Value>)> {
    let mut shared = new
        .row
        .iter()
        .map(|(element, _)| element)
        .filter(|e| old.has(e));
    let mut next_shared = shared.next();
    let mut merged: BTreeSet<&PathElement> = BTreeSet::new();
    let mut order = Vec::new();
    let (mut at_old, mut at_new) = (0, 0);
    loop {
        let old_item = old.row.get(at_old);
        let new_item = new.row.get(at_new);
        match (old_item, new_item) {
            (None, None) => return order,
            (Some((left, _)), Some((right, _))) if left == right => {
                merged.insert(right);
                order.push((right.clone(), None));
                (at_old, at_new) = (at_old + 1, at_new + 1);
                next_shared = shared.next();
                continue;
            }
            (Some((left, _)), Some(_))
                if new.has(left) && next_shared.is_some_and(|next| next != left) =>
            {
                // It is applied, but its turn comes later.
                at_old += 1;
                continue;
            }
            _ => {}
        }
        if let Some((left, value)) = old_item {
            if !new.has(left) {
                order.push((left.clone(), Some(*value)));
                at_old += 1;
                continue;
            }
            if merged.contains(left) {
                at_old += 1;
            }
        }
        if let Some((right, _)) = new_item {
            merged.insert(right);
            order.push((right.clone(), None));
            at_new += 1;
            if next_shared == Some(right) {
                next_shared = shared.next();
            }
        }
    }
}
