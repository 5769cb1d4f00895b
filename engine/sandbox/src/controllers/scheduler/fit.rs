//! Whether a node fits a pod: labels, taints, resources and (anti-)affinity of pods.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::kind::Kind;
use super::super::object;
use super::super::objects::Objects;
use super::super::pod;
use super::milli;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Why a node does not fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In kube-scheduler's words.
    pub(super) reason: String,
    /// True when evicting other pods would not help.
    pub(super) is_final: bool,
}

impl Refusal {
    fn lasting(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_final: true,
        }
    }

    fn passing(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_final: false,
        }
    }
}

/// The pods that have nodes and have not ended: seen once for each pod that wants a node.
pub(super) struct Placed<'a> {
    objects: &'a Objects,
    by_node: BTreeMap<&'a str, Vec<&'a Value>>,
    /// Those that keep others away.
    guarded: Vec<&'a Value>,
}

impl<'a> Placed<'a> {
    pub(super) fn of(objects: &'a Objects) -> Self {
        let mut by_node: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        let mut guarded = Vec::new();
        for pod in objects.all(Kind::Pod) {
            let node = object::text(pod, "/spec/nodeName");
            if node.is_empty() || pod::is_finished(pod) {
                continue;
            }
            by_node.entry(node).or_default().push(pod);
            if !terms(pod, "podAntiAffinity").is_empty() {
                guarded.push(pod);
            }
        }
        Self {
            objects,
            by_node,
            guarded,
        }
    }

    /// The pods of a node.
    pub(super) fn on(&self, node: &str) -> &[&'a Value] {
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }

    fn all(&self) -> impl Iterator<Item = &'a Value> {
        self.by_node.values().flatten().copied()
    }

    /// Tells whether a pod's node and `node` are the same by a label of nodes.
    fn is_near(&self, pod: &Value, node: &Value, key: &str) -> bool {
        let name = object::text(pod, "/spec/nodeName");
        let there = self.objects.named(Kind::Node, "", name);
        let domain = object::label(node, key);
        !domain.is_empty() && there.is_some_and(|there| object::label(there, key) == domain)
    }
}

/// Returns why a node does not fit a pod, if so.
pub(super) fn refusal(pod: &Value, node: &Value, placed: &Placed<'_>) -> Option<Refusal> {
    if object::flag(node, "/spec/unschedulable") && !tolerates_taint(pod, &unschedulable_taint()) {
        return Some(Refusal::lasting("node(s) were unschedulable"));
    }
    if !selects_node(pod, node) {
        return Some(Refusal::lasting(
            "node(s) didn't match Pod's node affinity/selector",
        ));
    }
    if let Some(taint) = intolerable_taint(pod, node) {
        let (key, value) = (object::text(taint, "/key"), object::text(taint, "/value"));
        return Some(Refusal::lasting(format!(
            "node(s) had untolerated taint(s) {{{key}: {value}}}"
        )));
    }
    insufficient(pod, node, placed).or_else(|| affinity(pod, node, placed))
}

fn unschedulable_taint() -> Value {
    serde_json::json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
}

/// Tells whether node selector and required node affinity of a pod choose a node.
pub(in crate::controllers) fn selects_node(pod: &Value, node: &Value) -> bool {
    let wanted = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let labels = wanted.into_iter().flatten();
    if labels
        .into_iter()
        .any(|(key, value)| object::label(node, key) != value)
    {
        return false;
    }
    let affinity = pod
        .pointer("/spec/affinity/nodeAffinity")
        .and_then(|all| all.get(REQUIRED));
    let Some(affinity) = affinity else {
        return true;
    };
    object::list(affinity, "/nodeSelectorTerms")
        .iter()
        .any(|term| term_holds(term, node))
}

/// Tells whether all requirements of a term hold; a term without any holds for no node.
fn term_holds(term: &Value, node: &Value) -> bool {
    let expressions = object::list(term, "/matchExpressions");
    let fields = object::list(term, "/matchFields");
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let labels = node.pointer("/metadata/labels");
    let label = |key: &str| {
        labels
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
    };
    expressions
        .iter()
        .all(|one| object::expression_holds(one, label(object::text(one, "/key"))))
        && fields
            .iter()
            .all(|one| object::expression_holds(one, Some(object::name(node))))
}

/// Tells whether a pod tolerates all taints of a node that keep pods away.
pub(in crate::controllers) fn tolerates(pod: &Value, node: &Value) -> bool {
    intolerable_taint(pod, node).is_none()
}

fn intolerable_taint<'a>(pod: &Value, node: &'a Value) -> Option<&'a Value> {
    object::list(node, "/spec/taints").iter().find(|taint| {
        matches!(object::text(taint, "/effect"), "NoSchedule" | "NoExecute")
            && !tolerates_taint(pod, taint)
    })
}

fn tolerates_taint(pod: &Value, taint: &Value) -> bool {
    object::list(pod, "/spec/tolerations")
        .iter()
        .any(|toleration| {
            let field = |name: &str| object::text(toleration, name);
            let key = field("/key").is_empty() || field("/key") == object::text(taint, "/key");
            let effect =
                field("/effect").is_empty() || field("/effect") == object::text(taint, "/effect");
            let value = match field("/operator") {
                "Exists" => true,
                _ => field("/value") == object::text(taint, "/value"),
            };
            key && effect && value
        })
}

/// Compares what the pod requests with what the node has and other pods leave.
fn insufficient(pod: &Value, node: &Value, placed: &Placed<'_>) -> Option<Refusal> {
    let others = placed.on(object::name(node));
    let allocatable = |resource: &str| {
        let all = node.pointer("/status/allocatable")?;
        all.get(resource).and_then(milli)
    };
    if allocatable("pods").is_some_and(|most| others.len() as i128 >= most / 1000) {
        return Some(Refusal::passing("Too many pods"));
    }
    for resource in ["cpu", "memory", "ephemeral-storage"] {
        let wanted = requested(pod, resource);
        let Some(total) = allocatable(resource).filter(|_| wanted > 0) else {
            continue;
        };
        let used: i128 = others.iter().map(|other| requested(other, resource)).sum();
        let reason = format!("Insufficient {resource}");
        if wanted > total {
            return Some(Refusal::lasting(reason));
        }
        if wanted.saturating_add(used) > total {
            return Some(Refusal::passing(reason));
        }
    }
    None
}

/// Returns what a pod requests: the sum of its containers, or its largest init container.
fn requested(pod: &Value, resource: &str) -> i128 {
    let of = |container: &Value| {
        let resources = container.pointer("/resources/requests");
        resources
            .and_then(|all| all.get(resource))
            .and_then(milli)
            .unwrap_or(0)
    };
    let sum = object::list(pod, "/spec/containers")
        .iter()
        .map(of)
        .fold(0, i128::saturating_add);
    let largest = object::list(pod, "/spec/initContainers")
        .iter()
        .map(of)
        .max()
        .unwrap_or(0);
    sum.max(largest)
}

/// Checks required affinity and anti-affinity to other pods, both ways.
fn affinity(pod: &Value, node: &Value, placed: &Placed<'_>) -> Option<Refusal> {
    let objects = placed.objects;
    for term in terms(pod, "podAntiAffinity") {
        let key = object::text(term, "/topologyKey");
        let hit =
            |other: &Value| chooses(term, pod, other, objects) && placed.is_near(other, node, key);
        if placed.all().any(hit) {
            return Some(Refusal::passing(
                "node(s) didn't match pod anti-affinity rules",
            ));
        }
    }
    for other in &placed.guarded {
        let hit = |term: &Value| {
            chooses(term, other, pod, objects)
                && placed.is_near(other, node, object::text(term, "/topologyKey"))
        };
        if terms(other, "podAntiAffinity").iter().any(hit) {
            return Some(Refusal::passing(
                "node(s) didn't satisfy existing pods anti-affinity rules",
            ));
        }
    }
    for term in terms(pod, "podAffinity") {
        let key = object::text(term, "/topologyKey");
        let mut matching = placed
            .all()
            .filter(|other| chooses(term, pod, other, objects));
        let mut is_alone = true;
        let is_met = matching.any(|other| {
            is_alone = false;
            placed.is_near(other, node, key)
        });
        // The first pod of a group may go anywhere if it is of the group itself.
        let is_first = is_alone && chooses(term, pod, pod, objects);
        if !(is_met || is_first) {
            return Some(Refusal::lasting("node(s) didn't match pod affinity rules"));
        }
    }
    None
}

fn terms<'a>(pod: &'a Value, kind: &str) -> &'a [Value] {
    let affinity = pod.pointer("/spec/affinity").and_then(|all| all.get(kind));
    affinity.map_or(&[], |affinity| {
        object::list(affinity, &format!("/{REQUIRED}"))
    })
}

/// Tells whether a term of `pod` means `other`: namespace and labels.
fn chooses(term: &Value, pod: &Value, other: &Value, objects: &Objects) -> bool {
    let namespace = object::namespace(other);
    let listed = object::list(term, "/namespaces");
    let selector = term.get("namespaceSelector");
    let in_namespace = if listed.is_empty() && selector.is_none() {
        namespace == object::namespace(pod)
    } else {
        let labels = objects
            .named(Kind::Namespace, "", namespace)
            .and_then(|namespace| namespace.pointer("/metadata/labels"));
        listed.iter().any(|one| one == namespace) || object::selects(selector, labels)
    };
    in_namespace && object::selects(term.get("labelSelector"), other.pointer("/metadata/labels"))
}
