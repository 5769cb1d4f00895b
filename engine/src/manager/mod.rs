//! The manager: watches instances and drives whatever they need, for as long as it runs.
//!
//! It is the same [`Driver`] that the command line uses, under the same Lease per instance, so the two
//! never drive the same plan, and either goes on where the other ended. It keeps no state of its own.
//!
//! | module | what |
//! |---|---|
//! | [`need`] | does an instance need anything? (pure) |
//! | [`queue`] | which instance is due when? (pure) |
//! | [`mirror`] | the objects that a watch shows |
//! | [`watches`] | the watches |
//! | [`work`] | one piece of work: a drive, a look at the readiness |
//!
//! Everything happens in one loop, [`Manager::run`]: an event marks instances, the queue says what is
//! due, the work runs beside the loop and reports back.

mod mirror;
mod need;
mod queue;
mod watches;
mod work;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use crate::{api::Instance, cluster::Cluster, driver::Driver, readiness};

use mirror::{Change, Mirror};
use need::Need;
use queue::Queue;
use watches::Seen;
use work::{Ended, Work};

/// Workloads may change often while they settle; their instance is judged once in this time.
const DEBOUNCE: Duration = Duration::from_secs(1);
/// Everything is looked at again in this time, whatever the watches say.
const RESYNC: Duration = Duration::from_mins(10);
/// How long giving the Leases back may take when the manager ends.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Namespace and name.
type Key = (String, String);

/// What the manager says while it runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Namespace and name of the instance it is about, if it is about one.
    pub instance: Option<(String, String)>,
    /// Whether somebody should look.
    pub is_warning: bool,
    /// One line.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_warning {
            f.write_str("warning: ")?;
        }
        if let Some((namespace, name)) = &self.instance {
            write!(f, "{namespace}/{name}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// Who is told what the manager says.
pub type Tell = Arc<dyn Fn(Notice) + Send + Sync>;

/// Drives the instances of a namespace, or of all.
#[derive(Clone)]
pub struct Manager {
    cluster: Cluster,
    driver: Driver,
    namespace: Option<String>,
    at_once: usize,
    tell: Tell,
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("namespace", &self.namespace)
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

/// What is known while the manager runs.
#[derive(Debug, Default)]
struct State {
    instances: Mirror<Instance>,
    workloads: Vec<Mirror<Value>>,
    drives: Queue,
    looks: Queue,
    /// How many of the drives count against the bound.
    counted: usize,
    is_announced: bool,
}

impl Manager {
    /// Returns a manager that calls itself `holder` in Leases and drives at most `at_once` instances at
    /// the same time; `namespace` bounds it to one.
    pub fn new(
        cluster: Cluster,
        holder: String,
        namespace: Option<String>,
        at_once: usize,
        tell: Tell,
    ) -> Self {
        Self {
            driver: Driver::new(cluster.clone(), holder),
            cluster,
            namespace,
            at_once: at_once.max(1),
            tell,
        }
    }

    /// Returns the manager with another image for the pods of Pipe tasks, as
    /// [`Driver::with_pipe_image`].
    #[must_use]
    pub fn with_pipe_image(self, pipe_image: String) -> Self {
        Self {
            driver: self.driver.with_pipe_image(pipe_image),
            ..self
        }
    }

    /// Runs until `stop` is ready; what is driven then is left as it stands, for whoever comes next.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut seen = watches::all(&self.cluster, self.namespace.as_deref());
        let mut state = State::default();
        state
            .workloads
            .resize_with(readiness::kinds().len(), Mirror::default);
        let mut running: JoinSet<(Work, Ended)> = JoinSet::new();
        let (stopping, stopped) = watch::channel(false);
        let mut stop = std::pin::pin!(stop);
        let mut resync = self.now() + RESYNC;
        loop {
            self.start_due(&mut state, &mut running, &stopped);
            let next = state
                .next(self.at_once)
                .map_or(resync, |due| due.min(resync));
            let pause = Duration::try_from(next.duration_since(self.now())).unwrap_or_default();
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = running.join_next(), if !running.is_empty() => match ended {
                    Ok((work, ended)) => self.ended(&mut state, &work, ended),
                    Err(error) => tracing::error!(%error, "work on an instance has ended badly"),
                },
                Some(one) = seen.next() => self.take_in(&mut state, one),
                () = self.cluster.clock().sleep(pause) => {
                    if self.now() >= resync {
                        resync = self.now() + RESYNC;
                        state.mark_all(self.now());
                    }
                }
            }
        }
        stopping.send_replace(true);
        let all = async { while running.join_next().await.is_some() {} };
        tokio::select! {
            () = all => {}
            () = self.cluster.clock().sleep(LAST_WORDS) => {}
        }
    }

    fn now(&self) -> Timestamp {
        self.cluster.clock().now()
    }

    fn say(&self, text: String, is_warning: bool) {
        (self.tell)(Notice {
            instance: None,
            is_warning,
            text,
        });
    }

    /// Starts everything that is due and not yet at work.
    fn start_due(
        &self,
        state: &mut State,
        running: &mut JoinSet<(Work, Ended)>,
        stopped: &watch::Receiver<bool>,
    ) {
        let now = self.now();
        while let Some((key, is_forced)) = state.take_drive(now, self.at_once) {
            let Some(instance) = state.instances.get(&key) else {
                state.drives.done(&key);
                continue;
            };
            if need::need(instance, is_forced) == Need::Nothing {
                state.drives.done(&key);
                continue;
            }
            let is_counted = !is_child(instance);
            state.counted += usize::from(is_counted);
            let work = Work::Drive { key, is_counted };
            running.spawn(self.clone().drive(work, instance.clone(), stopped.clone()));
        }
        while let Some((key, _)) = state.looks.take(now, |_| true) {
            match state.readiness_to_write(&key) {
                Some((instance, readiness)) => {
                    running.spawn(self.clone().write_readiness(key, instance, readiness));
                }
                None => state.looks.done(&key),
            }
        }
    }

    fn ended(&self, state: &mut State, work: &Work, ended: Ended) {
        let (queue, key) = match work {
            Work::Drive { key, is_counted } => {
                state.counted -= usize::from(*is_counted);
                (&mut state.drives, key)
            }
            Work::Readiness { key } => (&mut state.looks, key),
        };
        match ended {
            Ended::Done => queue.done(key),
            Ended::Failed(cause) => {
                let pause = queue.failed(key, self.cluster.clock().now());
                (self.tell)(Notice {
                    instance: Some(key.clone()),
                    is_warning: true,
                    text: format!("{cause}; trying again in {} s", pause.as_secs()),
                });
            }
        }
    }

    fn take_in(&self, state: &mut State, seen: Seen) {
        let now = self.now();
        match seen {
            Seen::Instance(event) => {
                for change in state.instances.apply(*event, |instance| instance) {
                    state.drives.mark(&change.key, now, Duration::ZERO, false);
                    state.looks.mark(&change.key, now, DEBOUNCE, false);
                }
                self.announce(state);
            }
            Seen::Version(key) => {
                let users = state.instances.values().filter(|one| names(one, &key));
                let users: Vec<Key> = users
                    .map(|one| {
                        (
                            one.namespace_or_default().to_owned(),
                            one.object_name().to_owned(),
                        )
                    })
                    .collect();
                for user in users {
                    state.drives.mark(&user, now, Duration::ZERO, true);
                }
            }
            Seen::Workload(at, shown) => {
                let (kind, event) = *shown;
                let kept = |object| readiness::typed(&object, &kind);
                let was_complete = state.has_all_workloads();
                for change in state.workloads[at].apply(event, kept) {
                    for key in instances_of(&change) {
                        state.looks.mark(&key, now, DEBOUNCE, false);
                    }
                }
                if !was_complete && state.has_all_workloads() {
                    state.look_at_all(now);
                }
            }
            Seen::Trouble(text) => self.say(text, true),
        }
    }

    fn announce(&self, state: &mut State) {
        if state.instances.is_complete() && !std::mem::replace(&mut state.is_announced, true) {
            let place = match &self.namespace {
                Some(namespace) => format!("namespace {namespace}"),
                None => "all namespaces".to_owned(),
            };
            let count = state.instances.keys().count();
            self.say(format!("watching {place}; instances now: {count}"), false);
        }
    }
}

impl State {
    fn take_drive(&mut self, now: Timestamp, at_once: usize) -> Option<(Key, bool)> {
        let Self {
            instances,
            drives,
            counted,
            ..
        } = self;
        drives.take(now, |key| may_start(instances, *counted, at_once, key))
    }

    fn next(&self, at_once: usize) -> Option<Timestamp> {
        let may = |key: &Key| may_start(&self.instances, self.counted, at_once, key);
        let (drive, look) = (self.drives.next(may), self.looks.next(|_| true));
        drive.into_iter().chain(look).min()
    }

    fn mark_all(&mut self, now: Timestamp) {
        for key in self.instances.keys() {
            self.drives.mark(key, now, Duration::ZERO, true);
        }
        self.look_at_all(now);
    }

    fn look_at_all(&mut self, now: Timestamp) {
        for key in self.instances.keys() {
            self.looks.mark(key, now, DEBOUNCE, false);
        }
    }

    fn has_all_workloads(&self) -> bool {
        self.workloads.iter().all(Mirror::is_complete)
    }

    /// Returns the readiness of an instance if the condition does not say so yet.
    fn readiness_to_write(&self, key: &Key) -> Option<(Instance, readiness::Readiness)> {
        // What is not known yet must not count as healthy.
        let instance = self
            .instances
            .get(key)
            .filter(|_| self.has_all_workloads())?;
        if !readiness::is_computed(instance) {
            return None;
        }
        let of_it = |object: &&Value| readiness::instance_of(object) == *key;
        let objects = self.workloads.iter().flat_map(Mirror::values);
        let objects: Vec<Value> = objects.filter(of_it).cloned().collect();
        let readiness = readiness::of_objects(&objects);
        (!readiness.is_written(instance)).then(|| (instance.clone(), readiness))
    }
}

/// Whether a drive may start: a child is driven beyond the bound, because its parent's drive waits for it.
fn may_start(instances: &Mirror<Instance>, counted: usize, at_once: usize, key: &Key) -> bool {
    counted < at_once || instances.get(key).is_none_or(is_child)
}

fn is_child(instance: &Instance) -> bool {
    let owners = instance.metadata.owner_references.as_deref();
    owners
        .unwrap_or_default()
        .iter()
        .any(|owner| owner.kind == "Instance")
}

fn names(instance: &Instance, version: &Key) -> bool {
    let named = |instance: &Instance| {
        let (namespace, name) = instance.operator_version_key();
        (namespace, name) == (version.0.as_str(), version.1.as_str())
    };
    let admitted = instance
        .status
        .as_ref()
        .and_then(|status| status.admitted.as_ref());
    named(instance)
        || admitted.is_some_and(|admitted| {
            let mut before = instance.clone();
            before.spec.operator_version = admitted.operator_version.clone();
            named(&before)
        })
}

fn instances_of(change: &Change<Value>) -> Vec<Key> {
    let objects = change.before.iter().chain(&change.after);
    let mut keys: Vec<Key> = objects.map(readiness::instance_of).collect();
    keys.dedup();
    keys
}
