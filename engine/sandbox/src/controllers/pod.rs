//! Facts about pods that several controllers need, and pods made from templates.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;

/// Returns `status.phase`; a pod without one is pending.
pub(super) fn phase(pod: &Value) -> &str {
    match object::text(pod, "/status/phase") {
        "" => "Pending",
        phase => phase,
    }
}

/// Tells whether a pod has run to its end.
pub(super) fn is_finished(pod: &Value) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Tells whether a pod counts for its controller: not finished, not being deleted.
pub(super) fn is_active(pod: &Value) -> bool {
    !is_finished(pod) && !object::is_terminating(pod)
}

/// Returns a condition of a status by its type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object::list(object, "/status/conditions")
        .iter()
        .find(|condition| object::text(condition, "/type") == kind)
}

/// Tells whether a condition is `True`.
pub(super) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| object::text(condition, "/status") == "True")
}

/// Tells whether a pod is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    holds(pod, "Ready")
}

/// Tells whether a pod has been ready for `minReadySeconds`, and if not yet, when it will.
pub(super) fn is_available(pod: &Value, min_ready_seconds: i64, now: Timestamp) -> Availability {
    let Some(ready) = condition(pod, "Ready").filter(|_| is_ready(pod)) else {
        return Availability::Never;
    };
    if min_ready_seconds <= 0 {
        return Availability::Now;
    }
    let Some(since) = object::time(ready, "/lastTransitionTime") else {
        return Availability::Never;
    };
    let wait = Duration::from_secs(min_ready_seconds.unsigned_abs());
    match since.saturating_add(wait).unwrap_or(Timestamp::MAX) {
        moment if moment <= now => Availability::Now,
        moment => Availability::At(moment),
    }
}

/// When a pod is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    Now,
    At(Timestamp),
    Never,
}

/// Returns the restarts of all containers of a pod.
pub(super) fn restarts(pod: &Value) -> i64 {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .iter()
        .flat_map(|pointer| object::list(pod, pointer))
        .map(|container| object::count(container, "/restartCount"))
        .sum()
}

/// Makes a pod from a template, controlled by `owner` and named `OWNER-xxxxx` by the API.
pub(super) fn from_template(template: &Value, owner: &Value, kind: Kind) -> Value {
    let mut metadata = json!({
        "namespace": object::namespace(owner),
        "generateName": format!("{}-", object::name(owner)),
        "ownerReferences": [object::controller_reference(owner, kind)],
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template
            .pointer("/metadata")
            .and_then(|meta| meta.get(field))
        {
            object::set(&mut metadata, &[field], value.clone());
        }
    }
    let spec = template.get("spec").cloned().unwrap_or_else(|| json!({}));
    json!({"metadata": metadata, "spec": spec})
}

/// Gives a pod its own name instead of a generated one.
pub(super) fn name(pod: &mut Value, name: &str) {
    object::set(pod, &["metadata", "name"], Value::String(name.to_owned()));
}

/// Sets a label of a pod.
pub(super) fn label(pod: &mut Value, key: &str, value: impl Into<String>) {
    object::set(
        pod,
        &["metadata", "labels", key],
        Value::String(value.into()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_available_min_ready_seconds_after_it_is_ready() {
        let pod = json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let at = |text: &str| text.parse::<Timestamp>().unwrap();

        let early = is_available(&pod, 10, at("2026-01-01T00:00:09Z"));
        assert_eq!(early, Availability::At(at("2026-01-01T00:00:10Z")));
        assert_eq!(
            is_available(&pod, 10, at("2026-01-01T00:00:10Z")),
            Availability::Now
        );
        assert_eq!(
            is_available(&pod, 0, at("2026-01-01T00:00:00Z")),
            Availability::Now
        );
        assert_eq!(
            is_available(&json!({}), 0, Timestamp::UNIX_EPOCH),
            Availability::Never
        );
    }
}
