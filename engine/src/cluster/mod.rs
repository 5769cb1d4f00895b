//! The cluster as the engine sees it: kinds, objects, watches, leases and events.
//!
//! Everything goes through one [`kube::Client`], which may speak to a real API server or to the
//! sandbox; nothing here can tell which.
//!
//! | module | what |
//! |---|---|
//! | [`error`] | what can go wrong, and whether trying again may help |
//! | `patience` | limits of time, and pauses that an overloaded server asks for |
//! | [`kinds`] | which resource serves a kind |
//! | [`apply`] | server-side apply, with what KUDO tolerated |
//! | [`watch`] | waiting for one object |
//! | [`pods`] | the pods of an instance |
//! | [`installed`] | packages that are installed |
//! | [`lease`] | one driver per instance |
//! | [`events`] | events on an instance |
//! | [`definitions`] | KUDO's own kinds |

pub mod apply;
pub mod definitions;
pub mod error;
pub mod events;
mod fit;
pub mod installed;
pub mod kinds;
pub mod lease;
mod patience;
pub mod pods;
pub mod watch;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, PostParams, PropagationPolicy},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::{Clock, Ids};

pub use error::ClusterError;
pub use kinds::Kind;

/// How often a request is tried whose errors pass.
const MOST_TRIES: u32 = 6;
/// The pause before it is tried again, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How often something is looked for that must be there.
const LOOKS: u32 = 3;
/// The pause before it is looked for again.
const LOOK_AGAIN_IN: Duration = Duration::from_secs(1);

/// A connection to a cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    kinds: Arc<Mutex<kinds::Kinds>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    requester: Arc<str>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("namespace", &self.client.default_namespace())
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Returns a connection that speaks through `client`, with limits of time and with the pauses
    /// that an overloaded server asks for.
    pub fn new(client: Client, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            client: patience::patient(client, clock.clone()),
            kinds: Arc::default(),
            clock,
            ids,
            requester: Arc::default(),
        }
    }

    /// Returns the same connection for `requester`, whose name what is asked for here carries.
    #[must_use]
    pub fn on_behalf_of(self, requester: &str) -> Self {
        Self {
            requester: requester.into(),
            ..self
        }
    }

    /// Returns who asks through this connection; empty when nobody was named.
    pub fn requester(&self) -> &str {
        &self.requester
    }

    /// Returns the client underneath.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns where the time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns where identities come from.
    pub fn ids(&self) -> &Arc<dyn Ids> {
        &self.ids
    }

    /// Returns the object of this kind and name, or `None` when there is none.
    pub async fn get(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let found = self.objects(kind, namespace).get_opt(name).await;
        Ok(found
            .map_err(ClusterError::from)?
            .map(|object| as_value(&object)))
    }

    /// Creates `object`.
    pub async fn create(&self, kind: &Kind, object: &Value) -> Result<Value, ClusterError> {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        let created = self
            .objects(kind, namespace)
            .create(&PostParams::default(), &object)
            .await?;
        Ok(as_value(&created))
    }

    /// Asks for the deletion of an object together with what it owns; returns what is still there.
    ///
    /// Foreground propagation makes the object stay until its dependents are gone (kudo-spec 3.6).
    pub async fn delete(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let foreground = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            ..DeleteParams::default()
        };
        match self
            .objects(kind, namespace)
            .delete(name, &foreground)
            .await
        {
            Ok(deleted) => Ok(deleted.left().map(|object| as_value(&object))),
            Err(error) => match ClusterError::from(error) {
                error if error.is_not_found() => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Returns what `look` finds; what is not there is looked for again, before anything fails for good
    /// because of that: a lagging API server may not know yet what was made a moment ago.
    pub(crate) async fn surely<'a, T, E>(
        &self,
        look: impl Fn() -> BoxFuture<'a, Result<Option<T>, E>>,
    ) -> Result<Option<T>, E> {
        self.looked_for(look, Option::is_some).await
    }

    /// Returns what `look` finds; it looks again, but not for ever, while that is not all there must be.
    pub(crate) async fn looked_for<'a, T, E>(
        &self,
        look: impl Fn() -> BoxFuture<'a, Result<T, E>>,
        is_all: impl Fn(&T) -> bool,
    ) -> Result<T, E> {
        for _ in 1..LOOKS {
            let found = look().await?;
            if is_all(&found) {
                return Ok(found);
            }
            self.clock.sleep(LOOK_AGAIN_IN).await;
        }
        look().await
    }

    /// Tries a request again while its errors pass; what it does must be the same twice as once.
    pub(crate) async fn persistently<'a, T>(
        &self,
        request: impl Fn() -> BoxFuture<'a, Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        self.while_it_passes(request, ClusterError::is_passing)
            .await
    }

    /// Tries a write that names no version again while its errors pass; conflicts do too.
    pub(crate) async fn unconditionally<'a, T>(
        &self,
        request: impl Fn() -> BoxFuture<'a, Result<T, ClusterError>>,
    ) -> Result<T, ClusterError> {
        self.while_it_passes(request, |error| {
            error.is_passing() || error.is_conflict() && !error.is_already_there()
        })
        .await
    }

    async fn while_it_passes<'a, T>(
        &self,
        request: impl Fn() -> BoxFuture<'a, Result<T, ClusterError>>,
        passes: impl Fn(&ClusterError) -> bool,
    ) -> Result<T, ClusterError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..MOST_TRIES {
            match request().await {
                Err(error) if passes(&error) => {
                    tracing::debug!(%error, ?pause, "the request is tried again");
                    self.clock.sleep(pause).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
        request().await
    }

    pub(crate) fn objects(&self, kind: &Kind, namespace: &str) -> Api<DynamicObject> {
        if kind.is_namespaced {
            Api::namespaced_with(self.client.clone(), namespace, &kind.resource)
        } else {
            Api::all_with(self.client.clone(), &kind.resource)
        }
    }
}

/// Returns the object of this name; none too where its kind is not known at all.
pub async fn read<K>(api: &Api<K>, name: &str) -> Result<Option<K>, ClusterError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    match api.get(name).await.map_err(ClusterError::from) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns `object` as plain JSON.
pub(crate) fn as_value(object: &DynamicObject) -> Value {
    serde_json::to_value(object).expect("what was read from JSON can be written as JSON")
}
