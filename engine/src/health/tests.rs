//! Health by kind, on objects as a real API server 1.36 writes them.

use serde_json::json;

use super::*;

#[track_caller]
fn waits(object: &Value, words: &str) {
    let Health::Waiting(text) = judge(object) else {
        panic!("{object} is {:?}", judge(object));
    };
    assert!(text.contains(words), "`{text}` does not say `{words}`");
}

fn deployment(status: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "generation": 2}, "spec": {"replicas": 2}, "status": status,
    })
}

#[test]
fn a_deployment_is_healthy_when_every_new_pod_is_available_and_no_old_one_is_left() {
    let at = |replicas, updated, available| {
        deployment(&json!({
            "observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated,
            "availableReplicas": available,
        }))
    };

    waits(
        &deployment(&json!({"observedGeneration": 1})),
        "has not seen the change",
    );
    waits(&at(2, 1, 1), "1 of 2 pods are of the new revision");
    waits(&at(3, 2, 2), "1 pods of the old revision");
    waits(&at(2, 2, 1), "1 of 2 pods ready");
    assert_eq!(judge(&at(2, 2, 2)), Health::Healthy);
}

fn stateful_set(strategy: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "s", "generation": 1},
        "spec": {"replicas": 3, "updateStrategy": strategy}, "status": status,
    })
}

#[test]
fn a_stateful_set_rolls_down_to_its_partition() {
    let rolling =
        |partition| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    let status = |updated| {
        json!({
            "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "updatedReplicas": updated,
            "currentRevision": "a", "updateRevision": "b",
        })
    };

    waits(
        &stateful_set(&rolling(0), &status(1)),
        "1 of 3 pods are of the new revision",
    );
    assert_eq!(
        judge(&stateful_set(&rolling(2), &status(1))),
        Health::Healthy
    );
    assert_eq!(
        judge(&stateful_set(&json!({"type": "OnDelete"}), &status(0))),
        Health::Healthy
    );
}

#[test]
fn a_stateful_set_that_shrinks_waits_for_pods_to_go() {
    let status = json!({
        "observedGeneration": 1, "replicas": 5, "readyReplicas": 5, "updatedReplicas": 5,
        "currentRevision": "a", "updateRevision": "a",
    });

    waits(
        &stateful_set(&json!({"type": "RollingUpdate"}), &status),
        "2 pods are to go",
    );
}

#[test]
fn a_job_ends_by_its_conditions() {
    let job = |conditions: Value| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
            "spec": {"completions": 3}, "status": {"succeeded": 1, "conditions": conditions},
        })
    };

    waits(&job(json!([])), "1 of 3 completions");
    assert_eq!(
        judge(&job(json!([{"type": "Complete", "status": "True"}]))),
        Health::Healthy
    );
    assert_eq!(
        judge(&job(
            json!([{"type": "Failed", "status": "True", "message": "backoff limit"}])
        )),
        Health::Failed("job \"j\" has failed terminally: backoff limit".to_owned())
    );
}

#[test]
fn a_child_instance_whose_plan_failed_is_not_healthy() {
    let child = json!({
        "apiVersion": "kudo.dev/v1beta1", "kind": "Instance", "spec": {"planExecution": {}},
        "status": {"planStatus": {
            "deploy": {"status": "FATAL_ERROR", "lastUpdatedTimestamp": "2026-01-01T00:00:00Z",
                "phases": [{"steps": [{"message": "no such image"}]}]},
            "update": {"status": "NEVER_RUN"},
        }},
    });

    assert_eq!(
        judge(&child),
        Health::Failed("plan `deploy` failed: no such image".to_owned())
    );
}

#[test]
fn custom_resources_follow_the_conventions_for_conditions() {
    let custom = |conditions: Value| {
        json!({
            "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"generation": 1},
            "status": {"conditions": conditions},
        })
    };

    assert_eq!(judge(&custom(json!([]))), Health::Healthy);
    waits(
        &custom(json!([{"type": "Ready", "status": "False", "reason": "Busy"}])),
        "Busy",
    );
    assert!(matches!(
        judge(&custom(
            json!([{"type": "Stalled", "status": "True", "reason": "Broken"}])
        )),
        Health::Failed(_)
    ));
}

#[test]
fn kinds_without_rules_are_healthy_once_they_exist() {
    assert_eq!(
        judge(&json!({"apiVersion": "v1", "kind": "ConfigMap"})),
        Health::Healthy
    );
}

#[test]
fn the_worst_pod_is_named_first() {
    let workload = json!({"spec": {"selector": {"matchLabels": {"app": "x"}}}});
    let pod = |name: &str, waiting: Value| {
        json!({
            "metadata": {"name": name, "labels": {"app": "x"}},
            "status": {"phase": "Pending", "containerStatuses": [
                {"name": "main", "state": {"waiting": waiting}},
            ]},
        })
    };
    let pods = [
        pod("a", json!({"reason": "ContainerCreating"})),
        pod(
            "b",
            json!({"reason": "ImagePullBackOff", "message": "no such image"}),
        ),
    ];

    assert_eq!(
        pods::troubles(&workload, &pods).unwrap(),
        "b: main: ImagePullBackOff: no such image; a: ContainerCreating"
    );
}
