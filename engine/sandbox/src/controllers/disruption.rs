//! `PodDisruptionBudget` status: how many pods may go (`k8s.io/api/policy/v1`).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod;
use crate::clock::seconds;

/// Looks at one budget.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(budget) = objects.get(Kind::PodDisruptionBudget, key) else {
        return outcome;
    };
    let pods: Vec<&Value> = objects
        .within(Kind::Pod, &key.namespace)
        .filter(|pod| {
            object::selects(
                budget.pointer("/spec/selector"),
                pod.pointer("/metadata/labels"),
            )
        })
        .collect();
    if pods.is_empty() {
        let notice = Notice::normal(
            Kind::PodDisruptionBudget,
            budget,
            "NoPods",
            "No matching pods found",
        );
        outcome.event(notice.once());
    }
    let healthy = pods
        .iter()
        .filter(|pod| pod::is_active(pod) && pod::is_ready(pod))
        .count();
    let healthy = i64::try_from(healthy).unwrap_or(i64::MAX);
    let (expected, desired) = expectation(budget, &pods, objects);
    let allowed = if expected > 0 {
        (healthy - desired).max(0)
    } else {
        0
    };
    let status = json!({
        "observedGeneration": object::generation(budget),
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": [condition(budget, allowed > 0, now)],
    });
    outcome.status(Kind::PodDisruptionBudget, budget, status);
    outcome
}

/// Returns how many pods there should be and how many of them must be healthy.
fn expectation(budget: &Value, pods: &[&Value], objects: &Objects) -> (i64, i64) {
    let count = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    if let Some(most) = budget.pointer("/spec/maxUnavailable") {
        let expected = expected_by_controllers(pods, objects);
        let most = object::scaled(Some(most), expected, true).unwrap_or(0);
        return (expected, (expected - most).max(0));
    }
    match budget.pointer("/spec/minAvailable") {
        Some(Value::Number(least)) => (count, least.as_i64().unwrap_or(0)),
        Some(least) => {
            let expected = expected_by_controllers(pods, objects);
            (
                expected,
                object::scaled(Some(least), expected, true).unwrap_or(0),
            )
        }
        None => (count, 1),
    }
}

/// Sums up the sizes of the controllers of these pods.
fn expected_by_controllers(pods: &[&Value], objects: &Objects) -> i64 {
    let mut sizes: BTreeMap<&str, i64> = BTreeMap::new();
    for pod in pods {
        let Some(owner) = object::controller(pod) else {
            continue;
        };
        let namespace = object::namespace(pod);
        let kind = Kind::of_name(object::text(owner, "/kind"));
        let found = kind
            .and_then(|kind| objects.named(kind, namespace, object::text(owner, "/name")))
            .map(|found| root(found, objects));
        if let Some(found) = found {
            let size = object::int(found, "/spec/replicas").unwrap_or(1);
            sizes.insert(object::uid(found), size);
        }
    }
    sizes.values().sum()
}

/// Returns the Deployment of a `ReplicaSet`, or the object itself.
fn root<'a>(owner: &'a Value, objects: &'a Objects) -> &'a Value {
    object::controller(owner)
        .filter(|reference| object::text(reference, "/kind") == "Deployment")
        .and_then(|reference| {
            let name = object::text(reference, "/name");
            objects.named(Kind::Deployment, object::namespace(owner), name)
        })
        .unwrap_or(owner)
}

fn condition(budget: &Value, allowed: bool, now: Timestamp) -> Value {
    let (status, reason) = if allowed {
        ("True", "SufficientPods")
    } else {
        ("False", "InsufficientPods")
    };
    let since = pod::condition(budget, "DisruptionAllowed")
        .filter(|present| object::text(present, "/status") == status)
        .map_or_else(
            || seconds(now),
            |present| object::text(present, "/lastTransitionTime").to_owned(),
        );
    json!({
        "type": "DisruptionAllowed",
        "status": status,
        "observedGeneration": object::generation(budget),
        "lastTransitionTime": since,
        "reason": reason,
        "message": "",
    })
}
