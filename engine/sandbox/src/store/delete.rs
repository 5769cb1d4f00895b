//! Deleting: finalizers, grace periods and preconditions (`rest.BeforeDelete`).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::write::{Draft, bump_generation, is_empty};
use super::{Resource, State, Store, object, resources};
use crate::clock;
use crate::refusal::Refusal;

/// What becomes of the objects that an object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They go after it.
    Background,
    /// They go first.
    Foreground,
    /// They stay, without the owner.
    Orphan,
}

/// How to delete (`metav1.DeleteOptions`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds a pod has to stop; its own setting when absent.
    pub grace: Option<i64>,
    /// What becomes of the owned objects.
    pub propagation: Option<Propagation>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The resourceVersion the object must have.
    pub resource_version: Option<String>,
    /// Answer as if, and change nothing.
    pub dry_run: bool,
}

impl DeleteOptions {
    /// Deletes at once, without a grace period.
    pub fn now() -> Self {
        Self {
            grace: Some(0),
            ..Self::default()
        }
    }
}

/// What a deletion led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Value>),
    /// The object waits for finalizers or for its grace period.
    Terminating(Arc<Value>),
}

/// The finalizer that keeps an owner until its blocking dependents are gone.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that keeps an owner until its dependents no longer name it.
pub const ORPHAN: &str = "orphan";

impl Store {
    /// Deletes an object, or marks it when something holds it back.
    pub fn delete(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, Refusal> {
        let mut state = self.write();
        let Some(current) = state.get(resource, namespace, name).cloned() else {
            return Err(Refusal::not_found(resource, name));
        };
        preconditions(resource, &current, options)?;
        let after = self.marked(resource, &current, options);
        if object::is_terminating(&after) && !is_empty(resource, &after) {
            return self.keep(&mut state, resource, current, after, options);
        }
        // Pods are marked even when they go at once; of everything else the last state is the one
        // before the deletion.
        let last = if resource == &resources::PODS {
            Arc::new(after)
        } else {
            current
        };
        if options.dry_run {
            return Ok(Deleted::Gone(last));
        }
        let draft = Draft {
            resource: resource.clone(),
            before: Some(last),
            after: None,
        };
        self.commit_one(&mut state, draft).map(Deleted::Gone)
    }

    fn keep(
        &self,
        state: &mut State,
        resource: &Resource,
        current: Arc<Value>,
        after: Value,
        options: &DeleteOptions,
    ) -> Result<Deleted, Refusal> {
        if after == *current {
            return Ok(Deleted::Terminating(current));
        }
        if options.dry_run {
            return Ok(Deleted::Terminating(Arc::new(after)));
        }
        let draft = Draft {
            resource: resource.clone(),
            before: Some(current),
            after: Some(after),
        };
        self.commit_one(state, draft).map(Deleted::Terminating)
    }

    /// Returns the object as a deletion marks it.
    fn marked(&self, resource: &Resource, current: &Value, options: &DeleteOptions) -> Value {
        let mut after = current.clone();
        propagate(&mut after, options.propagation);
        let grace = grace(resource, current, options.grace);
        let earlier = current
            .pointer("/metadata/deletionGracePeriodSeconds")
            .and_then(Value::as_i64);
        let first = !object::is_terminating(current);
        if first || earlier.is_some_and(|earlier| grace < earlier) {
            let seconds = Duration::from_secs(grace.unsigned_abs());
            let moment = clock::seconds(clock::later(self.clock().now(), seconds));
            let metadata = object::metadata_mut(&mut after);
            metadata.insert("deletionTimestamp".to_owned(), moment.into());
            if resource != &resources::NAMESPACES {
                metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
            }
            if first {
                bump_generation(&mut after);
            }
        }
        if resource == &resources::NAMESPACES {
            object::member_mut(&mut after, "status")
                .insert("phase".to_owned(), "Terminating".into());
        }
        after
    }
}

fn preconditions(
    resource: &Resource,
    current: &Value,
    options: &DeleteOptions,
) -> Result<(), Refusal> {
    let name = object::name(current);
    let checks = [
        ("UID", &options.uid, object::uid(current)),
        (
            "ResourceVersion",
            &options.resource_version,
            object::resource_version(current),
        ),
    ];
    for (what, wanted, actual) in checks {
        let Some(wanted) = wanted else { continue };
        if wanted != actual {
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {actual}"
            );
            return Err(Refusal::conflict(resource, name, why));
        }
    }
    Ok(())
}

/// Sets the finalizer of a propagation policy and removes that of the other.
fn propagate(object: &mut Value, propagation: Option<Propagation>) {
    let Some(propagation) = propagation else {
        return;
    };
    let mut finalizers: Vec<String> = object::finalizers(object)
        .into_iter()
        .filter(|finalizer| ![FOREGROUND, ORPHAN].contains(finalizer))
        .map(str::to_owned)
        .collect();
    match propagation {
        Propagation::Background => {}
        Propagation::Foreground => finalizers.push(FOREGROUND.to_owned()),
        Propagation::Orphan => finalizers.push(ORPHAN.to_owned()),
    }
    let metadata = object::metadata_mut(object);
    let value = if finalizers.is_empty() {
        Value::Null
    } else {
        json!(finalizers)
    };
    object::set(metadata, "finalizers", value);
}

/// Returns the seconds a deletion waits: only pods on a node that have not ended wait at all.
fn grace(resource: &Resource, current: &Value, wanted: Option<i64>) -> i64 {
    if resource != &resources::PODS {
        return 0;
    }
    let ended = ["Succeeded", "Failed"].contains(&object::text(current, "/status/phase"));
    if ended || object::text(current, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = current
        .pointer("/spec/terminationGracePeriodSeconds")
        .and_then(Value::as_i64);
    wanted.or(own).unwrap_or(30).max(0)
}
