//! Creating and changing objects, with the rules of `ObjectMeta` (`registry/rest`,
//! `registry/generic`).

use std::sync::Arc;

use serde_json::Value;

use super::{Change, Resource, State, Store, object};
use crate::clock;
use crate::refusal::Refusal;

/// Which part of an object a write may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
    /// Everything: for controllers and for kinds without a status subresource.
    Whole,
}

/// A change that is not numbered yet.
pub(super) struct Draft {
    pub(super) resource: Resource,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Value>,
}

/// How many generated names are tried before giving up.
const GENERATED_NAMES: usize = 8;

/// The resources of the built-in groups whose objects count generations; those of all other
/// groups are custom resources, which always do.
const WITH_GENERATION: &[&str] = &[
    "apps/daemonsets",
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "admissionregistration.k8s.io/mutatingadmissionpolicies",
    "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "admissionregistration.k8s.io/validatingadmissionpolicies",
    "admissionregistration.k8s.io/validatingadmissionpolicybindings",
    "admissionregistration.k8s.io/validatingwebhookconfigurations",
    "apiextensions.k8s.io/customresourcedefinitions",
    "batch/cronjobs",
    "batch/jobs",
    "discovery.k8s.io/endpointslices",
    "flowcontrol.apiserver.k8s.io/flowschemas",
    "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
    "networking.k8s.io/ingressclasses",
    "networking.k8s.io/ingresses",
    "networking.k8s.io/networkpolicies",
    "policy/poddisruptionbudgets",
    "scheduling.k8s.io/priorityclasses",
    "/pods",
    "/podtemplates",
    "/replicationcontrollers",
];

/// The groups the server itself serves.
pub(crate) const BUILT_IN_GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// True when objects of this resource carry `metadata.generation`.
pub fn generations(resource: &Resource) -> bool {
    if !BUILT_IN_GROUPS.contains(&resource.group()) {
        return true;
    }
    WITH_GENERATION.contains(&format!("{}/{}", resource.group(), resource.name()).as_str())
}

impl Store {
    /// Stores a new object: gives it a uid, times and, with `generateName`, a name.
    pub fn create(&self, resource: &Resource, object: Value) -> Result<Arc<Value>, Refusal> {
        self.create_with(resource, object, false)
    }

    /// Like [`Store::create`]; with `dry_run` everything but the storing happens.
    pub fn create_with(
        &self,
        resource: &Resource,
        mut object: Value,
        dry_run: bool,
    ) -> Result<Arc<Value>, Refusal> {
        self.fill_metadata(resource, &mut object);
        let mut state = self.write();
        let namespace = object::namespace(&object).to_owned();
        if object::name(&object).is_empty() {
            let name = self.generated_name(&state, resource, &namespace, &object)?;
            object::metadata_mut(&mut object).insert("name".to_owned(), name.into());
        }
        let name = object::name(&object);
        if state.get(resource, &namespace, name).is_some() {
            return Err(Refusal::already_exists(resource, name));
        }
        if dry_run {
            return Ok(Arc::new(object));
        }
        let draft = Draft {
            resource: resource.clone(),
            before: None,
            after: Some(object),
        };
        self.commit_one(&mut state, draft)
    }

    fn fill_metadata(&self, resource: &Resource, object: &mut Value) {
        let metadata = object::metadata_mut(object);
        for key in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ] {
            metadata.remove(key);
        }
        metadata.remove("resourceVersion");
        // Whoever made the object ready may have needed its uid already.
        metadata
            .entry("uid")
            .or_insert_with(|| self.ids().uid().into());
        let now = clock::seconds(self.clock().now());
        metadata.insert("creationTimestamp".to_owned(), now.into());
        if generations(resource) {
            metadata.insert("generation".to_owned(), 1.into());
        }
    }

    fn generated_name(
        &self,
        state: &State,
        resource: &Resource,
        namespace: &str,
        object: &Value,
    ) -> Result<String, Refusal> {
        let stem = object::text(object, "/metadata/generateName");
        let stem: String = stem.chars().take(58).collect();
        for _ in 0..GENERATED_NAMES {
            let name = format!("{stem}{}", self.ids().suffix(5));
            if state.get(resource, namespace, &name).is_none() {
                return Ok(name);
            }
        }
        Err(Refusal::already_exists(resource, &stem))
    }

    /// Replaces an object (or its status). A `resourceVersion` in the object must be the stored
    /// one; without one the write is unconditional.
    pub fn update(
        &self,
        resource: &Resource,
        object: Value,
        part: Part,
    ) -> Result<Arc<Value>, Refusal> {
        self.update_with(resource, object, part, false)
    }

    /// Like [`Store::update`]; with `dry_run` everything but the storing happens.
    pub fn update_with(
        &self,
        resource: &Resource,
        object: Value,
        part: Part,
        dry_run: bool,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.write();
        let (namespace, name) = (object::namespace(&object), object::name(&object));
        let Some(current) = state.get(resource, namespace, name).cloned() else {
            return Err(Refusal::not_found(resource, name));
        };
        preconditions(resource, &current, &object)?;
        self.replace(&mut state, resource, current, object, part, dry_run)
    }

    /// Reads, changes and writes an object with nobody in between.
    pub fn modify(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&mut Value) -> Result<(), Refusal>,
    ) -> Result<Arc<Value>, Refusal> {
        let mut state = self.write();
        let Some(current) = state.get(resource, namespace, name).cloned() else {
            return Err(Refusal::not_found(resource, name));
        };
        let mut object = (*current).clone();
        change(&mut object)?;
        self.replace(&mut state, resource, current, object, Part::Whole, false)
    }

    fn replace(
        &self,
        state: &mut State,
        resource: &Resource,
        current: Arc<Value>,
        object: Value,
        part: Part,
        dry_run: bool,
    ) -> Result<Arc<Value>, Refusal> {
        let after = settled(resource, &current, object, part);
        if after == *current {
            return Ok(current);
        }
        let gone = object::is_terminating(&after) && is_empty(resource, &after);
        if dry_run {
            return Ok(Arc::new(after));
        }
        if gone {
            let last = Arc::new(after);
            let draft = Draft {
                resource: resource.clone(),
                before: Some(last),
                after: None,
            };
            return self.commit_one(state, draft);
        }
        let draft = Draft {
            resource: resource.clone(),
            before: Some(current),
            after: Some(after),
        };
        self.commit_one(state, draft)
    }

    pub(super) fn commit_one(
        &self,
        state: &mut State,
        draft: Draft,
    ) -> Result<Arc<Value>, Refusal> {
        let revision = state.revision + 1;
        let change = numbered(draft, revision);
        let object = change.object().cloned().unwrap_or_default();
        let changes = [change];
        if let Some(disk) = &mut state.disk {
            disk.write(revision, &changes)?;
        }
        state.revision = revision;
        for change in changes {
            let Change {
                resource,
                namespace,
                name,
                after,
                ..
            } = &change;
            match after {
                Some(after) => state.put(resource, namespace, name, Arc::clone(after)),
                None => state.take(resource, namespace, name),
            }
            state.history.push(change);
        }
        self.0.latest.send_replace(revision);
        Ok(object)
    }
}

/// Gives a draft its revision; the last state of a deleted object carries the revision of the
/// deletion, as watchers of a real server see it.
fn numbered(draft: Draft, revision: u64) -> Change {
    let Draft {
        resource,
        before,
        after,
    } = draft;
    let stamp = |mut object: Value| {
        object::metadata_mut(&mut object)
            .insert("resourceVersion".to_owned(), revision.to_string().into());
        Arc::new(object)
    };
    let (before, after) = match after {
        Some(after) => (before, Some(stamp(after))),
        None => (
            before.map(|before| stamp(Arc::unwrap_or_clone(before))),
            None,
        ),
    };
    let subject = after
        .as_ref()
        .or(before.as_ref())
        .cloned()
        .unwrap_or_default();
    let (namespace, name) = (
        object::namespace(&subject).to_owned(),
        object::name(&subject).to_owned(),
    );
    Change {
        revision,
        resource,
        namespace,
        name,
        before,
        after,
    }
}

/// Checks the uid and the resourceVersion that a write was based on.
fn preconditions(resource: &Resource, current: &Value, object: &Value) -> Result<(), Refusal> {
    let name = object::name(current);
    let (wanted, actual) = (object::uid(object), object::uid(current));
    if !wanted.is_empty() && wanted != actual {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object \
             meta: {actual}",
            resource.name(),
            match object::namespace(current) {
                "" => String::new(),
                namespace => format!("{namespace}/"),
            }
        );
        return Err(Refusal::conflict(resource, name, why));
    }
    let wanted = object::resource_version(object);
    if !wanted.is_empty() && wanted != object::resource_version(current) {
        return Err(Refusal::modified(resource, name));
    }
    Ok(())
}

/// Returns what a write makes of the stored object: the parts it may change, the metadata only
/// the server sets, and the generation.
fn settled(resource: &Resource, current: &Value, object: Value, part: Part) -> Value {
    let mut after = match part {
        Part::Whole => object,
        Part::Main => with_member(object, "status", current.get("status")),
        Part::Status => {
            let managed = object.pointer("/metadata/managedFields").cloned();
            let mut after = with_member(current.clone(), "status", object.get("status"));
            if let Some(managed) = managed {
                object::metadata_mut(&mut after).insert("managedFields".to_owned(), managed);
            }
            after
        }
    };
    let metadata = object::metadata_mut(&mut after);
    let kept = current.get("metadata").unwrap_or(&Value::Null);
    for key in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
        "resourceVersion",
        "generation",
    ] {
        object::set(metadata, key, kept.get(key).cloned().unwrap_or_default());
    }
    if generations(resource) && has_new_spec(current, &after) {
        bump_generation(&mut after);
    }
    after
}

fn with_member(mut object: Value, key: &str, member: Option<&Value>) -> Value {
    if let Some(members) = object.as_object_mut() {
        object::set(members, key, member.cloned().unwrap_or_default());
    }
    object
}

fn has_new_spec(current: &Value, after: &Value) -> bool {
    let spec = |object: &Value| -> Vec<(String, Value)> {
        let members = object.as_object().into_iter().flatten();
        members
            .filter(|(key, _)| {
                !["metadata", "status", "apiVersion", "kind"].contains(&key.as_str())
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    match (current.get("spec"), after.get("spec")) {
        (Some(current), Some(after)) if current != after => true,
        _ => spec(current) != spec(after),
    }
}

pub(super) fn bump_generation(object: &mut Value) {
    let metadata = object::metadata_mut(object);
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
        metadata.insert("generation".to_owned(), (generation + 1).into());
    }
}

/// True when nothing holds a terminating object back any more.
pub(super) fn is_empty(resource: &Resource, object: &Value) -> bool {
    let held_by_pod = resource == &super::resources::PODS
        && object
            .pointer("/metadata/deletionGracePeriodSeconds")
            .and_then(Value::as_i64)
            .is_some_and(|grace| grace > 0);
    let held_by_namespace = resource == &super::resources::NAMESPACES
        && !object::list(object, "/spec/finalizers").is_empty();
    object::finalizers(object).is_empty() && !held_by_pod && !held_by_namespace
}
