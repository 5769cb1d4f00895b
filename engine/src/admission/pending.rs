//! Changes that somebody wrote into an instance and that nobody has decided on yet (design decision 7).
//!
//! KUDO's webhook saw each change before it was stored. Without a webhook the change is in the spec
//! already, so what is compared is the spec and `status.admitted`: the part of the spec that was
//! accepted last. [`judge`] asks [`decide`] about the difference, as a webhook would have.
//!
//! A spec is accepted or refused as a whole. One that is refused stays as it is written, and nothing of
//! it is executed: plans go on with what was admitted, and a later change is looked at together with
//! the refused one, until the whole is acceptable.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ObjectReference;

use crate::api::{
    Instance, OperatorVersion, PlanExecution,
    instance::{Admitted, ExecutionStatus},
    names::PLAN_DEPLOY,
};

use super::{Change, Decision, Denial, Schedule, decide};

/// An instance whose spec may not have been decided on, with the operator versions it speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Pending<'a> {
    /// The instance as it is stored.
    pub instance: &'a Instance,
    /// The operator version that its spec names.
    pub operator_version: &'a OperatorVersion,
    /// The operator version that was admitted last; `None` when there was none, or it is gone.
    pub admitted_version: Option<&'a OperatorVersion>,
}

/// What has to be done about the spec of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing: it was decided on.
    Settled,
    /// It is accepted and runs nothing new, or what it asks to run was decided on by whoever wrote it.
    Accepted,
    /// It is accepted, and this plan runs under a new uid.
    Run {
        /// Name of the plan.
        plan: String,
        /// The parameters as they are to be stored.
        parameters: BTreeMap<String, String>,
        /// Whether deletion has to wait for a `cleanup` plan.
        needs_cleanup: bool,
    },
    /// It names a plan that has ended, and is to name none.
    Clear,
    /// It cancels or overrides the plan that runs, which is not allowed: the plan is named again.
    Restore {
        /// The execution that goes on.
        execution: PlanExecution,
        /// Why.
        denial: Denial,
    },
    /// It is refused.
    Denied(Denial),
}

/// Returns the part of the spec that was accepted last, or `None` for an instance that is new.
///
/// An instance that ran plans without `status.admitted` was looked after by KUDO, whose webhook let
/// nothing into the spec that it had not accepted: its spec is taken as admitted.
pub fn accepted(instance: &Instance) -> Option<Admitted> {
    let status = instance.status.as_ref()?;
    let written = Admitted {
        operator_version: instance.spec.operator_version.clone(),
        parameters: instance.spec.parameters.clone(),
    };
    let Some(admitted) = &status.admitted else {
        let has_run = status
            .plan_status
            .values()
            .any(|plan| plan.status != ExecutionStatus::NeverRun);
        return has_run.then_some(written);
    };
    let mut admitted = admitted.clone();
    if key(instance, &admitted.operator_version) == key(instance, &written.operator_version) {
        // KUDO called it an upgrade when any field of the reference differed (kudo-spec 6.3); only the
        // object that it names matters.
        admitted.operator_version = written.operator_version;
    }
    Some(admitted)
}

fn key<'a>(instance: &'a Instance, reference: &'a ObjectReference) -> (&'a str, &'a str) {
    let namespace = reference.namespace.as_deref().filter(|one| !one.is_empty());
    (
        namespace.unwrap_or_else(|| instance.namespace_or_default()),
        reference.name.as_deref().unwrap_or_default(),
    )
}

/// Returns the execution that has begun and not been taken off the instance; an empty one when there is
/// none. What people write into `spec.planExecution` meanwhile does not change it.
pub fn begun(instance: &Instance) -> PlanExecution {
    let written = &instance.spec.plan_execution;
    if is_begun(instance, written) {
        return PlanExecution {
            status: Some(ExecutionStatus::InProgress),
            ..written.clone()
        };
    }
    let last = instance
        .status
        .as_ref()
        .and_then(|status| status.last_plan.as_ref())
        .filter(|last| last.status.is_running());
    let running = last
        .and_then(|last| instance.plan_status(&last.name))
        .filter(|plan| plan.status.is_running() && !plan.uid.is_empty());
    running.map_or_else(PlanExecution::default, |plan| PlanExecution {
        plan_name: plan.name.clone(),
        uid: plan.uid.clone(),
        status: Some(ExecutionStatus::InProgress),
        paused: written.paused,
        cancelled: written.cancelled,
        requested_by: written.requested_by.clone(),
    })
}

fn is_begun(instance: &Instance, execution: &PlanExecution) -> bool {
    !execution.uid.is_empty()
        && instance
            .plan_status(&execution.plan_name)
            .is_some_and(|plan| plan.uid == execution.uid)
}

/// Returns whether the spec holds something that has to be judged.
///
/// An instance that is being deleted is not judged any more: its `cleanup` plan runs with what was
/// admitted, whatever is written (kudo-spec 6.4, 6).
pub fn is_undecided(instance: &Instance) -> bool {
    if instance.metadata.deletion_timestamp.is_some() {
        return false;
    }
    let Some(accepted) = accepted(instance) else {
        return true;
    };
    let spec = &instance.spec;
    accepted.operator_version != spec.operator_version
        || accepted.parameters != spec.parameters
        || !names_its_execution(instance)
}

/// Whether `spec.planExecution` names what has begun, or nothing when nothing has.
fn names_its_execution(instance: &Instance) -> bool {
    let (written, begun) = (&instance.spec.plan_execution, begun(instance));
    if (&written.plan_name, &written.uid) != (&begun.plan_name, &begun.uid) {
        return !written.is_scheduled() && !begun.is_scheduled();
    }
    let is_running = instance
        .plan_status(&begun.plan_name)
        .is_some_and(|plan| plan.status.is_running());
    // Without its webhook KUDO left plans that had ended in the spec (kudo-spec 5.4).
    is_running || !written.status.is_some_and(ExecutionStatus::is_terminal)
}

/// Returns the instance as it was when it was decided on last: what was accepted, and what runs.
pub fn as_accepted(instance: &Instance, accepted: &Admitted) -> Instance {
    let mut old = instance.clone();
    old.spec.operator_version = accepted.operator_version.clone();
    old.spec.parameters = accepted.parameters.clone();
    old.spec.plan_execution = begun(instance);
    old
}

/// Returns what has to be done about the spec of an instance.
pub fn judge(pending: &Pending<'_>) -> Verdict {
    if !is_undecided(pending.instance) {
        return Verdict::Settled;
    }
    match accepted(pending.instance) {
        None => pending.create(),
        Some(accepted) => pending.update(&as_accepted(pending.instance, &accepted)),
    }
}

impl Pending<'_> {
    /// Whether whoever wrote the scheduled execution had decided on it: the command line does, and marks
    /// it with a status that runs.
    fn is_marked(&self) -> bool {
        let written = &self.instance.spec.plan_execution;
        written.status.is_some_and(ExecutionStatus::is_running)
            && !written.uid.is_empty()
            && !is_begun(self.instance, written)
    }

    fn create(&self) -> Verdict {
        let change = Change::Create {
            instance: self.instance,
            operator_version: self.operator_version,
        };
        match decide(change) {
            Err(denial) => Verdict::Denied(denial),
            // KUDO put `deploy` in the place of whatever a new instance asked for (kudo-spec 6.2, 5).
            Ok(_) if self.is_marked() && self.names(PLAN_DEPLOY) => Verdict::Accepted,
            Ok(decision) => self.verdict(decision),
        }
    }

    fn update(&self, old: &Instance) -> Verdict {
        if let Some(restored) = self.restored(old) {
            return restored;
        }
        match self.decide(old, self.instance) {
            Ok(decision) => self.verdict(decision),
            Err(denial) if self.is_marked() && self.is_explained(old) => {
                // The plan is there because of the change, not beside it.
                drop(denial);
                Verdict::Accepted
            }
            Err(denial) => Verdict::Denied(denial),
        }
    }

    /// Whether the marked plan is the one that the rest of the change starts.
    fn is_explained(&self, old: &Instance) -> bool {
        let mut rest = self.instance.clone();
        rest.spec.plan_execution = old.spec.plan_execution.clone();
        self.starts_the_marked_plan(old, &rest) || self.is_upgrade_and_restart(old)
    }

    fn starts_the_marked_plan(&self, old: &Instance, new: &Instance) -> bool {
        let decided = self.decide(old, new).map(|decision| decision.schedule);
        matches!(decided, Ok(Schedule::Run(plan)) if self.names(&plan))
    }

    /// Whether the marked plan was started by an upgrade and then started anew by parameters of its own,
    /// before anybody began with it: allowed one after the other, though not at once.
    fn is_upgrade_and_restart(&self, old: &Instance) -> bool {
        if old.spec.operator_version == self.instance.spec.operator_version {
            return false;
        }
        let mut moved = self.instance.clone();
        moved.spec.plan_execution = old.spec.plan_execution.clone();
        moved.spec.parameters = self.parameters_of_the_upgrade(old);
        if !self.starts_the_marked_plan(old, &moved) {
            return false;
        }
        moved.spec.plan_execution = self.instance.spec.plan_execution.clone();
        let restarted = decide(Change::Update {
            old: &moved,
            new: self.instance,
            old_operator_version: Some(self.operator_version),
            operator_version: self.operator_version,
        });
        match restarted.map(|decision| decision.schedule) {
            Ok(Schedule::Run(plan)) => self.names(&plan),
            Ok(Schedule::Keep) => true,
            Ok(Schedule::Clear) | Err(_) => false,
        }
    }

    /// Returns the parameters as an upgrade alone would have left them: those that the old version has as
    /// they were, those that are new as they are.
    fn parameters_of_the_upgrade(&self, old: &Instance) -> BTreeMap<String, String> {
        let has = |version: &OperatorVersion, name: &String| {
            let mut parameters = version.spec.parameters.iter();
            parameters.any(|parameter| parameter.name == *name)
        };
        let is_old = |name: &String| self.admitted_version.is_some_and(|one| has(one, name));
        let kept = old.spec.parameters.iter();
        let kept = kept.filter(|(name, _)| is_old(name) && has(self.operator_version, name));
        let added = self.instance.spec.parameters.iter();
        let added = added.filter(|(name, _)| !is_old(name));
        kept.chain(added)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    // kudo-spec 6.4, 7: a plan that runs is neither cancelled nor overridden. The rest of the spec is
    // judged when the execution is named again.
    fn restored(&self, old: &Instance) -> Option<Verdict> {
        let execution = &old.spec.plan_execution;
        if !execution.is_scheduled() || self.names(&execution.plan_name) {
            return None;
        }
        let mut asked = old.clone();
        asked.spec.plan_execution = self.instance.spec.plan_execution.clone();
        let version = self.admitted_version.unwrap_or(self.operator_version);
        let decided = decide(Change::Update {
            old,
            new: &asked,
            old_operator_version: Some(version),
            operator_version: version,
        });
        decided.err().map(|denial| Verdict::Restore {
            execution: execution.clone(),
            denial,
        })
    }

    fn decide(&self, old: &Instance, new: &Instance) -> Result<Decision, Denial> {
        decide(Change::Update {
            old,
            new,
            old_operator_version: self.admitted_version,
            operator_version: self.operator_version,
        })
    }

    fn verdict(&self, decision: Decision) -> Verdict {
        let Decision {
            schedule,
            parameters,
            needs_cleanup,
        } = decision;
        match schedule {
            Schedule::Keep => Verdict::Accepted,
            Schedule::Clear => Verdict::Clear,
            Schedule::Run(plan) if self.is_marked() && self.names(&plan) => Verdict::Accepted,
            Schedule::Run(plan) => Verdict::Run {
                plan,
                parameters,
                needs_cleanup,
            },
        }
    }

    fn names(&self, plan: &str) -> bool {
        self.instance.spec.plan_execution.plan_name == plan
    }
}
