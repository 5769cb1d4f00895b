//! Writing what controllers want into the store.

use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::Key;
use super::outcome::{Notice, Write};
use crate::Refusal;
use crate::api::Api;
use crate::clock::seconds;
use crate::store::{DeleteOptions, Part, Resource, Store, resources};

/// Returns where objects of a kind are stored.
pub(super) fn resource(kind: Kind) -> Resource {
    Resource::of(kind.group(), kind.plural())
}

/// Does one write.
pub(super) fn apply(api: &Api, write: Write) -> Result<(), Refusal> {
    let store = &api.store;
    match write {
        Write::Create {
            kind,
            object,
            notice,
        } => create(api, kind, object, notice),
        Write::Update(kind, object) => store.update(&resource(kind), object, Part::Main).map(drop),
        Write::UpdateStatus(kind, object) => store
            .update(&resource(kind), object, Part::Status)
            .map(drop),
        Write::Bind { pod, node } => bind(store, &pod, &node),
        Write::Delete {
            kind,
            key,
            uid,
            grace,
        } => {
            let options = DeleteOptions {
                grace,
                uid: Some(uid),
                ..DeleteOptions::default()
            };
            store
                .delete(&resource(kind), &key.namespace, &key.name, &options)
                .map(drop)
        }
        Write::Event(notice) => tell(store, &notice),
    }
}

/// Creates an object as a request would, and tells about it; a refusal is told too.
fn create(api: &Api, kind: Kind, mut object: Value, notice: Option<Notice>) -> Result<(), Refusal> {
    let resource = resource(kind);
    let created = api
        .complete(&mut object)
        .and_then(|()| api.store.create(&resource, object));
    let Some(mut notice) = notice else {
        return created.map(drop);
    };
    match created {
        Ok(created) => {
            notice.message = notice.message.replace("{}", object::name(&created));
            tell(&api.store, &notice)
        }
        Err(refusal) => {
            let message = format!("Error creating: {}", refusal.message);
            let failure = Notice {
                warning: true,
                reason: "FailedCreate",
                message,
                once: true,
                ..notice
            };
            tell(&api.store, &failure)?;
            Err(refusal)
        }
    }
}

/// Puts a pod on a node, and the node's zone and region onto the pod.
fn bind(store: &Store, pod: &Value, node: &str) -> Result<(), Refusal> {
    let (namespace, name) = (object::namespace(pod), object::name(pod));
    let place = store.find(&resources::NODES, "", node);
    let now = seconds(store.clock().now());
    let bound = store.modify(&resources::PODS, namespace, name, |current| {
        if object::uid(current) != object::uid(pod) {
            return Err(Refusal::not_found(&resources::PODS, name));
        }
        object::set(current, &["spec", "nodeName"], json!(node));
        for key in [
            "topology.kubernetes.io/zone",
            "topology.kubernetes.io/region",
        ] {
            let value = place
                .as_deref()
                .map_or("", |place| object::label(place, key));
            if !value.is_empty() {
                object::set(current, &["metadata", "labels", key], json!(value));
            }
        }
        let mut conditions: Vec<Value> = object::list(current, "/status/conditions")
            .iter()
            .filter(|condition| object::text(condition, "/type") != "PodScheduled")
            .cloned()
            .collect();
        conditions.push(json!({
            "type": "PodScheduled",
            "status": "True",
            "observedGeneration": object::generation(current),
            "lastProbeTime": null,
            "lastTransitionTime": now,
        }));
        object::set(current, &["status", "conditions"], Value::Array(conditions));
        Ok(())
    });
    bound.map(drop)
}

/// Writes an Event, or counts it when the same one is there.
fn tell(store: &Store, notice: &Notice) -> Result<(), Refusal> {
    let namespace = match object::text(&notice.about, "/namespace") {
        "" => "default",
        namespace => namespace,
    };
    let now = seconds(store.clock().now());
    let name = event_name(notice);
    let event_resource = resource(Kind::Event);
    if store.find(&event_resource, namespace, &name).is_none() {
        let event = event(notice, &Key::new(namespace, name), &now);
        return store.create(&event_resource, event).map(drop);
    }
    if notice.once {
        return Ok(());
    }
    let counted = store.modify(&event_resource, namespace, &name, |event| {
        let count = object::count(event, "/count").saturating_add(1);
        object::set(event, &["count"], json!(count));
        object::set(event, &["lastTimestamp"], json!(now));
        Ok(())
    });
    counted.map(drop)
}

/// The same words about the same object have the same name, in every process.
fn event_name(notice: &Notice) -> String {
    let Notice {
        about,
        warning,
        reason,
        message,
        component,
        once: _,
    } = notice;
    let field = |pointer: &str| object::text(about, pointer);
    let identity = format!(
        "{}|{}|{warning}|{reason}|{message}|{component}",
        field("/uid"),
        field("/fieldPath")
    );
    format!("{}.{}", field("/name"), object::fingerprint(&identity))
}

fn event(notice: &Notice, key: &Key, now: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": key.namespace, "name": key.name},
        "involvedObject": notice.about,
        "reason": notice.reason,
        "message": notice.message,
        "source": {"component": notice.component},
        "reportingComponent": notice.component,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "eventTime": null,
        "count": 1,
        "type": if notice.warning { "Warning" } else { "Normal" },
    })
}
