//! How plans end: what is written and told of the end, and of a plan that is cancelled or cannot begin.

use crate::{
    api::instance::{ExecutionStatus, PlanStatus},
    cluster::events::Severity,
    error::event,
    plan::{execution::Failure, status},
};

use super::{Drive, DriveError, Outcome, Turn};

impl Drive<'_> {
    pub(super) async fn finish(
        &mut self,
        ended: &PlanStatus,
        outcome: Result<(), Failure>,
    ) -> Result<Turn, DriveError> {
        if let Err(failure) = &outcome {
            let (severity, reason) = (Severity::Warning, failure.event);
            // KUDO's event says more than the step here (kudo-spec A.5, 5.2 j).
            let message = match reason {
                event::UNKNOWN_TASK | event::TASK_BUILD => {
                    format!("Error during execution: {}", failure.message)
                }
                _ => failure.message.clone(),
            };
            self.cluster()
                .record_once(&self.subject, &id_of(ended), severity, reason, &message)
                .await;
        }
        self.write_end(ended, outcome.as_ref().err()).await?;
        self.conclude(ended).await
    }

    /// Tells of the end that is written, and takes the plan off the instance.
    pub(super) async fn conclude(&mut self, ended: &PlanStatus) -> Result<Turn, DriveError> {
        self.tell_end(ended).await;
        if !self.hand_back(ended).await? {
            return Ok(Turn::Again);
        }
        let plan = ended.name.clone();
        Ok(Turn::Ended(match ended.status {
            ExecutionStatus::Complete => Outcome::Complete { plan },
            _ => Outcome::Failed {
                plan,
                message: status::why_failed(ended),
            },
        }))
    }

    pub(super) async fn tell_end(&self, ended: &PlanStatus) {
        let message = format!(
            "Execution of plan {} finished with status {}",
            ended.name, ended.status
        );
        let severity = match ended.status {
            ExecutionStatus::Complete => Severity::Normal,
            _ => Severity::Warning,
        };
        self.cluster()
            .record_once(
                &self.subject,
                &id_of(ended),
                severity,
                "PlanFinished",
                &message,
            )
            .await;
    }

    /// Ends a plan as it stands, because somebody asked for that.
    pub(super) async fn cancel(&mut self, mut ended: PlanStatus) -> Result<Turn, DriveError> {
        self.cancel_children(&ended.name, &ended.uid).await?;
        let now = self.cluster().clock().now();
        let message = format!("plan {} was cancelled", ended.name);
        status::stop_running(&mut ended, None, &message);
        status::set_plan(&mut ended, ExecutionStatus::FatalError, now);
        ended.message.clone_from(&message);
        let event = event::CANCELLED;
        self.finish(&ended, Err(Failure { event, message })).await
    }

    /// Ends a plan that cannot even begin (kudo-spec 9.1, 1: KUDO retried these for ever, silently).
    pub(super) async fn refuse(
        &mut self,
        plan: &str,
        event: &'static str,
        message: String,
    ) -> Result<Turn, DriveError> {
        let now = self.cluster().clock().now();
        let known = self.instance.plan_status(plan).cloned();
        let mut ended = known.unwrap_or_else(|| PlanStatus {
            name: plan.to_owned(),
            ..PlanStatus::default()
        });
        ended.uid.clone_from(&self.instance.spec.plan_execution.uid);
        status::set_plan(&mut ended, ExecutionStatus::FatalError, now);
        ended.message.clone_from(&message);
        self.finish(&ended, Err(Failure { event, message })).await
    }
}

/// Returns what tells one end, or one retry, of an execution from another.
pub(super) fn id_of(status: &PlanStatus) -> String {
    let since = status.last_updated_timestamp.as_ref().map(|time| time.0);
    format!("{}/{since:?}", status.uid)
}
