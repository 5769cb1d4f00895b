//! The hash that restarts pods when a `ConfigMap` or Secret they use changes (kudo-spec 4.6).
//!
//! Its bytes are KUDO's, so an instance taken over from KUDO keeps its pods running.

use std::fmt::Write as _;

use k8s_openapi::ByteString;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::{
    api::names::{ANNOTATION_DEPENDENCIES_HASH, ANNOTATION_LAST_APPLIED, ANNOTATION_SKIP_HASH},
    enhance::{add_strings, pod_template_paths},
};

/// A `ConfigMap` or Secret that a pod template uses; the order is the one that is hashed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Dependency {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// Namespace of the object that uses it.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Returns what the pod template of `object` uses through volumes and pull secrets.
///
/// Only kinds whose pod templates are annotated count: KUDO tried to read `spec.template` of every
/// kind as a pod template and failed on custom resources that mean something else by it.
pub fn dependencies(object: &Value) -> Vec<Dependency> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    for path in pod_template_paths(object) {
        let template = path.iter().fold(object, |value, key| &value[*key]);
        let list = |key: &str| template["spec"][key].as_array().into_iter().flatten();
        let mut add = |kind, name: &Value| {
            if let Some(name) = name.as_str() {
                let (namespace, name) = (namespace.to_owned(), name.to_owned());
                found.push(Dependency {
                    kind,
                    namespace,
                    name,
                });
            }
        };
        list("imagePullSecrets").for_each(|secret| add("Secret", &secret["name"]));
        for volume in list("volumes") {
            add("ConfigMap", &volume["configMap"]["name"]);
            add("Secret", &volume["secret"]["secretName"]);
        }
    }
    found.sort();
    found
}

/// Returns the hash over the objects that stand for dependencies, in their order; `None` stands for
/// one that does not exist.
pub fn hash(objects: &[Option<Value>]) -> String {
    let mut all = Md5::new();
    for object in objects {
        all.update(object.as_ref().map_or([0; 16], digest));
    }
    hex(&all.finalize())
}

/// Writes `hash` where it restarts the pods of `object`.
pub fn annotate(object: &mut Value, hash: &str) {
    for path in pod_template_paths(object) {
        let path = [path, &["metadata", "annotations"]].concat();
        add_strings(object, &path, &[(ANNOTATION_DEPENDENCIES_HASH, hash)]);
    }
}

fn digest(object: &Value) -> [u8; 16] {
    let annotations = &object["metadata"]["annotations"];
    if annotations.get(ANNOTATION_SKIP_HASH).is_some() {
        return [0; 16];
    }
    let sanitised = sanitised(match object["kind"].as_str() {
        Some("Secret") => stored_secret(object.clone()),
        _ => as_applied(object).unwrap_or_else(|| object.clone()),
    });
    let text = kudo_yaml::emit(&kudo_yaml::from_json(&json!({"object": sanitised})));
    Md5::digest(text).into()
}

/// Returns `object` as it was applied, without what others added since.
fn as_applied(object: &Value) -> Option<Value> {
    let applied = object["metadata"]["annotations"]
        .get(ANNOTATION_LAST_APPLIED)?
        .as_str()?;
    serde_json::from_str(applied).ok()
}

/// Returns a Secret in the one form that a template and the server share: its annotation has no
/// values, and the server turns `stringData` into `data`.
fn stored_secret(mut secret: Value) -> Value {
    let Some(map) = secret.as_object_mut() else {
        return secret;
    };
    let texts = map.remove("stringData");
    map.entry("type").or_insert_with(|| json!("Opaque"));
    let data = map.entry("data").or_insert_with(|| json!({}));
    for (key, text) in texts
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        data[key] = json!(ByteString(text.as_str().unwrap_or_default().into()));
    }
    secret
}

/// Removes what changes although the content does not.
fn sanitised(mut object: Value) -> Value {
    if let Some(root) = object.as_object_mut() {
        root.insert("apiVersion".to_owned(), json!(""));
        root.insert("kind".to_owned(), json!(""));
    }
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return object;
    };
    for key in [
        "namespace",
        "resourceVersion",
        "clusterName",
        "generateName",
        "selfLink",
        "uid",
        "generation",
        "creationTimestamp",
    ] {
        metadata.remove(key);
    }
    for key in ["ownerReferences", "finalizers", "managedFields"] {
        metadata.insert(key.to_owned(), json!([]));
    }
    for key in ["deletionGracePeriodSeconds", "remainingItemCount"] {
        metadata.insert(key.to_owned(), json!(0));
    }
    metadata.insert("annotations".to_owned(), json!({}));
    object
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value_a: &str, value_b: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "configdata", "namespace": "default",
                "labels": {
                    "heritage": "kudo", "kudo.dev/instance": "depop",
                    "kudo.dev/operator": "dep-operator",
                },
                "annotations": {"kudo.dev/plan": "deploy"},
            },
            "data": {"valueA": value_a, "valueB": value_b},
        })
    }

    // The constants of KUDO's end-to-end test (kudo-spec 4.6).
    #[test]
    fn hashes_are_kudos() {
        for (value_a, value_b, expected) in [
            (
                "FancyValue",
                "OtherFancyValue",
                "6fa812afe527bdb6c9a5fbfcba8193bb",
            ),
            (
                "ChangedValue",
                "OtherFancyValue",
                "da9f56a62d3c4af2596bebace008d845",
            ),
            (
                "ChangedValue",
                "SecondChangedValue",
                "1510654b540619228b477bdd56d44175",
            ),
        ] {
            assert_eq!(
                hash(&[Some(config(value_a, value_b))]),
                expected,
                "{value_a} {value_b}"
            );
        }
    }

    #[test]
    fn what_the_server_adds_does_not_change_the_hash() {
        let mut live = config("a", "b");
        live["metadata"]["uid"] = json!("u");
        live["metadata"]["resourceVersion"] = json!("7");
        live["metadata"]["annotations"][ANNOTATION_LAST_APPLIED] =
            json!(config("a", "b").to_string());
        live["data"]["added"] = json!("by somebody else");

        assert_eq!(hash(&[Some(live)]), hash(&[Some(config("a", "b"))]));
    }

    #[test]
    fn a_secret_hashes_alike_in_a_template_and_in_the_cluster() {
        let secret = |key: &str, value: &str| json!({"kind": "Secret", "metadata": {"name": "s"}, key: {"password": value}});

        let template = hash(&[Some(secret("stringData", "hunter2"))]);

        assert_eq!(template, hash(&[Some(secret("data", "aHVudGVyMg=="))]));
        assert_ne!(template, hash(&[Some(secret("stringData", "other"))]));
    }

    #[test]
    fn objects_that_opt_out_count_like_missing_ones() {
        let mut skipped = config("a", "b");
        skipped["metadata"]["annotations"][ANNOTATION_SKIP_HASH] = json!("");

        assert_eq!(hash(&[Some(skipped)]), hash(&[None]));
    }

    #[test]
    fn volumes_and_pull_secrets_are_dependencies() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "n"},
            "spec": {"template": {"spec": {
                "imagePullSecrets": [{"name": "pull"}],
                "volumes": [
                    {"secret": {"secretName": "s"}}, {"configMap": {"name": "c"}}, {"emptyDir": {}},
                ],
            }}},
        });

        let names = dependencies(&object)
            .into_iter()
            .map(|one| (one.kind, one.name));

        let text = |s: &str| s.to_owned();
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                ("ConfigMap", text("c")),
                ("Secret", text("pull")),
                ("Secret", text("s"))
            ]
        );
    }
}
