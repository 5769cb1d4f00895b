//! Every object, by resource, namespace and name, with one revision counter for all of them.
//!
//! Reads are answered from memory; a write goes to the state file first (see [`disk`]), then to
//! memory and to the [`Feed`]s. The rules of `ObjectMeta` that hold for every kind (uid, times,
//! generation, finalizers, optimistic locking) are kept here, so controllers and requests cannot
//! differ in them.

mod delete;
mod disk;
mod feed;
pub mod object;
mod resource;
mod selector;
mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;
use tokio::sync::watch;

use self::disk::Disk;
use self::feed::History;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::refusal::Refusal;

pub use self::delete::{DeleteOptions, Deleted, FOREGROUND, ORPHAN, Propagation};
pub use self::disk::OpenError;
pub use self::feed::{Change, Feed};
pub use self::resource::{Resource, resources};
pub use self::selector::Selector;
pub use self::write::{Part, generations};

/// The storage of a sandbox. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: RwLock<State>,
    latest: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

type Objects = BTreeMap<String, Arc<Value>>;

#[derive(Debug, Default)]
struct State {
    revision: u64,
    tables: BTreeMap<Resource, BTreeMap<String, Objects>>,
    history: History,
    disk: Option<Disk>,
}

/// A consistent list and the revision it was taken at.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The revision to watch from.
    pub revision: u64,
    /// The objects by namespace and name.
    pub items: Vec<Arc<Value>>,
}

impl State {
    fn get(&self, resource: &Resource, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.tables.get(resource)?.get(namespace)?.get(name)
    }

    fn put(&mut self, resource: &Resource, namespace: &str, name: &str, object: Arc<Value>) {
        let table = self.tables.entry(resource.clone()).or_default();
        table
            .entry(namespace.to_owned())
            .or_default()
            .insert(name.to_owned(), object);
    }

    fn take(&mut self, resource: &Resource, namespace: &str, name: &str) {
        let Some(table) = self.tables.get_mut(resource) else {
            return;
        };
        let Some(objects) = table.get_mut(namespace) else {
            return;
        };
        objects.remove(name);
        if objects.is_empty() {
            table.remove(namespace);
        }
    }
}

impl Store {
    /// Makes an empty store that lives in memory alone.
    pub fn in_memory(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self::from_state(State::default(), clock, ids)
    }

    /// Opens or makes the state file at `path`.
    pub fn open(path: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, OpenError> {
        let (disk, loaded) = Disk::open(path)?;
        let mut state = State {
            revision: loaded.revision,
            ..State::default()
        };
        for (key, object) in loaded.objects {
            let mut parts = key.splitn(4, '/');
            let mut part = || parts.next().unwrap_or_default().to_owned();
            let (resource, namespace, name) = (Resource::new(part(), part()), part(), part());
            state.put(&resource, &namespace, &name, Arc::new(object));
        }
        state.history.compact(state.revision);
        state.disk = Some(disk);
        Ok(Self::from_state(state, clock, ids))
    }

    fn from_state(state: State, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let latest = watch::Sender::new(state.revision);
        Self(Arc::new(Inner {
            state: RwLock::new(state),
            latest,
            clock,
            ids,
        }))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock of this sandbox.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The identifiers of this sandbox.
    pub fn ids(&self) -> &Arc<dyn Ids> {
        &self.0.ids
    }

    /// The revision of the last change.
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Returns an object. Cluster-scoped objects have the namespace `""`.
    pub fn get(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, Refusal> {
        self.find(resource, namespace, name)
            .ok_or_else(|| Refusal::not_found(resource, name))
    }

    /// Returns an object if it is there.
    pub fn find(&self, resource: &Resource, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.read().get(resource, namespace, name).cloned()
    }

    /// Returns the chosen objects of one namespace, or of all.
    pub fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Listing {
        let state = self.read();
        let spaces = state.tables.get(resource).into_iter().flatten();
        let items = spaces
            .filter(|(space, _)| namespace.is_none_or(|namespace| namespace == space.as_str()))
            .flat_map(|(_, objects)| objects.values())
            .filter(|object| selector.matches(object))
            .cloned()
            .collect();
        Listing {
            revision: state.revision,
            items,
        }
    }

    /// Returns the chosen objects as they were at an earlier revision.
    pub fn list_at(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        selector: &Selector,
        revision: u64,
    ) -> Result<Listing, Refusal> {
        let state = self.read();
        let mut objects: BTreeMap<(&str, &str), &Arc<Value>> = BTreeMap::new();
        for (space, table) in state.tables.get(resource).into_iter().flatten() {
            objects.extend(
                table
                    .iter()
                    .map(|(name, object)| ((space.as_str(), name.as_str()), object)),
            );
        }
        let later = state.history.since(revision)?;
        for change in later
            .iter()
            .rev()
            .filter(|change| &change.resource == resource)
        {
            let key = (change.namespace.as_str(), change.name.as_str());
            match &change.before {
                Some(before) => objects.insert(key, before),
                None => objects.remove(&key),
            };
        }
        let items = objects
            .into_iter()
            .filter(|((space, _), _)| namespace.is_none_or(|namespace| namespace == *space))
            .filter(|(_, object)| selector.matches(object))
            .map(|(_, object)| Arc::clone(object))
            .collect();
        Ok(Listing { revision, items })
    }

    /// Returns the resources that have objects.
    pub fn used_resources(&self) -> Vec<Resource> {
        let state = self.read();
        let used = state.tables.iter().filter(|(_, spaces)| !spaces.is_empty());
        used.map(|(resource, _)| resource.clone()).collect()
    }

    /// Reads the changes after `revision`; refuses with `Expired` when they are forgotten.
    pub fn feed(&self, revision: u64) -> Result<Feed, Refusal> {
        let latest = self.0.latest.subscribe();
        self.since(revision)?;
        Ok(Feed::new(self.clone(), revision, latest))
    }

    /// Reads the changes from now on.
    pub fn changes(&self) -> Feed {
        let latest = self.0.latest.subscribe();
        Feed::new(self.clone(), self.revision(), latest)
    }

    fn since(&self, revision: u64) -> Result<Vec<Arc<Change>>, Refusal> {
        self.read().history.since(revision)
    }

    /// Forgets the history of changes, as etcd's compaction does.
    pub fn compact(&self) {
        let mut state = self.write();
        let revision = state.revision;
        state.history.compact(revision);
    }
}

#[cfg(test)]
mod tests;
