use super::recordings::{recording, strings};
use super::*;

fn agent() -> Value {
    json!({
        "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": template("agent", "img:1"),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        },
    })
}

/// Replaces the random end of pod names, as recordings do.
fn starred(events: &[String]) -> Vec<String> {
    let star = |event: &String| match event.rsplit_once('-') {
        Some((start, end)) if end.len() == 5 => format!("{start}-*"),
        _ => event.clone(),
    };
    events.iter().map(star).collect()
}

#[test]
fn each_node_has_one_pod_and_rolls_alone() {
    let mut world = World::new();
    let mut told = 0;
    for expected in recording("daemonset").as_array().unwrap() {
        match expected["step"].as_str().unwrap() {
            "create" => world.create(Kind::DaemonSet, agent()),
            "template img:2" => {
                world.edit(Kind::DaemonSet, "agent", |set| set_image(set, "img:2"));
            }
            other => panic!("unknown step {other}"),
        }
        world.settle();
        let status = &world.get(Kind::DaemonSet, "agent").unwrap()["status"];
        assert_eq!(*status, expected["status"]["daemonsets/agent"]);
        let events = world.events("daemonset-controller");
        assert_eq!(starred(&events[told..]), strings(&expected["events"]));
        told = events.len();
    }
    let nodes: BTreeSet<String> = world
        .all(Kind::Pod)
        .iter()
        .map(|pod| object::text(pod, "/spec/nodeName").to_owned())
        .collect();
    assert_eq!(nodes.len(), 3);
}

#[test]
fn a_node_selector_is_obeyed() {
    let mut world = World::new();
    let mut set = agent();
    set["spec"]["template"]["spec"]["nodeSelector"] = json!({"kubernetes.io/hostname": "node1"});
    world.create(Kind::DaemonSet, set);

    world.settle();

    let pods = world.all(Kind::Pod);
    assert_eq!(pods.len(), 1);
    assert_eq!(pods[0]["spec"]["nodeName"], "node1");
}
