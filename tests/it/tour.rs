//! The main job, command by command, on every backend that is here.

use serde_json::Value;

use crate::support::{User, backends};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn galera_is_installed_scaled_and_uninstalled() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);

        let created = user.run(&["install", "operators/galera"]).ok();
        let namespace = user.namespace();
        assert_eq!(
            created,
            format!(
                "operator {namespace}/galera created\n\
                 operatorversion {namespace}/galera-10.11-0.2.0 created\n\
                 instance {namespace}/galera-instance created\n"
            )
        );

        let updated = user.run(&["update", "-p", "NODE_COUNT=5"]).ok();
        assert_eq!(updated, "Instance galera-instance was updated.\n");

        let status = json(&user.run(&["plan", "status", "-o", "json"]).ok());
        for plan in ["deploy", "node_update"] {
            assert_eq!(status["planStatus"][plan]["status"], "COMPLETE", "{status}");
        }
        let conditions = status["conditions"].as_array().unwrap();
        let ready = conditions
            .iter()
            .find(|one| one["type"] == "Ready")
            .unwrap();
        assert_eq!(
            (&ready["status"], &ready["reason"]),
            (&"True".into(), &"ResourcesReady".into())
        );

        let tree = user.run(&["plan", "status"]).ok();
        assert!(tree.contains("Active-Plan: \"node_update\""), "{tree}");
        assert!(tree.contains("Step bootstrap_deploy [COMPLETE]"), "{tree}");
        let history = user.run(&["plan", "history"]).ok();
        assert!(
            history.contains("node_update  COMPLETE  parameters  20"),
            "{history}"
        );
        let all = user.run(&["get", "all"]).ok();
        assert!(
            all.contains("└── galera-10.11-0.2.0\n        └── galera-instance"),
            "{all}"
        );

        let gone = user
            .run(&["uninstall", "--instance", "galera-instance"])
            .ok();
        assert_eq!(gone, "instance.kudo.dev/v1beta1/galera-instance deleted\n");
        let left = json(&user.run(&["get", "instances", "-o", "json"]).ok());
        assert_eq!(left["items"], Value::Array(Vec::new()));
    }
}

#[test]
fn an_update_to_what_is_there_runs_no_plan() {
    for backend in backends() {
        let user = User::on(backend);
        let package = counter(&user);
        user.run(&["install", &package, "-p", "COUNT=1"]).ok();

        let said = user.run(&["update", "-p", "COUNT=1"]).ok();

        assert_eq!(
            said,
            "Instance counter-instance is so already; no plan runs.\n"
        );
    }
}

#[test]
fn a_plan_that_fails_gives_exit_code_3_and_names_the_step() {
    for backend in backends() {
        let user = User::on(backend);
        let package = counter(&user);
        user.run(&["install", &package]).ok();

        let failed = user.run(&["plan", "trigger", "--name", "fail"]);

        assert_eq!(failed.code, 3, "{}", failed.stderr);
        assert!(
            failed
                .stderr
                .contains("failed in fail.main.fail.fail: dummy error")
        );
        let status = user.run(&["plan", "status"]).ok();
        assert!(
            status.contains("Step fail [FATAL_ERROR] (Error during execution"),
            "{status}"
        );
    }
}

/// A package of a `ConfigMap`, a toggle and a plan that fails.
fn counter(user: &User) -> String {
    user.file("counter/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}\ndata:\n  count: {{ .Params.COUNT | quote }}\n");
    user.file(
        "counter/templates/extra.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}-extra\n",
    );
    user.file("counter/params.yaml", "apiVersion: kudo.dev/v1beta1\nparameters:\n- {name: COUNT, default: \"1\"}\n- {name: EXTRA, default: \"true\"}\n");
    let operator = "\
apiVersion: kudo.dev/v1beta1
name: counter
operatorVersion: 0.1.0
kubernetesVersion: 1.17.0
tasks:
- {name: map, kind: Apply, spec: {resources: [map.yaml]}}
- {name: extra, kind: Toggle, spec: {parameter: EXTRA, resources: [extra.yaml]}}
- {name: fail, kind: Dummy, spec: {wantErr: true, fatal: true}}
- {name: tidy, kind: Delete, spec: {resources: [map.yaml]}}
plans:
  deploy:
    strategy: serial
    phases:
    - {name: main, strategy: parallel, steps: [{name: map, tasks: [map]}, {name: extra, tasks: [extra]}]}
  fail:
    strategy: serial
    phases: [{name: main, strategy: serial, steps: [{name: fail, tasks: [fail]}]}]
  cleanup:
    strategy: serial
    phases: [{name: main, strategy: serial, steps: [{name: tidy, tasks: [tidy]}]}]
";
    user.file("counter/operator.yaml", operator);
    user.path("counter").to_str().unwrap().to_owned()
}

#[test]
fn a_toggle_applies_and_deletes_and_cleanup_runs_before_the_instance_goes() {
    for backend in backends() {
        let user = User::on(backend);
        let package = counter(&user);
        user.run(&["install", &package]).ok();

        user.run(&["update", "-p", "EXTRA=false"]).ok();
        user.run(&["update", "-p", "EXTRA=true", "-p", "COUNT=2"])
            .ok();
        let gone = user.run(&["uninstall"]);

        assert!(
            gone.stderr
                .contains("Plan cleanup of counter-instance is complete."),
            "{}",
            gone.stderr
        );
        gone.ok();
        let left = json(&user.run(&["get", "instances", "-o", "json"]).ok());
        assert_eq!(left["items"], Value::Array(Vec::new()));
    }
}
