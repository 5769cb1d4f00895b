//! Child instances from what a cluster has and nothing else, as Go KUDO's commands leave it.

use std::sync::{Arc, Mutex};

use k8s_openapi::{
    api::core::v1::Event,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use kudo_engine::{
    api::{Instance, Operator, OperatorVersion, instance::ExecutionStatus},
    clock::{RandomIds, SystemClock},
    cluster::Cluster,
    driver::{Driver, Outcome, Report},
    operations::{Asked, Control, Edit, change, control},
};
use kudo_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// A cluster with KUDO's definitions.
struct World {
    _sandbox: Sandbox,
    client: Client,
    cluster: Cluster,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::in_memory(Options::default());
        let client = sandbox.client("default");
        let cluster = Cluster::new(client.clone(), Arc::new(SystemClock), Arc::new(RandomIds));
        cluster.install_definitions().await.unwrap();
        Self {
            _sandbox: sandbox,
            client,
            cluster,
        }
    }

    /// Stores a package whose steps run these tasks one after the other; tasks of the kind
    /// `KudoOperator` name exact versions (kudo-spec 3.11).
    async fn package(&self, name: &str, tasks: &[Value]) {
        let named = tasks.iter().enumerate().map(|(number, task)| {
            let mut task = task.clone();
            task["name"] = json!(format!("t{number}"));
            task
        });
        let steps = (0..tasks.len())
            .map(|number| json!({"name": format!("s{number}"), "tasks": [format!("t{number}")]}));
        let version = json!({
            "metadata": {"name": format!("{name}-0.1.0")},
            "spec": {
                "operator": {"kind": "Operator", "name": name},
                "version": "0.1.0",
                "tasks": named.collect::<Vec<_>>(),
                "templates": {"params.yaml": "PLACE: {{ .PlanName }}/{{ .PhaseName }}/{{ .StepName }}\n"},
                "parameters": [{"name": "PLACE", "default": ""}],
                "plans": {"deploy": {"strategy": "serial", "phases": [
                    {"name": "main", "strategy": "serial", "steps": steps.collect::<Vec<_>>()},
                ]}},
            },
        });
        let operator = json!({"metadata": {"name": name}, "spec": {}});
        let operators: Api<Operator> = Api::default_namespaced(self.client.clone());
        let operator = serde_json::from_value(operator).unwrap();
        operators
            .create(&PostParams::default(), &operator)
            .await
            .unwrap();
        self.versions()
            .create(
                &PostParams::default(),
                &serde_json::from_value(version).unwrap(),
            )
            .await
            .unwrap();
    }

    /// Creates an instance whose deploy plan is scheduled.
    async fn instance(&self, package: &str) {
        let instance = json!({
            "metadata": {"name": "top"},
            "spec": {
                "operatorVersion": {"name": format!("{package}-0.1.0")},
                "planExecution": {"planName": "deploy", "uid": "u1", "status": "IN_PROGRESS"},
            },
        });
        let instance = serde_json::from_value(instance).unwrap();
        self.instances()
            .create(&PostParams::default(), &instance)
            .await
            .unwrap();
    }

    fn instances(&self) -> Api<Instance> {
        Api::default_namespaced(self.client.clone())
    }

    fn versions(&self) -> Api<OperatorVersion> {
        Api::default_namespaced(self.client.clone())
    }

    async fn drive(&self, driver: &Driver) -> Outcome {
        driver.drive("default", "top", &|_| {}).await.unwrap()
    }

    fn driver(&self, name: &str) -> Driver {
        Driver::new(self.cluster.clone(), name.to_owned())
    }

    async fn events(&self) -> Vec<(String, String)> {
        let events: Api<Event> = Api::default_namespaced(self.client.clone());
        let events = events.list(&ListParams::default()).await.unwrap();
        let pair = |event: Event| {
            (
                event.reason.unwrap_or_default(),
                event.message.unwrap_or_default(),
            )
        };
        events.into_iter().map(pair).collect()
    }

    async fn status(&self, name: &str) -> ExecutionStatus {
        let instance = self.instances().get(name).await.unwrap();
        instance.plan_status("deploy").unwrap().status
    }

    /// Gives a package other tasks of the kind Dummy.
    async fn set_dummy(&self, name: &str, spec: Value) {
        let patch = json!({"spec": {"tasks": [{"name": "t0", "kind": "Dummy", "spec": spec}]}});
        self.versions()
            .patch(
                &format!("{name}-0.1.0"),
                &PatchParams::default(),
                &Patch::Merge(&patch),
            )
            .await
            .unwrap();
    }
}

fn child(package: &str) -> Value {
    json!({"kind": "KudoOperator", "spec": {
        "package": package, "operatorVersion": "0.1.0", "parameterFile": "params.yaml",
    }})
}

fn dummy(spec: &Value) -> Value {
    json!({"kind": "Dummy", "spec": spec})
}

fn failed(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed { message, .. } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_tree_runs_from_the_cluster_alone_and_files_know_their_place() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"done": true}))])
        .await;
    world.package("middle", &[child("leaf")]).await;
    world.package("root", &[child("middle")]).await;
    world.instance("root").await;

    let outcome = world.drive(&world.driver("d")).await;

    assert_eq!(
        outcome,
        Outcome::Complete {
            plan: "deploy".to_owned()
        }
    );
    let leaf = world.instances().get("top-middle-leaf").await.unwrap();
    // kudo-spec 3.10: KUDO left these names out.
    assert_eq!(leaf.spec.parameters["PLACE"], "deploy/main/s0");
    assert_eq!(
        world.status("top-middle-leaf").await,
        ExecutionStatus::Complete
    );
}

// kudo-spec 3.11
#[tokio::test]
async fn what_is_missing_or_needs_itself_fails_the_plan_with_kudos_event() {
    let world = World::new().await;
    world.package("root", &[child("gone")]).await;
    world.instance("root").await;

    let message = failed(world.drive(&world.driver("d")).await);

    assert_eq!(
        message,
        "failed to resolve package Operator: \"gone\", OperatorVersion: \"0.1.0\", AppVersion \
         \"any\", dependency of package root-0.1.0: failed to resolve operator version \
         default/gone-0.1.0:"
    );
    let top = world.instances().get("top").await.unwrap();
    let status = top.plan_status("deploy").unwrap();
    assert_eq!(status.status, ExecutionStatus::FatalError);
    assert_eq!(status.message, message);
    let events = world.events().await;
    assert!(
        events.contains(&("CircularDependency".to_owned(), message)),
        "{events:?}"
    );
}

#[tokio::test]
async fn packages_that_need_each_other_run_nothing() {
    let world = World::new().await;
    world.package("a", &[child("b")]).await;
    world.package("b", &[child("a")]).await;
    world.instance("a").await;

    let message = failed(world.drive(&world.driver("d")).await);

    assert_eq!(
        message,
        "cyclic package dependency found when adding package b-0.1.0 -> a-0.1.0: a-0.1.0 -> b-0.1.0 \
         -> a-0.1.0"
    );
    let all = world
        .instances()
        .list(&ListParams::default())
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
}

#[tokio::test]
async fn a_retry_of_the_parent_goes_on_where_the_grandchild_failed() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"wantErr": true, "fatal": true}))])
        .await;
    world.package("middle", &[child("leaf")]).await;
    world.package("root", &[child("middle")]).await;
    world.instance("root").await;
    let driver = world.driver("d");
    let message = failed(world.drive(&driver).await);
    assert!(
        message.contains("plan deploy of child instance default/top-middle failed: ")
            && message.contains("default/top-middle-leaf failed in deploy.main.s0.t0: dummy error"),
        "{message}"
    );

    // Nothing was mended: the retry finds the same error, by trying.
    let uid_before = world.instances().get("top-middle-leaf").await.unwrap();
    let uid_before = uid_before.plan_status("deploy").unwrap().uid.clone();
    world.set_dummy("leaf", json!({"done": true})).await;
    control(&world.cluster, "default", "top", &Control::Retry)
        .await
        .unwrap();

    let outcome = world.drive(&driver).await;

    assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
    let leaf = world.instances().get("top-middle-leaf").await.unwrap();
    let status = leaf.plan_status("deploy").unwrap();
    assert_eq!(status.status, ExecutionStatus::Complete);
    assert_eq!(status.uid, uid_before);
}

#[tokio::test]
async fn a_driver_that_is_dropped_in_a_child_goes_on_at_once() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"done": false}))])
        .await;
    world.package("root", &[child("leaf")]).await;
    world.instance("root").await;
    let driver = world.driver("d");
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let observe = move |report| {
        if let Report::Progress(status) = report {
            let step = &status.phases[0].steps[0];
            drop(told.send(step.message.clone()));
        }
    };
    let interrupted = async {
        while let Some(message) = hear.recv().await {
            if message
                == "Instance `top-leaf`: plan deploy is at main.s0: a Dummy task that is never done"
            {
                return;
            }
        }
    };
    tokio::select! {
        outcome = driver.drive("default", "top", &observe) => panic!("{outcome:?}"),
        () = interrupted => {}
    }
    world.set_dummy("leaf", json!({"done": true})).await;
    driver.release("default", "top").await;

    // Another driver need not wait until the child's lease is old: it was given back too.
    let seen = Mutex::new(Vec::new());
    let observe = |report| seen.lock().unwrap().push(report);
    let other = world.driver("other");
    let outcome = other.drive("default", "top", &observe).await.unwrap();

    assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
    let seen = format!("{:?}", seen.lock().unwrap());
    assert!(!seen.contains("driven by"), "{seen}");
    assert_eq!(world.status("top-leaf").await, ExecutionStatus::Complete);
}

#[tokio::test]
async fn a_child_that_is_paused_holds_its_parent_until_it_is_resumed() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"done": false}))])
        .await;
    world.package("root", &[child("leaf")]).await;
    world.instance("root").await;
    let driver = world.driver("d");
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let observe = move |report| {
        if let Report::Progress(status) = report {
            let step = &status.phases[0].steps[0];
            drop(told.send(step.message.clone()));
        }
    };
    let by_hand = async {
        let mut is_paused = false;
        while let Some(message) = hear.recv().await {
            if message.contains("never done") && !is_paused {
                is_paused = true;
                control(&world.cluster, "default", "top-leaf", &Control::Pause)
                    .await
                    .unwrap();
            }
            if message.contains("plan deploy is paused; `kudo-rs plan resume --instance top-leaf`")
            {
                world.set_dummy("leaf", json!({"done": true})).await;
                control(&world.cluster, "default", "top-leaf", &Control::Resume)
                    .await
                    .unwrap();
                return std::future::pending().await;
            }
        }
    };

    let outcome = tokio::select! {
        outcome = driver.drive("default", "top", &observe) => outcome.unwrap(),
        () = by_hand => panic!("the driver ended without a word"),
    };

    assert!(matches!(outcome, Outcome::Complete { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_plan_that_is_cancelled_takes_the_plans_of_its_children_with_it() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"done": false}))])
        .await;
    world.package("middle", &[child("leaf")]).await;
    world.package("root", &[child("middle")]).await;
    world.instance("root").await;
    let driver = world.driver("d");
    let cancelling = async {
        while world
            .instances()
            .get_opt("top-middle-leaf")
            .await
            .unwrap()
            .is_none()
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        control(&world.cluster, "default", "top", &Control::Cancel)
            .await
            .unwrap();
    };

    let (outcome, ()) = tokio::join!(world.drive(&driver), cancelling);

    assert_eq!(failed(outcome), "plan deploy was cancelled");
    for name in ["top-middle-leaf", "top-middle", "top"] {
        let instance = world.instances().get(name).await.unwrap();
        assert!(!instance.spec.plan_execution.is_scheduled(), "{name}");
        let deploy = instance.plan_status("deploy").unwrap();
        assert_eq!(deploy.status, ExecutionStatus::FatalError, "{name}");
        assert_eq!(deploy.message, "plan deploy was cancelled", "{name}");
    }
    world.set_dummy("leaf", json!({"done": true})).await;
    control(&world.cluster, "default", "top", &Control::Retry)
        .await
        .unwrap();

    let outcome = world.drive(&driver).await;

    let plan = "deploy".to_owned();
    assert_eq!(outcome, Outcome::Complete { plan });
}

#[tokio::test]
async fn definitions_that_would_drop_the_history_are_told_of() {
    let world = World::new().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    let mut old = definitions.get("instances.kudo.dev").await.unwrap();
    let schema = old.spec.versions[0].schema.as_mut().unwrap();
    let schema = schema.open_api_v3_schema.as_mut().unwrap();
    let status = schema
        .properties
        .as_mut()
        .unwrap()
        .get_mut("status")
        .unwrap();
    let removed = status.properties.as_mut().unwrap().remove("history");
    assert!(removed.is_some());
    definitions
        .replace("instances.kudo.dev", &PostParams::default(), &old)
        .await
        .unwrap();
    world
        .package("leaf", &[dummy(&json!({"done": true}))])
        .await;
    world.instance("leaf").await;
    let told = Mutex::new(0);

    let driver = world.driver("d");
    let count = |report| {
        if report == Report::OldDefinitions {
            *told.lock().unwrap() += 1;
        }
    };
    let driven = driver.drive("default", "top", &count).await;

    let plan = "deploy".to_owned();
    assert_eq!(driven.unwrap(), Outcome::Complete { plan });
    assert_eq!(told.into_inner().unwrap(), 1);
}

#[tokio::test]
async fn a_change_waits_until_the_plan_that_has_ended_is_taken_off() {
    let world = World::new().await;
    world
        .package("leaf", &[dummy(&json!({"done": true}))])
        .await;
    world.instance("leaf").await;
    let ended = json!({"status": {"planStatus": {"deploy": {
        "name": "deploy", "uid": "u1", "status": "COMPLETE", "phases": [],
    }}}});
    let params = PatchParams::default();
    world
        .instances()
        .patch_status("top", &params, &Patch::Merge(&ended))
        .await
        .unwrap();
    let taken_off = async {
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        let nothing =
            json!({"spec": {"planExecution": {"planName": null, "uid": null, "status": null}}});
        world
            .instances()
            .patch("top", &params, &Patch::Merge(&nothing))
            .await
            .unwrap();
    };
    let edit = Edit::Run("deploy".to_owned());

    let (asked, ()) = tokio::join!(change(&world.cluster, "default", "top", &edit), taken_off);

    let plan = "deploy".to_owned();
    assert_eq!(
        asked.unwrap(),
        Asked::Scheduled {
            plan,
            is_driven_by_kudo: false
        }
    );
    let top = world.instances().get("top").await.unwrap();
    assert_ne!(top.spec.plan_execution.uid, "u1");
}
