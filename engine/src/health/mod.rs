//! Whether an object has become what was asked for, judged from the object alone.
//!
//! | module | kinds |
//! |---|---|
//! | [`workloads`] | Deployment, `StatefulSet`, `DaemonSet`, `ReplicaSet`, Job, `CronJob`, Pod |
//! | [`resources`] | PVC, Service, Ingress, PDB, CRD, Namespace, `APIService`, Instance, any custom resource |
//! | [`pods`] | why pods are not ready, in words a person can act on |
//!
//! KUDO's rules (kudo-spec 3.5) are kept where they hold; where they called a broken object healthy or
//! a good one broken (kudo-spec 9.1, 9), Kubernetes' own rules decide (design: health). An object of a
//! kind without rules is healthy once it exists.

pub mod pods;
pub mod resources;
pub mod workloads;

use serde_json::Value;

/// What an object says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Health {
    /// It is what was asked for.
    Healthy,
    /// It is on its way; the text says what is missing.
    Waiting(String),
    /// It will not get there by itself; the text says why.
    Failed(String),
}

impl Health {
    /// Returns whether nothing is missing.
    pub fn is_healthy(&self) -> bool {
        *self == Self::Healthy
    }
}

/// Judges `object`.
pub fn judge(object: &Value) -> Health {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let group = text("apiVersion")
        .split_once('/')
        .map_or("", |(group, _)| group);
    match (group, text("kind")) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => workloads::pod(object),
        ("", "PersistentVolumeClaim") => resources::volume_claim(object),
        ("", "Service") => resources::service(object),
        ("", "Namespace") => resources::namespace(object),
        ("networking.k8s.io", "Ingress") => Health::Healthy,
        ("policy", "PodDisruptionBudget") => resources::disruption_budget(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => resources::definition(object),
        ("apiregistration.k8s.io", "APIService") => resources::api_service(object),
        ("kudo.dev", "Instance") => resources::instance(object),
        (group, _) if is_built_in(group) => Health::Healthy,
        _ => resources::custom(object),
    }
}

/// Groups of Kubernetes itself have no dots, or end in `.k8s.io`.
fn is_built_in(group: &str) -> bool {
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// The number at `pointer`, or 0: the API leaves zeros out.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// The text at `pointer`, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The condition of this type in `status.conditions`.
pub(crate) fn condition<'a>(object: &'a Value, condition_type: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == condition_type)
}

pub(crate) fn is_true(object: &Value, condition_type: &str) -> bool {
    condition(object, condition_type).is_some_and(|condition| condition["status"] == "True")
}

/// Whether the controller has not yet seen the newest spec.
pub(crate) fn is_unobserved(object: &Value) -> bool {
    number(object, "/status/observedGeneration") < number(object, "/metadata/generation")
}

#[cfg(test)]
mod tests;
