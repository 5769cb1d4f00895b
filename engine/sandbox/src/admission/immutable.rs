//! Fields that cannot be changed once they are set, in the words of the server.

use serde_json::Value;

use crate::api::catalog::Served;
use crate::refusal::Cause;
use crate::store::object;

const FIELD_IS_IMMUTABLE: &str = "field is immutable";
const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
previously negative)";
const STATEFUL_SET: &str = "updates to statefulset spec for fields other than 'replicas', \
'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const CLAIM: &str = "spec is immutable after creation except resources.requests and \
volumeAttributesClassName for bound claims";

/// Returns the refused changes from `old` to `object`.
pub(super) fn causes(served: &Served, old: &Value, object: &Value) -> Vec<Cause> {
    match (served.storage.group(), served.storage.name()) {
        ("", "configmaps") => map(old, object, &["data", "binaryData"]),
        ("", "secrets") => secret(old, object),
        ("", "pods") => pod(old, object),
        ("", "services") => service(old, object),
        ("", "persistentvolumeclaims") => claim(old, object),
        ("apps", "deployments" | "daemonsets" | "replicasets") => {
            fixed(old, object, &["spec.selector"])
        }
        ("apps", "statefulsets") => stateful_set(old, object),
        ("batch", "jobs") => job(old, object),
        ("storage.k8s.io", "storageclasses") => fixed_forbidden(
            old,
            object,
            &[
                ("parameters", "updates to parameters are forbidden."),
                ("provisioner", "updates to provisioner are forbidden."),
                ("reclaimPolicy", "updates to reclaimPolicy are forbidden."),
            ],
        ),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => role(old, object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => fixed(
            old,
            object,
            &[
                "spec.group",
                "spec.scope",
                "spec.names.plural",
                "spec.names.kind",
            ],
        ),
        _ => Vec::new(),
    }
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    object
        .pointer(&format!("/{}", path.replace('.', "/")))
        .filter(|value| !value.is_null())
}

fn fixed(old: &Value, object: &Value, paths: &[&str]) -> Vec<Cause> {
    let changed = paths
        .iter()
        .filter(|path| at(old, path) != at(object, path));
    changed
        .map(|path| {
            let value = at(object, path).cloned().unwrap_or_default();
            Cause::invalid(*path, &value, FIELD_IS_IMMUTABLE)
        })
        .collect()
}

fn fixed_forbidden(old: &Value, object: &Value, paths: &[(&str, &str)]) -> Vec<Cause> {
    let changed = paths
        .iter()
        .filter(|(path, _)| at(old, path) != at(object, path));
    changed
        .map(|(path, rule)| Cause::forbidden(*path, rule))
        .collect()
}

/// A map marked `immutable` stays as it is.
fn map(old: &Value, object: &Value, fields: &[&str]) -> Vec<Cause> {
    if old.get("immutable") != Some(&Value::Bool(true)) {
        return Vec::new();
    }
    let rule = "field is immutable when `immutable` is set";
    let mut causes = Vec::new();
    if object.get("immutable") != Some(&Value::Bool(true)) {
        causes.push(Cause::forbidden("immutable", rule));
    }
    let empty = Value::Object(serde_json::Map::new());
    for field in fields {
        if old.get(field).unwrap_or(&empty) != object.get(field).unwrap_or(&empty) {
            causes.push(Cause::forbidden(*field, rule));
        }
    }
    causes
}

fn secret(old: &Value, object: &Value) -> Vec<Cause> {
    let mut causes = fixed(old, object, &["type"]);
    causes.extend(map(old, object, &["data"]));
    causes
}

fn pod(old: &Value, object: &Value) -> Vec<Cause> {
    let fixed = |pod: &Value| {
        let mut spec = pod.get("spec").cloned().unwrap_or_default();
        for list in ["containers", "initContainers"] {
            for container in spec
                .get_mut(list)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                object::as_members(container).remove("image");
            }
        }
        let members = object::as_members(&mut spec);
        members.remove("activeDeadlineSeconds");
        // Additions to the tolerations are allowed, and harmless where nothing is evicted.
        members.remove("tolerations");
        spec
    };
    let (before, after) = (fixed(old), fixed(object));
    if before == after {
        return Vec::new();
    }
    vec![Cause::forbidden(
        "spec",
        format!("{POD}\n{}", changes("spec", &before, &after)),
    )]
}

/// Lists the changed fields below a path, one a line; the server prints a diff of its Go structs.
fn changes(path: &str, before: &Value, after: &Value) -> String {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return format!("{path}: {before} became {after}\n");
    };
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let null = Value::Null;
    keys.into_iter()
        .map(|key| {
            (
                key,
                old.get(key).unwrap_or(&null),
                new.get(key).unwrap_or(&null),
            )
        })
        .filter(|(_, before, after)| before != after)
        .fold(String::new(), |text, (key, before, after)| {
            text + &format!("{path}.{key}: {before} became {after}\n")
        })
}

fn service(old: &Value, object: &Value) -> Vec<Cause> {
    let (before, after) = (
        object::text(old, "/spec/clusterIP"),
        object::text(object, "/spec/clusterIP"),
    );
    if before.is_empty() || before == after {
        return Vec::new();
    }
    let addresses = serde_json::json!([after]);
    vec![Cause::invalid(
        "spec.clusterIPs[0]",
        &addresses,
        "may not change once set",
    )]
}

fn claim(old: &Value, object: &Value) -> Vec<Cause> {
    let bound = object::text(old, "/status/phase") == "Bound";
    let fixed = |claim: &Value| {
        let mut spec = claim.get("spec").cloned().unwrap_or_default();
        let members = object::as_members(&mut spec);
        // The controller that binds a claim writes the volume's name.
        if object::text(old, "/spec/volumeName").is_empty() {
            members.remove("volumeName");
        }
        if bound {
            members.remove("volumeAttributesClassName");
            let resources = object::member_mut(&mut spec, "resources");
            resources.remove("requests");
        }
        spec
    };
    let (before, after) = (fixed(old), fixed(object));
    if before == after {
        return Vec::new();
    }
    vec![Cause::forbidden(
        "spec",
        format!("{CLAIM}\n{}", changes("spec", &before, &after)),
    )]
}

fn stateful_set(old: &Value, object: &Value) -> Vec<Cause> {
    let fixed = |set: &Value| {
        let mut spec = set.get("spec").cloned().unwrap_or_default();
        let members = object::as_members(&mut spec);
        for field in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ] {
            members.remove(field);
        }
        spec
    };
    if fixed(old) == fixed(object) {
        return Vec::new();
    }
    vec![Cause::forbidden("spec", STATEFUL_SET)]
}

fn job(old: &Value, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let indexed = object::text(old, "/spec/completionMode") == "Indexed";
    if !indexed {
        causes.extend(fixed(old, object, &["spec.completions"]));
    }
    causes.extend(fixed(old, object, &["spec.selector"]));
    causes.extend(fixed(old, object, &["spec.template"]));
    causes.extend(fixed(
        old,
        object,
        &["spec.completionMode", "spec.podFailurePolicy"],
    ));
    causes
}

fn role(old: &Value, object: &Value) -> Vec<Cause> {
    if old.get("roleRef") == object.get("roleRef") {
        return Vec::new();
    }
    // The server shows its Go struct, whose members have no JSON names.
    let part = |key: &str| {
        object
            .pointer(&format!("/roleRef/{key}"))
            .cloned()
            .unwrap_or_default()
    };
    let value = serde_json::json!({"APIGroup": part("apiGroup"), "Kind": part("kind"),
                                   "Name": part("name")});
    vec![Cause::invalid("roleRef", &value, "cannot change roleRef")]
}
