//! Whether the workloads of an instance do what they are there for, after its plans have ended (KEP-34,
//! kudo-spec 5.5).
//!
//! [`of_objects`] judges objects by the rules of [`health`](crate::health). What an owner speaks for is
//! not judged beside it: a `Deployment` speaks for its `ReplicaSet`s and pods. Pods of Jobs, those that
//! have succeeded and those of Pipe tasks do not count; KUDO called instances with such pods broken.

use std::collections::BTreeMap;

use kube::api::{DynamicObject, ListParams};
use serde_json::Value;

use crate::{
    api::{
        Instance,
        instance::ExecutionStatus,
        names::{
            ANNOTATION_PIPE_POD, ANNOTATION_SKIP_READINESS, HERITAGE_KUDO, LABEL_HERITAGE,
            LABEL_INSTANCE,
        },
    },
    cluster::{Cluster, ClusterError, Kind, kinds},
    health::{Health, judge, pods::troubles, text},
};

/// Whether all workloads of an instance are healthy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Readiness {
    /// All are, or there are none.
    Ready,
    /// Some are not; the text says which and why.
    NotReady(String),
}

impl Readiness {
    /// Returns status, reason and message of the condition `Ready`.
    pub fn condition(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Ready => ("True", "ResourcesReady", ""),
            Self::NotReady(why) => ("False", "ResourceNotReady", why),
        }
    }

    /// Returns whether the condition `Ready` of an instance says so already.
    pub fn is_written(&self, instance: &Instance) -> bool {
        let conditions = instance.status.as_ref().map(|status| &status.conditions);
        let known = conditions
            .into_iter()
            .flatten()
            .find(|one| one.type_ == "Ready");
        known.is_some_and(|known| {
            (
                known.status.as_str(),
                known.reason.as_str(),
                known.message.as_str(),
            ) == self.condition()
        })
    }
}

/// Returns whether the condition `Ready` of an instance follows from its workloads now.
///
/// Not while a plan is scheduled, which decides itself, and not after one that failed: KUDO overwrote
/// `PlanInFatalError` at once (kudo-spec 9.1, 3). A child's readiness is its own.
pub fn is_computed(instance: &Instance) -> bool {
    let Some(status) = &instance.status else {
        return false;
    };
    let has_run = status.plan_status.values().any(|plan| {
        matches!(
            plan.status,
            ExecutionStatus::Complete | ExecutionStatus::FatalError
        )
    });
    let last = status.last_plan.as_ref().map(|last| last.status);
    has_run
        && last.is_none_or(|last| last == ExecutionStatus::Complete)
        && !instance.spec.plan_execution.is_scheduled()
        && instance.metadata.deletion_timestamp.is_none()
}

/// Returns the kinds that count, in KUDO's order.
pub fn kinds() -> [Kind; 5] {
    [
        kinds::namespaced("apps", "v1", "Deployment", "deployments"),
        kinds::namespaced("apps", "v1", "StatefulSet", "statefulsets"),
        kinds::namespaced("apps", "v1", "ReplicaSet", "replicasets"),
        kinds::namespaced("apps", "v1", "DaemonSet", "daemonsets"),
        kinds::namespaced("", "v1", "Pod", "pods"),
    ]
}

/// Returns the label selector of everything that may count.
pub fn selector() -> String {
    format!("{LABEL_HERITAGE}={HERITAGE_KUDO},{LABEL_INSTANCE}")
}

/// Returns the objects that may count in a namespace, or in all, by namespace and name of the instance.
///
/// # Errors
///
/// When they cannot be listed.
pub async fn objects(
    cluster: &Cluster,
    namespace: Option<&str>,
) -> Result<BTreeMap<(String, String), Vec<Value>>, ClusterError> {
    let params = ListParams::default().labels(&selector());
    let mut found: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for kind in kinds() {
        let api = match namespace {
            Some(namespace) => cluster.objects(&kind, namespace),
            None => kube::Api::all_with(cluster.client().clone(), &kind.resource),
        };
        for object in api.list(&params).await?.items {
            let object = typed(&object, &kind);
            found.entry(instance_of(&object)).or_default().push(object);
        }
    }
    Ok(found)
}

/// Returns `object` as JSON with its kind, which objects in lists do not name.
pub(crate) fn typed(object: &DynamicObject, kind: &Kind) -> Value {
    let mut value = crate::cluster::as_value(object);
    value["apiVersion"] = kind.resource.api_version.clone().into();
    value["kind"] = kind.resource.kind.clone().into();
    value
}

/// Returns namespace and name of the instance that an object belongs to.
pub(crate) fn instance_of(object: &Value) -> (String, String) {
    let name = object["metadata"]["labels"][LABEL_INSTANCE].as_str();
    (
        text(object, "/metadata/namespace").to_owned(),
        name.unwrap_or_default().to_owned(),
    )
}

/// Judges the objects of one instance.
pub fn of_objects(objects: &[Value]) -> Readiness {
    let uids: Vec<&str> = objects
        .iter()
        .map(|object| text(object, "/metadata/uid"))
        .filter(|uid| !uid.is_empty())
        .collect();
    let pods: Vec<Value> = objects
        .iter()
        .filter(|object| is_pod(object))
        .cloned()
        .collect();
    let broken: Vec<String> = objects
        .iter()
        .filter(|object| counts(object, &uids))
        .filter_map(|object| trouble(object, &pods))
        .collect();
    if broken.is_empty() {
        Readiness::Ready
    } else {
        Readiness::NotReady(broken.join(", "))
    }
}

fn is_pod(object: &Value) -> bool {
    object["kind"] == "Pod"
}

fn counts(object: &Value, uids: &[&str]) -> bool {
    let annotation = |name: &str| object["metadata"]["annotations"].get(name);
    let is_skipped = annotation(ANNOTATION_SKIP_READINESS).is_some_and(|value| value != "false");
    let is_going = object.pointer("/metadata/deletionTimestamp").is_some();
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let is_spoken_for = owners.clone().any(|owner| {
        owner["kind"] == "Job" || owner["uid"].as_str().is_some_and(|uid| uids.contains(&uid))
    });
    let is_pipe = is_pod(object) && annotation(ANNOTATION_PIPE_POD).is_some();
    !(is_skipped || is_spoken_for || is_pipe || is_going)
}

fn trouble(object: &Value, pods: &[Value]) -> Option<String> {
    let why = match judge(object) {
        Health::Healthy => return None,
        Health::Waiting(why) | Health::Failed(why) => why,
    };
    let name = text(object, "/metadata/name");
    let kind = text(object, "/kind");
    let underneath = troubles(object, pods).map_or_else(String::new, |why| format!(" ({why})"));
    Some(format!("{kind} {name}: {why}{underneath}"))
}

#[cfg(test)]
mod tests;
