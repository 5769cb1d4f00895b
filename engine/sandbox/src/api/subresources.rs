//! What hangs below an object: status, scale, and the doings of pods.

use std::sync::Arc;

use axum::response::Response;
use http::Method;
use http::request::Parts;
use serde_json::{Value, json};

use super::catalog::Served;
use super::objects::current;
use super::request::{Call, Target};
use super::respond::json as answer_json;
use super::{Api, body, connect, patch, read, scale, write};
use crate::clock;
use crate::refusal::{Cause, Refusal};
use crate::store::{DeleteOptions, Selector, object, resources};

/// Answers a request for a subresource.
pub(super) async fn answer(
    api: &Arc<Api>,
    served: &Arc<Served>,
    target: &Target,
    call: &Call,
    parts: &mut Parts,
) -> Result<Response, Refusal> {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let name = target.name.as_deref().unwrap_or_default();
    let subresource = target.subresource.as_deref().unwrap_or_default();
    if !served.info.has_subresource(subresource) {
        return Err(Refusal::no_such_path());
    }
    match (subresource, &call.method) {
        ("scale", _) => scale::answer(api, served, namespace, name, call),
        ("status", &Method::GET) => read::get(api, served, namespace, name, call),
        ("status" | "finalize" | "approval" | "ephemeralcontainers" | "resize", &Method::PUT) => {
            write::replace(api, served, namespace, name, call, subresource)
        }
        ("status" | "approval" | "ephemeralcontainers" | "resize", &Method::PATCH) => {
            patch::through(api, served, namespace, name, call, subresource)
        }
        ("log", &Method::GET) => connect::log(api, namespace, name, call),
        ("exec" | "attach" | "portforward", &Method::GET | &Method::POST) => {
            connect::stream(api, namespace, name, subresource, call, parts).await
        }
        ("eviction", &Method::POST) => evict(api, served, namespace, name, call),
        ("binding", &Method::POST) => bind(api, served, namespace, name, call),
        ("token", &Method::POST) => token(api, served, namespace, name, call),
        ("proxy", _) => Err(Refusal::new(
            503,
            "ServiceUnavailable",
            "the sandbox pretends its pods: nothing listens behind this proxy",
        )),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn success(code: u16) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                        "code": code});
    answer_json(code, &status)
}

fn sent(call: &Call) -> Result<Value, Refusal> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    body::any(call)
}

/// Deletes a pod unless a disruption budget says no (`policy/v1 Eviction`).
fn evict(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let eviction = sent(call)?;
    let pod = current(api, served, namespace, name)?;
    let ended = ["Succeeded", "Failed"].contains(&object::text(&pod, "/status/phase"));
    let budgets = api
        .store
        .list(
            &resources::DISRUPTION_BUDGETS,
            Some(namespace),
            &Selector::everything(),
        )
        .items;
    let budget = budgets.iter().find(|budget| {
        let selector = budget.pointer("/spec/selector").unwrap_or(&Value::Null);
        Selector::of_label_selector(selector).matches(&pod)
    });
    if let Some(budget) = budget.filter(|_| !ended) {
        let allowed = budget
            .pointer("/status/disruptionsAllowed")
            .and_then(Value::as_i64);
        if allowed.unwrap_or(0) <= 0 {
            let why = format!(
                "The disruption budget {} needs more healthy pods than there are",
                object::name(budget)
            );
            return Err(Refusal {
                code: 429,
                reason: "TooManyRequests",
                message: "Cannot evict pod as it would violate the pod's disruption budget."
                    .to_owned(),
                details: Some(Box::new(
                    json!({"causes": [{"reason": "DisruptionBudget", "message": why}]}),
                )),
            });
        }
    }
    let options = DeleteOptions {
        grace: eviction
            .pointer("/deleteOptions/gracePeriodSeconds")
            .and_then(Value::as_i64),
        dry_run: call.dry_run("CreateOptions")?,
        ..DeleteOptions::default()
    };
    api.store
        .delete(&resources::PODS, namespace, name, &options)?;
    Ok(success(201))
}

/// Puts a pod on a node, as schedulers do.
fn bind(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let binding = sent(call)?;
    let node = object::text(&binding, "/target/name").to_owned();
    current(api, served, namespace, name)?;
    if node.is_empty() {
        let cause = Cause::required("target.name", "");
        return Err(Refusal::invalid("", "Binding", name, &[cause]));
    }
    let now = clock::seconds(api.store.clock().now());
    api.store.modify(&resources::PODS, namespace, name, |pod| {
        let taken = object::text(pod, "/spec/nodeName").to_owned();
        if !taken.is_empty() {
            let why = format!("pod {name} is already assigned to node \"{taken}\"");
            return Err(Refusal::conflict(
                &crate::store::Resource::of("", "pods/binding"),
                name,
                why,
            ));
        }
        object::member_mut(pod, "spec").insert("nodeName".to_owned(), node.into());
        let conditions = object::member_mut(pod, "status")
            .entry("conditions")
            .or_insert_with(|| json!([]));
        if let Some(conditions) = conditions.as_array_mut() {
            conditions.retain(|condition| object::text(condition, "/type") != "PodScheduled");
            conditions.push(json!({"type": "PodScheduled", "status": "True",
                                   "lastProbeTime": null, "lastTransitionTime": now}));
        }
        Ok(())
    })?;
    Ok(success(201))
}

/// Answers a token request with a token that says it is none.
fn token(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let request = sent(call)?;
    current(api, served, namespace, name)?;
    let wanted = request
        .pointer("/spec/expirationSeconds")
        .and_then(Value::as_u64);
    let seconds = wanted.unwrap_or(3600);
    let now = api.store.clock().now();
    let end = clock::later(now, std::time::Duration::from_secs(seconds.min(1 << 32)));
    let audiences = request
        .pointer("/spec/audiences")
        .cloned()
        .unwrap_or_else(|| json!(["https://kubernetes.default.svc.cluster.local"]));
    let document = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace,
                     "creationTimestamp": clock::seconds(now)},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null},
        "status": {"token": format!("sandbox-token-of-{namespace}-{name}"),
                   "expirationTimestamp": clock::seconds(end)},
    });
    Ok(answer_json(201, &document))
}
