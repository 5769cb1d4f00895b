//! Following a plan that somebody else drives, and taking over when they fall silent.

use std::time::Duration;

use kube::Api;
use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    admission::pending::is_undecided,
    api::{
        Instance, OperatorVersion, OperatorVersionSpec, instance::ExecutionStatus,
        names::PLAN_CLEANUP,
    },
    cluster::{
        kinds,
        lease::{Asked, DURATION},
        watch::{Target, Verdict},
    },
    plan::status,
    subject::Subject,
};

use super::{DriveError, Driver, Lease, Outcome, Report, conditions, needs_cleanup};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What following led to.
pub(super) enum Followed {
    /// It is this driver's turn.
    Drive(Lease),
    /// The plan ended under the other driver.
    Ended(Outcome),
}

impl Driver {
    /// Follows the plan that KUDO's own manager runs.
    pub(super) async fn follow_kudo(
        &self,
        instance: &Instance,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Outcome, DriveError> {
        observe(Report::DrivenBy("KUDO's own manager".to_owned()));
        let nobody = OperatorVersion::new("", OperatorVersionSpec::default());
        self.until_ended(&Subject::of(instance, &nobody), observe)
            .await
    }

    /// Returns how `plan` ended, for a caller that scheduled it and found nothing scheduled any more:
    /// somebody else was quicker.
    ///
    /// # Errors
    ///
    /// When the instance cannot be read.
    pub async fn outcome_of(
        &self,
        namespace: &str,
        name: &str,
        plan: &str,
    ) -> Result<Outcome, DriveError> {
        match self.instance(namespace, name).await {
            Ok(instance) => Ok(outcome_of(&instance, plan)),
            Err(DriveError::NoInstance { .. }) => Ok(Outcome::Gone),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn follow(
        &self,
        subject: &Subject,
        holder: String,
        version: String,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Followed, DriveError> {
        observe(Report::DrivenBy(holder.clone()));
        tokio::select! {
            biased;
            outcome = self.until_ended(subject, observe) => Ok(Followed::Ended(outcome?)),
            turn = self.until_silent(subject, holder, version, observe) => turn,
        }
    }

    /// Watches the instance until no plan is scheduled.
    async fn until_ended(
        &self,
        subject: &Subject,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Outcome, DriveError> {
        let target = Target {
            kind: kinds::namespaced("kudo.dev", "v1beta1", "Instance", "instances"),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
        };
        let mut last = None;
        let mut outcome = Ok(Outcome::Gone);
        let observer = |state: Option<&Value>| {
            let Some(instance) = state.and_then(|state| Instance::deserialize(state).ok()) else {
                return Verdict::Enough;
            };
            if instance.metadata.deletion_timestamp.is_some() {
                return match instance.plan_status(PLAN_CLEANUP) {
                    _ if !needs_cleanup(&instance) => Verdict::Enough,
                    Some(cleanup) => {
                        observe(Report::Progress(cleanup.clone()));
                        let is_current = cleanup.uid == instance.spec.plan_execution.uid;
                        // After a good one somebody has to let the instance go yet, and may be dead.
                        if is_current && cleanup.status == ExecutionStatus::FatalError {
                            outcome = Ok(outcome_of(&instance, PLAN_CLEANUP));
                            return Verdict::Enough;
                        }
                        Verdict::Watch
                    }
                    None => Verdict::Watch,
                };
            }
            let scheduled = instance.spec.plan_execution.plan_name.clone();
            let plan = if scheduled.is_empty() {
                last.take().unwrap_or_default()
            } else {
                scheduled
            };
            let standing = instance.plan_status(&plan);
            if let Some(standing) = standing {
                observe(Report::Progress(standing.clone()));
            }
            if instance.spec.plan_execution.is_scheduled() {
                last = Some(plan);
                return Verdict::Watch;
            }
            if plan.is_empty() && is_undecided(&instance) {
                let Some(refusal) = refusal_of(&instance) else {
                    return Verdict::Watch;
                };
                outcome = Err(DriveError::Denied(refusal));
                return Verdict::Enough;
            }
            outcome = Ok(outcome_of(&instance, &plan));
            Verdict::Enough
        };
        self.cluster.observe(&target, "", observer).await;
        outcome
    }

    /// Looks at the lease until it can be had: it is given back, or has not changed for too long.
    async fn until_silent(
        &self,
        subject: &Subject,
        mut holder: String,
        mut version: String,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Followed, DriveError> {
        let mut unchanged = Duration::ZERO;
        loop {
            self.cluster.clock().sleep(LOOK_EVERY).await;
            unchanged += LOOK_EVERY;
            match self.cluster.holder(subject).await {
                Ok(Some((now, seen))) if seen != version => {
                    (holder, version, unchanged) = (now, seen, Duration::ZERO);
                    continue;
                }
                Ok(Some(_)) if unchanged <= DURATION => continue,
                Ok(_) => {}
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "the lease cannot be read");
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let stale = Some(version.as_str());
            if let Asked::Ours(held) = self
                .cluster
                .ask_to_drive(subject, &self.holder, stale)
                .await?
            {
                observe(Report::TakenOver(holder));
                return Ok(Followed::Drive(held));
            }
        }
    }

    /// Returns the instance's API, for callers that follow by themselves.
    pub fn instances(&self, namespace: &str) -> Api<Instance> {
        Api::namespaced(self.cluster.client().clone(), namespace)
    }
}

fn outcome_of(instance: &Instance, plan: &str) -> Outcome {
    let plan = plan.to_owned();
    match instance.plan_status(&plan) {
        Some(standing) if standing.status == ExecutionStatus::Complete => {
            Outcome::Complete { plan }
        }
        Some(standing) if standing.status.is_terminal() => Outcome::Failed {
            message: status::why_failed(standing),
            plan,
        },
        _ => Outcome::Idle,
    }
}

/// Returns why the spec as it is now was refused, if it was.
pub fn refusal_of(instance: &Instance) -> Option<String> {
    let status = instance.status.as_ref()?;
    let admitted = conditions::find(&status.conditions, conditions::ADMITTED)?;
    let is_of_now = admitted.observed_generation == instance.metadata.generation;
    (admitted.status == "False" && is_of_now).then(|| admitted.message.clone())
}
