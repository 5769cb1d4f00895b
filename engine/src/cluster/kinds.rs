//! Which resource serves a kind: Kubernetes' own from its recorded discovery, others from the cluster.

use std::collections::BTreeMap;

use kube::{
    core::{ApiResource, GroupVersionKind},
    discovery::{Discovery, Scope as DiscoveryScope},
};

use crate::enhance::Scope;

use super::{Cluster, ClusterError};

/// A kind that the cluster serves.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Group, version, kind and plural.
    pub resource: ApiResource,
    /// Whether its objects live in a namespace.
    pub is_namespaced: bool,
}

impl Kind {
    /// Returns where objects of this kind live.
    pub fn scope(&self) -> Scope {
        if self.is_namespaced {
            Scope::Namespaced
        } else {
            Scope::Cluster
        }
    }
}

/// What is known of a cluster's kinds so far.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    known: BTreeMap<(String, String), Kind>,
}

impl Cluster {
    /// Returns the resource that serves this kind, or `None` when the cluster has no such kind.
    ///
    /// What every cluster of the last years serves alike is known without asking. Of the rest the
    /// cluster is asked once; a kind that was not there then is asked for again, because the
    /// plan itself may have defined it meanwhile.
    pub async fn kind(&self, api_version: &str, kind: &str) -> Result<Option<Kind>, ClusterError> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = everywhere(api_version, kind).or_else(|| self.known_kind(&key)) {
            return Ok(Some(known));
        }
        self.learn_kinds().await?;
        Ok(self.known_kind(&key))
    }

    /// Returns the resource that serves this kind as far as is known: the cluster is asked only when
    /// nothing is known of it yet.
    pub(crate) async fn known(
        &self,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<Kind>, ClusterError> {
        if let Some(known) = everywhere(api_version, kind) {
            return Ok(Some(known));
        }
        let knows_nothing = {
            let kinds = self.kinds.lock();
            let kinds = kinds.expect("nothing panics while it holds the kinds");
            kinds.known.is_empty()
        };
        if knows_nothing {
            self.learn_kinds().await?;
        }
        Ok(self.known_kind(&(api_version.to_owned(), kind.to_owned())))
    }

    fn known_kind(&self, key: &(String, String)) -> Option<Kind> {
        let kinds = self
            .kinds
            .lock()
            .expect("nothing panics while it holds the kinds");
        kinds.known.get(key).cloned()
    }

    async fn learn_kinds(&self) -> Result<(), ClusterError> {
        let discovery = Discovery::new(self.client().clone());
        let discovery = match discovery.run_aggregated().await {
            // API servers before 1.26 know only the group-by-group form; they answer with a document
            // that names no kinds where the aggregated one is looked for.
            Ok(discovery) if discovery.groups().next().is_some() => discovery,
            Ok(_) | Err(_) => Discovery::new(self.client().clone()).run().await?,
        };
        let mut known = BTreeMap::new();
        for group in discovery.groups() {
            for version in group.versions() {
                for (resource, capabilities) in group.versioned_resources(version) {
                    let key = (resource.api_version.clone(), resource.kind.clone());
                    let is_namespaced = capabilities.scope == DiscoveryScope::Namespaced;
                    known.insert(
                        key,
                        Kind {
                            resource,
                            is_namespaced,
                        },
                    );
                }
            }
        }
        self.kinds
            .lock()
            .expect("nothing panics while it holds the kinds")
            .known = known;
        Ok(())
    }
}

/// Returns a kind of a group that is the same on every cluster since Kubernetes 1.16.
fn everywhere(api_version: &str, kind: &str) -> Option<Kind> {
    let group = match api_version {
        "v1" => "",
        "apps/v1" => "apps",
        "rbac.authorization.k8s.io/v1" => "rbac.authorization.k8s.io",
        _ => return None,
    };
    let found = kudo_schema::Discovery::built_in().kind(group, "v1", kind)?;
    let gvk = GroupVersionKind::gvk(group, "v1", kind);
    Some(Kind {
        resource: ApiResource::from_gvk_with_plural(&gvk, &found.plural),
        is_namespaced: found.namespaced,
    })
}

/// Returns a kind whose place is known without asking.
pub(crate) fn namespaced(group: &str, version: &str, kind: &str, plural: &str) -> Kind {
    let gvk = GroupVersionKind::gvk(group, version, kind);
    Kind {
        resource: ApiResource::from_gvk_with_plural(&gvk, plural),
        is_namespaced: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The recorded discovery of a real API server says so.
    #[test]
    fn core_kinds_are_known_without_asking() {
        let place = |api_version, kind| {
            let kind = everywhere(api_version, kind)?;
            Some((kind.resource.plural, kind.is_namespaced))
        };

        assert_eq!(place("v1", "Endpoints"), Some(("endpoints".into(), true)));
        assert_eq!(place("v1", "Namespace"), Some(("namespaces".into(), false)));
        assert_eq!(
            place("apps/v1", "StatefulSet"),
            Some(("statefulsets".into(), true))
        );
        assert_eq!(place("batch/v1", "CronJob"), None, "1.20 has only v1beta1");
        assert_eq!(place("v1", "Nothing"), None);
    }
}
