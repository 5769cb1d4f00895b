//! Transitions of plan, phase and step statuses (kudo-spec 5.2, 5.3).

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use crate::api::{
    PhaseSpec, PlanSpec,
    instance::{ExecutionStatus, InstanceStatus, PhaseStatus, PlanStatus, StepStatus},
};

/// Makes `statuses` follow `plans`: new plans are `NEVER_RUN`, phases and steps are those of the
/// plan, in its order, with what is known of them by name (kudo-spec 5.2 b).
///
/// Plans that the operator version no longer has keep their last status.
pub fn align(statuses: &mut BTreeMap<String, PlanStatus>, plans: &BTreeMap<String, PlanSpec>) {
    for (name, plan) in plans {
        let status = statuses.entry(name.clone()).or_default();
        status.name.clone_from(name);
        let known = std::mem::take(&mut status.phases);
        status.phases = plan
            .phases
            .iter()
            .map(|phase| aligned_phase(phase, &known))
            .collect();
    }
}

fn aligned_phase(phase: &PhaseSpec, known: &[PhaseStatus]) -> PhaseStatus {
    let old = known
        .iter()
        .find(|status| status.name == phase.name)
        .cloned()
        .unwrap_or_default();
    let steps = phase.steps.iter().map(|step| {
        let known = old
            .steps
            .iter()
            .find(|status| status.name == step.name)
            .cloned();
        StepStatus {
            name: step.name.clone(),
            ..known.unwrap_or_default()
        }
    });
    PhaseStatus {
        name: phase.name.clone(),
        steps: steps.collect(),
        ..old
    }
}

/// Begins a new execution: everything is `PENDING` under `uid` (kudo-spec 5.2 d).
pub fn reset(plan: &mut PlanStatus, uid: &str, now: Timestamp) {
    uid.clone_into(&mut plan.uid);
    set_plan(plan, ExecutionStatus::Pending, now);
    for phase in &mut plan.phases {
        set_phase(phase, ExecutionStatus::Pending);
        (phase.started, phase.finished) = (None, None);
        for step in &mut phase.steps {
            set_step(step, ExecutionStatus::Pending, String::new());
            (step.started, step.finished) = (None, None);
        }
    }
}

/// What a step says that counts as complete because somebody wanted it so.
pub const SKIPPED: &str = "skipped by hand";

/// Opens a failed execution again: what is complete stays so, everything else is `PENDING`.
pub fn reopen(plan: &mut PlanStatus, now: Timestamp) {
    set_plan(plan, ExecutionStatus::Pending, now);
    for phase in &mut plan.phases {
        for step in &mut phase.steps {
            if step.status != ExecutionStatus::Complete {
                set_step(step, ExecutionStatus::Pending, String::new());
                (step.started, step.finished) = (None, None);
            }
        }
        if phase.status != ExecutionStatus::Complete {
            set_phase(phase, ExecutionStatus::Pending);
            (phase.started, phase.finished) = (None, None);
        }
    }
}

/// Ends whatever runs in `plan`, or in one phase of it, with `message`.
pub fn stop_running(plan: &mut PlanStatus, phase: Option<&str>, message: &str) {
    let phases = plan.phases.iter_mut();
    for one in phases.filter(|one| phase.is_none_or(|phase| one.name == phase)) {
        if !matches!(one.status, ExecutionStatus::InProgress) {
            continue;
        }
        set_phase(one, ExecutionStatus::FatalError);
        for step in &mut one.steps {
            if matches!(
                step.status,
                ExecutionStatus::InProgress | ExecutionStatus::Error
            ) {
                set_step(step, ExecutionStatus::FatalError, message.to_owned());
            }
        }
    }
}

/// Sets the status of a plan and clears its message; the time moves only with the status.
pub fn set_plan(plan: &mut PlanStatus, status: ExecutionStatus, now: Timestamp) {
    if plan.status != status || plan.last_updated_timestamp.is_none() {
        plan.last_updated_timestamp = Some(Time(whole_seconds(now)));
    }
    plan.status = status;
    plan.message.clear();
}

/// Sets the status of a phase and clears its message.
pub fn set_phase(phase: &mut PhaseStatus, status: ExecutionStatus) {
    phase.status = status;
    phase.message.clear();
}

/// Sets the status and the message of a step.
pub fn set_step(step: &mut StepStatus, status: ExecutionStatus, message: String) {
    step.status = status;
    step.message = message;
}

/// Writes down the time of each phase and step whose status has moved since `before`.
pub fn stamp(before: &PlanStatus, after: &mut PlanStatus, now: Timestamp) {
    let now = MicroTime(milliseconds(now));
    for (was, phase) in before.phases.iter().zip(&mut after.phases) {
        if was.status != phase.status {
            moved(phase.status, &mut phase.started, &mut phase.finished, &now);
        }
        for (was, step) in was.steps.iter().zip(&mut phase.steps) {
            if was.status != step.status {
                moved(step.status, &mut step.started, &mut step.finished, &now);
            }
        }
    }
}

/// Sets the times of what has come to `status`: it starts once, and a new try takes back its end.
fn moved(
    status: ExecutionStatus,
    started: &mut Option<MicroTime>,
    finished: &mut Option<MicroTime>,
    now: &MicroTime,
) {
    if matches!(status, ExecutionStatus::Pending | ExecutionStatus::NeverRun) {
        (*started, *finished) = (None, None);
        return;
    }
    started.get_or_insert_with(|| now.clone());
    *finished = status.is_terminal().then(|| now.clone());
}

/// Returns `now` in whole milliseconds, which is how long the shortest step takes.
pub fn milliseconds(now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Returns why a plan failed: its own message, or the first of its steps.
pub fn why_failed(plan: &PlanStatus) -> String {
    let steps = plan.phases.iter().flat_map(|phase| &phase.steps);
    let failed = steps.filter(|step| step.status == ExecutionStatus::FatalError);
    std::iter::once(&plan.message)
        .chain(failed.map(|step| &step.message))
        .find(|message| !message.is_empty())
        .cloned()
        .unwrap_or_else(|| format!("plan {} ended with status {}", plan.name, plan.status))
}

/// Returns `now` without fractions: the API's times have whole seconds.
pub fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Returns the plan that was executed last: a running one, else the one that the status names, else
/// the one with the newest time (kudo-spec 7.3); among equals the first by name.
pub fn last_executed(status: &InstanceStatus) -> Option<&PlanStatus> {
    let statuses = &status.plan_status;
    if let Some(running) = statuses.values().find(|plan| plan.status.is_running()) {
        return Some(running);
    }
    if let Some(last) = &status.last_plan
        && let Some(named) = statuses.get(&last.name)
    {
        return Some(named);
    }
    let ended = statuses
        .values()
        .filter(|plan| plan.status != ExecutionStatus::NeverRun);
    ended
        .rev()
        .max_by_key(|plan| plan.last_updated_timestamp.as_ref().map(|time| time.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::StepSpec;

    fn plan(steps: &[&str]) -> PlanSpec {
        let step = |name: &&str| StepSpec {
            name: (*name).to_owned(),
            ..StepSpec::default()
        };
        let steps = steps.iter().map(step).collect();
        let phase = PhaseSpec {
            name: "p".to_owned(),
            steps,
            ..PhaseSpec::default()
        };
        PlanSpec {
            phases: vec![phase],
            ..PlanSpec::default()
        }
    }

    fn statuses(steps: &[&str]) -> BTreeMap<String, PlanStatus> {
        let mut statuses = BTreeMap::new();
        align(
            &mut statuses,
            &BTreeMap::from([("deploy".to_owned(), plan(steps))]),
        );
        statuses
    }

    #[test]
    fn new_steps_never_ran_and_old_ones_keep_their_status() {
        let mut statuses = statuses(&["a", "gone"]);
        statuses.get_mut("deploy").unwrap().phases[0].steps[0].status = ExecutionStatus::Complete;

        let plans = BTreeMap::from([("deploy".to_owned(), plan(&["new", "a"]))]);
        align(&mut statuses, &plans);

        let steps = &statuses["deploy"].phases[0].steps;
        assert_eq!(
            steps
                .iter()
                .map(|s| (s.name.as_str(), s.status))
                .collect::<Vec<_>>(),
            [
                ("new", ExecutionStatus::NeverRun),
                ("a", ExecutionStatus::Complete)
            ]
        );
    }

    #[test]
    fn a_vanished_plan_keeps_its_last_status() {
        let mut statuses = statuses(&["a"]);

        align(&mut statuses, &BTreeMap::new());

        assert!(statuses.contains_key("deploy"));
    }

    #[test]
    fn a_new_execution_starts_pending_everywhere() {
        let mut statuses = statuses(&["a"]);
        let status = statuses.get_mut("deploy").unwrap();
        status.phases[0].steps[0].message = "old".to_owned();

        reset(status, "uid-2", Timestamp::UNIX_EPOCH);

        assert_eq!(status.uid, "uid-2");
        assert_eq!(status.status, ExecutionStatus::Pending);
        assert_eq!(status.phases[0].steps[0].status, ExecutionStatus::Pending);
        assert_eq!(status.phases[0].steps[0].message, "");
    }

    #[test]
    fn a_failed_execution_goes_on_from_what_is_complete() {
        let mut statuses = statuses(&["a", "b", "c"]);
        let status = statuses.get_mut("deploy").unwrap();
        reset(status, "uid-1", Timestamp::UNIX_EPOCH);
        status.status = ExecutionStatus::FatalError;
        status.phases[0].status = ExecutionStatus::InProgress;
        status.phases[0].steps[0].status = ExecutionStatus::Complete;
        status.phases[0].steps[1].status = ExecutionStatus::InProgress;
        stop_running(status, None, "cancelled");
        let steps = |status: &PlanStatus| {
            let steps = status.phases[0].steps.iter();
            steps.map(|step| step.status).collect::<Vec<_>>()
        };
        assert_eq!(
            steps(status),
            [
                ExecutionStatus::Complete,
                ExecutionStatus::FatalError,
                ExecutionStatus::Pending
            ]
        );

        reopen(status, Timestamp::UNIX_EPOCH);

        assert_eq!(status.uid, "uid-1");
        assert_eq!(status.status, ExecutionStatus::Pending);
        assert_eq!(status.phases[0].status, ExecutionStatus::Pending);
        assert_eq!(
            steps(status),
            [
                ExecutionStatus::Complete,
                ExecutionStatus::Pending,
                ExecutionStatus::Pending
            ]
        );
        assert_eq!(status.phases[0].steps[1].message, "");
    }

    #[test]
    fn the_time_of_a_plan_moves_only_with_its_status() {
        let mut status = PlanStatus::default();
        let at = |second| Timestamp::from_second(second).unwrap();

        set_plan(&mut status, ExecutionStatus::InProgress, at(1));
        set_plan(&mut status, ExecutionStatus::InProgress, at(2));

        assert_eq!(status.last_updated_timestamp, Some(Time(at(1))));
    }

    #[test]
    fn a_step_starts_once_and_ends_with_its_last_try() {
        let mut plan = statuses(&["a"]).remove("deploy").unwrap();
        let mut go = |status, second| {
            let before = plan.clone();
            set_step(&mut plan.phases[0].steps[0], status, String::new());
            stamp(&before, &mut plan, Timestamp::from_second(second).unwrap());
            let step = &plan.phases[0].steps[0];
            let second = |time: &Option<MicroTime>| time.as_ref().map(|time| time.0.as_second());
            (second(&step.started), second(&step.finished))
        };

        assert_eq!(go(ExecutionStatus::InProgress, 1), (Some(1), None));
        assert_eq!(go(ExecutionStatus::Error, 2), (Some(1), None));
        assert_eq!(go(ExecutionStatus::FatalError, 3), (Some(1), Some(3)));
        assert_eq!(go(ExecutionStatus::InProgress, 4), (Some(1), None));
        assert_eq!(go(ExecutionStatus::Complete, 5), (Some(1), Some(5)));
        assert_eq!(go(ExecutionStatus::Complete, 6), (Some(1), Some(5)));
        assert_eq!(go(ExecutionStatus::Pending, 7), (None, None));
    }

    #[test]
    fn a_running_plan_counts_as_the_last_executed() {
        let mut statuses = statuses(&["a"]);
        statuses.insert(
            "update".to_owned(),
            PlanStatus {
                name: "update".to_owned(),
                status: ExecutionStatus::Complete,
                last_updated_timestamp: Some(Time(Timestamp::MAX)),
                ..PlanStatus::default()
            },
        );
        let mut status = InstanceStatus {
            plan_status: statuses,
            ..InstanceStatus::default()
        };
        assert_eq!(last_executed(&status).unwrap().name, "update");

        status.plan_status.get_mut("deploy").unwrap().status = ExecutionStatus::Error;
        assert_eq!(last_executed(&status).unwrap().name, "deploy");
    }
}
