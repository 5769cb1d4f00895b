//! What a controller wants done: writes in order, and when it wants to be asked again.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::Key;

/// One request to the API.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    /// Creates an object; one that is there already is left alone.
    Create {
        /// Its kind.
        kind: Kind,
        /// The object.
        object: Value,
        /// What is told about it; `{}` in the message stands for the name that it got.
        notice: Option<Notice>,
    },
    /// Replaces metadata and spec, if the object is still the one that was seen.
    Update(Kind, Value),
    /// Replaces the status, if the object is still the one that was seen.
    UpdateStatus(Kind, Value),
    /// Puts a pod on a node (`pods/binding`).
    Bind {
        /// The pod as it was seen.
        pod: Value,
        /// The node's name.
        node: String,
    },
    /// Deletes an object, if it has still this uid.
    Delete {
        /// Its kind.
        kind: Kind,
        /// Its place.
        key: Key,
        /// Its uid.
        uid: String,
        /// `gracePeriodSeconds`, when the object's own is not meant.
        grace: Option<i64>,
    },
    /// Writes an Event, or counts it when the same one is there.
    Event(Notice),
}

/// An Event to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    /// `involvedObject`.
    pub(super) about: Value,
    /// True for `Warning`, false for `Normal`.
    pub(super) warning: bool,
    /// The reason, one word.
    pub(super) reason: &'static str,
    /// The sentence.
    pub(super) message: String,
    /// Who says it.
    pub(super) component: &'static str,
    /// True when a second notice with the same words is not counted but dropped.
    pub(super) once: bool,
}

impl Notice {
    /// Something normal that happened to an object.
    pub(super) fn normal(
        kind: Kind,
        object: &Value,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let component = component(kind);
        let about = reference(kind, object);
        Self {
            about,
            warning: false,
            reason,
            message: message.into(),
            component,
            once: false,
        }
    }

    /// Something that a person should know about an object.
    pub(super) fn warning(
        kind: Kind,
        object: &Value,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            warning: true,
            ..Self::normal(kind, object, reason, message)
        }
    }

    /// Names the part of the object that is meant.
    pub(super) fn on_field(mut self, path: impl Into<String>) -> Self {
        object::set(&mut self.about, &["fieldPath"], Value::String(path.into()));
        self
    }

    /// Names another component than the controller of the kind.
    pub(super) fn from(mut self, component: &'static str) -> Self {
        self.component = component;
        self
    }

    /// Drops repetitions instead of counting them.
    pub(super) fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

/// Returns the component that reports about objects of a kind.
fn component(kind: Kind) -> &'static str {
    match kind {
        Kind::Deployment => "deployment-controller",
        Kind::ReplicaSet => "replicaset-controller",
        Kind::StatefulSet => "statefulset-controller",
        Kind::DaemonSet => "daemonset-controller",
        Kind::Job => "job-controller",
        Kind::CronJob => "cronjob-controller",
        Kind::PersistentVolume | Kind::PersistentVolumeClaim => "persistentvolume-controller",
        Kind::Pod => "kubelet",
        Kind::PodDisruptionBudget
        | Kind::Namespace
        | Kind::Node
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::StorageClass
        | Kind::Service
        | Kind::Endpoints
        | Kind::EndpointSlice
        | Kind::ControllerRevision
        | Kind::Event => "controllermanager",
    }
}

/// Returns a `v1.ObjectReference`.
pub(super) fn reference(kind: Kind, object: &Value) -> Value {
    json!({
        "kind": kind.name(),
        "namespace": object::namespace(object),
        "name": object::name(object),
        "uid": object::uid(object),
        "apiVersion": kind.api_version(),
        "resourceVersion": object::text(object, "/metadata/resourceVersion"),
    })
}

/// What one look of a controller leads to.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Outcome {
    /// The writes, in order.
    pub(super) writes: Vec<Write>,
    /// When to look again even if nothing changes.
    pub(super) wake: Option<Timestamp>,
}

impl Outcome {
    /// Wants an object created.
    pub(super) fn create(&mut self, kind: Kind, object: Value) {
        self.push_create(kind, object, None);
    }

    /// Wants an object created and told about; `{}` in the message stands for its name.
    pub(super) fn create_and_tell(&mut self, kind: Kind, object: Value, notice: Notice) {
        self.push_create(kind, object, Some(notice));
    }

    fn push_create(&mut self, kind: Kind, mut object: Value, notice: Option<Notice>) {
        object::set(
            &mut object,
            &["apiVersion"],
            Value::String(kind.api_version()),
        );
        object::set(
            &mut object,
            &["kind"],
            Value::String(kind.name().to_owned()),
        );
        self.writes.push(Write::Create {
            kind,
            object,
            notice,
        });
    }

    /// Wants metadata or spec replaced.
    pub(super) fn update(&mut self, kind: Kind, object: Value) {
        self.writes.push(Write::Update(kind, object));
    }

    /// Wants a status written, if it differs from the one that is there.
    pub(super) fn status(&mut self, kind: Kind, object: &Value, status: Value) {
        if object.get("status") == Some(&status) {
            return;
        }
        let mut object = object.clone();
        object::set(&mut object, &["status"], status);
        self.writes.push(Write::UpdateStatus(kind, object));
    }

    /// Wants an object deleted, as its kind is deleted.
    pub(super) fn delete(&mut self, kind: Kind, object: &Value) {
        let uid = object::uid(object).to_owned();
        self.writes.push(Write::Delete {
            kind,
            key: Key::of(object),
            uid,
            grace: None,
        });
    }

    /// Wants an object deleted at once.
    pub(super) fn delete_now(&mut self, kind: Kind, object: &Value) {
        let uid = object::uid(object).to_owned();
        self.writes.push(Write::Delete {
            kind,
            key: Key::of(object),
            uid,
            grace: Some(0),
        });
    }

    /// Wants an event written.
    pub(super) fn event(&mut self, notice: Notice) {
        self.writes.push(Write::Event(notice));
    }

    /// Wants to be asked again at a moment, or earlier.
    pub(super) fn wake_at(&mut self, moment: Timestamp) {
        self.wake = Some(self.wake.map_or(moment, |wake| wake.min(moment)));
    }
}
