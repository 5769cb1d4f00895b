//! Bad input: one clear error, exit code 1, and nothing changed.

use std::fs;

use crate::support::User;

/// A package with one template, written into the user's home.
fn package(user: &User, operator: &str, params: &str, template: &str) -> String {
    user.file("p/operator.yaml", operator);
    user.file("p/params.yaml", params);
    user.file("p/templates/map.yaml", template);
    user.path("p").to_str().unwrap().to_owned()
}

const OPERATOR: &str = "\
apiVersion: kudo.dev/v1beta1
name: sample
operatorVersion: 0.1.0
kubernetesVersion: 1.17.0
tasks:
- {name: map, kind: Apply, spec: {resources: [map.yaml]}}
- {name: never, kind: Dummy}
plans:
  deploy: {strategy: serial, phases: [{name: p, strategy: serial, steps: [{name: s, tasks: [map]}]}]}
  other: {strategy: serial, phases: [{name: p, strategy: serial, steps: [{name: s, tasks: [map]}]}]}
  hang: {strategy: serial, phases: [{name: p, strategy: serial, steps: [{name: s, tasks: [never]}]}]}
";

const PARAMS: &str = "\
apiVersion: kudo.dev/v1beta1
parameters:
- {name: COUNT, default: \"1\", type: integer, trigger: other}
- {name: COLOR, default: blue, enum: [blue, green]}
- {name: NAMED, required: false, trigger: deploy}
";

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}\ndata:\n  c: {{ .Params.COUNT | quote }}\n";

fn nothing_installed(user: &User) {
    let all = user.run(&["get", "all", "-o", "json"]).ok();
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["items"], serde_json::json!([]));
}

#[test]
fn a_missing_package_is_named() {
    let user = User::new();

    user.run(&["install", "./nowhere"]).refused("nowhere");
}

#[test]
fn a_yaml_error_is_shown_with_its_line() {
    let user = User::new();
    let package = package(&user, "name: sample\nplans: [\n", PARAMS, MAP);

    let ran = user.run(&["install", &package]);

    ran.refused("operator.yaml");
    ran.refused("yaml: line");
    nothing_installed(&user);
}

#[test]
fn unknown_parameters_and_wrong_values_change_nothing() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, MAP);

    user.run(&["install", &package, "-p", "CUONT=2"])
        .refused("did you mean `COUNT`");
    user.run(&["install", &package, "-p", "COUNT=three"])
        .refused("type is \"integer\"");
    user.run(&["install", &package, "-p", "COLOR=red"])
        .refused("only allowed values are [blue green]");
    user.run(&["install", &package, "-p", "COUNT"])
        .refused("parameter not set: COUNT");
    user.run(&["install", &package, "-P", "/no/such/file"])
        .refused("/no/such/file");

    nothing_installed(&user);
}

#[test]
fn a_template_error_names_file_line_and_value() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, "a: b\nc: {{ .Params.NOPE }}\n");

    let ran = user.run(&["install", &package]);

    let text = "template: map.yaml:2:13: executing \"map.yaml\" at <.Params.NOPE>: map has no entry \
                for key \"NOPE\"";
    ran.refused(text);
    ran.refused("templates/map.yaml:2:14");
    ran.refused("2 | c: {{ .Params.NOPE }}");
    nothing_installed(&user);
}

#[test]
fn functions_of_sprig_3_are_for_packages_that_ask_for_them() {
    let user = User::new();
    let template = MAP.replace("quote", "list | mustFirst | quote");

    let before = package(&user, OPERATOR, PARAMS, &template);
    let refused = user.run(&["template", &before]);
    let with = format!("{OPERATOR}templateFunctions: sprig3\n");
    let after = package(&user, &with, PARAMS, &template);
    let rendered = user.run(&["template", &after, "--plan", "deploy"]).ok();
    user.run(&["install", &after]).ok();

    refused.refused("function \"mustFirst\" not defined");
    refused.refused("help: `mustFirst` is a function of Sprig 3");
    assert!(rendered.contains("c: \"1\""), "{rendered}");
    let installed = user.run(&["get", "operatorversions", "-o", "json"]).ok();
    assert!(
        installed.contains("\"templateFunctions\": \"sprig3\""),
        "{installed}"
    );
}

#[test]
fn an_unknown_set_of_functions_is_named_with_those_there_are() {
    let user = User::new();
    let operator = format!("{OPERATOR}templateFunctions: sprig4\n");
    let package = package(&user, &operator, PARAMS, MAP);

    let ran = user.run(&["template", &package]);

    ran.refused("operator.yaml:12:20");
    ran.refused("templateFunctions");
    ran.refused("`kudo` or `sprig3`");
}

#[test]
fn changes_that_the_rules_forbid_change_nothing() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, MAP);
    user.run(&["install", &package]).ok();
    let before = user.run(&["get", "instances", "-o", "json"]).ok();

    user.run(&["update", "-p", "COUNT=2", "-p", "NAMED=x"])
        .refused("triggering multiple plans");
    user.run(&["update", "-p", "COUNT=x"])
        .refused("type is \"integer\"");
    user.run(&["update"]).refused("there is nothing to change");
    user.run(&["update", "--instance", "nobody", "-p", "COUNT=2"])
        .refused("no instance `nobody`");
    user.run(&["plan", "trigger", "--name", "nope"])
        .refused("plan nope does not exist");
    user.run(&["install", &package]).refused("already exists");

    assert_eq!(user.run(&["get", "instances", "-o", "json"]).ok(), before);
}

#[test]
fn an_update_while_another_plan_runs_is_refused() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, MAP);
    user.run(&["install", &package]).ok();
    user.run(&["plan", "trigger", "--name", "hang", "--no-wait"])
        .ok();

    user.run(&["update", "-p", "COUNT=2"])
        .refused("plan 'hang' is scheduled (or running)");

    let late = user.run(&["plan", "wait", "--timeout", "1s"]);
    assert_eq!(late.code, 4, "{}", late.stderr);
    assert!(
        late.stderr.contains("kudo-rs plan resume"),
        "{}",
        late.stderr
    );
}

#[test]
fn several_instances_are_listed_when_none_is_chosen() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, MAP);
    user.run(&["install", &package, "--instance", "one"]).ok();
    user.run(&["install", &package, "--instance", "two"]).ok();

    user.run(&["plan", "status"])
        .refused("choose one with --instance: one, two");
}

#[test]
fn a_broken_kubeconfig_is_an_error_and_no_reason_for_the_sandbox() {
    let user = User::new();
    let broken = user.file("kubeconfig", "clusters: [");
    let unreachable = user.file(
        "away",
        "\
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: \"http://127.0.0.1:1\"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
",
    );

    user.run(&["get", "instances", "--kubeconfig", &broken])
        .refused(&broken);
    user.run(&["get", "instances", "--kubeconfig", "/no/such"])
        .refused("/no/such");
    user.run(&["get", "instances", "--kubeconfig", &unreachable])
        .refused("the cluster does not answer");
}

#[test]
fn a_damaged_state_file_is_named_with_the_way_out() {
    let user = User::new();
    user.file(
        "sandbox/state.redb",
        "this is no database, and long enough to be looked at",
    );

    let ran = user.run(&["get", "instances"]);

    ran.refused("state.redb");
    ran.refused("kudo-rs sandbox reset");
    user.run(&["sandbox", "reset"]).ok();
    user.run(&["get", "instances"]).ok();
}

#[test]
fn wrong_usage_gives_exit_code_2() {
    let user = User::new();

    assert_eq!(user.run(&["instal"]).code, 2);
    assert_eq!(user.run(&["get", "pods"]).code, 2);
}

#[test]
fn a_state_folder_that_cannot_be_made_is_named() {
    let user = User::new();
    let file = user.file("occupied", "a file");
    let mut command = user.command(&["get", "instances"]);

    let output = command
        .env("KUDO_RS_SANDBOX", format!("{file}/below"))
        .output()
        .unwrap();

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("occupied/below"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "a file");
}

#[test]
fn template_refuses_a_parameter_that_the_package_does_not_have() {
    let user = User::new();
    let package = package(&user, OPERATOR, PARAMS, MAP);

    let ran = user.run(&["template", &package, "-p", "COLR=green"]);

    ran.refused("the package has no parameter `COLR`; did you mean `COLOR`?");
    assert_eq!(ran.stdout, "");
}

#[test]
fn masking_changes_nothing_of_a_secret_but_its_values() {
    let user = User::new();
    let secret = "\
apiVersion: v1
kind: Secret
metadata:
  name: a
stringData:
  PASSWORD: hunter2
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
  metadata:
    name: b
  data:
    key: aHVudGVyMg==
";
    let package = package(&user, OPERATOR, PARAMS, secret);

    let masked = user
        .run(&["template", &package, "--plan", "deploy", "--mask-secrets"])
        .ok();

    let plain = user.run(&["template", &package, "--plan", "deploy"]).ok();
    let lines = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("PASSWORD") && !line.contains("key:"))
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(lines(&masked), lines(&plain));
    assert!(
        !masked.contains("hunter2") && !masked.contains("aHVudGVyMg"),
        "{masked}"
    );
}
