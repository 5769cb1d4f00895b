use super::*;
use crate::api::{PhaseSpec, PlanSpec, StepSpec, TaskFields, TaskSpec};

fn map(name: &str) -> ObjectKey {
    ObjectKey {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: "ns".to_owned(),
        name: name.to_owned(),
    }
}

fn role(name: &str) -> ObjectKey {
    ObjectKey {
        api_version: "rbac.authorization.k8s.io/v1".to_owned(),
        kind: "ClusterRole".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
    }
}

/// A package of these tasks, all of them in each of these plans.
fn spec(plans: &[&str], tasks: &[&str]) -> OperatorVersionSpec {
    let task = |name: &&str| TaskSpec {
        name: (*name).to_owned(),
        kind: "Apply".to_owned(),
        spec: TaskFields {
            resources: vec![format!("{name}.yaml")],
            ..TaskFields::default()
        },
    };
    let step = StepSpec {
        name: "s".to_owned(),
        tasks: tasks.iter().map(|name| (*name).to_owned()).collect(),
        ..StepSpec::default()
    };
    let phase = PhaseSpec {
        name: "p".to_owned(),
        steps: vec![step],
        ..PhaseSpec::default()
    };
    let plan = PlanSpec {
        phases: vec![phase],
        ..PlanSpec::default()
    };
    OperatorVersionSpec {
        tasks: tasks.iter().map(task).collect(),
        plans: plans
            .iter()
            .map(|name| ((*name).to_owned(), plan.clone()))
            .collect(),
        ..OperatorVersionSpec::default()
    }
}

fn applied(tasks: &[(&str, &[ObjectKey])]) -> Effects {
    let mut effects = Effects::default();
    for (task, objects) in tasks {
        effects.add(task, true, objects.iter().cloned());
    }
    effects
}

fn listed(inventory: &Inventory) -> Vec<(&str, Vec<&str>)> {
    let tasks = inventory.tasks.iter();
    tasks
        .map(|task| {
            let names = task.objects.iter().map(|one| one.name.as_str());
            (task.name.as_str(), names.collect())
        })
        .collect()
}

/// Runs `deploy` of `op-1` with `effects`.
fn deployed(effects: &Effects) -> Inventory {
    let before = Inventory::default().before(effects, "op-1");
    let settled = before.after(
        effects,
        "deploy",
        "op-1",
        &spec(&["deploy"], &["app", "old"]),
    );
    assert_eq!(settled.obsolete, []);
    settled.inventory
}

#[test]
fn an_upgrade_leaves_what_it_no_longer_renders_behind() {
    let one = applied(&[("app", &[map("a"), map("b")]), ("old", &[map("c")])]);
    let two = applied(&[("app", &[map("a"), map("d")])]);
    let old = deployed(&one);

    let settled =
        old.before(&two, "op-2")
            .after(&two, "deploy", "op-2", &spec(&["deploy"], &["app"]));

    let task = |name: &str, object: ObjectKey| (name.to_owned(), object);
    assert_eq!(
        settled.obsolete,
        [task("app", map("b")), task("old", map("c"))]
    );
    assert_eq!(listed(&settled.inventory), [("app", vec!["a", "d"])]);
    assert_eq!(settled.inventory.operator_versions, ["op-2"]);
}

#[test]
fn a_repeated_end_finds_nothing_more() {
    let one = applied(&[("app", &[map("a"), map("b")])]);
    let two = applied(&[("app", &[map("a")])]);
    let package = spec(&["deploy"], &["app"]);
    let settled = deployed(&one)
        .before(&two, "op-2")
        .after(&two, "deploy", "op-2", &package);

    let again = settled
        .inventory
        .before(&two, "op-2")
        .after(&two, "deploy", "op-2", &package);

    assert_eq!(again.obsolete, []);
    assert_eq!(again.inventory, settled.inventory);
}

#[test]
fn other_plans_of_a_new_version_leave_everything_until_the_upgrade_ends() {
    let one = applied(&[("app", &[map("a"), map("b")]), ("old", &[map("c")])]);
    let backup = applied(&[("app", &[map("a")])]);
    let package = spec(&["deploy", "backup"], &["app"]);

    let after_backup = deployed(&one)
        .before(&backup, "op-2")
        .after(&backup, "backup", "op-2", &package);
    assert_eq!(after_backup.obsolete, []);
    assert_eq!(after_backup.inventory.operator_versions, ["op-1", "op-2"]);

    let upgrade = after_backup
        .inventory
        .before(&backup, "op-2")
        .after(&backup, "deploy", "op-2", &package);
    let names: Vec<_> = upgrade
        .obsolete
        .iter()
        .map(|(_, one)| one.name.as_str())
        .collect();
    assert_eq!(names, ["b", "c"]);
}

#[test]
fn tasks_that_the_upgrade_does_not_run_keep_their_objects() {
    let one = applied(&[("app", &[map("a")]), ("old", &[map("c")])]);
    let two = applied(&[("app", &[map("a")])]);

    let settled = deployed(&one).before(&two, "op-2").after(
        &two,
        "deploy",
        "op-2",
        &spec(&["deploy"], &["app", "old"]),
    );

    assert_eq!(settled.obsolete, []);
    assert_eq!(
        listed(&settled.inventory),
        [("app", vec!["a"]), ("old", vec!["c"])]
    );
}

#[test]
fn an_object_that_moved_to_another_task_or_api_version_is_wanted() {
    let mut moved = map("c");
    moved.api_version = "v2".to_owned();
    let one = applied(&[("app", &[map("a")]), ("old", &[map("c")])]);
    let two = applied(&[("app", &[map("a"), moved])]);

    let settled = deployed(&one).before(&two, "op-2").after(
        &two,
        "deploy",
        "op-2",
        &spec(&["deploy"], &["app"]),
    );

    assert_eq!(settled.obsolete, []);
}

#[test]
fn an_update_prunes_nothing_and_forgets_only_what_goes_with_its_owner() {
    let one = applied(&[("app", &[map("a"), role("r")])]);
    let two = applied(&[("app", &[map("b")])]);

    let settled = deployed(&one).before(&two, "op-1").after(
        &two,
        "deploy",
        "op-1",
        &spec(&["deploy"], &["app"]),
    );

    assert_eq!(settled.obsolete, []);
    assert_eq!(listed(&settled.inventory), [("app", vec!["r", "b"])]);
}

#[test]
fn what_a_task_deletes_leaves_the_inventory() {
    let one = applied(&[("app", &[map("a"), map("b")])]);
    let mut two = Effects::default();
    two.add("tidy", false, [map("a")]);

    let settled = deployed(&one).before(&two, "op-1").after(
        &two,
        "tidy",
        "op-1",
        &spec(&["deploy", "tidy"], &["app", "tidy"]),
    );

    assert_eq!(listed(&settled.inventory), [("app", vec!["b"])]);
}

#[test]
fn what_is_deleted_and_applied_again_stays() {
    let mut effects = Effects::default();
    effects.add("stop", false, [map("a")]);
    effects.add("app", true, [map("a")]);

    assert_eq!(listed(&deployed(&effects)), [("app", vec!["a"])]);
}

#[test]
fn objects_of_a_failed_upgrade_are_known_when_it_is_taken_back() {
    let one = applied(&[("app", &[map("a")])]);
    let failed = applied(&[("app", &[map("a"), map("new")])]);
    let package = spec(&["deploy"], &["app"]);
    let widened = deployed(&one).before(&failed, "op-2");

    for version in ["op-1", "op-3"] {
        let settled = widened
            .before(&one, version)
            .after(&one, "deploy", version, &package);
        assert_eq!(
            settled.obsolete,
            [("app".to_owned(), map("new"))],
            "{version}"
        );
    }
}

#[test]
fn an_inventory_is_bounded() {
    let objects: Vec<_> = (0..5000).map(|number| map(&format!("m{number}"))).collect();

    let inventory = deployed(&applied(&[("app", &objects)]));

    assert_eq!(inventory.objects().len(), MOST_OBJECTS);
}
