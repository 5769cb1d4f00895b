//! Plans that people pause, resume, retry, skip steps of, and cancel.

use std::process::Child;

use serde_json::Value;

use crate::support::{User, backends};

const OPERATOR: &str = "\
apiVersion: kudo.dev/v1beta1
name: waiter
operatorVersion: 0.1.0
kubernetesVersion: 1.20.0
tasks:
- {name: first, kind: Apply, spec: {resources: [first.yaml]}}
- {name: never, kind: Dummy, spec: {done: false}}
- {name: last, kind: Apply, spec: {resources: [last.yaml]}}
plans:
  deploy:
    strategy: serial
    phases:
    - name: main
      strategy: serial
      steps:
      - {name: first, tasks: [first]}
      - {name: never, tasks: [never]LIMIT}
      - {name: last, tasks: [last]}
";

fn waiter(user: &User, limit: &str) -> String {
    let map = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: {{{{ randAlpha 9 }}}}\n"
        )
    };
    user.file("waiter/operator.yaml", &OPERATOR.replace("LIMIT", limit));
    user.file(
        "waiter/params.yaml",
        "apiVersion: kudo.dev/v1beta1\nparameters: []\n",
    );
    user.file("waiter/templates/first.yaml", &map("first"));
    user.file("waiter/templates/last.yaml", &map("last"));
    user.path("waiter").to_str().unwrap().to_owned()
}

fn status(user: &User) -> Value {
    serde_json::from_str(&user.run(&["plan", "status", "-o", "json"]).stdout).unwrap_or_default()
}

fn step(status: &Value, index: usize) -> &Value {
    &status["planStatus"]["deploy"]["phases"][0]["steps"][index]
}

/// Installs the package and returns when its second step runs.
fn running(user: &User) -> Child {
    let package = waiter(user, "");
    let driver = user.start(&["install", &package]);
    user.until("the second step", || {
        step(&status(user), 1)["status"] == "IN_PROGRESS"
    });
    driver
}

#[test]
fn a_paused_plan_waits_and_goes_on_without_the_step_that_is_skipped() {
    for backend in backends() {
        let user = User::on(backend);
        let mut driver = running(&user);

        user.run(&["plan", "skip", "--step", "main.never"])
            .refused("plan `deploy` is running; pause it before a step is skipped");
        let paused = user.run(&["plan", "pause"]);

        assert_eq!(paused.code, 0, "{}", paused.stderr);
        assert!(
            paused.stderr.contains("is paused; go on with"),
            "{}",
            paused.stderr
        );
        assert!(driver.wait().unwrap().success(), "{}", user.said());
        let tree = user.run(&["plan", "status"]).ok();
        assert!(tree.contains("(paused)"), "{tree}");
        let waited = user.run(&["plan", "wait", "--timeout", "60s"]);
        assert_eq!(waited.code, 0, "{}", waited.stderr);

        user.run(&["plan", "skip", "--step", "main.nothing"])
            .refused("its steps are main.first, main.never, main.last");
        user.run(&["plan", "skip", "--step", "main.never"]).ok();
        user.run(&["plan", "resume", "--timeout", "120s"]).ok();

        let status = status(&user);
        assert_eq!(
            status["planStatus"]["deploy"]["status"], "COMPLETE",
            "{status}"
        );
        assert_eq!(step(&status, 1)["message"], "skipped by hand");
        user.run(&["plan", "pause"])
            .refused("no plan is scheduled or running");
        user.run(&["plan", "retry"]).refused("has not failed");
    }
}

#[test]
fn a_cancelled_plan_ends_and_is_retried_from_where_it_stood() {
    for backend in backends() {
        let user = User::on(backend);
        let mut driver = running(&user);

        user.run(&["plan", "cancel"]).ok();

        assert_eq!(driver.wait().unwrap().code(), Some(3), "{}", user.said());
        let ended = status(&user);
        let deploy = &ended["planStatus"]["deploy"];
        assert_eq!(deploy["status"], "FATAL_ERROR", "{ended}");
        assert_eq!(deploy["message"], "plan deploy was cancelled");
        assert_eq!(step(&ended, 0)["status"], "COMPLETE");
        assert_eq!(step(&ended, 1)["status"], "FATAL_ERROR");
        assert_eq!(step(&ended, 2)["status"], "PENDING");

        user.run(&["plan", "skip", "--step", "main.never"]).ok();
        user.run(&["plan", "retry"]).ok();

        let retried = status(&user);
        let deploy = &retried["planStatus"]["deploy"];
        assert_eq!(deploy["status"], "COMPLETE", "{retried}");
        assert_eq!(deploy["message"], Value::Null);
        assert_eq!(deploy["uid"], ended["planStatus"]["deploy"]["uid"]);
    }
}

#[test]
fn a_step_that_takes_too_long_ends_the_plan() {
    let user = User::new();
    let package = waiter(&user, ", timeout: 1s");

    let ended = user.run(&["install", &package]);

    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let why = "step deploy.main.never did not end within 1s: a Dummy task that is never done";
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[test]
fn a_limit_that_is_none_is_refused_with_its_line() {
    let user = User::new();
    let package = waiter(&user, ", timeout: soon");

    let refused = user.run(&["install", &package]);

    refused.refused("a duration such as 90s, 10m or 1h30m");
    assert!(
        refused.stderr.contains("operator.yaml:17"),
        "{}",
        refused.stderr
    );
}
