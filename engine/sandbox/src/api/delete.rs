//! Delete and deletecollection.

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::catalog::Served;
use super::objects::current;
use super::request::Call;
use super::respond::{View, json as answer};
use super::{Api, body, convert, read};
use crate::admission;
use crate::refusal::{Cause, Refusal};
use crate::store::{DeleteOptions, Deleted, Propagation, object};

/// `DELETE` of an object.
pub(super) fn one(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let view = View::of(call)?;
    let options = options(call)?;
    admission::may_delete(served, name)?;
    let old = current(api, served, namespace, name)?;
    preconditions(served, &old, &options)?;
    match delete(api, served, namespace, name, &options)? {
        Deleted::Gone(last) if !returns_object(served) => Ok(answer(200, &success(served, &last))),
        Deleted::Gone(last) | Deleted::Terminating(last) => {
            let shown = convert::from_storage(served, last);
            Ok(answer(
                200,
                &view.object(served, call, Arc::unwrap_or_clone(shown)),
            ))
        }
    }
}

/// Deletes with the default propagation of the kind.
fn delete(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Deleted, Refusal> {
    let mut options = options.clone();
    // Jobs keep their pods unless told otherwise, since batch/v1 was first served.
    if options.propagation.is_none()
        && (&*served.info.group, &*served.info.plural) == ("batch", "jobs")
    {
        options.propagation = Some(Propagation::Orphan);
    }
    let deleted = api
        .store
        .delete(&served.storage, namespace, name, &options)?;
    if served.storage == crate::store::resources::CRDS && !options.dry_run {
        api.refresh();
    }
    Ok(deleted)
}

/// Kinds whose deletion answers with the object instead of a Status.
fn returns_object(served: &Served) -> bool {
    let kinds = [
        "pods",
        "podtemplates",
        "persistentvolumeclaims",
        "serviceaccounts",
        "services",
    ];
    served.info.group.is_empty() && kinds.contains(&served.info.plural.as_str())
}

fn success(served: &Served, last: &Value) -> Value {
    let mut details = json!({"name": object::name(last), "kind": served.info.plural,
                             "uid": object::uid(last)});
    if !served.info.group.is_empty() {
        details["group"] = served.info.group.clone().into();
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
           "details": details})
}

/// `DELETE` of a collection.
pub(super) fn collection(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: Option<&str>,
    call: &Call,
) -> Result<Response, Refusal> {
    let options = options(call)?;
    let selector = read::selector(served, call)?;
    let listing = api.store.list(&served.storage, namespace, &selector);
    for item in &listing.items {
        match delete(
            api,
            served,
            object::namespace(item),
            object::name(item),
            &options,
        ) {
            // Somebody else may have been faster with one of them.
            Err(refusal) if refusal.code != 404 => return Err(refusal),
            _ => {}
        }
    }
    let items: Vec<Value> = listing
        .items
        .into_iter()
        .map(|item| {
            let mut item = Arc::unwrap_or_clone(convert::from_storage(served, item));
            if served.custom.is_none() {
                object::as_members(&mut item).remove("kind");
                object::as_members(&mut item).remove("apiVersion");
            }
            item
        })
        .collect();
    let list = json!({"kind": format!("{}List", served.info.kind),
                      "apiVersion": served.api_version(), "items": items,
                      "metadata": {"resourceVersion": listing.revision.to_string()}});
    Ok(answer(200, &list))
}

/// Reads `DeleteOptions` from the body, or from the query when there is no body.
pub(super) fn options(call: &Call) -> Result<DeleteOptions, Refusal> {
    let sent = if call.body.is_empty() {
        json!({})
    } else {
        sent(call)?
    };
    let word = |pointer: &str, key: &str| match object::text(&sent, pointer) {
        "" => call.parameter(key).to_owned(),
        text => text.to_owned(),
    };
    let grace = match sent.get("gracePeriodSeconds").and_then(Value::as_i64) {
        None => call.integer("gracePeriodSeconds")?,
        grace => grace,
    };
    let dry_run = object::list(&sent, "/dryRun")
        .iter()
        .any(|mode| mode == "All")
        || call.dry_run("DeleteOptions")?;
    let precondition = |key: &str| {
        sent.pointer(&format!("/preconditions/{key}"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(DeleteOptions {
        grace,
        propagation: propagation(
            &sent,
            &word("/propagationPolicy", "propagationPolicy"),
            call,
        )?,
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        dry_run,
    })
}

fn sent(call: &Call) -> Result<Value, Refusal> {
    match call.content_type() {
        ""
        | "application/json"
        | "application/yaml"
        | "application/vnd.kubernetes.protobuf"
        | "application/x-www-form-urlencoded" => body::any(call),
        _ => Err(Refusal::unsupported_media(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

fn propagation(sent: &Value, policy: &str, call: &Call) -> Result<Option<Propagation>, Refusal> {
    match policy {
        "Background" => Ok(Some(Propagation::Background)),
        "Foreground" => Ok(Some(Propagation::Foreground)),
        "Orphan" => Ok(Some(Propagation::Orphan)),
        "" => {
            let orphan = sent.get("orphanDependents").and_then(Value::as_bool);
            let orphan = orphan.unwrap_or_else(|| call.flag("orphanDependents"));
            Ok(orphan.then_some(Propagation::Orphan))
        }
        other => {
            let cause = Cause {
                reason: "FieldValueNotSupported",
                field: "propagationPolicy".to_owned(),
                message: format!(
                    "Unsupported value: \"{other}\": supported values: \"Foreground\", \
                     \"Background\", \"Orphan\", \"nil\""
                ),
            };
            Err(Refusal::invalid(
                "meta.k8s.io",
                "DeleteOptions",
                "",
                &[cause],
            ))
        }
    }
}

/// Checks preconditions in the words of this path of the server, which names the kind.
fn preconditions(served: &Served, old: &Value, options: &DeleteOptions) -> Result<(), Refusal> {
    let name = object::name(old);
    let kind = if served.info.group.is_empty() {
        served.info.kind.clone()
    } else {
        format!("{}.{}", served.info.kind, served.info.group)
    };
    let refusal = |why: String| {
        let mut details = json!({"name": name, "kind": served.info.kind});
        if !served.info.group.is_empty() {
            details["group"] = served.info.group.clone().into();
        }
        Refusal {
            code: 409,
            reason: "Conflict",
            message: format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}"),
            details: Some(Box::new(details)),
        }
    };
    if let Some(uid) = options
        .uid
        .as_deref()
        .filter(|uid| *uid != object::uid(old))
    {
        return Err(refusal(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The \
             object might have been deleted and then recreated",
            object::uid(old)
        )));
    }
    let version = object::resource_version(old);
    if let Some(wanted) = options
        .resource_version
        .as_deref()
        .filter(|wanted| *wanted != version)
    {
        return Err(refusal(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the \
             ResourceVersion in record ({version}). The object might have been modified"
        )));
    }
    Ok(())
}
