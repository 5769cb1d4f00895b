//! Who has to look when an object changes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::desk::{Controller, Task};
use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::pod;
use super::volume;

/// Collects tasks.
struct Collector<'a> {
    objects: &'a Objects,
    due: &'a mut BTreeSet<Task>,
}

/// Adds the tasks that a change of `object` (or its end) leads to.
pub(super) fn of(kind: Kind, object: &Value, objects: &Objects, due: &mut BTreeSet<Task>) {
    let mut to = Collector { objects, due };
    let namespace = object::namespace(object);
    if let Some(controller) = controller_of(kind) {
        to.task(controller, Key::of(object));
    }
    match kind {
        Kind::Pod => to.pod(object),
        Kind::Node => {
            to.task(Controller::Cluster, Key::new("", ""));
            to.unscheduled(None);
            to.all(Controller::DaemonSet, Kind::DaemonSet);
        }
        Kind::StorageClass => {
            to.task(Controller::Cluster, Key::new("", ""));
            to.all(Controller::Claim, Kind::PersistentVolumeClaim);
        }
        Kind::ConfigMap | Kind::Secret => to.waiting_pods(namespace),
        Kind::PersistentVolumeClaim => {
            to.unscheduled(Some(namespace));
            to.within(Controller::StatefulSet, Kind::StatefulSet, namespace);
            let volume = object::text(object, "/spec/volumeName");
            if !volume.is_empty() {
                to.task(Controller::Volume, Key::new("", volume));
            }
        }
        Kind::PersistentVolume => {
            let claim = object::text(object, "/spec/claimRef/name");
            let namespace = object::text(object, "/spec/claimRef/namespace");
            if claim.is_empty() {
                to.all(Controller::Claim, Kind::PersistentVolumeClaim);
            } else {
                to.task(Controller::Claim, Key::new(namespace, claim));
            }
        }
        Kind::Endpoints => to.task(Controller::Service, Key::of(object)),
        Kind::ReplicaSet | Kind::Job | Kind::ControllerRevision | Kind::EndpointSlice => {
            to.owner(object, namespace);
            to.within(Controller::Budget, Kind::PodDisruptionBudget, namespace);
            if object::controller(object).is_none() {
                to.adopters(namespace);
            }
        }
        Kind::Deployment | Kind::StatefulSet => {
            to.within(Controller::Budget, Kind::PodDisruptionBudget, namespace);
        }
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::Service
        | Kind::DaemonSet
        | Kind::CronJob
        | Kind::PodDisruptionBudget
        | Kind::Event => {}
    }
}

/// Returns the controller of a kind itself.
fn controller_of(kind: Kind) -> Option<Controller> {
    match kind {
        Kind::Deployment => Some(Controller::Deployment),
        Kind::ReplicaSet => Some(Controller::ReplicaSet),
        Kind::StatefulSet => Some(Controller::StatefulSet),
        Kind::DaemonSet => Some(Controller::DaemonSet),
        Kind::Job => Some(Controller::Job),
        Kind::CronJob => Some(Controller::CronJob),
        Kind::PersistentVolumeClaim => Some(Controller::Claim),
        Kind::PersistentVolume => Some(Controller::Volume),
        Kind::Service => Some(Controller::Service),
        Kind::PodDisruptionBudget => Some(Controller::Budget),
        Kind::Pod => Some(Controller::Kubelet),
        Kind::Namespace
        | Kind::Node
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::StorageClass
        | Kind::Endpoints
        | Kind::EndpointSlice
        | Kind::ControllerRevision
        | Kind::Event => None,
    }
}

impl Collector<'_> {
    fn task(&mut self, controller: Controller, key: Key) {
        self.due.insert(Task { controller, key });
    }

    fn all(&mut self, controller: Controller, kind: Kind) {
        for object in self.objects.all(kind) {
            self.due.insert(Task {
                controller,
                key: Key::of(object),
            });
        }
    }

    fn within(&mut self, controller: Controller, kind: Kind, namespace: &str) {
        for object in self.objects.within(kind, namespace) {
            self.due.insert(Task {
                controller,
                key: Key::of(object),
            });
        }
    }

    fn pod(&mut self, pod: &Value) {
        let namespace = object::namespace(pod);
        self.task(Controller::Scheduler, Key::of(pod));
        self.owner(pod, namespace);
        if object::controller(pod).is_none() {
            self.adopters(namespace);
        }
        self.within(Controller::Service, Kind::Service, namespace);
        self.within(Controller::Budget, Kind::PodDisruptionBudget, namespace);
        let is_present = self
            .objects
            .get(Kind::Pod, &Key::of(pod))
            .is_some_and(|present| object::uid(present) == object::uid(pod));
        if !is_present || pod::is_finished(pod) {
            // It makes room, and lets its claims go.
            self.unscheduled(None);
            for claim in volume::claim_names(pod) {
                self.task(Controller::Claim, Key::new(namespace, claim));
            }
        }
    }

    /// The controller of an object, and for a pod of a Deployment also that.
    fn owner(&mut self, object: &Value, namespace: &str) {
        let Some(owner) = object::controller(object) else {
            return;
        };
        let Some(kind) = Kind::of_name(object::text(owner, "/kind")) else {
            return;
        };
        let key = Key::new(namespace, object::text(owner, "/name"));
        if let Some(controller) = controller_of(kind) {
            self.task(controller, key.clone());
        }
        let grandparent = self.objects.get(kind, &key).and_then(object::controller);
        if let Some(name) = grandparent
            .filter(|owner| object::text(owner, "/kind") == "Deployment")
            .map(|owner| object::text(owner, "/name"))
        {
            self.task(Controller::Deployment, Key::new(namespace, name));
        }
    }

    /// Whoever may take over an object that nobody owns.
    fn adopters(&mut self, namespace: &str) {
        for (controller, kind) in [
            (Controller::Deployment, Kind::Deployment),
            (Controller::ReplicaSet, Kind::ReplicaSet),
            (Controller::StatefulSet, Kind::StatefulSet),
            (Controller::DaemonSet, Kind::DaemonSet),
        ] {
            self.within(controller, kind, namespace);
        }
    }

    fn unscheduled(&mut self, namespace: Option<&str>) {
        for pod in self.objects.all(Kind::Pod) {
            let is_here = namespace.is_none_or(|namespace| namespace == object::namespace(pod));
            if is_here && object::text(pod, "/spec/nodeName").is_empty() {
                self.due.insert(Task {
                    controller: Controller::Scheduler,
                    key: Key::of(pod),
                });
            }
        }
    }

    fn waiting_pods(&mut self, namespace: &str) {
        for pod in self.objects.within(Kind::Pod, namespace) {
            if !pod::is_ready(pod) && !pod::is_finished(pod) {
                self.due.insert(Task {
                    controller: Controller::Kubelet,
                    key: Key::of(pod),
                });
            }
        }
    }
}
