//! What an upgrade no longer has, and what belongs to no namespace, goes; what is others' stays.

use std::process::Child;

use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};

use crate::support::{Backend, User, backends};

/// Somebody with kubectl beside the user.
struct Admin {
    runtime: tokio::runtime::Runtime,
    client: Client,
    namespace: String,
    server: Option<Child>,
}

impl Admin {
    fn beside(user: &User, backend: &Backend) -> Self {
        let (server, path) = match backend {
            Backend::ApiServer(path) => (None, path.clone()),
            Backend::Sandbox => {
                let server = user.start(&["sandbox", "serve"]);
                user.until("the server", || {
                    user.run(&["sandbox", "kubeconfig"]).code == 0
                });
                let config = user.run(&["sandbox", "kubeconfig"]).ok();
                (Some(server), user.file("kubeconfig", &config).into())
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
            let options = kube::config::KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
            Client::try_from(config.await.unwrap()).unwrap()
        });
        Self {
            runtime,
            client,
            namespace: user.namespace().to_owned(),
            server,
        }
    }

    fn api(&self, kind: &str) -> Api<DynamicObject> {
        let client = self.client.clone();
        let (group, version) = match kind {
            "ClusterRole" => ("rbac.authorization.k8s.io", "v1"),
            "Instance" => ("kudo.dev", "v1beta1"),
            _ => ("", "v1"),
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        if kind == "ClusterRole" {
            Api::all_with(client, &resource)
        } else {
            Api::namespaced_with(client, &self.namespace, &resource)
        }
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        let found = self.runtime.block_on(self.api(kind).get_opt(name)).unwrap();
        found.is_some_and(|object| object.metadata.deletion_timestamp.is_none())
    }

    fn merge(&self, kind: &str, name: &str, patch: Value) {
        let (api, patch) = (self.api(kind), Patch::Merge(patch));
        let params = PatchParams::default();
        let patched = api.patch(name, &params, &patch);
        self.runtime.block_on(patched).unwrap();
    }

    /// Returns the messages of all events with this reason.
    fn events(&self, reason: &str) -> Vec<String> {
        let api = self.api("Event");
        let all = ListParams::default();
        let listed = api.list(&all);
        let listed = self.runtime.block_on(listed).unwrap();
        let events = listed
            .items
            .iter()
            .filter(|one| one.data["reason"] == reason);
        let mut messages: Vec<_> = events
            .map(|one| one.data["message"].as_str().unwrap().to_owned())
            .collect();
        messages.sort();
        messages
    }

    /// Moves the instance to another version, as whoever schedules its plan does.
    fn upgrade(&self, instance: &str, version: &str) {
        let spec = json!({
            "operatorVersion": {"name": version},
            "planExecution": {"planName": "deploy", "uid": version, "status": "IN_PROGRESS"},
        });
        self.merge("Instance", instance, json!({ "spec": spec }));
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

/// Writes version `version` of a package whose deploy plan has these tasks, and returns its folder.
///
/// Each test has an operator of its own: an instance that has just been made of the same operator,
/// anywhere in the cluster, may use what belongs to no namespace, and so keeps it there.
///
/// A resource `x` is the `ConfigMap` `x`, and `role` is a `ClusterRole` named after the namespace.
fn package(
    user: &User,
    operator: &str,
    version: &str,
    tasks: &[(&str, &[&str])],
    plans: &str,
) -> String {
    let folder = format!("{operator}-{version}");
    for resource in tasks.iter().flat_map(|(_, resources)| *resources) {
        let text = if *resource == "role" {
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  \
             name: {{ .Namespace }}-role\n"
                .to_owned()
        } else {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {resource}\n")
        };
        user.file(&format!("{folder}/templates/{resource}.yaml"), &text);
    }
    let listed = tasks.iter().map(|(name, resources)| {
        let files: Vec<_> = resources.iter().map(|one| format!("{one}.yaml")).collect();
        let files = files.join(", ");
        format!("- {{name: {name}, kind: Apply, spec: {{resources: [{files}]}}}}\n")
    });
    let names: Vec<_> = tasks.iter().map(|(name, _)| *name).collect();
    let written = format!(
        "apiVersion: kudo.dev/v1beta1\nname: {operator}\noperatorVersion: {version}\n\
         kubernetesVersion: 1.20.0\ntasks:\n{}- {{name: nothing, kind: Dummy, spec: {{done: true}}}}\n\
         plans:\n  deploy:\n    strategy: serial\n    phases:\n    - name: main\n      \
         strategy: serial\n      steps: [{{name: all, tasks: [{}]}}]\n{plans}",
        listed.collect::<String>(),
        names.join(", "),
    );
    user.file(&format!("{folder}/operator.yaml"), &written);
    let parameters = "apiVersion: kudo.dev/v1beta1\nparameters: []\n";
    user.file(&format!("{folder}/params.yaml"), parameters);
    user.path(&folder).to_str().unwrap().to_owned()
}

const CLEANUP: &str = "  cleanup:\n    strategy: serial\n    phases:\n    - name: main\n      \
                       strategy: serial\n      steps: [{name: all, tasks: [nothing]}]\n";

#[test]
fn an_upgrade_deletes_what_the_new_version_no_longer_has() {
    for backend in backends() {
        let user = User::on(backend.clone());
        let admin = Admin::beside(&user, &backend);
        let app = ["keep", "old", "guarded", "stolen", "role"];
        let one = package(
            &user,
            "upgraded",
            "0.1.0",
            &[("app", &app), ("gone", &["gone", "moved"])],
            "",
        );
        let two = package(
            &user,
            "upgraded",
            "0.2.0",
            &[("app", &["keep", "new", "moved"])],
            "",
        );
        user.run(&["install", &one]).ok();
        user.run(&["install", &two, "--skip-instance"]).ok();
        let role = format!("{}-role", user.namespace());
        let annotation = json!({"metadata": {"annotations": {"kudo.dev/prune": "disabled"}}});
        admin.merge("ConfigMap", "guarded", annotation);
        let label = json!({"metadata": {"labels": {"kudo.dev/instance": "other"}}});
        admin.merge("ConfigMap", "stolen", label);

        admin.upgrade("upgraded-instance", "upgraded-0.2.0");
        let waited = user.run(&["plan", "wait"]);

        assert_eq!(waited.code, 0, "{}", waited.stderr);
        for name in ["keep", "new", "moved", "guarded", "stolen"] {
            assert!(admin.has("ConfigMap", name), "{name}: {}", waited.stderr);
        }
        for name in ["old", "gone"] {
            assert!(!admin.has("ConfigMap", name), "{name}: {}", waited.stderr);
            let line = format!("ConfigMap `{name}` was deleted.\n");
            assert!(waited.stderr.contains(&line), "{}", waited.stderr);
        }
        assert!(!admin.has("ClusterRole", &role), "{}", waited.stderr);
        let left = "ConfigMap `guarded` is left: its annotation kudo.dev/prune says disabled.\n";
        assert!(waited.stderr.contains(left), "{}", waited.stderr);
        let no_longer = "was deleted: upgraded-0.2.0 no longer has it";
        assert_eq!(
            admin.events("Pruned"),
            [
                format!("ClusterRole `{role}` {no_longer}"),
                format!("ConfigMap `gone` {no_longer}"),
                format!("ConfigMap `old` {no_longer}"),
            ]
        );
        let history = user.run(&["plan", "history", "--last"]).ok();
        assert!(history.contains("trigger  upgrade\n"), "{history}");
        assert!(
            history.contains("upgraded-0.1.0 -> upgraded-0.2.0\n"),
            "{history}"
        );
        user.run(&["uninstall"]).ok();
    }
}

#[test]
fn an_update_deletes_nothing_and_a_failed_upgrade_neither() {
    for backend in backends() {
        let user = User::on(backend.clone());
        let admin = Admin::beside(&user, &backend);
        let one = package(&user, "updated", "0.1.0", &[("app", &["keep", "old"])], "");
        let bad = package(
            &user,
            "updated",
            "0.2.0",
            &[("app", &["keep"]), ("bad", &["bad"])],
            "",
        );
        user.file(
            "updated-0.2.0/templates/bad.yaml",
            "apiVersion: v1\nkind: Nothing\nmetadata:\n  name: bad\n",
        );
        user.run(&["install", &one]).ok();
        user.run(&["install", &bad, "--skip-instance"]).ok();

        user.run(&["plan", "trigger", "--name", "deploy"]).ok();
        admin.upgrade("updated-instance", "updated-0.2.0");
        let failed = user.run(&["plan", "wait"]);

        assert_eq!(failed.code, 3, "{}", failed.stderr);
        assert!(admin.has("ConfigMap", "old"));
        assert_eq!(admin.events("Pruned"), [""; 0]);
        user.run(&["uninstall"]).ok();
    }
}

#[test]
fn objects_of_the_cluster_go_with_their_instance() {
    for backend in backends() {
        let user = User::on(backend.clone());
        let admin = Admin::beside(&user, &backend);
        let role = format!("{}-role", user.namespace());
        let ways: [(&str, &[&str]); 3] = [
            ("", &["uninstall"]),
            (CLEANUP, &["uninstall"]),
            (CLEANUP, &["uninstall", "--skip-cleanup"]),
        ];
        for (number, (plans, uninstall)) in ways.into_iter().enumerate() {
            let version = format!("0.{number}.0");
            let package = package(
                &user,
                "clustered",
                &version,
                &[("app", &["one", "role"])],
                plans,
            );
            user.run(&["install", &package]).ok();
            assert!(admin.has("ClusterRole", &role));

            let gone = user.run(uninstall);

            assert_eq!(gone.code, 0, "{}", gone.stderr);
            let line = format!("ClusterRole `{role}` was deleted.\n");
            assert!(gone.stderr.contains(&line), "{}", gone.stderr);
            assert!(
                gone.stderr.contains("ConfigMap `one` was deleted.\n"),
                "{}",
                gone.stderr
            );
            assert!(!admin.has("ClusterRole", &role), "{}", gone.stderr);
            assert!(
                !admin.has("Instance", "clustered-instance"),
                "{}",
                gone.stderr
            );
        }
    }
}

#[test]
fn what_another_instance_uses_stays_until_that_goes() {
    for backend in backends() {
        let user = User::on(backend.clone());
        let admin = Admin::beside(&user, &backend);
        let role = format!("{}-role", user.namespace());
        let package = package(&user, "shared", "0.1.0", &[("app", &["role"])], "");
        user.run(&["install", &package, "--instance", "a"]).ok();
        user.run(&["install", &package, "--instance", "b"]).ok();
        // Whoever applied it last is named by its label.
        let uninstall = |name: &str| user.run(&["uninstall", "--instance", name]);

        let first = uninstall("b");

        let left = format!("ClusterRole `{role}` is left: instance `a` in namespace");
        assert!(first.stderr.contains(&left), "{}", first.stderr);
        assert!(admin.has("ClusterRole", &role));
        user.run(&["plan", "trigger", "--instance", "a", "--name", "deploy"])
            .ok();
        let second = uninstall("a");
        assert!(!admin.has("ClusterRole", &role), "{}", second.stderr);
    }
}
