//! What is served at the moment: the built-in kinds and those of the CRDs.

use std::collections::BTreeMap;
use std::sync::Arc;

use kudo_schema::{Discovery, Schema, Schemas};
use serde_json::Value;

use crate::crd::Custom;
use crate::refusal::Refusal;
use crate::store::{Resource, resources};

/// One version of one resource, with what is needed to serve it.
#[derive(Debug)]
pub(crate) struct Served {
    /// Names, verbs and subresources.
    pub(crate) info: kudo_schema::Resource,
    /// Where its objects are filed.
    pub(crate) storage: Resource,
    /// What the CRD says, for custom resources.
    pub(crate) custom: Option<Custom>,
}

impl Served {
    fn built_in(info: &kudo_schema::Resource) -> Self {
        // Both event APIs are one storage.
        let storage = match (info.group.as_str(), info.plural.as_str()) {
            ("events.k8s.io", "events") => resources::EVENTS,
            (group, plural) => Resource::new(group, plural),
        };
        Self {
            info: info.clone(),
            storage,
            custom: None,
        }
    }

    /// The schema of its objects.
    pub(crate) fn schema(&self) -> Schema<'_> {
        let kudo_schema::Resource {
            group,
            version,
            kind,
            ..
        } = &self.info;
        match &self.custom {
            Some(custom) => custom.schema.schema(),
            None => Schemas::built_in()
                .kind(group, version, kind)
                .unwrap_or_else(|| crate::crd::ANYTHING.schema()),
        }
    }

    pub(crate) fn api_version(&self) -> String {
        self.info.api_version()
    }

    /// The resource as messages name it: that of the request, not of the storage.
    pub(crate) fn resource(&self) -> Resource {
        Resource::new(self.info.group.clone(), self.info.plural.clone())
    }

    /// The refusal of an object with these causes.
    pub(crate) fn invalid(&self, name: &str, causes: &[crate::refusal::Cause]) -> Refusal {
        Refusal::invalid(&self.info.group, &self.info.kind, name, causes)
    }
}

/// Everything that is served. It is replaced as a whole when a CRD changes.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) discovery: Discovery,
    served: BTreeMap<(String, String), Vec<Arc<Served>>>,
    /// The CRDs this catalog was made of.
    pub(crate) definitions: Vec<Arc<Value>>,
}

impl Catalog {
    /// Builds the catalog of the built-in kinds and these CRDs.
    pub(crate) fn new(definitions: Vec<Arc<Value>>) -> Self {
        let mut discovery = Discovery::built_in().clone();
        let mut served: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for info in Discovery::built_in().resources() {
            let key = (info.group.clone(), info.version.clone());
            served
                .entry(key)
                .or_default()
                .push(Arc::new(Served::built_in(info)));
        }
        for definition in definitions
            .iter()
            .filter(|crd| crate::crd::is_established(crd))
        {
            for (info, custom) in crate::crd::versions(definition) {
                discovery.add(info.clone());
                let key = (info.group.clone(), info.version.clone());
                let storage = Resource::new(info.group.clone(), info.plural.clone());
                let one = Served {
                    info,
                    storage,
                    custom: Some(custom),
                };
                served.entry(key).or_default().push(Arc::new(one));
            }
        }
        Self {
            discovery,
            served,
            definitions,
        }
    }

    /// Finds what is served under a path.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        self.group_version(group, version)
            .iter()
            .find(|served| served.info.plural == plural)
    }

    /// Everything of one group and version.
    pub(crate) fn group_version(&self, group: &str, version: &str) -> &[Arc<Served>] {
        let key = (group.to_owned(), version.to_owned());
        self.served.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Every group and version that is served.
    pub(crate) fn group_versions(&self) -> impl Iterator<Item = &(String, String)> {
        self.served.keys()
    }

    /// Finds the storage of a kind named by an owner reference.
    pub(crate) fn storage_of(&self, api_version: &str, kind: &str) -> Option<&Arc<Served>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.group_version(group, version)
            .iter()
            .find(|served| served.info.kind == kind)
    }
}
