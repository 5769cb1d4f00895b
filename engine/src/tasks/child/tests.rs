//! What happens next to a child, situation by situation.

use super::*;
use crate::api::{
    OperatorVersionSpec, ParameterSpec, PlanSpec,
    instance::{InstanceStatus, LastPlan},
};

fn version(name: &str, plans: &[&str], parameters: &[ParameterSpec]) -> OperatorVersion {
    let plans = plans
        .iter()
        .map(|plan| ((*plan).to_owned(), PlanSpec::default()));
    OperatorVersion::new(
        name,
        OperatorVersionSpec {
            operator: ObjectReference {
                name: Some("child".to_owned()),
                ..ObjectReference::default()
            },
            plans: plans.collect(),
            parameters: parameters.to_vec(),
            ..OperatorVersionSpec::default()
        },
    )
}

fn parameter(name: &str) -> ParameterSpec {
    ParameterSpec {
        name: name.to_owned(),
        ..ParameterSpec::default()
    }
}

fn wish(version: OperatorVersion, parameters: &[(&str, &str)]) -> Wish {
    Wish {
        name: "top-child".to_owned(),
        reference: ObjectReference {
            name: version.metadata.name.clone(),
            ..ObjectReference::default()
        },
        version,
        parameters: owned(parameters),
        parent: Subject {
            name: "top".to_owned(),
            namespace: "ns".to_owned(),
            uid: "top-uid".to_owned(),
            operator_name: "parent".to_owned(),
            operator_version: "0.1.0".to_owned(),
            app_version: String::new(),
        },
        execution_uid: "execution-1".to_owned(),
    }
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn v1() -> OperatorVersion {
    version(
        "v1",
        &["deploy", "update"],
        &[parameter("a"), parameter("b")],
    )
}

/// The child as the wish created it, its plan over.
fn existing(wish: &Wish) -> Instance {
    match next(wish, None, None).unwrap() {
        Next::Create(instance, plan) => {
            assert_eq!(plan, "deploy");
            *instance
        }
        other => panic!("{other:?}"),
    }
}

fn failed(mut child: Instance, plan: &str) -> Instance {
    let status = PlanStatus {
        name: plan.to_owned(),
        status: ExecutionStatus::FatalError,
        message: "no disk".to_owned(),
        uid: "child-uid".to_owned(),
        ..PlanStatus::default()
    };
    child.status = Some(InstanceStatus {
        last_plan: Some(LastPlan {
            name: plan.to_owned(),
            status: ExecutionStatus::FatalError,
        }),
        plan_status: BTreeMap::from([(plan.to_owned(), status)]),
        ..InstanceStatus::default()
    });
    child
}

#[track_caller]
fn changed(next: Result<Next, TaskError>) -> (Instance, String) {
    match next.unwrap() {
        Next::Change(instance, decision, plan) => {
            let mut instance = *instance;
            instance.spec.parameters = decision.parameters;
            (instance, plan)
        }
        other => panic!("{other:?}"),
    }
}

// kudo-spec 3.10
#[test]
fn a_new_child_belongs_to_its_parent_and_carries_its_operators_label() {
    let child = existing(&wish(v1(), &[("a", "1")]));

    let owner = &child.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.kind.as_str(), owner.uid.as_str()),
        ("Instance", "top-uid")
    );
    assert_eq!(owner.controller, None);
    let labels = child.metadata.labels.as_ref().unwrap();
    assert_eq!(labels[LABEL_OPERATOR], "child");
    assert_eq!(child.spec.operator_version.name.as_deref(), Some("v1"));
    assert_eq!(child.spec.parameters, owned(&[("a", "1")]));
}

#[test]
fn a_child_that_is_as_it_should_be_is_left_alone() {
    let wish = wish(v1(), &[("a", "1")]);
    let child = existing(&wish);

    assert!(matches!(
        next(&wish, Some(&child), Some(&v1())),
        Ok(Next::Done)
    ));
}

#[test]
fn a_running_plan_is_driven_and_a_change_waits_for_it() {
    let before = wish(v1(), &[("a", "1")]);
    let mut child = existing(&before);
    child.spec.plan_execution = PlanExecution {
        plan_name: "deploy".to_owned(),
        uid: "u".to_owned(),
        status: Some(ExecutionStatus::InProgress),
        ..PlanExecution::default()
    };

    assert!(matches!(
        next(&before, Some(&child), Some(&v1())),
        Ok(Next::Drive)
    ));
    let after = wish(v1(), &[("a", "2")]);
    assert!(matches!(
        next(&after, Some(&child), Some(&v1())),
        Ok(Next::Drive)
    ));
}

// kudo-spec 9.1, 14
#[test]
fn a_parameter_that_the_file_drops_is_dropped_from_the_child() {
    let child = existing(&wish(v1(), &[("a", "1"), ("b", "2")]));

    let (child, plan) = changed(next(&wish(v1(), &[("a", "1")]), Some(&child), Some(&v1())));

    assert_eq!(plan, "update");
    assert_eq!(child.spec.parameters, owned(&[("a", "1")]));
}

#[test]
fn an_immutable_parameter_that_the_file_does_not_name_stays() {
    let immutable = ParameterSpec {
        immutable: true,
        default: Some("north".to_owned()),
        ..parameter("region")
    };
    let v = version("v1", &["deploy"], &[immutable]);
    let wish = wish(v.clone(), &[]);
    let child = existing(&wish);
    assert_eq!(child.spec.parameters, owned(&[("region", "north")]));

    assert!(matches!(
        next(&wish, Some(&child), Some(&v)),
        Ok(Next::Done)
    ));
}

#[test]
fn a_foreign_instance_is_never_taken_over() {
    let wish = wish(v1(), &[]);
    let mut child = existing(&wish);
    child.metadata.owner_references = None;

    let error = next(&wish, Some(&child), Some(&v1())).unwrap_err();

    assert_eq!(
        error.to_string(),
        "instance ns/top-child exists already and is no child of ns/top; delete it, or give the task \
         another instanceName"
    );
    assert!(matches!(error, TaskError::Fatal { .. }));
}

// kudo-spec 9.1, 2
#[test]
fn a_child_that_failed_fails_this_execution_and_is_tried_again_by_another() {
    let mut wish = wish(v1(), &[]);
    let child = failed(existing(&wish), "deploy");

    let error = next(&wish, Some(&child), Some(&v1())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "plan deploy of child instance ns/top-child failed: no disk"
    );

    wish.execution_uid = "execution-2".to_owned();
    let (_, plan) = changed(next(&wish, Some(&child), Some(&v1())));
    assert_eq!(plan, "deploy");
}

#[test]
fn a_retry_of_the_parent_retries_the_child_under_its_own_uid() {
    let wish = wish(v1(), &[]);
    let mut child = failed(existing(&wish), "deploy");
    child.metadata.annotations = None;

    let Ok(Next::Retry(execution)) = next(&wish, Some(&child), Some(&v1())) else {
        panic!("the child is retried");
    };

    assert_eq!(
        (execution.plan_name.as_str(), execution.uid.as_str()),
        ("deploy", "child-uid")
    );
    assert_eq!(execution.status, Some(ExecutionStatus::Pending));
}

#[test]
fn a_backup_that_failed_does_not_make_a_child_unfit() {
    let wish = wish(v1(), &[]);
    let child = failed(existing(&wish), "backup");

    assert!(matches!(
        next(&wish, Some(&child), Some(&v1())),
        Ok(Next::Done)
    ));
}

#[test]
fn an_upgrade_may_bring_a_required_parameter() {
    let child = existing(&wish(v1(), &[("a", "1")]));
    let required = ParameterSpec {
        required: true,
        ..parameter("new")
    };
    let v2 = version("v2", &["deploy", "upgrade"], &[parameter("a"), required]);

    let (child, plan) = changed(next(
        &wish(v2.clone(), &[("a", "1"), ("new", "x")]),
        Some(&child),
        Some(&v1()),
    ));
    assert_eq!(plan, "upgrade");
    assert_eq!(child.spec.operator_version.name.as_deref(), Some("v2"));
    assert_eq!(child.spec.parameters, owned(&[("a", "1"), ("new", "x")]));

    let old = existing(&wish(v1(), &[("a", "1")]));
    let error = next(&wish(v2, &[("a", "1")]), Some(&old), Some(&v1())).unwrap_err();
    assert!(error.to_string().contains("\"new\" is required"), "{error}");
}

#[test]
fn an_upgrade_comes_before_a_change_that_starts_another_plan() {
    let child = existing(&wish(v1(), &[("a", "1")]));
    let v2 = version(
        "v2",
        &["deploy", "update", "upgrade"],
        &[parameter("a"), parameter("c")],
    );
    let wish = wish(v2.clone(), &[("a", "2"), ("c", "3")]);

    let (child, plan) = changed(next(&wish, Some(&child), Some(&v1())));
    assert_eq!(plan, "upgrade");
    assert_eq!(child.spec.parameters, owned(&[("a", "1"), ("c", "3")]));

    let (child, plan) = changed(next(&wish, Some(&child), Some(&v2)));
    assert_eq!(plan, "update");
    assert_eq!(child.spec.parameters, owned(&[("a", "2"), ("c", "3")]));
}

#[test]
fn a_child_that_is_being_deleted_is_waited_for() {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    let wish = wish(v1(), &[]);
    let mut child = existing(&wish);
    child.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));

    let error = next(&wish, Some(&child), Some(&v1())).unwrap_err();

    assert!(matches!(error, TaskError::Transient { .. }));
}
