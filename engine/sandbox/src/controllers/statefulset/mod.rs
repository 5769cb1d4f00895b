//! `StatefulSet`: numbered pods with their own volumes, one after the other
//! (`k8s.io/api/apps/v1.StatefulSet`).
//!
//! With `OrderedReady` the lowest number goes first and each pod waits until all before it are
//! available; scaling down and rolling updates go from the highest number. [`claims`] holds the
//! volumes, [`status`] the counts.

mod claims;
mod status;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome};
use super::pod::{self, Availability};
use super::revision::{self, REVISION_HASH};

/// A `StatefulSet`, its pods by number and its two revisions.
#[derive(Debug)]
struct Members<'a> {
    set: &'a Value,
    objects: &'a Objects,
    now: Timestamp,
    /// The numbers that are to exist, with their pods.
    replicas: Vec<(i64, Option<&'a Value>)>,
    /// Pods with other numbers, highest first.
    condemned: Vec<&'a Value>,
    /// The revision before the rollout.
    current: &'a Value,
    /// The revision of the present template.
    update: &'a Value,
}

impl<'a> Members<'a> {
    fn of(
        set: &'a Value,
        objects: &'a Objects,
        now: Timestamp,
        (current, update): (&'a Value, &'a Value),
    ) -> Self {
        let first = object::count(set, "/spec/ordinals/start").max(0);
        let count = object::int(set, "/spec/replicas")
            .unwrap_or(1)
            .clamp(0, MAX_REPLICAS);
        let mut replicas: Vec<_> = (first..first + count)
            .map(|ordinal| (ordinal, None))
            .collect();
        let mut condemned = Vec::new();
        for pod in objects.controlled(Kind::Pod, set) {
            let Some(ordinal) = ordinal(set, pod) else {
                continue;
            };
            match usize::try_from(ordinal - first)
                .ok()
                .and_then(|index| replicas.get_mut(index))
            {
                Some(replica) => replica.1 = Some(pod),
                None => condemned.push(pod),
            }
        }
        condemned.sort_by_key(|pod| -ordinal(set, pod).unwrap_or_default());
        Self {
            set,
            objects,
            now,
            replicas,
            condemned,
            current,
            update,
        }
    }

    fn is_parallel(&self) -> bool {
        object::text(self.set, "/spec/podManagementPolicy") == "Parallel"
    }

    fn has_on_delete(&self) -> bool {
        object::text(self.set, "/spec/updateStrategy/type") == "OnDelete"
    }

    fn pods(&self) -> impl Iterator<Item = &'a Value> {
        self.replicas
            .iter()
            .filter_map(|(_, pod)| *pod)
            .chain(self.condemned.iter().copied())
    }

    fn availability(&self, pod: &Value) -> Availability {
        if !is_running_and_ready(pod) {
            return Availability::Never;
        }
        pod::is_available(
            pod,
            object::count(self.set, "/spec/minReadySeconds"),
            self.now,
        )
    }

    fn is_healthy(&self, pod: &Value) -> bool {
        !object::is_terminating(pod) && self.availability(pod) == Availability::Now
    }

    /// The first pod, by number, that is not healthy.
    fn first_unhealthy(&self) -> Option<&'a Value> {
        let condemned = self.condemned.iter().rev().copied();
        let replicas = self.replicas.iter().filter_map(|(_, pod)| *pod);
        replicas.chain(condemned).find(|pod| !self.is_healthy(pod))
    }
}

/// More pods than this are not pretended for one set.
const MAX_REPLICAS: i64 = 100_000;
/// At most so many pods are made in one look.
const BURST: usize = 500;

/// Looks at one `StatefulSet`.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(set) = objects.get(Kind::StatefulSet, key) else {
        return outcome;
    };
    if object::is_terminating(set) {
        return outcome;
    }
    adopt(set, objects, &mut outcome);
    let history = revision::history(set, objects);
    let Some(update) = revision::present(set, Kind::StatefulSet, &history, &mut outcome) else {
        return outcome;
    };
    let current = object::text(set, "/status/currentRevision");
    let current = history
        .iter()
        .find(|revision| object::name(revision) == current);
    let current = current.copied().unwrap_or(update);
    let members = Members::of(set, objects, now, (current, update));
    claims::keep_owners(&members, &mut outcome);
    if settle_replicas(&members, &mut outcome) && settle_condemned(&members, &mut outcome) {
        roll(&members, &mut outcome);
    }
    let status = status::of(&members, &mut outcome);
    let mut in_use: Vec<&str> = members
        .pods()
        .map(|pod| object::label(pod, REVISION_HASH))
        .collect();
    in_use.extend([object::name(current), object::name(update)]);
    revision::tidy(set, &history, &in_use, &mut outcome);
    outcome.status(Kind::StatefulSet, set, status);
    outcome
}

/// Takes over pods and revisions that nobody owns, as after a deletion with `--cascade=orphan`.
fn adopt(set: &Value, objects: &Objects, outcome: &mut Outcome) {
    for orphan in objects.orphans(Kind::Pod, set) {
        if ordinal(set, orphan).is_some() {
            outcome.update(Kind::Pod, object::adopted(orphan, set, Kind::StatefulSet));
        }
    }
    let prefix = format!("{}-", object::name(set));
    for orphan in objects.orphans(Kind::ControllerRevision, set) {
        if object::name(orphan).starts_with(&prefix) {
            outcome.update(
                Kind::ControllerRevision,
                object::adopted(orphan, set, Kind::StatefulSet),
            );
        }
    }
}

/// Makes missing pods; false when a pod has to be waited for first.
fn settle_replicas(members: &Members<'_>, outcome: &mut Outcome) -> bool {
    let mut made = 0;
    for (ordinal, pod) in &members.replicas {
        let ordered = !members.is_parallel();
        let Some(pod) = pod else {
            if !create(members, *ordinal, outcome) || ordered {
                return false;
            }
            made += 1;
            if made >= BURST {
                return false;
            }
            continue;
        };
        if pod::is_finished(pod) && !object::is_terminating(pod) {
            outcome.delete(Kind::Pod, pod);
            let (set, name) = (members.set, object::name(pod));
            let place = format!("{}/{}", object::namespace(set), object::name(set));
            let message = format!("StatefulSet {place} is recreating failed Pod {name}");
            outcome.event(Notice::warning(
                Kind::StatefulSet,
                set,
                "RecreatingFailedPod",
                message,
            ));
            if ordered {
                return false;
            }
            continue;
        }
        if pod::phase(pod) == "Pending" {
            claims::create_missing(members, *ordinal, outcome);
        }
        if object::is_terminating(pod) && ordered {
            return false;
        }
        match members.availability(pod) {
            Availability::Never if ordered => return false,
            Availability::Now | Availability::Never => {}
            Availability::At(moment) => {
                outcome.wake_at(moment);
                if ordered {
                    return false;
                }
            }
        }
    }
    true
}

/// Deletes pods beyond the wanted number; false when one has to be waited for first.
fn settle_condemned(members: &Members<'_>, outcome: &mut Outcome) -> bool {
    let ordered = !members.is_parallel();
    let unhealthy = members.first_unhealthy();
    for pod in &members.condemned {
        if object::is_terminating(pod) {
            if ordered {
                return false;
            }
            continue;
        }
        let is_first_unhealthy =
            unhealthy.is_some_and(|unhealthy| object::uid(unhealthy) == object::uid(pod));
        if ordered && !members.is_healthy(pod) && !is_first_unhealthy {
            return false;
        }
        delete(members, pod, outcome);
        if ordered {
            return false;
        }
    }
    true
}

/// Replaces pods of another revision, from the highest number, each when those above are well.
fn roll(members: &Members<'_>, outcome: &mut Outcome) {
    if members.has_on_delete() {
        return;
    }
    let strategy = members.set.pointer("/spec/updateStrategy/rollingUpdate");
    let partition = strategy.map_or(0, |strategy| object::count(strategy, "/partition"));
    let total = i64::try_from(members.replicas.len()).unwrap_or(i64::MAX);
    let maximum = object::scaled(
        strategy.and_then(|strategy| strategy.get("maxUnavailable")),
        total,
        true,
    );
    let maximum = maximum.unwrap_or(1).max(1);
    let start = object::count(members.set, "/spec/ordinals/start").max(0);
    let mut unavailable = 0;
    for (ordinal, pod) in members.replicas.iter().rev() {
        if ordinal - start < partition || unavailable >= maximum {
            return;
        }
        let Some(pod) = pod else {
            unavailable += 1;
            continue;
        };
        let is_updated = object::label(pod, REVISION_HASH) == object::name(members.update);
        if !is_updated && !object::is_terminating(pod) {
            delete(members, pod, outcome);
            unavailable += 1;
        } else if !members.is_healthy(pod) {
            if let Availability::At(moment) = members.availability(pod) {
                outcome.wake_at(moment);
            }
            unavailable += 1;
        }
    }
}

fn delete(members: &Members<'_>, pod: &Value, outcome: &mut Outcome) {
    outcome.delete(Kind::Pod, pod);
    let (set, name) = (object::name(members.set), object::name(pod));
    let message = format!("Delete Pod {name} in StatefulSet {set} successful");
    outcome.event(Notice::normal(
        Kind::StatefulSet,
        members.set,
        "SuccessfulDelete",
        message,
    ));
}

/// Makes a pod and the claims it is missing; false when a claim is still being deleted.
fn create(members: &Members<'_>, ordinal: i64, outcome: &mut Outcome) -> bool {
    if !claims::create_missing(members, ordinal, outcome) {
        return false;
    }
    let set = members.set;
    let set_name = object::name(set);
    let name = pod_name(set, ordinal);
    let revision = revision_of_new(members, ordinal);
    let mut pod = pod::from_template(&revision::template(revision), set, Kind::StatefulSet);
    pod::name(&mut pod, &name);
    pod::label(&mut pod, "statefulset.kubernetes.io/pod-name", name.clone());
    pod::label(
        &mut pod,
        "apps.kubernetes.io/pod-index",
        ordinal.to_string(),
    );
    pod::label(&mut pod, REVISION_HASH, object::name(revision));
    object::set(&mut pod, &["spec", "hostname"], json!(name));
    let service = object::text(set, "/spec/serviceName");
    if !service.is_empty() {
        object::set(&mut pod, &["spec", "subdomain"], json!(service));
    }
    claims::mount(set, ordinal, &mut pod);
    let message = format!("Create Pod {name} in StatefulSet {set_name} successful");
    let notice = Notice::normal(Kind::StatefulSet, set, "SuccessfulCreate", message);
    outcome.create_and_tell(Kind::Pod, pod, notice);
    true
}

/// Below the partition a pod comes back as it was.
fn revision_of_new<'a>(members: &Members<'a>, ordinal: i64) -> &'a Value {
    if members.has_on_delete() {
        return members.update;
    }
    let start = object::count(members.set, "/spec/ordinals/start").max(0);
    let kept = match members.set.pointer("/spec/updateStrategy/rollingUpdate") {
        Some(strategy) => object::count(strategy, "/partition"),
        None => object::count(members.set, "/status/currentReplicas"),
    };
    if ordinal < start + kept {
        members.current
    } else {
        members.update
    }
}

fn pod_name(set: &Value, ordinal: i64) -> String {
    format!("{}-{ordinal}", object::name(set))
}

/// Returns the number in a pod's name, if it is a name that the set would give.
fn ordinal(set: &Value, pod: &Value) -> Option<i64> {
    let number = object::name(pod)
        .strip_prefix(object::name(set))?
        .strip_prefix('-')?;
    let ordinal = number.parse::<i64>().ok().filter(|ordinal| *ordinal >= 0)?;
    (ordinal.to_string() == number).then_some(ordinal)
}

fn is_running_and_ready(pod: &Value) -> bool {
    pod::phase(pod) == "Running" && pod::is_ready(pod)
}
