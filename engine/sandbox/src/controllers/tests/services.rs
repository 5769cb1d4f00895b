use super::recordings::{recording, timeless};
use super::*;

/// The Services, workloads and the budget of the recording.
fn world() -> World {
    let mut world = World::new();
    for service in recording("services")[0]["services"].as_array().unwrap() {
        world.create(Kind::Service, service.clone());
    }
    let budget = &recording("services")[0]["poddisruptionbudgets"][0];
    let mut budget = budget.clone();
    object::set(&mut budget, &["status"], Value::Null);
    world.create(Kind::PodDisruptionBudget, budget);
    world.settle();
    world
}

/// Makes an object look as recordings do: no ids, no times, no random names.
fn comparable(object: &Value) -> Value {
    let mut object = timeless(object);
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "namespace",
    ] {
        object::set(&mut object, &["metadata", field], Value::Null);
    }
    object::set(&mut object, &["apiVersion"], Value::Null);
    object::set(&mut object, &["kind"], Value::Null);
    for owner in object
        .pointer_mut("/metadata/ownerReferences")
        .into_iter()
        .filter_map(Value::as_array_mut)
    {
        for owner in owner {
            object::set(owner, &["uid"], Value::Null);
        }
    }
    masked(&object)
}

fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked_text(text)),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), masked(value)))
            .collect(),
        other => other.clone(),
    }
}

fn masked_text(text: &str) -> String {
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        _ if text.starts_with("10.244.") => "IP".to_owned(),
        _ if text.len() == 36 && parts.len() == 5 => "UID".to_owned(),
        [node] if node.starts_with("node") => "NODE".to_owned(),
        [zone] if zone.len() == 2 && zone.starts_with('z') => "ZONE".to_owned(),
        ["web", _, _] => "web-POD".to_owned(),
        [service, end] if end.len() == 5 && ["db", "dbr", "web"].contains(service) => {
            format!("{service}-SLICE")
        }
        _ => text.to_owned(),
    }
}

fn compare(world: &World, expected: &Value) {
    let step = &expected["step"];
    for (kind, field) in [
        (Kind::Endpoints, "endpoints"),
        (Kind::EndpointSlice, "endpointslices"),
        (Kind::PodDisruptionBudget, "poddisruptionbudgets"),
    ] {
        let ours: Vec<Value> = world
            .all(kind)
            .iter()
            .map(|object| comparable(object))
            .collect();
        // The recorder saw the namespace of pods as `misc`; ours is `n`.
        let theirs = expected[field].to_string().replace("\"misc\"", "\"n\"");
        let theirs: Value = serde_json::from_str(&theirs).unwrap();
        assert_eq!(json!(ours), theirs, "{step} {field}");
    }
}

#[test]
fn endpoints_slices_and_budgets_are_those_of_the_recording() {
    let recorded = recording("services");
    let mut world = world();
    compare(&world, &recorded[0]);

    world.create(
        Kind::Deployment,
        json!({"metadata": {"name": "web"}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": template("web", "img:1")}}),
    );
    let mut pods = template("db", "img:1");
    pods["metadata"]["annotations"] = json!({"fakelet/notready": "true"});
    pods["spec"]["containers"][0]["ports"] = json!([{"name": "sql", "containerPort": 3306}]);
    world.create(
        Kind::StatefulSet,
        json!({"metadata": {"name": "db"}, "spec": {
            "replicas": 2, "serviceName": "db", "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": {"app": "db"}}, "template": pods}}),
    );
    world.settle();
    compare(&world, &recorded[1]);
}

#[test]
fn endpoints_go_with_their_service() {
    let mut world = world();
    assert!(world.get(Kind::Endpoints, "web").is_some());

    world.delete(Kind::Service, "web");
    world.settle();

    assert!(world.get(Kind::Endpoints, "web").is_none());
}
