//! The counts of a `StatefulSet` (`StatefulSetStatus`).

use serde_json::{Value, json};

use super::super::object;
use super::super::outcome::Outcome;
use super::super::pod::Availability;
use super::super::revision::REVISION_HASH;
use super::{Members, is_running_and_ready};

/// Returns the status; wakes when a pod becomes available by time alone.
pub(super) fn of(members: &Members<'_>, outcome: &mut Outcome) -> Value {
    let (mut replicas, mut ready, mut available) = (0, 0, 0);
    let (mut current, mut updated) = (0, 0);
    for pod in members.pods() {
        replicas += 1;
        ready += i64::from(is_running_and_ready(pod));
        match members.availability(pod) {
            Availability::Now => available += 1,
            Availability::At(moment) => outcome.wake_at(moment),
            Availability::Never => {}
        }
        if object::is_terminating(pod) {
            continue;
        }
        let revision = object::label(pod, REVISION_HASH);
        current += i64::from(revision == object::name(members.current));
        updated += i64::from(revision == object::name(members.update));
    }
    let wanted = i64::try_from(members.replicas.len()).unwrap_or(i64::MAX);
    let done = !members.has_on_delete() && [replicas, ready, updated] == [wanted; 3];
    let mut current_revision = object::name(members.current);
    if done {
        current_revision = object::name(members.update);
        current = updated;
    }
    let mut status = json!({
        "observedGeneration": object::generation(members.set),
        "replicas": replicas,
        "availableReplicas": available,
        "currentRevision": current_revision,
        "updateRevision": object::name(members.update),
        "collisionCount": object::count(members.set, "/status/collisionCount"),
    });
    for (field, count) in [
        ("readyReplicas", ready),
        ("currentReplicas", current),
        ("updatedReplicas", updated),
    ] {
        if count > 0 {
            object::set(&mut status, &[field], json!(count));
        }
    }
    status
}
