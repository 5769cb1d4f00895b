//! Ownership after create, update and patches.

use serde_json::{Value, json};

use super::conflict::{ApplyConflict, Conflict};
use super::managed::{ManagedEntry, ManagedFields, Operation};
use super::normal::normalize;
use super::{Reset, Writer};
use crate::fields::{FieldPath, FieldSet};
use crate::schema::Schema;
use crate::typed::{Comparison, compare, is_shallow};

/// Returns `metadata.managedFields` after a write that is no apply.
///
/// `before` is the live object, `None` on create. `after` is what will be stored; its own
/// `managedFields` are what the client sent: an empty list or one with an empty entry (`[{}]`) wipes all
/// entries, none or unreadable ones mean those of `before`.
pub fn managed_fields_after_update(
    schema: Schema<'_>,
    before: Option<&Value>,
    after: &Value,
    writer: &Writer<'_>,
) -> Value {
    if is_reset(after) {
        return json!([]);
    }
    let managed = sent_or_live(before, after, writer);
    // Nobody is tracked on an object that was left to nobody, until somebody applies it.
    if before.is_some() && is_untracked(&managed, writer) {
        return managed.to_value();
    }
    let unmanaged = |object: Option<&Value>| {
        let mut object = object.cloned().unwrap_or_else(|| json!({}));
        strip_managed_fields(&mut object);
        object
    };
    let (before, after) = (unmanaged(before), unmanaged(Some(after)));

    update(schema, &before, &after, managed, writer).to_value()
}

/// A client that sends an empty list, or one empty entry, wants nobody to own anything.
fn is_reset(after: &Value) -> bool {
    let sent = after
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    sent.is_some_and(|list| list.len() <= 1 && list.iter().all(|entry| *entry == json!({})))
}

/// Through `scale` an API server sees the owners of the replicas alone.
fn is_untracked(managed: &ManagedFields, writer: &Writer<'_>) -> bool {
    let replicas = FieldPath::of_fields(["spec", "replicas"]);
    let is_seen =
        |entry: &ManagedEntry| writer.subresource != "scale" || entry.fields.contains(&replicas.0);
    !managed.0.iter().any(is_seen)
}

fn sent_or_live(before: Option<&Value>, after: &Value, writer: &Writer<'_>) -> ManagedFields {
    let live = || {
        let live = before.map(ManagedFields::of_object);
        live.and_then(Result::ok).unwrap_or_default()
    };
    if !writer.subresource.is_empty() {
        return live();
    }
    match ManagedFields::of_object(after) {
        Ok(sent) if !sent.0.is_empty() => sent,
        _ => live(),
    }
}

pub(super) fn strip_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// Gives the writer what it changed and takes it from everybody else.
pub(super) fn update(
    schema: Schema<'_>,
    before: &Value,
    after: &Value,
    mut managed: ManagedFields,
    writer: &Writer<'_>,
) -> ManagedFields {
    if !is_shallow(before) || !is_shallow(after) {
        return managed;
    }
    let comparison = compare_filled(schema, before, after, &writer.reset);
    settle(&mut managed, &comparison, None);
    let gained = comparison.modified.union(&comparison.added);
    let fields = untracked_removed(&writer.reset.filter(gained));
    if !fields.is_empty() {
        managed.add(ManagedEntry {
            manager: writer.manager.to_owned(),
            operation: Operation::Update,
            api_version: writer.api_version.to_owned(),
            // What comes through `scale` has no time.
            time: (writer.subresource != "scale").then(|| writer.now.to_owned()),
            subresource: writer.subresource.to_owned(),
            fields,
        });
    }
    managed.cap_updaters();
    managed
}

/// Compares two objects in the form the API server has them in memory.
fn compare_filled(schema: Schema<'_>, before: &Value, after: &Value, reset: &Reset) -> Comparison {
    let filled = |object: &Value| {
        let mut object = object.clone();
        if !schema.is_custom() {
            normalize(schema, &mut object);
        }
        object
    };
    compare(schema, &filled(before), &filled(after)).map(|set| reset.filter(set))
}

/// Takes changed fields from their owners; `except` keeps its own.
pub(super) fn settle(
    managed: &mut ManagedFields,
    comparison: &Comparison,
    except: Option<&ManagedEntry>,
) {
    let changed = comparison.modified.union(&comparison.added);
    let lost = changed.union(&comparison.removed);
    for entry in &mut managed.0 {
        if except.is_some_and(|except| except.same_manager(entry)) {
            continue;
        }
        entry.fields = entry.fields.difference(&lost);
    }
    managed.0.retain(|entry| !entry.fields.is_empty());
}

/// Lists the fields others own among those that are changed or added.
pub(super) fn conflicts(
    managed: &ManagedFields,
    comparison: &Comparison,
    applier: &ManagedEntry,
) -> Option<ApplyConflict> {
    let changed = comparison.modified.union(&comparison.added);
    let others = managed
        .0
        .iter()
        .filter(|entry| !entry.same_manager(applier));
    let conflicts = others.flat_map(|entry| {
        let paths = entry.fields.intersection(&changed).paths();
        paths.into_iter().map(|path| Conflict::new(entry, path))
    });
    let mut conflicts: Vec<Conflict> = conflicts.collect();
    conflicts.sort_by(|a, b| a.manager.cmp(&b.manager));
    (!conflicts.is_empty()).then_some(ApplyConflict { conflicts })
}

/// Drops what nobody owns: the object's identity and what the API server writes itself.
pub(super) fn untracked_removed(set: &FieldSet) -> FieldSet {
    const METADATA: [&str; 9] = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let untracked = [&["apiVersion"][..], &["kind"], &["metadata"]].into_iter();
    let mut paths: Vec<FieldPath> = untracked
        .map(|path| FieldPath::of_fields(path.iter().copied()))
        .collect();
    paths.extend(METADATA.map(|name| FieldPath::of_fields(["metadata", name])));
    set.difference(&FieldSet::of_paths(paths))
}
