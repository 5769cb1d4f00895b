//! The four kinds of patch.

use std::sync::Arc;

use axum::response::Response;
use kudo_schema::ApplyError;
use serde_json::{Value, json};

use super::catalog::Served;
use super::objects::{Write, current};
use super::request::Call;
use super::respond::{View, json as answer, warned};
use super::{Api, body, convert};
use crate::admission;
use crate::clock;
use crate::refusal::{Cause, Refusal};
use crate::store::object;

/// How often a patch is made again when somebody else wrote in between.
const ATTEMPTS: usize = 5;

/// A patch as it was sent.
enum Patch {
    Json(json_patch::Patch),
    Merge(Value),
    Strategic(Value),
    Apply { config: Value, force: bool },
}

/// `PATCH` of an object.
pub(super) fn patch(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    through(api, served, namespace, name, call, "")
}

/// `PATCH` of an object or of its status.
pub(super) fn through(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    call: &Call,
    subresource: &str,
) -> Result<Response, Refusal> {
    let view = View::of(call)?;
    let patch = read(served, call)?;
    let mut write = Write::new(api, served, namespace, call, "PatchOptions")?;
    write.subresource = subresource;
    let (code, stored) = if let Patch::Apply { config, force } = patch {
        apply(&mut write, name, &config, force)?
    } else {
        (200, change(&mut write, name, &patch)?)
    };
    let shown = convert::from_storage(served, stored);
    let document = view.object(served, call, Arc::unwrap_or_clone(shown));
    Ok(warned(answer(code, &document), &write.warnings))
}

fn read(served: &Served, call: &Call) -> Result<Patch, Refusal> {
    let decoding = |error: serde_json::Error| {
        let why = body::go_error(&call.body, &error);
        Refusal::bad_request(format!("error decoding patch: {why}"))
    };
    match call.content_type() {
        "application/json-patch+json" => read_operations(call, decoding),
        "application/merge-patch+json" => serde_json::from_slice(&call.body)
            .map(Patch::Merge)
            .map_err(decoding),
        "application/strategic-merge-patch+json" if served.custom.is_none() => {
            serde_json::from_slice(&call.body)
                .map(Patch::Strategic)
                .map_err(decoding)
        }
        "application/apply-patch+yaml" => read_apply(call),
        _ => Err(Refusal {
            code: 415,
            reason: "UnsupportedMediaType",
            message: match served.custom {
                None => "415: Unsupported Media Type".to_owned(),
                Some(_) => {
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json, \
                     application/apply-patch+yaml"
                        .to_owned()
                }
            },
            details: served.custom.is_none().then(|| Box::new(json!({}))),
        }),
    }
}

fn read_apply(call: &Call) -> Result<Patch, Refusal> {
    if call.parameter("fieldManager").is_empty() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        return Err(Refusal::invalid(
            "meta.k8s.io",
            "PatchOptions",
            "",
            &[cause],
        ));
    }
    let config = body::yaml(&call.body).map_err(|why| {
        Refusal::bad_request(format!(
            "error decoding YAML: error converting YAML to JSON: {why}"
        ))
    })?;
    Ok(Patch::Apply {
        config,
        force: call.flag("force"),
    })
}

/// Patches what is there, again when somebody else was faster.
fn change(write: &mut Write<'_>, name: &str, patch: &Patch) -> Result<Arc<Value>, Refusal> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        write.warnings.clear();
        let old = current(write.api, write.served, write.namespace, name)?;
        let mut object = patched(write.served, &old, patch)?;
        check_identity(write, &old, &object)?;
        // A version in the patch is a precondition; the one it was computed from is a retry.
        let conditional = object::resource_version(&object) != object::resource_version(&old);
        let undecoded = object.to_string();
        write
            .known_fields(&mut object)
            .map_err(|refusal| undecodable(&undecoded, refusal))?;
        match write.replace(&old, object) {
            Err(refusal) if refusal.is_conflict() && !conditional && attempt < ATTEMPTS => {}
            result => return result,
        }
    }
}

/// What a patch makes of an object must be readable; the server shows all of it when it is not.
fn undecodable(object: &str, refusal: Refusal) -> Refusal {
    let why = refusal.message;
    let why = why
        .split_once("cannot be handled as a ")
        .map_or(&*why, |(_, why)| why);
    let why = why.split_once(": ").map_or(why, |(_, why)| why);
    let cause = Cause::invalid("patch", &object.into(), why);
    Refusal::invalid("", "", "", &[cause])
}

/// A refusal whose code alone says what it is.
fn unexplained(message: String) -> Refusal {
    Refusal {
        code: 500,
        reason: "",
        message,
        details: None,
    }
}

fn check_identity(write: &Write<'_>, old: &Value, object: &Value) -> Result<(), Refusal> {
    let (name, sent) = (object::name(old), object::name(object));
    if sent != name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({sent}) does not match the name on the URL ({name})"
        )));
    }
    if write.served.info.namespaced && object::namespace(object) != write.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn patched(served: &Served, old: &Value, patch: &Patch) -> Result<Value, Refusal> {
    let mut object = old.clone();
    match patch {
        Patch::Json(patch) => {
            json_patch::patch(&mut object, patch).map_err(|_| Refusal {
                code: 422,
                reason: "Invalid",
                message: "the server rejected our request due to an error in our request"
                    .to_owned(),
                details: Some(Box::new(json!({}))),
            })?;
        }
        Patch::Merge(patch) => kudo_schema::json_merge_patch(&mut object, patch),
        Patch::Strategic(patch) => {
            object = kudo_schema::strategic_merge_patch(served.schema(), old, patch)
                .map_err(|error| unexplained(error.to_string()))?;
        }
        Patch::Apply { .. } => {}
    }
    if !object.is_object() {
        return Err(Refusal::bad_request(
            "a patch cannot turn an object into something else",
        ));
    }
    Ok(object)
}

/// Applies a configuration, creating the object when it is not there.
fn apply(
    write: &mut Write<'_>,
    name: &str,
    config: &Value,
    force: bool,
) -> Result<(u16, Arc<Value>), Refusal> {
    let sent = object::name(config);
    if !sent.is_empty() && sent != name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({sent}) does not match the name on the URL ({name})"
        )));
    }
    if write.served.info.namespaced {
        let sent = object::namespace(config);
        if !sent.is_empty() && sent != write.namespace {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let old = current(write.api, write.served, write.namespace, name).ok();
        let conditional = !object::resource_version(config).is_empty();
        match apply_once(write, name, old.as_deref(), config, force) {
            Err(refusal)
                if (refusal.is_conflict() && refusal.details_are_plain()
                    || refusal.reason == "AlreadyExists")
                    && !conditional
                    && attempt < ATTEMPTS => {}
            result => {
                return result.map(|stored| (if old.is_some() { 200 } else { 201 }, stored));
            }
        }
    }
}

impl Refusal {
    /// True for a conflict with a concurrent write, false for one of field managers.
    fn details_are_plain(&self) -> bool {
        self.details
            .as_ref()
            .is_none_or(|details| details.get("causes").is_none())
    }
}

fn apply_once(
    write: &Write<'_>,
    name: &str,
    old: Option<&Value>,
    config: &Value,
    force: bool,
) -> Result<Arc<Value>, Refusal> {
    let served = write.served;
    if old.is_none() && !write.subresource.is_empty() {
        return Err(Refusal::not_found(&served.resource(), name));
    }
    let now = clock::seconds(write.api.store.clock().now());
    let api_version = served.api_version();
    let writer = write.writer(&api_version, &now);
    let applied = kudo_schema::server_side_apply(served.schema(), old, config, force, &writer)
        .map_err(|error| apply_refusal(&error))?;
    let mut object = applied.object;
    let metadata = object::metadata_mut(&mut object);
    metadata.insert("name".to_owned(), name.into());
    if served.info.namespaced {
        metadata.insert("namespace".to_owned(), write.namespace.into());
    }
    let Some(old) = old else {
        if !object::uid(config).is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {}, and no existing object was \
                 found",
                object::uid(config)
            );
            return Err(Refusal::conflict(&served.resource(), name, why));
        }
        admission::namespace_takes(write.api, served, write.namespace, name)?;
        return write.create_owned(object);
    };
    let wanted = object::resource_version(config);
    if !wanted.is_empty() && wanted != object::resource_version(old) {
        return Err(Refusal::modified(&served.resource(), name));
    }
    if !applied.changed && !applied.owners_changed {
        return Ok(Arc::new(old.clone()));
    }
    write.replace_owned(old, object)
}

fn apply_refusal(error: &ApplyError) -> Refusal {
    match error {
        ApplyError::Conflict(conflict) => {
            let causes: Vec<Value> = conflict
                .conflicts
                .iter()
                .map(|conflict| {
                    json!({"reason": "FieldManagerConflict", "message": conflict.message(),
                           "field": conflict.path.to_string()})
                })
                .collect();
            Refusal {
                code: 409,
                reason: "Conflict",
                message: conflict.to_string(),
                details: Some(Box::new(json!({"causes": causes}))),
            }
        }
        ApplyError::ManagedFieldsSent | ApplyError::WrongVersion { .. } => {
            Refusal::bad_request(of_core(error.to_string()))
        }
        ApplyError::Untyped { .. } | ApplyError::Unmergeable(_) | ApplyError::TooDeep => {
            unexplained(of_core(error.to_string()))
        }
    }
}

/// Go prints the empty group of a core kind before the slash.
fn of_core(message: String) -> String {
    match message.split_once(", Kind=") {
        Some((head, tail)) => {
            let start = head.rfind([' ', '(']).map_or(0, |space| space + 1);
            if head[start..].contains('/') {
                return message;
            }
            format!("{}/{}, Kind={tail}", &head[..start], &head[start..])
        }
        None => message,
    }
}

fn read_operations(
    call: &Call,
    decoding: impl Fn(serde_json::Error) -> Refusal,
) -> Result<Patch, Refusal> {
    let sent: Value = serde_json::from_slice(&call.body).map_err(&decoding)?;
    if !sent.is_array() {
        return Err(Refusal::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type \
             []handlers.jsonPatchOp",
            super::objects::go_type(&sent)
        )));
    }
    serde_json::from_value(sent)
        .map(Patch::Json)
        .map_err(decoding)
}
