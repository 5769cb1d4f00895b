//! Plays recorded requests of a real API server against our own algorithms.
//!
//! tests/record.py writes tests/data; a step starts from the answer to the step before.

use std::path::Path;

use kudo_schema::{
    ApplyError, CrdSchema, Discovery, Reset, Schema, Schemas, Writer, decode_problem, default_crd,
    defaults, invalid_message, json_merge_patch, managed_fields_after_update, normalize, prune,
    server_side_apply, strategic_merge_patch, unknown_fields, validate_crd,
};
use serde_json::{Value, json};

fn data(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).expect("recorded by record.py"))
        .expect("recorded by record.py")
}

/// The kind a scenario is about.
struct Kind {
    crd: Option<CrdSchema>,
    has_status: bool,
    group: String,
    version: String,
    name: String,
}

impl Kind {
    fn of(steps: &Value) -> Self {
        let first = &steps[0]["body"];
        let api_version = first["apiVersion"].as_str().expect("recorded by record.py");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = first["kind"]
            .as_str()
            .expect("recorded by record.py")
            .to_owned();
        let crd = (group == "demo.kudo.dev").then(|| {
            let crds = data("crds.json");
            let mut crds = crds.as_array().expect("recorded by record.py").iter();
            let crd = crds
                .find(|crd| crd["spec"]["names"]["kind"] == json!(kind))
                .expect("recorded by record.py");
            CrdSchema::new(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
        });
        let has_status = kind != "Gadget";
        Self {
            crd,
            has_status,
            group: group.to_owned(),
            version: version.to_owned(),
            name: kind,
        }
    }

    fn schema(&self) -> Schema<'_> {
        match &self.crd {
            Some(crd) => crd.schema(),
            None => Schemas::built_in()
                .kind(&self.group, &self.version, &self.name)
                .expect("recorded by record.py"),
        }
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() {
            return self.version.clone();
        }
        format!("{}/{}", self.group, self.version)
    }

    fn reset(&self, subresource: &str) -> Reset {
        if self.crd.is_some() {
            return Reset::custom(subresource, self.has_status);
        }
        let resource = Discovery::built_in()
            .kind(&self.group, &self.version, &self.name)
            .expect("recorded by record.py");
        let has_status = resource.has_subresource("status");
        Reset::built_in(&self.group, &self.name, subresource, has_status)
    }

    /// What the API server does to an object between patch and strategy.
    fn decoded(&self, mut object: Value) -> Value {
        let schema = self.schema();
        prune(schema, &mut object);
        if self.crd.is_some() {
            default_crd(schema, &mut object);
        } else {
            normalize(schema, &mut object);
            defaults::fill(&self.group, &self.name, &mut object);
        }
        object
    }

    /// What the strategies do: an endpoint writes its own fields alone.
    fn stored(&self, live: Option<&Value>, mut object: Value, subresource: &str) -> Value {
        let keep = |object: &mut Value, name: &str| {
            let kept = live.and_then(|live| live.get(name)).cloned();
            match kept {
                Some(kept) => object[name] = kept,
                None => drop(object.as_object_mut().map(|fields| fields.remove(name))),
            }
        };
        if subresource == "status" {
            keep(&mut object, "spec");
            for name in ["labels", "annotations", "finalizers"] {
                let kept = live.and_then(|live| live["metadata"].get(name)).cloned();
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.remove(name);
                    metadata.extend(kept.map(|kept| (name.to_owned(), kept)));
                }
            }
        } else if self.reset("") != Reset::Nothing {
            keep(&mut object, "status");
        }
        if self.crd.is_none() {
            normalize(self.schema(), &mut object);
            defaults::fill(&self.group, &self.name, &mut object);
        }
        object
    }
}

/// Nulls and fields the server makes up are no part of what is compared.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, field)| !field.is_null() && *name != "managedFields")
            .filter(|(name, _)| {
                ![
                    "generation",
                    "clusterIP",
                    "clusterIPs",
                    "ipFamilies",
                    "ipFamilyPolicy",
                    "namespace",
                ]
                .contains(&name.as_str())
            })
            .map(|(name, field)| (name.clone(), comparable(field)))
            .collect(),
        Value::Array(items) => items.iter().map(comparable).collect(),
        other => other.clone(),
    }
}

struct Played {
    object: Result<Value, (u64, String)>,
    /// Null where the step's owners are no matter.
    managed: Value,
}

fn play(kind: &Kind, live: Option<&Value>, step: &Value) -> Option<Played> {
    let text = |name: &str| step[name].as_str().expect("recorded by record.py");
    let (body, subresource) = (&step["body"], text("subresource"));
    let api_version = kind.api_version();
    let writer = Writer {
        manager: text("manager"),
        api_version: &api_version,
        subresource,
        now: text("now"),
        reset: kind.reset(subresource),
    };
    let mut object = match (text("operation"), live) {
        ("apply", live) => return Some(play_apply(kind, live, step, &writer)),
        ("create", _) | ("update", Some(_)) => body.clone(),
        ("merge", Some(live)) => {
            let mut object = live.clone();
            json_merge_patch(&mut object, body);
            object
        }
        ("strategic", Some(live)) => match strategic_merge_patch(kind.schema(), live, body) {
            Ok(object) => object,
            Err(error) => {
                let object = Err((error.code().into(), error.to_string()));
                return Some(Played {
                    object,
                    managed: Value::Null,
                });
            }
        },
        _ => return None,
    };
    object = kind.decoded(object);
    let managed = managed_fields_after_update(kind.schema(), live, &object, &writer);
    object = kind.stored(live, object, subresource);
    Some(Played {
        object: Ok(object),
        managed,
    })
}

fn play_apply(kind: &Kind, live: Option<&Value>, step: &Value, writer: &Writer<'_>) -> Played {
    let force = step["options"].get("force").is_some();
    match server_side_apply(kind.schema(), live, &step["body"], force, writer) {
        Ok(applied) => {
            let managed = applied.object["metadata"]["managedFields"].clone();
            let object = kind.stored(live, kind.decoded(applied.object), writer.subresource);
            Played {
                object: Ok(object),
                managed,
            }
        }
        Err(error) => {
            let code = match &error {
                ApplyError::Conflict(_) => 409,
                ApplyError::Untyped { .. } | ApplyError::Unmergeable(_) => 500,
                _ => 400,
            };
            Played {
                object: Err((code, error.to_string())),
                managed: Value::Null,
            }
        }
    }
}

/// Plays a scenario; returns the number of steps compared.
fn check(name: &str) -> usize {
    let steps = data(&format!("{name}.json"));
    let kind = Kind::of(&steps);
    let mut live: Option<Value> = None;
    let mut failures = Vec::new();
    let mut compared = 0;
    for (index, step) in steps
        .as_array()
        .expect("recorded by record.py")
        .iter()
        .enumerate()
    {
        let code = step["code"].as_u64().expect("recorded by record.py");
        let answer = &step["answer"];
        let what = format!(
            "{name}[{index}] {} by {}",
            step["operation"], step["manager"]
        );
        if code == 422 || code == 404 {
            continue;
        }
        if let Some(played) = play(&kind, live.as_ref(), step) {
            compared += 1;
            compare(&what, code, answer, &played, &mut failures);
        }
        if code < 300 && step["options"].get("dryRun").is_none() {
            live = Some(answer.clone());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    compared
}

fn compare(what: &str, code: u64, answer: &Value, played: &Played, failures: &mut Vec<String>) {
    match &played.object {
        Err((our_code, message)) => {
            let theirs = answer["message"].as_str().unwrap_or("success");
            // The API server walks maps in any order.
            let sorted = |text: &str| {
                let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            if *our_code != code || sorted(message) != sorted(theirs) {
                failures.push(format!(
                    "{what}\n  server {code} {theirs}\n  ours {our_code} {message}"
                ));
            }
        }
        Ok(object) => {
            if code >= 300 {
                // Merged, and found to be no object of the kind afterwards.
                let message = answer["message"].as_str().unwrap_or_default();
                if !message.starts_with("failed to convert new object") {
                    failures.push(format!(
                        "{what}\n  server {code} {message}\n  ours: success"
                    ));
                }
                return;
            }
            differences(what, &comparable(answer), &comparable(object), failures);
            let theirs = answer
                .pointer("/metadata/managedFields")
                .cloned()
                .unwrap_or(json!([]));
            let ours = if played.managed.is_null() {
                json!([])
            } else {
                played.managed.clone()
            };
            differences(&format!("{what} managedFields"), &theirs, &ours, failures);
        }
    }
}

fn differences(at: &str, theirs: &Value, ours: &Value, failures: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for name in names {
                let (left, right) = (left.get(name), right.get(name));
                match (left, right) {
                    (Some(left), Some(right)) => {
                        differences(&format!("{at}/{name}"), left, right, failures);
                    }
                    _ => failures.push(format!(
                        "{at}/{name}\n  server {left:?}\n  ours   {right:?}"
                    )),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differences(&format!("{at}/{index}"), left, right, failures);
            }
        }
        _ if theirs == ours => {}
        _ => failures.push(format!("{at}\n  server {theirs}\n  ours   {ours}")),
    }
}

#[test]
fn applies_of_a_deployment() {
    assert!(check("apply-deployment") >= 12);
}

#[test]
fn applies_with_keyed_lists_and_errors() {
    assert!(check("apply-keys") >= 13);
}

#[test]
fn applies_and_updates_of_a_config_map() {
    assert!(check("apply-config-map") >= 16);
}

#[test]
fn applies_of_a_service() {
    assert!(check("apply-service") >= 6);
}

#[test]
fn order_of_merged_lists() {
    assert!(check("apply-order") >= 5);
}

#[test]
fn doubled_keys_at_rest() {
    assert!(check("doubled") >= 4);
}

#[test]
fn applies_of_a_custom_resource() {
    assert!(check("apply-thing") >= 15);
}

#[test]
fn writes_of_a_status() {
    assert!(check("status") >= 4);
}

#[test]
fn strategic_merge_patches() {
    assert!(check("strategic") >= 15);
}

#[test]
fn applies_of_wrong_types_and_empty_values() {
    assert!(check("apply-types") >= 15);
}

#[test]
fn ownership_after_updates() {
    assert!(check("updates") >= 20);
}

/// The causes of an answer in no order: the API server walks maps in any order.
fn causes(answer: &Value) -> Vec<String> {
    let causes = answer["details"]["causes"].as_array().into_iter().flatten();
    let print = |cause: &Value| {
        let text = |name: &str| cause[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("reason"), text("field"), text("message"))
    };
    let mut causes: Vec<String> = causes.map(print).collect();
    causes.sort();
    causes
}

fn check_validation(scenario: &str, kind_name: &str) {
    let steps = data(&format!("{scenario}.json"));
    let kind = Kind::of(&steps);
    let mut failures = Vec::new();
    for (index, step) in steps
        .as_array()
        .expect("recorded by record.py")
        .iter()
        .enumerate()
    {
        let what = format!("{scenario}[{index}] {}", step["body"]["spec"]);
        let answer = &step["answer"];
        let mut object = step["body"].clone();
        let unknown = prune(kind.schema(), &mut object);
        let unknown: Vec<_> = unknown
            .iter()
            .map(|field| format!("unknown field {:?}", field.path))
            .collect();
        if step["code"] == json!(400) {
            let theirs = answer["message"].as_str().expect("recorded by record.py");
            assert!(
                theirs.ends_with(&unknown.join(", ")),
                "{what}: {theirs} {unknown:?}"
            );
            continue;
        }
        if let Some(warnings) = step["warnings"].as_array() {
            for (theirs, ours) in warnings.iter().zip(&unknown) {
                assert_eq!(
                    theirs.as_str().expect("recorded by record.py"),
                    format!("299 - {ours:?}"),
                    "{what}"
                );
            }
        }
        default_crd(kind.schema(), &mut object);
        let errors = validate_crd(kind.schema(), &object);
        if let [_] = errors.as_slice() {
            let message = invalid_message(&format!("{kind_name}.demo.kudo.dev"), "w1", &errors);
            if answer["message"] != json!(message) {
                failures.push(format!(
                    "{what}\n  server {}\n  ours   {message}",
                    answer["message"]
                ));
            }
        }
        let mut ours: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {error}", error.reason.name()))
            .collect();
        ours.sort();
        if ours != causes(answer) {
            failures.push(format!(
                "{what}\n  server {:?}\n  ours   {ours:?}",
                causes(answer)
            ));
        }
        if step["code"] == json!(201) && errors.is_empty() {
            differences(
                &what,
                &comparable(answer),
                &comparable(&object),
                &mut failures,
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn validation_of_a_custom_resource() {
    check_validation("validate-thing", "Thing");
}

#[test]
fn validation_by_formats_and_combinations() {
    check_validation("validate-gadget", "Gadget");
}

#[test]
fn fields_and_items_that_go_away() {
    assert!(check("apply-removal") >= 19);
}

#[test]
fn order_of_strategic_merge_patches() {
    assert!(check("strategic-order") >= 16);
}

#[test]
fn kubectl_takes_over_what_it_applied_before() {
    assert!(check("kubectl") >= 6);
}

#[test]
fn applies_of_free_form_fields() {
    assert!(check("apply-gadget") >= 14);
}

#[test]
fn decoding_of_a_deployment() {
    let steps = data("strict.json");
    let kind = Kind::of(&steps);
    for (index, step) in steps
        .as_array()
        .expect("recorded by record.py")
        .iter()
        .enumerate()
    {
        let body = &step["body"];
        let unknown = unknown_fields(kind.schema(), body);
        let ours = if step["options"]["fieldValidation"] == json!("Strict") {
            let names: Vec<_> = unknown
                .iter()
                .map(|field| format!("unknown field {:?}", field.path))
                .collect();
            Some(format!("strict decoding error: {}", names.join(", ")))
        } else {
            decode_problem(kind.schema(), body)
        };
        let head = "Deployment in version \"v1\" cannot be handled as a Deployment: ";
        let ours = ours.map(|problem| format!("{head}{problem}"));
        let theirs = step["answer"]["message"].as_str();
        assert_eq!(ours.as_deref(), theirs, "strict[{index}]");
    }
}

/// What admission, allocation and strategies add, and so no default.
const MADE_UP: [(&str, &[&str]); 7] = [
    ("DaemonSet", &["/metadata/annotations"]),
    (
        "PersistentVolumeClaim",
        &["/metadata/finalizers", "/spec/storageClassName"],
    ),
    (
        "PersistentVolume",
        &["/metadata/finalizers", "/status/lastPhaseTransitionTime"],
    ),
    ("CustomResourceDefinition", &["/status/storedVersions"]),
    ("Service", &["/spec/ports/0/nodePort"]),
    (
        "Pod",
        &[
            "/spec/priority",
            "/spec/preemptionPolicy",
            "/spec/tolerations",
            "/spec/serviceAccount",
            "/spec/serviceAccountName",
            "/status/qosClass",
        ],
    ),
    (
        "Job",
        &[
            "/spec/selector",
            "/metadata/labels",
            "/spec/template/metadata/labels",
        ],
    ),
];

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(parent) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(name);
    }
}

#[test]
fn defaults_of_built_in_kinds() {
    let mut failures = Vec::new();
    let steps = data("defaults.json");
    let steps = steps.as_array().expect("recorded by record.py");
    assert!(steps.len() >= 50);
    for (index, step) in steps.iter().enumerate() {
        let kind = Kind::of(&json!([step]));
        let mut ours = step["body"].clone();
        prune(kind.schema(), &mut ours);
        normalize(kind.schema(), &mut ours);
        defaults::fill(&kind.group, &kind.name, &mut ours);
        normalize(kind.schema(), &mut ours);
        let mut theirs = step["answer"].clone();
        let made_up = MADE_UP.iter().filter(|(of, _)| *of == kind.name);
        for pointer in made_up.flat_map(|(_, pointers)| *pointers) {
            remove(&mut ours, pointer);
            remove(&mut theirs, pointer);
        }
        // The token of the service account.
        for list in ["volumes", "containers", "initContainers"] {
            let Some(Value::Array(items)) = theirs["spec"].get_mut(list) else {
                continue;
            };
            let is_token = |item: &Value| {
                item["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("kube-api-access"))
            };
            items.retain(|item| !is_token(item));
            for item in items {
                if let Some(Value::Array(mounts)) = item.get_mut("volumeMounts") {
                    mounts.retain(|mount| !is_token(mount));
                }
            }
        }
        normalize(kind.schema(), &mut theirs);
        let what = format!("defaults[{index}] {}", kind.name);
        differences(
            &what,
            &comparable(&theirs),
            &comparable(&ours),
            &mut failures,
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
