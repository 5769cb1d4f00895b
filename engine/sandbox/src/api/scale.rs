//! The scale subresource (`autoscaling/v1 Scale`).

use std::sync::Arc;

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use super::catalog::Served;
use super::objects::{Write, current};
use super::request::Call;
use super::respond::json as answer_json;
use super::{Api, body, convert};
use crate::refusal::{Cause, Refusal};
use crate::store::object;

/// Reads or writes the number of replicas.
pub(super) fn answer(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let options = match call.method {
        Method::GET => {
            let old = current(api, served, namespace, name)?;
            return Ok(answer_json(200, &scale(served, &old)));
        }
        Method::PUT => "UpdateOptions",
        Method::PATCH => "PatchOptions",
        _ => return Err(Refusal::method_not_allowed()),
    };
    let mut write = Write::new(api, served, namespace, call, options)?;
    write.subresource = "scale";
    let old = current(api, served, namespace, name)?;
    let wanted = wanted(served, &old, call)?;
    let sent = object::resource_version(&wanted);
    if !sent.is_empty() && sent != object::resource_version(&old) {
        return Err(Refusal::modified(&served.resource(), name));
    }
    let replicas = wanted
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    if replicas < 0 {
        let rule = "must be greater than or equal to 0";
        let cause = Cause::invalid("spec.replicas", &replicas.into(), rule);
        return Err(Refusal::invalid("autoscaling", "Scale", name, &[cause]));
    }
    let mut object = (*old).clone();
    set(&mut object, &path(served), replicas);
    let stored = write.replace(&old, object)?;
    let shown = convert::from_storage(served, stored);
    Ok(answer_json(200, &scale(served, &shown)))
}

/// Returns the Scale that the request asks for.
fn wanted(served: &Served, old: &Value, call: &Call) -> Result<Value, Refusal> {
    let sent = body::any(call)?;
    if call.method == Method::PUT {
        return Ok(sent);
    }
    let mut wanted = scale(served, old);
    object::metadata_mut(&mut wanted).remove("resourceVersion");
    match call.content_type() {
        "application/json-patch+json" => {
            let refusal = || Refusal::bad_request("error decoding patch");
            let patch: json_patch::Patch = serde_json::from_value(sent).map_err(|_| refusal())?;
            json_patch::patch(&mut wanted, &patch).map_err(|_| refusal())?;
        }
        _ => kudo_schema::json_merge_patch(&mut wanted, &sent),
    }
    Ok(wanted)
}

fn path(served: &Served) -> String {
    let scale = served
        .custom
        .as_ref()
        .and_then(|custom| custom.scale.as_ref());
    scale.map_or_else(
        || ".spec.replicas".to_owned(),
        |scale| scale.spec_replicas.clone(),
    )
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    object.pointer(&path.replace('.', "/"))
}

fn set(object: &mut Value, path: &str, replicas: i64) {
    let mut place = object;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        place = object::as_members(place).entry(step).or_insert(Value::Null);
    }
    *place = replicas.into();
}

fn scale(served: &Served, object: &Value) -> Value {
    let custom = served
        .custom
        .as_ref()
        .and_then(|custom| custom.scale.as_ref());
    let status_path = custom.map_or(".status.replicas", |scale| &scale.status_replicas);
    let count = |path: &str| at(object, path).and_then(Value::as_i64).unwrap_or(0);
    let selector = match custom {
        Some(scale) => scale
            .selector
            .as_deref()
            .and_then(|path| at(object, path))
            .and_then(Value::as_str)
            .map(str::to_owned),
        None => object.pointer("/spec/selector").map(selector_text),
    };
    let mut metadata = json!({});
    for key in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        if let Some(value) = object.pointer(&format!("/metadata/{key}")) {
            metadata[key] = value.clone();
        }
    }
    let (mut spec, mut status) = (json!({}), json!({"replicas": count(status_path)}));
    let wanted = count(&path(served));
    if wanted != 0 {
        spec["replicas"] = wanted.into();
    }
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        status["selector"] = selector.into();
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
           "spec": spec, "status": status})
}

/// Writes a label selector as text; controllers of old select by plain labels.
fn selector_text(selector: &Value) -> String {
    let expressions = object::list(selector, "/matchExpressions");
    let labels = match selector.get("matchLabels") {
        Some(labels) => labels.as_object(),
        None if expressions.is_empty() => selector.as_object(),
        None => None,
    };
    let mut parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in expressions {
        let key = object::text(expression, "/key");
        let values: Vec<&str> = object::list(expression, "/values")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        parts.push(match object::text(expression, "/operator") {
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            _ => format!("{key} in ({})", values.join(",")),
        });
    }
    parts.join(",")
}
