//! Why pods are not ready, in words a person can act on.

use serde_json::Value;

use crate::api::names::ANNOTATION_PIPE_POD;

use super::{condition, text};

/// Returns whether `pod` is that of a Pipe task, which says nothing about whether its instance is ready
/// (kudo-spec 5.5 counted it).
pub fn is_of_pipe_task(pod: &Value) -> bool {
    pod["metadata"]["annotations"][ANNOTATION_PIPE_POD] == "true"
}

/// Returns what keeps `pod` from being ready, or `None` when nothing does or nothing is known.
///
/// The most telling source comes first: a container that cannot start, then the scheduler, then a
/// readiness probe that has not succeeded.
pub fn trouble(pod: &Value) -> Option<String> {
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return Some("terminating".to_owned());
    }
    if super::is_true(pod, "Ready") || text(pod, "/status/phase") == "Succeeded" {
        return None;
    }
    let containers = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let statuses = containers.iter().flat_map(|pointer| {
        pod.pointer(pointer)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    });
    let mut plain = None;
    for status in statuses {
        match container_trouble(status) {
            Some((reason, true)) => return Some(reason),
            Some((reason, false)) => plain = plain.or(Some(reason)),
            None => {}
        }
    }
    unscheduled(pod)
        .or_else(|| eviction(pod))
        .or(plain)
        .or_else(|| unready(pod))
}

/// Returns why a container does not run, and whether that needs somebody's attention.
fn container_trouble(status: &Value) -> Option<(String, bool)> {
    let name = status["name"].as_str().unwrap_or_default();
    if let Some(waiting) = status.pointer("/state/waiting") {
        let reason = waiting["reason"].as_str().unwrap_or("waiting");
        let is_plain = matches!(reason, "ContainerCreating" | "PodInitializing");
        let last = last_end(status).filter(|_| reason == "CrashLoopBackOff");
        let message = last.or_else(|| waiting["message"].as_str().map(str::to_owned));
        let message = message.map_or_else(String::new, |message| format!(": {message}"));
        return Some((
            if is_plain {
                format!("{reason}{message}")
            } else {
                format!("{name}: {reason}{message}")
            },
            !is_plain,
        ));
    }
    let ended = status.pointer("/state/terminated")?;
    let code = ended["exitCode"].as_i64().unwrap_or_default();
    let reason = ended["reason"].as_str().unwrap_or("ended");
    (code != 0).then(|| (format!("{name}: {reason} (exit code {code})"), true))
}

fn last_end(status: &Value) -> Option<String> {
    let ended = status.pointer("/lastState/terminated")?;
    let code = ended["exitCode"].as_i64()?;
    let reason = ended["reason"].as_str().unwrap_or("ended");
    Some(format!("last run ended with {reason}, exit code {code}"))
}

fn unscheduled(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled").filter(|found| found["status"] == "False")?;
    let reason = scheduled["reason"].as_str().unwrap_or("Unschedulable");
    let message = scheduled["message"].as_str().unwrap_or_default();
    Some(format!("{reason}: {message}"))
}

fn eviction(pod: &Value) -> Option<String> {
    let reason = text(pod, "/status/reason");
    let message = text(pod, "/status/message");
    (!reason.is_empty()).then(|| format!("{reason}: {message}"))
}

fn unready(pod: &Value) -> Option<String> {
    match text(pod, "/status/phase") {
        "Running" => Some("running, not ready yet".to_owned()),
        "Pending" => Some("pending".to_owned()),
        _ => None,
    }
}

/// Returns the pods of `pods` that the selector of `workload` matches, less those that are ready.
///
/// The text names each pod with what is wrong with it, the worst first, and at most three.
pub fn troubles(workload: &Value, pods: &[Value]) -> Option<String> {
    let selector = workload
        .pointer("/spec/selector/matchLabels")?
        .as_object()?;
    let is_of = |pod: &&Value| {
        !is_of_pipe_task(pod)
            && selector
                .iter()
                .all(|(key, value)| pod["metadata"]["labels"].get(key) == Some(value))
    };
    let mut found: Vec<String> = pods
        .iter()
        .filter(is_of)
        .filter_map(|pod| {
            Some(format!(
                "{}: {}",
                text(pod, "/metadata/name"),
                trouble(pod)?
            ))
        })
        .collect();
    found.sort_by_key(|line| is_ordinary(line));
    let rest = found.len().saturating_sub(3);
    found.truncate(3);
    if rest > 0 {
        found.push(format!("{rest} more"));
    }
    (!found.is_empty()).then(|| found.join("; "))
}

fn is_ordinary(line: &str) -> bool {
    [
        "ContainerCreating",
        "PodInitializing",
        "pending",
        "not ready yet",
        "terminating",
    ]
    .iter()
    .any(|ordinary| line.contains(ordinary))
}
