//! The status of a running plan, shared by the steps that run at the same time.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::{
    api::instance::{ExecutionStatus, PhaseStatus, PlanStatus, StepStatus},
    clock::Clock,
};

use super::status;

/// The one copy of a running plan's status; observers are told of every change.
#[derive(Clone, Debug)]
pub struct Progress {
    sender: Arc<watch::Sender<PlanStatus>>,
    /// What the cluster knows; nothing where nobody writes.
    stored: Arc<watch::Sender<Option<PlanStatus>>>,
    haste: Arc<Notify>,
    clock: Arc<dyn Clock>,
}

impl Progress {
    /// Returns the progress of a plan that stands at `status`.
    pub fn new(status: PlanStatus, clock: Arc<dyn Clock>) -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(status)),
            stored: Arc::default(),
            haste: Arc::default(),
            clock,
        }
    }

    /// Returns the status as it is now.
    pub fn now(&self) -> PlanStatus {
        self.sender.borrow().clone()
    }

    /// Returns a receiver that sees every later status.
    pub fn subscribe(&self) -> watch::Receiver<PlanStatus> {
        self.sender.subscribe()
    }

    /// Says that `status` is what the cluster knows now.
    pub fn set_stored(&self, status: PlanStatus) {
        self.stored.send_replace(Some(status));
    }

    /// Returns when somebody cannot go on until the status is written.
    pub async fn hastened(&self) {
        self.haste.notified().await;
    }

    /// Returns when the cluster knows that a step is complete, if it is.
    pub async fn until_step_is_stored(&self, phase: &str, step: &str) {
        if self.step_status(phase, step) != Some(ExecutionStatus::Complete) {
            return;
        }
        let is_known = |stored: &Option<PlanStatus>| {
            stored.as_ref().is_none_or(|plan| {
                step_status(plan, phase, step) == Some(ExecutionStatus::Complete)
            })
        };
        let mut stored = self.stored.subscribe();
        if is_known(&stored.borrow()) {
            return;
        }
        self.haste.notify_one();
        drop(stored.wait_for(is_known).await);
    }

    /// Returns the status of a step, if the plan has it.
    pub fn step_status(&self, phase: &str, step: &str) -> Option<ExecutionStatus> {
        step_status(&self.sender.borrow(), phase, step)
    }

    /// Returns the status of a phase, if the plan has it.
    pub fn phase_status(&self, phase: &str) -> Option<ExecutionStatus> {
        let plan = self.sender.borrow();
        plan.phases
            .iter()
            .find(|status| status.name == phase)
            .map(|status| status.status)
    }

    /// Sets the status of the plan.
    pub fn set_plan(&self, to: ExecutionStatus) {
        let now = self.clock.now();
        self.change(|plan| status::set_plan(plan, to, now));
    }

    /// Ends the plan with a reason of its own, one that no step has.
    pub fn fail_plan(&self, message: &str) {
        let now = self.clock.now();
        self.change(|plan| {
            status::set_plan(plan, ExecutionStatus::FatalError, now);
            message.clone_into(&mut plan.message);
        });
    }

    /// Ends whatever runs in the plan, or in one phase of it, with `message`.
    pub fn stop_running(&self, phase: Option<&str>, message: &str) {
        self.change(|plan| status::stop_running(plan, phase, message));
    }

    /// Returns what the running steps of a phase, or of all, say they wait for.
    pub fn waiting_for(&self, phase: Option<&str>, step: Option<&str>) -> String {
        let plan = self.sender.borrow();
        let phases = plan.phases.iter();
        let steps = phases
            .filter(|one| phase.is_none_or(|phase| one.name == phase))
            .flat_map(|phase| &phase.steps)
            .filter(|one| step.is_none_or(|step| one.name == step))
            .filter(|one| one.status.is_running() && !one.message.is_empty());
        steps
            .map(|step| step.message.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Sets the status of a phase.
    pub fn set_phase(&self, phase: &str, to: ExecutionStatus) {
        self.change_phase(phase, |phase| status::set_phase(phase, to));
    }

    /// Sets the status and the message of a step.
    pub fn set_step(&self, phase: &str, step: &str, to: ExecutionStatus, message: &str) {
        self.change_step(phase, step, |step| {
            status::set_step(step, to, message.to_owned());
        });
    }

    /// Says what a running step waits for; nothing when it no longer runs.
    pub fn say(&self, phase: &str, step: &str, message: &str) {
        self.change_step(phase, step, |step| {
            if step.status == ExecutionStatus::InProgress {
                message.clone_into(&mut step.message);
            }
        });
    }

    fn change_phase(&self, phase: &str, change: impl FnOnce(&mut PhaseStatus)) {
        self.change(|plan| {
            if let Some(status) = plan.phases.iter_mut().find(|status| status.name == phase) {
                change(status);
            }
        });
    }

    fn change_step(&self, phase: &str, step: &str, change: impl FnOnce(&mut StepStatus)) {
        self.change_phase(phase, |phase| {
            if let Some(status) = phase.steps.iter_mut().find(|status| status.name == step) {
                change(status);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut PlanStatus)) {
        let now = self.clock.now();
        self.sender.send_if_modified(|plan| {
            let before = plan.clone();
            change(plan);
            status::stamp(&before, plan, now);
            *plan != before
        });
    }
}

fn step_status(plan: &PlanStatus, phase: &str, step: &str) -> Option<ExecutionStatus> {
    let phase = plan.phases.iter().find(|status| status.name == phase)?;
    let step = phase.steps.iter().find(|status| status.name == step)?;
    Some(step.status)
}
