//! Fields that somebody else owns.

use std::collections::BTreeMap;
use std::fmt;

use super::managed::{ManagedEntry, Operation};
use crate::fields::FieldPath;

/// A field that an applier would change although another manager owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The manager as the API server prints it: `"kubectl" using apps/v1`.
    pub manager: String,
    /// The field.
    pub path: FieldPath,
}

/// The conflicts an apply without force meets; prints the message of the API server's `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyConflict {
    /// The conflicts by manager and path.
    pub conflicts: Vec<Conflict>,
}

impl Conflict {
    pub(crate) fn new(owner: &ManagedEntry, path: FieldPath) -> Self {
        let mut manager = format!("{:?}", owner.manager);
        if !owner.subresource.is_empty() {
            manager = format!("{manager} with subresource {:?}", owner.subresource);
        }
        if owner.operation == Operation::Update {
            manager = format!("{manager} using {}", owner.api_version);
        }
        Self { manager, path }
    }

    /// Returns `message` of the cause in `details.causes`; its `field` is the path.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

impl std::error::Error for ApplyConflict {}

impl fmt::Display for ApplyConflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [Conflict { manager, path }] = self.conflicts.as_slice() {
            return write!(
                formatter,
                "Apply failed with 1 conflict: conflict with {manager}: {path}"
            );
        }
        let mut by_manager: BTreeMap<&str, Vec<&FieldPath>> = BTreeMap::new();
        for Conflict { manager, path } in &self.conflicts {
            by_manager.entry(manager).or_default().push(path);
        }
        let mut lines = Vec::new();
        for (manager, paths) in by_manager {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(paths.into_iter().map(|path| format!("- {path}")));
        }
        let count = self.conflicts.len();
        write!(
            formatter,
            "Apply failed with {count} conflicts: {}",
            lines.join("\n")
        )
    }
}
