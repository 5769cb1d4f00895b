//! Following a plan that somebody else drives, and taking over when they fall silent.

use std::time::Duration;

use kube::Api;
use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    api::{Instance, instance::ExecutionStatus},
    cluster::{
        kinds,
        lease::{Asked, DURATION},
        watch::{Target, Verdict},
    },
    plan::status,
    subject::Subject,
};

use super::{DriveError, Driver, Lease, Outcome, Report};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What following led to.
pub(super) enum Followed {
    /// It is this driver's turn.
    Drive(Lease),
    /// The plan ended under the other driver.
    Ended(Outcome),
}

impl Driver {
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
            outcome = self.until_ended(subject, observe) => Ok(Followed::Ended(outcome)),
            turn = self.until_silent(subject, holder, version, observe) => turn,
        }
    }

    /// Watches the instance until no plan is scheduled.
    async fn until_ended(&self, subject: &Subject, observe: &(dyn Fn(Report) + Sync)) -> Outcome {
        let target = Target {
            kind: kinds::namespaced("kudo.dev", "v1beta1", "Instance", "instances"),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
        };
        let mut last = None;
        let mut outcome = Outcome::Gone;
        let observer = |state: Option<&Value>| {
            let Some(instance) = state.and_then(|state| Instance::deserialize(state).ok()) else {
                return Verdict::Enough;
            };
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
            // An instance that is being deleted has its cleanup scheduled by whoever drives; they may
            // have died before.
            if instance.spec.plan_execution.is_scheduled()
                || instance.metadata.deletion_timestamp.is_some()
            {
                last = Some(plan);
                return Verdict::Watch;
            }
            outcome = match standing {
                Some(standing) if standing.status == ExecutionStatus::Complete => {
                    Outcome::Complete { plan }
                }
                Some(standing) => Outcome::Failed {
                    message: status::why_failed(standing),
                    plan,
                },
                None => Outcome::Idle,
            };
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
