//! The watches of the manager, as one stream.

use std::{fmt::Debug, sync::Mutex};

use futures::{
    StreamExt as _,
    stream::{BoxStream, SelectAll, select_all},
};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::{ApiResource, DynamicObject},
    core::NamespaceResourceScope,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;

use crate::{
    api::{Instance, OperatorVersion},
    cluster::{Cluster, ClusterError, Kind},
    readiness,
};

use super::Key;

/// What a watch has shown.
#[derive(Debug)]
pub(super) enum Seen {
    /// An instance.
    Instance(Box<Event<Instance>>),
    /// An operator version that is there, new or changed.
    Version(Key),
    /// An object that may count for the readiness of its instance; the number is that of its kind.
    Workload(usize, Box<(Kind, Event<DynamicObject>)>),
    /// A watch does not work.
    Trouble(String),
}

/// Returns everything that the manager watches, in a namespace or in all.
pub(super) fn all(
    cluster: &Cluster,
    namespace: Option<&str>,
) -> SelectAll<BoxStream<'static, Seen>> {
    let client = cluster.client();
    let instances = typed::<Instance>(client, namespace);
    let instances = shown("instances", instances, |event| {
        Some(Seen::Instance(Box::new(event)))
    });
    let versions = typed::<OperatorVersion>(client, namespace);
    let versions = shown("operatorversions", versions, |event| match event {
        Event::Apply(version) | Event::InitApply(version) => {
            let namespace = version.namespace().unwrap_or_default();
            Some(Seen::Version((namespace, version.name_any())))
        }
        Event::Delete(_) | Event::Init | Event::InitDone => None,
    });
    let mut streams = vec![instances, versions];
    for (at, kind) in readiness::kinds().into_iter().enumerate() {
        let resource = &kind.resource;
        let objects = dynamic(client, namespace, resource);
        let plural = resource.plural.clone();
        streams.push(shown(&plural, objects, move |event| {
            Some(Seen::Workload(at, Box::new((kind.clone(), event))))
        }));
    }
    select_all(streams)
}

type Events<K> = BoxStream<'static, Result<Event<K>, watcher::Error>>;

fn typed<K>(client: &Client, namespace: Option<&str>) -> Events<K>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
    K::DynamicType: Default,
{
    let api: Api<K> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    bare(watcher(api, watcher::Config::default()).boxed())
}

fn dynamic(
    client: &Client,
    namespace: Option<&str>,
    resource: &ApiResource,
) -> Events<DynamicObject> {
    let api = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    };
    let config = watcher::Config::default().labels(&readiness::selector());
    bare(watcher(api, config).boxed())
}

/// Nobody here asks who owns which field, and it is most of an object.
fn bare<K: Resource + Send + 'static>(events: Events<K>) -> Events<K> {
    events
        .modify(|object| object.meta_mut().managed_fields = None)
        .default_backoff()
        .boxed()
}

/// Turns events into what the manager takes in; a trouble is told once, until it has passed.
fn shown<K: Send + 'static>(
    what: &str,
    events: Events<K>,
    seen: impl Fn(Event<K>) -> Option<Seen> + Send + Sync + 'static,
) -> BoxStream<'static, Seen> {
    let what = what.to_owned();
    let told = Mutex::new(String::new());
    let turned = events.filter_map(move |event| {
        let mut told = told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let one = match event {
            Ok(event) => {
                told.clear();
                seen(event)
            }
            Err(error) => trouble(&what, error, &mut told),
        };
        std::future::ready(one)
    });
    turned.boxed()
}

fn trouble(what: &str, error: watcher::Error, told: &mut String) -> Option<Seen> {
    use watcher::Error as E;
    let cause = match error {
        E::InitialListFailed(error) | E::WatchStartFailed(error) | E::WatchFailed(error) => {
            ClusterError::from(error)
        }
        E::WatchError(status) => ClusterError::Refused(status),
        E::NoResourceVersion => ClusterError::Unreachable("lists have no version".to_owned()),
    };
    if cause.is_expired() {
        return None;
    }
    let text = if cause.is_not_found() {
        format!(
            "the cluster does not know {what}; install KUDO's definitions with `kudo-rs init`; \
             waiting for them"
        )
    } else {
        format!("{what} cannot be watched: {cause}; trying again")
    };
    if *told == text {
        return None;
    }
    told.clone_from(&text);
    Some(Seen::Trouble(text))
}
