//! Exit codes, and the last words about an error.

use std::process::ExitCode;

use kudo_engine::{
    operations::OperationError,
    package::{Diagnostic, PackageError, ReleaseError},
};

use crate::ui::{Ui, diagnostic};

/// How the program ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExitStatus {
    /// What was asked for is done.
    Done,
    /// Something went wrong.
    Error,
    /// The plan ended badly.
    PlanFailed,
    /// The time was up before the plan ended.
    TimedOut,
    /// The user interrupted.
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Done => 0,
            // 2 is what clap gives for wrong usage.
            ExitStatus::Error => 1,
            ExitStatus::PlanFailed => 3,
            ExitStatus::TimedOut => 4,
            ExitStatus::Interrupted => 130,
        })
    }
}

/// Says what went wrong; a closed pipe is not worth a word.
pub(crate) fn report(error: &anyhow::Error, ui: &Ui) -> ExitStatus {
    if let Some(io) = error.downcast_ref::<std::io::Error>()
        && io.kind() == std::io::ErrorKind::BrokenPipe
    {
        return ExitStatus::Done;
    }
    let findings = findings(error);
    if !findings.is_empty() {
        for finding in findings {
            ui.say(&diagnostic::drawn(finding, ui.has_color));
        }
        return ExitStatus::Error;
    }
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    ui.say(&format!("error: {}", without_repeats(&causes).join(": ")));
    if let Some(hint) = hint(error) {
        ui.say(&format!("hint: {hint}"));
    }
    ExitStatus::Error
}

/// Returns what an error says of a package, where it does.
fn findings(error: &anyhow::Error) -> Vec<&Diagnostic> {
    if let Some(PackageError(finding)) = error.downcast_ref() {
        return vec![finding];
    }
    match error.downcast_ref() {
        Some(ReleaseError(findings)) => findings.iter().collect(),
        None => Vec::new(),
    }
}

/// Layers may say what their source says too; each thing is said once.
fn without_repeats(causes: &[String]) -> Vec<&str> {
    let mut said: Vec<&str> = Vec::new();
    for cause in causes {
        if !said.iter().any(|before| before.contains(cause.as_str())) {
            said.push(cause);
        }
    }
    said
}

fn hint(error: &anyhow::Error) -> Option<&'static str> {
    of_operation(error.downcast_ref::<OperationError>()?)
}

fn of_operation(error: &OperationError) -> Option<&'static str> {
    match error {
        OperationError::NoInstance { .. } => Some("`kudo-rs get instances -A` lists what is there"),
        OperationError::Exists { .. } => {
            Some("choose another name with --instance, or change it with `kudo-rs update`")
        }
        OperationError::Missing(_) => Some("give them with -p NAME=VALUE or in a file with -P"),
        OperationError::UnknownParameter { .. } => {
            Some("`kudo-rs package list parameters PACKAGE` lists them")
        }
        OperationError::Downgrade { .. } => {
            Some("--allow-downgrade goes to an older version all the same")
        }
        OperationError::Refused(_) => Some("`kudo-rs plan status` shows how the plan stands"),
        OperationError::Render(_)
        | OperationError::Child { .. }
        | OperationError::OtherOperator { .. }
        | OperationError::NoVersion(_)
        | OperationError::Version { .. }
        | OperationError::Denied(_)
        | OperationError::Cluster(_)
        | OperationError::NoOperatorVersion { .. }
        | OperationError::OtherContent { .. }
        | OperationError::OldCluster { .. }
        | OperationError::NoNamespace(_) => None,
    }
}
