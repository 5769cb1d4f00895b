//! What every cluster has by itself: nodes and a storage class.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::objects::Objects;
use super::outcome::Outcome;
use super::volume::PROVISIONER;
use crate::clock::seconds;

/// Marks the nodes that the sandbox plays.
const PRETEND: &str = "sandbox.kudo.dev/pretend";

/// Looks at the whole cluster: makes `count` nodes and the storage class if there are none.
///
/// Nodes and classes that are there, whoever made them, are left as they are.
pub(super) fn reconcile(objects: &Objects, count: usize, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    if objects.all(Kind::Node).next().is_none() {
        for index in 0..count {
            outcome.create(Kind::Node, node(index, now));
        }
    }
    if objects.all(Kind::StorageClass).next().is_none() {
        outcome.create(Kind::StorageClass, storage_class());
    }
    outcome
}

fn storage_class() -> Value {
    json!({
        "metadata": {
            "name": "standard",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": true,
        "volumeBindingMode": "WaitForFirstConsumer",
    })
}

fn node(index: usize, now: Timestamp) -> Value {
    let name = format!("node{index}");
    let labels = json!({
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": format!("z{}", index % 3),
        PRETEND: "true",
    });
    json!({"metadata": {"name": name, "labels": labels}, "spec": {}, "status": status(index, now)})
}

fn status(index: usize, now: Timestamp) -> Value {
    let resources =
        json!({"cpu": "8", "memory": "32Gi", "pods": "1000", "ephemeral-storage": "200Gi"});
    let name = format!("node{index}");
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": reason,
            "message": "nothing runs here: the sandbox pretends",
            "lastHeartbeatTime": seconds(now),
            "lastTransitionTime": seconds(now),
        })
    };
    let address = format!("10.200.{}.{}", 1 + index / 250, 1 + index % 250);
    json!({
        "capacity": resources,
        "allocatable": resources,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
        ],
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
            condition("Ready", "True", "KubeletReady"),
        ],
        "nodeInfo": {
            "machineID": name,
            "systemUUID": name,
            "bootID": name,
            "kernelVersion": "pretend",
            "osImage": "pretend",
            "containerRuntimeVersion": "pretend://1",
            "kubeletVersion": "v1.36.0",
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    })
}
