//! The last executions of an instance: what `status.history` holds, as plain functions.
//!
//! An entry is written when its execution begins and completed when it ends, with the status writes
//! that are made then anyway. In between, the phases of the running execution are in `planStatus`;
//! [`shown`] puts the two together. An execution that is interrupted and goes on keeps its uid, and so
//! its entry; one that failed and is tried again begins another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, MicroTime};

use crate::{
    api::{
        Instance, InstanceStatus, OperatorVersion, ParameterSpec, PastExecution, Trigger,
        instance::{Admitted, ExecutionStatus, PhaseStatus, PlanStatus},
        names::{FIELD_MANAGER, PLAN_CLEANUP, PLAN_DEPLOY},
        records::ParameterChange,
    },
    parameters,
    plan::status::milliseconds,
};

/// How many executions are remembered.
pub const REMEMBERED: usize = 10;

// The history is stored in the instance, and an object holds about a megabyte at most.
const MOST_CHANGES: usize = 50;
const MOST_STEPS: usize = 100;
const LONGEST_NAME: usize = 100;
const LONGEST_VALUE: usize = 200;
const LONGEST_STEP_MESSAGE: usize = 300;
const LONGEST_MESSAGE: usize = 1000;

/// Returns the history with the execution that `instance` asks for at its head, as it begins.
///
/// `instance` is as it was before its plan's status was reset.
pub fn begun(instance: &Instance, version: &OperatorVersion, now: Timestamp) -> Vec<PastExecution> {
    let now = MicroTime(milliseconds(now));
    let none = InstanceStatus::default();
    let status = instance.status.as_ref().unwrap_or(&none);
    let mut history = status.history.clone();
    let uid = &instance.spec.plan_execution.uid;
    if let Some(known) = history.iter_mut().find(|one| one.uid == *uid) {
        let has_ended = standing(status, known).is_some_and(|plan| plan.status.is_terminal());
        if has_ended && is_retry(instance) {
            history.insert(0, beginning(instance, status, version, now));
            history.truncate(REMEMBERED);
            return history;
        }
        // Only the hand-over is missing of an execution whose end was written.
        if has_ended {
            return history;
        }
        known.status = ExecutionStatus::InProgress;
        known.finished = None;
        known.message.clear();
        known.phases.clear();
        return history;
    }
    for left in history.iter_mut().filter(|one| one.finished.is_none()) {
        if let Some(stood) = standing(status, left) {
            complete(left, stood);
        }
        left.finished = Some(now.clone());
    }
    history.insert(0, beginning(instance, status, version, now));
    history.truncate(REMEMBERED);
    history
}

/// Returns the history after its running execution came to `end`.
pub fn ended(
    history: &[PastExecution],
    end: &PlanStatus,
    message: &str,
    now: Timestamp,
) -> Vec<PastExecution> {
    let mut history = history.to_vec();
    if let Some(ended) = history.iter_mut().find(|one| one.uid == end.uid) {
        complete(ended, end);
        ended.message = clipped(message, LONGEST_MESSAGE);
        let now = MicroTime(milliseconds(now));
        let now = ended.finished.get_or_insert(now).clone();
        close(&mut ended.phases, &now);
    }
    history
}

/// Returns the executions that are known of an instance, newest first, each as it stands now.
///
/// Where no history is kept, it is what `planStatus` says: the last execution of each plan.
pub fn shown(status: &InstanceStatus) -> Vec<PastExecution> {
    if status.history.is_empty() {
        return of_plan_status(status);
    }
    let mut history = status.history.clone();
    for one in history.iter_mut().filter(|one| one.finished.is_none()) {
        if let Some(stands) = standing(status, one) {
            one.status = stands.status;
            one.message.clone_from(&stands.message);
            one.phases.clone_from(&stands.phases);
        }
    }
    history
}

fn beginning(
    instance: &Instance,
    status: &InstanceStatus,
    version: &OperatorVersion,
    now: MicroTime,
) -> PastExecution {
    let asked = &instance.spec.plan_execution;
    let requested_by = requester(instance);
    let changed = status.admitted.as_ref().map_or_else(Vec::new, |admitted| {
        changes(admitted, instance, &version.spec.parameters)
    });
    let previous = status.admitted.as_ref().and_then(|admitted| {
        let name = admitted.operator_version.name.clone().unwrap_or_default();
        (!name.is_empty() && name != instance.operator_version_key().1).then_some(name)
    });
    PastExecution {
        plan: asked.plan_name.clone(),
        uid: asked.uid.clone(),
        trigger: trigger(instance, status, previous.is_some(), !changed.is_empty()),
        requested_by: clipped(&requested_by, LONGEST_VALUE),
        operator_version: instance.operator_version_key().1.to_owned(),
        previous_operator_version: previous.unwrap_or_default(),
        changed_parameters: changed,
        started: Some(now),
        status: ExecutionStatus::InProgress,
        ..PastExecution::default()
    }
}

fn trigger(
    instance: &Instance,
    status: &InstanceStatus,
    is_upgrade: bool,
    has_changes: bool,
) -> Trigger {
    let asked = &instance.spec.plan_execution;
    let ran = |plan: &PlanStatus| plan.status != ExecutionStatus::NeverRun;
    if asked.plan_name == PLAN_CLEANUP && instance.metadata.deletion_timestamp.is_some() {
        return Trigger::Deletion;
    }
    if is_upgrade {
        return Trigger::Upgrade;
    }
    if has_changes {
        return Trigger::Parameters;
    }
    if asked.plan_name == PLAN_DEPLOY && !status.plan_status.values().any(ran) {
        return Trigger::Install;
    }
    if is_retry(instance) {
        return Trigger::Retry;
    }
    match status.history.first() {
        Some(last) if last.plan == asked.plan_name && last.finished.is_none() => Trigger::Restart,
        _ if status.admitted.is_some() => Trigger::Manual,
        _ => Trigger::Unknown,
    }
}

/// A failed execution that is scheduled again under its own uid is tried again.
fn is_retry(instance: &Instance) -> bool {
    let asked = &instance.spec.plan_execution;
    let failed =
        |plan: &PlanStatus| plan.uid == asked.uid && plan.status == ExecutionStatus::FatalError;
    asked.status == Some(ExecutionStatus::Pending)
        && instance.plan_status(&asked.plan_name).is_some_and(failed)
}

/// Returns the parameters that differ from the admitted ones.
///
/// A parameter that is not given has its default; that of an earlier operator version is not known
/// any more, so an upgrade names only what was given.
fn changes(
    admitted: &Admitted,
    instance: &Instance,
    known: &[ParameterSpec],
) -> Vec<ParameterChange> {
    let now = &instance.spec.parameters;
    let is_upgrade =
        admitted.operator_version.name.as_deref() != Some(instance.operator_version_key().1);
    let value = |given: &BTreeMap<String, String>, name: &String| {
        let default = || {
            let one = known.iter().find(|one| one.name == *name)?;
            one.default.clone().filter(|_| !is_upgrade)
        };
        given.get(name).cloned().or_else(default)
    };
    let names: BTreeSet<&String> = admitted.parameters.keys().chain(now.keys()).collect();
    let changes = names.into_iter().filter_map(|name| {
        let (old, new) = (value(&admitted.parameters, name), value(now, name));
        let shown = |value: String| clipped(parameters::shown(name, &value), LONGEST_VALUE);
        (old != new).then(|| ParameterChange {
            name: clipped(name, LONGEST_NAME),
            old: old.map(shown),
            new: new.map(shown),
        })
    });
    changes.take(MOST_CHANGES).collect()
}

/// Returns who asked for the scheduled execution.
///
/// The name in the spec counts only where it was written with the uid: a patch by another program
/// leaves an older name behind. That program is known by what it owns then.
fn requester(instance: &Instance) -> String {
    let asked = &instance.spec.plan_execution;
    let fields = instance
        .metadata
        .managed_fields
        .as_deref()
        .unwrap_or_default();
    let Some(owner) = fields.iter().find(|entry| owns(entry, "f:uid")) else {
        return asked.requested_by.clone();
    };
    if !asked.requested_by.is_empty() && owns(owner, "f:requestedBy") {
        return asked.requested_by.clone();
    }
    let name = owner.manager.as_deref().unwrap_or_default();
    if name == FIELD_MANAGER && !asked.requested_by.is_empty() {
        return asked.requested_by.clone();
    }
    name.to_owned()
}

fn owns(entry: &ManagedFieldsEntry, field: &str) -> bool {
    entry
        .fields_v1
        .as_ref()
        .is_some_and(|fields| !fields.0["f:spec"]["f:planExecution"][field].is_null())
}

/// Returns the status of the plan of `execution`, if it still speaks of it.
fn standing<'a>(status: &'a InstanceStatus, execution: &PastExecution) -> Option<&'a PlanStatus> {
    let plan = status.plan_status.get(&execution.plan)?;
    (plan.uid == execution.uid).then_some(plan)
}

/// Writes into `execution` how its plan stands.
fn complete(execution: &mut PastExecution, plan: &PlanStatus) {
    execution.status = plan.status;
    execution.message = clipped(&plan.message, LONGEST_MESSAGE);
    execution.phases = bounded(&plan.phases);
}

/// What was ended from outside has no time of its own.
fn close(phases: &mut [PhaseStatus], now: &MicroTime) {
    let ends = |status: ExecutionStatus, started: &Option<MicroTime>| {
        status.is_terminal() && started.is_some()
    };
    for phase in phases {
        if ends(phase.status, &phase.started) {
            phase.finished.get_or_insert_with(|| now.clone());
        }
        for step in &mut phase.steps {
            if ends(step.status, &step.started) {
                step.finished.get_or_insert_with(|| now.clone());
            }
        }
    }
}

/// Returns as many phases and steps as one entry may hold, with messages of bounded length.
fn bounded(phases: &[PhaseStatus]) -> Vec<PhaseStatus> {
    let mut left = MOST_STEPS;
    let mut kept = Vec::new();
    for phase in phases.iter().take(MOST_STEPS) {
        let mut phase = phase.clone();
        phase.steps.truncate(left);
        left -= phase.steps.len();
        phase.message = clipped(&phase.message, LONGEST_STEP_MESSAGE);
        for step in &mut phase.steps {
            step.message = clipped(&step.message, LONGEST_STEP_MESSAGE);
        }
        kept.push(phase);
    }
    kept
}

/// Returns what `planStatus` tells of past executions, newest first.
fn of_plan_status(status: &InstanceStatus) -> Vec<PastExecution> {
    let ran = status
        .plan_status
        .values()
        .filter(|plan| plan.status != ExecutionStatus::NeverRun);
    let mut history: Vec<_> = ran
        .map(|plan| {
            let time = plan.last_updated_timestamp.as_ref();
            let ended = time.filter(|_| plan.status.is_terminal());
            PastExecution {
                plan: plan.name.clone(),
                uid: plan.uid.clone(),
                finished: ended.map(|time| MicroTime(time.0)),
                status: plan.status,
                message: plan.message.clone(),
                phases: plan.phases.clone(),
                ..PastExecution::default()
            }
        })
        .collect();
    // What runs comes first: it has no end yet.
    history.sort_by_key(|one| {
        std::cmp::Reverse(one.finished.as_ref().map_or(Timestamp::MAX, |time| time.0))
    });
    history
}

/// Returns `text`, cut where it is longer than `longest` letters.
fn clipped(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
