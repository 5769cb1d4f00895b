//! The executions that an instance remembers.

use serde_json::Value;

use crate::support::{User, backends};

const OPERATOR: &str = "\
apiVersion: kudo.dev/v1beta1
name: past
operatorVersion: 0.1.0
kubernetesVersion: 1.20.0
tasks:
- {name: map, kind: Apply, spec: {resources: [map.yaml]}}
- {name: fail, kind: Dummy, spec: {wantErr: true, fatal: true}}
plans:
  deploy:
    strategy: serial
    phases: [{name: main, strategy: serial, steps: [{name: map, tasks: [map]}]}]
  fail:
    strategy: serial
    phases:
    - name: main
      strategy: serial
      steps: [{name: first, tasks: [map]}, {name: bad, tasks: [fail]}]
";

fn package(user: &User) -> String {
    user.file("past/operator.yaml", OPERATOR);
    user.file(
        "past/params.yaml",
        "apiVersion: kudo.dev/v1beta1\nparameters:\n- {name: COUNT, default: \"1\"}\n\
         - {name: PASSWORD, default: hunter2}\n",
    );
    user.file(
        "past/templates/map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}\ndata:\n  \
         count: {{ .Params.COUNT | quote }}\n",
    );
    user.path("past").to_str().unwrap().to_owned()
}

fn executions(user: &User) -> Vec<Value> {
    let text = user.run(&["plan", "history", "-o", "json"]).ok();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn executions_are_remembered_with_what_started_them_and_how_they_ended() {
    for backend in backends() {
        let user = User::on(backend);
        user.run(&["install", &package(&user)]).ok();
        user.run(&["update", "-p", "COUNT=2", "-p", "PASSWORD=swordfish"])
            .ok();
        assert_eq!(user.run(&["plan", "trigger", "--name", "fail"]).code, 3);
        user.run(&["plan", "skip", "--step", "main.bad"]).ok();
        user.run(&["plan", "retry"]).ok();

        let all = executions(&user);

        let rows: Vec<_> = all
            .iter()
            .map(|one| ["plan", "trigger", "status", "requestedBy"].map(|key| one[key].as_str()))
            .collect();
        let row = |plan, trigger, status, by| [plan, trigger, status, by].map(Some);
        assert_eq!(
            rows,
            [
                row("fail", "retry", "COMPLETE", "kudo-rs plan retry"),
                row("fail", "manual", "FATAL_ERROR", "kudo-rs plan trigger"),
                row("deploy", "parameters", "COMPLETE", "kudo-rs update"),
                row("deploy", "install", "COMPLETE", "kudo-rs install"),
            ]
        );
        assert_eq!(
            all[2]["changedParameters"],
            serde_json::json!([
                {"name": "COUNT", "old": "1", "new": "2"},
                {"name": "PASSWORD", "old": "********", "new": "********"},
            ])
        );
        let message = all[1]["message"].as_str().unwrap();
        assert!(
            message.ends_with("failed in fail.main.bad.fail: dummy error"),
            "{message}"
        );
        for one in &all {
            let started = one["started"].as_str().unwrap();
            let finished = one["finished"].as_str().unwrap();
            assert!(started <= finished, "{one}");
        }
        let step = &all[3]["phases"][0]["steps"][0];
        assert!(
            step["started"].is_string() && step["finished"].is_string(),
            "{step}"
        );
        user.run(&["uninstall"]).ok();
    }
}

#[test]
fn the_table_is_newest_first_and_the_details_show_where_time_went() {
    let user = User::new();
    user.run(&["install", &package(&user)]).ok();
    assert_eq!(user.run(&["plan", "trigger", "--name", "fail"]).code, 3);

    let table = user.run(&["plan", "history"]).ok();

    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        ["PLAN", "STATUS", "TRIGGER", "STARTED", "TOOK", "BY", "UID"]
    );
    assert_eq!(lines[1][..3], ["fail", "FATAL_ERROR", "manual"]);
    assert_eq!(lines[2][..3], ["deploy", "COMPLETE", "install"]);

    let last = user.run(&["plan", "history", "--last"]).ok();
    assert!(
        last.starts_with("Plan fail of past-instance: FATAL_ERROR\n"),
        "{last}"
    );
    assert!(
        last.contains("  message  Error during execution: fatal error:"),
        "{last}"
    );
    assert!(last.contains("\n  first "), "{last}");
    let bad = last
        .lines()
        .find(|line| line.starts_with("  bad "))
        .unwrap();
    assert!(bad.ends_with(" FATAL_ERROR"), "{last}");
    assert!(!last.contains('\u{1b}'), "{last}");

    let uid = lines[2].last().unwrap();
    let one = user.run(&["plan", "history", "--uid", uid]).ok();
    assert!(
        one.starts_with("Plan deploy of past-instance: COMPLETE\n"),
        "{one}"
    );
    user.run(&["plan", "history", "--uid", "nothing"])
        .refused("no execution that is remembered has a uid that begins with `nothing`");

    let tree = user.run(&["plan", "history", "--tree"]).ok();
    assert!(
        tree.contains("├── deploy (last finished run at 20"),
        "{tree}"
    );
}
