//! `DaemonSet`: one pod on every node that fits (`k8s.io/api/apps/v1.DaemonSet`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod::{self, Availability};
use super::revision::{self, REVISION_HASH};
use super::scheduler::fit;

/// A node of the cluster and what the set has there.
struct Place<'a> {
    node: &'a Value,
    wanted: bool,
    pods: Vec<&'a Value>,
}

/// Looks at one `DaemonSet`.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(set) = objects.get(Kind::DaemonSet, key) else {
        return outcome;
    };
    if object::is_terminating(set) {
        return outcome;
    }
    for orphan in objects.orphans(Kind::Pod, set) {
        outcome.update(Kind::Pod, object::adopted(orphan, set, Kind::DaemonSet));
    }
    let history = revision::history(set, objects);
    let Some(update) = revision::present(set, Kind::DaemonSet, &history, &mut outcome) else {
        return outcome;
    };
    let hash = revision::hash_label(update);
    let pods = objects.controlled(Kind::Pod, set);
    let places = places(set, &pods, objects);
    for place in &places {
        settle(set, place, hash, &mut outcome);
    }
    if object::text(set, "/spec/updateStrategy/type") != "OnDelete" {
        roll(set, &places, hash, now, &mut outcome);
    }
    let status = status(set, &places, hash, now, &mut outcome);
    let mut in_use: Vec<&str> = pods
        .iter()
        .map(|pod| object::label(pod, REVISION_HASH))
        .collect();
    in_use.push(hash);
    revision::tidy(set, &history, &in_use, &mut outcome);
    outcome.status(Kind::DaemonSet, set, status);
    outcome
}

fn places<'a>(set: &Value, pods: &[&'a Value], objects: &'a Objects) -> Vec<Place<'a>> {
    let mut template = set.pointer("/spec/template").cloned().unwrap_or_default();
    tolerate(&mut template);
    objects
        .all(Kind::Node)
        .map(|node| {
            let name = object::name(node);
            let wanted = fit::selects_node(&template, node) && fit::tolerates(&template, node);
            let pods = pods
                .iter()
                .copied()
                .filter(|pod| target(pod) == name)
                .collect();
            Place { node, wanted, pods }
        })
        .collect()
}

/// Returns the node a pod runs on, or was made for.
fn target(pod: &Value) -> &str {
    match object::text(pod, "/spec/nodeName") {
        "" => object::text(
            pod,
            "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/\
             nodeSelectorTerms/0/matchFields/0/values/0",
        ),
        node => node,
    }
}

/// Makes the pod of a node, or deletes pods that have no business there.
fn settle(set: &Value, place: &Place<'_>, hash: &str, outcome: &mut Outcome) {
    for pod in &place.pods {
        if pod::is_finished(pod) && !object::is_terminating(pod) {
            delete(set, pod, outcome);
        }
    }
    let mut living: Vec<&Value> = place
        .pods
        .iter()
        .copied()
        .filter(|pod| pod::is_active(pod))
        .collect();
    if !place.wanted {
        for pod in living {
            delete(set, pod, outcome);
        }
    } else if place.pods.is_empty() {
        let notice = Notice::normal(Kind::DaemonSet, set, "SuccessfulCreate", "Created pod: {}");
        outcome.create_and_tell(Kind::Pod, made(set, place.node, hash), notice);
    } else if living.len() > 1 {
        living.sort_by_key(|pod| object::text(pod, "/metadata/creationTimestamp"));
        living
            .into_iter()
            .skip(1)
            .for_each(|pod| delete(set, pod, outcome));
    }
}

fn delete(set: &Value, pod: &Value, outcome: &mut Outcome) {
    outcome.delete(Kind::Pod, pod);
    let message = format!("Deleted pod: {}", object::name(pod));
    outcome.event(Notice::normal(
        Kind::DaemonSet,
        set,
        "SuccessfulDelete",
        message,
    ));
}

fn made(set: &Value, node: &Value, hash: &str) -> Value {
    let template = set.pointer("/spec/template").unwrap_or(&Value::Null);
    let mut pod = pod::from_template(template, set, Kind::DaemonSet);
    pod::label(&mut pod, REVISION_HASH, hash);
    let generation = object::annotation(set, "deprecated.daemonset.template.generation").to_owned();
    let generation = if generation.is_empty() {
        object::generation(set).to_string()
    } else {
        generation
    };
    pod::label(&mut pod, "pod-template-generation", generation);
    let name = object::name(node);
    object::set(
        &mut pod,
        &[
            "spec",
            "affinity",
            "nodeAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms",
        ],
        json!([{"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": [name]}]}]),
    );
    tolerate(&mut pod);
    pod
}

/// Adds the tolerations that pods of a `DaemonSet` have by themselves.
fn tolerate(pod: &mut Value) {
    let mut tolerations = object::list(pod, "/spec/tolerations").to_vec();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
    }
    object::set(pod, &["spec", "tolerations"], Value::Array(tolerations));
}

/// Deletes pods of old templates, as many at once as may be unavailable.
fn roll(set: &Value, places: &[Place<'_>], hash: &str, now: Timestamp, outcome: &mut Outcome) {
    let wanted = i64::try_from(places.iter().filter(|place| place.wanted).count());
    let maximum = object::scaled(
        set.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable"),
        wanted.unwrap_or(i64::MAX),
        true,
    );
    let mut budget = maximum.unwrap_or(1).max(1);
    let mut outdated = Vec::new();
    for place in places.iter().filter(|place| place.wanted) {
        let Some(pod) = place.pods.iter().find(|pod| pod::is_active(pod)) else {
            budget -= 1;
            continue;
        };
        let available = availability(set, pod, now) == Availability::Now;
        let updated = object::label(pod, REVISION_HASH) == hash;
        if !available {
            budget -= 1;
        }
        if !updated {
            if available {
                outdated.push(*pod);
            } else {
                // It serves nobody: replacing it costs nothing.
                delete(set, pod, outcome);
            }
        }
    }
    let budget = usize::try_from(budget).unwrap_or(0);
    outdated
        .into_iter()
        .take(budget)
        .for_each(|pod| delete(set, pod, outcome));
}

fn availability(set: &Value, pod: &Value, now: Timestamp) -> Availability {
    pod::is_available(pod, object::count(set, "/spec/minReadySeconds"), now)
}

fn status(
    set: &Value,
    places: &[Place<'_>],
    hash: &str,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Value {
    let (mut desired, mut current, mut misplaced) = (0, 0, 0);
    let (mut ready, mut available, mut updated) = (0, 0, 0);
    for place in places {
        if !place.wanted {
            misplaced += i64::from(!place.pods.is_empty());
            continue;
        }
        desired += 1;
        let Some(pod) = place.pods.first() else {
            continue;
        };
        current += 1;
        ready += i64::from(pod::is_ready(pod));
        match availability(set, pod, now) {
            Availability::Now => available += 1,
            Availability::At(moment) => outcome.wake_at(moment),
            Availability::Never => {}
        }
        let is_updated = object::label(pod, REVISION_HASH) == hash;
        updated += i64::from(is_updated && !object::is_terminating(pod));
    }
    let mut status = json!({
        "currentNumberScheduled": current,
        "numberMisscheduled": misplaced,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": object::generation(set),
    });
    for (field, count) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available),
    ] {
        if count > 0 {
            object::set(&mut status, &[field], json!(count));
        }
    }
    status
}
