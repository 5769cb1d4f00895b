use serde_json::json;

use super::*;
use crate::api::{
    InstanceSpec, InstanceStatus,
    instance::{LastPlan, PlanStatus},
};

fn deployment(name: &str, available: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "uid": format!("uid-{name}"), "generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}},
        "status": {
            "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
            "availableReplicas": available,
        },
    })
}

fn pod(name: &str, phase: &str, owner: Option<(&str, &str)>) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "status": {"phase": phase},
    });
    if let Some((kind, uid)) = owner {
        pod["metadata"]["ownerReferences"] = json!([{"kind": kind, "uid": uid}]);
    }
    pod
}

fn annotated(mut object: Value, name: &str, value: &str) -> Value {
    object["metadata"]["annotations"] = json!({name: value});
    object
}

fn not_ready(why: &str) -> Readiness {
    Readiness::NotReady(why.to_owned())
}

// kudo-spec 5.5: none found means ready, messages are joined with a comma.
#[test]
fn an_instance_is_ready_when_all_its_workloads_are() {
    assert_eq!(of_objects(&[]), Readiness::Ready);
    assert_eq!(
        of_objects(&[deployment("web", 1), deployment("db", 1)]),
        Readiness::Ready
    );
    assert_eq!(
        of_objects(&[deployment("web", 0), deployment("db", 0)]),
        not_ready("Deployment web: 0 of 1 pods ready, Deployment db: 0 of 1 pods ready")
    );
}

#[test]
fn an_owner_speaks_for_its_pods_and_says_what_is_wrong_with_them() {
    let owned = pod("web-1", "Pending", Some(("Deployment", "uid-web")));

    assert_eq!(
        of_objects(&[deployment("web", 1), owned.clone()]),
        Readiness::Ready
    );
    assert_eq!(
        of_objects(&[deployment("web", 0), owned]),
        not_ready("Deployment web: 0 of 1 pods ready (web-1: pending)")
    );
}

// kudo-spec 5.5: KUDO counted completed pods of Jobs and pods of Pipe tasks as not ready.
#[test]
fn pods_of_jobs_and_of_pipes_and_those_that_have_succeeded_do_not_count() {
    let pods = [
        pod("job-1", "Failed", Some(("Job", "uid-job"))),
        pod("done", "Succeeded", None),
        annotated(pod("pipe", "Pending", None), "kudo.dev/pipepod", "true"),
    ];

    assert_eq!(of_objects(&pods), Readiness::Ready);
    assert_eq!(
        of_objects(&[pod("bare", "Pending", None)]),
        not_ready("Pod bare: pending")
    );
}

// KEP-34: the annotation opts out.
#[test]
fn objects_that_opt_out_do_not_count() {
    const OPT_OUT: &str = "kudo.dev/skip-for-readiness-computation";

    let out = annotated(deployment("web", 0), OPT_OUT, "true");
    let not_out = annotated(deployment("web", 0), OPT_OUT, "false");

    assert_eq!(of_objects(&[out]), Readiness::Ready);
    assert!(matches!(of_objects(&[not_out]), Readiness::NotReady(_)));
}

// kudo-spec 9.1, 9: a Deployment past its deadline stopped KUDO's computation.
#[test]
fn a_deployment_past_its_deadline_is_not_ready_and_says_so() {
    let mut late = deployment("web", 0);
    late["status"]["conditions"] = json!([
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    ]);

    assert_eq!(
        of_objects(&[late]),
        not_ready("Deployment web: 0 of 1 pods ready, its progress deadline has passed")
    );
}

#[test]
fn readiness_is_computed_only_after_a_plan_that_ended_well() {
    let after = |status: ExecutionStatus| {
        let mut instance = Instance::new("test", InstanceSpec::default());
        let plan = PlanStatus {
            name: "deploy".to_owned(),
            status,
            ..PlanStatus::default()
        };
        instance.status = Some(InstanceStatus {
            last_plan: Some(LastPlan {
                name: "deploy".to_owned(),
                status,
            }),
            plan_status: BTreeMap::from([("deploy".to_owned(), plan)]),
            ..InstanceStatus::default()
        });
        instance
    };
    let mut scheduled = after(ExecutionStatus::Complete);
    scheduled.spec.plan_execution.plan_name = "deploy".to_owned();

    assert!(is_computed(&after(ExecutionStatus::Complete)));
    assert!(!is_computed(&after(ExecutionStatus::FatalError)));
    assert!(!is_computed(&after(ExecutionStatus::InProgress)));
    assert!(!is_computed(&scheduled));
    assert!(!is_computed(&Instance::new("new", InstanceSpec::default())));
}
