//! Discovery documents against those of a real API server with two CRDs.

use std::path::Path;

use kudo_schema::{Discovery, Schemas};
use serde_json::{Value, json};

fn data(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    let text = std::fs::read_to_string(path).expect("recorded by record.py");
    serde_json::from_str(&text).expect("recorded by record.py")
}

fn discovery() -> Discovery {
    let mut discovery = Discovery::built_in().clone();
    for crd in data("crds.json").as_array().expect("a list") {
        discovery.add_crd(crd);
    }
    discovery
}

/// Lists the resources in one order; an API server lists CRDs as they came.
fn sorted(mut document: Value) -> Value {
    if let Some(resources) = document.get_mut("resources").and_then(Value::as_array_mut) {
        resources.sort_by_key(|resource| resource["name"].to_string());
    }
    if let Some(fields) = document.as_object_mut() {
        fields.remove("serverAddressByClientCIDRs");
    }
    document
}

/// An API server leaves out the group and version of a built-in kind; ours says them.
fn with_groups(mut document: Value) -> Value {
    for item in document["items"].as_array_mut().expect("a list") {
        let group = item["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for version in item["versions"].as_array_mut().expect("a list") {
            let name = version["version"].clone();
            let resources = version["resources"].as_array_mut().expect("a list");
            for resource in resources {
                fill(&mut resource["responseKind"], &group, &name);
                let parts = resource
                    .get_mut("subresources")
                    .and_then(Value::as_array_mut);
                for part in parts.into_iter().flatten() {
                    fill(&mut part["responseKind"], &group, &name);
                }
            }
        }
    }
    document
}

fn fill(kind: &mut Value, group: &str, version: &Value) {
    if kind["version"] == json!("") {
        kind["group"] = json!(group);
        kind["version"] = version.clone();
    }
}

#[test]
fn documents_are_those_of_the_api_server() {
    let (ours, theirs) = (discovery(), data("discovery.json"));
    for (path, document) in theirs.as_object().unwrap() {
        let parts: Vec<&str> = path.trim_start_matches("/apis/").split('/').collect();
        let built = match (path.as_str(), parts.as_slice()) {
            ("/api", _) => ours.api_versions(),
            ("/apis", _) => ours.api_group_list(),
            ("/api aggregated", _) => ours.aggregated_core(),
            ("/apis aggregated", _) => ours.aggregated_groups(),
            ("/api/v1", _) => ours.api_resource_list("", "v1").unwrap(),
            (_, [group]) => ours.api_group(group).unwrap(),
            (_, [group, version]) => ours.api_resource_list(group, version).unwrap(),
            _ => panic!("unknown path {path}"),
        };
        if path.ends_with("aggregated") {
            assert_eq!(built, with_groups(document.clone()), "{path}");
        } else {
            assert_eq!(sorted(built), sorted(document.clone()), "{path}");
        }
    }
}

#[test]
fn words_of_users_find_resources() {
    let discovery = discovery();
    for (word, plural) in [
        ("deploy", "deployments"),
        ("Pod", "pods"),
        ("svc", "services"),
        ("gd", "gadgets"),
        ("deployments.apps", "deployments"),
        ("deployments.v1.apps", "deployments"),
        ("thing.demo.kudo.dev", "things"),
        ("events.events.k8s.io", "events"),
    ] {
        assert_eq!(
            discovery.find(word).map(|found| found.plural.as_str()),
            Some(plural),
            "{word}"
        );
    }
    assert_eq!(discovery.find("events").unwrap().group, "");
    assert_eq!(discovery.find("nothing"), None);
}

#[test]
fn every_served_kind_has_a_schema() {
    for resource in Discovery::built_in().resources() {
        let found = Schemas::built_in().kind(&resource.group, &resource.version, &resource.kind);
        assert!(
            found.is_some(),
            "{} {}",
            resource.api_version(),
            resource.kind
        );
    }
}

#[test]
fn a_removed_resource_takes_its_empty_group_along() {
    let mut discovery = discovery();
    discovery.remove("demo.kudo.dev", "v1", "things");
    assert!(
        discovery
            .resource("demo.kudo.dev", "v1", "gadgets")
            .is_some()
    );
    discovery.remove("demo.kudo.dev", "v1", "gadgets");
    assert!(discovery.group("demo.kudo.dev").is_none());
}
