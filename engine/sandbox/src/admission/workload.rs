//! What workloads, pods and maps must say.

use serde_json::Value;

use crate::api::catalog::Served;
use crate::refusal::Cause;
use crate::store::{Selector, object};

/// Returns what is wrong with an object of a built-in kind.
pub(super) fn causes(served: &Served, object: &Value) -> Vec<Cause> {
    match (served.storage.group(), served.storage.name()) {
        ("", "pods") => pod_spec("spec", object.get("spec")),
        ("apps", "deployments" | "daemonsets" | "replicasets" | "statefulsets") => workload(object),
        ("batch", "jobs") => job(object),
        ("batch", "cronjobs") => cron_job(object),
        ("", "configmaps") => keys(object, &["data", "binaryData"]),
        ("", "secrets") => secret(object),
        ("", "persistentvolumeclaims") => claim(object),
        _ => Vec::new(),
    }
}

fn workload(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let selector = object.pointer("/spec/selector");
    let count = |key: &str| {
        selector
            .and_then(|selector| selector.get(key))
            .map_or(0, |part| match part {
                Value::Object(labels) => labels.len(),
                Value::Array(expressions) => expressions.len(),
                _ => 0,
            })
    };
    match selector {
        None | Some(Value::Null) => {
            causes.push(Cause::required("spec.selector", ""));
            causes.push(unmatched(object));
        }
        Some(selector) if count("matchLabels") + count("matchExpressions") == 0 => {
            let rule = "empty selector is invalid for deployment";
            causes.push(Cause::invalid("spec.selector", selector, rule));
        }
        Some(selector) => {
            let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
            if !Selector::of_label_selector(selector).matches(template) {
                causes.push(unmatched(object));
            }
        }
    }
    causes.extend(not_negative(object, "spec.replicas"));
    causes.extend(pod_spec(
        "spec.template.spec",
        object.pointer("/spec/template/spec"),
    ));
    let policy = object::text(object, "/spec/template/spec/restartPolicy");
    if !policy.is_empty() && policy != "Always" {
        causes.push(Cause {
            reason: "FieldValueNotSupported",
            field: "spec.template.spec.restartPolicy".to_owned(),
            message: format!("Unsupported value: \"{policy}\": supported values: \"Always\""),
        });
    }
    causes
}

fn unmatched(object: &Value) -> Cause {
    let labels = object
        .pointer("/spec/template/metadata/labels")
        .cloned()
        .unwrap_or_default();
    let rule = "`selector` does not match template `labels`";
    Cause::invalid("spec.template.metadata.labels", &labels, rule)
}

fn not_negative(object: &Value, path: &str) -> Option<Cause> {
    let value = object.pointer(&format!("/{}", path.replace('.', "/")))?;
    let negative = value.as_i64().is_some_and(|number| number < 0);
    negative.then(|| Cause::invalid(path, value, "must be greater than or equal to 0"))
}

fn job(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for path in ["spec.parallelism", "spec.completions", "spec.backoffLimit"] {
        causes.extend(not_negative(object, path));
    }
    causes.extend(pod_spec(
        "spec.template.spec",
        object.pointer("/spec/template/spec"),
    ));
    causes.extend(ending_policy(
        "spec.template.spec.restartPolicy",
        object::text(object, "/spec/template/spec/restartPolicy"),
    ));
    causes
}

/// Pods that are meant to end cannot be restarted for ever.
fn ending_policy(field: &str, policy: &str) -> Option<Cause> {
    let ends = ["OnFailure", "Never"].contains(&policy);
    (!ends).then(|| Cause {
        reason: "FieldValueRequired",
        field: field.to_owned(),
        message: "Required value: valid values: \"OnFailure\", \"Never\"".to_owned(),
    })
}

fn cron_job(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if object::text(object, "/spec/schedule").is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    }
    let template = "/spec/jobTemplate/spec/template/spec";
    let field = "spec.jobTemplate.spec.template.spec";
    causes.extend(pod_spec(field, object.pointer(template)));
    let policy = object::text(object, &format!("{template}/restartPolicy"));
    causes.extend(ending_policy(&format!("{field}.restartPolicy"), policy));
    causes
}

fn pod_spec(field: &str, spec: Option<&Value>) -> Vec<Cause> {
    let spec = spec.unwrap_or(&Value::Null);
    let containers = object::list(spec, "/containers");
    if containers.is_empty() {
        return vec![Cause::required(format!("{field}.containers"), "")];
    }
    let mut causes = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let at = |member: &str| format!("{field}.containers[{index}].{member}");
        let name = object::text(container, "/name");
        match name {
            "" => causes.push(Cause::required(at("name"), "")),
            name => {
                if let Err(why) = crate::names::label(name) {
                    causes.push(Cause::invalid(at("name"), &name.into(), why));
                } else if !names.insert(name) {
                    causes.push(Cause {
                        reason: "FieldValueDuplicate",
                        field: at("name"),
                        message: format!("Duplicate value: \"{name}\""),
                    });
                }
            }
        }
        if object::text(container, "/image").is_empty() {
            causes.push(Cause::required(at("image"), ""));
        }
        causes.extend(mounts(&at("volumeMounts"), spec, container));
    }
    causes
}

/// A container can only mount volumes that the pod has.
fn mounts(field: &str, spec: &Value, container: &Value) -> Vec<Cause> {
    let volumes: Vec<&str> = object::list(spec, "/volumes")
        .iter()
        .map(|volume| object::text(volume, "/name"))
        .collect();
    let mut causes = Vec::new();
    for (index, mount) in object::list(container, "/volumeMounts").iter().enumerate() {
        let name = object::text(mount, "/name");
        // StatefulSets add the volumes of their claims later.
        if !volumes.contains(&name) && !field.starts_with("spec.template") {
            causes.push(Cause {
                reason: "FieldValueNotFound",
                field: format!("{field}[{index}].name"),
                message: format!("Not found: \"{name}\""),
            });
        }
    }
    causes
}

/// The keys of maps are file names.
fn keys(object: &Value, fields: &[&str]) -> Vec<Cause> {
    let mut causes = Vec::new();
    for field in fields {
        for key in object
            .get(field)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
        {
            let fine = key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            if !fine || key.is_empty() || key.len() > 253 {
                let rule = "a valid config key must consist of alphanumeric characters, '-', '_' \
                            or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used \
                            for validation is '[-._a-zA-Z0-9]+')";
                let at = format!("{field}[{key}]");
                causes.push(Cause::invalid(at, &key.as_str().into(), rule));
            }
        }
    }
    causes
}

fn secret(object: &Value) -> Vec<Cause> {
    let mut causes = keys(object, &["data"]);
    if object::text(object, "/type") == "kubernetes.io/tls" {
        for key in ["tls.crt", "tls.key"] {
            if object.pointer(&format!("/data/{key}")).is_none() {
                causes.push(Cause::required(format!("data[{key}]"), ""));
            }
        }
    }
    causes
}

fn claim(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if object::list(object, "/spec/accessModes").is_empty() {
        causes.push(Cause::required(
            "spec.accessModes",
            "at least 1 access mode is required",
        ));
    }
    if object.pointer("/spec/resources/requests/storage").is_none() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
    causes
}
