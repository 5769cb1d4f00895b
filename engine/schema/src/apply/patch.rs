//! Server-side apply.

use serde_json::{Value, json};

use super::conflict::ApplyConflict;
use super::kubectl::{KUBECTL, update_last_applied, without_last_applied};
use super::managed::{ManagedEntry, ManagedFields, Operation};
use super::update::{conflicts, settle, strip_managed_fields, untracked_removed, update};
use super::{Reset, Writer};
use crate::fields::FieldSet;
use crate::schema::Schema;
use crate::typed::{
    self, TypedError, compare, equal, field_set, is_shallow, merge, print_errors, validate,
    with_named_parents,
};

/// What an apply leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object with its `metadata.managedFields`, before defaulting and validation.
    pub object: Value,
    /// Whether anything but `managedFields` differs from the live object.
    pub changed: bool,
    /// Whether anybody owns other fields than before.
    pub owners_changed: bool,
}

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields that would change (409 `Conflict`).
    #[error(transparent)]
    Conflict(#[from] ApplyConflict),
    /// The configuration does not fit the schema (500 in the API server); the message says it all.
    #[error("failed to create typed patch object ({object}; {kind}): {problems}")]
    Untyped {
        /// Namespace and name.
        object: String,
        /// The kind: `apps/v1, Kind=Deployment`.
        kind: String,
        /// What does not fit.
        problems: String,
    },
    /// The live object cannot be merged with (500).
    #[error("failed to merge: {0}")]
    Unmergeable(String),
    /// The configuration brings its own `managedFields` (400 `BadRequest`).
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsSent,
    /// The configuration is of another version than the request (400 `BadRequest`).
    #[error("invalid object type: {sent}")]
    WrongVersion {
        /// The kind of the configuration: `apps/v1, Kind=Deployment`.
        sent: String,
    },
    /// One of the objects is nested too deeply.
    #[error("the object is nested deeper than {} levels", typed::MAX_DEPTH)]
    TooDeep,
}

/// Applies a configuration to a live object, or to nothing, as `PATCH` with
/// `application/apply-patch+yaml` does.
///
/// Fields this manager applied before and does not name any more go away, unless somebody else owns
/// them. Fields others own are conflicts, or change hands with `force`.
pub fn server_side_apply(
    schema: Schema<'_>,
    live: Option<&Value>,
    config: &Value,
    force: bool,
    writer: &Writer<'_>,
) -> Result<Applied, ApplyError> {
    check(schema, live, config, writer)?;
    let mut unmanaged = live.cloned().unwrap_or_else(|| empty(config));
    strip_managed_fields(&mut unmanaged);
    let known = live
        .map(ManagedFields::of_object)
        .and_then(Result::ok)
        .unwrap_or_default();
    let managed = owners_before_first_apply(schema, live, &unmanaged, known.clone(), writer);

    let applied = match apply(schema, &unmanaged, config, managed.clone(), force, writer) {
        Err(ApplyError::Conflict(conflict)) if writer.manager == KUBECTL => {
            if let Some(conflict) = without_last_applied(schema, &unmanaged, conflict) {
                return Err(conflict.into());
            }
            apply(schema, &unmanaged, config, managed, true, writer)?
        }
        other => other?,
    };
    let mut applied = finish(live, &unmanaged, &known, applied);
    if writer.manager == KUBECTL {
        update_last_applied(&mut applied.object, config);
    }
    Ok(applied)
}

fn check(
    schema: Schema<'_>,
    live: Option<&Value>,
    config: &Value,
    writer: &Writer<'_>,
) -> Result<(), ApplyError> {
    if !is_shallow(config) || live.is_some_and(|live| !is_shallow(live)) {
        return Err(ApplyError::TooDeep);
    }
    let text = |pointer| {
        config
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if text("/apiVersion") != writer.api_version {
        return Err(ApplyError::WrongVersion {
            sent: format!("{}, Kind={}", text("/apiVersion"), text("/kind")),
        });
    }
    if config
        .pointer("/metadata/managedFields")
        .is_some_and(|sent| !sent.is_null())
    {
        return Err(ApplyError::ManagedFieldsSent);
    }
    let problems = validate(schema, config, false);
    if problems.is_empty() {
        return Ok(());
    }
    Err(untyped(config, &problems))
}

fn untyped(config: &Value, problems: &[TypedError]) -> ApplyError {
    let text = |pointer| {
        config
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let namespace = text("/metadata/namespace");
    ApplyError::Untyped {
        object: format!("{namespace}/{}", text("/metadata/name")),
        kind: format!("{}, Kind={}", text("/apiVersion"), text("/kind")),
        problems: print_errors(problems),
    }
}

/// A new object starts as its kind and nothing else.
fn empty(config: &Value) -> Value {
    json!({"apiVersion": config["apiVersion"], "kind": config["kind"]})
}

/// What was there before anybody was recorded belongs to `before-first-apply`.
fn owners_before_first_apply(
    schema: Schema<'_>,
    live: Option<&Value>,
    unmanaged: &Value,
    managed: ManagedFields,
    writer: &Writer<'_>,
) -> ManagedFields {
    if live.is_none() || !managed.0.is_empty() {
        return managed;
    }
    let nobody = Writer {
        manager: "before-first-apply",
        ..writer.clone()
    };
    update(schema, &empty(unmanaged), unmanaged, managed, &nobody)
}

struct Outcome {
    object: Value,
    managed: ManagedFields,
}

fn apply(
    schema: Schema<'_>,
    live: &Value,
    config: &Value,
    mut managed: ManagedFields,
    force: bool,
    writer: &Writer<'_>,
) -> Result<Outcome, ApplyError> {
    let merged = merge(schema, live, config)
        .map_err(|problems| ApplyError::Unmergeable(print_errors(&problems)))?;
    let mut entry = ManagedEntry {
        manager: writer.manager.to_owned(),
        operation: Operation::Apply,
        api_version: writer.api_version.to_owned(),
        time: Some(writer.now.to_owned()),
        subresource: writer.subresource.to_owned(),
        fields: writer.reset.filter(field_set(schema, config)),
    };
    let last = managed.position(&entry).map(|at| managed.0.remove(at));
    managed.0.push(entry.clone());
    let object = match &last {
        // Whoever names all that was named before removes nothing.
        Some(last) if last.fields.difference(&entry.fields).is_empty() => merged,
        Some(last) => pruned(schema, &merged, &managed, &last.fields, &writer.reset),
        None => merged,
    };
    // The time is that of the last change of the object, not of the last request.
    if equal(live, &object) {
        entry.time = last.as_ref().and_then(|last| last.time.clone());
    }
    // Both come from the same live object, so both are in its form.
    let comparison = compare(schema, live, &object).map(|set| writer.reset.filter(set));
    if let Some(conflict) = conflicts(&managed, &comparison, &entry).filter(|_| !force) {
        return Err(conflict.into());
    }
    settle(&mut managed, &comparison, Some(&entry));
    entry.fields = untracked_removed(&entry.fields);
    managed.0.retain(|known| !known.same_manager(&entry));
    if !entry.fields.is_empty() || last.is_some() {
        managed.0.push(entry.clone());
    }
    managed.0.retain(|known| !known.fields.is_empty());
    Ok(Outcome { object, managed })
}

/// Removes what the manager applied last time and nobody owns now.
fn pruned(
    schema: Schema<'_>,
    merged: &Value,
    managed: &ManagedFields,
    last: &FieldSet,
    reset: &Reset,
) -> Value {
    let last = reset.filter(last.clone());
    if last.is_empty() {
        return merged.clone();
    }
    let named = |set: &FieldSet| with_named_parents(Some(schema), set);
    let last = named(&last);
    let pruned = typed::remove(schema, merged, &last);

    let owned = managed
        .0
        .iter()
        .fold(FieldSet::default(), |all, e| all.union(&e.fields));
    let in_merged = named(&field_set(schema, merged));
    let kept = named(&field_set(schema, &pruned)).union(&named(&owned));
    let pruned = typed::remove(schema, merged, &in_merged.difference(&kept));

    // Only what the manager had can go with it.
    let in_pruned = named(&field_set(schema, &pruned));
    typed::remove(
        schema,
        merged,
        &in_merged.difference(&in_pruned).intersection(&last),
    )
}

fn finish(
    live: Option<&Value>,
    unmanaged: &Value,
    known: &ManagedFields,
    outcome: Outcome,
) -> Applied {
    let Outcome {
        mut object,
        managed,
    } = outcome;
    let changed = live.is_none() || !equal(unmanaged, &object);
    let owners_changed = !managed.same_owners(known);
    if let Some(object) = object.as_object_mut() {
        let metadata = object.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut().filter(|_| !managed.0.is_empty()) {
            metadata.insert("managedFields".to_owned(), managed.to_value());
        }
    }
    Applied {
        object,
        changed,
        owners_changed,
    }
}
