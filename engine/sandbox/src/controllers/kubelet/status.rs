//! A pod's status from the states of its containers, as a kubelet 1.36 writes it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::object;
use super::super::pod;
use super::never_run;
use crate::clock::seconds;

/// What a kubelet knows about a pod.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) phase: &'static str,
    /// The pod has its network and could start containers.
    pub(super) has_sandbox: bool,
    pub(super) start_time: String,
    pub(super) host: String,
    pub(super) address: String,
    /// The statuses of init containers, in order.
    pub(super) inits: Vec<Value>,
    /// The statuses of containers, in order.
    pub(super) mains: Vec<Value>,
}

impl Picture {
    /// Reads a pod's status; containers without one have never run.
    pub(super) fn of(pod: &Value) -> Self {
        let has_inits = !object::list(pod, "/spec/initContainers").is_empty();
        let reason = if has_inits {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        let statuses = |spec: &str, status: &str| {
            let present = object::list(pod, status);
            object::list(pod, spec)
                .iter()
                .map(|container| {
                    let name = object::text(container, "/name");
                    let known = present
                        .iter()
                        .find(|one| object::text(one, "/name") == name);
                    known
                        .cloned()
                        .unwrap_or_else(|| never_run(container, reason))
                })
                .collect()
        };
        Self {
            phase: "Pending",
            has_sandbox: false,
            start_time: object::text(pod, "/status/startTime").to_owned(),
            host: object::text(pod, "/status/hostIP").to_owned(),
            address: object::text(pod, "/status/podIP").to_owned(),
            inits: statuses("/spec/initContainers", "/status/initContainerStatuses"),
            mains: statuses("/spec/containers", "/status/containerStatuses"),
        }
    }

    /// Ends every container that has not ended, as a kill does.
    pub(super) fn end_all(&mut self, now: &str) {
        for status in self.inits.iter_mut().chain(&mut self.mains) {
            if status.pointer("/state/terminated").is_some() {
                continue;
            }
            let started = object::text(status, "/state/running/startedAt").to_owned();
            let started = if started.is_empty() {
                now.to_owned()
            } else {
                started
            };
            let state = json!({"terminated": {
                "exitCode": 137,
                "reason": "Error",
                "startedAt": started,
                "finishedAt": now,
            }});
            object::set(status, &["state"], state);
            object::set(status, &["ready"], json!(false));
            object::set(status, &["started"], json!(false));
        }
    }
}

/// Decides the phase of a pod by the states of its containers (`getPhase` of the kubelet).
pub(super) fn phase(policy: &str, picture: &Picture, initialized: bool) -> &'static str {
    let code = |status: &Value| object::int(status, "/state/terminated/exitCode");
    if !initialized {
        let is_lost = policy == "Never"
            && picture
                .inits
                .iter()
                .any(|status| code(status).is_some_and(|code| code != 0));
        return if is_lost { "Failed" } else { "Pending" };
    }
    let has_run = |status: &Value| {
        status.pointer("/state/waiting").is_none()
            || status.pointer("/lastState/terminated").is_some()
    };
    if !picture.mains.iter().all(has_run) {
        return "Pending";
    }
    let codes: Vec<i64> = picture.mains.iter().filter_map(code).collect();
    let all_ended = codes.len() == picture.mains.len() && !codes.is_empty();
    let has_failed = codes.iter().any(|code| *code != 0);
    match policy {
        "Never" if all_ended && has_failed => "Failed",
        "Never" | "OnFailure" if all_ended && !has_failed => "Succeeded",
        _ => "Running",
    }
}

/// Returns the whole status.
pub(super) fn of(pod: &Value, picture: &Picture, now: Timestamp) -> Value {
    let mut status = pod.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut put = |field: &str, value: Value| object::set(&mut status, &[field], value);
    put("observedGeneration", json!(object::generation(pod).max(1)));
    put("phase", json!(picture.phase));
    put("conditions", Value::Array(conditions(pod, picture, now)));
    put("startTime", json!(picture.start_time));
    if !picture.host.is_empty() {
        put("hostIP", json!(picture.host));
        put("hostIPs", json!([{"ip": picture.host}]));
    }
    if !picture.address.is_empty() {
        put("podIP", json!(picture.address));
        put("podIPs", json!([{"ip": picture.address}]));
    }
    put("containerStatuses", Value::Array(picture.mains.clone()));
    if !picture.inits.is_empty() {
        put("initContainerStatuses", Value::Array(picture.inits.clone()));
    }
    if pod.pointer("/status/qosClass").is_none() {
        put("qosClass", json!(quality(pod)));
    }
    status
}

/// Returns the quality-of-service class (`v1.PodQOSClass`).
fn quality(pod: &Value) -> &'static str {
    let containers = || {
        ["/spec/initContainers", "/spec/containers"]
            .into_iter()
            .flat_map(|pointer| object::list(pod, pointer))
    };
    let amount = |container: &Value, kind: &str, resource: &str| {
        let amounts = container.pointer(&format!("/resources/{kind}"));
        amounts.and_then(|amounts| amounts.get(resource)).cloned()
    };
    let guaranteed = containers().all(|container| {
        ["cpu", "memory"].iter().all(|resource| {
            let limit = amount(container, "limits", resource);
            let request = amount(container, "requests", resource).or_else(|| limit.clone());
            limit.is_some() && limit == request
        })
    });
    let best_effort = containers().all(|container| {
        ["limits", "requests"].iter().all(|kind| {
            ["cpu", "memory"]
                .iter()
                .all(|one| amount(container, kind, one).is_none())
        })
    });
    match (best_effort, guaranteed) {
        (true, _) => "BestEffort",
        (_, true) => "Guaranteed",
        _ => "Burstable",
    }
}

/// One condition before its times are known.
struct Verdict {
    kind: &'static str,
    holds: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

fn verdict(kind: &'static str, holds: bool) -> Verdict {
    Verdict {
        kind,
        holds,
        reason: None,
        message: None,
    }
}

fn conditions(pod: &Value, picture: &Picture, now: Timestamp) -> Vec<Value> {
    let is_finished = matches!(picture.phase, "Succeeded" | "Failed");
    let containers = readiness("ContainersReady", picture);
    let mut ready = readiness("Ready", picture);
    let mut gates = object::list(pod, "/spec/readinessGates")
        .iter()
        .map(|gate| object::text(gate, "/conditionType"));
    if ready.holds && gates.any(|gate| !pod::holds(pod, gate)) {
        ready.holds = false;
        ready.reason = Some("ReadinessGatesNotReady");
    }
    let verdicts = [
        verdict(
            "PodReadyToStartContainers",
            picture.has_sandbox && !is_finished,
        ),
        initialized(picture),
        ready,
        containers,
        verdict("PodScheduled", true),
    ];
    let others = object::list(pod, "/status/conditions")
        .iter()
        .filter(|condition| {
            verdicts
                .iter()
                .all(|verdict| object::text(condition, "/type") != verdict.kind)
        });
    let own = verdicts.iter().map(|verdict| timed(pod, verdict, now));
    own.chain(others.cloned()).collect()
}

fn initialized(picture: &Picture) -> Verdict {
    let incomplete: Vec<&str> = picture
        .inits
        .iter()
        .filter(|status| !object::flag(status, "/ready"))
        .map(|status| object::text(status, "/name"))
        .collect();
    if incomplete.is_empty() {
        let reason = (picture.phase == "Succeeded").then_some("PodCompleted");
        return Verdict {
            reason,
            ..verdict("Initialized", true)
        };
    }
    Verdict {
        reason: Some("ContainersNotInitialized"),
        message: Some(format!(
            "containers with incomplete status: [{}]",
            incomplete.join(" ")
        )),
        ..verdict("Initialized", false)
    }
}

fn readiness(kind: &'static str, picture: &Picture) -> Verdict {
    let unready: Vec<&str> = picture
        .mains
        .iter()
        .filter(|status| !object::flag(status, "/ready"))
        .map(|status| object::text(status, "/name"))
        .collect();
    match picture.phase {
        "Succeeded" => Verdict {
            reason: Some("PodCompleted"),
            ..verdict(kind, false)
        },
        "Failed" => Verdict {
            reason: Some("PodFailed"),
            ..verdict(kind, false)
        },
        _ if unready.is_empty() => verdict(kind, true),
        _ => Verdict {
            reason: Some("ContainersNotReady"),
            message: Some(format!(
                "containers with unready status: [{}]",
                unready.join(" ")
            )),
            ..verdict(kind, false)
        },
    }
}

/// Writes a condition; its time changes only with its status.
fn timed(pod: &Value, verdict: &Verdict, now: Timestamp) -> Value {
    let Verdict {
        kind,
        holds,
        reason,
        message,
    } = verdict;
    let status = if *holds { "True" } else { "False" };
    let since = pod::condition(pod, kind)
        .filter(|present| object::text(present, "/status") == status)
        .map_or_else(
            || seconds(now),
            |present| object::text(present, "/lastTransitionTime").to_owned(),
        );
    let mut condition = json!({
        "type": kind,
        "observedGeneration": object::generation(pod).max(1),
        "status": status,
        "lastProbeTime": null,
        "lastTransitionTime": since,
    });
    if let Some(reason) = reason {
        condition["reason"] = json!(reason);
    }
    if let Some(message) = message {
        condition["message"] = json!(message);
    }
    condition
}
