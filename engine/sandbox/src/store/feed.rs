//! The change feed: what happened since a revision, from a bounded history.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{Resource, Store};
use crate::refusal::Refusal;

/// How many changes can be replayed; older ones are "compacted".
pub(super) const HISTORY: usize = 10_000;

/// One change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The revision the change made.
    pub revision: u64,
    /// What kind of object.
    pub resource: Resource,
    /// Its namespace, empty for cluster-scoped objects.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object before, unless it was created.
    pub before: Option<Arc<Value>>,
    /// The object after, unless it was deleted.
    pub after: Option<Arc<Value>>,
}

impl Change {
    /// The object as it is now, or was last.
    pub fn object(&self) -> Option<&Arc<Value>> {
        self.after.as_ref().or(self.before.as_ref())
    }

    pub(super) fn key(&self) -> String {
        let Self {
            resource,
            namespace,
            name,
            ..
        } = self;
        format!(
            "{}/{}/{namespace}/{name}",
            resource.group(),
            resource.name()
        )
    }
}

/// The changes that can be replayed.
#[derive(Debug, Default)]
pub(super) struct History {
    changes: VecDeque<Arc<Change>>,
    /// Changes up to this revision can no longer be replayed.
    pub(super) compacted: u64,
}

impl History {
    pub(super) fn push(&mut self, change: Change) {
        self.changes.push_back(Arc::new(change));
        while self.changes.len() > HISTORY {
            if let Some(oldest) = self.changes.pop_front() {
                self.compacted = oldest.revision;
            }
        }
    }

    /// Forgets everything up to now.
    pub(super) fn compact(&mut self, revision: u64) {
        self.changes.clear();
        self.compacted = revision;
    }

    pub(super) fn since(&self, revision: u64) -> Result<Vec<Arc<Change>>, Refusal> {
        if revision < self.compacted {
            return Err(Refusal::expired(format!(
                "too old resource version: {revision} ({})",
                self.compacted
            )));
        }
        let start = self
            .changes
            .partition_point(|change| change.revision <= revision);
        Ok(self.changes.range(start..).cloned().collect())
    }
}

/// A reader of changes. It holds no queue of its own: a slow reader costs nothing and gets
/// `Expired` once the history no longer reaches back to it.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    revision: u64,
    latest: watch::Receiver<u64>,
}

impl Feed {
    pub(super) fn new(store: Store, revision: u64, latest: watch::Receiver<u64>) -> Self {
        Self {
            store,
            revision,
            latest,
        }
    }

    /// The revision up to which this feed has been read.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Waits for changes and returns them, oldest first. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Arc<Change>>, Refusal> {
        loop {
            self.latest.borrow_and_update();
            let changes = self.ready()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            if self.latest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns the changes that are there already, oldest first.
    pub fn ready(&mut self) -> Result<Vec<Arc<Change>>, Refusal> {
        let changes = self.store.since(self.revision)?;
        if let Some(last) = changes.last() {
            self.revision = last.revision;
        }
        Ok(changes)
    }
}
