//! The decision table of kudo-spec A.4, row by row, and the rows where KUDO had holes.

mod pending;

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Time};

use super::*;
use crate::api::{
    InstanceSpec, OperatorVersionSpec, ParameterSpec, PlanExecution, PlanSpec,
    instance::ExecutionStatus,
};

fn parameter(name: &str, trigger: &str) -> ParameterSpec {
    ParameterSpec {
        name: name.to_owned(),
        trigger: trigger.to_owned(),
        ..ParameterSpec::default()
    }
}

fn immutable(name: &str, default: Option<&str>) -> ParameterSpec {
    ParameterSpec {
        immutable: true,
        default: default.map(str::to_owned),
        ..parameter(name, "deploy")
    }
}

fn version(name: &str, plans: &[&str], parameters: Vec<ParameterSpec>) -> OperatorVersion {
    let plans = plans
        .iter()
        .map(|plan| ((*plan).to_owned(), PlanSpec::default()))
        .collect();
    OperatorVersion::new(
        name,
        OperatorVersionSpec {
            parameters,
            plans,
            ..Default::default()
        },
    )
}

fn v1() -> OperatorVersion {
    version(
        "ov-1",
        &["deploy", "update", "cleanup", "backup"],
        parameters_of_v1(),
    )
}

fn parameters_of_v1() -> Vec<ParameterSpec> {
    vec![
        parameter("foo", "deploy"),
        parameter("other-foo", "deploy"),
        parameter("bar", "update"),
        parameter("backup", "backup"),
        parameter("invalid", "missing"),
        immutable("readonly", None),
        parameter("unnamed", "deploy"),
    ]
}

fn instance(parameters: &[(&str, &str)], plan: &str, uid: &str) -> Instance {
    let text = |s: &str| s.to_owned();
    let mut instance = Instance::new(
        "test",
        InstanceSpec {
            operator_version: ObjectReference {
                name: Some(text("ov-1")),
                ..Default::default()
            },
            parameters: parameters.iter().map(|(k, v)| (text(k), text(v))).collect(),
            plan_execution: PlanExecution {
                plan_name: text(plan),
                uid: text(uid),
                ..PlanExecution::default()
            },
        },
    );
    instance.metadata.namespace = Some(text("default"));
    instance
}

const BASE: [(&str, &str); 2] = [("foo", "foo"), ("readonly", "oldvalue")];

fn idle() -> Instance {
    instance(&BASE, "", "")
}

fn scheduled() -> Instance {
    instance(&BASE, "deploy", "uid-1")
}

fn with(mut instance: Instance, name: &str, value: &str) -> Instance {
    instance
        .spec
        .parameters
        .insert(name.to_owned(), value.to_owned());
    instance
}

fn planned(mut instance: Instance, plan: &str, uid: &str) -> Instance {
    instance.spec.plan_execution.plan_name = plan.to_owned();
    instance.spec.plan_execution.uid = uid.to_owned();
    instance
}

fn deleting(mut instance: Instance) -> Instance {
    instance.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    instance
}

fn upgraded(mut instance: Instance) -> Instance {
    instance.spec.operator_version.name = Some("ov-2".to_owned());
    instance
}

fn update_with(
    old: &Instance,
    new: &Instance,
    old_version: &OperatorVersion,
    operator_version: &OperatorVersion,
) -> Result<Decision, String> {
    let old_operator_version = Some(old_version);
    decide(Change::Update {
        old,
        new,
        old_operator_version,
        operator_version,
    })
    .map_err(|denial| denial.to_string())
}

fn update(old: &Instance, new: &Instance) -> Result<Schedule, String> {
    let new_version = if old.spec.operator_version == new.spec.operator_version {
        v1()
    } else {
        version(
            "ov-2",
            &["deploy", "update", "cleanup", "backup"],
            parameters_of_v1(),
        )
    };
    update_with(old, new, &v1(), &new_version).map(|decision| decision.schedule)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for an outcome")]
fn run(plan: &str) -> Result<Schedule, String> {
    Ok(Schedule::Run(plan.to_owned()))
}

#[track_caller]
fn denied(outcome: &Result<Schedule, String>, words: &str) {
    let text = outcome.as_ref().expect_err("the change is refused");
    assert!(text.contains(words), "`{text}` does not say `{words}`");
}

#[test]
fn changes_that_schedule_nothing_are_allowed() {
    let mut labelled = scheduled();
    labelled.metadata.labels = Some(BTreeMap::from([("a".to_owned(), "b".to_owned())]));

    assert_eq!(update(&idle(), &idle()), Ok(Schedule::Keep));
    assert_eq!(update(&scheduled(), &labelled), Ok(Schedule::Keep));
}

#[test]
fn a_plan_can_be_started_by_hand_and_restarted_under_a_new_uid() {
    assert_eq!(
        update(&idle(), &planned(idle(), "deploy", "")),
        run("deploy")
    );
    assert_eq!(
        update(&scheduled(), &planned(scheduled(), "deploy", "uid-2")),
        run("deploy")
    );
}

#[test]
fn a_running_plan_is_neither_overridden_nor_cancelled() {
    denied(
        &update(&scheduled(), &planned(scheduled(), "update", "u")),
        "overriding currently",
    );
    denied(
        &update(&scheduled(), &planned(scheduled(), "", "")),
        "cancelling currently",
    );
    denied(
        &update(&scheduled(), &upgraded(scheduled())),
        "while a plan 'deploy' is scheduled",
    );
}

#[test]
fn plans_that_do_not_exist_or_are_the_engines_own_are_refused() {
    denied(
        &update(&idle(), &planned(idle(), "nonexistingplan", "")),
        "does not exist",
    );
    denied(
        &update(&idle(), &planned(idle(), "cleanup", "")),
        "only the controller schedules",
    );
}

#[test]
fn while_deleting_only_cleanup_goes_on() {
    let cleaning = deleting(planned(idle(), "cleanup", "c"));

    assert_eq!(
        update(
            &deleting(scheduled()),
            &deleting(planned(scheduled(), "cleanup", "c"))
        ),
        Ok(Schedule::Keep)
    );
    denied(
        &update(&cleaning, &deleting(planned(idle(), "deploy", "d"))),
        "cancelled or overridden",
    );
    denied(
        &update(&cleaning, &deleting(idle())),
        "cancelled or overridden",
    );
    let idle = deleting(idle());
    denied(
        &update(&idle, &with(idle.clone(), "foo", "new")),
        "when an instance is being deleted",
    );
    denied(
        &update(&idle, &upgraded(idle.clone())),
        "when an instance is being deleted",
    );
}

#[test]
fn a_plan_that_ended_is_cleared() {
    let mut ended = scheduled();
    ended.spec.plan_execution.status = Some(ExecutionStatus::Complete);

    assert_eq!(update(&scheduled(), &ended), Ok(Schedule::Clear));
}

#[test]
fn an_upgrade_runs_the_first_of_upgrade_update_and_deploy() {
    assert_eq!(update(&idle(), &upgraded(idle())), run("update"));
    for (plans, expected) in [
        (&["deploy", "update", "upgrade"][..], "upgrade"),
        (&["deploy", "update"][..], "update"),
        (&["deploy"][..], "deploy"),
    ] {
        let v2 = version("ov-2", plans, parameters_of_v1());
        let decision = update_with(&idle(), &upgraded(idle()), &v1(), &v2);
        assert_eq!(decision.map(|decision| decision.schedule), run(expected));
    }
}

#[test]
fn an_upgrade_takes_no_other_plan_along() {
    denied(
        &update(&idle(), &upgraded(planned(idle(), "deploy", ""))),
        "triggering new plan",
    );
    denied(
        &update(&idle(), &upgraded(with(idle(), "backup", "x"))),
        "together with a parameter",
    );
    assert_eq!(
        update(&idle(), &upgraded(with(idle(), "foo", "x"))),
        run("update")
    );
}

#[test]
fn an_upgrade_drops_parameters_that_are_gone() {
    let mut parameters = parameters_of_v1();
    parameters.retain(|parameter| parameter.name != "foo");
    let v2 = version("ov-2", &["deploy", "update"], parameters);
    let mut without_foo = upgraded(idle());
    without_foo.spec.parameters.remove("foo");

    let decision = update_with(&idle(), &without_foo, &v1(), &v2).unwrap();

    assert_eq!(decision.schedule, Schedule::Run("update".to_owned()));
    assert!(!decision.parameters.contains_key("foo"));
}

#[test]
fn a_changed_parameter_runs_its_plan() {
    assert_eq!(update(&idle(), &with(idle(), "foo", "new")), run("deploy"));
    let both = with(with(idle(), "foo", "new"), "other-foo", "new");
    assert_eq!(update(&idle(), &both), run("deploy"));
    assert_eq!(
        update(&scheduled(), &with(scheduled(), "foo", "new")),
        run("deploy")
    );
    denied(
        &update(&scheduled(), &with(scheduled(), "bar", "new")),
        "trigger a different plan",
    );
}

#[test]
fn changes_that_would_run_two_plans_or_none_are_refused() {
    let both = with(with(idle(), "foo", "new"), "bar", "new");
    denied(
        &update(&idle(), &both),
        "triggering multiple plans: [deploy update]",
    );
    denied(
        &update(&idle(), &with(idle(), "bazz", "x")),
        "failed to find parameter \"bazz\"",
    );
    denied(
        &update(&idle(), &with(idle(), "invalid", "x")),
        "plan not defined",
    );
    let direct = planned(with(idle(), "foo", "new"), "deploy", "");
    denied(
        &update(&idle(), &direct),
        "directly and through parameter update",
    );
}

#[test]
fn an_immutable_parameter_never_changes() {
    let mut removed = idle();
    removed.spec.parameters.remove("readonly");

    denied(
        &update(&idle(), &with(idle(), "readonly", "new")),
        "from 'oldvalue' to 'new'",
    );
    denied(&update(&idle(), &removed), "is immutable");
    denied(
        &update(&idle(), &upgraded(with(idle(), "readonly", "new"))),
        "is immutable",
    );
}

#[test]
fn an_upgrade_that_makes_a_parameter_immutable_needs_its_value() {
    let v2_of = |added: ParameterSpec| {
        let mut parameters = parameters_of_v1();
        parameters.retain(|parameter| parameter.name != added.name);
        parameters.push(added);
        version("ov-2", &["deploy", "update"], parameters)
    };
    let outcome = |new: &Instance, v2: &OperatorVersion| {
        update_with(&idle(), new, &v1(), v2).map(|decision| decision.schedule)
    };

    let added = v2_of(immutable("added", Some("d")));
    denied(&outcome(&upgraded(idle()), &added), "(default would be d)");
    assert_eq!(
        outcome(&with(upgraded(idle()), "added", "x"), &added),
        run("update")
    );

    let hardened = v2_of(immutable("bar", None));
    denied(
        &outcome(&upgraded(idle()), &hardened),
        "was changed to immutable",
    );
    assert_eq!(
        outcome(&with(upgraded(idle()), "bar", "x"), &hardened),
        run("update")
    );

    let mut without = parameters_of_v1();
    without.retain(|parameter| parameter.name != "readonly");
    let without = version("ov-2", &["deploy", "update"], without);
    let removed = update_with(&idle(), &upgraded(idle()), &v1(), &without).unwrap();
    assert_eq!(removed.schedule, Schedule::Run("update".to_owned()));
    assert!(!removed.parameters.contains_key("readonly"));

    let softened = v2_of(parameter("readonly", "deploy"));
    assert_eq!(outcome(&upgraded(idle()), &softened), run("update"));
}

// kudo-spec B.4
#[test]
fn a_parameter_without_trigger_goes_along_with_an_upgrade_only_where_deploy_would_run() {
    let with_plans = |plans: &[&str]| {
        let mut parameters = parameters_of_v1();
        parameters.push(parameter("x", ""));
        (
            version("ov-1", &["deploy"], parameters.clone()),
            version("ov-2", plans, parameters),
        )
    };
    let outcome = |plans: &[&str]| {
        let (old, new) = with_plans(plans);
        let wished = upgraded(with(idle(), "x", "1"));
        update_with(&idle(), &wished, &old, &new).map(|decision| decision.schedule)
    };

    denied(
        &outcome(&["deploy", "update", "upgrade"]),
        "together with a parameter update triggering 'update' is not allowed",
    );
    assert_eq!(outcome(&["deploy", "upgrade"]), run("upgrade"));
    assert_eq!(outcome(&["deploy"]), run("deploy"));
}

// kudo-spec 9.2, 2
#[test]
fn a_removed_parameter_triggers_its_plan_whatever_else_is_removed() {
    let old = with(with(idle(), "backup", "x"), "unheard-of", "y");

    assert_eq!(update(&old, &idle()), run("backup"));
}

#[test]
fn a_required_parameter_cannot_be_removed_nor_left_out_of_an_upgrade() {
    let required = ParameterSpec {
        required: true,
        ..parameter("token", "deploy")
    };
    let v = version("ov-1", &["deploy"], vec![required.clone()]);
    let old = instance(&[("token", "t")], "", "");
    let outcome = update_with(&old, &instance(&[], "", ""), &v, &v);
    denied(
        &outcome.map(|decision| decision.schedule),
        "parameter \"token\" is required but has no value set",
    );

    let v1 = version("ov-1", &["deploy"], vec![]);
    let v2 = version("ov-2", &["deploy"], vec![required]);
    let old = instance(&[], "", "");
    let outcome = update_with(&old, &upgraded(old.clone()), &v1, &v2);
    denied(
        &outcome.map(|decision| decision.schedule),
        "parameter \"token\" is required but has no value set",
    );
    let given = upgraded(instance(&[("token", "t")], "", ""));
    let outcome = update_with(&old, &given, &v1, &v2);
    assert_eq!(outcome.map(|decision| decision.schedule), run("deploy"));
}

#[test]
fn a_plan_that_failed_is_cleared_too() {
    let mut ended = scheduled();
    ended.spec.plan_execution.status = Some(ExecutionStatus::FatalError);

    assert_eq!(update(&scheduled(), &ended), Ok(Schedule::Clear));
}

#[test]
fn the_trigger_table_of_kudo_holds() {
    let plans = ["deploy", "update", "backup"];
    let decide_for = |parameters: Vec<ParameterSpec>| {
        let v = version("ov-1", &plans, parameters.clone());
        let changed = parameters
            .iter()
            .map(|p| (p.name.as_str(), "x"))
            .collect::<Vec<_>>();
        update_with(&instance(&[], "", ""), &instance(&changed, "", ""), &v, &v)
            .map(|decision| decision.schedule)
    };

    assert_eq!(decide_for(vec![]), Ok(Schedule::Keep));
    assert_eq!(decide_for(vec![parameter("a", "")]), run("update"));
    assert_eq!(decide_for(vec![parameter("a", "backup")]), run("backup"));
    assert_eq!(
        decide_for(vec![parameter("a", "deploy"), parameter("b", "deploy")]),
        run("deploy")
    );
    assert!(decide_for(vec![parameter("a", "deploy"), parameter("b", "update")]).is_err());
    assert!(decide_for(vec![parameter("a", "fake")]).is_err());
}

#[test]
fn a_new_instance_deploys_with_its_immutable_defaults_written_down() {
    let v = version(
        "ov-1",
        &["deploy", "cleanup"],
        vec![immutable("region", Some("north"))],
    );
    let new = instance(&[], "", "");

    let decision = decide(Change::Create {
        instance: &new,
        operator_version: &v,
    })
    .unwrap();

    assert_eq!(decision.schedule, Schedule::Run("deploy".to_owned()));
    assert_eq!(decision.parameters["region"], "north");
    assert_eq!(
        finalizers(&new, decision.needs_cleanup),
        [FINALIZER_CLEANUP]
    );
}

#[test]
fn a_new_instance_without_deploy_plan_or_required_value_is_refused() {
    let new = instance(&[], "", "");
    let required = ParameterSpec {
        required: true,
        ..parameter("token", "")
    };
    let create = |v: &OperatorVersion| {
        decide(Change::Create {
            instance: &new,
            operator_version: v,
        })
        .unwrap_err()
        .to_string()
    };

    assert_eq!(
        create(&version("ov-1", &["update"], vec![])),
        "failed to create an Instance default/test: couldn't find 'deploy' plan in the \
         operatorVersion"
    );
    assert_eq!(
        create(&version("ov-1", &["deploy"], vec![required])),
        "failed to create an Instance default/test: parameters are not valid: parameter \"token\" \
         is required but has no value set"
    );
}
