//! The kinds that controllers read and write, and where the API serves them.

/// A kind of object that some controller looks at, by its name in the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Namespace,
    Node,
    ServiceAccount,
    ConfigMap,
    Secret,
    StorageClass,
    PersistentVolume,
    PersistentVolumeClaim,
    Service,
    Endpoints,
    EndpointSlice,
    ControllerRevision,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    PodDisruptionBudget,
    Pod,
    Event,
}

impl Kind {
    /// All kinds, in the order of the enum.
    pub(super) const ALL: [Self; 21] = [
        Self::Namespace,
        Self::Node,
        Self::ServiceAccount,
        Self::ConfigMap,
        Self::Secret,
        Self::StorageClass,
        Self::PersistentVolume,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::Endpoints,
        Self::EndpointSlice,
        Self::ControllerRevision,
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::PodDisruptionBudget,
        Self::Pod,
        Self::Event,
    ];

    /// The kind's name, its plural, its API group and its version there.
    const fn facts(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Namespace => ("Namespace", "namespaces", "", "v1"),
            Self::Node => ("Node", "nodes", "", "v1"),
            Self::ServiceAccount => ("ServiceAccount", "serviceaccounts", "", "v1"),
            Self::ConfigMap => ("ConfigMap", "configmaps", "", "v1"),
            Self::Secret => ("Secret", "secrets", "", "v1"),
            Self::StorageClass => ("StorageClass", "storageclasses", "storage.k8s.io", "v1"),
            Self::PersistentVolume => ("PersistentVolume", "persistentvolumes", "", "v1"),
            Self::PersistentVolumeClaim => {
                ("PersistentVolumeClaim", "persistentvolumeclaims", "", "v1")
            }
            Self::Service => ("Service", "services", "", "v1"),
            Self::Endpoints => ("Endpoints", "endpoints", "", "v1"),
            Self::EndpointSlice => ("EndpointSlice", "endpointslices", "discovery.k8s.io", "v1"),
            Self::ControllerRevision => ("ControllerRevision", "controllerrevisions", "apps", "v1"),
            Self::Deployment => ("Deployment", "deployments", "apps", "v1"),
            Self::ReplicaSet => ("ReplicaSet", "replicasets", "apps", "v1"),
            Self::StatefulSet => ("StatefulSet", "statefulsets", "apps", "v1"),
            Self::DaemonSet => ("DaemonSet", "daemonsets", "apps", "v1"),
            Self::Job => ("Job", "jobs", "batch", "v1"),
            Self::CronJob => ("CronJob", "cronjobs", "batch", "v1"),
            Self::PodDisruptionBudget => (
                "PodDisruptionBudget",
                "poddisruptionbudgets",
                "policy",
                "v1",
            ),
            Self::Pod => ("Pod", "pods", "", "v1"),
            Self::Event => ("Event", "events", "", "v1"),
        }
    }

    /// The kind as it is written in objects.
    pub(super) const fn name(self) -> &'static str {
        self.facts().0
    }

    /// The plural name in paths.
    pub(super) const fn plural(self) -> &'static str {
        self.facts().1
    }

    /// The API group, empty for the core group.
    pub(super) const fn group(self) -> &'static str {
        self.facts().2
    }

    /// The version that controllers speak.
    pub(super) const fn version(self) -> &'static str {
        self.facts().3
    }

    /// The `apiVersion` of such objects.
    pub(super) fn api_version(self) -> String {
        match self.group() {
            "" => self.version().to_owned(),
            group => format!("{group}/{}", self.version()),
        }
    }

    /// Finds a kind by group and plural name.
    pub(super) fn of_resource(group: &str, plural: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.group() == group && kind.plural() == plural)
    }

    /// Finds a kind by the name that owner references carry.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_resource() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_resource(kind.group(), kind.plural()), Some(kind));
            assert_eq!(Kind::of_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::StatefulSet.api_version(), "apps/v1");
        assert_eq!(Kind::of_resource("apps", "pods"), None);
    }
}
