//! The volume claims of a `StatefulSet`: made from `volumeClaimTemplates`, kept or deleted by
//! `persistentVolumeClaimRetentionPolicy`.

use serde_json::{Value, json};

use super::super::kind::Kind;
use super::super::object;
use super::super::outcome::{Notice, Outcome};
use super::{Members, ordinal, pod_name};

/// Makes the claims that a pod is missing; false when one of them is still being deleted.
pub(super) fn create_missing(members: &Members<'_>, ordinal: i64, outcome: &mut Outcome) -> bool {
    let set = members.set;
    let namespace = object::namespace(set);
    let mut ready = true;
    for template in object::list(set, "/spec/volumeClaimTemplates") {
        let name = claim_name(set, template, ordinal);
        let present = members
            .objects
            .named(Kind::PersistentVolumeClaim, namespace, &name);
        match present {
            Some(claim) => ready &= !object::is_terminating(claim),
            None => create(set, template, &name, ordinal, outcome),
        }
    }
    ready
}

fn create(set: &Value, template: &Value, name: &str, ordinal: i64, outcome: &mut Outcome) {
    let mut labels = template
        .pointer("/metadata/labels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let wanted = set
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    for (key, value) in wanted.into_iter().flatten() {
        object::set(&mut labels, &[key], value.clone());
    }
    let mut claim = json!({
        "metadata": {"name": name, "namespace": object::namespace(set), "labels": labels},
        "spec": template.get("spec").cloned().unwrap_or_else(|| json!({})),
    });
    if let Some(annotations) = template.pointer("/metadata/annotations") {
        object::set(
            &mut claim,
            &["metadata", "annotations"],
            annotations.clone(),
        );
    }
    if deletes(set, "whenDeleted") {
        let owner = object::controller_reference(set, Kind::StatefulSet);
        object::set(&mut claim, &["metadata", "ownerReferences"], json!([owner]));
    }
    let (set_name, pod) = (object::name(set), pod_name(set, ordinal));
    let message = format!("Create Claim {name} Pod {pod} in StatefulSet {set_name} success");
    let notice = Notice::normal(Kind::StatefulSet, set, "SuccessfulCreate", message);
    outcome.create_and_tell(Kind::PersistentVolumeClaim, claim, notice);
}

/// Puts the claims of a pod in the place of its template's volumes of these names.
pub(super) fn mount(set: &Value, ordinal: i64, pod: &mut Value) {
    let templates = object::list(set, "/spec/volumeClaimTemplates");
    if templates.is_empty() {
        return;
    }
    let claimed = templates.iter().map(|template| {
        let claim = claim_name(set, template, ordinal);
        json!({"name": object::name(template), "persistentVolumeClaim": {"claimName": claim}})
    });
    let others = object::list(pod, "/spec/volumes").iter().filter(|volume| {
        let name = object::text(volume, "/name");
        !templates
            .iter()
            .any(|template| object::name(template) == name)
    });
    let volumes: Vec<Value> = claimed.chain(others.cloned()).collect();
    object::set(pod, &["spec", "volumes"], Value::Array(volumes));
}

/// Makes the owners of claims say when they are to go: with the set, with a pod that is beyond
/// the wanted number, or never.
pub(super) fn keep_owners(members: &Members<'_>, outcome: &mut Outcome) {
    let set = members.set;
    if object::list(set, "/spec/volumeClaimTemplates").is_empty() {
        return;
    }
    let replicas = members
        .replicas
        .iter()
        .filter_map(|(_, pod)| pod.map(|pod| (pod, false)));
    let condemned = members.condemned.iter().map(|pod| (*pod, true));
    for (pod, is_condemned) in replicas.chain(condemned) {
        let Some(ordinal) = ordinal(set, pod) else {
            continue;
        };
        for template in object::list(set, "/spec/volumeClaimTemplates") {
            let name = claim_name(set, template, ordinal);
            let claim =
                members
                    .objects
                    .named(Kind::PersistentVolumeClaim, object::namespace(set), &name);
            let Some(claim) = claim.filter(|claim| !object::is_terminating(claim)) else {
                continue;
            };
            let owned = with_owners(claim, set, pod, is_condemned);
            if owned != *claim {
                outcome.update(Kind::PersistentVolumeClaim, owned);
            }
        }
    }
}

fn with_owners(claim: &Value, set: &Value, pod: &Value, is_condemned: bool) -> Value {
    let foreign = |owner: &&Value| {
        let uid = object::text(owner, "/uid");
        uid != object::uid(set) && uid != object::uid(pod)
    };
    let mut owners: Vec<Value> = object::list(claim, "/metadata/ownerReferences")
        .iter()
        .filter(foreign)
        .cloned()
        .collect();
    if is_condemned && deletes(set, "whenScaled") {
        owners.push(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "name": object::name(pod),
            "uid": object::uid(pod),
        }));
    } else if deletes(set, "whenDeleted") {
        owners.push(object::controller_reference(set, Kind::StatefulSet));
    }
    let mut claim = claim.clone();
    let owners = if owners.is_empty() {
        Value::Null
    } else {
        Value::Array(owners)
    };
    object::set(&mut claim, &["metadata", "ownerReferences"], owners);
    claim
}

fn deletes(set: &Value, when: &str) -> bool {
    object::text(
        set,
        &format!("/spec/persistentVolumeClaimRetentionPolicy/{when}"),
    ) == "Delete"
}

fn claim_name(set: &Value, template: &Value, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", object::name(template), object::name(set))
}
