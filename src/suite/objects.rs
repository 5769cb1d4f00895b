//! The objects of steps in a cluster.

use std::time::Duration;

use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use kudo_engine::cluster::{Cluster, ClusterError, Kind};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    matching,
    model::{Object, Reference},
};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The objects of a cluster, as one case sees them.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    cluster: Cluster,
    namespace: String,
}

/// An object that can be deleted again.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    kind: Kind,
    namespace: String,
    name: String,
}

/// What came of looking for an object.
pub(super) enum Look {
    /// It is as wanted.
    Matches,
    /// It is not; this is what there is.
    Differs(String),
}

impl Objects {
    /// Returns the objects; those that name no namespace are in `namespace`.
    pub(crate) fn new(cluster: Cluster, namespace: &str) -> Self {
        Self {
            cluster,
            namespace: namespace.to_owned(),
        }
    }

    /// Creates the object, or merges it into the one that is there; returns it when it is new.
    pub(crate) async fn apply(&self, object: &Object) -> anyhow::Result<Option<Handle>> {
        let kind = self
            .kind(&object.value["apiVersion"], object.kind())
            .await?;
        let namespace = self.namespace_of(&kind, object.value["metadata"]["namespace"].as_str());
        let api = self.api(&kind, &namespace);
        let mut value = object.value.clone();
        if kind.is_namespaced
            && let Some(metadata) = metadata_of(&mut value)
        {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        let there = match object.name() {
            Some(name) => api.get_opt(name).await.map_err(ClusterError::from)?,
            None => None,
        };
        if let (Some(_), Some(name)) = (there, object.name()) {
            let patch = Patch::Merge(&value);
            let changed = api.patch(name, &PatchParams::default(), &patch).await;
            changed.map_err(ClusterError::from)?;
            return Ok(None);
        }
        let new: DynamicObject = serde_json::from_value(value)?;
        let created = api.create(&PostParams::default(), &new).await;
        let created = created.map_err(ClusterError::from)?;
        Ok(Some(Handle {
            kind,
            namespace,
            name: created.metadata.name.unwrap_or_default(),
        }))
    }

    /// Returns whether an object is there that has all of `wanted`, else what there is.
    pub(super) async fn look(&self, wanted: &Object) -> anyhow::Result<Look> {
        let found = self.comparable(wanted).await?;
        if found.is_empty() {
            return Ok(Look::Differs(self.others(wanted).await));
        }
        if found
            .iter()
            .any(|found| matching::matches(&wanted.value, found))
        {
            return Ok(Look::Matches);
        }
        let nearest = found
            .iter()
            .min_by_key(|found| matching::distance(&wanted.value, found));
        let nearest = nearest.unwrap_or(&Value::Null);
        let mut text = matching::difference(&wanted.value, nearest);
        if wanted.name().is_none() {
            let name = nearest["metadata"]["name"].as_str().unwrap_or_default();
            text = format!("nearest of {}: {name}\n{text}", found.len());
        }
        Ok(Look::Differs(text))
    }

    /// Returns the name of an object that has all of `unwanted`, if there is one.
    pub(super) async fn look_absent(&self, unwanted: &Object) -> anyhow::Result<Option<String>> {
        let found = match self.comparable(unwanted).await {
            Ok(found) => found,
            // What the cluster has no kind of is not there.
            Err(error) if error.downcast_ref::<UnknownKind>().is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        let matching = found
            .iter()
            .find(|found| matching::matches(&unwanted.value, found));
        Ok(matching.map(|found| {
            let name = found["metadata"]["name"].as_str().unwrap_or_default();
            name.to_owned()
        }))
    }

    async fn found(&self, wanted: &Object) -> anyhow::Result<Vec<Value>> {
        let kind = self
            .kind(&wanted.value["apiVersion"], wanted.kind())
            .await?;
        let namespace = self.namespace_of(&kind, wanted.value["metadata"]["namespace"].as_str());
        let api = self.api(&kind, &namespace);
        if let Some(name) = wanted.name() {
            let found = api.get_opt(name).await.map_err(ClusterError::from)?;
            return found
                .iter()
                .map(|found| Ok(serde_json::to_value(found)?))
                .collect();
        }
        let list = api
            .list(&labelled(&wanted.value["metadata"]["labels"]))
            .await;
        let list = list.map_err(ClusterError::from)?;
        // Items of lists say neither kind nor version; what is wanted does.
        let complete = |found: &DynamicObject| {
            let mut value = serde_json::to_value(found)?;
            value["apiVersion"] = wanted.value["apiVersion"].clone();
            value["kind"] = wanted.value["kind"].clone();
            Ok(value)
        };
        list.items.iter().map(complete).collect()
    }

    /// Returns what is there, as it is compared with what is wanted.
    async fn comparable(&self, wanted: &Object) -> anyhow::Result<Vec<Value>> {
        let found = self.found(wanted).await?;
        let comparable = |found| matching::with_conditions_of(&wanted.value, found);
        Ok(found.iter().map(comparable).collect())
    }

    /// Says that an object is not there, and which others of its kind are.
    async fn others(&self, wanted: &Object) -> String {
        let any = Object {
            value: serde_json::json!({
                "apiVersion": wanted.value["apiVersion"], "kind": wanted.value["kind"],
                "metadata": {"namespace": wanted.value["metadata"]["namespace"]},
            }),
            place: String::new(),
        };
        let found = self.found(&any).await.unwrap_or_default();
        let names: Vec<&str> = found
            .iter()
            .filter_map(|found| found["metadata"]["name"].as_str())
            .take(10)
            .collect();
        if names.is_empty() {
            format!("there is no {}", wanted.kind())
        } else {
            format!("it is not there; there is {}", names.join(", "))
        }
    }

    /// Deletes what is referred to, and waits until it is gone.
    pub(super) async fn delete(
        &self,
        reference: &Reference,
        limit: Duration,
    ) -> anyhow::Result<()> {
        let kind = self
            .kind(&reference.api_version.as_str().into(), &reference.kind)
            .await?;
        let namespace = self.namespace_of(&kind, reference.namespace.as_deref());
        let names = if let Some(name) = &reference.name {
            vec![name.clone()]
        } else {
            let pairs = reference.labels.iter();
            let labels = pairs.map(|(key, value)| (key.clone(), value.as_str().into()));
            let api = self.api(&kind, &namespace);
            let list = api.list(&labelled(&Value::Object(labels.collect()))).await;
            let items = list.map_err(ClusterError::from)?.items.into_iter();
            items.filter_map(|item| item.metadata.name).collect()
        };
        let handles = names.into_iter().map(|name| Handle {
            kind: kind.clone(),
            namespace: namespace.clone(),
            name,
        });
        let handles: Vec<_> = handles.collect();
        for handle in &handles {
            self.start_deleting(handle).await?;
        }
        for handle in &handles {
            if !self.is_gone(handle, limit).await? {
                anyhow::bail!(
                    "{} {} is still there after {} s",
                    reference.kind,
                    handle.name,
                    limit.as_secs()
                );
            }
        }
        Ok(())
    }

    /// Asks for the deletion of an object; one that is gone is well.
    pub(crate) async fn start_deleting(&self, handle: &Handle) -> anyhow::Result<()> {
        let api = self.api(&handle.kind, &handle.namespace);
        match api.delete(&handle.name, &DeleteParams::background()).await {
            Ok(_) => Ok(()),
            Err(error) => match ClusterError::from(error) {
                error if error.is_not_found() => Ok(()),
                error => Err(error.into()),
            },
        }
    }

    /// Waits until an object is gone; returns whether it went in time.
    pub(crate) async fn is_gone(&self, handle: &Handle, limit: Duration) -> anyhow::Result<bool> {
        let end = Instant::now() + limit;
        let api = self.api(&handle.kind, &handle.namespace);
        loop {
            match api.get_opt(&handle.name).await.map_err(ClusterError::from) {
                Ok(None) => return Ok(true),
                Ok(Some(_)) => {}
                Err(error) if error.is_transient() => {}
                Err(error) => return Err(error.into()),
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Deletes the instances of the namespace, whose clean-up needs it, and then the namespace itself;
    /// returns whether all went in time.
    pub(crate) async fn leave_namespace(&self, limit: Duration) -> anyhow::Result<bool> {
        let end = Instant::now() + limit;
        let left = || end.saturating_duration_since(Instant::now());
        let kind = self.kind(&"kudo.dev/v1beta1".into(), "Instance").await?;
        let api = self.api(&kind, &self.namespace);
        let list = api
            .list(&ListParams::default())
            .await
            .map_err(ClusterError::from)?;
        let instances: Vec<_> = list
            .items
            .into_iter()
            .filter_map(|item| item.metadata.name)
            .map(|name| Handle {
                kind: kind.clone(),
                namespace: self.namespace.clone(),
                name,
            })
            .collect();
        for instance in &instances {
            self.start_deleting(instance).await?;
        }
        for instance in &instances {
            if !self.is_gone(instance, left()).await? {
                return Ok(false);
            }
        }
        let namespace = self.namespace_handle().await?;
        self.start_deleting(&namespace).await?;
        self.is_gone(&namespace, left()).await
    }

    /// Creates the namespace.
    pub(crate) async fn create_namespace(&self) -> anyhow::Result<()> {
        let namespace = Object {
            value: serde_json::json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace},
            }),
            place: String::new(),
        };
        self.apply(&namespace).await.map(drop)
    }

    async fn namespace_handle(&self) -> anyhow::Result<Handle> {
        Ok(Handle {
            kind: self.kind(&"v1".into(), "Namespace").await?,
            namespace: String::new(),
            name: self.namespace.clone(),
        })
    }

    async fn kind(&self, api_version: &Value, kind: &str) -> anyhow::Result<Kind> {
        let api_version = api_version.as_str().unwrap_or_default();
        let found = self.cluster.kind(api_version, kind).await?;
        found.ok_or_else(|| UnknownKind(format!("{api_version} {kind}")).into())
    }

    fn namespace_of(&self, kind: &Kind, named: Option<&str>) -> String {
        match named {
            _ if !kind.is_namespaced => String::new(),
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => self.namespace.clone(),
        }
    }

    fn api(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        let client = self.cluster.client().clone();
        if kind.is_namespaced {
            Api::namespaced_with(client, namespace, &kind.resource)
        } else {
            Api::all_with(client, &kind.resource)
        }
    }
}

impl Handle {
    /// Whether the object goes with the namespace.
    pub(crate) fn is_in(&self, namespace: &str) -> bool {
        self.namespace == namespace
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.resource.kind, self.name)
    }
}

/// The cluster has no objects of this kind.
#[derive(Debug)]
struct UnknownKind(String);

impl std::fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the cluster has no kind `{}`", self.0)
    }
}

impl std::error::Error for UnknownKind {}

fn metadata_of(object: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    let object = object.as_object_mut()?;
    object
        .entry("metadata")
        .or_insert_with(|| serde_json::json!({}))
        .as_object_mut()
}

fn labelled(labels: &Value) -> ListParams {
    let labels = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> = labels
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    if pairs.is_empty() {
        ListParams::default()
    } else {
        ListParams::default().labels(&pairs.join(","))
    }
}
