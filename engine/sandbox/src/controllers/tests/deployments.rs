use super::recordings::{recording, strings, timeless};
use super::*;

fn deployment() -> Value {
    json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template("web", "img:1"),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
    })
}

/// The `ReplicaSet`s by name, with the number that a recording gives to each.
#[derive(Default)]
struct Numbers(BTreeMap<String, String>);

impl Numbers {
    /// Numbers the `ReplicaSet`s that are new.
    fn learn(&mut self, world: &World) {
        for set in world.all(Kind::ReplicaSet) {
            let next = self.0.len() + 1;
            let name = object::name(&set).to_owned();
            self.0.entry(name).or_insert_with(|| format!("web-#{next}"));
        }
    }

    fn of(&self, value: &Value) -> Value {
        serde_json::from_str(&numbered(&value.to_string(), &self.0)).unwrap()
    }
}

/// Compares Deployment, `ReplicaSet`s and their annotations with a step of a recording.
fn compare(world: &World, numbers: &mut Numbers, expected: &Value) {
    numbers.learn(world);
    let step = expected["step"].as_str().unwrap();
    let deployment = world.get(Kind::Deployment, "web").unwrap();
    assert_eq!(
        numbers.of(&timeless(&deployment["status"])),
        expected["status"]["deployments/web"],
        "{step}"
    );
    for set in world.all(Kind::ReplicaSet) {
        let number = &numbers.0[object::name(&set)];
        let ours = numbers.of(&timeless(&set["status"]));
        let theirs = &expected["status"][format!("replicasets/{number}")];
        // How often a set was resized on the way depends on which pod was ready first.
        assert_eq!(
            without_generation(&ours),
            without_generation(theirs),
            "{step} {number}"
        );
        assert_eq!(
            set["metadata"]["annotations"], expected["annotations"][number],
            "{step}"
        );
    }
}

fn without_generation(status: &Value) -> Value {
    let mut status = status.clone();
    object::set(&mut status, &["observedGeneration"], Value::Null);
    status
}

#[test]
fn deployments_end_as_kube_controller_manager_leaves_them() {
    let mut world = World::new();
    let mut numbers = Numbers::default();
    for expected in recording("deployment").as_array().unwrap() {
        let image = |world: &mut World, image: &str| {
            world.edit(Kind::Deployment, "web", |web| set_image(web, image));
        };
        let spec = |world: &mut World, field: &str, value: Value| {
            world.edit(Kind::Deployment, "web", |web| web["spec"][field] = value);
        };
        match expected["step"].as_str().unwrap() {
            "create 3" => world.create(Kind::Deployment, deployment()),
            "template img:2" => image(&mut world, "img:2"),
            "scale to 5" => spec(&mut world, "replicas", json!(5)),
            "paused img:3" => {
                spec(&mut world, "paused", json!(true));
                image(&mut world, "img:3");
            }
            "resumed" => spec(&mut world, "paused", json!(false)),
            "back to img:1" => image(&mut world, "img:1"),
            "to Recreate" => spec(&mut world, "strategy", json!({"type": "Recreate"})),
            "Recreate img:4" => image(&mut world, "img:4"),
            other => panic!("unknown step {other}"),
        }
        world.settle();
        compare(&world, &mut numbers, expected);
    }
}

#[test]
fn a_rolling_update_surges_and_shrinks_as_recorded() {
    let recorded = recording("deployment");
    let mut world = World::new();
    let mut numbers = Numbers::default();
    let mut told = 0;
    for (expected, image) in recorded.as_array().unwrap().iter().zip(["img:1", "img:2"]) {
        if image == "img:1" {
            world.create(Kind::Deployment, deployment());
        } else {
            world.edit(Kind::Deployment, "web", |web| set_image(web, image));
        }
        world.settle();
        numbers.learn(&world);
        let events = world.events("deployment-controller");
        let events: Vec<String> = events[told..]
            .iter()
            .map(|event| numbered(event, &numbers.0))
            .collect();
        told += events.len();
        assert_eq!(events, strings(&expected["events"]));
    }
}

#[test]
fn recreate_has_no_pod_of_both_templates_at_once() {
    let mut world = World::new();
    let mut web = deployment();
    web["spec"]["strategy"] = json!({"type": "Recreate"});
    world.create(Kind::Deployment, web);
    world.settle();
    world.pod_trace();

    world.edit(Kind::Deployment, "web", |web| set_image(web, "img:2"));
    world.settle();

    let trace: Vec<String> = world
        .pod_trace()
        .iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        trace,
        [["delete"; 3], ["gone"; 3], ["create"; 3], ["ready"; 3]].concat()
    );
}

#[test]
fn a_stuck_rollout_passes_its_deadline_and_can_be_undone() {
    let mut world = World::new();
    let mut numbers = Numbers::default();
    for expected in recording("deployment-stuck").as_array().unwrap() {
        let not_ready = |world: &mut World, value: Value| {
            let path = [
                "spec",
                "template",
                "metadata",
                "annotations",
                "fakelet/notready",
            ];
            world.edit(Kind::Deployment, "web", |web| {
                object::set(web, &path, value);
            });
        };
        match expected["step"].as_str().unwrap() {
            "create 3" => {
                let mut web = deployment();
                web["spec"]["progressDeadlineSeconds"] = json!(4);
                world.create(Kind::Deployment, web);
            }
            "stuck" => not_ready(&mut world, json!("true")),
            "undone" => {
                // The template is again exactly the first one.
                world.edit(Kind::Deployment, "web", |web| {
                    object::set(
                        web,
                        &["spec", "template", "metadata", "annotations"],
                        Value::Null,
                    );
                });
            }
            other => panic!("unknown step {other}"),
        }
        world.settle();
        compare(&world, &mut numbers, expected);
    }
}

#[test]
fn old_replica_sets_beyond_the_history_go() {
    let mut world = World::new();
    let mut web = deployment();
    web["spec"]["revisionHistoryLimit"] = json!(1);
    world.create(Kind::Deployment, web);
    for image in ["img:2", "img:3", "img:4"] {
        world.settle();
        world.edit(Kind::Deployment, "web", |web| set_image(web, image));
    }
    world.settle();

    let revisions: Vec<String> = world
        .all(Kind::ReplicaSet)
        .iter()
        .map(|set| object::annotation(set, "deployment.kubernetes.io/revision").to_owned())
        .collect();
    let revisions: BTreeSet<String> = revisions.into_iter().collect();
    assert_eq!(revisions, ["3".to_owned(), "4".to_owned()].into());
}

#[test]
fn five_hundred_pods_come_to_rest() {
    let mut world = World::new();
    let mut web = deployment();
    web["spec"]["replicas"] = json!(500);
    world.create(Kind::Deployment, web);

    world.settle();

    let status = &world.get(Kind::Deployment, "web").unwrap()["status"];
    assert_eq!(status["readyReplicas"], 500);
    let addresses: BTreeSet<String> = world
        .all(Kind::Pod)
        .iter()
        .map(|pod| object::text(pod, "/status/podIP").to_owned())
        .collect();
    assert_eq!(addresses.len(), 500);
}
