//! Names of stored things: a resource, and the labels and fields to choose objects by.

use std::borrow::Cow;
use std::fmt;

/// A group and a plural name: what the store files objects under. Versions of one resource are
/// one storage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    group: Cow<'static, str>,
    name: Cow<'static, str>,
}

impl Resource {
    /// Names a resource known when the program is built.
    pub const fn of(group: &'static str, name: &'static str) -> Self {
        Self {
            group: Cow::Borrowed(group),
            name: Cow::Borrowed(name),
        }
    }

    /// Names a resource known at run time.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            group: Cow::Owned(group.into()),
            name: Cow::Owned(name.into()),
        }
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The plural name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Resource {
    /// `pods`, `deployments.apps`: `schema.GroupResource` in messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group() {
            "" => f.write_str(self.name()),
            group => write!(f, "{}.{group}", self.name()),
        }
    }
}

/// The resources this crate itself handles.
pub mod resources {
    use super::Resource;

    /// `namespaces`
    pub const NAMESPACES: Resource = Resource::of("", "namespaces");
    /// `pods`
    pub const PODS: Resource = Resource::of("", "pods");
    /// `nodes`
    pub const NODES: Resource = Resource::of("", "nodes");
    /// `services`
    pub const SERVICES: Resource = Resource::of("", "services");
    /// `serviceaccounts`
    pub const SERVICE_ACCOUNTS: Resource = Resource::of("", "serviceaccounts");
    /// `configmaps`
    pub const CONFIG_MAPS: Resource = Resource::of("", "configmaps");
    /// `secrets`
    pub const SECRETS: Resource = Resource::of("", "secrets");
    /// `events`, the storage of both event APIs
    pub const EVENTS: Resource = Resource::of("", "events");
    /// `deployments.apps`
    pub const DEPLOYMENTS: Resource = Resource::of("apps", "deployments");
    /// `replicasets.apps`
    pub const REPLICA_SETS: Resource = Resource::of("apps", "replicasets");
    /// `statefulsets.apps`
    pub const STATEFUL_SETS: Resource = Resource::of("apps", "statefulsets");
    /// `poddisruptionbudgets.policy`
    pub const DISRUPTION_BUDGETS: Resource = Resource::of("policy", "poddisruptionbudgets");
    /// `storageclasses.storage.k8s.io`
    pub const STORAGE_CLASSES: Resource = Resource::of("storage.k8s.io", "storageclasses");
    /// `customresourcedefinitions.apiextensions.k8s.io`
    pub const CRDS: Resource = Resource::of("apiextensions.k8s.io", "customresourcedefinitions");
}
