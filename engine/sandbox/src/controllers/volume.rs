//! Claims and volumes: pretend storage of exactly the size that was asked for
//! (`k8s.io/api/core/v1.PersistentVolumeClaim`).
//!
//! A claim is bound to an existing volume that fits, or to a new one of its storage class; with
//! `WaitForFirstConsumer` only when a pod that uses it has a node. Nothing is ever stored.

use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod;
use super::scheduler::milli;
use crate::clock::seconds;
use jiff::Timestamp;

/// Says which node the first consumer of a claim has.
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The provisioner of the pretend storage class.
pub(super) const PROVISIONER: &str = "sandbox.kudo.dev/pretend";
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// Returns the names of the claims that a pod's volumes use.
pub(super) fn claim_names(pod: &Value) -> Vec<String> {
    object::list(pod, "/spec/volumes")
        .iter()
        .filter_map(|volume| {
            if volume.get("ephemeral").is_some() {
                return Some(format!(
                    "{}-{}",
                    object::name(pod),
                    object::text(volume, "/name")
                ));
            }
            let claim = object::text(volume, "/persistentVolumeClaim/claimName");
            (!claim.is_empty()).then(|| claim.to_owned())
        })
        .collect()
}

/// Tells whether a claim is bound only once a pod that uses it has a node.
pub(super) fn waits_for_consumer(claim: &Value, objects: &Objects) -> bool {
    class(claim, objects)
        .is_some_and(|class| object::text(class, "/volumeBindingMode") == "WaitForFirstConsumer")
}

fn class<'a>(claim: &Value, objects: &'a Objects) -> Option<&'a Value> {
    objects.named(
        Kind::StorageClass,
        "",
        object::text(claim, "/spec/storageClassName"),
    )
}

fn default_class(objects: &Objects) -> Option<&Value> {
    objects
        .all(Kind::StorageClass)
        .find(|class| object::annotation(class, DEFAULT_CLASS) == "true")
}

/// Looks at one claim.
pub(super) fn reconcile_claim(objects: &Objects, key: &Key) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(claim) = objects.get(Kind::PersistentVolumeClaim, key) else {
        return outcome;
    };
    if object::is_terminating(claim) {
        release_claim(claim, objects, &mut outcome);
    } else if object::text(claim, "/spec/volumeName").is_empty() {
        bind(claim, objects, &mut outcome);
    } else {
        settle(claim, objects, &mut outcome);
    }
    outcome
}

/// Lets a deleted claim go when no pod uses it any more.
fn release_claim(claim: &Value, objects: &Objects, outcome: &mut Outcome) {
    let name = object::name(claim);
    let in_use = objects
        .within(Kind::Pod, object::namespace(claim))
        .any(|pod| !pod::is_finished(pod) && claim_names(pod).iter().any(|used| used == name));
    if !in_use && object::has_finalizer(claim, CLAIM_PROTECTION) {
        let mut claim = claim.clone();
        object::remove_finalizer(&mut claim, CLAIM_PROTECTION);
        outcome.update(Kind::PersistentVolumeClaim, claim);
    }
}

/// Finds or makes a volume for a claim.
fn bind(claim: &Value, objects: &Objects, outcome: &mut Outcome) {
    if claim.pointer("/spec/storageClassName").is_none() {
        let Some(class) = default_class(objects) else {
            outcome.event(told(
                claim,
                "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set",
            ));
            return pending(claim, outcome);
        };
        let mut claim = claim.clone();
        object::set(
            &mut claim,
            &["spec", "storageClassName"],
            json!(object::name(class)),
        );
        return outcome.update(Kind::PersistentVolumeClaim, claim);
    }
    pending(claim, outcome);
    let Some(class) = class(claim, objects) else {
        if let Some(volume) = fitting(claim, objects) {
            return take(claim, object::name(volume), None, outcome);
        }
        let name = object::text(claim, "/spec/storageClassName");
        let message = match name {
            "" => "no persistent volumes available for this claim and no storage class is set"
                .to_owned(),
            name => format!("storageclass.storage.k8s.io \"{name}\" not found"),
        };
        let reason = if name.is_empty() {
            "FailedBinding"
        } else {
            "ProvisioningFailed"
        };
        let notice = Notice::warning(Kind::PersistentVolumeClaim, claim, reason, message);
        return outcome.event(notice.once());
    };
    if waits_for_consumer(claim, objects) && object::annotation(claim, SELECTED_NODE).is_empty() {
        let message = "waiting for first consumer to be created before binding";
        return outcome.event(told(claim, "WaitForFirstConsumer", message));
    }
    if let Some(volume) = fitting(claim, objects) {
        return take(claim, object::name(volume), None, outcome);
    }
    let name = format!("pvc-{}", object::uid(claim));
    if objects.named(Kind::PersistentVolume, "", &name).is_none() {
        outcome.create(Kind::PersistentVolume, provisioned(claim, class, &name));
        let message = format!("Successfully provisioned volume {name}");
        outcome.event(told(claim, "ProvisioningSucceeded", &message).from(PROVISIONER));
    }
    take(
        claim,
        &name,
        Some(object::text(class, "/provisioner")),
        outcome,
    );
}

fn told(claim: &Value, reason: &'static str, message: &str) -> Notice {
    Notice::normal(Kind::PersistentVolumeClaim, claim, reason, message).once()
}

fn pending(claim: &Value, outcome: &mut Outcome) {
    if object::text(claim, "/status/phase").is_empty() {
        outcome.status(
            Kind::PersistentVolumeClaim,
            claim,
            json!({"phase": "Pending"}),
        );
    }
}

/// Returns the smallest free volume that a claim may have.
fn fitting<'a>(claim: &Value, objects: &'a Objects) -> Option<&'a Value> {
    let wanted = claim
        .pointer("/spec/resources/requests/storage")
        .and_then(milli)
        .unwrap_or(0);
    let class = object::text(claim, "/spec/storageClassName");
    let size = |volume: &Value| volume.pointer("/spec/capacity/storage").and_then(milli);
    let modes = object::list(claim, "/spec/accessModes");
    objects
        .all(Kind::PersistentVolume)
        .filter(|volume| {
            let reserved = object::text(volume, "/spec/claimRef/name");
            let is_mine = reserved == object::name(claim)
                && object::text(volume, "/spec/claimRef/namespace") == object::namespace(claim)
                && matches!(
                    object::text(volume, "/spec/claimRef/uid"),
                    uid if uid.is_empty() || uid == object::uid(claim)
                );
            reserved.is_empty() || is_mine
        })
        .filter(|volume| object::text(volume, "/spec/storageClassName") == class)
        .filter(|volume| {
            let offered = object::list(volume, "/spec/accessModes");
            modes.iter().all(|mode| offered.contains(mode))
        })
        .filter(|volume| {
            claim.pointer("/spec/selector").is_none()
                || object::selects(
                    claim.pointer("/spec/selector"),
                    volume.pointer("/metadata/labels"),
                )
        })
        .filter(|volume| size(volume).is_some_and(|size| size >= wanted))
        .min_by_key(|volume| (size(volume), object::name(volume)))
}

/// Writes the name of its volume into a claim.
fn take(claim: &Value, volume: &str, provisioner: Option<&str>, outcome: &mut Outcome) {
    let mut claim = claim.clone();
    object::set(&mut claim, &["spec", "volumeName"], json!(volume));
    let mut annotate = |key: &str, value: &str| {
        object::set(&mut claim, &["metadata", "annotations", key], json!(value));
    };
    annotate("pv.kubernetes.io/bind-completed", "yes");
    annotate("pv.kubernetes.io/bound-by-controller", "yes");
    if let Some(provisioner) = provisioner {
        annotate("volume.beta.kubernetes.io/storage-provisioner", provisioner);
        annotate("volume.kubernetes.io/storage-provisioner", provisioner);
    }
    // The status of the same look comes after: it must not carry the old resourceVersion.
    outcome
        .writes
        .retain(|write| !matches!(write, super::outcome::Write::UpdateStatus(..)));
    outcome.update(Kind::PersistentVolumeClaim, claim);
}

fn provisioned(claim: &Value, class: &Value, name: &str) -> Value {
    let policy = match object::text(class, "/reclaimPolicy") {
        "" => "Delete",
        policy => policy,
    };
    json!({
        "metadata": {
            "name": name,
            "annotations": {
                "pv.kubernetes.io/provisioned-by": object::text(class, "/provisioner"),
            },
            "finalizers": [VOLUME_PROTECTION],
        },
        "spec": {
            "capacity": {"storage": claim.pointer("/spec/resources/requests/storage")},
            // A path that is never opened: the API wants some source.
            "hostPath": {"path": format!("/sandbox/{name}"), "type": "DirectoryOrCreate"},
            "accessModes": claim.pointer("/spec/accessModes"),
            "claimRef": claim_reference(claim),
            "persistentVolumeReclaimPolicy": policy,
            "storageClassName": object::name(class),
            "volumeMode": claim.pointer("/spec/volumeMode").unwrap_or(&json!("Filesystem")),
        },
    })
}

fn claim_reference(claim: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": object::namespace(claim),
        "name": object::name(claim),
        "uid": object::uid(claim),
    })
}

/// Writes the status of a claim that has a volume, and grows the volume with the claim.
fn settle(claim: &Value, objects: &Objects, outcome: &mut Outcome) {
    let name = object::text(claim, "/spec/volumeName");
    let Some(volume) = objects.named(Kind::PersistentVolume, "", name) else {
        let phase = object::text(claim, "/status/phase");
        let phase = if phase == "Bound" { "Lost" } else { "Pending" };
        if phase == "Lost" {
            let message = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
            let notice = Notice::warning(Kind::PersistentVolumeClaim, claim, "ClaimLost", message);
            outcome.event(notice.once());
        }
        let mut status = claim.get("status").cloned().unwrap_or_else(|| json!({}));
        object::set(&mut status, &["phase"], json!(phase));
        return outcome.status(Kind::PersistentVolumeClaim, claim, status);
    };
    let owner = object::text(volume, "/spec/claimRef/uid");
    if owner.is_empty() {
        let mut volume = volume.clone();
        object::set(&mut volume, &["spec", "claimRef"], claim_reference(claim));
        return outcome.update(Kind::PersistentVolume, volume);
    }
    if owner != object::uid(claim) {
        let message = format!("volume \"{name}\" already bound to a different claim.");
        let notice = Notice::warning(Kind::PersistentVolumeClaim, claim, "FailedBinding", message);
        outcome.event(notice.once());
        return pending(claim, outcome);
    }
    let wanted = claim.pointer("/spec/resources/requests/storage");
    let offered = volume.pointer("/spec/capacity/storage");
    let is_grown = wanted.and_then(milli) > offered.and_then(milli);
    if is_grown {
        let mut volume = volume.clone();
        let size = wanted.cloned().unwrap_or_default();
        object::set(&mut volume, &["spec", "capacity", "storage"], size);
        return outcome.update(Kind::PersistentVolume, volume);
    }
    let status = json!({
        "phase": "Bound",
        "accessModes": volume.pointer("/spec/accessModes"),
        "capacity": {"storage": offered},
    });
    outcome.status(Kind::PersistentVolumeClaim, claim, status);
}

/// Looks at one volume.
pub(super) fn reconcile_volume(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(volume) = objects.get(Kind::PersistentVolume, key) else {
        return outcome;
    };
    let claim = objects.named(
        Kind::PersistentVolumeClaim,
        object::text(volume, "/spec/claimRef/namespace"),
        object::text(volume, "/spec/claimRef/name"),
    );
    let owner = object::text(volume, "/spec/claimRef/uid");
    let is_bound = claim.is_some_and(|claim| object::uid(claim) == owner);
    if object::is_terminating(volume) {
        if !is_bound && object::has_finalizer(volume, VOLUME_PROTECTION) {
            let mut volume = volume.clone();
            object::remove_finalizer(&mut volume, VOLUME_PROTECTION);
            outcome.update(Kind::PersistentVolume, volume);
        }
        return outcome;
    }
    let phase = match owner {
        "" => "Available",
        _ if is_bound => "Bound",
        _ => "Released",
    };
    let is_kept = object::text(volume, "/spec/persistentVolumeReclaimPolicy") != "Delete";
    if phase == "Released" && !is_kept {
        outcome.delete(Kind::PersistentVolume, volume);
        return outcome;
    }
    if object::text(volume, "/status/phase") != phase {
        let status = json!({"phase": phase, "lastPhaseTransitionTime": seconds(now)});
        outcome.status(Kind::PersistentVolume, volume, status);
    }
    outcome
}
