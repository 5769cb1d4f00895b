//! Packages that need other packages, as a user sees them.

use serde_json::Value;

use crate::support::{User, backends};

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A package with one `ConfigMap` of its parameters `COLOR` (required) and `SIZE`, and a cleanup plan.
pub(crate) fn leaf(user: &User, folder: &str, name: &str, version: &str) {
    let operator = format!(
        "\
apiVersion: kudo.dev/v1beta1
name: {name}
operatorVersion: {version}
appVersion: \"1.0\"
tasks:
- {{name: map, kind: Apply, spec: {{resources: [map.yaml]}}}}
- {{name: tidy, kind: Delete, spec: {{resources: [map.yaml]}}}}
- {{name: fail, kind: Dummy, spec: {{wantErr: true, fatal: true}}}}
plans:
  deploy: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: map, tasks: [map]}}]}}]}}
  update: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: map, tasks: [map]}}]}}]}}
  cleanup: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: tidy, tasks: [tidy]}}]}}]}}
"
    );
    user.file(&format!("{folder}/operator.yaml"), &operator);
    user.file(
        &format!("{folder}/params.yaml"),
        "apiVersion: kudo.dev/v1beta1\nparameters:\n- {name: COLOR}\n- {name: SIZE, default: \"1\"}\n",
    );
    user.file(
        &format!("{folder}/templates/map.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Name }}\"}\n\
         data: {color: \"{{ .Params.COLOR }}\", size: \"{{ .Params.SIZE }}\"}\n",
    );
}

/// A package whose only task is the package `child` with these parameters.
pub(crate) fn parent(
    user: &User,
    folder: &str,
    (name, version): (&str, &str),
    child: &str,
    file: &str,
) -> String {
    let operator = format!(
        "\
apiVersion: kudo.dev/v1beta1
name: {name}
operatorVersion: {version}
tasks:
- {{name: child, kind: KudoOperator, spec: {{package: {child}, parameterFile: child.yaml}}}}
plans:
  deploy: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: child, tasks: [child]}}]}}]}}
"
    );
    user.file(&format!("{folder}/operator.yaml"), &operator);
    user.file(
        &format!("{folder}/params.yaml"),
        "apiVersion: kudo.dev/v1beta1\nparameters:\n- {name: COLOR, default: red}\n- {name: SIZE, default: \"\"}\n",
    );
    user.file(&format!("{folder}/templates/child.yaml"), file);
    user.path(folder).to_str().unwrap().to_owned()
}

pub(crate) const FILE: &str =
    "COLOR: {{ .Params.COLOR }}\n{{ if .Params.SIZE }}SIZE: \"{{ .Params.SIZE }}\"\n{{ end }}";

pub(crate) fn instance(user: &User, name: &str) -> Value {
    let all = json(&user.run(&["get", "instances", "-o", "json"]).ok());
    let items = all["items"].as_array().unwrap();
    let found = items.iter().find(|one| one["metadata"]["name"] == name);
    found.cloned().unwrap_or_default()
}

#[test]
fn a_tree_is_installed_changed_and_uninstalled() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);
        leaf(&user, "leaf", "leaf", "0.1.0");
        let middle = parent(&user, "middle", ("middle", "0.1.0"), "../leaf", FILE);
        let root = parent(&user, "root", ("root", "0.1.0"), "./../middle", FILE);
        assert!(middle.ends_with("middle"));

        let created = user.run(&["install", &root, "--instance", "top"]).ok();
        let namespace = user.namespace();
        assert_eq!(
            created,
            format!(
                "operator {namespace}/root created\n\
                 operator {namespace}/leaf created\n\
                 operatorversion {namespace}/leaf-1.0-0.1.0 created\n\
                 operator {namespace}/middle created\n\
                 operatorversion {namespace}/middle-0.1.0 created\n\
                 operatorversion {namespace}/root-0.1.0 created\n\
                 instance {namespace}/top created\n"
            )
        );
        let leaf = instance(&user, "top-middle-leaf");
        assert_eq!(leaf["spec"]["parameters"]["COLOR"], "red", "{leaf}");
        assert_eq!(leaf["status"]["planStatus"]["deploy"]["status"], "COMPLETE");
        // kudo-spec 3.10
        assert_eq!(leaf["metadata"]["labels"]["kudo.dev/operator"], "leaf");
        let owner = &leaf["metadata"]["ownerReferences"][0];
        assert_eq!(
            (&owner["kind"], &owner["name"]),
            (&"Instance".into(), &"top-middle".into())
        );
        assert_eq!(owner["controller"], Value::Null);

        user.run(&[
            "update",
            "--instance",
            "top",
            "-p",
            "COLOR=blue",
            "-p",
            "SIZE=2",
        ])
        .ok();
        let leaf = instance(&user, "top-middle-leaf");
        assert_eq!(
            leaf["spec"]["parameters"],
            serde_json::json!({"COLOR": "blue", "SIZE": "2"})
        );
        assert_eq!(leaf["status"]["planStatus"]["update"]["status"], "COMPLETE");

        user.run(&["uninstall", "--instance", "top"]).ok();
        let left = json(&user.run(&["get", "instances", "-o", "json"]).ok());
        assert_eq!(left["items"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_circle_is_refused_and_nothing_is_written() {
    let user = User::new();
    parent(&user, "b", ("b", "0.1.0"), "../a", "");
    let a = parent(&user, "a", ("a", "0.1.0"), "../b", "");

    let refused = user.run(&["install", &a]);

    refused.refused(
        "cyclic package dependency found when adding package b-0.1.0 -> a-0.1.0: a-0.1.0 -> b-0.1.0 \
         -> a-0.1.0",
    );
    let all = user.run(&["get", "operators"]).stdout;
    assert!(!all.contains("0.1.0"), "{all}");
}

#[test]
fn what_a_child_lacks_is_said_before_anything_is_written() {
    let user = User::new();
    leaf(&user, "leaf", "leaf", "0.1.0");
    let without_color = parent(&user, "root", ("root", "0.1.0"), "../leaf", "SIZE: 3\n");
    let nothing = parent(&user, "none", ("none", "0.1.0"), "../nothing", "");

    user.run(&["install", &without_color]).refused(
        "child instance `root-instance-leaf`: failed to create an Instance default/root-instance-leaf: \
         parameters are not valid: parameter \"COLOR\" is required but has no value set",
    );
    user.run(&["install", &nothing]).refused(
        "failed to resolve package Operator: \"../nothing\", OperatorVersion: \"any\", AppVersion \
         \"any\", dependency of package none-0.1.0: stat ",
    );
    let all = user.run(&["get", "operators"]).stdout;
    assert!(!all.contains("leaf"), "{all}");
}

#[test]
fn a_child_that_fails_fails_its_parent_with_its_message_and_is_tried_again_by_the_next_plan() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);
        leaf(&user, "leaf", "leaf", "0.1.0");
        // A toggle that is no boolean is a fatal error of the child's own plan.
        let operator = "\
apiVersion: kudo.dev/v1beta1
name: leaf
operatorVersion: 0.1.0
tasks:
- {name: map, kind: Toggle, spec: {parameter: COLOR, resources: [map.yaml]}}
plans:
  deploy: {strategy: serial, phases: [{name: main, strategy: serial, steps: [{name: map, tasks: [map]}]}]}
";
        user.file("leaf/operator.yaml", operator);
        let root = parent(&user, "root", ("root", "0.1.0"), "../leaf", FILE);

        let failed = user.run(&["install", &root, "--instance", "top"]);

        assert_eq!(failed.code, 3, "{}", failed.stderr);
        let namespace = user.namespace();
        let words = format!(
            "plan deploy of child instance {namespace}/top-leaf failed: Error during execution: fatal \
             error: {namespace}/top-leaf failed in deploy.main.map.map: could not parse value of \
             parameter COLOR"
        );
        assert!(failed.stderr.contains(&words), "{}", failed.stderr);

        user.run(&["update", "--instance", "top", "-p", "COLOR=true"])
            .ok();
        assert_eq!(
            instance(&user, "top-leaf")["status"]["planStatus"]["deploy"]["status"],
            "COMPLETE"
        );
        user.run(&["uninstall", "--instance", "top"]).ok();
    }
}

#[test]
fn an_instance_of_somebody_else_is_not_taken_over() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);
        leaf(&user, "leaf", "leaf", "0.1.0");
        let leaf = user.path("leaf");
        let leaf = leaf.to_str().unwrap();
        let root = parent(&user, "root", ("root", "0.1.0"), "../leaf", FILE);
        user.run(&["install", &root, "--instance", "first"]).ok();
        user.run(&[
            "install",
            leaf,
            "--instance",
            "top-leaf",
            "-p",
            "COLOR=mine",
        ])
        .ok();

        user.run(&["install", &root, "--instance", "top"]).refused(
            "cannot install instance 'top-leaf' because an instance of that name already exists",
        );

        let mine = instance(&user, "top-leaf");
        assert_eq!(mine["spec"]["parameters"]["COLOR"], "mine");
        user.run(&["uninstall", "--instance", "first"]).ok();
        user.run(&["uninstall", "--instance", "top-leaf"]).ok();
    }
}

#[test]
fn a_parameter_file_is_rendered_without_a_cluster_and_its_secrets_are_masked() {
    let user = User::new();
    let file = "COLOR: {{ .Params.COLOR }}\nPASSWORD: hunter2\n";
    let root = parent(&user, "root", ("root", "0.1.0"), "../leaf", file);

    let plain = user.run(&["template", &root]).ok();
    assert_eq!(
        plain,
        "---\n# deploy.main.child.child: child.yaml\nCOLOR: red\nPASSWORD: hunter2\n"
    );
    let masked = user.run(&["template", &root, "--mask-secrets"]).ok();
    assert!(masked.contains("COLOR: red\n"), "{masked}");
    assert!(!masked.contains("hunter2"), "{masked}");
}
