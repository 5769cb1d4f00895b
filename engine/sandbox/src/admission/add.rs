//! What the server adds to new objects: the work of its defaulting and admission plugins.

use serde_json::{Value, json};

use crate::api::Api;
use crate::api::catalog::Served;
use crate::refusal::Refusal;
use crate::store::{Selector, object, resources};

/// Replaces the status of a new object by the one its kind starts with.
pub(crate) fn first_status(served: &Served, object: &mut Value) {
    let status = match (served.storage.group(), served.storage.name()) {
        _ if served.custom.is_some() => Value::Null,
        ("", "pods" | "persistentvolumeclaims" | "persistentvolumes") => {
            json!({"phase": "Pending"})
        }
        ("", "namespaces") => json!({"phase": "Active"}),
        ("", "services") | ("networking.k8s.io", "ingresses") => json!({"loadBalancer": {}}),
        // Nodes report themselves when they register.
        ("", "nodes") => return,
        ("apps", "statefulsets") => json!({"replicas": 0, "availableReplicas": 0}),
        ("apps", "replicasets") | ("", "replicationcontrollers") => json!({"replicas": 0}),
        ("apps", "daemonsets") => json!({
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0,
        }),
        ("policy", "poddisruptionbudgets") => json!({
            "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0,
        }),
        ("autoscaling", "horizontalpodautoscalers") => {
            json!({"currentMetrics": null, "desiredReplicas": 0})
        }
        _ => json!({}),
    };
    object::set(object::as_members(object), "status", status);
}

/// Adds a finalizer that is not there yet.
pub(crate) fn finalizer(object: &mut Value, finalizer: &str) {
    let mut finalizers: Vec<String> = object::finalizers(object)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !finalizers.iter().any(|present| present == finalizer) {
        finalizers.push(finalizer.to_owned());
        object::metadata_mut(object).insert("finalizers".to_owned(), json!(finalizers));
    }
}

/// Namespaces carry their own name as a label and are emptied before they go.
pub(super) fn namespace(is_new: bool, object: &mut Value) {
    let name = object::name(object).to_owned();
    if !name.is_empty() {
        let labels = object::metadata_mut(object)
            .entry("labels")
            .or_insert_with(|| json!({}));
        object::as_members(labels).insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    if is_new {
        let spec = object::member_mut(object, "spec");
        spec.insert("finalizers".to_owned(), json!(["kubernetes"]));
    }
}

/// Pods run as a service account, at a priority, and tolerate a node's short absence.
pub(super) fn pod(api: &Api, old: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
    if old.is_some() {
        return Ok(());
    }
    let (namespace, name) = (
        object::namespace(object).to_owned(),
        object::name(object).to_owned(),
    );
    let spec = object::member_mut(object, "spec");
    let account = spec
        .get("serviceAccountName")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let account = if account.is_empty() {
        "default"
    } else {
        account
    }
    .to_owned();
    let found = api
        .store
        .find(&resources::SERVICE_ACCOUNTS, &namespace, &account);
    if account != "default" && found.is_none() {
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount \
             \"{account}\" not found"
        );
        return Err(Refusal::forbidden(&resources::PODS, &name, why));
    }
    spec.insert("serviceAccountName".to_owned(), account.clone().into());
    spec.insert("serviceAccount".to_owned(), account.into());
    spec.entry("priority").or_insert_with(|| 0.into());
    spec.entry("preemptionPolicy")
        .or_insert_with(|| "PreemptLowerPriority".into());
    spec.entry("enableServiceLinks")
        .or_insert_with(|| true.into());
    tolerate(spec.entry("tolerations").or_insert_with(|| json!([])));
    let class = quality(object);
    object::member_mut(object, "status").insert("qosClass".to_owned(), class.into());
    Ok(())
}

/// `DefaultTolerationSeconds`: five minutes on a node that is not ready or not reachable.
fn tolerate(tolerations: &mut Value) {
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        let Some(list) = tolerations.as_array_mut() else {
            return;
        };
        let covered = list.iter().any(|toleration| {
            let effect = object::text(toleration, "/effect");
            let own = object::text(toleration, "/key");
            (own == key || own.is_empty()) && (effect.is_empty() || effect == "NoExecute")
        });
        if !covered {
            list.push(
                json!({"key": key, "operator": "Exists", "effect": "NoExecute",
                             "tolerationSeconds": 300}),
            );
        }
    }
}

/// Returns the quality-of-service class that requests and limits make.
pub(crate) fn quality(pod: &Value) -> &'static str {
    let containers = || {
        object::list(pod, "/spec/containers")
            .iter()
            .chain(object::list(pod, "/spec/initContainers"))
    };
    let amounts = |container: &Value, kind: &str, what: &str| {
        container
            .pointer(&format!("/resources/{kind}/{what}"))
            .cloned()
    };
    let (mut any, mut guaranteed) = (false, true);
    for container in containers() {
        for what in ["cpu", "memory"] {
            let (request, limit) = (
                amounts(container, "requests", what),
                amounts(container, "limits", what),
            );
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// Claims get the default class, and are kept while pods use them.
pub(super) fn claim(api: &Api, old: Option<&Value>, object: &mut Value) {
    if old.is_some() {
        return;
    }
    finalizer(object, "kubernetes.io/pvc-protection");
    let classes = api
        .store
        .list(&resources::STORAGE_CLASSES, None, &Selector::everything());
    let default = classes.items.iter().find(|class| {
        class
            .pointer("/metadata/annotations/storageclass.kubernetes.io~1is-default-class")
            .is_some_and(|value| value == "true")
    });
    let spec = object::member_mut(object, "spec");
    if let Some(class) = default {
        spec.entry("storageClassName")
            .or_insert_with(|| object::name(class).into());
    }
    spec.entry("volumeMode")
        .or_insert_with(|| "Filesystem".into());
}

/// Jobs choose their pods by their own uid, unless the client does it (`generateSelector`).
pub(super) fn job(api: &Api, old: Option<&Value>, object: &mut Value) {
    let manual = object
        .pointer("/spec/manualSelector")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if old.is_some() || manual {
        return;
    }
    let uid = api.store.ids().uid();
    object::metadata_mut(object).insert("uid".to_owned(), uid.clone().into());
    let name = object::name(object).to_owned();
    let labels = [
        ("batch.kubernetes.io/controller-uid", uid.as_str()),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    let spec = object::member_mut(object, "spec");
    spec.insert("manualSelector".to_owned(), false.into());
    let selector = spec.entry("selector").or_insert_with(|| json!({}));
    let chosen = object::member_mut(selector, "matchLabels");
    chosen.insert(
        "batch.kubernetes.io/controller-uid".to_owned(),
        uid.clone().into(),
    );
    let template = spec.entry("template").or_insert_with(|| json!({}));
    let own = object::metadata_mut(template)
        .entry("labels")
        .or_insert_with(|| json!({}));
    let own = object::as_members(own);
    for (key, value) in labels {
        own.insert(key.to_owned(), value.into());
    }
    // The job itself is labelled as its template is.
    let own = Value::Object(own.clone());
    let mine = object::metadata_mut(object)
        .entry("labels")
        .or_insert_with(|| json!({}));
    if object::as_members(mine).is_empty() {
        *mine = own;
    }
}

/// Counts the templates a `DaemonSet` has had, as its annotation of old does.
pub(super) fn template_generation(old: Option<&Value>, object: &mut Value) {
    const KEY: &str = "deprecated.daemonset.template.generation";
    let before = old.and_then(|old| old.pointer("/metadata/annotations")?.get(KEY)?.as_str());
    let before: u64 = before.and_then(|count| count.parse().ok()).unwrap_or(0);
    let template = |set: &Value| set.pointer("/spec/template").cloned();
    let changed = old.is_none_or(|old| template(old) != template(object));
    let count = (before + u64::from(changed)).max(1).to_string();
    let annotations = object::metadata_mut(object)
        .entry("annotations")
        .or_insert_with(|| json!({}));
    object::as_members(annotations).insert(KEY.to_owned(), count.into());
}

/// The finalizers of a namespace's spec are the server's: none counts as written at first, and
/// later only `namespaces/finalize` changes them.
pub(super) fn kept_finalizers(old: Option<&Value>, object: &mut Value) {
    let kept = old.and_then(|old| old.pointer("/spec/finalizers")).cloned();
    object::set(
        object::member_mut(object, "spec"),
        "finalizers",
        kept.unwrap_or_default(),
    );
}
