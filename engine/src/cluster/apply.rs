//! Server-side apply of one object, with what KUDO tolerated (design decision 3).

use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::{Map, Value, json};

use crate::api::names::{ANNOTATION_LAST_APPLIED, FIELD_MANAGER};

use super::{Cluster, ClusterError, Kind, as_value, watch::Verdict};

/// All annotations of an object together have 256 KiB; a part of that is left to others.
const LARGEST_ANNOTATION: usize = 192 * 1024;

/// What came of an apply.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The object as the server keeps it now.
    pub object: Value,
    /// What had to be changed before the server took it, for people.
    pub warnings: Vec<String>,
}

impl Cluster {
    /// Makes the fields of `object` true in the cluster and drops those applied earlier and no longer
    /// named; one request, unless the object needs help.
    ///
    /// # Errors
    ///
    /// What the server says. Fields that a built-in kind does not have and doubled keys are dropped
    /// instead, as KUDO did, each with a warning; a Job or bare Pod whose immutable fields changed is
    /// deleted and created anew.
    pub async fn apply(&self, kind: &Kind, object: &Value) -> Result<Applied, ClusterError> {
        let mut object = object.clone();
        remember(&mut object);
        let mut warnings = Vec::new();
        let stored = match self.send(kind, &object).await {
            Err(error) if is_shape_refusal(&error) => {
                warnings = self.normalise(kind, &mut object, &error).await?;
                remember(&mut object);
                self.send(kind, &object).await?
            }
            Err(error) if is_replaceable(kind, &error) => {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                warnings.push(format!(
                    "{} `{name}` was deleted and created anew, because a field that cannot change \
                     has changed",
                    kind.resource.kind
                ));
                self.replace(kind, &object).await?
            }
            other => other?,
        };
        let stored = match adopted(&stored) {
            Some(managed_fields) => self.adopt(kind, &object, &stored, managed_fields).await?,
            None => stored,
        };
        Ok(Applied {
            object: stored,
            warnings,
        })
    }

    async fn send(&self, kind: &Kind, object: &Value) -> Result<Value, ClusterError> {
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let (namespace, name) = place_of(object);
        let api = self.objects(kind, namespace);
        Ok(as_value(
            &api.patch(name, &params, &Patch::Apply(object)).await?,
        ))
    }

    /// Drops what the cluster's own schema of this kind does not allow.
    async fn normalise(
        &self,
        kind: &Kind,
        object: &mut Value,
        refusal: &ClusterError,
    ) -> Result<Vec<String>, ClusterError> {
        let warnings = self.fit_to_schema(kind, object).await?;
        if warnings.is_empty() {
            return Err(ClusterError::Unreachable(format!(
                "the object does not fit its schema: {refusal}"
            )));
        }
        Ok(warnings)
    }

    async fn replace(&self, kind: &Kind, object: &Value) -> Result<Value, ClusterError> {
        let (namespace, name) = place_of(object);
        if let Some(old) = self.delete(kind, namespace, name).await? {
            let uid = old["metadata"]["uid"].clone();
            let target = super::watch::Target {
                kind: kind.clone(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
            let version = super::watch::version_of(&old);
            self.observe(&target, &version, |state| match state {
                Some(state) if state["metadata"]["uid"] == uid => Verdict::Watch,
                _ => Verdict::Enough,
            })
            .await;
        }
        self.send(kind, object).await
    }

    /// Takes an object over from Go KUDO: its fields become ours, so that what the package no longer
    /// names goes away with the apply that follows.
    async fn adopt(
        &self,
        kind: &Kind,
        object: &Value,
        stored: &Value,
        managed_fields: Value,
    ) -> Result<Value, ClusterError> {
        let (namespace, name) = place_of(object);
        let version = &stored["metadata"]["resourceVersion"];
        let patch = json!({
            "metadata": {"resourceVersion": version, "managedFields": managed_fields},
        });
        let api = self.objects(kind, namespace);
        let params = PatchParams::default();
        let _taken_over: DynamicObject = api.patch(name, &params, &Patch::Merge(&patch)).await?;
        self.send(kind, object).await
    }
}

fn place_of(object: &Value) -> (&str, &str) {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    (text("namespace"), text("name"))
}

/// Writes the object's own JSON into the annotation that KUDO's tooling reads (kudo-spec 3.4).
///
/// A Secret's values are left out: the annotation would show them to everybody who may list
/// annotations, and nothing here reads them back. Of an object that is too large for an annotation only
/// its name is left, or the server would refuse the object.
fn remember(object: &mut Value) {
    if let Some(annotations) = object["metadata"]["annotations"].as_object_mut() {
        annotations.remove(ANNOTATION_LAST_APPLIED);
    }
    let mut copy = object.clone();
    if copy["kind"] == "Secret"
        && let Some(map) = copy.as_object_mut()
    {
        map.remove("data");
        map.remove("stringData");
    }
    let mut text = copy.to_string();
    if text.len() > LARGEST_ANNOTATION
        && let Some(map) = copy.as_object_mut()
    {
        map.retain(|key, _| ["apiVersion", "kind", "metadata"].contains(&key.as_str()));
        text = copy.to_string();
    }
    crate::enhance::add_strings(
        object,
        &["metadata", "annotations"],
        &[(ANNOTATION_LAST_APPLIED, &text)],
    );
}

/// Whether the server refused the shape of the object, which dropping fields can mend.
fn is_shape_refusal(error: &ClusterError) -> bool {
    error.refusal().is_some_and(|status| {
        status.message.contains("field not declared in schema")
            || status.message.contains("duplicate entries for key")
    })
}

/// Whether the server refused to change a field of a kind that can simply be made again.
fn is_replaceable(kind: &Kind, error: &ClusterError) -> bool {
    let resource = &kind.resource;
    let is_disposable = matches!(
        (resource.group.as_str(), resource.kind.as_str()),
        ("batch", "Job") | ("", "Pod")
    );
    is_disposable
        && error.refusal().is_some_and(|status| {
            status.code == 422
                && (status.message.contains("field is immutable")
                    || status.message.contains("pod updates may not change fields"))
        })
}

/// Returns the managed fields that make Go KUDO's fields ours, or `None` when it left none.
///
/// Go KUDO is known by the annotation it wrote: whoever owns that one by an update is it.
fn adopted(stored: &Value) -> Option<Value> {
    let entries = stored["metadata"]["managedFields"].as_array()?;
    let annotation = format!("f:{ANNOTATION_LAST_APPLIED}");
    let is_go_kudo = |entry: &&Value| {
        entry["operation"] == "Update"
            && entry["manager"] != FIELD_MANAGER
            && entry.get("subresource").is_none()
            && entry["fieldsV1"]["f:metadata"]["f:annotations"]
                .get(&annotation)
                .is_some()
    };
    let is_ours =
        |entry: &Value| entry["operation"] == "Apply" && entry["manager"] == FIELD_MANAGER;
    let theirs: Vec<&Value> = entries.iter().filter(is_go_kudo).collect();
    if theirs.is_empty() {
        return None;
    }
    let kept = entries
        .iter()
        .filter(|entry| !is_go_kudo(entry))
        .map(|entry| {
            let mut entry = entry.clone();
            if is_ours(&entry)
                && let Some(fields) = entry["fieldsV1"].as_object_mut()
            {
                for one in theirs.iter().filter_map(|one| one["fieldsV1"].as_object()) {
                    unite(fields, one);
                }
            }
            entry
        });
    Some(kept.collect())
}

/// Adds the fields of `other` to `fields`.
fn unite(fields: &mut Map<String, Value>, other: &Map<String, Value>) {
    for (key, value) in other {
        match (fields.get_mut(key), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => unite(ours, theirs),
            (Some(_), _) => {}
            (None, _) => drop(fields.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_secret_are_not_copied_into_an_annotation() {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
            "stringData": {"password": "hunter2"},
        });

        remember(&mut secret);

        let text = secret["metadata"]["annotations"][ANNOTATION_LAST_APPLIED]
            .as_str()
            .unwrap();
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn an_object_that_is_too_large_for_an_annotation_is_remembered_by_name() {
        let mut map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "m", "annotations": {"mine": "kept"}},
            "binaryData": {"file": "A".repeat(1_398_104)},
        });

        remember(&mut map);

        let text = map["metadata"]["annotations"][ANNOTATION_LAST_APPLIED]
            .as_str()
            .unwrap();
        let remembered: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            remembered,
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "m", "annotations": {"mine": "kept"}},
            })
        );
        assert!(map["binaryData"]["file"].is_string());
    }

    #[test]
    fn fields_of_go_kudo_become_ours() {
        let annotation = format!("f:{ANNOTATION_LAST_APPLIED}");
        let stored = json!({"metadata": {"managedFields": [
            {"manager": "manager", "operation": "Update", "fieldsV1": {
                "f:metadata": {"f:annotations": {annotation: {}}}, "f:data": {"f:old": {}},
            }},
            {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:data": {"f:hand": {}}}},
            {"manager": "kudo-rs", "operation": "Apply", "fieldsV1": {"f:data": {"f:new": {}}}},
        ]}});

        let entries = adopted(&stored).unwrap();

        let managers: Vec<_> = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["manager"])
            .collect();
        assert_eq!(managers, ["kubectl", "kudo-rs"]);
        assert_eq!(
            entries[1]["fieldsV1"]["f:data"],
            json!({"f:new": {}, "f:old": {}})
        );
    }
}
