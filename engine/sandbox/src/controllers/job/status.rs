//! The status of a Job as Kubernetes 1.36 writes it: first `SuccessCriteriaMet` or
//! `FailureTarget`, and when no pod is left `Complete` or `Failed`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::kind::Kind;
use super::super::object;
use super::super::outcome::{Notice, Outcome};
use super::super::pod;
use super::{TRACKING, Work, has_succeeded, indexes, start_time};
use crate::clock::seconds;

/// How a Job ends: the condition that says so first, reason and message.
pub(super) type Ending<'a> = (&'a str, &'a str, &'a str);

/// Tells whether a Job is over.
pub(super) fn is_finished(job: &Value) -> bool {
    pod::holds(job, "Complete") || pod::holds(job, "Failed")
}

/// Returns when a Job was over.
pub(super) fn finished_at(job: &Value) -> Option<Timestamp> {
    let condition = ["Complete", "Failed"].into_iter().find_map(|kind| {
        pod::condition(job, kind).filter(|condition| object::text(condition, "/status") == "True")
    });
    object::time(condition?, "/lastTransitionTime")
}

/// Returns the ending that was decided before.
pub(super) fn ending(job: &Value) -> Option<Ending<'_>> {
    ["FailureTarget", "SuccessCriteriaMet"]
        .into_iter()
        .find_map(|kind| {
            let condition = pod::condition(job, kind).filter(|_| pod::holds(job, kind))?;
            Some((
                kind,
                object::text(condition, "/reason"),
                object::text(condition, "/message"),
            ))
        })
}

/// Tells whether a pod's uid waits in `uncountedTerminatedPods`.
pub(super) fn is_listed(job: &Value, uid: &str) -> bool {
    ["succeeded", "failed"].iter().any(|field| {
        let listed = object::list(job, &format!("/status/uncountedTerminatedPods/{field}"));
        listed.iter().any(|listed| listed == uid)
    })
}

/// Returns the status with `active` pods running.
pub(super) fn of(
    work: &Work<'_>,
    ending: Option<Ending<'_>>,
    active: i64,
    outcome: &mut Outcome,
) -> Value {
    let job = work.job;
    let ready = work.active().filter(|pod| pod::is_ready(pod)).count();
    let terminating = work
        .pods
        .iter()
        .filter(|pod| object::is_terminating(pod) && !pod::is_finished(pod));
    let mut status = json!({
        "terminating": terminating.count(),
        "ready": if active == 0 { 0 } else { ready },
    });
    let uncounted = count(work, &mut status);
    let mut conditions = object::list(job, "/status/conditions").to_vec();
    suspend(work, &mut conditions, outcome);
    if let Some((kind, reason, message)) = ending {
        put(&mut conditions, kind, "True", reason, message, work.now);
        if uncounted == 0 && active == 0 && work.pods.iter().all(|pod| pod::is_finished(pod)) {
            finish(
                work,
                (kind, reason, message),
                &mut conditions,
                &mut status,
                outcome,
            );
        }
    }
    object::set(&mut status, &["startTime"], start_time(work));
    if active > 0 {
        object::set(&mut status, &["active"], json!(active));
    }
    if !conditions.is_empty() {
        object::set(&mut status, &["conditions"], Value::Array(conditions));
    }
    status
}

/// Moves finished pods through `uncountedTerminatedPods` into the counters; returns how many
/// wait there.
fn count(work: &Work<'_>, status: &mut Value) -> usize {
    let mut uncounted = json!({});
    let mut waiting = 0;
    for (field, total, succeeded) in [
        ("succeeded", work.succeeded, true),
        ("failed", work.failed, false),
    ] {
        let uids: Vec<&str> = work
            .pods
            .iter()
            .filter(|pod| work.is_uncounted(pod) && has_succeeded(pod) == succeeded)
            .filter(|pod| object::has_finalizer(pod, TRACKING))
            .map(|pod| object::uid(pod))
            .collect();
        // Indexed Jobs count their successes by index, which needs no list.
        let by_index = succeeded && work.is_indexed();
        let listed = i64::try_from(uids.len()).unwrap_or(i64::MAX);
        let counted = if by_index { total } else { total - listed };
        if counted > 0 {
            object::set(status, &[field], json!(counted));
        }
        if !uids.is_empty() {
            waiting += uids.len();
            object::set(&mut uncounted, &[field], json!(uids));
        }
    }
    object::set(status, &["uncountedTerminatedPods"], uncounted);
    if work.is_indexed() && !work.completed.is_empty() {
        object::set(
            status,
            &["completedIndexes"],
            json!(indexes::show(&work.completed)),
        );
    }
    waiting
}

/// Writes the last condition and tells about it.
fn finish(
    work: &Work<'_>,
    (kind, reason, message): Ending<'_>,
    conditions: &mut Vec<Value>,
    status: &mut Value,
    outcome: &mut Outcome,
) {
    if kind == "SuccessCriteriaMet" {
        put(conditions, "Complete", "True", reason, message, work.now);
        object::set(status, &["completionTime"], json!(seconds(work.now)));
        outcome.event(Notice::normal(
            Kind::Job,
            work.job,
            "Completed",
            "Job completed",
        ));
        return;
    }
    put(conditions, "Failed", "True", reason, message, work.now);
    let reason = match reason {
        "DeadlineExceeded" => "DeadlineExceeded",
        _ => "BackoffLimitExceeded",
    };
    outcome.event(Notice::warning(Kind::Job, work.job, reason, message));
}

/// Keeps the condition `Suspended`; a Job that never was suspended has none.
fn suspend(work: &Work<'_>, conditions: &mut Vec<Value>, outcome: &mut Outcome) {
    let is_set = pod::holds(work.job, "Suspended");
    if work.is_suspended() == is_set {
        return;
    }
    if work.is_suspended() {
        put(
            conditions,
            "Suspended",
            "True",
            "JobSuspended",
            "Job suspended",
            work.now,
        );
        outcome.event(Notice::normal(
            Kind::Job,
            work.job,
            "Suspended",
            "Job suspended",
        ));
    } else {
        put(
            conditions,
            "Suspended",
            "False",
            "JobResumed",
            "Job resumed",
            work.now,
        );
        outcome.event(Notice::normal(
            Kind::Job,
            work.job,
            "Resumed",
            "Job resumed",
        ));
    }
}

/// Writes a condition in its place, or at the end.
fn put(
    conditions: &mut Vec<Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) {
    let condition = json!({
        "type": kind,
        "status": status,
        "lastProbeTime": seconds(now),
        "lastTransitionTime": seconds(now),
        "reason": reason,
        "message": message,
    });
    let present = conditions
        .iter_mut()
        .find(|one| object::text(one, "/type") == kind);
    match present {
        Some(present) if object::text(present, "/status") == status => {}
        Some(present) => *present = condition,
        None => conditions.push(condition),
    }
}
