//! Job: pods that run to their end (`k8s.io/api/batch/v1.Job`).
//!
//! A finished pod is counted once even if it is deleted meanwhile: its finalizer
//! `batch.kubernetes.io/job-tracking` stays until its uid stood in
//! `status.uncountedTerminatedPods`, and only then the counters grow. [`status`] has the
//! conditions, [`indexes`] the numbers of indexed Jobs.

mod indexes;
mod status;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod;
use crate::clock::{later, seconds};

/// Holds a pod until it was counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// At most so many pods are made in one look.
const BURST: i64 = 500;

/// A Job and its pods, sorted out.
#[derive(Debug)]
struct Work<'a> {
    job: &'a Value,
    pods: Vec<&'a Value>,
    now: Timestamp,
    /// Pods that have failed, counted or not.
    failed: i64,
    /// Pods that have succeeded, counted or not.
    succeeded: i64,
    /// Completed indexes of an indexed Job.
    completed: BTreeSet<i64>,
}

impl<'a> Work<'a> {
    fn of(job: &'a Value, objects: &'a Objects, now: Timestamp) -> Self {
        let pods = objects.controlled(Kind::Pod, job);
        let mut work = Self {
            job,
            pods,
            now,
            failed: 0,
            succeeded: 0,
            completed: BTreeSet::new(),
        };
        let uncounted = work.pods.iter().filter(|pod| work.is_uncounted(pod));
        let (mut failed, mut succeeded) = (0, 0);
        let mut completed = indexes::parse(object::text(job, "/status/completedIndexes"));
        for pod in uncounted {
            if has_succeeded(pod) {
                succeeded += 1;
                completed.extend(index(pod).filter(|_| work.is_indexed()));
            } else {
                failed += 1;
            }
        }
        let listed = |field: &str| {
            let gone = object::list(job, &format!("/status/uncountedTerminatedPods/{field}"));
            gone.iter()
                .filter(|uid| !work.is_pending_count(uid))
                .count()
        };
        failed += i64::try_from(listed("failed")).unwrap_or(0);
        succeeded += i64::try_from(listed("succeeded")).unwrap_or(0);
        work.failed = object::count(job, "/status/failed") + failed;
        work.succeeded = object::count(job, "/status/succeeded") + succeeded;
        if work.is_indexed() {
            work.succeeded = i64::try_from(completed.len()).unwrap_or(i64::MAX);
        }
        work.completed = completed;
        work
    }

    fn is_indexed(&self) -> bool {
        object::text(self.job, "/spec/completionMode") == "Indexed"
    }

    fn parallelism(&self) -> i64 {
        object::int(self.job, "/spec/parallelism")
            .unwrap_or(1)
            .max(0)
    }

    fn completions(&self) -> Option<i64> {
        let parallelism = self.job.pointer("/spec/parallelism");
        let completions = object::int(self.job, "/spec/completions");
        // Without both fields the API sets both to one.
        completions.or_else(|| parallelism.is_none().then_some(1))
    }

    fn is_suspended(&self) -> bool {
        object::flag(self.job, "/spec/suspend")
    }

    /// A pod that came to its end, or is torn down for good, and has not been let go yet.
    fn is_uncounted(&self, pod: &Value) -> bool {
        object::has_finalizer(pod, TRACKING) && self.is_over(pod)
    }

    fn is_over(&self, pod: &Value) -> bool {
        pod::is_finished(pod) || (object::is_terminating(pod) && !self.is_suspended())
    }

    /// True when the pod with this uid still has its finalizer.
    fn is_pending_count(&self, uid: &Value) -> bool {
        self.pods
            .iter()
            .any(|pod| object::uid(pod) == uid && object::has_finalizer(pod, TRACKING))
    }

    fn active(&self) -> impl Iterator<Item = &'a Value> {
        self.pods.iter().copied().filter(|pod| pod::is_active(pod))
    }

    /// Why the Job has failed, if it has: reason and message.
    fn failure(&self) -> Option<(&'static str, &'static str)> {
        let limit = object::int(self.job, "/spec/backoffLimit").unwrap_or(6);
        let restarts: i64 = self.active().map(pod::restarts).sum();
        let restarting = object::text(self.job, "/spec/template/spec/restartPolicy") == "OnFailure";
        let past_limit = restarting && restarts > 0 && restarts >= limit;
        if self.failed > limit || past_limit {
            return Some((
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            ));
        }
        let deadline = self.deadline()?;
        let message = "Job was active longer than specified deadline";
        (!self.is_suspended() && deadline <= self.now).then_some(("DeadlineExceeded", message))
    }

    fn deadline(&self) -> Option<Timestamp> {
        let limit = object::int(self.job, "/spec/activeDeadlineSeconds")?;
        let start = object::time(self.job, "/status/startTime")?;
        Some(later(start, Duration::from_secs(limit.unsigned_abs())))
    }

    /// Tells whether enough pods have succeeded; without `completions` one success and no more
    /// pods running are enough.
    fn is_complete(&self) -> bool {
        match self.completions() {
            Some(completions) => self.succeeded >= completions,
            None => self.succeeded > 0 && self.pods.iter().all(|pod| self.is_over(pod)),
        }
    }
}

fn has_succeeded(pod: &Value) -> bool {
    pod::phase(pod) == "Succeeded"
}

/// Looks at one Job.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(job) = objects.get(Kind::Job, key) else {
        return outcome;
    };
    let work = Work::of(job, objects, now);
    if object::is_terminating(job) {
        release(&work, &mut outcome, |_| true);
        return outcome;
    }
    if status::is_finished(job) {
        release(&work, &mut outcome, |_| true);
        expire(job, now, &mut outcome);
        return outcome;
    }
    let before = outcome.writes.len();
    release(&work, &mut outcome, |uid| status::is_listed(job, uid));
    if outcome.writes.len() > before {
        return outcome;
    }
    let ending = status::ending(job)
        .or_else(|| {
            work.failure()
                .map(|(reason, message)| ("FailureTarget", reason, message))
        })
        .or_else(|| {
            let message = "Reached expected number of succeeded pods";
            work.is_complete()
                .then_some(("SuccessCriteriaMet", "CompletionsReached", message))
        });
    let active = if ending.is_some() || work.is_suspended() {
        stop(&work, &mut outcome)
    } else {
        if let Some(deadline) = work.deadline() {
            outcome.wake_at(deadline);
        }
        scale(&work, &mut outcome)
    };
    let status = status::of(&work, ending, active, &mut outcome);
    outcome.status(Kind::Job, job, status);
    outcome
}

/// Takes the finalizer off pods that are counted, or need no counting any more.
fn release(work: &Work<'_>, outcome: &mut Outcome, is_counted: impl Fn(&str) -> bool) {
    for pod in &work.pods {
        if object::has_finalizer(pod, TRACKING) && is_counted(object::uid(pod)) {
            let mut pod = (*pod).clone();
            object::remove_finalizer(&mut pod, TRACKING);
            outcome.update(Kind::Pod, pod);
        }
    }
}

/// Deletes a finished Job after `ttlSecondsAfterFinished`.
fn expire(job: &Value, now: Timestamp, outcome: &mut Outcome) {
    let Some(ttl) = object::int(job, "/spec/ttlSecondsAfterFinished") else {
        return;
    };
    let Some(finished) = status::finished_at(job) else {
        return;
    };
    let end = later(finished, Duration::from_secs(ttl.unsigned_abs()));
    if end <= now {
        outcome.delete(Kind::Job, job);
    } else {
        outcome.wake_at(end);
    }
}

/// Deletes all pods that still run; returns how many are left active.
fn stop(work: &Work<'_>, outcome: &mut Outcome) -> i64 {
    for pod in work.active() {
        delete(work, pod, outcome);
    }
    0
}

fn delete(work: &Work<'_>, pod: &Value, outcome: &mut Outcome) {
    // A suspended Job forgets its pods: they are neither failed nor succeeded.
    let mut released = pod.clone();
    object::remove_finalizer(&mut released, TRACKING);
    if work.is_suspended() && released != *pod {
        outcome.update(Kind::Pod, released);
    }
    outcome.delete(Kind::Pod, pod);
    let message = format!("Deleted pod: {}", object::name(pod));
    outcome.event(Notice::normal(
        Kind::Job,
        work.job,
        "SuccessfulDelete",
        message,
    ));
}

/// Makes and deletes pods until as many run as may; returns how many are active afterwards.
fn scale(work: &Work<'_>, outcome: &mut Outcome) -> i64 {
    let mut active: Vec<&Value> = work.active().collect();
    let have = i64::try_from(active.len()).unwrap_or(i64::MAX);
    let wanted = wanted(work);
    if have > wanted {
        active.sort_by_key(|pod| (pod::is_ready(pod), object::name(pod)));
        let surplus = usize::try_from(have - wanted).unwrap_or(0);
        active
            .into_iter()
            .take(surplus)
            .for_each(|pod| delete(work, pod, outcome));
        return wanted;
    }
    let missing = (wanted - have).min(BURST);
    if missing <= 0 {
        return have;
    }
    if let Some(moment) = backoff_end(work).filter(|moment| *moment > work.now) {
        outcome.wake_at(moment);
        return have;
    }
    let indexes = work.is_indexed().then(|| free_indexes(work, missing));
    let made = indexes
        .as_ref()
        .map_or(missing, |free| i64::try_from(free.len()).unwrap_or(missing));
    for number in 0..made {
        let position = usize::try_from(number).unwrap_or(0);
        let index = indexes
            .as_ref()
            .and_then(|free| free.get(position))
            .copied();
        let notice = Notice::normal(Kind::Job, work.job, "SuccessfulCreate", "Created pod: {}");
        outcome.create_and_tell(Kind::Pod, made_pod(work.job, index), notice);
    }
    have + made
}

/// Returns how many pods may run at once.
fn wanted(work: &Work<'_>) -> i64 {
    match work.completions() {
        Some(completions) => work
            .parallelism()
            .min((completions - work.succeeded).max(0)),
        // A work queue: after the first success no pods are added.
        None if work.succeeded > 0 => work
            .parallelism()
            .min(i64::try_from(work.active().count()).unwrap_or(i64::MAX)),
        None => work.parallelism(),
    }
}

/// Failed pods are made up for after 10 s, 20 s, 40 s and so on, at most ten minutes.
fn backoff_end(work: &Work<'_>) -> Option<Timestamp> {
    if work.failed == 0 {
        return None;
    }
    let failed_pods = work.pods.iter().filter(|pod| pod::phase(pod) == "Failed");
    let last = failed_pods.filter_map(|pod| finished_at(pod)).max()?;
    let doublings = u32::try_from(work.failed - 1).unwrap_or(u32::MAX).min(6);
    Some(later(last, Duration::from_secs((10 << doublings).min(600))))
}

fn finished_at(pod: &Value) -> Option<Timestamp> {
    object::list(pod, "/status/containerStatuses")
        .iter()
        .filter_map(|container| object::time(container, "/state/terminated/finishedAt"))
        .max()
}

fn index(pod: &Value) -> Option<i64> {
    object::annotation(pod, INDEX).parse().ok()
}

/// Returns the lowest indexes that neither are done nor have a pod.
fn free_indexes(work: &Work<'_>, missing: i64) -> Vec<i64> {
    let taken: BTreeSet<i64> = work.active().filter_map(index).collect();
    (0..work.completions().unwrap_or(0))
        .filter(|index| !work.completed.contains(index) && !taken.contains(index))
        .take(usize::try_from(missing).unwrap_or(0))
        .collect()
}

fn made_pod(job: &Value, index: Option<i64>) -> Value {
    let template = job.pointer("/spec/template").unwrap_or(&Value::Null);
    let mut pod = pod::from_template(template, job, Kind::Job);
    let (uid, name) = (object::uid(job), object::name(job));
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("job-name", name),
    ] {
        pod::label(&mut pod, key, value);
    }
    object::set(&mut pod, &["metadata", "finalizers"], json!([TRACKING]));
    let Some(index) = index else { return pod };
    let number = index.to_string();
    object::set(&mut pod, &["metadata", "annotations", INDEX], json!(number));
    pod::label(&mut pod, INDEX, number);
    object::set(
        &mut pod,
        &["metadata", "generateName"],
        json!(format!("{name}-{index}-")),
    );
    object::set(
        &mut pod,
        &["spec", "hostname"],
        json!(format!("{name}-{index}")),
    );
    tell_index(&mut pod);
    pod
}

/// Gives every container its index as `JOB_COMPLETION_INDEX`.
fn tell_index(pod: &mut Value) {
    let path = format!("metadata.labels['{INDEX}']");
    for list in ["/spec/initContainers", "/spec/containers"] {
        let Some(Value::Array(containers)) = pod.pointer_mut(list) else {
            continue;
        };
        for container in containers {
            let mut env = object::list(container, "/env").to_vec();
            env.push(json!({
                "name": "JOB_COMPLETION_INDEX",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}},
            }));
            object::set(container, &["env"], Value::Array(env));
        }
    }
}

/// Returns the start of a Job's present run, now if it starts with this look.
fn start_time(work: &Work<'_>) -> Value {
    let start = object::text(work.job, "/status/startTime");
    match start {
        _ if work.is_suspended() => Value::Null,
        "" => json!(seconds(work.now)),
        start => json!(start),
    }
}
