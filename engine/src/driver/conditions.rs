//! The conditions of an instance: KUDO's `Ready`, and `Reconciling` and `Stalled` by Kubernetes'
//! convention (kudo-spec 2.5, 5.2).

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::{
    api::names::{PLAN_DEPLOY, PLAN_UPDATE, PLAN_UPGRADE},
    plan::{execution::Failure, status::whole_seconds},
};

/// Whether the instance does what it is there for.
pub(super) const READY: &str = "Ready";
/// Whether a plan is at work.
pub(super) const RECONCILING: &str = "Reconciling";
/// Whether a plan has failed and nothing will happen by itself.
pub(super) const STALLED: &str = "Stalled";

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
    let old = conditions.iter().find(|condition| condition.type_ == kind);
    let since = old
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
