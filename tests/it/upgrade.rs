//! Moving an instance, and its children, to another version of its package.

use serde_json::json;

use crate::{
    dependencies::{FILE, instance, leaf, parent},
    support::{User, backends},
};

fn path(user: &User, folder: &str) -> String {
    user.path(folder).to_str().unwrap().to_owned()
}

/// Adds a required parameter and an upgrade plan to a package of [`leaf`].
fn with_shape(user: &User, folder: &str) {
    user.file(
        &format!("{folder}/params.yaml"),
        "apiVersion: kudo.dev/v1beta1\nparameters:\n- {name: COLOR}\n- {name: SHAPE}\n",
    );
    user.file(
        &format!("{folder}/templates/map.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Name }}\"}\n\
         data: {color: \"{{ .Params.COLOR }}\", shape: \"{{ .Params.SHAPE }}\", plan: \"{{ .PlanName }}\"}\n",
    );
}

#[test]
fn an_upgrade_moves_version_parameters_and_plan_at_once() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);
        leaf(&user, "v1", "leaf", "0.1.0");
        leaf(&user, "v2", "leaf", "0.2.0");
        with_shape(&user, "v2");
        let (v1, v2) = (path(&user, "v1"), path(&user, "v2"));
        user.run(&[
            "install",
            &v1,
            "--instance",
            "i",
            "-p",
            "COLOR=red",
            "-p",
            "SIZE=4",
        ])
        .ok();
        let namespace = user.namespace();

        let lacking = user.run(&["upgrade", &v2, "--instance", "i"]);
        lacking.refused(&format!(
            "failed to validate parameters for Instance {namespace}/i: parameter \"SHAPE\" is required \
             but has no value set"
        ));
        let versions = user.run(&["get", "operatorversions"]).ok();
        assert!(!versions.contains("0.2.0"), "{versions}");

        let dry = user
            .run(&[
                "upgrade",
                &v2,
                "--instance",
                "i",
                "-p",
                "SHAPE=round",
                "--dry-run",
            ])
            .ok();
        assert_eq!(
            dry,
            "Instance i would go from leaf-1.0-0.1.0 to leaf-1.0-0.2.0 by plan update; nothing was \
             written.\n"
        );

        let said = user
            .run(&["upgrade", &v2, "--instance", "i", "-p", "SHAPE=round"])
            .ok();
        assert_eq!(
            said,
            format!(
                "operator {namespace}/leaf already installed\n\
                 operatorversion {namespace}/leaf-1.0-0.2.0 created\n\
                 instance {namespace}/i updated\n"
            )
        );
        let upgraded = instance(&user, "i");
        assert_eq!(
            upgraded["spec"]["operatorVersion"]["name"],
            "leaf-1.0-0.2.0"
        );
        assert_eq!(
            upgraded["spec"]["parameters"],
            json!({"COLOR": "red", "SHAPE": "round"})
        );
        assert_eq!(
            upgraded["status"]["planStatus"]["update"]["status"],
            "COMPLETE"
        );
        user.run(&["uninstall", "--instance", "i"]).ok();
    }
}

// kudo-spec 7.5
#[test]
fn what_is_not_newer_or_not_the_same_operator_is_refused() {
    let user = User::new();
    leaf(&user, "v1", "leaf", "0.1.0");
    leaf(&user, "v2", "leaf", "0.2.0");
    leaf(&user, "other", "other", "0.3.0");
    leaf(&user, "odd", "leaf", "two");
    let all = ["v1", "v2", "other", "odd"].map(|folder| path(&user, folder));
    let [v1, v2, other, odd] = &all;
    user.run(&["install", v2, "--instance", "i", "-p", "COLOR=red"])
        .ok();

    user.run(&["upgrade", v1, "--instance", "i"]).refused(
        "upgraded version 0.1.0 is the same or smaller as current version 0.2.0 -> not upgrading",
    );
    user.run(&["upgrade", v2, "--instance", "i"])
        .refused("the instance runs leaf-1.0-0.2.0 already");
    user.run(&["upgrade", other, "--instance", "i"])
        .refused("the instance runs operator `leaf`, and the package is of operator `other`");
    user.run(&["upgrade", odd, "--instance", "i"])
        .refused("failed to parse two as semver: Invalid Semantic Version");
    user.run(&["upgrade", v1, "--instance", "nobody"])
        .refused("there is no instance `nobody`");

    user.run(&["upgrade", v1, "--instance", "i", "--allow-downgrade"])
        .ok();
    assert_eq!(
        instance(&user, "i")["spec"]["operatorVersion"]["name"],
        "leaf-1.0-0.1.0"
    );
}

// kudo-spec 9.1, 11
#[test]
fn the_finalizer_follows_the_cleanup_plan_of_the_new_version() {
    let user = User::new();
    leaf(&user, "v1", "leaf", "0.1.0");
    leaf(&user, "v2", "leaf", "0.2.0");
    let operator = std::fs::read_to_string(user.path("v2/operator.yaml")).unwrap();
    let without: Vec<_> = operator
        .lines()
        .filter(|line| !line.contains("cleanup:"))
        .collect();
    user.file("v2/operator.yaml", &without.join("\n"));
    leaf(&user, "v3", "leaf", "0.3.0");
    let finalizers = |user: &User| instance(user, "i")["metadata"]["finalizers"].clone();

    user.run(&[
        "install",
        &path(&user, "v1"),
        "--instance",
        "i",
        "-p",
        "COLOR=red",
    ])
    .ok();
    assert_eq!(finalizers(&user), json!(["kudo.dev.instance.cleanup"]));
    user.run(&["upgrade", &path(&user, "v2"), "--instance", "i"])
        .ok();
    assert!(finalizers(&user).as_array().is_none_or(Vec::is_empty));
    user.run(&["upgrade", &path(&user, "v3"), "--instance", "i"])
        .ok();
    assert_eq!(finalizers(&user), json!(["kudo.dev.instance.cleanup"]));
    user.run(&["uninstall", "--instance", "i"]).ok();
}

#[test]
fn a_tree_is_upgraded_with_a_child_that_gains_a_required_parameter() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend);
        leaf(&user, "v1/leaf", "leaf", "0.1.0");
        let v1 = parent(&user, "v1/root", ("root", "0.1.0"), "../leaf", FILE);
        leaf(&user, "v2/leaf", "leaf", "0.2.0");
        with_shape(&user, "v2/leaf");
        let file = "COLOR: {{ .Params.COLOR }}\nSHAPE: round {{ .PlanName }}\n";
        let v2 = parent(&user, "v2/root", ("root", "0.2.0"), "../leaf", file);
        user.run(&["install", &v1, "--instance", "top"]).ok();

        // The child changes its color too, which alone would start another plan than the upgrade.
        user.run(&["upgrade", &v2, "--instance", "top", "-p", "COLOR=blue"])
            .ok();

        let child = instance(&user, "top-leaf");
        assert_eq!(child["spec"]["operatorVersion"]["name"], "leaf-1.0-0.2.0");
        assert_eq!(
            child["spec"]["parameters"],
            json!({"COLOR": "blue", "SHAPE": "round deploy"})
        );
        let versions = user.run(&["get", "operatorversions"]).ok();
        assert!(versions.contains("leaf-1.0-0.2.0"), "{versions}");
        user.run(&["uninstall", "--instance", "top"]).ok();
    }
}
