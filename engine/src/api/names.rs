//! Names that mark KUDO's objects in a cluster (kudo-spec 2.6).

/// Label `heritage`, always [`HERITAGE_KUDO`].
pub const LABEL_HERITAGE: &str = "heritage";
/// Value of [`LABEL_HERITAGE`].
pub const HERITAGE_KUDO: &str = "kudo";
/// Label with the operator's name.
pub const LABEL_OPERATOR: &str = "kudo.dev/operator";
/// Label with the instance's name.
pub const LABEL_INSTANCE: &str = "kudo.dev/instance";

/// Annotation of pod templates: the version of the package that rendered them.
pub const ANNOTATION_OPERATOR_VERSION: &str = "kudo.dev/operator-version";
/// Annotation of every applied object: the plan that applied it last.
pub const ANNOTATION_PLAN: &str = "kudo.dev/plan";
/// Annotation of every applied object: the phase that applied it last.
pub const ANNOTATION_PHASE: &str = "kudo.dev/phase";
/// Annotation of every applied object: the step that applied it last.
pub const ANNOTATION_STEP: &str = "kudo.dev/step";
/// Annotation of every applied object: the execution that applied it last.
pub const ANNOTATION_EXECUTION_UID: &str = "kudo.dev/last-plan-execution-uid";
/// Annotation of pod templates that use `ConfigMaps` or Secrets (kudo-spec 4.6).
pub const ANNOTATION_DEPENDENCIES_HASH: &str = "kudo.dev/dependencies-hash";
/// Annotation with which a `ConfigMap` or Secret opts out of the dependencies hash.
pub const ANNOTATION_SKIP_HASH: &str = "kudo.dev/skip-hash-calculation";
/// Annotation with the JSON of an object as KUDO applied it; written for KUDO's own tooling.
pub const ANNOTATION_LAST_APPLIED: &str = "kudo.dev/last-applied-configuration";

/// Annotation with which an object is kept though its package no longer has it.
pub const ANNOTATION_PRUNE: &str = "kudo.dev/prune";
/// Value of [`ANNOTATION_PRUNE`].
pub const PRUNE_DISABLED: &str = "disabled";
/// Annotation of the pods of Pipe tasks, always `true` (kudo-spec 3.9).
pub const ANNOTATION_PIPE_POD: &str = "kudo.dev/pipepod";
/// Annotation with which a workload opts out of the readiness of its instance (KEP-34; KUDO never
/// looked at it).
pub const ANNOTATION_SKIP_READINESS: &str = "kudo.dev/skip-for-readiness-computation";

/// Finalizer of instances whose operator version has a `cleanup` plan.
pub const FINALIZER_CLEANUP: &str = "kudo.dev.instance.cleanup";

/// The name under which this engine owns fields in server-side apply.
pub const FIELD_MANAGER: &str = "kudo-rs";

/// The plan that runs when an instance is created.
pub const PLAN_DEPLOY: &str = "deploy";
/// The plan that runs for parameters without a trigger, and for upgrades without an `upgrade` plan.
pub const PLAN_UPDATE: &str = "update";
/// The plan that runs when an instance moves to another operator version.
pub const PLAN_UPGRADE: &str = "upgrade";
/// The plan that runs when an instance is deleted.
pub const PLAN_CLEANUP: &str = "cleanup";
