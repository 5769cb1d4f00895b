//! What can go wrong between the engine and a cluster.

use std::time::Duration;

use kube::core::Status;

/// A request that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The API server refused it.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
    /// There was no answer, or none that could be understood.
    #[error("the cluster does not answer: {0}")]
    Unreachable(String),
    /// The object cannot be sent as it is.
    #[error("this is not a Kubernetes object: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl ClusterError {
    /// Returns whether the same request may succeed later without anybody changing it.
    ///
    /// An object that the server calls invalid stays invalid; quotas, permissions, conflicts,
    /// overload and a server that is away can change.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused(status) => !matches!(status.code, 400 | 405 | 413 | 415 | 422),
            Self::Unreachable(_) => true,
            Self::Malformed(_) => false,
        }
    }

    /// Returns whether the object, or the kind, does not exist.
    pub fn is_not_found(&self) -> bool {
        self.has_code(404)
    }

    /// Returns whether the same request may succeed soon: the server is away, overloaded, or broke
    /// off. The request may have taken effect all the same.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(status) => matches!(status.code, 408 | 429 | 500..),
            Self::Unreachable(_) => true,
            Self::Malformed(_) => false,
        }
    }

    /// Returns whether somebody else changed or created the object first.
    pub fn is_conflict(&self) -> bool {
        self.has_code(409)
    }

    /// Returns whether an object of that name is there already; other conflicts pass.
    pub fn is_already_there(&self) -> bool {
        self.refusal()
            .is_some_and(|status| status.code == 409 && status.reason == "AlreadyExists")
    }

    /// Returns whether the server no longer knows the version that a watch started from.
    pub fn is_expired(&self) -> bool {
        self.has_code(410)
    }

    /// Returns whether the user lacks a permission.
    pub fn is_forbidden(&self) -> bool {
        self.has_code(403)
    }

    /// Returns how long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let Self::Refused(status) = self else {
            return None;
        };
        let seconds = status.details.as_ref()?.retry_after_seconds;
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    /// Returns the server's text, where it gave one.
    pub fn refusal(&self) -> Option<&Status> {
        match self {
            Self::Refused(status) => Some(status),
            Self::Unreachable(_) | Self::Malformed(_) => None,
        }
    }

    fn has_code(&self, code: u16) -> bool {
        self.refusal().is_some_and(|status| status.code == code)
    }
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(status),
            other => Self::Unreachable(cause_of(&other)),
        }
    }
}

/// Returns the innermost cause: transport errors wrap each other with little to say in between.
fn cause_of(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
