//! What is done to an instance, and sequences of it made by hand, each for a question.

use serde_json::{Value, json};

use super::package::{self, Package};

/// One thing that is done to the instance `shop`.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// A command of KUDO's, without the instance; `v1` and `v2` are the packages.
    Kudo(String),
    /// A merge patch of the instance.
    Patch(Value),
    /// The instance is deleted, as `kubectl delete` does.
    Delete,
}

/// Packages, and what is done with them one after the other.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) name: String,
    pub(super) packages: [Package; 2],
    pub(super) actions: Vec<Action>,
}

pub(super) fn kudo(line: impl Into<String>) -> Action {
    Action::Kudo(line.into())
}

/// Patches parameters; null takes one away.
pub(super) fn set(parameters: &Value) -> Action {
    Action::Patch(json!({"spec": {"parameters": parameters}}))
}

/// Asks for a plan in the spec.
pub(super) fn plan(name: &str, uid: &str) -> Action {
    Action::Patch(json!({"spec": {"planExecution": {"planName": name, "uid": uid}}}))
}

/// Moves the instance to another version.
pub(super) fn version(number: &str) -> Action {
    Action::Patch(json!({"spec": {"operatorVersion": {"name": format!("mirror-2.0-{number}")}}}))
}

fn install() -> Action {
    kudo("install v1 -p TOKEN=t")
}

fn install_v2() -> Action {
    kudo("install v2 --skip-instance")
}

/// The sequences, by topic.
pub(super) fn by_hand() -> Vec<Sequence> {
    let all = [
        installs(),
        updates(),
        plans(),
        patches(),
        running(),
        upgrades(),
        versions(),
        ends(),
    ];
    all.into_iter()
        .flatten()
        .map(|(name, actions)| Sequence {
            name: name.to_owned(),
            packages: [package::first(), package::second()],
            actions,
        })
        .collect()
}

type Named = (&'static str, Vec<Action>);

fn installs() -> Vec<Named> {
    vec![
        ("install", vec![install()]),
        ("install-without-required", vec![kudo("install v1")]),
        (
            "install-wrong-value",
            vec![kudo("install v1 -p TOKEN=t -p COUNT=x"), install()],
        ),
        (
            "install-wrong-enum",
            vec![kudo("install v1 -p TOKEN=t -p COLOUR=red")],
        ),
        (
            "install-wrong-boolean",
            vec![kudo("install v1 -p TOKEN=t -p EXTRA=maybe")],
        ),
        (
            "install-values",
            vec![kudo(
                r#"install v1 -p TOKEN=t -p COUNT=2 -p EXTRA=true -p REGION=south -p TAGS={"a":"b"}"#,
            )],
        ),
        (
            "install-no-value",
            vec![kudo("install v1 -p TOKEN"), kudo("install v1 -p TOKEN=")],
        ),
        (
            "install-broken",
            vec![kudo("install v1 -p TOKEN=t -p EXTRA=yes")],
        ),
        ("install-twice", vec![install(), install()]),
        (
            "install-skip-instance",
            vec![kudo("install v1 --skip-instance"), install()],
        ),
    ]
}

fn updates() -> Vec<Named> {
    let after = |line: &str| vec![install(), kudo(line)];
    vec![
        ("update", after("update -p COLOUR=green")),
        ("update-to-the-same", after("update -p COLOUR=blue")),
        ("update-trigger", after("update -p COUNT=3")),
        (
            "update-one-trigger-of-two",
            after("update -p COUNT=3 -p COLOUR=green"),
        ),
        ("update-two-triggers", after("update -p COUNT=3 -p BREAK=1")),
        ("update-trigger-of-no-plan", after("update -p LOST=1")),
        ("update-immutable", after("update -p REGION=south")),
        (
            "update-immutable-to-the-same",
            after("update -p REGION=north"),
        ),
        ("update-wrong-integer", after("update -p COUNT=many")),
        ("update-wrong-enum", after("update -p COLOUR=red")),
        ("update-wrong-list", after("update -p ITEMS=a")),
        ("update-wrong-map", after("update -p TAGS=[a]")),
        ("update-unknown", after("update -p NOTHING=1")),
        ("update-nothing", after("update")),
        ("update-nobody", vec![kudo("update -p COLOUR=green")]),
        (
            "toggle",
            vec![
                install(),
                kudo("update -p EXTRA=true"),
                kudo("update -p EXTRA=0"),
                kudo("update -p EXTRA=T"),
            ],
        ),
        (
            "map",
            vec![
                install(),
                kudo(r#"update -p TAGS={"a":"b","c":1,"d":[1.5,1000000]}"#),
                set(&json!({"TAGS": "{}"})),
                set(&json!({"TAGS": ""})),
                set(&json!({"TAGS": null})),
            ],
        ),
        (
            "list",
            vec![
                install(),
                kudo(r#"update -p ITEMS=[1,"two",{"a":"b"}]"#),
                set(&json!({"ITEMS": "[]"})),
                set(&json!({"ITEMS": ""})),
                set(&json!({"ITEMS": null})),
            ],
        ),
        (
            "broken",
            vec![
                install(),
                kudo("update -p BREAK=1"),
                kudo("update -p COLOUR=green"),
            ],
        ),
        (
            "broken-again",
            vec![
                install(),
                kudo("update -p BREAK=1"),
                kudo("plan trigger --name break"),
                kudo("plan trigger --name deploy"),
            ],
        ),
    ]
}

fn plans() -> Vec<Named> {
    let after = |line: &str| vec![install(), kudo(line)];
    vec![
        (
            "trigger",
            vec![
                install(),
                kudo("plan trigger --name note"),
                kudo("plan trigger --name deploy"),
                kudo("plan trigger --name deploy"),
            ],
        ),
        ("trigger-unknown", after("plan trigger --name nothing")),
        ("trigger-cleanup", after("plan trigger --name cleanup")),
        ("trigger-empty", after("plan trigger --name empty")),
        ("trigger-upgrade", after("plan trigger --name upgrade")),
        ("trigger-nobody", vec![kudo("plan trigger --name deploy")]),
        ("unknown-task", vec![install(), plan("lost", "u1")]),
        ("no-task-of-a-step", after("plan trigger --name idle")),
        ("render-error", vec![install(), plan("blind", "u1")]),
        ("not-yaml", vec![install(), plan("garbage", "u1")]),
        ("unknown-kind", after("plan trigger --name alien")),
        (
            "delete-what-is-not-there",
            after("plan trigger --name forget"),
        ),
        (
            "apply-and-delete",
            vec![
                install(),
                kudo("plan trigger --name note"),
                kudo("plan trigger --name forget"),
                kudo("plan trigger --name note"),
            ],
        ),
    ]
}

fn patches() -> Vec<Named> {
    let after = |action: Action| vec![install(), action];
    vec![
        (
            "patch",
            vec![
                install(),
                set(&json!({"COLOUR": "green"})),
                set(&json!({"COUNT": "2"})),
            ],
        ),
        (
            "unset",
            vec![
                install(),
                kudo("update -p COLOUR=green"),
                set(&json!({"COLOUR": null})),
            ],
        ),
        ("unset-required", after(set(&json!({"TOKEN": null})))),
        (
            "unset-what-is-not-set",
            after(set(&json!({"COLOUR": null}))),
        ),
        (
            "set-and-unset",
            vec![
                install(),
                set(&json!({"COUNT": "2"})),
                set(&json!({"COUNT": null, "COLOUR": "green"})),
            ],
        ),
        ("patch-unknown", after(set(&json!({"NOTHING": "1"})))),
        ("patch-wrong-value", after(set(&json!({"COUNT": "x"})))),
        ("patch-immutable", after(set(&json!({"REGION": "south"})))),
        (
            "patch-two-triggers",
            after(set(&json!({"COUNT": "3", "BREAK": "1"}))),
        ),
        (
            "patch-trigger-of-no-plan",
            after(set(&json!({"LOST": "1"}))),
        ),
        (
            "patch-label",
            after(Action::Patch(json!({"metadata": {"labels": {"a": "b"}}}))),
        ),
        ("patch-empty", after(set(&json!({})))),
        ("patch-to-empty-text", after(set(&json!({"COLOUR": ""})))),
        ("patch-plan", after(plan("note", "u1"))),
        ("patch-plan-of-nothing", after(plan("nothing", "u1"))),
        ("patch-plan-cleanup", after(plan("cleanup", "u1"))),
        (
            "patch-plan-and-parameter",
            after(Action::Patch(json!({"spec": {
                "planExecution": {"planName": "deploy", "uid": "u1"}, "parameters": {"COLOUR": "green"},
            }}))),
        ),
        (
            "patch-plan-without-uid",
            after(Action::Patch(
                json!({"spec": {"planExecution": {"planName": "note"}}}),
            )),
        ),
    ]
}

/// While a plan runs that never ends by itself.
fn running() -> Vec<Named> {
    let during = |action: Action| vec![install(), kudo("plan trigger --name hang"), action];
    vec![
        ("hang", vec![install(), kudo("plan trigger --name hang")]),
        ("retry", vec![install(), kudo("plan trigger --name again")]),
        ("hang-other-plan", during(kudo("plan trigger --name note"))),
        ("hang-same-plan", during(kudo("plan trigger --name hang"))),
        ("hang-patch-other-plan", during(plan("note", "u1"))),
        ("hang-cancel", during(plan("", ""))),
        ("hang-parameter", during(kudo("update -p COLOUR=green"))),
        ("hang-own-parameter", during(kudo("update -p STUCK=2"))),
        (
            "hang-label",
            during(Action::Patch(json!({"metadata": {"labels": {"a": "b"}}}))),
        ),
        ("hang-upgrade", during(kudo("upgrade v2"))),
        ("hang-delete", during(Action::Delete)),
    ]
}

fn upgrades() -> Vec<Named> {
    vec![
        ("upgrade", vec![install(), kudo("upgrade v2")]),
        (
            "upgrade-new-parameter",
            vec![install(), kudo("upgrade v2 -p FRESH=new")],
        ),
        (
            "upgrade-parameter-of-both",
            vec![install(), kudo("upgrade v2 -p COLOUR=green")],
        ),
        (
            "upgrade-wrong-value",
            vec![install(), kudo("upgrade v2 -p COUNT=x")],
        ),
        (
            "upgrade-unknown-parameter",
            vec![install(), kudo("upgrade v2 -p NOTHING=x")],
        ),
        (
            "upgrade-twice",
            vec![install(), kudo("upgrade v2"), kudo("upgrade v2")],
        ),
        (
            "upgrade-down",
            vec![kudo("install v2 -p TOKEN=t"), kudo("upgrade v1")],
        ),
        ("upgrade-nobody", vec![kudo("upgrade v2")]),
        (
            "upgrade-then-update",
            vec![
                install(),
                kudo("upgrade v2"),
                kudo("update -p COLOUR=green"),
                kudo("update -p GONE=1"),
                kudo("plan trigger --name note"),
            ],
        ),
    ]
}

/// Another version without the command of it.
fn versions() -> Vec<Named> {
    vec![
        (
            "version",
            vec![install(), install_v2(), version("0.2.0"), version("0.1.0")],
        ),
        (
            "version-and-plan",
            vec![
                install(),
                install_v2(),
                Action::Patch(json!({"spec": {
                    "operatorVersion": {"name": "mirror-2.0-0.2.0"},
                    "planExecution": {"planName": "deploy", "uid": "u1"},
                }})),
            ],
        ),
        (
            "version-and-parameter",
            vec![
                install(),
                install_v2(),
                Action::Patch(json!({"spec": {
                    "operatorVersion": {"name": "mirror-2.0-0.2.0"},
                    "parameters": {"COUNT": "2"},
                }})),
            ],
        ),
        (
            "version-without-old-parameter",
            vec![
                kudo("install v1 -p TOKEN=t -p GONE=1"),
                install_v2(),
                Action::Patch(json!({"spec": {
                    "operatorVersion": {"name": "mirror-2.0-0.2.0"}, "parameters": {"GONE": null},
                }})),
            ],
        ),
        (
            "version-with-old-parameter",
            vec![
                kudo("install v1 -p TOKEN=t -p GONE=1"),
                install_v2(),
                version("0.2.0"),
            ],
        ),
    ]
}

fn ends() -> Vec<Named> {
    vec![
        ("uninstall", vec![install(), kudo("uninstall")]),
        (
            "uninstall-and-back",
            vec![install(), kudo("uninstall"), install()],
        ),
        ("uninstall-nobody", vec![kudo("uninstall")]),
        ("delete", vec![install(), Action::Delete]),
        (
            "delete-with-note",
            vec![install(), kudo("plan trigger --name note"), Action::Delete],
        ),
    ]
}
