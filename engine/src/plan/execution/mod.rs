//! The walk over a plan: phases, steps and tasks, as far as they can go (kudo-spec 5.3).
//!
//! Siblings of a serial plan or phase follow each other; others run at the same time. A task's effect
//! happens once, then it is waited for; a transient error brings it back after a pause, a fatal one
//! ends the plan.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use sha2::{Digest as _, Sha256};

use crate::{
    api::{PhaseSpec, PlanSpec, StepSpec, TaskSpec, instance::ExecutionStatus},
    cluster::events::Severity,
    error::{TaskError, event},
    task::Task,
    tasks::{Started, Wait, Worker},
};

use super::{Position, Strategy, limits, progress::Progress, status};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// One run of a plan, from where its progress stands to its end.
#[derive(Debug)]
pub struct Execution {
    /// Name of the plan.
    pub name: String,
    /// What the plan is.
    pub plan: PlanSpec,
    /// The tasks that its steps name.
    pub tasks: Vec<TaskSpec>,
    /// Where it stands.
    pub progress: Progress,
    /// Does the tasks.
    pub worker: Worker,
}

/// A plan, one of its phases, or one of its steps.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    phase: Option<&'a str>,
    step: Option<&'a str>,
}

impl Place<'_> {
    fn named(self, plan: &str) -> String {
        match (self.phase, self.step) {
            (Some(phase), Some(step)) => format!("step {plan}.{phase}.{step}"),
            (Some(phase), None) => format!("phase {plan}.{phase}"),
            _ => format!("plan {plan}"),
        }
    }
}

/// Why a plan ended badly.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Reason of the event.
    pub event: &'static str,
    /// The text that the failed step shows too.
    pub message: String,
}

impl Execution {
    /// Runs the plan to its end; the progress shows every move on the way.
    ///
    /// It can be dropped at any time: what is done is found done by the next execution that starts
    /// from the same status.
    pub async fn run(&self) -> Result<(), Failure> {
        let standing = self.progress.now();
        match standing.status {
            ExecutionStatus::Complete => return Ok(()),
            ExecutionStatus::FatalError => {
                return Err(Failure {
                    event: event::FAILED,
                    message: status::why_failed(&standing),
                });
            }
            _ => {}
        }
        self.progress.set_plan(ExecutionStatus::InProgress);
        let phases = self
            .plan
            .phases
            .iter()
            .map(|phase| self.phase(phase).boxed());
        let running = in_order(&self.plan.strategy, phases);
        let place = Place {
            phase: None,
            step: None,
        };
        let outcome = self.limited(&self.plan.timeout, place, running).await;
        self.progress.set_plan(match outcome {
            Ok(()) => ExecutionStatus::Complete,
            Err(_) => ExecutionStatus::FatalError,
        });
        outcome
    }

    async fn phase(&self, phase: &PhaseSpec) -> Result<(), Failure> {
        if self.progress.phase_status(&phase.name) == Some(ExecutionStatus::Complete) {
            return Ok(());
        }
        self.progress
            .set_phase(&phase.name, ExecutionStatus::InProgress);
        let steps = phase
            .steps
            .iter()
            .map(|step| self.step(phase, step).boxed());
        let running = in_order(&phase.strategy, steps);
        let place = Place {
            phase: Some(&phase.name),
            step: None,
        };
        let outcome = self.limited(&phase.timeout, place, running).await;
        self.progress.set_phase(
            &phase.name,
            match outcome {
                Ok(()) => ExecutionStatus::Complete,
                Err(_) => ExecutionStatus::FatalError,
            },
        );
        outcome
    }

    async fn step(&self, phase: &PhaseSpec, step: &StepSpec) -> Result<(), Failure> {
        if self.progress.step_status(&phase.name, &step.name) == Some(ExecutionStatus::Complete) {
            return Ok(());
        }
        let set = |to, message: &str| self.progress.set_step(&phase.name, &step.name, to, message);
        set(ExecutionStatus::InProgress, "");
        let place = Place {
            phase: Some(&phase.name),
            step: Some(&step.name),
        };
        let running = self.tasks_of(phase, step);
        match self.limited(&step.timeout, place, running).await {
            Ok(()) => {
                set(ExecutionStatus::Complete, "");
                Ok(())
            }
            Err(failure) => {
                set(ExecutionStatus::FatalError, &failure.message);
                Err(failure)
            }
        }
    }

    /// Runs `running` for as long as `timeout` allows, counted by whoever drives.
    async fn limited(
        &self,
        timeout: &str,
        place: Place<'_>,
        running: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let Some(limit) = limits::duration(timeout) else {
            return running.await;
        };
        tokio::select! {
            biased;
            outcome = running => outcome,
            () = self.worker.cluster.clock().sleep(limit) => {
                let key = self.worker.subject.key();
                let waiting = self.progress.waiting_for(place.phase, place.step);
                let waiting = if waiting.is_empty() {
                    String::new()
                } else {
                    format!(": {waiting}")
                };
                let message = format!(
                    "{key} fatal error:  {} did not end within {timeout}{waiting}",
                    place.named(&self.name)
                );
                if place.step.is_none() {
                    self.progress.stop_running(place.phase, &message);
                }
                Err(Failure { event: event::TIMED_OUT, message })
            }
        }
    }

    /// Starts the tasks of a step in their order, then waits for all of them.
    ///
    /// A task that meets a transient error does not keep the later ones from starting.
    async fn tasks_of(&self, phase: &PhaseSpec, step: &StepSpec) -> Result<(), Failure> {
        let mut unfinished = Vec::new();
        for name in &step.tasks {
            let position = Position {
                plan: self.name.clone(),
                phase: phase.name.clone(),
                step: step.name.clone(),
                task: name.clone(),
            };
            let task = self.built_task(&position)?;
            let first = self.attempt(&task, &position).await;
            if let Err(error @ TaskError::Fatal { .. }) = first {
                return Err(self.failure(&position, &error));
            }
            let retries = step.retries.or(phase.retries).or(self.plan.retries);
            unfinished.push(self.finish(task, position, first, retries));
        }
        try_join_all(unfinished).await.map(drop)
    }

    // kudo-spec 5.3, 3.2: the two spaces after the colon are KUDO's.
    fn built_task(&self, position: &Position) -> Result<Task, Failure> {
        let key = self.worker.subject.key();
        let Some(written) = self.tasks.iter().find(|task| task.name == position.task) else {
            let message = format!("{key} fatal error:  missing task {position}");
            return Err(Failure {
                event: event::UNKNOWN_TASK,
                message,
            });
        };
        Task::build(written).map_err(|error| Failure {
            event: event::TASK_BUILD,
            message: format!("{key} fatal error:  failed to build task {position}: {error}"),
        })
    }

    async fn attempt(&self, task: &Task, position: &Position) -> Result<Wait, TaskError> {
        let Started { wait, warnings } = self.worker.start(task, position).await?;
        for warning in warnings {
            let worker = &self.worker;
            worker
                .cluster
                .record(&worker.subject, Severity::Warning, "Tolerated", &warning)
                .await;
        }
        Ok(wait)
    }

    /// Waits for a task, and tries again for as long as its errors may pass.
    async fn finish(
        &self,
        task: Task,
        position: Position,
        first: Result<Wait, TaskError>,
        retries: Option<u32>,
    ) -> Result<(), Failure> {
        let (phase, step) = (&position.phase, &position.step);
        let say = |text: &str| self.progress.say(phase, step, text);
        let mut attempt = first;
        let mut tries = 0;
        loop {
            let outcome = match attempt {
                Ok(wait) => self.worker.finish(wait, say).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(error @ TaskError::Fatal { .. }) => {
                    return Err(self.failure(&position, &error));
                }
                Err(TaskError::Transient { cause, .. })
                    if retries.is_some_and(|most| tries >= most) =>
                {
                    let cause = format!("gave up after {tries} retries: {cause}");
                    let error = TaskError::fatal(event::RETRIES_EXHAUSTED, cause);
                    return Err(self.failure(&position, &error));
                }
                Err(TaskError::Transient { cause, retry_after }) => {
                    tries += 1;
                    let pause = self.pause(&position, tries, retry_after);
                    let message = format!(
                        "A transient error when executing task {position}. Will retry. {cause} \
                         (retry {tries} in {} s)",
                        pause.as_secs()
                    );
                    self.progress
                        .set_step(phase, step, ExecutionStatus::Error, &message);
                    self.worker.cluster.clock().sleep(pause).await;
                    self.progress
                        .set_step(phase, step, ExecutionStatus::InProgress, "");
                }
            }
            attempt = self.attempt(&task, &position).await;
        }
    }

    /// Returns how long to wait before try number `tries`: doubled each time, up to a minute, and up
    /// to a quarter longer, by a part that differs with execution, task and try, so that those who
    /// failed together do not come back together.
    fn pause(&self, position: &Position, tries: u32, retry_after: Option<u64>) -> Duration {
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow((tries - 1).min(6));
        let asked = Duration::from_secs(retry_after.unwrap_or_default());
        let pause = doubled.min(LONGEST_PAUSE).max(asked);
        let text = format!("{} {position} {tries}", self.worker.execution_uid);
        let part = u32::from(Sha256::digest(text)[0]);
        pause + pause * part / 1024
    }

    // kudo-spec 3.2
    fn failure(&self, position: &Position, error: &TaskError) -> Failure {
        let event = match error {
            TaskError::Fatal { event, .. } => event,
            TaskError::Transient { .. } => event::VALIDATION,
        };
        let key = self.worker.subject.key();
        Failure {
            event,
            message: format!(
                "Error during execution: fatal error: {key} failed in {position}: {error}"
            ),
        }
    }
}

/// Runs `parts` as the strategy says; the first failure ends them all.
async fn in_order<'a>(
    strategy: &str,
    parts: impl Iterator<Item = BoxFuture<'a, Result<(), Failure>>>,
) -> Result<(), Failure> {
    match Strategy::of(strategy) {
        Strategy::Serial => {
            for part in parts {
                part.await?;
            }
            Ok(())
        }
        Strategy::Parallel => try_join_all(parts).await.map(drop),
    }
}

#[cfg(test)]
mod tests;
