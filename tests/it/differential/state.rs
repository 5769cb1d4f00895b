//! What is compared after an action: everything, less what differs by nature (uids, times) and what
//! differs on purpose, which names its row in docs/compatibility.md.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What is there after an action, by kind and name.
pub(super) type State = BTreeMap<String, Value>;

/// The objects of a namespace, as the API gives them.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) namespace: String,
    pub(super) objects: Vec<Value>,
    pub(super) events: Vec<Value>,
}

impl Found {
    /// Returns what of it is compared.
    pub(super) fn state(&self) -> State {
        let neutral = |value: &Value| -> Value {
            serde_json::from_str(&neutral(&value.to_string(), &self.namespace)).unwrap()
        };
        let mut state = State::new();
        for object in &self.objects {
            let object = neutral(object);
            let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
            let name = format!("{} {}", kind.as_str().unwrap(), name.as_str().unwrap());
            if name != "ConfigMap kube-root-ca.crt" {
                state.insert(name, comparable(&object));
            }
        }
        let events: BTreeSet<String> = self
            .events
            .iter()
            .map(neutral)
            .filter(|event| event["involvedObject"]["kind"] == "Instance")
            .filter(|event| !is_ours_alone(event))
            .map(|event| {
                let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                let message = plain(&without_retry(&text("message")));
                format!("{} {} {message}", text("type"), text("reason"))
            })
            .collect();
        state.insert("events".to_owned(), json!(events));
        state
    }
}

/// Takes the namespace out of a text: each side plays in one of its own. `default` is also a word.
pub(super) fn neutral(text: &str, namespace: &str) -> String {
    if namespace == "default" {
        let text = text.replace("default/", "<namespace>/");
        return text.replace("namespace default", "namespace <namespace>");
    }
    text.replace(namespace, "<namespace>")
}

/// Rows: `PlanFinished` event of a failed plan, a refused change, fields that a kind does not have.
fn is_ours_alone(event: &Value) -> bool {
    let message = event["message"].as_str().unwrap_or_default();
    // KUDO does not store what names a version that is not there.
    matches!(
        event["reason"].as_str(),
        Some("ChangeDenied" | "InvalidOperatorVersion")
    ) || event["reason"] == "PlanFinished" && message.ends_with("FATAL_ERROR")
}

fn comparable(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut annotations = metadata["annotations"].clone();
    for name in [
        "kudo.dev/last-applied-configuration",
        "kudo.dev/last-plan-execution-uid",
        "deployment.kubernetes.io/revision",
    ] {
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.remove(name);
        }
    }
    let mut owners = metadata["ownerReferences"].clone();
    for owner in owners.as_array_mut().into_iter().flatten() {
        owner.as_object_mut().unwrap().remove("uid");
    }
    let (mut spec, mut status) = (object["spec"].clone(), Value::Null);
    match object["kind"].as_str().unwrap_or_default() {
        "Instance" => {
            spec["planExecution"] = spec["planExecution"]["planName"].clone();
            spec = without_nothing(spec);
            status = instance_status(object);
        }
        // Defaults of other Kubernetes versions are none of KUDO's.
        "Deployment" => {
            spec = json!({
                "replicas": spec["replicas"], "labels": spec["template"]["metadata"]["labels"],
                "annotations": spec["template"]["metadata"]["annotations"],
            });
        }
        _ => {}
    }
    let all = json!({
        "labels": metadata["labels"], "annotations": annotations, "owners": owners,
        "finalizers": metadata["finalizers"], "isDeleting": metadata["deletionTimestamp"].is_string(),
        "spec": spec, "data": object["data"], "status": status,
    });
    without_nothing(all)
}

/// Returns a value without keys whose value is nothing.
fn without_nothing(value: Value) -> Value {
    let Value::Object(map) = value else {
        return value;
    };
    let is_nothing = |value: &Value| {
        value.is_null()
            || *value == json!(false)
            || *value == json!({})
            || *value == json!([])
            || *value == json!("")
    };
    let kept = map.into_iter().filter(|(_, value)| !is_nothing(value));
    Value::Object(kept.collect())
}

/// Statuses and messages of plans, and `Ready`, less times and uids.
fn instance_status(object: &Value) -> Value {
    let mut plans = object["status"]["planStatus"].clone();
    for plan in plans
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
    {
        let plan = plan.as_object_mut().unwrap();
        plan.remove("uid");
        plan.remove("lastUpdatedTimestamp");
    }
    tidy(&mut plans);
    // Row: Ready after a failed plan.
    if !plans.to_string().contains("FATAL_ERROR") {
        let conditions = object["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        if let Some(ready) = conditions.find(|one| one["type"] == "Ready") {
            plans["Ready"] = json!([ready["status"], ready["reason"]]);
        }
    }
    plans
}

/// Takes away what only we write: times of steps (row: history), what a step waits for, and how often
/// it was tried again (row: transient errors).
fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| key != "started" && key != "finished");
            let waits = map
                .get("status")
                .is_some_and(|status| status == "IN_PROGRESS");
            if let Some(Value::String(message)) = map.get_mut("message") {
                *message = if waits {
                    String::new()
                } else {
                    plain(&without_retry(message))
                };
            }
            // Nothing may be written as an empty text or list, or not at all.
            map.retain(|_, value| *value != "" && *value != json!([]));
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Row: texts of failures. KUDO prints whole objects where we name them, and says twice what went wrong.
fn plain(message: &str) -> String {
    let mut text = message.replace("fatal error: parsing YAML", "parsing YAML");
    text = text.replace("error converting YAML to JSON: ", "");
    if let (Some(from), Some(to)) = (text.find("if object "), text.find(" is namespaced")) {
        text.replace_range(from + "if object".len()..to, "");
    }
    text
}

fn without_retry(message: &str) -> String {
    match message.rsplit_once(" (retry ") {
        Some((before, _)) => before.to_owned(),
        None => message.to_owned(),
    }
}

/// Returns what of a state is compared once a command was refused: KUDO leaves the operator and its
/// version then (row: a refused install or upgrade).
pub(super) fn compared(state: &State, was_refused: bool) -> State {
    let mut compared = state.clone();
    compared.retain(|key, _| !(was_refused && key.starts_with("Operator")));
    compared
}

/// Writes where two values differ, one line each.
pub(super) fn differing(
    path: &str,
    theirs: Option<&Value>,
    ours: Option<&Value>,
    lines: &mut Vec<String>,
) {
    if theirs == ours {
        return;
    }
    if let (Some(Value::Object(one)), Some(Value::Object(two))) = (theirs, ours) {
        let keys: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
        for key in keys {
            differing(&format!("{path}.{key}"), one.get(key), two.get(key), lines);
        }
        return;
    }
    if let (Some(Value::Array(one)), Some(Value::Array(two))) = (theirs, ours)
        && path != "events"
        && one.len() == two.len()
    {
        for (index, (one, two)) in one.iter().zip(two).enumerate() {
            differing(&format!("{path}[{index}]"), Some(one), Some(two), lines);
        }
        return;
    }
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    lines.push(format!(
        "  {path}\n    KUDO: {}\n    ours: {}",
        shown(theirs),
        shown(ours)
    ));
}
