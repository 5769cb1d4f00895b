//! What a pod's claims let the scheduler do.

use serde_json::{Value, json};

use super::super::kind::Kind;
use super::super::object;
use super::super::objects::Objects;
use super::super::outcome::Outcome;
use super::super::volume::{self, SELECTED_NODE};

/// The state of all claims of a pod.
pub(super) enum Claims<'a> {
    /// All are bound.
    Bound,
    /// These wait for the scheduler to choose a node.
    Waiting(Vec<&'a Value>),
    /// One cannot be had; the text says which.
    Missing(String),
}

/// Looks at the claims that a pod's volumes name.
pub(super) fn claims<'a>(pod: &Value, objects: &'a Objects) -> Claims<'a> {
    let namespace = object::namespace(pod);
    let mut waiting = Vec::new();
    for name in volume::claim_names(pod) {
        let Some(claim) = objects.named(Kind::PersistentVolumeClaim, namespace, &name) else {
            return Claims::Missing(format!("persistentvolumeclaim \"{name}\" not found."));
        };
        if object::is_terminating(claim) {
            return Claims::Missing(format!(
                "persistentvolumeclaim \"{name}\" is being deleted."
            ));
        }
        if object::text(claim, "/status/phase") == "Bound" {
            continue;
        }
        if !volume::waits_for_consumer(claim, objects) {
            let why = "pod has unbound immediate PersistentVolumeClaims.";
            return Claims::Missing(why.to_owned());
        }
        waiting.push(claim);
    }
    if waiting.is_empty() {
        Claims::Bound
    } else {
        Claims::Waiting(waiting)
    }
}

/// Returns the node that was chosen for a claim before.
pub(super) fn selected_node<'a>(waiting: &[&'a Value], objects: &Objects) -> Option<&'a str> {
    waiting
        .iter()
        .map(|claim| object::annotation(claim, SELECTED_NODE))
        .find(|node| objects.named(Kind::Node, "", node).is_some())
}

/// Tells the claims which node the pod will run on.
pub(super) fn select(waiting: &[&Value], node: &str, outcome: &mut Outcome) {
    for claim in waiting {
        if object::annotation(claim, SELECTED_NODE) == node {
            continue;
        }
        let mut claim = (*claim).clone();
        object::set(
            &mut claim,
            &["metadata", "annotations", SELECTED_NODE],
            json!(node),
        );
        outcome.update(Kind::PersistentVolumeClaim, claim);
    }
}
