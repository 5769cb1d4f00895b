//! The conditions of an instance: KUDO's `Ready`, and `Reconciling` and `Stalled` by Kubernetes'
//! convention (kudo-spec 2.5, 5.2).

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::{
    api::{
        Instance,
        names::{PLAN_DEPLOY, PLAN_UPDATE, PLAN_UPGRADE},
    },
    plan::{execution::Failure, status::whole_seconds},
};

/// Whether the instance does what it is there for.
pub(super) const READY: &str = "Ready";
/// Whether a plan is at work.
pub(super) const RECONCILING: &str = "Reconciling";
/// Whether a plan has failed, or a change is refused, and nothing will happen by itself.
pub(super) const STALLED: &str = "Stalled";
/// Whether the spec is accepted; only there once something was refused.
pub(super) const ADMITTED: &str = "Admitted";

/// Reason of a refused change.
pub(super) const CHANGE_DENIED: &str = "ChangeDenied";

/// Why a spec is not admitted.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// Reason of condition and event.
    pub reason: &'static str,
    /// What is wrong, in KUDO's words.
    pub message: String,
    /// Whether it may pass without anybody changing the spec.
    pub may_pass: bool,
}

/// Where an instance stands while its spec is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// It never ran a plan.
    New,
    /// No plan is at work.
    Idle,
    /// A plan is at work.
    Running,
}

/// Returns the condition of this type.
pub(super) fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Sets the conditions of a spec that is refused. A plan that is at work goes on, so only `Admitted`
/// tells of it then.
pub(super) fn refuse(
    conditions: &mut Vec<Condition>,
    refusal: &Refusal,
    standing: Standing,
    generation: Option<i64>,
    now: Timestamp,
) {
    let Refusal {
        reason,
        message,
        may_pass,
    } = refusal;
    let mut set = |kind: &str, status: &str, message: &str| {
        set(conditions, kind, status, reason, message, generation, now);
    };
    set(ADMITTED, "False", message);
    if standing == Standing::Running {
        return;
    }
    if standing == Standing::New {
        set(READY, "False", message);
    }
    let (reconciling, stalled) = if *may_pass {
        (("True", message.as_str()), ("False", ""))
    } else {
        (("False", ""), ("True", message.as_str()))
    };
    set(RECONCILING, reconciling.0, reconciling.1);
    set(STALLED, stalled.0, stalled.1);
}

/// Sets the conditions of a spec that is accepted again without a plan that would set them.
pub(super) fn settle(
    conditions: &mut Vec<Condition>,
    failure: Option<&str>,
    standing: Standing,
    generation: Option<i64>,
    now: Timestamp,
) {
    if find(conditions, ADMITTED).is_none_or(|admitted| admitted.status != "False") {
        return;
    }
    accept(conditions, generation, now);
    if standing == Standing::Running {
        return;
    }
    let mut set = |kind: &str, status: &str, reason: &str, message: &str| {
        set(conditions, kind, status, reason, message, generation, now);
    };
    match failure {
        None => {
            set(RECONCILING, "False", "PlanComplete", "");
            set(STALLED, "False", "PlanComplete", "");
        }
        Some(message) => {
            set(RECONCILING, "False", "PlanInFatalError", "");
            set(STALLED, "True", "PlanInFatalError", message);
        }
    }
}

/// Takes back that the spec was refused, where it was.
pub(super) fn accept(conditions: &mut Vec<Condition>, generation: Option<i64>, now: Timestamp) {
    if find(conditions, ADMITTED).is_some() {
        set(
            conditions,
            ADMITTED,
            "True",
            "ChangeAdmitted",
            "",
            generation,
            now,
        );
    }
}

/// Sets the conditions of a plan that begins. Only plans that bring the instance to its newest state
/// make `Ready` unknown; others leave it as it is.
pub(super) fn begin(
    conditions: &mut Vec<Condition>,
    plan: &str,
    generation: Option<i64>,
    now: Timestamp,
) {
    let mut set = |kind: &str, status: &str, reason: &str, message: &str| {
        set(conditions, kind, status, reason, message, generation, now);
    };
    if [PLAN_DEPLOY, PLAN_UPGRADE, PLAN_UPDATE].contains(&plan) {
        set(READY, "Unknown", "PlanInProgress", "");
    }
    set(
        RECONCILING,
        "True",
        "PlanInProgress",
        &format!("plan {plan} is running"),
    );
    set(STALLED, "False", "PlanInProgress", "");
}

/// Sets the conditions of a plan that is paused; returns whether they were not so already.
pub(super) fn pause(
    conditions: &mut Vec<Condition>,
    plan: &str,
    generation: Option<i64>,
    now: Timestamp,
) -> bool {
    let before = conditions.clone();
    let message = format!("plan {plan} is paused; `kudo-rs plan resume` goes on with it");
    set(
        conditions,
        RECONCILING,
        "True",
        "PlanPaused",
        &message,
        generation,
        now,
    );
    *conditions != before
}

/// Sets the conditions of a plan that ended.
pub(super) fn end(
    conditions: &mut Vec<Condition>,
    failure: Option<&Failure>,
    generation: Option<i64>,
    now: Timestamp,
) {
    let mut set = |kind: &str, status: &str, reason: &str, message: &str| {
        set(conditions, kind, status, reason, message, generation, now);
    };
    let Some(failure) = failure else {
        set(READY, "True", "ResourcesReady", "");
        set(RECONCILING, "False", "PlanComplete", "");
        set(STALLED, "False", "PlanComplete", "");
        return;
    };
    set(READY, "Unknown", "PlanInFatalError", &failure.message);
    set(RECONCILING, "False", "PlanInFatalError", "");
    set(STALLED, "True", "PlanInFatalError", &failure.message);
}

/// Returns the conditions of an instance with another `Ready`.
pub(crate) fn conditions_with_ready(
    instance: &Instance,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Vec<Condition> {
    let known = instance.status.as_ref().map(|status| &status.conditions);
    let mut conditions = known.cloned().unwrap_or_default();
    let generation = instance.metadata.generation;
    set(
        &mut conditions,
        READY,
        status,
        reason,
        message,
        generation,
        now,
    );
    conditions
}

/// Sets one condition; its time moves only with its status.
fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    generation: Option<i64>,
    now: Timestamp,
) {
    let since = find(conditions, kind)
        .filter(|old| old.status == status)
        .map(|old| old.last_transition_time.clone());
    let condition = Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: generation,
        last_transition_time: since.unwrap_or_else(|| Time(whole_seconds(now))),
    };
    match conditions
        .iter_mut()
        .find(|condition| condition.type_ == kind)
    {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ready(conditions: &[Condition]) -> (&str, &str) {
        let ready = conditions
            .iter()
            .find(|condition| condition.type_ == READY)
            .unwrap();
        (&ready.status, &ready.reason)
    }

    #[test]
    fn ready_follows_the_plans_that_change_the_instance() {
        let mut conditions = Vec::new();

        begin(&mut conditions, "deploy", Some(1), at(1));
        assert_eq!(ready(&conditions), ("Unknown", "PlanInProgress"));
        end(&mut conditions, None, Some(1), at(2));
        assert_eq!(ready(&conditions), ("True", "ResourcesReady"));
        begin(&mut conditions, "backup", Some(2), at(3));
        assert_eq!(ready(&conditions), ("True", "ResourcesReady"));
    }

    #[test]
    fn a_failed_plan_stalls_the_instance() {
        let mut conditions = Vec::new();
        let failure = Failure {
            event: "E",
            message: "no".to_owned(),
        };

        begin(&mut conditions, "deploy", None, at(1));
        end(&mut conditions, Some(&failure), None, at(2));

        assert_eq!(ready(&conditions), ("Unknown", "PlanInFatalError"));
        let stalled = conditions
            .iter()
            .find(|condition| condition.type_ == STALLED)
            .unwrap();
        assert_eq!(
            (stalled.status.as_str(), stalled.message.as_str()),
            ("True", "no")
        );
    }

    #[test]
    fn the_time_of_a_condition_moves_only_with_its_status() {
        let mut conditions = Vec::new();

        end(&mut conditions, None, None, at(1));
        end(&mut conditions, None, None, at(9));

        assert_eq!(conditions[0].last_transition_time, Time(at(1)));
    }
}
