//! The pods of an instance, kept by one watch for all who ask why something is not ready.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;
use kube::{
    Api,
    api::{DynamicObject, ListParams, WatchParams},
    core::WatchEvent,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    api::names::LABEL_INSTANCE,
    health::{pods::troubles, text},
};

use super::{Cluster, ClusterError, as_value, kinds};

/// After this time an ordinary reason such as `ContainerCreating` is not enough: events may know more.
const PATIENCE: Duration = Duration::from_secs(4);

/// A live view of the pods of one instance.
#[derive(Clone, Debug)]
pub struct Pods {
    cluster: Cluster,
    namespace: String,
    instance: String,
    known: Arc<watch::Sender<BTreeMap<String, Value>>>,
    warnings: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Pods {
    /// Returns a view that [`Pods::follow`] keeps true.
    pub fn new(cluster: Cluster, namespace: &str, instance: &str) -> Self {
        Self {
            cluster,
            namespace: namespace.to_owned(),
            instance: instance.to_owned(),
            known: Arc::new(watch::Sender::new(BTreeMap::new())),
            warnings: Arc::default(),
        }
    }

    /// Returns a receiver that is told when pods change.
    pub fn subscribe(&self) -> watch::Receiver<BTreeMap<String, Value>> {
        self.known.subscribe()
    }

    /// Returns what is wrong with the pods of `workload`, or `None` when nothing is known.
    pub fn troubles(&self, workload: &Value) -> Option<String> {
        let warnings = self
            .warnings
            .lock()
            .expect("nothing panics while it holds the warnings");
        let pods = self.known.borrow();
        let with_warnings = pods.iter().map(|(name, pod)| {
            let mut pod = pod.clone();
            if let Some(warning) = warnings.get(name) {
                explain(&mut pod, warning);
            }
            pod
        });
        troubles(workload, &with_warnings.collect::<Vec<_>>())
    }

    /// Watches the pods for as long as it is polled; never returns.
    pub async fn follow(&self) {
        loop {
            if let Err(error) = self.watch().await {
                tracing::debug!(%error, "the pods cannot be watched");
            }
            self.cluster.clock().sleep(Duration::from_secs(2)).await;
        }
    }

    /// A watch without a version begins with the pods that exist.
    async fn watch(&self) -> Result<(), ClusterError> {
        let params = WatchParams::default().labels(&format!("{LABEL_INSTANCE}={}", self.instance));
        let kind = kinds::namespaced("", "v1", "Pod", "pods");
        let api: Api<DynamicObject> = self.cluster.objects(&kind, &self.namespace);
        let mut events = api.watch(&params, "").await?.boxed();
        self.known.send_modify(BTreeMap::clear);
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.cluster.clock().sleep(PATIENCE), if self.has_silent_pods() => {
                    self.read_warnings().await?;
                    continue;
                }
            };
            match event.transpose()? {
                None => return Ok(()),
                Some(WatchEvent::Added(pod) | WatchEvent::Modified(pod)) => {
                    let pod = as_value(&pod);
                    let name = text(&pod, "/metadata/name").to_owned();
                    self.known.send_modify(|pods| drop(pods.insert(name, pod)));
                }
                Some(WatchEvent::Deleted(pod)) => {
                    let name = pod.metadata.name.unwrap_or_default();
                    self.known.send_modify(|pods| drop(pods.remove(&name)));
                }
                Some(WatchEvent::Bookmark(_)) => {}
                Some(WatchEvent::Error(status)) => return Err(ClusterError::Refused(status)),
            }
        }
    }

    fn has_silent_pods(&self) -> bool {
        self.known.borrow().values().any(is_silent)
    }

    /// Reads the newest warning of each pod that does not say itself what it waits for.
    async fn read_warnings(&self) -> Result<(), ClusterError> {
        let kind = kinds::namespaced("", "v1", "Event", "events");
        let params = ListParams::default()
            .fields("involvedObject.kind=Pod,type=Warning")
            .limit(500);
        let events = self
            .cluster
            .objects(&kind, &self.namespace)
            .list(&params)
            .await?;
        let mut newest: BTreeMap<String, (String, String)> = BTreeMap::new();
        for event in events.items.iter().map(as_value) {
            let pod = text(&event, "/involvedObject/name").to_owned();
            let when = [
                text(&event, "/lastTimestamp"),
                text(&event, "/metadata/creationTimestamp"),
            ]
            .concat();
            let what = format!("{}: {}", text(&event, "/reason"), text(&event, "/message"));
            let entry = newest.entry(pod).or_default();
            if when >= entry.0 {
                *entry = (when, what);
            }
        }
        let warnings = newest
            .into_iter()
            .map(|(pod, (_, what))| (pod, what))
            .collect();
        *self
            .warnings
            .lock()
            .expect("nothing panics while it holds the warnings") = warnings;
        self.known.send_modify(|_| {});
        Ok(())
    }
}

/// Whether a pod waits for its node without saying why.
fn is_silent(pod: &Value) -> bool {
    crate::health::pods::trouble(pod).is_some_and(|trouble| trouble == "ContainerCreating")
}

/// Makes the waiting containers of `pod` say what an event says.
fn explain(pod: &mut Value, warning: &str) {
    let statuses = pod
        .pointer_mut("/status/containerStatuses")
        .and_then(Value::as_array_mut);
    for status in statuses.into_iter().flatten() {
        if let Some(waiting) = status.pointer_mut("/state/waiting")
            && waiting["reason"] == "ContainerCreating"
        {
            waiting["message"] = Value::String(warning.to_owned());
        }
    }
}
