use super::*;

fn set() -> Value {
    json!({
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 4,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db", "img:1"),
        },
    })
}

fn images(world: &World) -> Vec<String> {
    world
        .all(Kind::Pod)
        .iter()
        .map(|pod| object::text(pod, "/spec/containers/0/image").to_owned())
        .collect()
}

/// Ends the process after every possible number of tasks, and opens the file anew.
#[test]
fn a_process_that_dies_in_the_middle_of_a_rollout_is_taken_over() {
    for steps in (0..120).step_by(17) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let clock = Arc::new(TestClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
        let settings = Settings {
            pod_ready_after: Duration::from_secs(1),
            nodes: 3,
        };
        let open = |seed: u64| {
            let ids = Arc::new(SeededIds::new(seed));
            Store::open(&path, Arc::clone(&clock) as _, ids).unwrap()
        };
        let mut world = World::on(open(1), Arc::clone(&clock), settings);
        world.create(Kind::StatefulSet, set());
        world.settle();
        world.edit(Kind::StatefulSet, "db", |set| set_image(set, "img:2"));
        for _ in 0..steps {
            if !world.controllers.step().unwrap() {
                let Some(alarm) = world.controllers.desk.next_alarm() else {
                    break;
                };
                world.move_to(alarm);
            }
        }
        drop(world);

        let mut world = World::on(open(2), Arc::clone(&clock), settings);
        world.settle();

        assert_eq!(images(&world), ["img:2"; 4], "after {steps} steps");
        let status = &world.get(Kind::StatefulSet, "db").unwrap()["status"];
        assert_eq!(status["readyReplicas"], 4, "after {steps} steps");
        assert_eq!(
            status["currentRevision"], status["updateRevision"],
            "after {steps} steps"
        );
    }
}

#[test]
fn a_second_start_writes_nothing_when_all_is_settled() {
    let mut world = World::new();
    world.create(Kind::StatefulSet, set());
    world.settle();
    let revision = world.store.revision();

    let (store, clock, settings) = (
        world.store.clone(),
        Arc::clone(&world.clock),
        world.settings,
    );
    let mut again = World::on(store, clock, settings);
    again.settle();

    assert_eq!(again.store.revision(), revision);
}

#[test]
fn the_same_seed_gives_the_same_objects() {
    let objects = || {
        let mut world = World::new();
        world.create(Kind::StatefulSet, set());
        world.create(
            Kind::Deployment,
            json!({"metadata": {"name": "web"}, "spec": {
                "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
                "template": template("web", "img:1")}}),
        );
        world.settle();
        Kind::ALL.map(|kind| world.all(kind))
    };
    assert_eq!(objects(), objects());
}

#[test]
fn orphaned_pods_are_adopted_by_a_set_of_the_same_name() {
    let mut world = World::new();
    world.create(Kind::StatefulSet, set());
    world.settle();
    let before = world.pod_names();
    // As `kubectl delete --cascade=orphan` leaves them.
    let options = DeleteOptions::default();
    world
        .store
        .delete(&apply::resource(Kind::StatefulSet), "n", "db", &options)
        .unwrap();
    for kind in [Kind::Pod, Kind::ControllerRevision] {
        for object in world.all(kind) {
            let mut object = (*object).clone();
            object::set(&mut object, &["metadata", "ownerReferences"], Value::Null);
            world
                .store
                .update(&apply::resource(kind), object, Part::Main)
                .unwrap();
        }
    }
    world.drain();
    world.pod_trace();

    world.create(Kind::StatefulSet, set());
    world.settle();

    assert_eq!(
        world.pod_trace(),
        Vec::<String>::new(),
        "no pod was made or deleted"
    );
    assert_eq!(world.pod_names(), before);
    let owner = object::uid(&world.get(Kind::StatefulSet, "db").unwrap()).to_owned();
    assert!(
        world
            .all(Kind::Pod)
            .iter()
            .all(|pod| object::is_controlled_by(pod, &owner))
    );
}

/// The same through the asynchronous loop: changes of others wake it, and so does the clock.
#[tokio::test]
async fn the_loop_is_woken_by_changes_and_by_the_clock() {
    let clock = Arc::new(TestClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
    let ids = Arc::new(SeededIds::new(1));
    let store = Store::in_memory(Arc::clone(&clock) as _, Arc::clone(&ids) as _);
    let options = crate::Options {
        clock: Arc::clone(&clock) as _,
        ids: Arc::clone(&ids) as _,
        pod_ready_after: Duration::from_secs(5),
        nodes: 1,
    };
    let api = Api::new(&store).unwrap();
    let task = tokio::spawn(super::super::run(api, options));
    let mut pod = template("a", "img");
    pod["metadata"]["name"] = json!("a");
    pod["metadata"]["namespace"] = json!("n");
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    let mut feed = store.changes();
    store.create(&apply::resource(Kind::Pod), pod).unwrap();

    loop {
        let changes = feed.next().await.unwrap();
        let pods: Vec<_> = changes.iter().filter(|change| change.name == "a").collect();
        let Some(pod) = pods.last().and_then(|change| change.after.clone()) else {
            continue;
        };
        if pod::is_ready(&pod) {
            break;
        }
        if pod["status"]["phase"] == "Running" {
            clock.advance(Duration::from_secs(5));
        }
    }
    task.abort();
}
