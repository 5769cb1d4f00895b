//! Create and update.

use std::sync::Arc;

use axum::response::Response;
use serde_json::Value;

use super::catalog::Served;
use super::objects::{Write, current};
use super::request::Call;
use super::respond::{View, json, warned};
use super::{Api, convert};
use crate::admission;
use crate::refusal::{Cause, Refusal};
use crate::store::object;

/// `POST` of a collection.
pub(super) fn create(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let view = View::of(call)?;
    let mut write = Write::new(api, served, namespace, call, "CreateOptions")?;
    let object = write.decoded(call)?;
    if !object::resource_version(&object).is_empty() {
        let message = "resourceVersion should not be set on objects to be created".to_owned();
        return Err(Refusal {
            code: 500,
            reason: "",
            message,
            details: None,
        });
    }
    admission::namespace_takes(api, served, namespace, object::name(&object))?;
    let stored = write.create(object)?;
    let shown = convert::from_storage(served, stored);
    let document = view.object(served, call, Arc::unwrap_or_clone(shown));
    Ok(warned(json(201, &document), &write.warnings))
}

/// `PUT` of an object.
pub(super) fn update(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    replace(api, served, namespace, name, call, "")
}

/// `PUT` of an object or of its status.
pub(super) fn replace(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
    call: &Call,
    subresource: &str,
) -> Result<Response, Refusal> {
    let view = View::of(call)?;
    let mut write = Write::new(api, served, namespace, call, "UpdateOptions")?;
    write.subresource = subresource;
    let object = write.decoded(call)?;
    check_name(name, &object)?;
    let old = current(api, served, namespace, name)?;
    check_version(served, &old, &object)?;
    let stored = write.replace(&old, object)?;
    let shown = convert::from_storage(served, stored);
    let document = view.object(served, call, Arc::unwrap_or_clone(shown));
    Ok(warned(json(200, &document), &write.warnings))
}

fn check_name(name: &str, object: &Value) -> Result<(), Refusal> {
    let sent = object::name(object);
    if sent == name {
        return Ok(());
    }
    if sent.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    Err(Refusal::bad_request(format!(
        "the name of the object ({sent}) does not match the name on the URL ({name})"
    )))
}

/// Refuses a stale version before anything else is looked at; custom resources must name one.
fn check_version(served: &Served, old: &Value, object: &Value) -> Result<(), Refusal> {
    let sent = object::resource_version(object);
    let name = object::name(old);
    if sent.is_empty() {
        if served.custom.is_some() {
            let cause = Cause {
                reason: "FieldValueInvalid",
                field: "metadata.resourceVersion".to_owned(),
                message: "Invalid value: 0: must be specified for an update".to_owned(),
            };
            return Err(Refusal::invalid(
                &served.info.group,
                &served.info.plural,
                name,
                &[cause],
            ));
        }
        return Ok(());
    }
    if sent != object::resource_version(old) {
        return Err(Refusal::modified(&served.resource(), name));
    }
    Ok(())
}
