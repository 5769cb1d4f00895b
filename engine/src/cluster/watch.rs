//! Waiting for one object: a watch from the version that is known, and a slow look in between.

use std::time::Duration;

use futures::StreamExt as _;
use kube::{
    api::{DynamicObject, WatchParams},
    core::WatchEvent,
};
use serde_json::Value;

use super::{Cluster, ClusterError, Kind, as_value};

/// A watch can go silent without ending; then the object is read once in this time.
const RECHECK: Duration = Duration::from_secs(30);
/// The longest pause between two tries to watch.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What an observer says of the state it was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Show me the next one.
    Watch,
    /// I have seen enough.
    Enough,
}

/// The object that is waited for.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; ignored for cluster-scoped kinds.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Cluster {
    /// Shows `observer` each later state of the object, `None` when it is gone, until it has seen
    /// enough.
    ///
    /// `version` is the resource version of the state that is known already; an empty one makes the
    /// first state the present one. Lost connections and expired versions are made good here, so this
    /// returns only when the observer has seen enough.
    pub async fn observe(
        &self,
        target: &Target,
        version: &str,
        mut observer: impl FnMut(Option<&Value>) -> Verdict,
    ) {
        let mut version = version.to_owned();
        let mut pause = Duration::from_millis(250);
        loop {
            let turn = self.watch_once(target, &mut version, &mut observer).await;
            match turn {
                Ok(Verdict::Enough) => return,
                Ok(Verdict::Watch) => pause = Duration::from_millis(250),
                Err(error) => {
                    tracing::debug!(%error, name = target.name, "a watch was lost");
                    self.clock().sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            match self
                .get(&target.kind, &target.namespace, &target.name)
                .await
            {
                Ok(state) => {
                    if observer(state.as_ref()) == Verdict::Enough {
                        return;
                    }
                    version = state.as_ref().map(version_of).unwrap_or_default();
                }
                Err(error) => tracing::debug!(%error, name = target.name, "cannot be read"),
            }
        }
    }

    async fn watch_once(
        &self,
        target: &Target,
        version: &mut String,
        observer: &mut impl FnMut(Option<&Value>) -> Verdict,
    ) -> Result<Verdict, ClusterError> {
        let params = WatchParams::default().fields(&format!("metadata.name={}", target.name));
        let api = self.objects(&target.kind, &target.namespace);
        let mut events = api.watch(&params, version).await?.boxed();
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = self.clock().sleep(RECHECK) => return Ok(Verdict::Watch),
            };
            let state: Option<DynamicObject> = match event.transpose()? {
                None => return Ok(Verdict::Watch),
                Some(WatchEvent::Added(object) | WatchEvent::Modified(object)) => Some(object),
                Some(WatchEvent::Deleted(_)) => None,
                Some(WatchEvent::Bookmark(_)) => continue,
                Some(WatchEvent::Error(status)) => return Err(ClusterError::Refused(status)),
            };
            let state = state.as_ref().map(as_value);
            if let Some(state) = &state {
                *version = version_of(state);
            }
            if observer(state.as_ref()) == Verdict::Enough {
                return Ok(Verdict::Enough);
            }
        }
    }
}

/// Returns the resource version of `object`.
pub fn version_of(object: &Value) -> String {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
