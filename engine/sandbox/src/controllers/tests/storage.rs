use super::recordings::{recording, strings};
use super::*;

fn claim(name: &str, class: Option<&str>) -> Value {
    let mut claim = json!({
        "metadata": {"name": name, "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = json!(class);
    }
    claim
}

fn user(name: &str, claim: &str) -> Value {
    let mut pod = template("lone", "img");
    pod["metadata"]["name"] = json!(name);
    pod["spec"]["volumes"] = json!([{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]);
    pod
}

fn phase(world: &World, name: &str) -> String {
    let claim = world.get(Kind::PersistentVolumeClaim, name).unwrap();
    object::text(&claim, "/status/phase").to_owned()
}

#[test]
fn a_claim_is_bound_when_its_first_consumer_has_a_node() {
    let mut world = World::new();
    world.create(Kind::PersistentVolumeClaim, claim("c", None));
    world.settle();
    assert_eq!(phase(&world, "c"), "Pending");
    let events = world.events("persistentvolume-controller");
    // As recorded from kube-controller-manager 1.36.
    assert_eq!(
        events,
        [
            "Normal WaitForFirstConsumer PersistentVolumeClaim/c: waiting for first consumer to be \
          created before binding"
        ]
    );

    world.create(Kind::Pod, user("a", "c"));
    world.settle();

    assert_eq!(phase(&world, "c"), "Bound");
    assert!(pod::is_ready(&world.get(Kind::Pod, "a").unwrap()));
    let claim = world.get(Kind::PersistentVolumeClaim, "c").unwrap();
    assert_eq!(claim["spec"]["storageClassName"], "standard");
    let volume = claim["spec"]["volumeName"].as_str().unwrap();
    let volume = world
        .store
        .find(&apply::resource(Kind::PersistentVolume), "", volume)
        .unwrap();
    assert_eq!(volume["status"]["phase"], "Bound");
    assert_eq!(volume["spec"]["capacity"]["storage"], "1Gi");
}

#[test]
fn an_unknown_class_keeps_claim_and_pod_pending() {
    let mut world = World::new();
    world.create(
        Kind::PersistentVolumeClaim,
        claim("noclass", Some("nosuch")),
    );
    world.create(Kind::Pod, user("noclass", "noclass"));
    world.settle();

    assert_eq!(phase(&world, "noclass"), "Pending");
    let told = world.events("persistentvolume-controller");
    let expected = "Warning ProvisioningFailed PersistentVolumeClaim/noclass: \
                    storageclass.storage.k8s.io \"nosuch\" not found";
    assert_eq!(told, [expected]);
    let recorded = recording("services");
    let recorded = strings(&recorded[2]["events"]);
    let expected = recorded
        .iter()
        .find(|event| event.starts_with("noclass"))
        .unwrap();
    let told = world.events("default-scheduler");
    assert_eq!(told, [format!("Warning FailedScheduling Pod/{expected}")]);
}

#[test]
fn a_volume_that_is_there_is_taken() {
    let mut world = World::new();
    world.create(
        Kind::PersistentVolume,
        json!({"metadata": {"name": "mine"}, "spec": {
            "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual", "persistentVolumeReclaimPolicy": "Retain"}}),
    );
    world.create(Kind::PersistentVolumeClaim, claim("c", Some("manual")));
    world.settle();

    assert_eq!(phase(&world, "c"), "Bound");
    let bound = world.get(Kind::PersistentVolumeClaim, "c").unwrap();
    assert_eq!(bound["status"]["capacity"]["storage"], "2Gi");

    world.delete(Kind::PersistentVolumeClaim, "c");
    world.settle();
    assert!(world.get(Kind::PersistentVolumeClaim, "c").is_none());
    let volume = world
        .store
        .find(&apply::resource(Kind::PersistentVolume), "", "mine")
        .unwrap();
    assert_eq!(volume["status"]["phase"], "Released");
}

#[test]
fn a_used_claim_is_kept_and_its_volume_goes_with_it() {
    let mut world = World::new();
    world.create(Kind::PersistentVolumeClaim, claim("c", None));
    world.create(Kind::Pod, user("a", "c"));
    world.settle();

    world.delete(Kind::PersistentVolumeClaim, "c");
    world.settle();
    assert!(world.get(Kind::PersistentVolumeClaim, "c").is_some());

    world.delete(Kind::Pod, "a");
    world.settle();
    assert!(world.get(Kind::PersistentVolumeClaim, "c").is_none());
    let everything = Selector::everything();
    let volumes = world
        .store
        .list(&apply::resource(Kind::PersistentVolume), None, &everything);
    assert_eq!(volumes.items.len(), 0);
}

#[test]
fn a_claim_grows() {
    let mut world = World::new();
    world.create(Kind::PersistentVolumeClaim, claim("c", None));
    world.create(Kind::Pod, user("a", "c"));
    world.settle();

    world.edit(Kind::PersistentVolumeClaim, "c", |claim| {
        claim["spec"]["resources"]["requests"]["storage"] = json!("5Gi");
    });
    world.settle();

    let claim = world.get(Kind::PersistentVolumeClaim, "c").unwrap();
    assert_eq!(claim["status"]["capacity"]["storage"], "5Gi");
}
