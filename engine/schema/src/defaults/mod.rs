//! What an API server fills into objects of built-in kinds.
//!
//! The rules are the "Defaults to ..." of the Kubernetes API reference; `tests/data` holds what a real
//! API server fills in. Fields that admission or a strategy makes up from the rest of the cluster
//! (cluster addresses, service account tokens, generated selectors of Jobs) are not here.

mod cluster;
mod pod;
mod workload;

use serde_json::{Map, Value, json};

use pod::pod_template;

/// Fills the defaults of a kind into an object; of other kinds nothing is known.
pub fn fill(group: &str, kind: &str, object: &mut Value) {
    if !object.is_object() {
        return;
    }
    match (group, kind) {
        ("", "Pod") => pod::pod(object),
        ("", "PodTemplate") => pod_template(object.get_mut("template")),
        ("", "ReplicationController") => workload::replication_controller(object),
        ("", "Service") => cluster::service(object),
        ("", "Secret") => cluster::secret(object),
        ("", "Namespace") => cluster::namespace(object),
        ("", "PersistentVolumeClaim") => cluster::volume_claim(object),
        ("", "PersistentVolume") => cluster::persistent_volume(object),

        ("", "Endpoints") => cluster::endpoints(object),
        ("", "LimitRange") => cluster::limit_range(object),
        ("discovery.k8s.io", "EndpointSlice") => cluster::endpoint_slice(object),
        ("apps", "Deployment") => workload::deployment(object),
        ("apps", "StatefulSet") => workload::stateful_set(object),
        ("apps", "DaemonSet") => workload::daemon_set(object),
        ("apps", "ReplicaSet") => workload::replica_set(object),
        ("batch", "Job") => workload::job(object),
        ("batch", "CronJob") => workload::cron_job(object),
        ("autoscaling", "HorizontalPodAutoscaler")
            if text(object, "/apiVersion") == "autoscaling/v2" =>
        {
            workload::autoscaler(object);
        }
        ("networking.k8s.io", "NetworkPolicy") => cluster::network_policy(object),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            cluster::role_binding(object);
        }
        ("storage.k8s.io", "StorageClass") => cluster::storage_class(object),
        ("scheduling.k8s.io", "PriorityClass") => {
            set(object, &["preemptionPolicy"], json!("PreemptLowerPriority"));
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => cluster::webhooks(object, kind == "MutatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => cluster::crd(object),
        _ => {}
    }
}

/// Sets a field that is missing or null; objects on the way are made.
fn set(value: &mut Value, path: &[&str], default: Value) {
    let mut place = value;
    for name in path {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let Some(fields) = place.as_object_mut() else {
            return;
        };
        place = fields.entry((*name).to_owned()).or_insert(Value::Null);
    }
    if place.is_null() {
        *place = default;
    }
}

/// Sets fields of an object that is there.
fn set_all(value: &mut Value, defaults: &[(&str, Value)]) {
    for (name, default) in defaults {
        set(value, &[name], default.clone());
    }
}

/// Returns the items of a list below a value.
fn items<'v>(value: &'v mut Value, name: &str) -> impl Iterator<Item = &'v mut Value> {
    let list = value.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter(|item| item.is_object())
}

/// Returns a text below a value, empty where there is none.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns an object below a value.
fn object<'v>(value: &'v mut Value, pointer: &str) -> Option<&'v mut Value> {
    value.pointer_mut(pointer).filter(|found| found.is_object())
}
