//! The pretend kubelet of all nodes: it plays the life of pods and runs nothing.
//!
//! A pod with a node is acknowledged (`ContainerCreating`), waits for what it mounts, runs its
//! init containers one after the other, then its containers, and is ready after the time that
//! the sandbox was started with; init containers take equal parts of that time. The pods of a
//! Job succeed after it. [`script`] lists the annotations that change this course.
//!
//! All state is in the pod's status, so that another process goes on where this one ends.

mod address;
mod container;
mod dependencies;
mod script;
mod status;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod;
use crate::clock::{later, seconds};
use container::Stage;
use script::Script;
use status::Picture;

/// How long a pod takes to stop, if its grace period is not shorter.
const STOPS_AFTER: Duration = Duration::from_millis(300);

/// What the pretence needs to know besides the objects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pretence {
    /// How long a pod takes to become ready.
    pub(super) ready_after: Duration,
    /// When the pod's present state was first seen. Times in objects have no fractions of
    /// seconds; within their second this one is exact.
    pub(super) seen: Option<Timestamp>,
    /// Now.
    pub(super) now: Timestamp,
}

impl Pretence {
    /// Returns the exact moment behind a time of the object, where it is known.
    fn exact(&self, moment: Timestamp) -> Timestamp {
        let end = later(moment, Duration::from_secs(1));
        self.seen
            .filter(|seen| (moment..end).contains(seen))
            .unwrap_or(moment)
    }
}

/// Looks at one pod.
pub(super) fn reconcile(objects: &Objects, key: &Key, pretence: &Pretence) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(pod) = objects.get(Kind::Pod, key) else {
        return outcome;
    };
    let script = Script::of(pod, pretence.ready_after);
    if object::is_terminating(pod) {
        stop(pod, pretence, &mut outcome);
        return outcome;
    }
    // Each kubelet looks after its own node; of a node that is not there, nobody does.
    let node = objects.named(Kind::Node, "", object::text(pod, "/spec/nodeName"));
    if node.is_none() || pod::is_finished(pod) {
        return outcome;
    }
    if object::text(pod, "/status/startTime").is_empty() {
        outcome.status(Kind::Pod, pod, acknowledged(pod, objects, pretence.now));
        return outcome;
    }
    if script.hold {
        return outcome;
    }
    if let Some(why) = dependencies::missing_mount(pod, objects) {
        let notice = Notice::warning(Kind::Pod, pod, "FailedMount", why);
        outcome.event(notice.once());
        return outcome;
    }
    advance(pod, objects, &script, pretence, &mut outcome);
    outcome
}

/// The first status: the pod is on its node and its containers are being created.
fn acknowledged(pod: &Value, objects: &Objects, now: Timestamp) -> Value {
    let mut picture = Picture::of(pod);
    picture.start_time = seconds(now);
    let node = objects.named(Kind::Node, "", object::text(pod, "/spec/nodeName"));
    if let Some(node) = node {
        object::text(node, "/status/addresses/0/address").clone_into(&mut picture.host);
    }
    status::of(pod, &picture, now)
}

/// Moves the containers of a pod on, as far as the time allows.
fn advance(
    pod: &Value,
    objects: &Objects,
    script: &Script,
    pretence: &Pretence,
    outcome: &mut Outcome,
) {
    let mut picture = Picture::of(pod);
    picture.has_sandbox = true;
    if picture.address.is_empty() {
        picture.address = address::free(pod, objects);
    }
    let mut stage = Stage {
        pod,
        objects,
        script,
        pretence,
        outcome,
    };
    let initialized = container::run_inits(&mut stage, &mut picture);
    if initialized {
        container::run_mains(&mut stage, &mut picture);
    }
    let policy = if script.fail {
        "Never"
    } else {
        object::text(pod, "/spec/restartPolicy")
    };
    picture.phase = status::phase(policy, &picture, initialized);
    let status = status::of(pod, &picture, pretence.now);
    // Events first would tell of what a conflict then prevents.
    let told = std::mem::take(&mut outcome.writes);
    outcome.status(Kind::Pod, pod, status);
    outcome.writes.extend(told);
}

/// Ends a pod that is being deleted: after its grace period, or earlier, as programs do that
/// listen to SIGTERM.
fn stop(pod: &Value, pretence: &Pretence, outcome: &mut Outcome) {
    let grace = object::count(pod, "/metadata/deletionGracePeriodSeconds").max(0);
    let had_node = !object::text(pod, "/spec/nodeName").is_empty();
    let runs = had_node && !pod::is_finished(pod) && pod::phase(pod) == "Running";
    if runs && grace > 0 {
        let grace = Duration::from_secs(grace.unsigned_abs());
        let end = object::time(pod, "/metadata/deletionTimestamp").unwrap_or(pretence.now);
        let asked = end.saturating_sub(grace).unwrap_or(end);
        let due = later(
            pretence.exact(asked),
            grace.min(STOPS_AFTER).min(pretence.ready_after),
        );
        if pretence.now < due {
            for container in object::list(pod, "/spec/containers") {
                let name = object::text(container, "/name");
                let message = format!("Stopping container {name}");
                let notice = Notice::normal(Kind::Pod, pod, "Killing", message);
                let path = format!("spec.containers{{{name}}}");
                outcome.event(notice.on_field(path).once());
            }
            outcome.wake_at(due);
            return;
        }
    }
    let is_held = !object::list(pod, "/metadata/finalizers").is_empty();
    if is_held && !pod::is_finished(pod) {
        // Whoever holds it wants to know how it ended.
        let mut picture = Picture::of(pod);
        picture.has_sandbox = false;
        picture.end_all(&seconds(pretence.now));
        picture.phase = "Failed";
        outcome.status(Kind::Pod, pod, status::of(pod, &picture, pretence.now));
    } else if grace > 0 || !is_held {
        outcome.delete_now(Kind::Pod, pod);
    }
}

/// Returns an event about one container.
fn told(
    pod: &Value,
    list: &str,
    container: &str,
    warning: bool,
    reason: &'static str,
    message: impl Into<String>,
) -> Notice {
    let mut notice = Notice::normal(Kind::Pod, pod, reason, message);
    notice.warning = warning;
    notice.on_field(format!("spec.{list}{{{container}}}"))
}

/// A container that has never run.
fn never_run(container: &Value, reason: &str) -> Value {
    json!({
        "name": object::text(container, "/name"),
        "image": object::text(container, "/image"),
        "imageID": "",
        "lastState": {},
        "ready": false,
        "restartCount": 0,
        "started": false,
        "state": {"waiting": {"reason": reason}},
    })
}
