//! `Instance`: parameters, the plan that is asked for, and how all plans fared (kudo-spec 2.4, 2.5).

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::ObjectReference,
    apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time},
};
use kube::CustomResource;
use serde::{Deserialize, Serialize};

use super::{
    operator_version::is_false,
    records::{Inventory, PastExecution},
};

/// What users ask of an instance.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[kube(
    group = "kudo.dev",
    version = "v1beta1",
    kind = "Instance",
    namespaced,
    status = "InstanceStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub struct InstanceSpec {
    /// The version that runs; an empty namespace means the instance's own.
    pub operator_version: ObjectReference,
    /// Values that differ from the defaults.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The plan that is scheduled or running; empty when none is.
    pub plan_execution: PlanExecution,
}

/// The plan that is scheduled or running.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanExecution {
    /// Name of the plan, empty when none is scheduled.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plan_name: String,
    /// Identity of this execution: a new one restarts the plan.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// How it fares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ExecutionStatus>,
    /// Whether it must not go on until this is taken back. KUDO does not know the field.
    #[serde(skip_serializing_if = "is_false")]
    pub paused: bool,
    /// Whether it must end as it stands. KUDO does not know the field.
    #[serde(skip_serializing_if = "is_false")]
    pub cancelled: bool,
    /// Who asked for it: a command and its user, or a program. KUDO does not know the field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requested_by: String,
}

impl PlanExecution {
    /// Returns whether a plan is scheduled or running.
    pub fn is_scheduled(&self) -> bool {
        !self.plan_name.is_empty()
    }
}

/// How a plan, phase or step fares (kudo-spec 2.5).
///
/// A word that is none of KUDO's, such as the empty one, reads as [`ExecutionStatus::NeverRun`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", from = "String")]
pub enum ExecutionStatus {
    /// It works or waits.
    InProgress,
    /// It is scheduled and has not begun.
    Pending,
    /// It ended well.
    Complete,
    /// It met a transient error and will be tried again.
    Error,
    /// It ended badly.
    FatalError,
    /// It was never scheduled.
    #[default]
    NeverRun,
}

impl ExecutionStatus {
    /// Returns whether nothing more will happen.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::FatalError)
    }

    /// Returns whether it is scheduled and not at its end.
    pub fn is_running(self) -> bool {
        matches!(self, Self::InProgress | Self::Pending | Self::Error)
    }

    /// Returns the word that the API and `plan status` use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Pending => "PENDING",
            Self::Complete => "COMPLETE",
            Self::Error => "ERROR",
            Self::FatalError => "FATAL_ERROR",
            Self::NeverRun => "NEVER_RUN",
        }
    }
}

impl From<String> for ExecutionStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "IN_PROGRESS" => Self::InProgress,
            "PENDING" => Self::Pending,
            "COMPLETE" => Self::Complete,
            "ERROR" => Self::Error,
            "FATAL_ERROR" => Self::FatalError,
            _ => Self::NeverRun,
        }
    }
}

impl std::fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the engine reports of an instance.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstanceStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Reconciling` and `Stalled` in Kubernetes convention.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The plan that was executed last; not written by KUDO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_plan: Option<LastPlan>,
    /// What users had asked for when the last plan began: what differs from it was never looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Admitted>,
    /// The last executions, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastExecution>,
    /// The objects that the tasks of the instance applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Every plan of the operator version, and those of earlier versions that ran.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plan_status: BTreeMap<String, PlanStatus>,
}

/// The plan that was executed last, for tables and for those who cannot compare times.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct LastPlan {
    /// Name of the plan.
    pub name: String,
    /// How it fares, or how it ended.
    pub status: ExecutionStatus,
}

/// The part of a spec that the decision table compares (design decision 7).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Admitted {
    /// The version that runs.
    pub operator_version: ObjectReference,
    /// Values that differ from the defaults.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// How a plan fares or fared the last time.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanStatus {
    /// Name of the plan.
    pub name: String,
    /// How it fares.
    pub status: ExecutionStatus,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When something about it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated_timestamp: Option<Time>,
    /// The execution that this speaks of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Phases in the plan's order.
    pub phases: Vec<PhaseStatus>,
}

/// How a phase fares.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct PhaseStatus {
    /// Name of the phase.
    pub name: String,
    /// How it fares.
    pub status: ExecutionStatus,
    /// Why, where there is something to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it began to work. KUDO does not know the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<MicroTime>,
    /// When it ended. KUDO does not know the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<MicroTime>,
    /// Steps in the phase's order.
    pub steps: Vec<StepStatus>,
}

/// How a step fares.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct StepStatus {
    /// Name of the step.
    pub name: String,
    /// Why it waits or failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How it fares.
    pub status: ExecutionStatus,
    /// When it began to work. KUDO does not know the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<MicroTime>,
    /// When it ended. KUDO does not know the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<MicroTime>,
}

impl Instance {
    /// Returns the namespace of the instance; `default` where the object names none.
    pub fn namespace_or_default(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or("default")
    }

    /// Returns the name of the object, which the API server guarantees.
    pub fn object_name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    /// Returns the namespace and name of the operator version this instance runs (kudo-spec 2.4).
    pub fn operator_version_key(&self) -> (&str, &str) {
        let reference = &self.spec.operator_version;
        let namespace = reference
            .namespace
            .as_deref()
            .filter(|namespace| !namespace.is_empty());
        (
            namespace.unwrap_or_else(|| self.namespace_or_default()),
            reference.name.as_deref().unwrap_or_default(),
        )
    }

    /// Returns the status of `plan`, if there is one.
    pub fn plan_status(&self, plan: &str) -> Option<&PlanStatus> {
        self.status.as_ref()?.plan_status.get(plan)
    }
}
