//! What happens to an object between being read and being stored: additions of the server
//! ([`complete`]), and refusals ([`causes`], [`namespace_takes`]).

mod add;
mod immutable;
mod metadata;
mod service;
mod workload;

use serde_json::{Value, json};

use crate::api::Api;
use crate::api::catalog::Served;
use crate::api::typing;
use crate::refusal::{Cause, Refusal};
use crate::store::{object, resources};

pub(crate) use add::{finalizer, first_status};

/// The namespaces that are always there.
const KEPT_NAMESPACES: &[&str] = &["default", "kube-system", "kube-public"];

/// Refuses new objects in a namespace that is not there or is going (`NamespaceLifecycle`).
pub(crate) fn namespace_takes(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
) -> Result<(), Refusal> {
    if !served.info.namespaced {
        return Ok(());
    }
    let Some(found) = api.store.find(&resources::NAMESPACES, "", namespace) else {
        return Err(Refusal::not_found(&resources::NAMESPACES, namespace));
    };
    if !object::is_terminating(&found) {
        return Ok(());
    }
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let mut refusal = Refusal::forbidden(&served.resource(), name, why);
    if let Some(details) = &mut refusal.details {
        details["causes"] = json!([{
            "reason": "NamespaceTerminating", "field": "metadata.namespace",
            "message": format!("namespace {namespace} is being terminated"),
        }]);
    }
    Err(refusal)
}

/// Refuses the deletion of what must stay.
pub(crate) fn may_delete(served: &Served, name: &str) -> Result<(), Refusal> {
    if served.storage == resources::NAMESPACES && KEPT_NAMESPACES.contains(&name) {
        return Err(Refusal::forbidden(
            &resources::NAMESPACES,
            name,
            "this namespace may not be deleted",
        ));
    }
    Ok(())
}

/// Adds what counts as written by the client.
pub(crate) fn complete_early(
    served: &Served,
    subresource: &str,
    old: Option<&Value>,
    object: &mut Value,
) {
    match (served.storage.group(), served.storage.name()) {
        ("", "namespaces") if subresource != "finalize" => add::kept_finalizers(old, object),
        ("apps", "daemonsets") => add::template_generation(old, object),
        _ => {}
    }
}

/// Adds what the server adds to an object before it is validated.
pub(crate) fn complete(
    api: &Api,
    served: &Served,
    old: Option<&Value>,
    object: &mut Value,
) -> Result<(), Refusal> {
    match (served.storage.group(), served.storage.name()) {
        ("", "namespaces") => add::namespace(old.is_none(), object),
        ("", "pods") => add::pod(api, old, object)?,
        ("", "services") => service::complete(api, old, object)?,
        ("", "persistentvolumeclaims") => add::claim(api, old, object),
        ("", "persistentvolumes") if old.is_none() => {
            finalizer(object, "kubernetes.io/pv-protection");
        }
        ("batch", "jobs") => add::job(api, old, object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            crate::crd::default(object);
        }
        _ => {}
    }
    Ok(())
}

/// Returns every rule that the object, or the change from `old`, breaks.
pub(crate) fn causes(
    served: &Served,
    subresource: &str,
    old: Option<&Value>,
    object: &Value,
) -> Vec<Cause> {
    let mut causes = metadata::causes(served, old, object);
    if served.custom.is_some() {
        causes.extend(typing::causes(served, object));
        causes.extend(crate::crd::scale_causes(served.custom.as_ref(), object));
        return causes;
    }
    if subresource.is_empty() {
        causes.extend(workload::causes(served, object));
        if let Some(old) = old {
            causes.extend(immutable::causes(served, old, object));
        }
        if served.storage == resources::CRDS {
            causes.extend(crate::crd::check(object));
        }
        if served.storage == resources::SERVICES {
            causes.extend(service::causes(object));
        }
    }
    causes
}
