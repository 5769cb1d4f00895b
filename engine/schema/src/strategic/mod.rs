//! Strategic merge patch (`application/strategic-merge-patch+json`).
//!
//! Lists whose patch strategy is `merge` are merged item by item; directives (`$patch`,
//! `$retainKeys`, `$setElementOrder/...`, `$deleteFromPrimitiveList/...`) say what plain JSON cannot.
//! Custom resources have no strategies; an API server answers 415 for them.

mod order;

use serde_json::{Map, Value};

use crate::go_text::{go_print, go_type};
use crate::schema::Schema;
use crate::typed::{MAX_DEPTH, equal, is_shallow};
use order::{ordered, same_item};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";

/// A patch that cannot be applied (the API server answers 500 with the same words).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// `$patch` has an unknown word.
    #[error("unknown patch type: {word} in map: {map}")]
    UnknownDirective {
        /// The word.
        word: String,
        /// The part of the patch it stands in.
        map: String,
    },
    /// `$patch: merge` in a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// An item of a merging list lacks the field that tells items apart.
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item.
        item: String,
        /// The field.
        key: String,
    },
    /// The items of a merging list stand in another order than `$setElementOrder` says.
    #[error("The order in patch list:\n{items}\n doesn't match {directive} list:\n{order}\n")]
    WrongOrder {
        /// The items.
        items: String,
        /// The directive.
        directive: &'static str,
        /// The order it wants.
        order: String,
    },
    /// `$setElementOrder` is no list.
    #[error("expected a []interface {{}}, but received a {0}")]
    OrderIsNoList(&'static str),
    /// `$retainKeys` is no list, or the patch sets a field it does not keep (400).
    #[error("invalid patch format of retainKeys")]
    BadRetainKeys,
    /// The patch or the live object is no object (400).
    #[error("the {0} must be an object")]
    NotAnObject(&'static str),
    /// The object or the patch is nested too deeply.
    #[error("the patch or the object is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Returns the live object with the patch applied.
pub fn strategic_merge_patch(
    schema: Schema<'_>,
    live: &Value,
    patch: &Value,
) -> Result<Value, StrategicError> {
    if !is_shallow(live) || !is_shallow(patch) {
        return Err(StrategicError::TooDeep);
    }
    let live = live
        .as_object()
        .ok_or(StrategicError::NotAnObject("live object"))?;
    let patch = patch
        .as_object()
        .ok_or(StrategicError::NotAnObject("patch"))?;
    Ok(Value::Object(merge_objects(schema, live.clone(), patch)?))
}

impl StrategicError {
    /// Returns the HTTP status an API server answers with.
    pub const fn code(&self) -> u16 {
        match self {
            Self::BadRetainKeys | Self::NotAnObject(_) | Self::TooDeep => 400,
            Self::UnknownDirective { .. }
            | Self::MergeDirective
            | Self::NoMergeKey { .. }
            | Self::WrongOrder { .. }
            | Self::OrderIsNoList(_) => 500,
        }
    }
}

fn unknown_directive(word: &Value, map: &Value) -> StrategicError {
    StrategicError::UnknownDirective {
        word: go_print(word),
        map: go_print(map),
    }
}

fn as_order(order: &Value) -> Result<&[Value], StrategicError> {
    match order {
        Value::Array(order) => Ok(order),
        other => Err(StrategicError::OrderIsNoList(go_type(other))),
    }
}

fn merge_objects(
    schema: Schema<'_>,
    mut live: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, StrategicError> {
    match patch.get(PATCH) {
        None => {}
        Some(Value::String(word)) if word == "delete" => return Ok(Map::new()),
        Some(Value::String(word)) if word == "replace" => {
            let mut replacement = patch.clone();
            replacement.remove(PATCH);
            return Ok(replacement);
        }
        Some(other) => return Err(unknown_directive(other, &Value::Object(patch.clone()))),
    }
    retain_keys(&mut live, patch)?;
    delete_primitives(&mut live, patch);
    for (name, change) in patch.iter().filter(|(name, _)| !is_directive(name)) {
        let order = patch.get(&format!("{SET_ORDER}{name}"));
        merge_field(schema.field(name), &mut live, name, change, order)?;
    }
    for (directive, order) in patch {
        let Some(name) = directive.strip_prefix(SET_ORDER) else {
            continue;
        };
        if !patch.contains_key(name) {
            reorder(schema.field(name), &mut live, name, order)?;
        }
    }
    Ok(live)
}

fn is_directive(name: &str) -> bool {
    name == PATCH
        || name == RETAIN_KEYS
        || name.starts_with(SET_ORDER)
        || name.starts_with(DELETE_PRIMITIVES)
}

fn retain_keys(
    live: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<(), StrategicError> {
    let Some(kept) = patch.get(RETAIN_KEYS) else {
        return Ok(());
    };
    let kept = kept.as_array().ok_or(StrategicError::BadRetainKeys)?;
    let is_kept = |name: &str| kept.iter().any(|kept| kept == name);
    let mut sets = patch
        .iter()
        .filter(|(name, change)| !is_directive(name) && !change.is_null());
    if !sets.all(|(name, _)| is_kept(name)) {
        return Err(StrategicError::BadRetainKeys);
    }
    live.retain(|name, _| is_kept(name));
    Ok(())
}

fn delete_primitives(live: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (directive, gone) in patch {
        let Some(name) = directive.strip_prefix(DELETE_PRIMITIVES) else {
            continue;
        };
        let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(Value::Array(items)) = live.get_mut(name) {
            items.retain(|item| !gone.iter().any(|gone| equal(gone, item)));
        }
    }
}

fn merge_field(
    schema: Option<Schema<'_>>,
    live: &mut Map<String, Value>,
    name: &str,
    change: &Value,
    order: Option<&Value>,
) -> Result<(), StrategicError> {
    if change.is_null() {
        live.remove(name);
        return Ok(());
    }
    let old = live.get_mut(name).map(Value::take);
    let new = match (schema, old, change) {
        (Some(schema), Some(Value::Object(old)), Value::Object(change))
            if schema.patch_strategy() != "replace" =>
        {
            Value::Object(merge_objects(schema, old, change)?)
        }
        (Some(schema), Some(Value::Array(old)), Value::Array(change)) if schema.patch_merges() => {
            let order = order.map(as_order).transpose()?;
            Value::Array(merge_lists(schema, &old, change, order)?)
        }
        // There is nothing to replace or to delete from.
        (_, _, change) if change.get(PATCH).is_some() => {
            live.remove(name);
            return Ok(());
        }
        (_, _, change) => without_directives(change),
    };
    live.insert(name.to_owned(), new);
    Ok(())
}

fn reorder(
    schema: Option<Schema<'_>>,
    live: &mut Map<String, Value>,
    name: &str,
    order: &Value,
) -> Result<(), StrategicError> {
    let order = as_order(order)?;
    let Some(schema) = schema.filter(|schema| schema.patch_merges()) else {
        return Ok(());
    };
    if let Some(Value::Array(items)) = live.get_mut(name) {
        *items = ordered(std::mem::take(items), order, None, schema.patch_merge_key());
    }
    Ok(())
}

fn merge_lists(
    schema: Schema<'_>,
    live: &[Value],
    patch: &[Value],
    order: Option<&[Value]>,
) -> Result<Vec<Value>, StrategicError> {
    let Some(key) = schema.patch_merge_key() else {
        let mut merged: Vec<Value> = Vec::new();
        for item in live.iter().chain(patch) {
            if !merged.iter().any(|known| equal(known, item)) {
                merged.push(item.clone());
            }
        }
        return Ok(ordered(merged, order.unwrap_or(patch), Some(live), None));
    };
    let mut merged = live.to_vec();
    let mut plain_items = Vec::new();
    let mut replaces = false;
    for item in patch {
        match item.get(PATCH) {
            None => plain_items.push(item.clone()),
            Some(Value::String(word)) if word == "delete" => {
                need_key(item, key)?;
                merged.retain(|known| !same_item(known, item, Some(key)));
            }
            Some(Value::String(word)) if word == "replace" => replaces = true,
            Some(Value::String(word)) if word == "merge" => {
                return Err(StrategicError::MergeDirective);
            }
            Some(other) => return Err(unknown_directive(other, item)),
        }
    }
    if let Some(order) = order {
        check_order(&plain_items, order, key)?;
    }
    if replaces {
        return Ok(plain_items);
    }
    for item in &plain_items {
        need_key(item, key)?;
        merge_item(schema, &mut merged, item, key)?;
    }
    Ok(ordered(
        merged,
        order.unwrap_or(&plain_items),
        Some(live),
        Some(key),
    ))
}

/// The items of a patch must come in the order they are to have.
fn check_order(items: &[Value], order: &[Value], key: &str) -> Result<(), StrategicError> {
    let mut rest = order.iter();
    let follows = |item: &Value| rest.any(|wanted| same_item(wanted, item, Some(key)));
    if items.iter().all(follows) {
        return Ok(());
    }
    let print = |list: &[Value]| go_print(&Value::Array(list.to_vec()));
    let (items, order) = (print(items), print(order));
    Err(StrategicError::WrongOrder {
        items,
        directive: "$setElementOrder",
        order,
    })
}

fn need_key(item: &Value, key: &str) -> Result<(), StrategicError> {
    if item.get(key).is_some() {
        return Ok(());
    }
    Err(StrategicError::NoMergeKey {
        item: go_print(item),
        key: key.to_owned(),
    })
}

fn merge_item(
    schema: Schema<'_>,
    merged: &mut Vec<Value>,
    item: &Value,
    key: &str,
) -> Result<(), StrategicError> {
    let known = merged
        .iter_mut()
        .find(|known| same_item(known, item, Some(key)));
    match (known, item) {
        (Some(Value::Object(known)), Value::Object(item)) => {
            *known = merge_objects(schema.items(), std::mem::take(known), item)?;
        }
        _ => merged.push(without_directives(item)),
    }
    Ok(())
}

/// Returns a value for a place that has none yet: there is nothing to remove or to keep.
fn without_directives(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter(|(name, field)| !is_directive(name) && !field.is_null());
            kept.map(|(name, field)| (name.clone(), without_directives(field)))
                .collect()
        }
        Value::Array(items) => {
            let is_command = |item: &&Value| item.get(PATCH).is_some();
            items
                .iter()
                .filter(|item| !is_command(item))
                .map(without_directives)
                .collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
