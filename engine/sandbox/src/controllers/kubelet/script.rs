//! Annotations of a pod that change what is pretended about it.
//!
//! | annotation | what happens |
//! | --- | --- |
//! | `fakelet/hold=true` | stays Pending on its node |
//! | `fakelet/notready=true` | runs and is never ready |
//! | `fakelet/fail=true` | runs for the ready time and fails, whatever its `restartPolicy` |
//! | `sandbox.kudo.dev/ready-after=90s` | becomes ready after this time instead of the sandbox's |
//! | `sandbox.kudo.dev/image-pull-failure=true` | `ErrImagePull`, then `ImagePullBackOff` |
//! | `sandbox.kudo.dev/exit-code=3` | containers end with this code, then restart by `restartPolicy` |
//! | `sandbox.kudo.dev/run-for=10s` | how long containers run before they end; the ready time if absent |
//! | `sandbox.kudo.dev/crash-loop=true` | containers end with code 1 at once: `CrashLoopBackOff` |
//! | `sandbox.kudo.dev/oom-killed=true` | containers end with code 137, reason `OOMKilled` |
//! | `sandbox.kudo.dev/init-exit-code=6` | the first init container ends with this code |
//!
//! Durations are numbers with `ms`, `s`, `m` or `h`; what cannot be read is as if absent. Taking
//! an annotation away takes effect at once.

use std::time::Duration;

use serde_json::Value;

use super::super::object;

/// The course of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// Stays Pending.
    pub(super) hold: bool,
    /// Is never ready.
    pub(super) not_ready: bool,
    /// Fails for good.
    pub(super) fail: bool,
    /// Its images cannot be pulled.
    pub(super) image_failure: bool,
    /// How long until it is ready.
    pub(super) ready_after: Duration,
    /// How its containers end, if they do.
    pub(super) exit: Option<Exit>,
    /// The code of its first init container.
    pub(super) init_exit_code: i64,
}

/// How a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exit {
    /// The exit code.
    pub(super) code: i64,
    /// Killed for its memory.
    pub(super) out_of_memory: bool,
    /// How long it runs before.
    pub(super) after: Duration,
}

impl Exit {
    /// The reason of the `terminated` state.
    pub(super) fn reason(&self) -> &'static str {
        match self.code {
            _ if self.out_of_memory => "OOMKilled",
            0 => "Completed",
            _ => "Error",
        }
    }
}

impl Script {
    /// Reads the annotations of a pod.
    pub(super) fn of(pod: &Value, ready_after: Duration) -> Self {
        let fakelet = |name: &str| object::annotation(pod, &format!("fakelet/{name}")) == "true";
        let own = |name: &str| object::annotation(pod, &format!("sandbox.kudo.dev/{name}"));
        let ready_after = duration(own("ready-after")).unwrap_or(ready_after);
        let of_job =
            object::controller(pod).is_some_and(|owner| object::text(owner, "/kind") == "Job");
        let out_of_memory = own("oom-killed") == "true";
        let crash_loop = own("crash-loop") == "true";
        let code = match own("exit-code").parse().ok() {
            _ if out_of_memory => Some(137),
            _ if crash_loop => Some(1),
            None if of_job || !own("run-for").is_empty() => Some(0),
            code => code,
        };
        let usual = if crash_loop {
            Duration::ZERO
        } else {
            ready_after
        };
        let after = duration(own("run-for")).unwrap_or(usual);
        Self {
            hold: fakelet("hold"),
            not_ready: fakelet("notready"),
            fail: fakelet("fail"),
            image_failure: own("image-pull-failure") == "true",
            ready_after,
            exit: code.map(|code| Exit {
                code,
                out_of_memory,
                after,
            }),
            init_exit_code: own("init-exit-code").parse().unwrap_or(0),
        }
    }
}

/// Reads `90s`, `1.5m`, `500ms`, `2h`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_read_or_ignored() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        for bad in ["", "90", "s", "-1s", "1e400h", "1 s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_pods_of_jobs_end_by_themselves() {
        let second = Duration::from_secs(1);
        let job = json!({"metadata": {"ownerReferences": [{"kind": "Job", "controller": true}]}});
        let oom = json!({"metadata": {"annotations": {"sandbox.kudo.dev/oom-killed": "true"}}});

        assert_eq!(Script::of(&json!({}), second).exit, None);
        let exit = Script::of(&job, second).exit.unwrap();
        assert_eq!(
            (exit.code, exit.reason(), exit.after),
            (0, "Completed", second)
        );
        let exit = Script::of(&oom, second).exit.unwrap();
        assert_eq!((exit.code, exit.reason()), (137, "OOMKilled"));
    }
}
