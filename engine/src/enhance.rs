//! What every object of a package gets before it is applied: labels, annotations, namespace, owner
//! (kudo-spec 4.5).

use serde_json::{Map, Value, json};

use crate::{
    api::names::{
        ANNOTATION_EXECUTION_UID, ANNOTATION_OPERATOR_VERSION, ANNOTATION_PHASE, ANNOTATION_PLAN,
        ANNOTATION_STEP, HERITAGE_KUDO, LABEL_HERITAGE, LABEL_INSTANCE, LABEL_OPERATOR,
    },
    plan::Position,
    subject::Subject,
};

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// They do.
    Namespaced,
    /// They belong to the cluster as a whole.
    Cluster,
}

/// An object that cannot belong to the instance.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnhanceError {
    /// The template names a controller of its own.
    #[error(
        "{kind} `{name}` already has the controller {owner}; an object of a package is controlled \
         by its instance"
    )]
    ForeignController {
        /// Kind of the object.
        kind: String,
        /// Name of the object.
        name: String,
        /// Kind and name of the other controller.
        owner: String,
    },
}

/// Marks `object` as what `subject` applied at `position`.
///
/// # Errors
///
/// When the template names another controller for a namespaced object.
pub fn enhance(
    object: &mut Value,
    subject: &Subject,
    position: &Position,
    execution_uid: &str,
    scope: Scope,
) -> Result<(), EnhanceError> {
    let labels = [
        (LABEL_HERITAGE, HERITAGE_KUDO),
        (LABEL_OPERATOR, &subject.operator_name),
        (LABEL_INSTANCE, &subject.name),
    ];
    add_strings(object, &["metadata", "labels"], &labels);
    add_strings(
        object,
        &["metadata", "annotations"],
        &[
            (ANNOTATION_PLAN, &position.plan),
            (ANNOTATION_PHASE, &position.phase),
            (ANNOTATION_STEP, &position.step),
            (ANNOTATION_EXECUTION_UID, execution_uid),
        ],
    );
    // Annotations of pod templates must not change from plan to plan: a change restarts the pods.
    for path in pod_template_paths(object) {
        let at = |last: &'static str| [path, &["metadata", last]].concat();
        add_strings(object, &at("labels"), &labels);
        let version = [(
            ANNOTATION_OPERATOR_VERSION,
            subject.operator_version.as_str(),
        )];
        add_strings(object, &at("annotations"), &version);
    }
    if let Some(Value::Array(claims)) = object.pointer_mut("/spec/volumeClaimTemplates") {
        for claim in claims {
            add_strings(claim, &["metadata", "labels"], &labels);
        }
    }
    match scope {
        Scope::Namespaced => own(object, subject),
        Scope::Cluster => Ok(()),
    }
}

/// Returns where `object` has pod templates, for the kinds that KUDO labels (kudo-spec 4.5, 2).
pub fn pod_template_paths(object: &Value) -> Vec<&'static [&'static str]> {
    let group = object["apiVersion"].as_str().unwrap_or_default();
    match (
        group.split('/').next().unwrap_or_default(),
        object["kind"].as_str(),
    ) {
        ("apps", Some("StatefulSet" | "Deployment"))
        | ("batch", Some("Job"))
        | (_, Some("ReplicaSet" | "ReplicationController" | "DaemonSet")) => {
            vec![&["spec", "template"]]
        }
        ("batch", Some("CronJob")) => vec![&["spec", "jobTemplate", "spec", "template"]],
        _ => Vec::new(),
    }
}

fn own(object: &mut Value, subject: &Subject) -> Result<(), EnhanceError> {
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let Some(metadata) = child(object, "metadata") else {
        return Ok(());
    };
    metadata.insert("namespace".to_owned(), json!(subject.namespace));
    let name = metadata
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let owners = metadata
        .entry("ownerReferences")
        .or_insert_with(|| json!([]));
    if !owners.is_array() {
        *owners = json!([]);
    }
    let owners = owners.as_array_mut().expect("made an array above");
    owners.retain(|owner| owner["uid"] != subject.uid.as_str());
    if let Some(owner) = owners.iter().find(|owner| owner["controller"] == true) {
        let text = |key: &str| owner[key].as_str().unwrap_or_default();
        let owner = format!("{} `{}`", text("kind"), text("name"));
        return Err(EnhanceError::ForeignController { kind, name, owner });
    }
    owners.push(subject.owner_reference());
    Ok(())
}

/// Sets `entries` in the map at `path`, making maps that are missing.
///
/// A path on which something is not a map is left alone, as in KUDO.
pub fn add_strings(object: &mut Value, path: &[&str], entries: &[(&str, &str)]) {
    let mut at = object;
    for key in path {
        let Some(map) = at.as_object_mut() else {
            return;
        };
        let next = map.entry(*key).or_insert(Value::Null);
        if next.is_null() {
            *next = json!({});
        }
        at = next;
    }
    let Some(map) = at.as_object_mut() else {
        return;
    };
    map.extend(
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value))),
    );
}

fn child<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    object
        .as_object_mut()?
        .entry(key)
        .or_insert_with(|| json!({}))
        .as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            name: "demo".to_owned(),
            namespace: "ns1".to_owned(),
            uid: "I1".to_owned(),
            operator_name: "first-operator".to_owned(),
            operator_version: "0.1.0".to_owned(),
            app_version: "1.7.9".to_owned(),
        }
    }

    fn enhanced(mut object: Value, scope: Scope) -> Value {
        let text = |s: &str| s.to_owned();
        let position = Position {
            plan: text("deploy"),
            phase: text("main"),
            step: text("everything"),
            task: text("app"),
        };
        enhance(&mut object, &subject(), &position, "U1", scope).unwrap();
        object
    }

    // kudo-spec B.3
    #[test]
    fn a_deployment_is_marked_as_kudo_marks_it() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "elsewhere", "labels": {"heritage": "mine"}},
            "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": null}},
        });

        let labels = json!({
            "heritage": "kudo", "kudo.dev/operator": "first-operator", "kudo.dev/instance": "demo",
        });
        assert_eq!(
            enhanced(object, Scope::Namespaced),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {
                    "name": "d", "namespace": "ns1", "labels": labels,
                    "annotations": {
                        "kudo.dev/plan": "deploy", "kudo.dev/phase": "main",
                        "kudo.dev/step": "everything", "kudo.dev/last-plan-execution-uid": "U1",
                    },
                    "ownerReferences": [{
                        "apiVersion": "kudo.dev/v1beta1", "kind": "Instance", "name": "demo",
                        "uid": "I1", "controller": true, "blockOwnerDeletion": true,
                    }],
                },
                "spec": {
                    "selector": {"matchLabels": {"app": "x"}},
                    "template": {"metadata": {
                        "labels": labels, "annotations": {"kudo.dev/operator-version": "0.1.0"},
                    }},
                },
            })
        );
    }

    #[test]
    fn claims_of_a_stateful_set_get_labels_but_no_annotations() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
            "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
        });

        let metadata =
            &enhanced(object, Scope::Namespaced)["spec"]["volumeClaimTemplates"][0]["metadata"];

        assert_eq!(metadata["labels"]["kudo.dev/instance"], "demo");
        assert_eq!(metadata.get("annotations"), None);
    }

    #[test]
    fn a_cron_job_is_labelled_where_its_pods_are_described_and_nowhere_else() {
        let object =
            json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {}, "spec": {}});

        let spec = enhanced(object, Scope::Namespaced)["spec"].clone();

        let labels = "/jobTemplate/spec/template/metadata/labels/heritage";
        assert_eq!(spec.pointer(labels), Some(&json!("kudo")));
        assert_eq!(spec.get("template"), None);
    }

    #[test]
    fn cluster_scoped_objects_have_no_owner() {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});

        let metadata = enhanced(object, Scope::Cluster)["metadata"].clone();

        assert_eq!(metadata.get("ownerReferences"), None);
        assert_eq!(metadata.get("namespace"), None);
    }

    #[test]
    fn a_second_controller_is_refused() {
        let mut object = json!({"kind": "ConfigMap", "metadata": {"name": "c", "ownerReferences": [
            {"kind": "Deployment", "name": "d", "uid": "x", "controller": true},
        ]}});

        assert_eq!(
            own(&mut object, &subject()).unwrap_err().to_string(),
            "ConfigMap `c` already has the controller Deployment `d`; an object of a package is \
             controlled by its instance"
        );
    }
}
