//! Fields an endpoint does not write, so nobody gets to own them through it.

use crate::fields::{FieldPath, FieldSet};

/// Which fields of a request an endpoint ignores.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reset {
    /// None.
    #[default]
    Nothing,
    /// These and everything below.
    Except(FieldSet),
    /// All but these and what is below.
    AllBut(FieldSet),
}

impl Reset {
    /// Returns what the endpoint of a built-in kind ignores: the object itself ignores `status`
    /// where there is such a subresource, `status` ignores `spec`.
    pub fn built_in(group: &str, kind: &str, subresource: &str, has_status: bool) -> Self {
        let paths: &[&[&str]] = match (group, kind, subresource) {
            (_, _, "") if has_status => &[&["status"]],
            ("", "Pod", "status") => &[
                &["spec"],
                &["metadata", "deletionTimestamp"],
                &["metadata", "ownerReferences"],
            ],
            ("flowcontrol.apiserver.k8s.io" | "apiregistration.k8s.io", _, "status") => {
                &[&["spec"], &["metadata"]]
            }
            ("apps", "Deployment", "status") => &[&["spec"], &["metadata", "labels"]],
            (_, _, "status") => &[&["spec"]],
            _ => return Self::Nothing,
        };
        let paths = paths
            .iter()
            .map(|path| FieldPath::of_fields(path.iter().copied()));
        Self::Except(FieldSet::of_paths(paths))
    }

    /// Returns what the endpoint of a custom resource ignores.
    pub fn custom(subresource: &str, has_status: bool) -> Self {
        let status = FieldSet::of_paths([FieldPath::of_fields(["status"])]);
        match subresource {
            "" if has_status => Self::Except(status),
            "status" => Self::AllBut(status),
            _ => Self::Nothing,
        }
    }

    /// Returns the set without what is ignored.
    pub(crate) fn filter(&self, set: FieldSet) -> FieldSet {
        match self {
            Self::Nothing => set,
            Self::Except(ignored) => set.recursive_difference(ignored),
            Self::AllBut(kept) => set.restricted_to(kept),
        }
    }
}
