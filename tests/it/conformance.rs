//! The suites of `tests/conformance`: what KUDO does with packages (kudo-spec 8.2, 8.3), and the runner
//! itself. Each case was proved on KUDO; [`cases_hold_on_kudo_itself`] does it again.

use std::path::PathBuf;

use crate::support::{Backend, Ran, User, backends, root, suite::run_suite};

fn suites() -> PathBuf {
    root().join("tests/conformance")
}

#[track_caller]
fn all_passed(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(" 0 failed"), "{}", ran.stdout);
}

#[test]
fn cases_hold() {
    for backend in backends() {
        let kubeconfig = match &backend {
            Backend::Sandbox => None,
            Backend::ApiServer(kubeconfig) => Some(kubeconfig.as_path()),
        };

        let ran = run_suite(&suites(), kubeconfig, None);

        all_passed(&ran);
    }
}

/// Cases in which KUDO fails or waits for ever; their rows in docs/compatibility.md name them.
#[test]
fn cases_beyond_kudo_hold() {
    for backend in backends() {
        let kubeconfig = match &backend {
            Backend::Sandbox => None,
            Backend::ApiServer(kubeconfig) => Some(kubeconfig.as_path()),
        };

        let ran = run_suite(&root().join("tests/beyond-kudo"), kubeconfig, None);

        all_passed(&ran);
    }
}

/// Cases whose pods have to do something: fake nodes run nothing.
#[test]
fn cases_of_pods_that_work_hold_on_the_sandbox() {
    let ran = run_suite(&root().join("tests/sandbox-only"), None, None);

    all_passed(&ran);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "tests choose their backend by the environment"
)]
fn cases_hold_on_kudo_itself() {
    let kudo = std::env::var_os("KUDO_RS_TEST_KUDO").map(PathBuf::from);
    let kubeconfig = std::env::var_os("KUDO_RS_TEST_KUDO_KUBECONFIG").map(PathBuf::from);
    let (Some(kudo), Some(kubeconfig)) = (kudo, kubeconfig) else {
        eprintln!(
            "skipped: KUDO itself, KUDO_RS_TEST_KUDO and KUDO_RS_TEST_KUDO_KUBECONFIG are not set"
        );
        return;
    };

    let ran = run_suite(&suites(), Some(&kubeconfig), Some(&kudo));

    all_passed(&ran);
}

/// Writes a case of one step and returns the folder of its suite.
fn suite_of(user: &User, files: &[(&str, &str)]) -> String {
    for (name, text) in files {
        user.file(&format!("suite/case/{name}"), text);
    }
    user.path("suite").to_str().unwrap().to_owned()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n";

#[test]
fn what_does_not_come_true_is_shown_beside_what_is_there() {
    let user = User::new();
    let wanted = MAP.replace("\"1\"", "\"2\"");
    let suite = suite_of(&user, &[("00-map.yaml", MAP), ("00-assert.yaml", &wanted)]);

    let ran = user.run(&["test", "--suite", &suite, "--timeout", "1s"]);

    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("FAIL  case"), "{}", ran.stdout);
    let expected = "      00-assert.yaml:1: ConfigMap a is not so after 1 s:\n          \
                    apiVersion: v1\n          data:\n        -   x: \"2\"\n        +   x: \"1\"\n";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn what_must_not_be_there_fails_the_case() {
    let user = User::new();
    let suite = suite_of(&user, &[("00-map.yaml", MAP), ("00-errors.yaml", MAP)]);

    let ran = user.run(&["test", "--suite", &suite, "--timeout", "1s"]);

    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let expected = "00-errors.yaml:1: ConfigMap a is there, and must not be";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

#[test]
fn a_command_that_fails_is_shown_with_what_it_said() {
    let user = User::new();
    let step = "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n\
                - {script: exit 3, ignoreFailure: true}\n\
                - script: echo in $NAMESPACE >&2; exit 7\n";
    let suite = suite_of(&user, &[("00-run.yaml", step)]);

    let mut command = user.command(&["test", "--suite", &suite]);
    let ran = crate::support::ran(command.env("PATH", "/usr/bin:/bin"));

    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let expected = "00-run.yaml:5: `echo in $NAMESPACE >&2; exit 7` ended with exit status: 7:";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    assert!(ran.stdout.contains("in test-case-"), "{}", ran.stdout);
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    let user = User::new();
    let step = "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n\
                - {script: sleep 1000 & sleep 1000, timeout: 1}\n";
    let suite = suite_of(&user, &[("00-run.yaml", step)]);

    let mut command = user.command(&["test", "--suite", &suite]);
    let ran = crate::support::ran(command.env("PATH", "/usr/bin:/bin"));

    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("did not end within 1 s"),
        "{}",
        ran.stdout
    );
}

#[test]
fn steps_delete_list_files_and_match_by_label() {
    let user = User::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: m-, labels: {k: v}}\n";
    let step = "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n\
                delete:\n- {apiVersion: v1, kind: ConfigMap, labels: {k: v}}\n\
                apply: [more/map.yaml]\nassert: [more/map.yaml]\nerror: [more/none.yaml]\n";
    let none = "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {k: v}}\n";
    let suite = suite_of(
        &user,
        &[
            ("00-maps.yaml", &format!("{map}---\n{map}")),
            ("00-assert.yaml", none),
            ("1-step.yaml", step),
            ("more/map.yaml", MAP),
            ("more/none.yaml", none),
        ],
    );

    let report = user.run(&["test", "--suite", &suite, "-o", "json"]).ok();

    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["passed"], true, "{report}");
    assert_eq!(report["cases"][0]["steps"], 2, "{report}");
}

#[test]
fn suites_that_cannot_be_read_say_where_and_why() {
    let kuttl = "apiVersion: kuttl.dev/v1beta1\n";
    let step = |rest: &str| format!("{kuttl}kind: TestStep\n{rest}");
    for (text, words, line) in [
        ("a: [", "did not find expected node content", ""),
        ("kind: ConfigMap\n", "an object needs `apiVersion`", ":1:1"),
        ("- 1\n", "the document must be a map", ":1:1"),
        (
            &step("commands: yes\n"),
            "`commands` must be a list",
            ":3:11",
        ),
        (
            &step("commands:\n- {}\n"),
            "needs `command` or `script`",
            ":4:3",
        ),
        (
            &step("commands:\n- {command: a, script: b}\n"),
            "`command` or `script`, not both",
            ":4:3",
        ),
        (
            &step("commands:\n- {command: a, timeout: soon}\n"),
            "`timeout` must be a whole number, got `soon`",
            ":4:25",
        ),
        (
            &step("delete: [{kind: Pod}]\n"),
            "needs `apiVersion`",
            ":3:10",
        ),
        (&step("apply: [http://a/b]\n"), "only files can", ":3:9"),
        (&step("apply: [nowhere.yaml]\n"), "nowhere.yaml", ""),
        (
            &format!("{kuttl}kind: TestAssert\ntimeout: -1\n"),
            "`timeout` must not be negative",
            ":1:1",
        ),
    ] {
        let user = User::new();
        let suite = suite_of(&user, &[("00-step.yaml", text)]);

        let ran = user.run(&["test", "--suite", &suite]);

        ran.refused(words);
        assert!(
            ran.stderr.contains(line),
            "{line} is not in:\n{}",
            ran.stderr
        );
    }
}

#[test]
fn folders_that_are_no_suites_are_refused_with_advice() {
    let user = User::new();
    let suite = suite_of(&user, &[("00-map.yaml", MAP)]);

    let case = format!("{suite}/case");
    user.run(&["test", "--suite", &case]).refused("is a case");
    user.run(&["test", "--suite", &suite, "--case", "other"])
        .refused("there is no case `other`");
    user.file("empty/README.md", "nothing");
    let empty = user.path("empty");
    user.run(&["test", "--suite", empty.to_str().unwrap()])
        .refused("there are no cases in");
}

#[test]
fn a_suite_file_names_folders_and_what_comes_first() {
    let user = User::new();
    let first = MAP.replace("name: a", "name: first");
    user.file("first/map.yaml", &first);
    user.file(
        "cases/one/00-assert.yaml",
        &first.replace("metadata:", "metadata:\n  namespace: default"),
    );
    let suite = "apiVersion: kuttl.dev/v1beta1\nkind: TestSuite\ntestDirs: [cases]\n\
                 manifestDirs: [first]\ntimeout: 60\nparallel: 1\nstartKIND: true\n";
    let path = user.file("kuttl-test.yaml", suite);

    let ran = user.run(&["test", "--suite", &path]);

    assert_eq!(ran.code, 0, "{}\n{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("`startKIND` is not for this runner"),
        "{}",
        ran.stderr
    );
}
