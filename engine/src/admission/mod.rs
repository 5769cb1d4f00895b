//! Which plan a change of an instance starts, or why the change is refused (kudo-spec 6, A.4).
//!
//! [`decide`] is a pure function: the command line asks it before it writes, a controller asks it
//! when it sees a changed instance, and a webhook could ask it on admission. What it refuses is never
//! executed. Where KUDO's webhook let something slip through (kudo-spec 9.2), this one does not; the
//! rows are in docs/compatibility.md.

mod parameters;
mod patch;
pub mod pending;

use std::collections::BTreeMap;

pub use patch::{admitted_execution, merge_patch};

use crate::api::{
    Instance, OperatorVersion,
    names::{FINALIZER_CLEANUP, PLAN_CLEANUP, PLAN_DEPLOY, PLAN_UPDATE, PLAN_UPGRADE},
};

/// A change of an instance, with the operator versions that it speaks of.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// The instance is new.
    Create {
        /// The instance as it would be created.
        instance: &'a Instance,
        /// The operator version it names.
        operator_version: &'a OperatorVersion,
    },
    /// The instance exists.
    Update {
        /// The instance as it was last decided on.
        old: &'a Instance,
        /// The instance as it is to be.
        new: &'a Instance,
        /// The operator version of `old`; `None` when it is gone.
        old_operator_version: Option<&'a OperatorVersion>,
        /// The operator version of `new`.
        operator_version: &'a OperatorVersion,
    },
}

/// What an allowed change leads to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// What happens to the scheduled plan.
    pub schedule: Schedule,
    /// The parameters as they are to be stored.
    pub parameters: BTreeMap<String, String>,
    /// Whether deletion has to wait for a `cleanup` plan.
    pub needs_cleanup: bool,
}

/// What happens to the scheduled plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Schedule {
    /// It stays as it is.
    Keep,
    /// This plan is scheduled, under a new uid.
    Run(String),
    /// The plan has ended and is cleared.
    Clear,
}

/// Why a change is refused, in KUDO's words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Denial(String);

/// Returns what `change` leads to.
///
/// # Errors
///
/// The reason for which the change must not be executed.
pub fn decide(change: Change<'_>) -> Result<Decision, Denial> {
    match change {
        Change::Create {
            instance,
            operator_version,
        } => create(instance, operator_version),
        Change::Update {
            old,
            new,
            old_operator_version,
            operator_version,
        } => Update::of(old, new, old_operator_version, operator_version).decide(),
    }
}

/// Returns the key under which KUDO's texts name an instance.
fn key(instance: &Instance) -> String {
    format!(
        "{}/{}",
        instance.namespace_or_default(),
        instance.object_name()
    )
}

// kudo-spec 6.2
fn create(instance: &Instance, version: &OperatorVersion) -> Result<Decision, Denial> {
    let deny = |cause: String| {
        Err(Denial(format!(
            "failed to create an Instance {}: {cause}",
            key(instance)
        )))
    };
    if !version.spec.plans.contains_key(PLAN_DEPLOY) {
        return deny("couldn't find 'deploy' plan in the operatorVersion".to_owned());
    }
    let mut values = instance.spec.parameters.clone();
    for parameter in version
        .spec
        .parameters
        .iter()
        .filter(|parameter| parameter.immutable)
    {
        // A later default must not change what was promised never to change.
        if let Some(default) = &parameter.default {
            values
                .entry(parameter.name.clone())
                .or_insert_with(|| default.clone());
        }
    }
    if let Err(error) = parameters::check_all(version, &values) {
        return deny(format!("parameters are not valid: {error}"));
    }
    Ok(Decision {
        schedule: Schedule::Run(PLAN_DEPLOY.to_owned()),
        parameters: values,
        needs_cleanup: version.spec.plans.contains_key(PLAN_CLEANUP),
    })
}

/// An update, with what the rules of kudo-spec 6.3 ask of it.
struct Update<'a> {
    old: &'a Instance,
    new: &'a Instance,
    old_version: Option<&'a OperatorVersion>,
    version: &'a OperatorVersion,
    is_upgrade: bool,
}

impl<'a> Update<'a> {
    fn of(
        old: &'a Instance,
        new: &'a Instance,
        old_version: Option<&'a OperatorVersion>,
        version: &'a OperatorVersion,
    ) -> Self {
        let is_upgrade = old.spec.operator_version != new.spec.operator_version;
        Self {
            old,
            new,
            old_version,
            version,
            is_upgrade,
        }
    }

    fn old_plan(&self) -> &str {
        &self.old.spec.plan_execution.plan_name
    }

    fn new_plan(&self) -> &str {
        &self.new.spec.plan_execution.plan_name
    }

    fn had_plan(&self) -> bool {
        !self.old_plan().is_empty()
    }

    fn is_novel_plan(&self) -> bool {
        !self.had_plan() && !self.new_plan().is_empty()
    }

    fn is_retriggered(&self) -> bool {
        self.had_plan()
            && self.old_plan() == self.new_plan()
            && self.old.spec.plan_execution.uid != self.new.spec.plan_execution.uid
    }

    fn is_terminal(&self) -> bool {
        self.new
            .spec
            .plan_execution
            .status
            .is_some_and(super::api::instance::ExecutionStatus::is_terminal)
    }

    fn deny<T>(&self, cause: impl std::fmt::Display) -> Result<T, Denial> {
        Err(Denial(format!(
            "failed to update Instance {}: {cause}",
            key(self.new)
        )))
    }

    fn decide(&self) -> Result<Decision, Denial> {
        let needs_cleanup = self.version.spec.plans.contains_key(PLAN_CLEANUP);
        if self.old.spec == self.new.spec && self.old.status == self.new.status {
            let parameters = self.new.spec.parameters.clone();
            return Ok(Decision {
                schedule: Schedule::Keep,
                parameters,
                needs_cleanup,
            });
        }
        if !self.new_plan().is_empty() && !self.version.spec.plans.contains_key(self.new_plan()) {
            return Err(Denial(format!("plan {} does not exist", self.new_plan())));
        }
        let changes = parameters::Changes::between(self)?;
        let parameters = parameters::stored(self)?;
        let triggered = changes.triggered_plan(self)?;
        let schedule = if self.new.metadata.deletion_timestamp.is_some() {
            self.while_deleting(triggered.is_some())?
        } else {
            self.refuse(triggered.as_deref())?;
            self.outcome(triggered)?
        };
        Ok(Decision {
            schedule,
            parameters,
            needs_cleanup,
        })
    }

    // kudo-spec 6.4, 6
    fn while_deleting(&self, parameters_changed: bool) -> Result<Schedule, Denial> {
        if self.old_plan() == PLAN_CLEANUP && self.new_plan() != PLAN_CLEANUP {
            return self.deny(
                "'cleanup' plan can not be cancelled or overridden by another plan since the \
                 instance is being deleted",
            );
        }
        if parameters_changed || self.is_upgrade {
            return self.deny(
                "parameter update and/or upgrade is not allowed when an instance is being deleted",
            );
        }
        let is_new = self.new_plan() != self.old_plan();
        if is_new && !self.new_plan().is_empty() && self.new_plan() != PLAN_CLEANUP {
            return self
                .deny("only 'cleanup' plan can be scheduled when an instance is being deleted");
        }
        Ok(Schedule::Keep)
    }

    // kudo-spec 6.4, 7: the first rule that matches names the refusal.
    fn refuse(&self, triggered: Option<&str>) -> Result<(), Denial> {
        let (old, new) = (self.old_plan(), self.new_plan());
        let version = self
            .new
            .spec
            .operator_version
            .name
            .as_deref()
            .unwrap_or_default();
        if let Some(plan) = triggered
            && self.had_plan()
            && plan != old
        {
            return self.deny(format!(
                "plan '{old}' is scheduled (or running) and an update would trigger a different \
                 plan '{plan}'"
            ));
        }
        if self.is_upgrade && self.had_plan() {
            return self.deny(format!(
                "upgrade to new OperatorVersion {version} while a plan '{old}' is scheduled (or \
                 running) is not allowed"
            ));
        }
        if self.is_upgrade && self.is_novel_plan() {
            return self.deny(format!(
                "upgrade to new OperatorVersion {version} and triggering new plan '{new}' is not \
                 allowed"
            ));
        }
        if let Some(plan) = triggered
            && self.is_upgrade
            && plan != PLAN_DEPLOY
        {
            return self.deny(format!(
                "upgrade to new OperatorVersion {version} together with a parameter update \
                 triggering '{plan}' is not allowed"
            ));
        }
        if self.had_plan() && !new.is_empty() && new != old {
            return self.deny(format!(
                "overriding currently scheduled (or running) plan '{old}' with '{new}' is not \
                 supported"
            ));
        }
        if self.had_plan() && new.is_empty() {
            return self.deny(format!(
                "cancelling currently scheduled (or running) plan '{old}' is not supported"
            ));
        }
        if let Some(plan) = triggered
            && self.is_novel_plan()
        {
            return self.deny(format!(
                "triggering one plan '{new}' directly and through parameter update '{plan}' is not \
                 allowed"
            ));
        }
        if new == PLAN_CLEANUP {
            return self.deny(
                "only the controller schedules the 'cleanup' plan when the instance is deleted",
            );
        }
        Ok(())
    }

    // kudo-spec 6.5
    fn outcome(&self, triggered: Option<String>) -> Result<Schedule, Denial> {
        if self.is_upgrade {
            let chain = [PLAN_UPGRADE, PLAN_UPDATE, PLAN_DEPLOY];
            let plan = chain
                .iter()
                .find(|plan| self.version.spec.plans.contains_key(**plan));
            return match plan {
                Some(plan) => Ok(Schedule::Run((*plan).to_owned())),
                None => self.deny(
                    "couldn't find any suitable plan that would be triggered by an \
                     OperatorVersion upgrade",
                ),
            };
        }
        if let Some(plan) = triggered {
            return Ok(Schedule::Run(plan));
        }
        if self.is_novel_plan() {
            return Ok(Schedule::Run(self.new_plan().to_owned()));
        }
        if self.is_terminal() {
            return Ok(Schedule::Clear);
        }
        if self.is_retriggered() {
            return Ok(Schedule::Run(self.new_plan().to_owned()));
        }
        Ok(Schedule::Keep)
    }
}

/// Returns the finalizers that `instance` has to carry after a decision.
///
/// The finalizer follows the operator version that is current (kudo-spec 9.1, 11: KUDO only ever
/// added it on creation, so deletion could hang or skip a cleanup).
pub fn finalizers(instance: &Instance, needs_cleanup: bool) -> Vec<String> {
    let mut finalizers = instance.metadata.finalizers.clone().unwrap_or_default();
    finalizers.retain(|finalizer| finalizer != FINALIZER_CLEANUP);
    if needs_cleanup {
        finalizers.push(FINALIZER_CLEANUP.to_owned());
    }
    finalizers
}

#[cfg(test)]
mod tests;
