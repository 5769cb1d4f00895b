//! Endpoints and `EndpointSlice`s of Services with a selector
//! (`k8s.io/api/core/v1.Endpoints`, `k8s.io/api/discovery/v1.EndpointSlice`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::Outcome;
use super::pod;
use crate::clock::seconds;

const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const HEADLESS: &str = "service.kubernetes.io/headless";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// At most so many endpoints are in one slice.
const SLICE: usize = 100;

/// Looks at one Service.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(service) = objects.get(Kind::Service, key) else {
        // Without a Service its Endpoints go; slices go with their owner.
        if let Some(endpoints) = objects.get(Kind::Endpoints, key).filter(|endpoints| {
            !object::label(endpoints, "endpoints.kubernetes.io/managed-by").is_empty()
        }) {
            outcome.delete(Kind::Endpoints, endpoints);
        }
        return outcome;
    };
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    if object::is_terminating(service) || selector.is_none_or(serde_json::Map::is_empty) {
        return outcome;
    }
    let members = members(service, objects);
    write_endpoints(service, &members, objects, now, &mut outcome);
    write_slices(service, &members, objects, now, &mut outcome);
    outcome
}

/// Returns the pods behind a Service that have an address and have not ended.
fn members<'a>(service: &Value, objects: &'a Objects) -> Vec<&'a Value> {
    let wanted = service.pointer("/spec/selector").and_then(Value::as_object);
    let namespace = object::namespace(service).to_owned();
    objects
        .all(Kind::Pod)
        .filter(|pod| object::namespace(pod) == namespace)
        .filter(|pod| {
            let mut wanted = wanted.into_iter().flatten();
            wanted.all(|(key, value)| object::label(pod, key) == value)
        })
        .filter(|pod| !object::text(pod, "/status/podIP").is_empty() && !pod::is_finished(pod))
        .collect()
}

fn is_headless(service: &Value) -> bool {
    object::text(service, "/spec/clusterIP") == "None"
}

fn takes_unready(service: &Value) -> bool {
    object::flag(service, "/spec/publishNotReadyAddresses")
}

fn labels(service: &Value, managed_by: &str, manager: &str) -> Value {
    let mut labels = service
        .pointer("/metadata/labels")
        .cloned()
        .unwrap_or_else(|| json!({}));
    object::set(&mut labels, &[managed_by], json!(manager));
    if is_headless(service) {
        object::set(&mut labels, &[HEADLESS], json!(""));
    }
    labels
}

/// A pod's address as both kinds name it.
fn address(service: &Value, pod: &Value) -> Value {
    let mut address = json!({
        "ip": object::text(pod, "/status/podIP"),
        "nodeName": object::text(pod, "/spec/nodeName"),
        "targetRef": {
            "kind": "Pod",
            "namespace": object::namespace(pod),
            "name": object::name(pod),
            "uid": object::uid(pod),
        },
    });
    // Only the Service that gives the pod its DNS name publishes its host name.
    let hostname = object::text(pod, "/spec/hostname");
    if !hostname.is_empty() && object::text(pod, "/spec/subdomain") == object::name(service) {
        object::set(&mut address, &["hostname"], json!(hostname));
    }
    address
}

/// Returns the ports of a Service as a pod serves them; a name that the pod does not have is
/// left out.
fn ports(service: &Value, pod: &Value) -> Vec<Value> {
    object::list(service, "/spec/ports")
        .iter()
        .filter_map(|port| {
            let protocol = match object::text(port, "/protocol") {
                "" => "TCP",
                protocol => protocol,
            };
            let number = match port.get("targetPort") {
                Some(Value::String(name)) => named_port(pod, name, protocol)?,
                Some(Value::Number(number)) if number.as_i64() != Some(0) => number.as_i64()?,
                _ => object::int(port, "/port")?,
            };
            let mut shown = json!({"port": number, "protocol": protocol});
            for field in ["name", "appProtocol"] {
                if let Some(value) = port.get(field) {
                    object::set(&mut shown, &[field], value.clone());
                }
            }
            Some(shown)
        })
        .collect()
}

fn named_port(pod: &Value, name: &str, protocol: &str) -> Option<i64> {
    let containers = object::list(pod, "/spec/containers");
    let mut all = containers
        .iter()
        .flat_map(|container| object::list(container, "/ports"));
    let port = all.find(|port| {
        let own = match object::text(port, "/protocol") {
            "" => "TCP",
            own => own,
        };
        object::text(port, "/name") == name && own == protocol
    })?;
    object::int(port, "/containerPort")
}

/// Groups pods by the ports they serve, in the order of their addresses.
fn groups<'a>(service: &Value, members: &[&'a Value]) -> Vec<(Vec<Value>, Vec<&'a Value>)> {
    let mut groups: Vec<(Vec<Value>, Vec<&Value>)> = Vec::new();
    for pod in members {
        let ports = ports(service, pod);
        match groups.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, pods)) => pods.push(pod),
            None => groups.push((ports, vec![pod])),
        }
    }
    groups
}

fn write_endpoints(
    service: &Value,
    members: &[&Value],
    objects: &Objects,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    let subsets: Vec<Value> = groups(service, members)
        .into_iter()
        .filter(|(ports, _)| !ports.is_empty() || is_headless(service))
        .filter_map(|(ports, pods)| subset(service, &ports, &pods))
        .collect();
    let labels = labels(
        service,
        "endpoints.kubernetes.io/managed-by",
        "endpoint-controller",
    );
    let present = objects.get(Kind::Endpoints, &Key::of(service));
    let mut wanted = present.cloned().unwrap_or_else(|| {
        json!({"metadata": {
            "namespace": object::namespace(service),
            "name": object::name(service),
        }})
    });
    object::set(&mut wanted, &["metadata", "labels"], labels);
    let subsets = if subsets.is_empty() {
        Value::Null
    } else {
        Value::Array(subsets)
    };
    object::set(&mut wanted, &["subsets"], subsets);
    write(Kind::Endpoints, present, wanted, now, outcome);
}

fn subset(service: &Value, ports: &[Value], pods: &[&Value]) -> Option<Value> {
    let is_up = |pod: &Value| pod::is_ready(pod) || takes_unready(service);
    let pick = |up: bool| -> Vec<Value> {
        let mut chosen: Vec<Value> = pods
            .iter()
            .filter(|pod| !object::is_terminating(pod) || takes_unready(service))
            .filter(|pod| is_up(pod) == up)
            .map(|pod| address(service, pod))
            .collect();
        chosen.sort_by_key(|address| address_key(object::text(address, "/ip")));
        chosen
    };
    let (up, down) = (pick(true), pick(false));
    if up.is_empty() && down.is_empty() {
        return None;
    }
    let mut subset = json!({});
    for (field, addresses) in [("addresses", up), ("notReadyAddresses", down)] {
        if !addresses.is_empty() {
            object::set(&mut subset, &[field], Value::Array(addresses));
        }
    }
    if !ports.is_empty() {
        object::set(&mut subset, &["ports"], json!(ports));
    }
    Some(subset)
}

fn address_key(ip: &str) -> Option<std::net::IpAddr> {
    ip.parse().ok()
}

fn write_slices(
    service: &Value,
    members: &[&Value],
    objects: &Objects,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    let mut wanted: Vec<(Value, Value)> = Vec::new();
    for (ports, pods) in groups(service, members) {
        let mut pods = pods;
        pods.sort_by_key(|pod| address_key(object::text(pod, "/status/podIP")));
        for chunk in pods.chunks(SLICE) {
            let endpoints = chunk
                .iter()
                .map(|pod| endpoint(service, pod, objects))
                .collect();
            wanted.push((Value::Array(endpoints), json!(ports)));
        }
    }
    if wanted.is_empty() {
        wanted.push((Value::Null, Value::Null));
    }
    let own: Vec<&Value> = objects
        .controlled(Kind::EndpointSlice, service)
        .into_iter()
        .filter(|slice| !object::is_terminating(slice))
        .collect();
    let manager = "endpointslice-controller.k8s.io";
    let mut labels = labels(service, "endpointslice.kubernetes.io/managed-by", manager);
    object::set(&mut labels, &[SERVICE_NAME], json!(object::name(service)));
    for (index, (endpoints, ports)) in wanted.iter().enumerate() {
        let present = own.get(index).copied();
        let mut slice = present.cloned().unwrap_or_else(|| new_slice(service));
        object::set(&mut slice, &["metadata", "labels"], labels.clone());
        put(&mut slice, "endpoints", endpoints);
        put(&mut slice, "ports", ports);
        write(Kind::EndpointSlice, present, slice, now, outcome);
    }
    for surplus in own.into_iter().skip(wanted.len()) {
        outcome.delete(Kind::EndpointSlice, surplus);
    }
}

/// Slices have explicit nulls: `object::set` would leave them out.
fn put(slice: &mut Value, field: &str, value: &Value) {
    if let Some(members) = slice.as_object_mut() {
        members.insert(field.to_owned(), value.clone());
    }
}

fn new_slice(service: &Value) -> Value {
    let family = match object::text(service, "/spec/ipFamilies/0") {
        "IPv6" => "IPv6",
        _ => "IPv4",
    };
    json!({
        "metadata": {
            "namespace": object::namespace(service),
            "generateName": format!("{}-", object::name(service)),
            "ownerReferences": [object::controller_reference(service, Kind::Service)],
        },
        "addressType": family,
    })
}

fn endpoint(service: &Value, pod: &Value, objects: &Objects) -> Value {
    let address = address(service, pod);
    let terminating = object::is_terminating(pod);
    let serving = pod::is_ready(pod);
    let ready = (serving && !terminating) || takes_unready(service);
    let mut endpoint = json!({
        "addresses": [address.get("ip")],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": address.get("targetRef"),
        "nodeName": address.get("nodeName"),
    });
    if let Some(hostname) = address.get("hostname") {
        object::set(&mut endpoint, &["hostname"], hostname.clone());
    }
    let node = objects.named(Kind::Node, "", object::text(pod, "/spec/nodeName"));
    let zone = node.map_or("", |node| {
        object::label(node, "topology.kubernetes.io/zone")
    });
    if !zone.is_empty() {
        object::set(&mut endpoint, &["zone"], json!(zone));
    }
    endpoint
}

/// Writes an object if something but the time of the change is different.
fn write(
    kind: Kind,
    present: Option<&Value>,
    mut wanted: Value,
    now: Timestamp,
    outcome: &mut Outcome,
) {
    if present == Some(&wanted) {
        return;
    }
    object::set(
        &mut wanted,
        &["metadata", "annotations", TRIGGER],
        json!(seconds(now)),
    );
    match present {
        Some(_) => outcome.update(kind, wanted),
        None => outcome.create(kind, wanted),
    }
}
