//! What has to happen to a child instance so that it is as its parent wishes (kudo-spec 3.10).
//!
//! [`next`] is a plain function over what is wished and what is there. It is asked again after each
//! thing that happened, until there is nothing left to do; so it does not matter where an engine before
//! this one was interrupted.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::OwnerReference,
};

use crate::{
    admission::{Change, Decision, Denial, Schedule, decide, finalizers},
    api::{
        API_VERSION, Instance, InstanceSpec, OperatorVersion, PlanExecution,
        instance::{ExecutionStatus, PlanStatus},
        names::{
            ANNOTATION_EXECUTION_UID, LABEL_OPERATOR, PLAN_CLEANUP, PLAN_DEPLOY, PLAN_UPDATE,
            PLAN_UPGRADE,
        },
    },
    error::{TaskError, event},
    plan::status::{last_executed, why_failed},
    subject::Subject,
};

/// A child instance as a task wishes it to be.
#[derive(Debug)]
pub struct Wish {
    /// Name of the instance.
    pub(super) name: String,
    /// The version that it runs.
    pub(super) version: OperatorVersion,
    /// The same, as the instance names it.
    pub(super) reference: ObjectReference,
    /// Its parameters: all of them but the immutable ones that it has already.
    pub(super) parameters: BTreeMap<String, String>,
    /// Whose child it is.
    pub(super) parent: Subject,
    /// The execution of the parent that wishes it.
    pub(super) execution_uid: String,
}

/// The next thing that has to happen to a child.
#[derive(Debug)]
pub(super) enum Next {
    /// It is created, and this plan is scheduled on it.
    Create(Box<Instance>, String),
    /// It becomes like this, and this plan is scheduled on it.
    Change(Box<Instance>, Decision, String),
    /// This execution, which failed, goes on from where it failed.
    Retry(PlanExecution),
    /// Its plan runs to the end.
    Drive,
    /// Nothing: it is as it should be.
    Done,
}

/// Returns what has to happen next to `current`, whose operator version is `current_version`.
pub(super) fn next(
    wish: &Wish,
    current: Option<&Instance>,
    current_version: Option<&OperatorVersion>,
) -> Result<Next, TaskError> {
    let Some(current) = current else {
        return created(wish);
    };
    refuse_foreign(wish, current)?;
    if current.metadata.deletion_timestamp.is_some() {
        return Err(TaskError::Transient {
            cause: format!("instance {} is being deleted", wish.key()),
            retry_after: None,
        });
    }
    let wished = wish.changed(current);
    match decision(current, current_version, &wished, wish) {
        Ok(decision) => match decision.schedule.clone() {
            Schedule::Run(plan) => Ok(Next::Change(Box::new(wished), decision, plan)),
            Schedule::Keep | Schedule::Clear => standing(wish, current),
        },
        // What runs now ends first; then it is decided again.
        Err(_) if is_busy(current) => Ok(Next::Drive),
        Err(denial) => {
            upgraded_first(wish, current, current_version).ok_or_else(|| refused(&denial))
        }
    }
}

impl Wish {
    /// Returns namespace and name of the child.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.parent.namespace, self.name)
    }

    fn operator_name(&self) -> String {
        let name = &self.version.spec.operator.name;
        name.clone().unwrap_or_default()
    }

    // kudo-spec 3.10: a plain owner reference, no controller.
    fn instance(&self) -> Instance {
        let spec = InstanceSpec {
            operator_version: self.reference.clone(),
            parameters: self.parameters.clone(),
            plan_execution: PlanExecution::default(),
        };
        let mut instance = Instance::new(&self.name, spec);
        let metadata = &mut instance.metadata;
        metadata.namespace = Some(self.parent.namespace.clone());
        metadata.owner_references = Some(vec![OwnerReference {
            api_version: API_VERSION.to_owned(),
            kind: "Instance".to_owned(),
            name: self.parent.name.clone(),
            uid: self.parent.uid.clone(),
            controller: None,
            block_owner_deletion: None,
        }]);
        let (labels, annotations) = self.marks();
        metadata.labels = Some(labels);
        metadata.annotations = Some(annotations);
        instance
    }

    /// Returns the child as it should be, with what nobody may change as it is.
    fn changed(&self, current: &Instance) -> Instance {
        let mut instance = current.clone();
        if current.operator_version_key() != self.version_key() {
            instance.spec.operator_version = self.reference.clone();
        }
        let immutable = self.version.spec.parameters.iter();
        let immutable = immutable.filter(|parameter| parameter.immutable);
        let kept = immutable.filter_map(|parameter| {
            let value = current.spec.parameters.get(&parameter.name)?;
            Some((parameter.name.clone(), value.clone()))
        });
        instance.spec.parameters = kept.chain(self.parameters.clone()).collect();
        instance
    }

    fn version_key(&self) -> (&str, &str) {
        let namespace = self.reference.namespace.as_deref();
        (
            namespace.unwrap_or(&self.parent.namespace),
            self.reference.name.as_deref().unwrap_or_default(),
        )
    }

    /// Returns the label of its operator, and the annotation with the execution of the parent that asked
    /// for its plan: a child that failed under this execution is not tried again by it.
    pub(super) fn marks(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let label = (LABEL_OPERATOR.to_owned(), self.operator_name());
        let asked_by = (
            ANNOTATION_EXECUTION_UID.to_owned(),
            self.execution_uid.clone(),
        );
        (BTreeMap::from([label]), BTreeMap::from([asked_by]))
    }
}

fn created(wish: &Wish) -> Result<Next, TaskError> {
    let mut instance = wish.instance();
    let decision = decide(Change::Create {
        instance: &instance,
        operator_version: &wish.version,
    })
    .map_err(|denial| refused(&denial))?;
    let finalizers = finalizers(&instance, decision.needs_cleanup);
    instance.metadata.finalizers = (!finalizers.is_empty()).then_some(finalizers);
    instance.spec.parameters = decision.parameters;
    let plan = match decision.schedule {
        Schedule::Run(plan) => plan,
        Schedule::Keep | Schedule::Clear => PLAN_DEPLOY.to_owned(),
    };
    Ok(Next::Create(Box::new(instance), plan))
}

/// KUDO took over any instance of the name, whoever it belonged to (kudo-spec 9.1, 14).
fn refuse_foreign(wish: &Wish, current: &Instance) -> Result<(), TaskError> {
    let mut owners = current.metadata.owner_references.iter().flatten();
    if owners.any(|owner| owner.kind == "Instance" && owner.uid == wish.parent.uid) {
        return Ok(());
    }
    Err(TaskError::fatal(
        event::VALIDATION,
        format!(
            "instance {} exists already and is no child of {}; delete it, or give the task another \
             instanceName",
            wish.key(),
            wish.parent.key()
        ),
    ))
}

fn decision(
    current: &Instance,
    current_version: Option<&OperatorVersion>,
    new: &Instance,
    wish: &Wish,
) -> Result<Decision, Denial> {
    decide(Change::Update {
        old: current,
        new,
        old_operator_version: current_version,
        operator_version: &wish.version,
    })
}

fn is_busy(instance: &Instance) -> bool {
    instance.spec.plan_execution.is_scheduled()
}

/// KUDO's rules keep an upgrade and a parameter change that would start another plan apart (kudo-spec
/// 6.4, 7). A parent wishes both at once: the child is upgraded with what the new version cannot do
/// without, and what else has changed follows when that plan has ended.
fn upgraded_first(
    wish: &Wish,
    current: &Instance,
    current_version: Option<&OperatorVersion>,
) -> Option<Next> {
    let mut wished = wish.changed(current);
    if current.spec.operator_version == wished.spec.operator_version {
        return None;
    }
    let before = current_version.map(|version| &version.spec.parameters);
    let is_new = |name: &String| before.is_none_or(|list| list.iter().all(|one| one.name != *name));
    let is_left = |name: &String| {
        let mut definitions = wish.version.spec.parameters.iter();
        definitions.any(|definition| definition.name == *name)
    };
    let old = current.spec.parameters.iter();
    let old = old.filter(|(name, _)| is_left(name));
    let new = wish.parameters.iter().filter(|(name, _)| is_new(name));
    wished.spec.parameters = old
        .chain(new)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let decision = decision(current, current_version, &wished, wish).ok()?;
    match decision.schedule.clone() {
        Schedule::Run(plan) => Some(Next::Change(Box::new(wished), decision, plan)),
        Schedule::Keep | Schedule::Clear => None,
    }
}

/// Nothing has to change: what is left is the plan, running or failed.
fn standing(wish: &Wish, current: &Instance) -> Result<Next, TaskError> {
    if is_busy(current) {
        return Ok(Next::Drive);
    }
    let status = current.status.as_ref();
    let Some(failed) = status.and_then(last_executed).filter(|last| {
        last.status == ExecutionStatus::FatalError && brings_to_state(wish, &last.name)
    }) else {
        return Ok(Next::Done);
    };
    let asked_by = current.metadata.annotations.as_ref();
    let asked_by = asked_by.and_then(|annotations| annotations.get(ANNOTATION_EXECUTION_UID));
    if asked_by == Some(&wish.execution_uid) {
        return Err(failure(wish, failed));
    }
    if asked_by.is_none() && wish.version.spec.plans.contains_key(&failed.name) {
        return Ok(Next::Retry(PlanExecution {
            plan_name: failed.name.clone(),
            uid: failed.uid.clone(),
            status: Some(ExecutionStatus::Pending),
            ..PlanExecution::default()
        }));
    }
    again(wish, current, failed)
}

/// Whether `plan` makes an instance what its spec says. A backup that failed does not make a child
/// unfit for its parent.
fn brings_to_state(wish: &Wish, plan: &str) -> bool {
    let mut triggers = wish.version.spec.parameters.iter();
    [PLAN_DEPLOY, PLAN_UPDATE, PLAN_UPGRADE].contains(&plan)
        || (plan != PLAN_CLEANUP && triggers.any(|parameter| parameter.trigger == plan))
}

// kudo-spec 9.1, 2: KUDO took a child that failed for a healthy one.
fn failure(wish: &Wish, failed: &PlanStatus) -> TaskError {
    TaskError::fatal(
        event::TERMINAL,
        format!(
            "plan {} of child instance {} failed: {}",
            failed.name,
            wish.key(),
            why_failed(failed)
        ),
    )
}

/// A child failed under an earlier execution of the parent: this one runs its plan anew. A retry of
/// the parent has taken the mark away, and then the child goes on from where it failed too.
fn again(wish: &Wish, current: &Instance, failed: &PlanStatus) -> Result<Next, TaskError> {
    let plans = &wish.version.spec.plans;
    let mut candidates = [failed.name.as_str(), PLAN_UPDATE, PLAN_DEPLOY].into_iter();
    let Some(plan) = candidates.find(|plan| plans.contains_key(*plan)) else {
        return Err(failure(wish, failed));
    };
    let mut wished = current.clone();
    wished.spec.plan_execution = PlanExecution {
        plan_name: plan.to_owned(),
        ..PlanExecution::default()
    };
    let decision = decision(current, Some(&wish.version), &wished, wish);
    let decision = decision.map_err(|denial| refused(&denial))?;
    Ok(Next::Change(Box::new(wished), decision, plan.to_owned()))
}

fn refused(denial: &Denial) -> TaskError {
    TaskError::fatal(event::VALIDATION, denial)
}

#[cfg(test)]
mod tests;
