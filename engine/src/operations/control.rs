//! Control: a plan that is paused, resumed, retried, cancelled, or has a step skipped by hand.
//!
//! Each is a request in the instance, carried out by whoever drives; what is not safe is refused
//! before anything is written.

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    api::{
        Instance, OperatorVersion, OperatorVersionSpec,
        instance::{ExecutionStatus, PlanStatus},
        names::{FIELD_MANAGER, PLAN_CLEANUP},
    },
    cluster::{Cluster, ClusterError, events::Severity, lease, read},
    plan::status::{SKIPPED, last_executed, set_step},
    subject::Subject,
};

use super::OperationError;

/// What is asked of a plan.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Control {
    /// It starts nothing more until it is resumed.
    Pause,
    /// It goes on where it was paused.
    Resume,
    /// It runs again from the steps that failed; what is complete stays so.
    Retry,
    /// It ends as it stands.
    Cancel,
    /// This step counts as complete, whatever became of it.
    Skip {
        /// Name of the phase.
        phase: String,
        /// Name of the step.
        step: String,
    },
}

/// Why a plan cannot be controlled so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is there to be controlled.
    #[error("no plan is scheduled or running on instance `{0}`")]
    NoPlan(String),
    /// The plan has not failed.
    #[error(
        "plan `{plan}` has not failed, its status is {status}; only a failed plan can be retried"
    )]
    NotFailed {
        /// Name of the plan.
        plan: String,
        /// How it fares.
        status: ExecutionStatus,
    },
    /// A plan is scheduled already.
    #[error("plan `{0}` is scheduled or running; pause or cancel it first")]
    Busy(String),
    /// The plan belongs to a deletion.
    #[error(
        "plan `cleanup` of an instance that is being deleted cannot be cancelled; \
         `kudo-rs uninstall --skip-cleanup` deletes the instance without it"
    )]
    Cleanup,
    /// A step that works cannot be skipped.
    #[error("plan `{0}` is running; pause it before a step is skipped")]
    Running(String),
    /// The plan has no such step.
    #[error("plan `{plan}` has no step `{step}`; its steps are {known}")]
    NoStep {
        /// Name of the plan.
        plan: String,
        /// What was asked for, as `phase.step`.
        step: String,
        /// Its steps, as `phase.step`.
        known: String,
    },
    /// There is nothing to skip.
    #[error("step `{0}` is complete")]
    StepComplete(String),
    /// Somebody drives.
    #[error("{0} drives the plan; pause it first")]
    Driven(String),
    /// The definitions have no field for it.
    #[error(
        "the cluster's definition of Instance is KUDO's own and cannot say that a plan is paused or \
         cancelled; `kudo-rs init` brings it up to date"
    )]
    OldDefinitions,
}

/// Writes what is asked of the plan of an instance; whoever drives carries it out.
///
/// # Errors
///
/// When there is no such instance, or what is asked is not safe now: then nothing was written.
pub async fn control(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    asked: &Control,
) -> Result<(), OperationError> {
    let api: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    loop {
        let found = read(&api, name).await?;
        let instance = found.ok_or_else(|| OperationError::NoInstance {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })?;
        let controlling = Controlling {
            cluster,
            api: &api,
            subject: Subject::of(
                &instance,
                &OperatorVersion::new("", OperatorVersionSpec::default()),
            ),
            instance,
        };
        match controlling.carry_out(asked).await {
            // Somebody else changed it since it was read: look again at what it is now.
            Err(OperationError::Cluster(error)) if error.is_conflict() => {}
            other => return other,
        }
    }
}

struct Controlling<'a> {
    cluster: &'a Cluster,
    api: &'a Api<Instance>,
    subject: Subject,
    instance: Instance,
}

impl Controlling<'_> {
    async fn carry_out(&self, asked: &Control) -> Result<(), OperationError> {
        match asked {
            Control::Pause => self.flag("paused", "PlanPaused", "paused").await,
            Control::Resume => self.resume().await,
            Control::Retry => self.retry().await,
            Control::Cancel => self.cancel().await,
            Control::Skip { phase, step } => self.skip(phase, step).await,
        }
    }

    async fn flag(&self, field: &str, event: &str, word: &str) -> Result<(), OperationError> {
        let scheduled = &self.instance.spec.plan_execution;
        if !scheduled.is_scheduled() {
            return Err(Refusal::NoPlan(self.subject.name.clone()).into());
        }
        let is_set = match field {
            "paused" => scheduled.paused,
            _ => scheduled.cancelled,
        };
        if is_set {
            return Ok(());
        }
        let stored = self.patch(&json!({"planExecution": {field: true}})).await?;
        let stored = stored.spec.plan_execution;
        if stored.is_scheduled() && !stored.paused && !stored.cancelled {
            return Err(Refusal::OldDefinitions.into());
        }
        let plan = &scheduled.plan_name;
        self.event(event, &format!("Plan {plan} is to be {word}"))
            .await;
        Ok(())
    }

    async fn cancel(&self) -> Result<(), OperationError> {
        let plan = &self.instance.spec.plan_execution.plan_name;
        if plan == PLAN_CLEANUP && self.instance.metadata.deletion_timestamp.is_some() {
            return Err(Refusal::Cleanup.into());
        }
        self.flag("cancelled", "PlanCancelled", "cancelled").await
    }

    async fn resume(&self) -> Result<(), OperationError> {
        let scheduled = &self.instance.spec.plan_execution;
        if !scheduled.paused {
            return Ok(());
        }
        self.patch(&json!({"planExecution": {"paused": null}}))
            .await?;
        let message = format!("Plan {} goes on", scheduled.plan_name);
        self.event("PlanResumed", &message).await;
        Ok(())
    }

    /// Schedules the failed execution again under its own uid: that and `PENDING` tell the driver
    /// that what is complete stays so.
    async fn retry(&self) -> Result<(), OperationError> {
        let scheduled = &self.instance.spec.plan_execution;
        if scheduled.is_scheduled() {
            return Err(Refusal::Busy(scheduled.plan_name.clone()).into());
        }
        let plan = self.last_plan()?;
        if plan.status != ExecutionStatus::FatalError {
            return Err(Refusal::NotFailed {
                plan: plan.name.clone(),
                status: plan.status,
            }
            .into());
        }
        self.patch(&json!({"planExecution": {
            "planName": plan.name, "uid": plan.uid, "status": ExecutionStatus::Pending,
            "requestedBy": self.cluster.requester(),
        }}))
        .await?;
        let message = format!("Plan {} is tried again from where it failed", plan.name);
        self.event("PlanRetried", &message).await;
        Ok(())
    }

    async fn skip(&self, phase: &str, step: &str) -> Result<(), OperationError> {
        let scheduled = &self.instance.spec.plan_execution;
        if scheduled.is_scheduled() && !scheduled.paused {
            return Err(Refusal::Running(scheduled.plan_name.clone()).into());
        }
        let mut plan = self.last_plan()?.clone();
        let is_open = scheduled.is_scheduled() || plan.status == ExecutionStatus::FatalError;
        if !is_open {
            return Err(Refusal::NoPlan(self.subject.name.clone()).into());
        }
        skip_step(&mut plan, phase, step)?;
        let holder = format!("skipping a step ({})", self.cluster.ids().uid());
        let asked = self
            .cluster
            .ask_to_drive(&self.subject, &holder, None)
            .await?;
        let held = match asked {
            lease::Asked::Ours(held) => held,
            lease::Asked::Theirs { holder, .. } => return Err(Refusal::Driven(holder).into()),
        };
        let written = self.write_plan(&plan).await;
        held.release().await;
        written?;
        let message = format!("Step {phase}.{step} of plan {} is skipped", plan.name);
        self.event("StepSkipped", &message).await;
        Ok(())
    }

    fn last_plan(&self) -> Result<&PlanStatus, Refusal> {
        let status = self.instance.status.as_ref();
        let scheduled = &self.instance.spec.plan_execution;
        let plan = status.and_then(|status| {
            let running = status.plan_status.get(&scheduled.plan_name);
            running.or_else(|| last_executed(status))
        });
        plan.ok_or_else(|| Refusal::NoPlan(self.subject.name.clone()))
    }

    async fn write_plan(&self, plan: &PlanStatus) -> Result<(), ClusterError> {
        let patch = json!({
            "metadata": {"resourceVersion": self.instance.metadata.resource_version},
            "status": {"planStatus": {&plan.name: plan}},
        });
        let patch = Patch::Merge(patch);
        self.api
            .patch_status(&self.subject.name, &params(), &patch)
            .await?;
        Ok(())
    }

    async fn patch(&self, spec: &Value) -> Result<Instance, ClusterError> {
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": self.instance.metadata.resource_version},
            "spec": spec,
        }));
        Ok(self
            .api
            .patch(&self.subject.name, &params(), &patch)
            .await?)
    }

    async fn event(&self, reason: &str, message: &str) {
        self.cluster
            .record(&self.subject, Severity::Normal, reason, message)
            .await;
    }
}

fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn skip_step(plan: &mut PlanStatus, phase: &str, step: &str) -> Result<(), Refusal> {
    let known = plan.phases.iter().flat_map(|phase| {
        let steps = phase.steps.iter();
        steps.map(|step| format!("{}.{}", phase.name, step.name))
    });
    let known = known.collect::<Vec<_>>().join(", ");
    let wanted = format!("{phase}.{step}");
    let phases = plan.phases.iter_mut().filter(|one| one.name == phase);
    let found = phases
        .flat_map(|phase| &mut phase.steps)
        .find(|one| one.name == step);
    let Some(found) = found else {
        return Err(Refusal::NoStep {
            plan: plan.name.clone(),
            step: wanted,
            known,
        });
    };
    if found.status == ExecutionStatus::Complete {
        return Err(Refusal::StepComplete(wanted));
    }
    set_step(found, ExecutionStatus::Complete, SKIPPED.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::instance::{PhaseStatus, StepStatus};

    fn plan() -> PlanStatus {
        let step = |name: &str, status| StepStatus {
            name: name.to_owned(),
            status,
            ..StepStatus::default()
        };
        PlanStatus {
            name: "deploy".to_owned(),
            phases: vec![PhaseStatus {
                name: "main".to_owned(),
                steps: vec![
                    step("done", ExecutionStatus::Complete),
                    step("bad", ExecutionStatus::FatalError),
                ],
                ..PhaseStatus::default()
            }],
            ..PlanStatus::default()
        }
    }

    #[test]
    fn a_failed_step_is_skipped_and_says_so() {
        let mut plan = plan();

        skip_step(&mut plan, "main", "bad").unwrap();

        let step = &plan.phases[0].steps[1];
        assert_eq!(step.status, ExecutionStatus::Complete);
        assert_eq!(step.message, "skipped by hand");
    }

    #[test]
    fn what_cannot_be_skipped_is_named() {
        let refusal = skip_step(&mut plan(), "main", "done").unwrap_err();
        assert_eq!(refusal.to_string(), "step `main.done` is complete");

        let refusal = skip_step(&mut plan(), "main", "nope").unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "plan `deploy` has no step `main.nope`; its steps are main.done, main.bad"
        );
    }
}
