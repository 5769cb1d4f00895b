//! How far a Deployment is (`DeploymentStatus`).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::object;
use super::super::outcome::Outcome;
use super::super::pod::condition;
use super::Rollout;
use crate::clock::{later, seconds};

/// Returns the status; wakes when the progress deadline passes.
pub(super) fn of(rollout: &Rollout<'_>, now: Timestamp, outcome: &mut Outcome) -> Value {
    let deployment = rollout.deployment;
    let mut status = counts(rollout);
    let mut conditions = object::list(deployment, "/status/conditions").to_vec();
    let (_, unavailable) = rollout.leeway();
    let available = object::count(&status, "/availableReplicas");
    let (holds, reason, message) = if available >= rollout.wanted() - unavailable {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    put(&mut conditions, "Available", holds, reason, message, now);
    progress(rollout, &status, &mut conditions, now, outcome);
    if !conditions.is_empty() {
        object::set(&mut status, &["conditions"], Value::Array(conditions));
    }
    status
}

/// Tells whether everything the Deployment wants is there and nothing else.
pub(super) fn is_complete(rollout: &Rollout<'_>) -> bool {
    is_done(rollout, &counts(rollout))
}

fn counts(rollout: &Rollout<'_>) -> Value {
    let sum = |pointer: &str| {
        rollout
            .all()
            .map(|set| object::count(set, pointer))
            .sum::<i64>()
    };
    let available = sum("/status/availableReplicas");
    let mut status = json!({
        "observedGeneration": object::generation(rollout.deployment),
        "terminatingReplicas": sum("/status/terminatingReplicas"),
    });
    let updated = rollout
        .new
        .map_or(0, |new| object::count(new, "/status/replicas"));
    for (field, count) in [
        ("replicas", sum("/status/replicas")),
        ("updatedReplicas", updated),
        ("readyReplicas", sum("/status/readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", sum("/spec/replicas") - available),
    ] {
        if count > 0 {
            object::set(&mut status, &[field], json!(count));
        }
    }
    if let Some(collisions) = object::int(rollout.deployment, "/status/collisionCount") {
        object::set(&mut status, &["collisionCount"], json!(collisions));
    }
    status
}

fn is_done(rollout: &Rollout<'_>, status: &Value) -> bool {
    let wanted = rollout.wanted();
    ["/replicas", "/updatedReplicas", "/availableReplicas"]
        .iter()
        .all(|pointer| object::count(status, pointer) == wanted)
}

/// Decides the condition `Progressing`, unless `progressDeadlineSeconds` switches it off.
fn progress(
    rollout: &Rollout<'_>,
    status: &Value,
    conditions: &mut Vec<Value>,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    let deployment = rollout.deployment;
    let deadline = object::int(deployment, "/spec/progressDeadlineSeconds").unwrap_or(600);
    if deadline >= i64::from(i32::MAX) {
        conditions.retain(|condition| object::text(condition, "/type") != "Progressing");
        return;
    }
    let present = condition(deployment, "Progressing");
    let reason = present.map_or("", |present| object::text(present, "/reason"));
    if object::flag(deployment, "/spec/paused") {
        put(
            conditions,
            "Progressing",
            "Unknown",
            "DeploymentPaused",
            "Deployment is paused",
            now,
        );
        return;
    }
    if reason == "DeploymentPaused" {
        put(
            conditions,
            "Progressing",
            "Unknown",
            "DeploymentResumed",
            "Deployment is resumed",
            now,
        );
        return;
    }
    let name = rollout
        .new
        .map_or_else(|| object::name(deployment), object::name);
    // A rollout that was done stays done while pods come and go (`isCompleteDeployment`).
    let settled = reason == "NewReplicaSetAvailable"
        && object::count(status, "/replicas") == object::count(status, "/updatedReplicas");
    if settled {
        return;
    }
    if rollout.new.is_none() {
        let message = "Created new replica set".to_owned();
        refresh(conditions, "NewReplicaSetCreated", &message, now);
    } else if is_done(rollout, status) {
        let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
        refresh(conditions, "NewReplicaSetAvailable", &message, now);
    } else if present.is_none() || has_progressed(deployment, status) {
        refresh(
            conditions,
            "ReplicaSetUpdated",
            &format!("ReplicaSet \"{name}\" is progressing."),
            now,
        );
    } else if reason != "ProgressDeadlineExceeded" && reason != "NewReplicaSetAvailable" {
        let since = present.and_then(|present| object::time(present, "/lastUpdateTime"));
        let end = later(
            since.unwrap_or(now),
            Duration::from_secs(deadline.unsigned_abs()),
        );
        if now < end {
            outcome.wake_at(end);
            return;
        }
        let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
        put(
            conditions,
            "Progressing",
            "False",
            "ProgressDeadlineExceeded",
            &message,
            now,
        );
    }
}

/// Tells whether the counts are nearer to the goal than those written last.
fn has_progressed(deployment: &Value, status: &Value) -> bool {
    let before = |pointer: &str| object::count(deployment, &format!("/status{pointer}"));
    let after = |pointer: &str| object::count(status, pointer);
    after("/updatedReplicas") > before("/updatedReplicas")
        || after("/replicas") - after("/updatedReplicas")
            < before("/replicas") - before("/updatedReplicas")
        || after("/readyReplicas") > before("/readyReplicas")
        || after("/availableReplicas") > before("/availableReplicas")
}

/// Writes `Progressing=True` with a fresh `lastUpdateTime`.
fn refresh(conditions: &mut Vec<Value>, reason: &str, message: &str, now: Timestamp) {
    let since = conditions
        .iter()
        .find(|condition| object::text(condition, "/type") == "Progressing")
        .filter(|condition| object::text(condition, "/status") == "True")
        .map_or_else(
            || seconds(now),
            |condition| object::text(condition, "/lastTransitionTime").to_owned(),
        );
    conditions.retain(|condition| object::text(condition, "/type") != "Progressing");
    conditions.push(json!({
        "type": "Progressing",
        "status": "True",
        "lastUpdateTime": seconds(now),
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }));
}

/// Writes a condition at the end of the list, unless status and reason are already so
/// (`SetDeploymentCondition`).
fn put(
    conditions: &mut Vec<Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let present = conditions
        .iter()
        .find(|condition| object::text(condition, "/type") == kind)
        .cloned();
    let same = |field: &str, value: &str| {
        present
            .as_ref()
            .is_some_and(|present| object::text(present, field) == value)
    };
    if same("/status", status) && same("/reason", reason) {
        return;
    }
    let since = match &present {
        Some(present) if same("/status", status) => {
            object::text(present, "/lastTransitionTime").to_owned()
        }
        _ => seconds(now),
    };
    conditions.retain(|condition| object::text(condition, "/type") != kind);
    conditions.push(json!({
        "type": kind,
        "status": status,
        "lastUpdateTime": seconds(now),
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }));
}
