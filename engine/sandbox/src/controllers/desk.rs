//! Which controller has to look at what, and when: the queue between the change feed and the
//! controllers. No input or output happens here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::kind::Kind;
use super::kubelet::{self, Pretence};
use super::objects::{Key, Objects};
use super::outcome::{Outcome, Write};
use super::triggers;
use super::{
    cluster, cronjob, daemonset, deployment, disruption, job, object, replicaset, scheduler,
    service, statefulset, volume,
};

/// A controller. The order is that of work that is due at the same time: pods move on before
/// those look who count them, so that a thousand changes are counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Controller {
    Cluster,
    Claim,
    Volume,
    Scheduler,
    Kubelet,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    Deployment,
    CronJob,
    Service,
    Budget,
}

/// One controller's look at one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Task {
    pub(super) controller: Controller,
    pub(super) key: Key,
}

/// What the sandbox pretends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// How long a pod takes to become ready.
    pub(super) pod_ready_after: Duration,
    /// How many nodes there are.
    pub(super) nodes: usize,
}

/// The objects as they were seen last, and the work they lead to.
#[derive(Debug)]
pub(super) struct Desk {
    objects: Objects,
    settings: Settings,
    due: BTreeSet<Task>,
    alarms: BTreeMap<Task, Timestamp>,
    /// When the present state of each pod was seen first, by uid.
    seen: BTreeMap<String, Timestamp>,
}

impl Desk {
    /// Starts with nothing seen.
    pub(super) fn new(settings: Settings) -> Self {
        let mut desk = Self {
            objects: Objects::default(),
            settings,
            due: BTreeSet::new(),
            alarms: BTreeMap::new(),
            seen: BTreeMap::new(),
        };
        desk.due.insert(Task {
            controller: Controller::Cluster,
            key: Key::new("", ""),
        });
        desk
    }

    /// Takes note of an object's new state.
    pub(super) fn observe(&mut self, kind: Kind, object: &Arc<Value>, now: Timestamp) {
        if kind == Kind::Pod {
            self.seen.insert(object::uid(object).to_owned(), now);
        }
        let before = self.objects.put(kind, Arc::clone(object));
        // Another object of the same name: whoever owned the old one has to know.
        if let Some(before) = before.filter(|before| object::uid(before) != object::uid(object)) {
            triggers::of(kind, &before, &self.objects, &mut self.due);
        }
        triggers::of(kind, object, &self.objects, &mut self.due);
    }

    /// Takes note of an object's end.
    pub(super) fn forget(&mut self, kind: Kind, key: &Key) {
        let Some(object) = self.objects.remove(kind, key) else {
            return;
        };
        self.seen.remove(object::uid(&object));
        self.alarms.retain(|task, _| task.key != *key);
        triggers::of(kind, &object, &self.objects, &mut self.due);
    }

    /// Returns the next task that is due.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Task> {
        let ringing: Vec<Task> = self
            .alarms
            .iter()
            .filter(|(_, moment)| **moment <= now)
            .map(|(task, _)| task.clone())
            .collect();
        for task in ringing {
            self.alarms.remove(&task);
            self.due.insert(task);
        }
        self.due.pop_first()
    }

    /// Returns when the next task becomes due by time alone.
    pub(super) fn next_alarm(&self) -> Option<Timestamp> {
        self.alarms.values().min().copied()
    }

    /// Lets the controller look, and returns what it wants written.
    pub(super) fn look(&mut self, task: &Task, now: Timestamp) -> Vec<Write> {
        let Outcome { writes, wake } = self.outcome(task, now);
        self.alarms.remove(task);
        if let Some(wake) = wake {
            self.alarms.insert(task.clone(), wake);
        }
        writes
    }

    /// Asks again at a moment.
    pub(super) fn look_again(&mut self, task: &Task, moment: Timestamp) {
        let alarm = self.alarms.entry(task.clone()).or_insert(moment);
        *alarm = moment.min(*alarm);
    }

    fn outcome(&self, task: &Task, now: Timestamp) -> Outcome {
        let Self {
            objects, settings, ..
        } = self;
        let Task { controller, key } = task;
        match controller {
            Controller::Cluster => cluster::reconcile(objects, settings.nodes, now),
            Controller::Deployment => deployment::reconcile(objects, key, now),
            Controller::ReplicaSet => replicaset::reconcile(objects, key, now),
            Controller::StatefulSet => statefulset::reconcile(objects, key, now),
            Controller::DaemonSet => daemonset::reconcile(objects, key, now),
            Controller::CronJob => cronjob::reconcile(objects, key, now),
            Controller::Job => job::reconcile(objects, key, now),
            Controller::Claim => volume::reconcile_claim(objects, key),
            Controller::Volume => volume::reconcile_volume(objects, key, now),
            Controller::Scheduler => scheduler::reconcile(objects, key, now),
            Controller::Kubelet => kubelet::reconcile(objects, key, &self.pretence(key, now)),
            Controller::Service => service::reconcile(objects, key, now),
            Controller::Budget => disruption::reconcile(objects, key, now),
        }
    }

    fn pretence(&self, key: &Key, now: Timestamp) -> Pretence {
        let uid = self.objects.get(Kind::Pod, key).map_or("", object::uid);
        let seen = self.seen.get(uid).copied();
        Pretence {
            ready_after: self.settings.pod_ready_after,
            seen,
            now,
        }
    }
}
