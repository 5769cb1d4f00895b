//! `ReplicaSet`: as many pods as asked for (`k8s.io/api/apps/v1.ReplicaSet`).

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod::{self, Availability};

/// At most so many pods are made or deleted in one look.
const BURST: usize = 500;

/// Looks at one `ReplicaSet`.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(set) = objects.get(Kind::ReplicaSet, key) else {
        return outcome;
    };
    let pods = objects.controlled(Kind::Pod, set);
    if !object::is_terminating(set) {
        for orphan in objects
            .orphans(Kind::Pod, set)
            .into_iter()
            .filter(|pod| pod::is_active(pod))
        {
            outcome.update(Kind::Pod, object::adopted(orphan, set, Kind::ReplicaSet));
        }
        scale(set, &pods, &mut outcome);
    }
    let status = status(set, &pods, now, &mut outcome);
    outcome.status(Kind::ReplicaSet, set, status);
    outcome
}

/// Makes missing pods and deletes superfluous ones.
fn scale(set: &Value, pods: &[&Value], outcome: &mut Outcome) {
    let mut active: Vec<&Value> = pods
        .iter()
        .copied()
        .filter(|pod| pod::is_active(pod))
        .collect();
    let wanted = usize::try_from(object::int(set, "/spec/replicas").unwrap_or(1)).unwrap_or(0);
    if active.len() < wanted {
        for _ in 0..(wanted - active.len()).min(BURST) {
            let template = set.pointer("/spec/template").unwrap_or(&Value::Null);
            let pod = pod::from_template(template, set, Kind::ReplicaSet);
            let notice =
                Notice::normal(Kind::ReplicaSet, set, "SuccessfulCreate", "Created pod: {}");
            outcome.create_and_tell(Kind::Pod, pod, notice);
        }
        return;
    }
    let superfluous = active.len() - wanted;
    if superfluous == 0 {
        return;
    }
    active.sort_by_cached_key(|pod| expendability(pod, pods));
    for pod in active.into_iter().take(superfluous.min(BURST)) {
        outcome.delete(Kind::Pod, pod);
        let message = format!("Deleted pod: {}", object::name(pod));
        outcome.event(Notice::normal(
            Kind::ReplicaSet,
            set,
            "SuccessfulDelete",
            message,
        ));
    }
}

/// What orders pods for deletion, the most expendable first (`controller.ActivePodsWithRanks`).
type Expendability<'a> = (
    bool,
    u8,
    bool,
    i64,
    Reverse<usize>,
    Reverse<&'a str>,
    i64,
    Reverse<&'a str>,
    Reverse<&'a str>,
);

/// Ranks a pod for deletion: without a node, not running, not ready, cheap by annotation, on a
/// crowded node, ready for a shorter time, restarted more often, younger.
fn expendability<'a>(pod: &'a Value, siblings: &[&Value]) -> Expendability<'a> {
    let node = object::text(pod, "/spec/nodeName");
    let phase = match pod::phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let cost = object::annotation(pod, "controller.kubernetes.io/pod-deletion-cost");
    let crowd = siblings
        .iter()
        .filter(|other| pod::is_active(other) && object::text(other, "/spec/nodeName") == node)
        .count();
    let ready_since =
        pod::condition(pod, "Ready").map_or("", |ready| object::text(ready, "/lastTransitionTime"));
    (
        !node.is_empty(),
        phase,
        pod::is_ready(pod),
        cost.parse().unwrap_or(0),
        Reverse(crowd),
        Reverse(ready_since),
        -pod::restarts(pod),
        Reverse(object::text(pod, "/metadata/creationTimestamp")),
        Reverse(object::name(pod)),
    )
}

/// Counts the pods; wakes when one becomes available by time alone.
fn status(set: &Value, pods: &[&Value], now: Timestamp, outcome: &mut Outcome) -> Value {
    let min_ready = object::count(set, "/spec/minReadySeconds");
    let template_labels = set.pointer("/spec/template/metadata/labels");
    let (mut labeled, mut ready, mut available) = (0, 0, 0);
    let active: Vec<&&Value> = pods.iter().filter(|pod| pod::is_active(pod)).collect();
    for pod in &active {
        let wanted = template_labels.and_then(Value::as_object);
        labeled += i64::from(
            wanted
                .into_iter()
                .flatten()
                .all(|(key, value)| object::label(pod, key) == value),
        );
        ready += i64::from(pod::is_ready(pod));
        match pod::is_available(pod, min_ready, now) {
            Availability::Now => available += 1,
            Availability::At(moment) => outcome.wake_at(moment),
            Availability::Never => {}
        }
    }
    let terminating = pods
        .iter()
        .filter(|pod| object::is_terminating(pod) && !pod::is_finished(pod))
        .count();
    let mut status = json!({
        "replicas": active.len(),
        "terminatingReplicas": terminating,
        "observedGeneration": object::generation(set),
    });
    for (field, count) in [
        ("fullyLabeledReplicas", labeled),
        ("readyReplicas", ready),
        ("availableReplicas", available),
    ] {
        if count > 0 {
            object::set(&mut status, &[field], json!(count));
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::outcome::Write;

    fn set(replicas: i64) -> Value {
        json!({"metadata": {"namespace": "n", "name": "web-1", "uid": "u", "generation": 1},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}}})
    }

    fn pod(name: &str, node: &str, ready: &str) -> Value {
        json!({"metadata": {"namespace": "n", "name": name, "uid": name, "labels": {"app": "web"},
                "ownerReferences": [{"uid": "u", "controller": true}]},
            "spec": {"nodeName": node},
            "status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})
    }

    fn world(set: &Value, pods: Vec<Value>) -> Objects {
        let mut objects = Objects::default();
        objects.put(Kind::ReplicaSet, set.clone());
        for pod in pods {
            objects.put(Kind::Pod, pod);
        }
        objects
    }

    #[test]
    fn makes_what_is_missing() {
        let objects = world(&set(2), vec![pod("a", "n0", "True")]);

        let outcome = reconcile(&objects, &Key::new("n", "web-1"), Timestamp::UNIX_EPOCH);

        let Write::Create {
            kind: Kind::Pod,
            object: made,
            ..
        } = &outcome.writes[0]
        else {
            panic!("{outcome:?}");
        };
        assert_eq!(object::text(made, "/metadata/generateName"), "web-1-");
        assert!(object::is_controlled_by(made, "u"));
        let Write::UpdateStatus(_, updated) = &outcome.writes[1] else {
            panic!("{outcome:?}")
        };
        // As kube-controller-manager 1.36 writes it.
        assert_eq!(
            updated["status"],
            json!({"replicas": 1, "fullyLabeledReplicas": 1, "readyReplicas": 1,
                "availableReplicas": 1, "terminatingReplicas": 0, "observedGeneration": 1})
        );
    }

    #[test]
    fn deletes_the_unready_and_the_crowded_first() {
        let pods = vec![
            pod("a", "n0", "True"),
            pod("b", "n1", "True"),
            pod("c", "n1", "True"),
            pod("d", "n2", "False"),
        ];
        let objects = world(&set(2), pods);

        let outcome = reconcile(&objects, &Key::new("n", "web-1"), Timestamp::UNIX_EPOCH);

        let deleted: Vec<&str> = outcome
            .writes
            .iter()
            .filter_map(|write| match write {
                Write::Delete { key, .. } => Some(key.name.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(deleted, ["d", "c"]);
    }

    #[test]
    fn adopts_a_pod_that_nobody_owns() {
        let mut orphan = pod("a", "n0", "True");
        object::set(&mut orphan, &["metadata", "ownerReferences"], Value::Null);
        let objects = world(&set(1), vec![orphan]);

        let outcome = reconcile(&objects, &Key::new("n", "web-1"), Timestamp::UNIX_EPOCH);

        assert!(matches!(&outcome.writes[0], Write::Update(Kind::Pod, pod)
            if object::is_controlled_by(pod, "u")));
    }
}
