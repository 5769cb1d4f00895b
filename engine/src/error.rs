//! How a task fails: for good, or for now.

use crate::cluster::ClusterError;

/// Why a task did not do its work.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TaskError {
    /// It may work later.
    #[error("{cause}")]
    Transient {
        /// What went wrong.
        cause: String,
        /// How long to leave the server alone at least, in seconds.
        retry_after: Option<u64>,
    },
    /// It will not work until somebody changes something.
    #[error("{cause}")]
    Fatal {
        /// Reason of the event, one of KUDO's (kudo-spec 3.2).
        event: &'static str,
        /// What went wrong.
        cause: String,
    },
}

impl TaskError {
    /// Returns an error that ends the plan.
    pub fn fatal(event: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Fatal {
            event,
            cause: cause.to_string(),
        }
    }

    /// Returns what a failed request means for a task that did `what`.
    pub fn of_request(error: &ClusterError, what: &str) -> Self {
        let cause = format!("{what}: {error}");
        if error.is_transient() {
            let retry_after = error.retry_after().map(|duration| duration.as_secs());
            return Self::Transient { cause, retry_after };
        }
        Self::Fatal {
            event: event::VALIDATION,
            cause,
        }
    }
}

/// Reasons of events about failures (kudo-spec 3.2).
pub mod event {
    /// A template could not be rendered, or is not YAML.
    pub const RENDERING: &str = "TaskRenderingError";
    /// An object cannot belong to the instance.
    pub const ENHANCEMENT: &str = "TaskEnhancementError";
    /// A Dummy task was told to fail.
    pub const DUMMY: &str = "DummyTaskError";
    /// What a template gives is no object of the kind that a task needs.
    pub const UNMARSHAL: &str = "ResourceUnmarshalError";
    /// The API server calls an object invalid.
    pub const VALIDATION: &str = "ResourceValidationError";
    /// An object has failed for good.
    pub const TERMINAL: &str = "FailedTerminalStateError";
    /// The parameter of a Toggle task is no boolean.
    pub const TOGGLE: &str = "ToggleTaskError";
    /// A Pipe task failed.
    pub const PIPE: &str = "PipeTaskError";
    /// A step names a task that does not exist.
    pub const UNKNOWN_TASK: &str = "UnknownTaskName";
    /// A task cannot be built.
    pub const TASK_BUILD: &str = "TaskBuildError";
    /// A plan, phase or step took longer than it may.
    pub const TIMED_OUT: &str = "TimedOut";
    /// A task was tried as often as it may.
    pub const RETRIES_EXHAUSTED: &str = "RetriesExhausted";
    /// Somebody ended the plan by hand.
    pub const CANCELLED: &str = "PlanCancelled";
    /// The plan had failed before this driver came.
    pub const FAILED: &str = "PlanFailed";
    /// The scheduled plan does not exist.
    pub const INVALID_PLAN: &str = "InvalidPlan";
    /// The parameters cannot be read.
    pub const INVALID_PARAMETERS: &str = "InvalidParams";
    /// A package that the operator version needs is missing, or needs itself.
    pub const DEPENDENCY: &str = "CircularDependency";
    /// The operator version does not exist.
    pub const INVALID_OPERATOR_VERSION: &str = "InvalidOperatorVersion";
}
