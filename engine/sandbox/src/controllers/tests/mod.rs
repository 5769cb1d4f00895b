//! The controllers on a store and a clock that tests move, against recordings from
//! kube-controller-manager, kube-scheduler and kubelet 1.36 (`tests/data/controllers`).

mod daemonsets;
mod deployments;
mod jobs;
mod pods;
mod recordings;
mod restarts;
mod served;
mod services;
mod statefulsets;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::Settings;
use super::kind::Kind;
use super::{Loop, apply, object, pod};
use crate::api::Api;
use crate::clock::{Clock, TestClock};
use crate::ids::SeededIds;
use crate::store::{DeleteOptions, Feed, Part, Selector, Store};

/// More steps than this without the clock moving are a loop without end.
const MOST_STEPS: usize = 20_000;

/// A store, a clock and the controllers between them.
struct World {
    store: Store,
    clock: Arc<TestClock>,
    controllers: Loop,
    settings: Settings,
    feed: Feed,
}

impl World {
    fn new() -> Self {
        Self::with(Duration::from_secs(1), 3)
    }

    fn with(pod_ready_after: Duration, nodes: usize) -> Self {
        let clock = Arc::new(TestClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
        let store = Store::in_memory(Arc::clone(&clock) as _, Arc::new(SeededIds::new(1)));
        Self::on(
            store,
            clock,
            Settings {
                pod_ready_after,
                nodes,
            },
        )
    }

    fn on(store: Store, clock: Arc<TestClock>, settings: Settings) -> Self {
        let api = Api::new(&store).unwrap();
        let controllers = Loop::start(api, settings);
        let feed = store.changes();
        let mut world = Self {
            store,
            clock,
            controllers,
            settings,
            feed,
        };
        world.drain();
        world.feed = world.store.changes();
        world
    }

    /// Lets the controllers work until nothing is due at this time.
    fn drain(&mut self) {
        for _ in 0..MOST_STEPS {
            if !self.controllers.step().unwrap() {
                return;
            }
        }
        panic!("the controllers do not come to rest");
    }

    /// Moves the clock from alarm to alarm until nothing happens for a minute.
    fn settle(&mut self) {
        self.run_for(Duration::from_mins(1));
    }

    /// Moves the clock on, and stops at every alarm on the way.
    fn run_for(&mut self, duration: Duration) {
        self.drain();
        let end = self.clock.now().saturating_add(duration).unwrap();
        for _ in 0..MOST_STEPS {
            let Some(alarm) = self
                .controllers
                .desk
                .next_alarm()
                .filter(|alarm| *alarm <= end)
            else {
                break;
            };
            self.move_to(alarm);
            self.drain();
        }
        self.move_to(end);
        self.drain();
    }

    fn move_to(&self, moment: Timestamp) {
        let distance = moment.duration_since(self.clock.now());
        self.clock.advance(distance.try_into().unwrap_or_default());
    }

    fn create(&mut self, kind: Kind, mut object: Value) {
        object::set(&mut object, &["apiVersion"], json!(kind.api_version()));
        object::set(&mut object, &["kind"], json!(kind.name()));
        if !matches!(kind, Kind::Node | Kind::PersistentVolume) {
            object::set(&mut object, &["metadata", "namespace"], json!("n"));
        }
        let resource = apply::resource(kind);
        self.controllers.api.complete(&mut object).unwrap();
        self.store.create(&resource, object).unwrap();
    }

    /// Changes metadata and spec, as an update of a user does.
    fn edit(&mut self, kind: Kind, name: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.get(kind, name).unwrap();
        change(&mut object);
        self.store
            .update(&apply::resource(kind), object, Part::Main)
            .unwrap();
    }

    fn delete(&mut self, kind: Kind, name: &str) {
        let options = DeleteOptions::default();
        self.store
            .delete(&apply::resource(kind), "n", name, &options)
            .unwrap();
    }

    fn get(&self, kind: Kind, name: &str) -> Option<Value> {
        self.store
            .find(&apply::resource(kind), "n", name)
            .map(|found| (*found).clone())
    }

    fn all(&self, kind: Kind) -> Vec<Arc<Value>> {
        let everything = Selector::everything();
        self.store
            .list(&apply::resource(kind), Some("n"), &everything)
            .items
    }

    fn pod_names(&self) -> Vec<String> {
        self.all(Kind::Pod)
            .iter()
            .map(|pod| object::name(pod).to_owned())
            .collect()
    }

    /// The events of one component, in the order they were first told: what a recording holds.
    fn events(&self, component: &str) -> Vec<String> {
        let mut events = self.all(Kind::Event);
        events.sort_by_key(|event| {
            object::text(event, "/metadata/resourceVersion")
                .parse::<u64>()
                .unwrap_or(0)
        });
        let told = |event: &Value, pointer: &str| object::text(event, pointer).to_owned();
        events
            .iter()
            .filter(|event| told(event, "/source/component") == component)
            .map(|event| {
                format!(
                    "{} {} {}/{}: {}",
                    told(event, "/type"),
                    told(event, "/reason"),
                    told(event, "/involvedObject/kind"),
                    told(event, "/involvedObject/name"),
                    told(event, "/message")
                )
            })
            .collect()
    }

    /// Everything that happened to pods since the last call: `create`, `ready`, `delete`, `gone`.
    fn pod_trace(&mut self) -> Vec<String> {
        let mut trace = Vec::new();
        let mut ready = BTreeSet::new();
        let mut marked = BTreeSet::new();
        for change in self.feed.ready().unwrap() {
            if Kind::of_resource(change.resource.group(), change.resource.name()) != Some(Kind::Pod)
            {
                continue;
            }
            let name = change.name.clone();
            match (&change.before, &change.after) {
                (None, _) => trace.push(format!("create {name}")),
                (_, None) => {
                    trace.push(format!("gone {name}"));
                    ready.remove(&name);
                    marked.remove(&name);
                }
                (Some(before), Some(after)) => {
                    if object::is_terminating(after) {
                        if marked.insert(name.clone()) {
                            trace.push(format!("delete {name}"));
                        }
                    } else if pod::is_ready(after)
                        && !pod::is_ready(before)
                        && ready.insert(name.clone())
                    {
                        trace.push(format!("ready {name}"));
                    }
                }
            }
        }
        trace
    }
}

/// A pod template with one container.
fn template(app: &str, image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": image}],
        },
    })
}

fn set_image(object: &mut Value, image: &str) {
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
}

/// A `ReplicaSet`'s or pod's hash, replaced by the number that recordings give it.
fn numbered(text: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, number)| {
        text.replace(name, number)
    })
}
