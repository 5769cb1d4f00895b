use super::recordings::{recording, step, strings, timeless};
use super::*;

fn set(policy: &str, template: &Value) -> Value {
    json!({
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 3,
            "serviceName": "db",
            "podManagementPolicy": policy,
            "selector": {"matchLabels": {"app": "db"}},
            "template": template,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }],
        },
    })
}

/// Leaves out the names of revisions, which are hashes.
fn comparable(status: &Value) -> Value {
    let mut status = timeless(status);
    let same = status["currentRevision"] == status["updateRevision"];
    object::set(&mut status, &["currentRevision"], Value::Null);
    object::set(&mut status, &["updateRevision"], Value::Null);
    object::set(&mut status, &["same"], json!(same));
    status
}

fn scale(world: &mut World, replicas: i64) {
    world.edit(Kind::StatefulSet, "db", |set| {
        set["spec"]["replicas"] = json!(replicas);
    });
}

#[test]
fn ordered_sets_do_what_kube_controller_manager_does_in_its_order() {
    let recorded = recording("sts-ordered");
    let mut world = World::new();
    let image = |world: &mut World, image: &str| {
        world.edit(Kind::StatefulSet, "db", |set| set_image(set, image));
    };
    let partition = |world: &mut World, partition: i64| {
        world.edit(Kind::StatefulSet, "db", |set| {
            set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(partition);
        });
    };
    for expected in recorded.as_array().unwrap() {
        let name = expected["step"].as_str().unwrap();
        match name {
            "create 3" => {
                world.create(
                    Kind::StatefulSet,
                    set("OrderedReady", &template("db", "img:1")),
                );
            }
            "scale to 5" => scale(&mut world, 5),
            "scale to 3" => scale(&mut world, 3),
            "template img:2" => image(&mut world, "img:2"),
            "partition 2" => partition(&mut world, 2),
            "template img:3 with partition" => image(&mut world, "img:3"),
            "partition 0" => partition(&mut world, 0),
            "OnDelete img:4" => {
                world.edit(Kind::StatefulSet, "db", |set| {
                    set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
                });
                // Two requests, as in the recording: the generation counts them.
                image(&mut world, "img:4");
            }
            "delete db-1" => world.delete(Kind::Pod, "db-1"),
            other => panic!("unknown step {other}"),
        }
        world.settle();
        assert_eq!(world.pod_trace(), strings(&expected["pods"]), "{name}");
        let status = &world.get(Kind::StatefulSet, "db").unwrap()["status"];
        assert_eq!(
            comparable(status),
            comparable(&expected["status"]["statefulsets/db"]),
            "{name}"
        );
    }
}

#[test]
fn parallel_sets_start_and_stop_together_and_roll_one_by_one() {
    let recorded = recording("sts-parallel");
    let mut world = World::new();
    world.create(Kind::StatefulSet, set("Parallel", &template("db", "img:1")));
    let sorted = |mut trace: Vec<String>| {
        trace.sort();
        trace
    };

    world.drain();
    assert_eq!(
        world.pod_names(),
        ["db-0", "db-1", "db-2"],
        "all are made before one is ready"
    );
    world.settle();
    let expected = strings(&step(&recorded, "create 3")["pods"]);
    assert_eq!(sorted(world.pod_trace()), sorted(expected));
    for (name, replicas) in [("scale to 5", 5), ("scale to 3", 3)] {
        scale(&mut world, replicas);
        world.settle();
        let expected = strings(&step(&recorded, name)["pods"]);
        assert_eq!(sorted(world.pod_trace()), sorted(expected), "{name}");
    }

    world.edit(Kind::StatefulSet, "db", |set| set_image(set, "img:2"));
    world.settle();
    let expected = step(&recorded, "template img:2");
    assert_eq!(world.pod_trace(), strings(&expected["pods"]));
    let status = &world.get(Kind::StatefulSet, "db").unwrap()["status"];
    assert_eq!(
        comparable(status),
        comparable(&expected["status"]["statefulsets/db"])
    );
}

#[test]
fn events_labels_and_claims_are_those_of_the_recording() {
    let expected = step(&recording("sts-ordered"), "create 3");
    let mut world = World::new();

    world.create(
        Kind::StatefulSet,
        set("OrderedReady", &template("db", "img:1")),
    );
    world.settle();

    assert_eq!(
        world.events("statefulset-controller"),
        strings(&expected["events"])
    );
    let pod = world.get(Kind::Pod, "db-0").unwrap();
    for (key, value) in expected["labels"].as_object().unwrap() {
        // The zone is that of the node, which another scheduler may choose differently.
        if key == "topology.kubernetes.io/zone" {
            assert!(!object::label(&pod, key).is_empty());
        } else {
            assert_eq!(object::label(&pod, key), value, "{key}");
        }
    }
    let revision = &world.get(Kind::StatefulSet, "db").unwrap()["status"]["updateRevision"];
    assert_eq!(object::label(&pod, "controller-revision-hash"), revision);
    assert_eq!(pod["spec"]["hostname"], "db-0");
    assert_eq!(pod["spec"]["subdomain"], "db");
    let claim = world.get(Kind::PersistentVolumeClaim, "data-db-0").unwrap();
    assert_eq!(claim["metadata"]["labels"], expected["claim"]["labels"]);
    assert_eq!(
        claim["metadata"]["finalizers"],
        expected["claim"]["finalizers"]
    );
    assert_eq!(claim["status"], expected["claim"]["status"]);
}

#[test]
fn a_rollout_waits_for_a_pod_that_is_not_ready() {
    let mut world = World::new();
    world.create(
        Kind::StatefulSet,
        set("OrderedReady", &template("db", "img:1")),
    );
    world.settle();
    world.pod_trace();

    world.edit(Kind::StatefulSet, "db", |set| {
        set_image(set, "img:2");
        object::set(
            set,
            &[
                "spec",
                "template",
                "metadata",
                "annotations",
                "fakelet/notready",
            ],
            json!("true"),
        );
    });
    world.settle();

    assert_eq!(
        world.pod_trace(),
        ["delete db-2", "gone db-2", "create db-2"]
    );
    let status = &world.get(Kind::StatefulSet, "db").unwrap()["status"];
    assert_eq!(status["readyReplicas"], 2);
    assert_eq!(status["updatedReplicas"], 1);
}

#[test]
fn claims_stay_when_scaled_down_and_are_used_again() {
    let mut world = World::new();
    world.create(
        Kind::StatefulSet,
        set("OrderedReady", &template("db", "img:1")),
    );
    world.settle();
    let before = world.get(Kind::PersistentVolumeClaim, "data-db-2").unwrap();

    scale(&mut world, 1);
    world.settle();
    assert_eq!(world.pod_names(), ["db-0"]);
    assert_eq!(world.all(Kind::PersistentVolumeClaim).len(), 3);

    scale(&mut world, 3);
    world.settle();
    let after = world.get(Kind::PersistentVolumeClaim, "data-db-2").unwrap();
    assert_eq!(object::uid(&after), object::uid(&before));
    assert_eq!(after["spec"]["volumeName"], before["spec"]["volumeName"]);
    assert!(pod::is_ready(&world.get(Kind::Pod, "db-2").unwrap()));
}

#[test]
fn claims_belong_to_whom_the_retention_policy_says() {
    let mut world = World::new();
    let mut set = set("Parallel", &template("db", "img:1"));
    set["spec"]["persistentVolumeClaimRetentionPolicy"] =
        json!({"whenScaled": "Delete", "whenDeleted": "Delete"});
    world.create(Kind::StatefulSet, set);
    world.settle();
    let owner = |world: &World, claim: &str| {
        let claim = world.get(Kind::PersistentVolumeClaim, claim).unwrap();
        object::text(&claim, "/metadata/ownerReferences/0/kind").to_owned()
    };
    assert_eq!(owner(&world, "data-db-2"), "StatefulSet");

    scale(&mut world, 2);
    world.drain();

    // Garbage collection deletes it with the pod.
    assert_eq!(owner(&world, "data-db-2"), "Pod");
    assert_eq!(owner(&world, "data-db-1"), "StatefulSet");
}

#[test]
fn min_ready_seconds_are_waited_for() {
    let mut world = World::new();
    let mut set = set("OrderedReady", &template("db", "img:1"));
    set["spec"]["minReadySeconds"] = json!(30);
    world.create(Kind::StatefulSet, set);

    world.run_for(Duration::from_secs(20));
    assert_eq!(world.pod_names(), ["db-0"]);

    world.run_for(Duration::from_secs(20));
    assert_eq!(world.pod_names(), ["db-0", "db-1"]);
}
