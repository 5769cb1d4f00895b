//! The custom resources of group `kudo.dev/v1beta1` and the names that mark KUDO's objects.
//!
//! | module | what |
//! |---|---|
//! | [`operator`] | `Operator`: what a package is about |
//! | [`operator_version`] | `OperatorVersion`: tasks, plans, parameters and templates of one version |
//! | [`instance`] | `Instance`: a running copy, its parameters, its plans' states |
//! | [`records`] | what an instance remembers: executions, applied objects |
//! | [`names`] | labels, annotations, finalizer, field manager |
//! | [`crds`] | the definitions that make an API server serve these kinds |
//!
//! Fields and their serialisation are KUDO's (kudo-spec 2): unknown fields are ignored when read, and
//! writers patch only what they mean to change, so nothing of a newer or older KUDO is lost.

pub mod crds;
pub mod instance;
pub mod names;
pub mod operator;
pub mod operator_version;
pub mod records;

pub use instance::{Instance, InstanceSpec, InstanceStatus, PlanExecution};
pub use operator::{Maintainer, Operator, OperatorSpec};
pub use operator_version::{
    OperatorVersion, OperatorVersionSpec, ParameterSpec, PhaseSpec, PipeSpec, PlanSpec, StepSpec,
    TaskFields, TaskSpec, TemplateFunctions,
};
pub use records::{Inventory, ObjectKey, PastExecution, Trigger};

/// The API group of KUDO's kinds.
pub const GROUP: &str = "kudo.dev";
/// The only version of [`GROUP`].
pub const VERSION: &str = "v1beta1";
/// Group and version as objects carry them.
pub const API_VERSION: &str = "kudo.dev/v1beta1";
