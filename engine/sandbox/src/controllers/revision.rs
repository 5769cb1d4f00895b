//! `ControllerRevision`s: the templates that a `StatefulSet` or `DaemonSet` has had
//! (`k8s.io/api/apps/v1.ControllerRevision`).

use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::Objects;
use super::outcome::Outcome;

/// The label (and, for pods, the mark) of a revision.
pub(super) const REVISION_HASH: &str = "controller-revision-hash";

/// Returns the `ControllerRevision`s of a workload, oldest first.
pub(super) fn history<'a>(owner: &'a Value, objects: &'a Objects) -> Vec<&'a Value> {
    let mut history = objects.controlled(Kind::ControllerRevision, owner);
    history.sort_by_key(|revision| (number(revision), object::name(revision)));
    history
}

/// Finds the revision of the present template, makes it or counts it up.
///
/// `None` means that it had to be written first: look again when it is there.
pub(super) fn present<'a>(
    owner: &Value,
    kind: Kind,
    history: &[&'a Value],
    outcome: &mut Outcome,
) -> Option<&'a Value> {
    let data = data(owner);
    let newest = history.last().map_or(0, |revision| number(revision));
    let wanted = object::hash(&data);
    let same = history.iter().rev().find(|revision| {
        revision
            .get("data")
            .is_some_and(|data| object::hash(data) == wanted)
    });
    let Some(revision) = same else {
        outcome.create(
            Kind::ControllerRevision,
            made(owner, kind, &data, newest + 1),
        );
        return None;
    };
    if number(revision) < newest {
        // An old template came back: its revision becomes the newest.
        let mut revision = (*revision).clone();
        object::set(&mut revision, &["revision"], json!(newest + 1));
        outcome.update(Kind::ControllerRevision, revision);
        return None;
    }
    Some(revision)
}

/// Returns the template that a revision holds.
pub(super) fn template(revision: &Value) -> Value {
    let mut template = revision
        .pointer("/data/spec/template")
        .cloned()
        .unwrap_or_default();
    object::set(&mut template, &["$patch"], Value::Null);
    template
}

/// Returns the hash that pods of a `DaemonSet` carry.
pub(super) fn hash_label(revision: &Value) -> &str {
    object::label(revision, REVISION_HASH)
}

/// Deletes the oldest revisions beyond `revisionHistoryLimit` that are not `in_use`.
pub(super) fn tidy(owner: &Value, history: &[&Value], in_use: &[&str], outcome: &mut Outcome) {
    let limit = object::int(owner, "/spec/revisionHistoryLimit").unwrap_or(10);
    let unused: Vec<&&Value> = history
        .iter()
        .filter(|revision| {
            !in_use.contains(&object::name(revision)) && !in_use.contains(&hash_label(revision))
        })
        .collect();
    let surplus = unused
        .len()
        .saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
    for revision in unused.into_iter().take(surplus) {
        if !object::is_terminating(revision) {
            outcome.delete(Kind::ControllerRevision, revision);
        }
    }
}

fn number(revision: &Value) -> i64 {
    object::count(revision, "/revision")
}

/// What a revision stores: a strategic merge patch that replaces the template.
fn data(owner: &Value) -> Value {
    let mut template = owner
        .pointer("/spec/template")
        .cloned()
        .unwrap_or_else(|| json!({}));
    object::set(&mut template, &["$patch"], json!("replace"));
    json!({"spec": {"template": template}})
}

fn made(owner: &Value, kind: Kind, data: &Value, number: i64) -> Value {
    let collisions = object::count(owner, "/status/collisionCount");
    let hash = object::hash(&json!([data, collisions]));
    let mut labels = owner
        .pointer("/spec/template/metadata/labels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let mut metadata = json!({
        "name": format!("{}-{hash}", object::name(owner)),
        "namespace": object::namespace(owner),
        "ownerReferences": [object::controller_reference(owner, kind)],
    });
    // The two controllers never agreed on the name of this label.
    if kind == Kind::DaemonSet {
        object::set(&mut labels, &[REVISION_HASH], json!(hash));
        let generation = object::generation(owner).to_string();
        let key = "deprecated.daemonset.template.generation";
        object::set(&mut metadata, &["annotations", key], json!(generation));
    } else {
        object::set(&mut labels, &["controller.kubernetes.io/hash"], json!(hash));
    }
    object::set(&mut metadata, &["labels"], labels);
    json!({"metadata": metadata, "data": data, "revision": number})
}
