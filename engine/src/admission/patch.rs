//! What is written once a change is decided.

use serde_json::{Map, Value, json};

use crate::api::{Instance, PlanExecution, instance::ExecutionStatus};

use super::{Decision, finalizers};

/// Returns the merge patch that makes `old` what was decided of `new`: the operator version, the
/// parameters, the finalizers and the execution in one request, and only on `old` as it was read.
///
/// Without `execution` the scheduled plan stays, or KUDO's own webhook schedules.
pub fn merge_patch(
    old: &Instance,
    new: &Instance,
    decision: &Decision,
    execution: Option<&PlanExecution>,
) -> Value {
    let removed = old.spec.parameters.keys();
    let removed = removed.filter(|name| !decision.parameters.contains_key(*name));
    let removed = removed.map(|name| (name.clone(), Value::Null));
    let kept = decision.parameters.iter();
    let kept = kept.map(|(name, value)| (name.clone(), json!(value)));
    let mut spec = json!({"parameters": removed.chain(kept).collect::<Map<_, _>>()});
    if old.spec.operator_version != new.spec.operator_version {
        spec["operatorVersion"] = replaced(
            &json!(old.spec.operator_version),
            &json!(new.spec.operator_version),
        );
    }
    if let Some(execution) = execution {
        // What was asked of the execution before does not hold for this one.
        spec["planExecution"] = replaced(
            &json!({"paused": true, "cancelled": true, "requestedBy": true}),
            &json!(execution),
        );
    }
    json!({
        "metadata": {
            "resourceVersion": old.metadata.resource_version,
            "finalizers": finalizers(old, decision.needs_cleanup),
        },
        "spec": spec,
    })
}

/// Returns an execution of `plan` that is admitted: whoever sees it may drive it.
pub fn admitted_execution(plan: &str, uid: String, requested_by: &str) -> PlanExecution {
    PlanExecution {
        plan_name: plan.to_owned(),
        uid,
        status: Some(ExecutionStatus::InProgress),
        requested_by: requested_by.to_owned(),
        ..PlanExecution::default()
    }
}

/// Returns the merge patch that replaces the map `old` by `new`.
fn replaced(old: &Value, new: &Value) -> Value {
    let mut patch = new.clone();
    for name in old.as_object().into_iter().flat_map(Map::keys) {
        if patch.get(name).is_none() {
            patch[name] = Value::Null;
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::api::core::v1::ObjectReference;

    use super::*;
    use crate::{admission::Schedule, api::InstanceSpec};

    #[test]
    fn one_patch_moves_version_parameters_and_execution_and_leaves_nothing_behind() {
        let mut old = Instance::new("i", InstanceSpec::default());
        old.metadata.resource_version = Some("7".to_owned());
        old.spec.operator_version = ObjectReference {
            name: Some("v1".to_owned()),
            namespace: Some("other".to_owned()),
            ..ObjectReference::default()
        };
        let parameters = [("gone", "1"), ("kept", "2")];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        old.spec.parameters = parameters.map(owned).into();
        let mut new = old.clone();
        new.spec.operator_version = ObjectReference {
            name: Some("v2".to_owned()),
            ..ObjectReference::default()
        };
        let decision = Decision {
            schedule: Schedule::Run("upgrade".to_owned()),
            parameters: BTreeMap::from([owned(("kept", "3"))]),
            needs_cleanup: true,
        };

        let execution = admitted_execution("upgrade", "u".to_owned(), "me");
        let patch = merge_patch(&old, &new, &decision, Some(&execution));

        assert_eq!(
            patch,
            json!({
                "metadata": {"resourceVersion": "7", "finalizers": ["kudo.dev.instance.cleanup"]},
                "spec": {
                    "operatorVersion": {"name": "v2", "namespace": null},
                    "parameters": {"gone": null, "kept": "3"},
                    "planExecution": {
                        "planName": "upgrade", "uid": "u", "status": "IN_PROGRESS",
                        "paused": null, "cancelled": null, "requestedBy": "me",
                    },
                },
            })
        );
    }
}
