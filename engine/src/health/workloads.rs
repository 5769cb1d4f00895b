//! Objects that run pods.

use serde_json::Value;

use super::{Health, condition, is_true, is_unobserved, number, text};

const UNOBSERVED: &str = "its controller has not seen the change yet";

fn replicas(object: &Value) -> i64 {
    object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

fn waiting(text: impl Into<String>) -> Health {
    Health::Waiting(text.into())
}

/// A Deployment is healthy when every replica is of the newest revision and available, and no old
/// one is left (kudo-spec 3.5, `kubectl rollout status`).
pub fn deployment(object: &Value) -> Health {
    if is_unobserved(object) {
        return waiting(UNOBSERVED);
    }
    let wanted = replicas(object);
    let updated = number(object, "/status/updatedReplicas");
    let all = number(object, "/status/replicas");
    let available = number(object, "/status/availableReplicas");
    let late = condition(object, "Progressing")
        .filter(|progressing| progressing["reason"] == "ProgressDeadlineExceeded");
    let late = if late.is_some() {
        ", its progress deadline has passed"
    } else {
        ""
    };
    if updated < wanted {
        return waiting(format!(
            "{updated} of {wanted} pods are of the new revision{late}"
        ));
    }
    if all > updated {
        return waiting(format!(
            "{} pods of the old revision are still there{late}",
            all - updated
        ));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} pods ready{late}"));
    }
    Health::Healthy
}

/// A `StatefulSet` is healthy when its pods are ready and, as far as its update strategy goes by
/// itself, of the newest revision (kudo-spec 3.5; `OnDelete` sets could never become healthy there).
pub fn stateful_set(object: &Value) -> Health {
    if is_unobserved(object) {
        return waiting(UNOBSERVED);
    }
    let wanted = replicas(object);
    let existing = number(object, "/status/replicas");
    let ready = number(object, "/status/readyReplicas");
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} pods ready"));
    }
    if existing > wanted {
        return waiting(format!("{} pods are to go", existing - wanted));
    }
    if text(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Health::Healthy;
    }
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let to_update = (wanted - partition).max(0);
    let updated = number(object, "/status/updatedReplicas");
    let is_one_revision =
        text(object, "/status/currentRevision") == text(object, "/status/updateRevision");
    if updated < to_update && !(partition == 0 && is_one_revision) {
        return waiting(format!(
            "{updated} of {to_update} pods are of the new revision"
        ));
    }
    Health::Healthy
}

/// A `DaemonSet` is healthy when each node that should has a ready pod of the newest revision.
pub fn daemon_set(object: &Value) -> Health {
    if is_unobserved(object) {
        return waiting(UNOBSERVED);
    }
    let wanted = number(object, "/status/desiredNumberScheduled");
    let updated = number(object, "/status/updatedNumberScheduled");
    let available = number(object, "/status/numberAvailable");
    let rolls = text(object, "/spec/updateStrategy/type") != "OnDelete";
    if rolls && updated < wanted {
        return waiting(format!(
            "{updated} of {wanted} pods are of the new revision"
        ));
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} pods ready"));
    }
    Health::Healthy
}

/// A `ReplicaSet` is healthy when all its pods are available.
pub fn replica_set(object: &Value) -> Health {
    if is_unobserved(object) {
        return waiting(UNOBSERVED);
    }
    let wanted = replicas(object);
    let available = number(object, "/status/availableReplicas");
    if available < wanted {
        return waiting(format!("{available} of {wanted} pods ready"));
    }
    Health::Healthy
}

/// A Job is healthy when it is complete or suspended, and has failed when it says so.
///
/// KUDO asked for exactly one success, which parallel jobs never have (kudo-spec 3.5).
pub fn job(object: &Value) -> Health {
    let name = text(object, "/metadata/name");
    if let Some(failed) = condition(object, "Failed").filter(|failed| failed["status"] == "True") {
        let why = failed["message"].as_str().unwrap_or_default();
        return Health::Failed(format!("job \"{name}\" has failed terminally: {why}"));
    }
    let is_suspended = object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    if is_true(object, "Complete") || is_suspended {
        return Health::Healthy;
    }
    let wanted = object
        .pointer("/spec/completions")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let succeeded = number(object, "/status/succeeded");
    let failed = match number(object, "/status/failed") {
        0 => String::new(),
        failed => format!(", {failed} pods failed"),
    };
    waiting(format!("{succeeded} of {wanted} completions{failed}"))
}

/// A Pod is healthy when it is ready or has succeeded; a failed one stays failed.
pub fn pod(object: &Value) -> Health {
    match text(object, "/status/phase") {
        "Succeeded" => Health::Healthy,
        "Failed" => Health::Failed(format!(
            "pod \"{}\" has failed: {}",
            text(object, "/metadata/name"),
            super::pods::trouble(object).unwrap_or_else(|| "no reason is given".to_owned())
        )),
        "Running" if is_true(object, "Ready") => Health::Healthy,
        phase => waiting(super::pods::trouble(object).unwrap_or_else(|| match phase {
            "" => "it has not been seen by a node yet".to_owned(),
            phase => format!("it is {}", phase.to_lowercase()),
        })),
    }
}
