use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use serde_json::{Value, json};

use super::*;
use crate::api::{InstanceSpec, OperatorVersionSpec, PlanExecution, instance::StepStatus};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn version() -> OperatorVersion {
    let parameter = |name: &str, default: &str| ParameterSpec {
        name: name.to_owned(),
        default: Some(default.to_owned()),
        ..ParameterSpec::default()
    };
    OperatorVersion::new(
        "op-1",
        OperatorVersionSpec {
            parameters: vec![
                parameter("COUNT", "1"),
                parameter("ROOT_PASSWORD", "hunter2"),
            ],
            ..OperatorVersionSpec::default()
        },
    )
}

/// An instance that asks for `plan` under `uid`.
fn asking(plan: &str, uid: &str) -> Instance {
    let mut instance = Instance::new("demo", InstanceSpec::default());
    instance.spec.operator_version.name = Some("op-1".to_owned());
    ask(&mut instance, plan, uid);
    instance
}

fn ask(instance: &mut Instance, plan: &str, uid: &str) {
    instance.spec.plan_execution = PlanExecution {
        plan_name: plan.to_owned(),
        uid: uid.to_owned(),
        requested_by: "kudo-rs update by alice".to_owned(),
        ..PlanExecution::default()
    };
}

/// Writes what a driver writes when the asked execution begins.
fn begin(instance: &mut Instance, second: i64) {
    let history = begun(instance, &version(), at(second));
    let admitted = Admitted {
        operator_version: instance.spec.operator_version.clone(),
        parameters: instance.spec.parameters.clone(),
    };
    let asked = instance.spec.plan_execution.clone();
    let status = instance.status.get_or_insert_default();
    status.history = history;
    status.admitted = Some(admitted);
    let plan = status
        .plan_status
        .entry(asked.plan_name.clone())
        .or_default();
    *plan = plan_status(&asked.plan_name, &asked.uid, ExecutionStatus::InProgress);
}

/// Writes what a driver writes when it ends.
fn end(instance: &mut Instance, how: ExecutionStatus, message: &str, second: i64) {
    let asked = instance.spec.plan_execution.clone();
    let status = instance.status.get_or_insert_default();
    let plan = plan_status(&asked.plan_name, &asked.uid, how);
    status.history = ended(&status.history, &plan, message, at(second));
    status.plan_status.insert(asked.plan_name, plan);
}

fn plan_status(name: &str, uid: &str, status: ExecutionStatus) -> PlanStatus {
    let step = StepStatus {
        name: "step".to_owned(),
        status,
        ..StepStatus::default()
    };
    PlanStatus {
        name: name.to_owned(),
        uid: uid.to_owned(),
        status,
        phases: vec![PhaseStatus {
            name: "phase".to_owned(),
            status,
            steps: vec![step],
            ..PhaseStatus::default()
        }],
        ..PlanStatus::default()
    }
}

fn newest(instance: &Instance) -> &PastExecution {
    &instance.status.as_ref().unwrap().history[0]
}

#[test]
fn the_first_deploy_is_an_installation() {
    let mut instance = asking("deploy", "u1");

    begin(&mut instance, 1);
    end(&mut instance, ExecutionStatus::Complete, "", 5);

    let one = newest(&instance);
    assert_eq!(
        (one.trigger, one.status),
        (Trigger::Install, ExecutionStatus::Complete)
    );
    assert_eq!(one.requested_by, "kudo-rs update by alice");
    assert_eq!(one.started, Some(MicroTime(at(1))));
    assert_eq!(one.finished, Some(MicroTime(at(5))));
    assert_eq!(one.phases[0].steps[0].name, "step");
    assert_eq!(one.operator_version, "op-1");
}

#[test]
fn an_interrupted_execution_stays_one_entry() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);

    begin(&mut instance, 7);

    let history = &instance.status.as_ref().unwrap().history;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].started, Some(MicroTime(at(1))));
    assert_eq!(history[0].finished, None);
}

#[test]
fn a_change_of_parameters_is_told_from_value_to_value_and_secrets_are_masked() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);
    end(&mut instance, ExecutionStatus::Complete, "", 2);

    ask(&mut instance, "update", "u2");
    for (name, value) in [("COUNT", "3"), ("ROOT_PASSWORD", "swordfish")] {
        instance
            .spec
            .parameters
            .insert(name.to_owned(), value.to_owned());
    }
    begin(&mut instance, 3);

    let one = newest(&instance);
    let changes: Vec<_> = one
        .changed_parameters
        .iter()
        .map(|one| (one.name.as_str(), one.old.as_deref(), one.new.as_deref()))
        .collect();
    let mask = Some(parameters::MASK);
    assert_eq!(one.trigger, Trigger::Parameters);
    assert_eq!(
        changes,
        [
            ("COUNT", Some("1"), Some("3")),
            ("ROOT_PASSWORD", mask, mask)
        ]
    );
    let stored = serde_json::to_string(one).unwrap();
    assert!(
        !stored.contains("hunter2") && !stored.contains("swordfish"),
        "{stored}"
    );
}

#[test]
fn triggers_are_told_apart() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);
    end(&mut instance, ExecutionStatus::Complete, "", 2);
    let mut next = |plan: &str, uid: &str, change: &dyn Fn(&mut Instance)| {
        ask(&mut instance, plan, uid);
        change(&mut instance);
        begin(&mut instance, 3);
        let trigger = newest(&instance).trigger;
        (trigger, newest(&instance).previous_operator_version.clone())
    };
    let plain = |trigger| (trigger, String::new());

    assert_eq!(next("backup", "u2", &|_| {}), plain(Trigger::Manual));
    assert_eq!(next("backup", "u3", &|_| {}), plain(Trigger::Restart));
    let upgrade = |instance: &mut Instance| {
        instance.spec.operator_version.name = Some("op-2".to_owned());
    };
    assert_eq!(
        next("upgrade", "u5", &upgrade),
        (Trigger::Upgrade, "op-1".to_owned())
    );
    let delete = |instance: &mut Instance| {
        instance.metadata.deletion_timestamp = Some(Time(at(4)));
    };
    assert_eq!(next("cleanup", "u6", &delete), plain(Trigger::Deletion));
}

#[test]
fn another_try_of_a_failed_execution_is_an_entry_of_its_own() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);
    end(&mut instance, ExecutionStatus::FatalError, "no", 2);

    instance.spec.plan_execution.status = Some(ExecutionStatus::Pending);
    begin(&mut instance, 8);
    begin(&mut instance, 9);
    end(&mut instance, ExecutionStatus::Complete, "", 10);

    let history = &instance.status.as_ref().unwrap().history;
    assert_eq!(history.len(), 2);
    assert_eq!(history[0].trigger, Trigger::Retry);
    assert_eq!(history[0].started, Some(MicroTime(at(8))));
    assert_eq!(history[0].status, ExecutionStatus::Complete);
    assert_eq!(history[1].status, ExecutionStatus::FatalError);
    assert_eq!(history[1].message, "no");
}

#[test]
fn nothing_is_made_up_of_an_instance_without_a_past() {
    let mut instance = asking("update", "u1");
    instance.status = Some(InstanceStatus {
        plan_status: BTreeMap::from([(
            "deploy".to_owned(),
            plan_status("deploy", "u0", ExecutionStatus::Complete),
        )]),
        ..InstanceStatus::default()
    });

    let history = begun(&instance, &version(), at(1));

    assert_eq!(history[0].trigger, Trigger::Unknown);
    assert_eq!(history[0].changed_parameters, []);
}

#[test]
fn an_execution_that_was_replaced_shows_how_it_stood() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);

    ask(&mut instance, "deploy", "u2");
    begin(&mut instance, 6);

    let history = &instance.status.as_ref().unwrap().history;
    assert_eq!(
        (history[1].uid.as_str(), history[1].status),
        ("u1", ExecutionStatus::InProgress)
    );
    assert_eq!(history[1].finished, Some(MicroTime(at(6))));
    assert_eq!(history[1].phases[0].status, ExecutionStatus::InProgress);
}

#[test]
fn the_last_ten_are_kept_and_texts_are_cut() {
    let mut instance = asking("deploy", "u0");
    for number in 0..25 {
        ask(&mut instance, "deploy", &format!("u{number}"));
        instance
            .spec
            .parameters
            .insert("COUNT".to_owned(), format!("{number}{}", "ü".repeat(9999)));
        begin(&mut instance, number);
        end(
            &mut instance,
            ExecutionStatus::FatalError,
            &"ö".repeat(9999),
            number,
        );
    }

    let history = &instance.status.as_ref().unwrap().history;

    assert_eq!(history.len(), REMEMBERED);
    assert_eq!(history[0].uid, "u24");
    assert_eq!(history[0].message.chars().count(), LONGEST_MESSAGE + 3);
    assert!(serde_json::to_vec(history).unwrap().len() < 100_000);
}

#[test]
fn a_running_execution_is_shown_with_what_its_plan_says_now() {
    let mut instance = asking("deploy", "u1");
    begin(&mut instance, 1);

    let history = shown(instance.status.as_ref().unwrap());

    assert_eq!(
        history[0].phases[0].steps[0].status,
        ExecutionStatus::InProgress
    );
}

#[test]
fn without_a_history_the_plans_tell_what_they_know() {
    let mut old = plan_status("deploy", "u1", ExecutionStatus::Complete);
    old.last_updated_timestamp = Some(Time(at(1)));
    let mut new = plan_status("backup", "u2", ExecutionStatus::FatalError);
    new.last_updated_timestamp = Some(Time(at(2)));
    let never = plan_status("update", "", ExecutionStatus::NeverRun);
    let plans = [old, new, never].map(|plan| (plan.name.clone(), plan));
    let status = InstanceStatus {
        plan_status: plans.into(),
        ..InstanceStatus::default()
    };

    let history = shown(&status);

    let plans: Vec<_> = history.iter().map(|one| one.plan.as_str()).collect();
    assert_eq!(plans, ["backup", "deploy"]);
    assert_eq!(history[0].trigger, Trigger::Unknown);
}

#[test]
fn a_patch_by_another_program_is_told_by_its_own_name() {
    let mut instance = asking("backup", "u1");
    let entry = |manager: &str, fields: Value| -> ManagedFieldsEntry {
        serde_json::from_value(json!({
            "manager": manager, "operation": "Update", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:planExecution": fields}},
        }))
        .unwrap()
    };

    instance.metadata.managed_fields = Some(vec![
        entry("kudo-rs", json!({"f:requestedBy": {}})),
        entry("kubectl-patch", json!({"f:planName": {}, "f:uid": {}})),
    ]);
    assert_eq!(requester(&instance), "kubectl-patch");

    let both = json!({"f:requestedBy": {}, "f:uid": {}});
    instance.metadata.managed_fields = Some(vec![entry("kudo-rs", both)]);
    assert_eq!(requester(&instance), "kudo-rs update by alice");
}
