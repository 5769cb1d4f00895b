//! What users ask for: install, change, uninstall. Each writes the request into the cluster; the
//! [`driver`](crate::driver) carries it out.
//!
//! Everything is checked before anything is written: a refusal changes nothing.

mod change;
mod children;
mod control;
mod install;
mod uninstall;
mod upgrade;

pub use change::{Asked, Edit, change};

pub use crate::cluster::definitions::KUDO_WEBHOOK;
pub use control::{Control, Refusal, control};
pub use install::{Installed, Object, install};
pub use uninstall::{Leaving, descendants, uninstall};
pub use upgrade::{Upgrade, Upgraded, upgrade};

use crate::{admission::Denial, cluster::ClusterError, offline::OfflineError};

/// Why a request was not written.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The rules forbid it.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The plan cannot be controlled so.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such instance.
    #[error("there is no instance `{name}` in namespace `{namespace}`")]
    NoInstance {
        /// Namespace that was looked in.
        namespace: String,
        /// Name that was looked for.
        name: String,
    },
    /// The operator version of the instance is gone.
    #[error("operator version `{name}` of the instance is not in namespace `{namespace}`")]
    NoOperatorVersion {
        /// Namespace that was looked in.
        namespace: String,
        /// Name that was looked for.
        name: String,
    },
    /// An instance of this name is there already.
    #[error(
        "cannot install instance '{name}' because an instance of that name already exists in \
         namespace {namespace}"
    )]
    Exists {
        /// Namespace of the instance.
        namespace: String,
        /// Name of the instance.
        name: String,
    },
    /// The operator version is there with other content.
    #[error(
        "operator version `{name}` is installed already with other content, and {users} use it; \
         give the changed package a new operatorVersion"
    )]
    OtherContent {
        /// Name of the operator version.
        name: String,
        /// The instances that use it.
        users: String,
    },
    /// Parameters without default that were not given.
    #[error("missing required parameters during installation: {}", .0.join(","))]
    Missing(Vec<String>),
    /// A parameter that the package does not have.
    #[error("the package has no parameter `{name}`{}", suggested(.nearest.as_deref()))]
    UnknownParameter {
        /// The name that was given.
        name: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// The plan cannot be rendered with these values.
    #[error(transparent)]
    Render(#[from] OfflineError),
    /// The instance runs that version already.
    #[error("the instance runs {0} already")]
    NoVersion(String),
    /// A version that cannot be compared; the text is KUDO's.
    #[error("failed to parse {text} as semver: {cause}")]
    Version {
        /// The version.
        text: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The new version is not newer; the text is KUDO's.
    #[error(
        "upgraded version {to} is the same or smaller as current version {from} -> not upgrading"
    )]
    Downgrade {
        /// What the instance runs.
        from: String,
        /// What it was to run.
        to: String,
    },
    /// The package is of another operator.
    #[error("the instance runs operator `{from}`, and the package is of operator `{to}`")]
    OtherOperator {
        /// What the instance runs.
        from: String,
        /// What it was to run.
        to: String,
    },
    /// A child instance that the plan makes breaks a rule.
    #[error("child instance `{name}`: {error}")]
    Child {
        /// Name of the child instance.
        name: String,
        /// What is wrong with it.
        error: Box<Self>,
    },
    /// The cluster is too old for the package.
    #[error("the package needs Kubernetes {needed} or newer, and this cluster has {found}")]
    OldCluster {
        /// What the package says.
        needed: String,
        /// What the cluster says.
        found: String,
    },
    /// The cluster has no such namespace.
    #[error("there is no namespace `{0}`; create it first")]
    NoNamespace(String),
}

fn suggested(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    })
}

/// Fails with the first name of `given` that none of `known` is, and the known name most like it.
pub fn unknown_parameter<'a>(
    given: impl Iterator<Item = &'a String>,
    known: &[&str],
) -> Result<(), OperationError> {
    for name in given {
        if !known.contains(&name.as_str()) {
            let nearest =
                crate::package::suggest::nearest(name, known.iter().copied()).map(str::to_owned);
            return Err(OperationError::UnknownParameter {
                name: name.clone(),
                nearest,
            });
        }
    }
    Ok(())
}
