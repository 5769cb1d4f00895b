//! The scheduler: a node for every pod, or an event that says why there is none.
//!
//! [`fit`] has the rules of single nodes. Among the nodes that fit, the one with the fewest pods
//! of the same controller wins, then the one with the fewest pods, then the first by name.

pub(super) mod fit;
mod quantity;
mod volumes;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome, Write};
use super::pod;
use crate::clock::seconds;
use volumes::Claims;

pub(super) use quantity::milli;

/// Looks at one pod that may need a node.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(pod) = objects.get(Kind::Pod, key) else {
        return outcome;
    };
    let has_node = !object::text(pod, "/spec/nodeName").is_empty();
    if has_node || object::is_terminating(pod) || pod::is_finished(pod) {
        return outcome;
    }
    if !object::list(pod, "/spec/schedulingGates").is_empty() {
        let message = "Scheduling is blocked due to non-empty scheduling gates";
        unscheduled(pod, "SchedulingGated", message, now, &mut outcome);
        return outcome;
    }
    match place(pod, objects, &mut outcome) {
        Ok(Some(node)) => {
            let place = format!("{}/{}", object::namespace(pod), object::name(pod));
            let message = format!("Successfully assigned {place} to {node}");
            outcome.writes.push(Write::Bind {
                pod: pod.clone(),
                node,
            });
            let notice = Notice::normal(Kind::Pod, pod, "Scheduled", message);
            outcome.event(notice.from("default-scheduler"));
        }
        Ok(None) => {}
        Err(message) => {
            unscheduled(pod, "Unschedulable", &message, now, &mut outcome);
            let notice = Notice::warning(Kind::Pod, pod, "FailedScheduling", message);
            outcome.event(notice.from("default-scheduler").once());
        }
    }
    outcome
}

/// Chooses a node; nothing while the volumes for the chosen node are still being bound.
fn place(pod: &Value, objects: &Objects, outcome: &mut Outcome) -> Result<Option<String>, String> {
    let nodes: Vec<&Value> = objects.all(Kind::Node).collect();
    let waiting = match volumes::claims(pod, objects) {
        Claims::Missing(why) => {
            return Err(format!(
                "0/{} nodes are available: {why} not found",
                nodes.len()
            ));
        }
        Claims::Bound => Vec::new(),
        Claims::Waiting(claims) => claims,
    };
    let placed = fit::Placed::of(objects);
    let selected = volumes::selected_node(&waiting, objects);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut helpless = 0;
    let mut best: Option<((bool, usize, usize), &str)> = None;
    for node in &nodes {
        if let Some(refusal) = fit::refusal(pod, node, &placed) {
            helpless += usize::from(refusal.is_final);
            *reasons.entry(refusal.reason).or_default() += 1;
            continue;
        }
        let name = object::name(node);
        // Volumes may be there already: their node goes before all others.
        let is_elsewhere = selected.is_some_and(|selected| selected != name);
        let (siblings, all) = crowd(pod, placed.on(name));
        let rank = (is_elsewhere, siblings, all);
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, name));
        }
    }
    let Some((_, name)) = best else {
        return Err(refusal_message(&nodes, &reasons, helpless));
    };
    if waiting.is_empty() {
        return Ok(Some(name.to_owned()));
    }
    volumes::select(&waiting, name, outcome);
    Ok(None)
}

/// Counts the pods of the same controller, and all pods, of a node.
fn crowd(pod: &Value, others: &[&Value]) -> (usize, usize) {
    let owner = object::controller(pod).map_or("", |owner| object::text(owner, "/uid"));
    let siblings = others
        .iter()
        .filter(|other| object::is_controlled_by(other, owner));
    let siblings = if owner.is_empty() {
        0
    } else {
        siblings.count()
    };
    (siblings, others.len())
}

/// Says what kube-scheduler 1.36 says when no node fits.
fn refusal_message(nodes: &[&Value], reasons: &BTreeMap<String, usize>, helpless: usize) -> String {
    let total = nodes.len();
    if total == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    let mut listed: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    listed.sort();
    let mut preemption = Vec::new();
    let hopeful = reasons.values().sum::<usize>().saturating_sub(helpless);
    if hopeful > 0 {
        preemption.push(format!(
            "{hopeful} No preemption victims found for incoming pod"
        ));
    }
    if helpless > 0 {
        preemption.push(format!(
            "{helpless} Preemption is not helpful for scheduling"
        ));
    }
    let (listed, preemption) = (listed.join(", "), preemption.join(", "));
    format!(
        "0/{total} nodes are available: {listed}. no new claims to deallocate, preemption: \
         0/{total} nodes are available: {preemption}."
    )
}

/// Writes the condition `PodScheduled=False`.
fn unscheduled(pod: &Value, reason: &str, message: &str, now: Timestamp, outcome: &mut Outcome) {
    let present = pod::condition(pod, "PodScheduled");
    let since = present
        .filter(|present| object::text(present, "/status") == "False")
        .map_or_else(
            || seconds(now),
            |present| object::text(present, "/lastTransitionTime").to_owned(),
        );
    let mut conditions: Vec<Value> = object::list(pod, "/status/conditions")
        .iter()
        .filter(|condition| object::text(condition, "/type") != "PodScheduled")
        .cloned()
        .collect();
    conditions.push(json!({
        "type": "PodScheduled",
        "observedGeneration": object::generation(pod),
        "status": "False",
        "lastProbeTime": null,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }));
    let mut status = pod.get("status").cloned().unwrap_or_else(|| json!({}));
    object::set(&mut status, &["phase"], json!("Pending"));
    object::set(&mut status, &["conditions"], Value::Array(conditions));
    outcome.status(Kind::Pod, pod, status);
}
