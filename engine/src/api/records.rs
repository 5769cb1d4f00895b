//! What an instance remembers: its past executions, and the objects that its tasks applied.
//!
//! KUDO knows neither: where its own definitions are installed, the API server drops both, and an
//! instance remembers what `planStatus` says.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use serde::{Deserialize, Serialize};

use super::instance::{ExecutionStatus, PhaseStatus};

/// One execution of a plan, from when it began to how it ended; interruptions do not divide it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PastExecution {
    /// Name of the plan.
    pub plan: String,
    /// Identity of the execution.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Why it began.
    pub trigger: Trigger,
    /// Who asked for it: a command and its user, or another program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requested_by: String,
    /// Name of the operator version that ran.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operator_version: String,
    /// Name of the operator version that ran before, where it is another one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub previous_operator_version: String,
    /// The parameters that changed since the execution before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed_parameters: Vec<ParameterChange>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<MicroTime>,
    /// When it ended, or another one took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<MicroTime>,
    /// How it ended, or how it stood when another one took its place.
    pub status: ExecutionStatus,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Its phases and steps with their times. A running execution's are in `planStatus`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseStatus>,
}

/// Why an execution began.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", from = "String")]
pub enum Trigger {
    /// The instance was new.
    Install,
    /// Parameters changed.
    Parameters,
    /// The operator version changed.
    Upgrade,
    /// Somebody asked for the plan.
    Manual,
    /// The instance is being deleted.
    Deletion,
    /// Somebody asked for another try of a plan that had failed.
    Retry,
    /// Somebody asked for the plan while it was running.
    Restart,
    /// Nothing is known of it.
    #[default]
    Unknown,
}

impl Trigger {
    /// Returns the word that the API and `plan history` use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Parameters => "parameters",
            Self::Upgrade => "upgrade",
            Self::Manual => "manual",
            Self::Deletion => "deletion",
            Self::Retry => "retry",
            Self::Restart => "restart",
            Self::Unknown => "unknown",
        }
    }
}

impl From<String> for Trigger {
    fn from(word: String) -> Self {
        let all = [
            Self::Install,
            Self::Parameters,
            Self::Upgrade,
            Self::Manual,
            Self::Deletion,
            Self::Retry,
            Self::Restart,
        ];
        let known = all.into_iter().find(|trigger| trigger.as_str() == word);
        known.unwrap_or_default()
    }
}

/// A parameter that has another value than in the execution before.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParameterChange {
    /// Name of the parameter.
    pub name: String,
    /// The value before, masked where it looks secret; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The value now, masked where it looks secret; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// The objects that the tasks of an instance applied.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Inventory {
    /// Names of the operator versions whose objects these are: an upgrade adds its own when it begins,
    /// and only that one is left when it has ended well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operator_versions: Vec<String>,
    /// Task by task.
    pub tasks: Vec<TaskObjects>,
}

/// The objects that one task applied.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct TaskObjects {
    /// Name of the task.
    pub name: String,
    /// What it applied.
    pub objects: Vec<ObjectKey>,
}

/// Which object in a cluster is meant.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectKey {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty for objects of the cluster as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl ObjectKey {
    /// Returns whether the object belongs to the cluster as a whole.
    pub fn is_cluster_scoped(&self) -> bool {
        self.namespace.is_empty()
    }

    /// Returns whether both may be one object, which several groups and versions can serve.
    pub fn may_be(&self, other: &Self) -> bool {
        (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name)
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}
