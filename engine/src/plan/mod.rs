//! Plans: where an execution is, how statuses move, and the walk over phases and steps.
//!
//! [`status`] holds the transitions as plain functions over [`PlanStatus`](crate::api::instance::PlanStatus);
//! [`progress`] shares one status between the steps that run at the same time; [`execution`] walks a
//! plan; [`journal`] knows what must be written before the next effect.

pub mod execution;
pub mod journal;
pub mod limits;
pub mod progress;
pub mod status;

use std::fmt;

/// The place of a task in its plan.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// Name of the plan.
    pub plan: String,
    /// Name of the phase.
    pub phase: String,
    /// Name of the step.
    pub step: String,
    /// Name of the task.
    pub task: String,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}.{}",
            self.plan, self.phase, self.step, self.task
        )
    }
}

/// Whether siblings wait for each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strategy {
    /// One after the other.
    Serial,
    /// All at once.
    Parallel,
}

impl Strategy {
    /// Returns what a package means by `written`: only the exact word `serial` is serial
    /// (kudo-spec 1.5).
    pub fn of(written: &str) -> Self {
        if written == "serial" {
            Self::Serial
        } else {
            Self::Parallel
        }
    }
}
