//! The rules of `ObjectMeta` (`ValidateObjectMeta`).

use serde_json::Value;

use crate::api::catalog::Served;
use crate::names;
use crate::refusal::Cause;
use crate::store::object;

/// The finalizers that need no prefix (`core.IsStandardFinalizerName`).
const STANDARD_FINALIZERS: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];
/// The largest sum of keys and values of annotations (`TotalAnnotationSizeLimitB`).
const ANNOTATIONS: usize = 256 * 1024;

/// Returns what is wrong with the metadata of an object.
pub(super) fn causes(served: &Served, old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old.is_none() {
        causes.extend(name(served, object));
    }
    causes.extend(labels(object));
    causes.extend(annotations(object));
    causes.extend(finalizers(served, old, object));
    causes.extend(owners(object));
    causes
}

fn name(served: &Served, object: &Value) -> Option<Cause> {
    let (field, shown, checked) = match object::name(object) {
        "" => {
            // A generated name gets letters appended, so its stem may end in a dash.
            let stem = object::text(object, "/metadata/generateName");
            (
                "metadata.generateName",
                stem,
                stem.strip_suffix('-').unwrap_or(stem).to_owned(),
            )
        }
        name => ("metadata.name", name, name.to_owned()),
    };
    let rule = match (served.info.group.as_str(), served.info.plural.as_str()) {
        ("", "namespaces" | "services") => names::label,
        ("rbac.authorization.k8s.io", _) => names::path_segment,
        _ => names::subdomain,
    };
    let why = rule(&checked).err()?;
    Some(Cause::invalid(field, &shown.into(), why))
}

/// The rules for labels, also those of a pod template.
fn labels(object: &Value) -> Vec<Cause> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let mut causes = Vec::new();
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if let Err(why) = names::qualified(key) {
            causes.push(Cause::invalid("metadata.labels", &key.as_str().into(), why));
        }
        if let Err(why) = names::label_value(value) {
            causes.push(Cause::invalid("metadata.labels", &value.into(), why));
        }
    }
    causes
}

fn annotations(object: &Value) -> Vec<Cause> {
    let annotations = object
        .pointer("/metadata/annotations")
        .and_then(Value::as_object);
    let (mut causes, mut size) = (Vec::new(), 0);
    for (key, value) in annotations.into_iter().flatten() {
        size += key.len() + value.as_str().map_or(0, str::len);
        if let Err(why) = names::qualified(&key.to_lowercase()) {
            causes.push(Cause::invalid(
                "metadata.annotations",
                &key.as_str().into(),
                why,
            ));
        }
    }
    if size > ANNOTATIONS {
        causes.push(Cause {
            reason: "FieldValueTooLong",
            field: "metadata.annotations".to_owned(),
            message: format!("Too long: may not be more than {ANNOTATIONS} bytes"),
        });
    }
    causes
}

fn finalizers(served: &Served, old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let finalizers = object::finalizers(object);
    for (index, finalizer) in finalizers.iter().enumerate() {
        let shown = (*finalizer).into();
        if let Err(why) = names::qualified(finalizer) {
            causes.push(Cause::invalid("metadata.finalizers", &shown, why));
        }
        // Kinds that a definition brings, and definitions, are free to use short names; the server
        // only warns.
        let is_short = !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(finalizer);
        let is_free = served.custom.is_some() || served.info.group == "apiextensions.k8s.io";
        if is_short && !is_free {
            let rule = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(
                format!("metadata.finalizers[{index}]"),
                &shown,
                rule,
            ));
        }
    }
    // A terminating object may only lose finalizers.
    if let Some(old) = old.filter(|old| object::is_terminating(old)) {
        let before = object::finalizers(old);
        let added: Vec<&str> = finalizers
            .into_iter()
            .filter(|finalizer| !before.contains(finalizer))
            .collect();
        if !added.is_empty() {
            let cause = Cause::forbidden(
                "metadata.finalizers",
                format!(
                    "no new finalizers can be added if the object is being deleted, found new \
                     finalizers []string{{{}}}",
                    added
                        .iter()
                        .map(|name| format!("{name:?}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            );
            // The server validates the metadata twice on this way.
            causes.extend([cause.clone(), cause]);
        }
    }
    causes
}

fn owners(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for owner in object::list(object, "/metadata/ownerReferences") {
        for (key, rule) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            let value = owner.get(key).and_then(Value::as_str).unwrap_or_default();
            if value.is_empty() {
                let field = format!("metadata.ownerReferences.{key}");
                causes.push(Cause::invalid(field, &"".into(), rule));
            }
        }
    }
    causes
}
