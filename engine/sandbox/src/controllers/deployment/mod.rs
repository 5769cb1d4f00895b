//! Deployment: `ReplicaSet`s of templates, rolled from one to the next
//! (`k8s.io/api/apps/v1.Deployment`).
//!
//! [`replicas`] decides how large each `ReplicaSet` is, [`status`] tells how far the rollout is.

mod replicas;
mod status;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use replicas::Sizes;

const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A Deployment and its `ReplicaSet`s, sorted out.
#[derive(Debug)]
struct Rollout<'a> {
    deployment: &'a Value,
    /// The `ReplicaSet` of the present template.
    new: Option<&'a Value>,
    /// The others, oldest first.
    old: Vec<&'a Value>,
}

impl<'a> Rollout<'a> {
    fn of(deployment: &'a Value, objects: &'a Objects) -> Self {
        let mut sets = objects.controlled(Kind::ReplicaSet, deployment);
        sets.sort_by_key(|set| (created(set), object::name(set)));
        let new = sets
            .iter()
            .copied()
            .find(|set| has_template_of(set, deployment));
        let old = sets
            .into_iter()
            .filter(|set| new.is_none_or(|new| object::uid(new) != object::uid(set)))
            .collect();
        Self {
            deployment,
            new,
            old,
        }
    }

    /// All `ReplicaSet`s, the old ones first.
    fn all(&self) -> impl Iterator<Item = &'a Value> {
        self.old.iter().copied().chain(self.new)
    }

    fn wanted(&self) -> i64 {
        object::int(self.deployment, "/spec/replicas").unwrap_or(1)
    }

    fn is_recreate(&self) -> bool {
        object::text(self.deployment, "/spec/strategy/type") == "Recreate"
    }

    /// Returns how many pods more and how many fewer than wanted there may be.
    fn leeway(&self) -> (i64, i64) {
        if self.is_recreate() {
            return (0, 0);
        }
        let strategy = self.deployment.pointer("/spec/strategy/rollingUpdate");
        let quarter = json!("25%");
        let field = |name: &str| strategy.and_then(|strategy| strategy.get(name));
        let surge = field("maxSurge").unwrap_or(&quarter);
        let unavailable = field("maxUnavailable").unwrap_or(&quarter);
        let surge = object::scaled(Some(surge), self.wanted(), true).unwrap_or(0);
        let unavailable = object::scaled(Some(unavailable), self.wanted(), false).unwrap_or(0);
        // Both zero would never move: Kubernetes then lets one pod be missing.
        if surge == 0 && unavailable == 0 {
            (0, 1)
        } else {
            (surge, unavailable)
        }
    }

    /// The revision that the new `ReplicaSet` has or gets.
    fn revision(&self) -> i64 {
        let newest = self.old.iter().map(|set| revision(set)).max().unwrap_or(0);
        let own = self.new.map_or(0, revision);
        own.max(newest.saturating_add(1))
    }
}

/// Looks at one Deployment.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(deployment) = objects.get(Kind::Deployment, key) else {
        return outcome;
    };
    if object::is_terminating(deployment) {
        return outcome;
    }
    for orphan in objects.orphans(Kind::ReplicaSet, deployment) {
        outcome.update(
            Kind::ReplicaSet,
            object::adopted(orphan, deployment, Kind::Deployment),
        );
    }
    if !outcome.writes.is_empty() {
        return outcome;
    }
    let rollout = Rollout::of(deployment, objects);
    let paused = object::flag(deployment, "/spec/paused");
    let sizes = if paused || replicas::is_scaling(&rollout) {
        replicas::scaled(&rollout)
    } else if rollout.is_recreate() {
        replicas::recreated(&rollout, objects)
    } else {
        replicas::rolled(&rollout)
    };
    if let (Some(count), false) = (sizes.created, paused) {
        create(&rollout, count, &mut outcome);
    }
    resize(&rollout, &sizes, paused, &mut outcome);
    if outcome.writes.is_empty() {
        tidy(&rollout, &mut outcome);
    }
    if !paused && rollout.new.is_some() && annotate(&rollout, &mut outcome) {
        return outcome;
    }
    let status = status::of(&rollout, now, &mut outcome);
    outcome.status(Kind::Deployment, deployment, status);
    outcome
}

/// Makes the `ReplicaSet` of the present template.
fn create(rollout: &Rollout<'_>, replicas: i64, outcome: &mut Outcome) {
    let deployment = rollout.deployment;
    let Some(template) = deployment.pointer("/spec/template") else {
        return;
    };
    let hash = template_hash(deployment);
    let name = format!("{}-{hash}", object::name(deployment));
    let mut labeled = template.clone();
    object::set(
        &mut labeled,
        &["metadata", "labels", TEMPLATE_HASH],
        json!(hash),
    );
    let mut selector = deployment
        .pointer("/spec/selector")
        .cloned()
        .unwrap_or_else(|| json!({}));
    object::set(&mut selector, &["matchLabels", TEMPLATE_HASH], json!(hash));
    let mut set = json!({
        "metadata": {
            "name": name,
            "namespace": object::namespace(deployment),
            "labels": labeled.pointer("/metadata/labels"),
            "ownerReferences": [object::controller_reference(deployment, Kind::Deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": labeled},
    });
    if let Some(seconds) = deployment.pointer("/spec/minReadySeconds") {
        object::set(&mut set, &["spec", "minReadySeconds"], seconds.clone());
    }
    write_sizes(rollout, &mut set);
    write_revision(rollout, &mut set);
    outcome.create(Kind::ReplicaSet, set);
    if replicas > 0 {
        let message = format!("Scaled up replica set {name} from 0 to {replicas}");
        outcome.event(Notice::normal(
            Kind::Deployment,
            deployment,
            "ScalingReplicaSet",
            message,
        ));
    }
}

/// Writes the sizes that were decided, and what `ReplicaSet`s carry of their Deployment.
fn resize(rollout: &Rollout<'_>, sizes: &Sizes, paused: bool, outcome: &mut Outcome) {
    for set in rollout.all() {
        let is_new = rollout
            .new
            .is_some_and(|new| object::uid(new) == object::uid(set));
        let size = object::count(set, "/spec/replicas");
        let wanted = sizes.of(set);
        let mut changed = set.clone();
        if wanted != size || (sizes.annotate_all && size > 0) {
            write_sizes(rollout, &mut changed);
        }
        if is_new && !paused {
            write_revision(rollout, &mut changed);
        }
        object::set(&mut changed, &["spec", "replicas"], json!(wanted));
        if changed == *set {
            continue;
        }
        outcome.update(Kind::ReplicaSet, changed);
        if wanted != size {
            let direction = if wanted > size { "up" } else { "down" };
            let name = object::name(set);
            let message = format!("Scaled {direction} replica set {name} from {size} to {wanted}");
            outcome.event(Notice::normal(
                Kind::Deployment,
                rollout.deployment,
                "ScalingReplicaSet",
                message,
            ));
        }
    }
}

/// Writes the sizes that a `ReplicaSet` was sized for.
fn write_sizes(rollout: &Rollout<'_>, set: &mut Value) {
    let (surge, _) = rollout.leeway();
    let wanted = rollout.wanted();
    for (key, size) in [(DESIRED, wanted), (MAXIMUM, wanted.saturating_add(surge))] {
        object::set(
            set,
            &["metadata", "annotations", key],
            json!(size.to_string()),
        );
    }
}

/// Writes the revision; the former ones are kept when an old template comes back.
fn write_revision(rollout: &Rollout<'_>, set: &mut Value) {
    let former = rollout.new.map_or(0, revision);
    let present = rollout.revision();
    object::set(
        set,
        &["metadata", "annotations", REVISION],
        json!(present.to_string()),
    );
    if former > 0 && former < present {
        let history = rollout
            .new
            .map_or("", |new| object::annotation(new, HISTORY));
        let history = match history {
            "" => former.to_string(),
            history => format!("{history},{former}"),
        };
        object::set(set, &["metadata", "annotations", HISTORY], json!(history));
    }
}

/// Writes the revision onto the Deployment; true when it was another one.
fn annotate(rollout: &Rollout<'_>, outcome: &mut Outcome) -> bool {
    let revision = rollout.revision().to_string();
    if object::annotation(rollout.deployment, REVISION) == revision {
        return false;
    }
    let mut deployment = rollout.deployment.clone();
    object::set(
        &mut deployment,
        &["metadata", "annotations", REVISION],
        json!(revision),
    );
    outcome.update(Kind::Deployment, deployment);
    true
}

/// Deletes the oldest empty `ReplicaSet`s beyond `revisionHistoryLimit`, once the rollout is done.
fn tidy(rollout: &Rollout<'_>, outcome: &mut Outcome) {
    if !status::is_complete(rollout) {
        return;
    }
    let limit = object::int(rollout.deployment, "/spec/revisionHistoryLimit").unwrap_or(10);
    let surplus = rollout
        .old
        .len()
        .saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut old = rollout.old.clone();
    old.sort_by_key(|set| revision(set));
    for set in old.into_iter().take(surplus) {
        let empty = object::count(set, "/spec/replicas") == 0
            && object::count(set, "/status/replicas") == 0
            && object::count(set, "/status/terminatingReplicas") == 0;
        if empty && !object::is_terminating(set) {
            outcome.delete(Kind::ReplicaSet, set);
        }
    }
}

fn revision(set: &Value) -> i64 {
    object::annotation(set, REVISION).parse().unwrap_or(0)
}

fn created(set: &Value) -> &str {
    object::text(set, "/metadata/creationTimestamp")
}

/// Returns the hash that names the `ReplicaSet` of the Deployment's present template.
fn template_hash(deployment: &Value) -> String {
    let collisions = object::count(deployment, "/status/collisionCount");
    object::hash(&json!([deployment.pointer("/spec/template"), collisions]))
}

/// Tells whether a `ReplicaSet` was made from the Deployment's present template.
fn has_template_of(set: &Value, deployment: &Value) -> bool {
    let mut template = set.pointer("/spec/template").cloned().unwrap_or_default();
    object::set(
        &mut template,
        &["metadata", "labels", TEMPLATE_HASH],
        Value::Null,
    );
    let wanted = deployment.pointer("/spec/template").unwrap_or(&Value::Null);
    // The hash leaves out nulls and the order of keys, as a comparison of Go structs does.
    object::label(set, TEMPLATE_HASH) == template_hash(deployment)
        || object::hash(&template) == object::hash(wanted)
}
