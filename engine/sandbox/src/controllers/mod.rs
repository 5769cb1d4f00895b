//! The pretend controllers and the pretend kubelet: what makes pods of workloads and lets them
//! become ready. Nothing runs; only objects change, as on a real cluster.
//!
//! Each controller is a pure function from the [`objects::Objects`] it sees to an
//! [`outcome::Outcome`]: writes, and the time when it wants to look again. [`run`] feeds the
//! changes of the store to the [`desk::Desk`], which knows who has to look, and applies the
//! writes with optimistic locking. All state is in the objects, so another process that opens
//! the same file goes on where this one stopped.
//!
//! | module | what it plays |
//! | --- | --- |
//! | `deployment`, `replicaset`, `statefulset`, `daemonset` | workloads and their rollouts |
//! | `revision` | templates that workloads have had |
//! | `job`, `cronjob` | work that ends |
//! | `scheduler` | a node for each pod |
//! | `kubelet` | the life of pods; its annotations make pods fail or hang (`kubelet::script`) |
//! | `volume` | claims and volumes |
//! | `service`, `disruption` | addresses behind Services, budgets |
//! | `cluster` | nodes and the storage class |
//! | `desk`, `triggers` | who has to look, and when |
//! | `apply` | writes into the store |
//! | `kind`, `object`, `objects`, `outcome`, `pod` | vocabulary |

mod apply;
mod cluster;
mod cronjob;
mod daemonset;
mod deployment;
mod desk;
mod disruption;
mod job;
mod kind;
mod kubelet;
mod object;
mod objects;
mod outcome;
mod pod;
mod replicaset;
mod revision;
mod scheduler;
mod service;
mod statefulset;
mod triggers;
mod volume;

use std::sync::Arc;
use std::time::Duration;

use crate::api::Api;
use crate::clock::{Clock, later};
use crate::store::{Change, Feed, Selector};
use crate::{Options, Refusal};
use desk::{Desk, Settings, Task};
use kind::Kind;
use objects::Key;

/// How long a write that was refused is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// Runs the pretend controllers until the future is dropped.
pub(crate) async fn run(api: Arc<Api>, options: Options) {
    let settings = Settings {
        pod_ready_after: options.pod_ready_after,
        nodes: options.nodes,
    };
    loop {
        // Only a reader that fell behind the history ends; it starts again from a list.
        let refusal = Loop::start(Arc::clone(&api), settings).live().await;
        tracing::debug!(%refusal, "the pretend controllers read everything again");
    }
}

/// The loop around the controllers.
struct Loop {
    api: Arc<Api>,
    feed: Feed,
    desk: Desk,
}

impl Loop {
    /// Reads all objects there are.
    fn start(api: Arc<Api>, settings: Settings) -> Self {
        let feed = api.store.changes();
        let mut desk = Desk::new(settings);
        let now = api.store.clock().now();
        for kind in Kind::ALL {
            let resource = apply::resource(kind);
            for object in api
                .store
                .list(&resource, None, &Selector::everything())
                .items
            {
                desk.observe(kind, &object, now);
            }
        }
        Self { api, feed, desk }
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.api.store.clock()
    }

    /// Works until the feed can no longer be read.
    async fn live(mut self) -> Refusal {
        loop {
            match self.step() {
                // Requests of others get their turn between two tasks.
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => {
                    let alarm = self.desk.next_alarm();
                    let changes = tokio::select! {
                        changes = self.feed.next() => changes,
                        () = sleep(&**self.api.store.clock(), alarm) => Ok(Vec::new()),
                    };
                    match changes {
                        Ok(changes) => self.absorb(&changes),
                        Err(refusal) => return refusal,
                    }
                }
                Err(refusal) => return refusal,
            }
        }
    }

    /// Does what is due first, if anything is.
    fn step(&mut self) -> Result<bool, Refusal> {
        let changes = self.feed.ready()?;
        self.absorb(&changes);
        let Some(task) = self.desk.next(self.clock().now()) else {
            return Ok(false);
        };
        self.work(&task);
        Ok(true)
    }

    fn absorb(&mut self, changes: &[Arc<Change>]) {
        let now = self.clock().now();
        for change in changes {
            let Change {
                revision: _,
                resource,
                namespace,
                name,
                before: _,
                after,
            } = &**change;
            let Some(kind) = Kind::of_resource(resource.group(), resource.name()) else {
                continue;
            };
            match after {
                Some(object) => self.desk.observe(kind, object, now),
                None => self.desk.forget(kind, &Key::new(namespace, name)),
            }
        }
    }

    /// Lets one controller look, and writes what it wants.
    fn work(&mut self, task: &Task) {
        let now = self.clock().now();
        for write in self.desk.look(task, now) {
            if let Err(refusal) = apply::apply(&self.api, write) {
                // The rest was decided on a state that is no longer so.
                tracing::debug!(?task, %refusal, "a controller's write was refused");
                self.desk.look_again(task, later(now, RETRY));
                return;
            }
        }
    }
}

/// Waits for an alarm, for ever if there is none.
async fn sleep(clock: &dyn Clock, alarm: Option<jiff::Timestamp>) {
    match alarm {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
