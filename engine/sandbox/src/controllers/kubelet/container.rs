//! The states of containers: waiting, running, terminated, and the way between them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::object;
use super::super::objects::Objects;
use super::super::outcome::Outcome;
use super::script::{Exit, Script};
use super::status::Picture;
use super::{Pretence, dependencies, told};
use crate::clock::{later, seconds};

/// What moves the containers of one pod on.
pub(super) struct Stage<'a> {
    pub(super) pod: &'a Value,
    pub(super) objects: &'a Objects,
    pub(super) script: &'a Script,
    pub(super) pretence: &'a Pretence,
    pub(super) outcome: &'a mut Outcome,
}

const INITS: &str = "initContainers";
const MAINS: &str = "containers";
/// The least time that a pod takes to fail.
const FAILS_AFTER: Duration = Duration::from_millis(500);

/// Runs init containers in order; true when all are through.
pub(super) fn run_inits(stage: &mut Stage<'_>, picture: &mut Picture) -> bool {
    let pod = stage.pod;
    let part = stage.part();
    for (index, container) in object::list(pod, "/spec/initContainers").iter().enumerate() {
        let Some(status) = picture.inits.get_mut(index) else {
            return false;
        };
        if object::text(container, "/restartPolicy") == "Always" {
            // A sidecar: it runs on beside everything after it.
            if status.pointer("/state/running").is_none() && !stage.start(INITS, container, status)
            {
                return false;
            }
            object::set(status, &["ready"], json!(true));
            continue;
        }
        let code = if index == 0 {
            stage.script.init_exit_code
        } else {
            0
        };
        let exit = Exit {
            code,
            out_of_memory: false,
            after: part,
        };
        let policy = match object::text(pod, "/spec/restartPolicy") {
            "Never" => "Never",
            _ => "OnFailure",
        };
        stage.step(INITS, container, status, Some(exit), policy);
        if object::int(status, "/state/terminated/exitCode") != Some(0) {
            return false;
        }
        object::set(status, &["ready"], json!(true));
    }
    true
}

/// Runs the containers.
pub(super) fn run_mains(stage: &mut Stage<'_>, picture: &mut Picture) {
    let pod = stage.pod;
    let policy = match object::text(pod, "/spec/restartPolicy") {
        _ if stage.script.fail => "Never",
        "" => "Always",
        policy => policy,
    };
    // A pod that fails must take time for it: its controller makes the next one at once.
    let failure = Exit {
        code: 1,
        out_of_memory: false,
        after: stage.part().max(FAILS_AFTER),
    };
    let exit = if stage.script.fail {
        Some(failure)
    } else {
        stage.script.exit
    };
    let ready_after = if exit.is_some() {
        Duration::ZERO
    } else {
        stage.part()
    };
    for (container, status) in object::list(pod, "/spec/containers")
        .iter()
        .zip(&mut picture.mains)
    {
        stage.step(MAINS, container, status, exit, policy);
        stage.judge_readiness(status, ready_after);
    }
}

impl Stage<'_> {
    fn now(&self) -> Timestamp {
        self.pretence.now
    }

    /// The part of the ready time that each init container and the rest have.
    fn part(&self) -> Duration {
        let inits = object::list(self.pod, "/spec/initContainers");
        let inits = inits
            .iter()
            .filter(|one| object::text(one, "/restartPolicy") != "Always");
        let parts = u32::try_from(inits.count())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        self.script.ready_after / parts
    }

    /// Moves one container on until it has to wait for time or for something else.
    fn step(
        &mut self,
        list: &'static str,
        container: &Value,
        status: &mut Value,
        exit: Option<Exit>,
        policy: &str,
    ) {
        if status.pointer("/state/terminated").is_some() {
            let code = object::count(status, "/state/terminated/exitCode");
            let restarts = policy == "Always" || (policy == "OnFailure" && code != 0);
            if !restarts {
                return;
            }
            self.back_off(list, container, status);
        }
        if status.pointer("/state/waiting").is_some() && !self.start(list, container, status) {
            return;
        }
        let (Some(exit), Some(started)) = (exit, self.started(status)) else {
            return;
        };
        let due = later(started, exit.after);
        if self.now() < due {
            self.outcome.wake_at(due);
        } else if !self.has_just_started(status) || exit.after > Duration::ZERO {
            self.end(status, exit);
        } else {
            // It is seen running once before it ends.
            self.outcome.wake_at(self.now());
        }
    }

    /// When a running container was started, as exactly as that is known.
    fn started(&self, status: &Value) -> Option<Timestamp> {
        let started = object::time(status, "/state/running/startedAt")?;
        if self.has_just_started(status) {
            return Some(self.now());
        }
        Some(self.pretence.exact(started))
    }

    /// True when this look started the container.
    fn has_just_started(&self, status: &Value) -> bool {
        let name = object::text(status, "/name");
        let before = ["/status/containerStatuses", "/status/initContainerStatuses"]
            .into_iter()
            .flat_map(|pointer| object::list(self.pod, pointer))
            .find(|one| object::text(one, "/name") == name);
        before.is_none_or(|before| before.pointer("/state/running").is_none())
    }

    /// Starts a container if nothing keeps it from starting.
    fn start(&mut self, list: &'static str, container: &Value, status: &mut Value) -> bool {
        if self.script.image_failure {
            self.refuse_image(list, container, status);
            return false;
        }
        let name = object::text(container, "/name");
        if let Some(why) = dependencies::missing_environment(self.pod, container, self.objects) {
            let notice = told(
                self.pod,
                list,
                name,
                true,
                "Failed",
                format!("Error: {why}"),
            );
            self.outcome.event(notice.once());
            wait(status, "CreateContainerConfigError", Some(&why));
            return false;
        }
        let is_restart = status.pointer("/lastState/terminated").is_some();
        if is_restart && !self.is_rested(status) {
            return false;
        }
        let image = object::text(container, "/image");
        let message = format!(
            "Container image \"{image}\" already present on machine and can be accessed by the pod"
        );
        for (reason, message) in [
            ("Pulled", message.as_str()),
            ("Created", "Container created"),
            ("Started", "Container started"),
        ] {
            self.outcome
                .event(told(self.pod, list, name, false, reason, message));
        }
        let restarts = object::count(status, "/restartCount") + i64::from(is_restart);
        let id = format!("pretend://{}-{name}-{restarts}", object::uid(self.pod));
        for (field, value) in [
            (
                "state",
                json!({"running": {"startedAt": seconds(self.now())}}),
            ),
            ("restartCount", json!(restarts)),
            ("started", json!(true)),
            ("imageID", json!(format!("pretend://{image}"))),
            ("containerID", json!(id)),
        ] {
            object::set(status, &[field], value);
        }
        true
    }

    /// Ends a running container.
    fn end(&mut self, status: &mut Value, exit: Exit) {
        let started = object::text(status, "/state/running/startedAt").to_owned();
        let state = json!({"terminated": {
            "exitCode": exit.code,
            "reason": exit.reason(),
            "startedAt": started,
            "finishedAt": seconds(self.now()),
            "containerID": object::text(status, "/containerID"),
        }});
        object::set(status, &["state"], state);
        object::set(status, &["ready"], json!(false));
        object::set(status, &["started"], json!(false));
        // Restarting is the next look's business: each state is to be seen.
        self.outcome.wake_at(self.now());
    }

    /// Puts an ended container into waiting for its next start.
    fn back_off(&mut self, list: &'static str, container: &Value, status: &mut Value) {
        let name = object::text(container, "/name");
        let ended = status.get("state").cloned().unwrap_or_default();
        object::set(status, &["lastState"], ended);
        let Some(pause) = pause(object::count(status, "/restartCount")) else {
            return wait(status, "ContainerCreating", None);
        };
        let (pod, namespace) = (object::name(self.pod), object::namespace(self.pod));
        let uid = object::uid(self.pod);
        let who = format!("failed container={name} pod={pod}_{namespace}({uid})");
        let message = format!("back-off {} restarting {who}", shown(pause));
        wait(status, "CrashLoopBackOff", Some(&message));
        let message =
            format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
        self.outcome
            .event(told(self.pod, list, name, true, "BackOff", message));
    }

    /// Tells whether a container has waited long enough for its restart; else wakes then.
    fn is_rested(&mut self, status: &Value) -> bool {
        let ended = object::time(status, "/lastState/terminated/finishedAt");
        let (Some(ended), Some(pause)) = (ended, pause(object::count(status, "/restartCount")))
        else {
            return true;
        };
        let due = later(ended, pause);
        if self.now() < due {
            self.outcome.wake_at(due);
            return false;
        }
        true
    }

    /// Plays an image that cannot be pulled: first the error, then the pause.
    fn refuse_image(&mut self, list: &'static str, container: &Value, status: &mut Value) {
        let (name, image) = (
            object::text(container, "/name"),
            object::text(container, "/image"),
        );
        let cause = format!(
            "failed to pull and unpack image \"{image}\": the pod's annotation \
             sandbox.kudo.dev/image-pull-failure asks for this"
        );
        let pod = self.pod;
        let mut tell = |warning: bool, reason: &'static str, message: String| {
            self.outcome
                .event(told(pod, list, name, warning, reason, message).once());
        };
        match object::text(status, "/state/waiting/reason") {
            "ImagePullBackOff" => {}
            "ErrImagePull" => {
                tell(
                    false,
                    "BackOff",
                    format!("Back-off pulling image \"{image}\""),
                );
                tell(true, "Failed", "Error: ImagePullBackOff".to_owned());
                let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {cause}");
                wait(status, "ImagePullBackOff", Some(&message));
            }
            _ => {
                tell(false, "Pulling", format!("Pulling image \"{image}\""));
                tell(
                    true,
                    "Failed",
                    format!("Failed to pull image \"{image}\": {cause}"),
                );
                tell(true, "Failed", "Error: ErrImagePull".to_owned());
                wait(status, "ErrImagePull", Some(&cause));
            }
        }
    }

    /// Makes a running container ready when its time has come.
    fn judge_readiness(&mut self, status: &mut Value, after: Duration) {
        let mut ready = false;
        if let Some(started) = self.started(status).filter(|_| !self.script.not_ready) {
            let due = later(started, after);
            // What is ready stays ready, also when the ready time is made longer.
            ready = object::flag(status, "/ready") || due <= self.now();
            if !ready {
                self.outcome.wake_at(due);
            }
        }
        object::set(status, &["ready"], json!(ready));
    }
}

/// Puts a container into the state `waiting`.
fn wait(status: &mut Value, reason: &str, message: Option<&str>) {
    let mut waiting = json!({"reason": reason});
    if let Some(message) = message {
        waiting["message"] = json!(message);
    }
    object::set(status, &["state"], json!({"waiting": waiting}));
    object::set(status, &["ready"], json!(false));
    object::set(status, &["started"], json!(false));
}

/// Returns the pause before the next start: none for the first restart, then 10 s, doubled up
/// to five minutes.
fn pause(restarts: i64) -> Option<Duration> {
    let doublings = u32::try_from(restarts.checked_sub(1)?).ok()?;
    Some(Duration::from_secs((10_u64 << doublings.min(5)).min(300)))
}

/// Writes a pause as Go does: `10s`, `1m20s`.
fn shown(pause: Duration) -> String {
    let seconds = pause.as_secs();
    match seconds / 60 {
        0 => format!("{seconds}s"),
        minutes => format!("{minutes}m{}s", seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_those_of_the_kubelet() {
        // Recorded: "back-off 10s", "back-off 20s", "back-off 2m40s" after five restarts.
        let pauses: Vec<Option<String>> =
            (0..8).map(|restarts| pause(restarts).map(shown)).collect();
        let expected = [
            None,
            Some("10s"),
            Some("20s"),
            Some("40s"),
            Some("1m20s"),
            Some("2m40s"),
            Some("5m0s"),
            Some("5m0s"),
        ];
        assert_eq!(pauses, expected.map(|pause| pause.map(str::to_owned)));
    }
}
