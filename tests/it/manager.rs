//! `kudo-rs manager` and what `kubectl` users do: objects are applied, patched and deleted through the
//! API alone.

use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::support::{Backend, backends, managed::Managed};

fn condition<'a>(instance: &'a Value, kind: &str) -> (&'a str, &'a str) {
    let conditions = instance["status"]["conditions"].as_array();
    let found = conditions
        .into_iter()
        .flatten()
        .find(|one| one["type"] == kind);
    found.map_or(("", ""), |found| {
        (
            found["status"].as_str().unwrap(),
            found["reason"].as_str().unwrap(),
        )
    })
}

/// Whether tools of Kubernetes see the instance as settled, with this plan as the last one.
fn is_settled(instance: &Value, plan: &str, uid_before: &str) -> bool {
    let status = &instance["status"];
    status["lastPlan"] == json!({"name": plan, "status": "COMPLETE"})
        && status["planStatus"][plan]["uid"] != uid_before
        && status["observedGeneration"] == instance["metadata"]["generation"]
        && condition(instance, "Reconciling").0 == "False"
        && condition(instance, "Stalled").0 == "False"
}

fn instance(parameters: &Value) -> Value {
    json!({
        "apiVersion": "kudo.dev/v1beta1", "kind": "Instance", "metadata": {"name": "shop"},
        "spec": {"operatorVersion": {"name": "web-0.1.0"}, "parameters": parameters},
    })
}

/// A Deployment whose pods hang while `HANG` is true, a cleanup plan, and an immutable parameter.
fn operator_version() -> Value {
    let step = |task: &str| {
        json!({"strategy": "serial", "phases": [{"name": "main", "strategy": "serial", "steps": [
            {"name": task, "tasks": [task]},
        ]}]})
    };
    let web = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Name }}
spec:
  replicas: {{ .Params.COUNT }}
  selector:
    matchLabels: {app: {{ .Name }}}
  template:
    metadata:
      labels: {app: {{ .Name }}}
      annotations: {fakelet/notready: {{ .Params.HANG | quote }}}
    spec:
      containers: [{name: web, image: nginx}]
";
    let note = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Name }}-{{ .PlanName }}\n";
    json!({
        "apiVersion": "kudo.dev/v1beta1", "kind": "OperatorVersion",
        "metadata": {"name": "web-0.1.0"},
        "spec": {
            "operator": {"name": "web", "kind": "Operator"}, "version": "0.1.0",
            "parameters": [
                {"name": "COUNT", "default": "1", "trigger": "deploy"},
                {"name": "HANG", "default": "false", "trigger": "deploy"},
                {"name": "NOTE", "default": "a", "trigger": "note"},
                {"name": "REGION", "default": "north", "immutable": true},
            ],
            "templates": {"web.yaml": web, "note.yaml": note},
            "tasks": [
                {"name": "web", "kind": "Apply", "spec": {"resources": ["web.yaml"]}},
                {"name": "note", "kind": "Apply", "spec": {"resources": ["note.yaml"]}},
            ],
            "plans": {"deploy": step("web"), "note": step("note"), "cleanup": step("note")},
        },
    })
}

fn operator() -> Value {
    json!({
        "apiVersion": "kudo.dev/v1beta1", "kind": "Operator", "metadata": {"name": "web"}, "spec": {},
    })
}

fn managed_shop(backend: Backend, parameters: &Value) -> Managed {
    let mut managed = Managed::on(backend);
    managed.start();
    for object in [operator(), operator_version(), instance(parameters)] {
        managed.apply(&object);
    }
    managed
}

#[test]
fn an_instance_that_is_applied_patched_and_deleted_runs_its_plans() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let mut managed = Managed::on(backend);
        managed.start();

        // The order of `kubectl apply` does not matter.
        managed.apply(&instance(&json!({})));
        managed.until("the report", |shop| {
            condition(shop, "Ready") == ("False", "InvalidOperatorVersion")
        });
        managed.apply(&operator());
        managed.apply(&operator_version());
        managed.until("deploy", |shop| is_settled(shop, "deploy", ""));
        let shop = managed.instance();
        assert_eq!(condition(&shop, "Ready"), ("True", "ResourcesReady"));
        assert_eq!(shop["spec"]["parameters"], json!({"REGION": "north"}));
        assert_eq!(
            shop["metadata"]["finalizers"],
            json!(["kudo.dev.instance.cleanup"])
        );
        assert_eq!(managed.events("InvalidOperatorVersion").len(), 1);

        managed.patch(&json!({"parameters": {"NOTE": "b"}}));
        managed.until("note", |shop| is_settled(shop, "note", ""));
        let uid = managed.instance()["status"]["planStatus"]["note"]["uid"].clone();
        managed.patch(&json!({"planExecution": {"planName": "note"}}));
        managed.until("note by hand", |shop| {
            is_settled(shop, "note", uid.as_str().unwrap())
        });

        let deleted = DeleteParams::background();
        managed
            .wait(managed.kudo("Instance").delete("shop", &deleted))
            .unwrap();
        managed.until("the deletion", Value::is_null);
        // The event comes after the finalizer has gone, and the instance with it.
        let cleanup = "Execution of plan cleanup finished with status COMPLETE";
        managed.user.until("the event", || {
            managed
                .events("PlanFinished")
                .iter()
                .any(|one| one == cleanup)
        });
    }
}

#[test]
fn a_forbidden_change_is_reported_once_and_nothing_of_it_is_executed() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let managed = managed_shop(backend, &json!({}));
        managed.until("deploy", |shop| is_settled(shop, "deploy", ""));
        let uid = managed.instance()["status"]["planStatus"]["deploy"]["uid"].clone();

        managed.patch(&json!({"parameters": {"REGION": "south"}}));
        managed.until("the refusal", |shop| {
            condition(shop, "Admitted") == ("False", "ChangeDenied")
                && condition(shop, "Stalled").0 == "True"
        });
        // A later change that would be allowed waits until the whole is.
        managed.patch(&json!({"parameters": {"COUNT": "2"}}));
        managed.until("the second look", |shop| {
            shop["status"]["observedGeneration"] == shop["metadata"]["generation"]
        });
        let shop = managed.instance();
        assert_eq!(shop["spec"]["parameters"]["REGION"], "south");
        assert_eq!(
            shop["status"]["admitted"]["parameters"],
            json!({"REGION": "north"})
        );
        assert_eq!(shop["status"]["planStatus"]["deploy"]["uid"], uid);
        assert_eq!(condition(&shop, "Ready"), ("True", "ResourcesReady"));
        let denied = managed.events("ChangeDenied");
        assert_eq!(denied.len(), 1, "{denied:?}");
        assert!(denied[0].contains("parameter 'REGION' is immutable but was changed"));
        let status = managed
            .user
            .run(&["plan", "status", "--instance", "shop"])
            .ok();
        assert!(
            status.contains("Admitted: False, ChangeDenied: failed to"),
            "{status}"
        );
        managed
            .user
            .run(&["update", "--instance", "shop", "-p", "COUNT=3"])
            .refused("parameter 'REGION' is immutable");

        managed.patch(&json!({"parameters": {"REGION": "north"}}));
        managed.until("deploy with COUNT", |shop| {
            is_settled(shop, "deploy", uid.as_str().unwrap())
        });
        let shop = managed.instance();
        assert_eq!(condition(&shop, "Admitted"), ("True", "ChangeAdmitted"));
        assert_eq!(shop["status"]["admitted"]["parameters"]["COUNT"], "2");
    }
}

#[test]
fn a_running_plan_is_restarted_by_its_own_parameters_and_kept_against_others() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let managed = managed_shop(backend, &json!({"HANG": "true"}));
        let runs = |shop: &Value| shop["status"]["planStatus"]["deploy"]["status"] == "IN_PROGRESS";
        managed.until("deploy", runs);
        let uid = managed.instance()["spec"]["planExecution"]["uid"].clone();

        // Taken off the instance: named again.
        managed.patch(&json!({"planExecution": null}));
        managed
            .user
            .until("the event", || managed.events("ChangeDenied").len() == 1);
        managed.until("the restored plan", |shop| {
            shop["spec"]["planExecution"]["uid"] == uid
        });
        // Another plan's parameter: refused as long as this plan runs.
        managed.patch(&json!({"parameters": {"NOTE": "b"}}));
        managed.until("the refusal", |shop| {
            condition(shop, "Admitted") == ("False", "ChangeDenied") && runs(shop)
        });
        let denied = managed.events("ChangeDenied");
        let words =
            "plan 'deploy' is scheduled (or running) and an update would trigger a different";
        assert!(denied.iter().any(|one| one.contains(words)), "{denied:?}");
        managed.patch(&json!({"parameters": {"NOTE": null}}));
        managed.until("the change taken back", |shop| {
            condition(shop, "Admitted").0 == "True" && runs(shop)
        });
        assert_eq!(managed.instance()["spec"]["planExecution"]["uid"], uid);
        // Its own parameter: started anew, and now it ends.
        managed.patch(&json!({"parameters": {"HANG": "false"}}));
        managed.until("the restart", |shop| {
            is_settled(shop, "deploy", uid.as_str().unwrap())
        });
    }
}

#[test]
fn ready_stays_true_to_the_workloads_after_the_plan() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let mut managed = managed_shop(backend, &json!({}));
        managed.until("deploy", |shop| is_settled(shop, "deploy", ""));

        managed.annotate(&json!({"fakelet/notready": "true"}));
        managed.until("a broken Deployment", |shop| {
            condition(shop, "Ready") == ("False", "ResourceNotReady")
        });
        let shop = managed.instance();
        assert_eq!(shop["status"]["lastPlan"]["status"], "COMPLETE");
        managed.annotate(&json!({"fakelet/notready": "false"}));
        managed.until("a repaired Deployment", |shop| {
            condition(shop, "Ready") == ("True", "ResourcesReady")
        });

        // Without a manager nobody writes it; the command line shows it all the same.
        assert_eq!(managed.signal("-TERM"), 0, "{}", managed.user.said());
        managed.annotate(&json!({"fakelet/notready": "true"}));
        managed.user.until("what is shown", || {
            let shown = managed.user.run(&["get", "instances"]).ok();
            shown
                .lines()
                .nth(1)
                .is_some_and(|line| line.contains("False"))
        });
        let status = managed
            .user
            .run(&["plan", "status", "--instance", "shop"])
            .ok();
        assert!(
            status.contains("Ready: False, ResourceNotReady: Deployment shop:"),
            "{status}"
        );
    }
}

#[test]
fn kubectl_and_plan_wait_need_no_manager() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let managed = Managed::on(backend);
        for object in [operator(), operator_version(), instance(&json!({}))] {
            managed.apply(&object);
        }

        managed
            .user
            .run(&["plan", "wait", "--instance", "shop"])
            .ok();
        assert!(is_settled(&managed.instance(), "deploy", ""));
        managed.patch(&json!({"parameters": {"NOTE": "b"}}));
        managed
            .user
            .run(&["plan", "wait", "--instance", "shop"])
            .ok();
        assert!(is_settled(&managed.instance(), "note", ""));
        managed.patch(&json!({"parameters": {"REGION": "south"}}));
        managed
            .user
            .run(&["plan", "wait", "--instance", "shop"])
            .refused("the change was denied: failed to check immutable parameters");
        // The command that puts it right needs no plan.
        let restored = managed
            .user
            .run(&["update", "--instance", "shop", "-p", "REGION=north"])
            .ok();
        assert_eq!(restored, "Instance shop is so already; no plan runs.\n");
        managed
            .user
            .run(&["plan", "wait", "--instance", "shop"])
            .ok();
        assert!(is_settled(&managed.instance(), "note", ""));
    }
}

#[test]
fn manager_and_command_line_never_drive_the_same_plan() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let mut managed = managed_shop(backend, &json!({"HANG": "true"}));
        managed.until("deploy", |shop| {
            shop["status"]["planStatus"]["deploy"]["status"] == "IN_PROGRESS"
        });
        let uid = managed.instance()["spec"]["planExecution"]["uid"].clone();
        let lease = managed.api("coordination.k8s.io", "v1", "Lease");
        let holder = || {
            let lease = managed.get(&lease, "kudo-rs-shop").unwrap_or_default();
            lease["spec"]["holderIdentity"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        managed
            .user
            .until("the lease", || holder().starts_with("kudo-rs manager"));

        // The command follows the manager, and leaves the plan to it.
        let wait = ["plan", "wait", "--instance", "shop", "--timeout", "1s"];
        let followed = managed.user.run(&wait);
        assert_eq!(followed.code, 4, "{}", followed.stderr);
        assert!(
            followed.stderr.contains("kudo-rs manager on"),
            "{}",
            followed.stderr
        );
        assert!(holder().starts_with("kudo-rs manager"));

        // A manager that is told to end gives the lease back; one that comes finds the plan.
        assert_eq!(managed.signal("-TERM"), 0, "{}", managed.user.said());
        let left = managed.get(
            &managed.api("coordination.k8s.io", "v1", "Lease"),
            "kudo-rs-shop",
        );
        assert_eq!(left, None);
        managed.start();
        let leases = managed.api("coordination.k8s.io", "v1", "Lease");
        managed.user.until("the lease of the next", || {
            managed.get(&leases, "kudo-rs-shop").is_some()
        });
        assert_eq!(managed.instance()["spec"]["planExecution"]["uid"], uid);

        // A manager that dies is replaced by whoever waits.
        managed.signal("-KILL");
        managed.patch(&json!({"parameters": {"HANG": "false"}}));
        let ended = managed.user.run(&["plan", "wait", "--instance", "shop"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("no longer answers"),
            "{}",
            ended.stderr
        );
        assert!(is_settled(
            &managed.instance(),
            "deploy",
            uid.as_str().unwrap()
        ));
    }
}
