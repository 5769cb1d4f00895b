//! The rows of kudo-spec A.4 seen through what is stored: a spec that somebody changed after it was
//! admitted.

use super::*;
use crate::{
    admission::pending::{Pending, Verdict, accepted, begun, is_undecided, judge},
    api::instance::{Admitted, InstanceStatus, LastPlan, PlanStatus},
};

/// Returns `now` as it is stored when `old` was admitted last, with its plan begun.
fn stored(old: &Instance, now: &Instance) -> Instance {
    let mut instance = now.clone();
    let plan = &old.spec.plan_execution;
    let mut status = InstanceStatus {
        admitted: Some(Admitted {
            operator_version: old.spec.operator_version.clone(),
            parameters: old.spec.parameters.clone(),
        }),
        last_plan: Some(LastPlan {
            name: "deploy".to_owned(),
            status: ExecutionStatus::Complete,
        }),
        ..InstanceStatus::default()
    };
    let mut deployed = PlanStatus {
        name: "deploy".to_owned(),
        uid: "uid-0".to_owned(),
        status: ExecutionStatus::Complete,
        ..PlanStatus::default()
    };
    if plan.is_scheduled() {
        deployed.name.clone_from(&plan.plan_name);
        deployed.uid.clone_from(&plan.uid);
        deployed.status = ExecutionStatus::InProgress;
        status.last_plan = Some(LastPlan {
            name: plan.plan_name.clone(),
            status: ExecutionStatus::InProgress,
        });
    }
    status.plan_status = BTreeMap::from([(deployed.name.clone(), deployed)]);
    instance.status = Some(status);
    instance
}

fn v2() -> OperatorVersion {
    let plans = ["deploy", "update", "cleanup", "backup"];
    version("ov-2", &plans, parameters_of_v1())
}

fn verdict_with(instance: &Instance, named: &OperatorVersion) -> Verdict {
    judge(&Pending {
        instance,
        operator_version: named,
        admitted_version: Some(&v1()),
    })
}

fn verdict(old: &Instance, now: &Instance) -> Verdict {
    let is_upgrade = old.spec.operator_version.name != now.spec.operator_version.name;
    let named = if is_upgrade { v2() } else { v1() };
    verdict_with(&stored(old, now), &named)
}

#[track_caller]
fn runs(verdict: Verdict, expected: &str) {
    let Verdict::Run { plan, .. } = verdict else {
        panic!("{verdict:?} does not run {expected}");
    };
    assert_eq!(plan, expected);
}

#[track_caller]
fn refused(verdict: Verdict, words: &str) {
    let Verdict::Denied(denial) = verdict else {
        panic!("{verdict:?} is no refusal for: {words}");
    };
    assert!(denial.to_string().contains(words), "{denial}");
}

#[track_caller]
fn restores(verdict: Verdict, words: &str) {
    let Verdict::Restore { execution, denial } = verdict else {
        panic!("{verdict:?} does not restore the plan");
    };
    assert!(denial.to_string().contains(words), "{denial}");
    assert_eq!(
        (execution.plan_name.as_str(), execution.uid.as_str()),
        ("deploy", "uid-1")
    );
}

/// Gives the execution the status that says that its writer had decided on it.
fn marked(mut instance: Instance) -> Instance {
    instance.spec.plan_execution.status = Some(ExecutionStatus::InProgress);
    instance
}

#[test]
fn what_was_decided_on_is_settled() {
    let mut labelled = scheduled();
    labelled.metadata.labels = Some(BTreeMap::from([("a".to_owned(), "b".to_owned())]));

    assert_eq!(verdict(&idle(), &idle()), Verdict::Settled);
    assert_eq!(verdict(&scheduled(), &labelled), Verdict::Settled);
    assert_eq!(
        verdict(&scheduled(), &marked(scheduled())),
        Verdict::Settled
    );
}

#[test]
fn plans_are_started_by_hand_and_restarted() {
    runs(verdict(&idle(), &planned(idle(), "deploy", "")), "deploy");
    runs(
        verdict(&scheduled(), &planned(scheduled(), "deploy", "uid-2")),
        "deploy",
    );
    refused(
        verdict(&idle(), &planned(idle(), "nonexistingplan", "")),
        "plan nonexistingplan does not exist",
    );
    refused(
        verdict(&idle(), &planned(idle(), "cleanup", "")),
        "only the controller schedules",
    );
}

#[test]
fn a_plan_that_runs_is_named_again_when_somebody_cancels_or_overrides_it() {
    restores(
        verdict(&scheduled(), &planned(scheduled(), "", "")),
        "cancelling currently",
    );
    restores(
        verdict(&scheduled(), &planned(scheduled(), "update", "u")),
        "overriding currently",
    );
    // A merge patch of the name alone leaves the uid and the mark of the plan that runs.
    restores(
        verdict(
            &scheduled(),
            &marked(planned(scheduled(), "backup", "uid-1")),
        ),
        "overriding currently",
    );
    // What else was written is judged when the plan is named again.
    restores(
        verdict(
            &scheduled(),
            &with(planned(scheduled(), "", ""), "bar", "x"),
        ),
        "cancelling currently",
    );
}

#[test]
fn an_instance_that_is_deleted_is_not_judged() {
    for now in [
        planned(idle(), "cleanup", "c"),
        planned(idle(), "deploy", "d"),
        with(idle(), "foo", "new"),
        upgraded(idle()),
    ] {
        assert_eq!(verdict(&idle(), &deleting(now)), Verdict::Settled);
    }
    let deleted = stored(&idle(), &deleting(with(idle(), "foo", "new")));
    assert_eq!(accepted(&deleted).unwrap().parameters["foo"], "foo");
}

#[test]
fn a_plan_that_ended_and_was_left_behind_is_cleared() {
    let mut left = stored(&idle(), &planned(idle(), "deploy", "uid-0"));
    left.spec.plan_execution.status = Some(ExecutionStatus::Complete);

    assert_eq!(verdict_with(&left, &v1()), Verdict::Clear);
}

#[test]
fn a_terminal_status_that_somebody_writes_does_not_end_the_plan_that_runs() {
    let mut written = scheduled();
    written.spec.plan_execution.status = Some(ExecutionStatus::Complete);

    assert_eq!(verdict(&scheduled(), &written), Verdict::Settled);
}

#[test]
fn upgrades_run_their_plan_or_are_refused() {
    runs(verdict(&idle(), &upgraded(idle())), "update");
    runs(
        verdict(&idle(), &upgraded(with(idle(), "foo", "x"))),
        "update",
    );
    refused(
        verdict(&scheduled(), &upgraded(scheduled())),
        "while a plan 'deploy' is scheduled",
    );
    refused(
        verdict(&idle(), &upgraded(planned(idle(), "deploy", ""))),
        "triggering new plan",
    );
    refused(
        verdict(&idle(), &upgraded(with(idle(), "backup", "x"))),
        "together with a parameter",
    );
}

#[test]
fn an_upgrade_away_from_a_version_that_is_gone_runs() {
    let now = stored(&idle(), &upgraded(idle()));

    let verdict = judge(&Pending {
        instance: &now,
        operator_version: &v2(),
        admitted_version: None,
    });

    runs(verdict, "update");
}

#[test]
fn an_upgrade_stores_the_parameters_that_the_new_version_knows() {
    let mut parameters = parameters_of_v1();
    parameters.retain(|parameter| parameter.name != "foo");
    let v2 = version("ov-2", &["deploy", "update"], parameters);
    let mut now = upgraded(idle());
    now.spec.parameters.remove("foo");

    let Verdict::Run {
        plan,
        parameters,
        needs_cleanup,
    } = verdict_with(&stored(&idle(), &now), &v2)
    else {
        panic!("the upgrade is accepted");
    };

    assert_eq!((plan.as_str(), needs_cleanup), ("update", false));
    assert!(!parameters.contains_key("foo"));
}

#[test]
fn upgrades_that_make_a_parameter_immutable_need_its_value() {
    let v2_of = |added: ParameterSpec| {
        let mut parameters = parameters_of_v1();
        parameters.retain(|parameter| parameter.name != added.name);
        parameters.push(added);
        version("ov-2", &["deploy", "update"], parameters)
    };
    let outcome = |now: &Instance, v2: &OperatorVersion| verdict_with(&stored(&idle(), now), v2);

    let added = v2_of(immutable("added", Some("d")));
    refused(outcome(&upgraded(idle()), &added), "(default would be d)");
    runs(
        outcome(&with(upgraded(idle()), "added", "x"), &added),
        "update",
    );
    let hardened = v2_of(immutable("bar", None));
    refused(
        outcome(&upgraded(idle()), &hardened),
        "was changed to immutable",
    );
    runs(
        outcome(&with(upgraded(idle()), "bar", "x"), &hardened),
        "update",
    );
    let softened = v2_of(parameter("readonly", "deploy"));
    runs(outcome(&upgraded(idle()), &softened), "update");
}

#[test]
fn changed_parameters_run_their_plan_or_are_refused() {
    let foo = with(idle(), "foo", "new");
    runs(verdict(&idle(), &foo), "deploy");
    runs(
        verdict(&idle(), &with(foo.clone(), "other-foo", "new")),
        "deploy",
    );
    runs(
        verdict(&scheduled(), &with(scheduled(), "foo", "new")),
        "deploy",
    );
    for (now, words) in [
        (
            with(foo.clone(), "bar", "new"),
            "multiple plans: [deploy update]",
        ),
        (
            with(idle(), "bazz", "x"),
            "failed to find parameter \"bazz\"",
        ),
        (with(idle(), "invalid", "x"), "plan not defined"),
        (planned(foo, "deploy", ""), "directly and through parameter"),
        (with(idle(), "readonly", "new"), "from 'oldvalue' to 'new'"),
    ] {
        refused(verdict(&idle(), &now), words);
    }
    refused(
        verdict(&scheduled(), &with(scheduled(), "bar", "new")),
        "trigger a different plan 'update'",
    );
}

#[test]
fn a_change_that_had_to_wait_for_a_plan_runs_when_the_plan_has_ended() {
    let now = with(idle(), "bar", "new");

    runs(verdict(&idle(), &now), "update");
}

#[test]
fn what_the_command_line_decided_on_is_not_decided_again() {
    let foo = with(idle(), "foo", "new");

    // A change and its plan, a plan by hand, a restart.
    for (old, now) in [
        (idle(), marked(planned(foo, "deploy", "u"))),
        (idle(), marked(planned(idle(), "backup", "u"))),
        (idle(), marked(upgraded(planned(idle(), "update", "u")))),
        (scheduled(), marked(planned(scheduled(), "deploy", "uid-2"))),
    ] {
        assert_eq!(verdict(&old, &now), Verdict::Accepted);
    }
}

// A parent moves its child in two writes: the upgrade, then the parameters that start its plan anew.
#[test]
fn an_upgrade_whose_plan_is_started_anew_before_it_begins_was_decided_on() {
    let moved = marked(upgraded(planned(idle(), "update", "u")));

    assert_eq!(
        verdict(&idle(), &with(moved.clone(), "bar", "x")),
        Verdict::Accepted
    );
    refused(
        verdict(&idle(), &with(moved.clone(), "backup", "x")),
        "triggering new plan 'update'",
    );
    refused(
        verdict(&idle(), &with(moved, "readonly", "x")),
        "is immutable",
    );
}

#[test]
fn a_mark_does_not_let_a_forbidden_change_through() {
    let sneaked = marked(planned(with(idle(), "readonly", "new"), "backup", "u"));
    refused(verdict(&idle(), &sneaked), "is immutable");

    let other = marked(planned(with(idle(), "foo", "new"), "backup", "u"));
    refused(verdict(&idle(), &other), "directly and through parameter");
}

#[test]
fn a_new_instance_deploys_whatever_plan_it_asks_for() {
    let new = instance(&BASE, "backup", "mine");
    let by_command = marked(instance(&BASE, "deploy", "u"));

    runs(verdict_with(&new, &v1()), "deploy");
    runs(verdict_with(&instance(&BASE, "", ""), &v1()), "deploy");
    assert_eq!(verdict_with(&by_command, &v1()), Verdict::Accepted);
    let bare = version("ov-1", &["update"], vec![]);
    refused(verdict_with(&new, &bare), "couldn't find 'deploy' plan");
}

#[test]
fn an_instance_of_kudo_is_taken_over_as_it_is() {
    let mut instance = stored(&idle(), &idle());
    let status = instance.status.as_mut().unwrap();
    (status.admitted, status.last_plan) = (None, None);

    assert!(!is_undecided(&instance));
    assert_eq!(accepted(&instance).unwrap().parameters["foo"], "foo");
}

#[test]
fn only_the_object_that_a_reference_names_makes_an_upgrade() {
    let mut now = idle();
    now.spec.operator_version.namespace = Some("default".to_owned());
    now.spec.operator_version.kind = Some("OperatorVersion".to_owned());

    assert_eq!(verdict(&idle(), &now), Verdict::Settled);
}

#[test]
fn an_execution_that_failed_and_is_tried_again_has_begun() {
    let mut instance = stored(&scheduled(), &marked(scheduled()));
    let status = instance.status.as_mut().unwrap();
    status.plan_status.get_mut("deploy").unwrap().status = ExecutionStatus::FatalError;
    status.last_plan = Some(LastPlan {
        name: "deploy".to_owned(),
        status: ExecutionStatus::FatalError,
    });

    assert!(!is_undecided(&instance));
    assert_eq!(begun(&instance).uid, "uid-1");
}
