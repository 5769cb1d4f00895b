//! Custom resource definitions: what they make the server serve, and what they must say
//! (`apiextensions.k8s.io/v1`).

use std::sync::{Arc, LazyLock};

use kudo_schema::{CrdSchema, Subresource};
use serde_json::{Map, Value, json};

use crate::clock;
use crate::refusal::{Cause, Refusal};
use crate::store::{DeleteOptions, Selector, Store, object, resources};

/// A schema that allows everything.
pub(crate) static ANYTHING: LazyLock<CrdSchema> = LazyLock::new(CrdSchema::anything);

/// What a CRD says about one version.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) schema: CrdSchema,
    /// `schema.openAPIV3Schema` as written.
    pub(crate) raw_schema: Value,
    pub(crate) columns: Vec<Value>,
    pub(crate) scale: Option<ScalePaths>,
    /// `selectableFields`, without the leading dot.
    pub(crate) selectable: Vec<String>,
}

/// Where the scale subresource reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScalePaths {
    pub(crate) spec_replicas: String,
    pub(crate) status_replicas: String,
    pub(crate) selector: Option<String>,
}

/// True once the names are accepted, so that the kind is served.
pub(crate) fn is_established(definition: &Value) -> bool {
    has_condition(definition, "Established")
}

fn has_condition(definition: &Value, wanted: &str) -> bool {
    object::list(definition, "/status/conditions")
        .iter()
        .any(|condition| {
            object::text(condition, "/type") == wanted
                && object::text(condition, "/status") == "True"
        })
}

/// Returns the served versions of a definition, the preferred one first.
pub(crate) fn versions(definition: &Value) -> Vec<(kudo_schema::Resource, Custom)> {
    let mut versions: Vec<&Value> = object::list(definition, "/spec/versions")
        .iter()
        .filter(|version| {
            version
                .get("served")
                .and_then(Value::as_bool)
                .unwrap_or(false)
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(priority(object::text(version, "/name"))));
    versions
        .into_iter()
        .map(|version| (info(definition, version), custom(version)))
        .collect()
}

/// Orders versions as kube-aware version strings: GA over beta over alpha, then the numbers.
fn priority(version: &str) -> (u8, u64, u64) {
    let Some(rest) = version.strip_prefix('v') else {
        return (0, 0, 0);
    };
    let digits = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let Ok(major) = rest[..digits].parse() else {
        return (0, 0, 0);
    };
    let minor = |tail: &str| tail.parse().unwrap_or(0);
    match &rest[digits..] {
        "" => (3, major, 0),
        tail if tail.starts_with("beta") => (2, major, minor(&tail[4..])),
        tail if tail.starts_with("alpha") => (1, major, minor(&tail[5..])),
        _ => (0, 0, 0),
    }
}

fn info(definition: &Value, version: &Value) -> kudo_schema::Resource {
    let names = |pointer: &str| {
        let names = object::list(definition, pointer)
            .iter()
            .filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let group = object::text(definition, "/spec/group").to_owned();
    let version_name = object::text(version, "/name").to_owned();
    let kind = object::text(definition, "/spec/names/kind").to_owned();
    let mut subresources = Vec::new();
    if version.pointer("/subresources/status").is_some() {
        subresources.push(Subresource {
            name: "status".to_owned(),
            group: String::new(),
            version: String::new(),
            kind: kind.clone(),
            verbs: words(&["get", "patch", "update"]),
        });
    }
    if version.pointer("/subresources/scale").is_some() {
        subresources.push(Subresource {
            name: "scale".to_owned(),
            group: "autoscaling".to_owned(),
            version: "v1".to_owned(),
            kind: "Scale".to_owned(),
            verbs: words(&["get", "patch", "update"]),
        });
    }
    kudo_schema::Resource {
        group,
        version: version_name,
        kind,
        plural: object::text(definition, "/spec/names/plural").to_owned(),
        singular: object::text(definition, "/spec/names/singular").to_owned(),
        namespaced: object::text(definition, "/spec/scope") == "Namespaced",
        short_names: names("/spec/names/shortNames"),
        categories: names("/spec/names/categories"),
        verbs: words(&[
            "delete",
            "deletecollection",
            "get",
            "list",
            "patch",
            "create",
            "update",
            "watch",
        ]),
        subresources,
    }
}

fn custom(version: &Value) -> Custom {
    let raw_schema = version
        .pointer("/schema/openAPIV3Schema")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let scale = version
        .pointer("/subresources/scale")
        .map(|scale| ScalePaths {
            spec_replicas: object::text(scale, "/specReplicasPath").to_owned(),
            status_replicas: object::text(scale, "/statusReplicasPath").to_owned(),
            selector: scale
                .get("labelSelectorPath")
                .and_then(Value::as_str)
                .map(str::to_owned),
        });
    let selectable = object::list(version, "/selectableFields")
        .iter()
        .map(|field| {
            object::text(field, "/jsonPath")
                .trim_start_matches('.')
                .to_owned()
        })
        .collect();
    Custom {
        schema: CrdSchema::new(&raw_schema),
        raw_schema,
        columns: object::list(version, "/additionalPrinterColumns").to_vec(),
        scale,
        selectable,
    }
}

/// Fills in what the server defaults in a definition.
pub(crate) fn default(definition: &mut Value) {
    let kind = object::text(definition, "/spec/names/kind").to_owned();
    let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    spec.entry("conversion")
        .or_insert_with(|| json!({"strategy": "None"}));
    let names = spec
        .entry("names")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Some(names) = names.as_object_mut() {
        names
            .entry("singular")
            .or_insert_with(|| kind.to_lowercase().into());
        names
            .entry("listKind")
            .or_insert_with(|| format!("{kind}List").into());
    }
}

/// Returns what is wrong with a definition.
pub(crate) fn check(definition: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let text = |pointer: &str| object::text(definition, pointer);
    let expected = format!("{}.{}", text("/spec/names/plural"), text("/spec/group"));
    if object::name(definition) != expected {
        let rule = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid(
            "metadata.name",
            &Value::from(object::name(definition)),
            rule,
        ));
    }
    let versions = object::list(definition, "/spec/versions");
    let storage = versions
        .iter()
        .filter(|version| {
            version
                .get("storage")
                .and_then(Value::as_bool)
                .unwrap_or(false)
        })
        .count();
    if storage != 1 {
        let rule = "must have exactly one version marked as storage version";
        let shown = definition
            .pointer("/spec/versions")
            .cloned()
            .unwrap_or_default();
        causes.push(Cause::invalid("spec.versions", &shown, rule));
    }
    for (index, version) in versions.iter().enumerate() {
        if version.pointer("/schema/openAPIV3Schema").is_none() {
            causes.push(Cause::required(
                format!("spec.versions[{index}].schema.openAPIV3Schema"),
                "schemas are required",
            ));
        }
    }
    causes
}

/// Returns what is wrong with the replicas of an object that can be scaled.
pub(crate) fn scale_causes(custom: Option<&Custom>, object: &Value) -> Option<Cause> {
    let path = &custom?.scale.as_ref()?.spec_replicas;
    let value = object
        .pointer(&path.replace('.', "/"))
        .filter(|value| !value.is_null())?;
    match value.as_i64() {
        Some(number) if number >= 0 => None,
        Some(_) => Some(Cause::invalid(
            path,
            value,
            "should be a non-negative integer",
        )),
        None => {
            let kind = if value.is_string() {
                "string"
            } else {
                "float64"
            };
            let shown = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let rule =
                format!("{path} accessor error: {shown} is of the type {kind}, expected int64");
            Some(Cause::invalid(path, &0.into(), rule))
        }
    }
}

/// Sets the conditions and accepted names of a new definition.
pub(crate) fn establish(store: &Store, definition: &Value) -> Result<(), Refusal> {
    let now = clock::seconds(store.clock().now());
    store.modify(&resources::CRDS, "", object::name(definition), |stored| {
        if !object::is_terminating(stored) {
            crate::admission::finalizer(stored, FINALIZER);
        }
        let names = stored.pointer("/spec/names").cloned().unwrap_or_default();
        let versions: Vec<Value> = object::list(stored, "/spec/versions")
            .iter()
            .filter(|version| {
                version
                    .get("storage")
                    .and_then(Value::as_bool)
                    .unwrap_or(false)
            })
            .filter_map(|version| version.get("name").cloned())
            .collect();
        let earlier = stored.pointer("/status/conditions").cloned();
        let status = object::member_mut(stored, "status");
        status.insert("acceptedNames".to_owned(), names);
        status.insert("storedVersions".to_owned(), Value::Array(versions));
        let conditions = earlier.unwrap_or_else(|| {
            json!([
                {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now,
                 "reason": "NoConflicts", "message": "no conflicts found",
                 "observedGeneration": 1},
                {"type": "Established", "status": "True", "lastTransitionTime": now,
                 "reason": "InitialNamesAccepted",
                 "message": "the initial names have been accepted", "observedGeneration": 1},
            ])
        });
        status.insert("conditions".to_owned(), conditions);
        Ok(())
    })?;
    Ok(())
}

/// Finishes the deletion of definitions: their objects go, then the finalizer.
pub(crate) fn finish_deletion(store: &Store, definition: &Arc<Value>) -> Result<(), Refusal> {
    let storage = crate::store::Resource::new(
        object::text(definition, "/spec/group"),
        object::text(definition, "/spec/names/plural"),
    );
    let all = Selector::everything();
    for custom in store.list(&storage, None, &all).items {
        if !object::is_terminating(&custom) {
            let (namespace, name) = (object::namespace(&custom), object::name(&custom));
            store.delete(&storage, namespace, name, &DeleteOptions::default())?;
        }
    }
    if !store.list(&storage, None, &all).items.is_empty() {
        return Ok(());
    }
    store.modify(&resources::CRDS, "", object::name(definition), |stored| {
        remove_finalizer(stored, FINALIZER);
        Ok(())
    })?;
    Ok(())
}

/// The finalizer every definition gets, so that its objects are deleted first.
pub(crate) const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Removes one finalizer from an object.
pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let kept: Vec<String> = object::finalizers(object)
        .into_iter()
        .filter(|kept| *kept != finalizer)
        .map(str::to_owned)
        .collect();
    let value = if kept.is_empty() {
        Value::Null
    } else {
        json!(kept)
    };
    object::set(object::metadata_mut(object), "finalizers", value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_orders_them() {
        let mut versions = ["foo", "v1alpha1", "v2", "v1beta2", "v1beta10", "v10"];
        versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        assert_eq!(
            versions,
            ["v10", "v2", "v1beta10", "v1beta2", "v1alpha1", "foo"]
        );
    }
}
