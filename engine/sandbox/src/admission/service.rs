//! Addresses and ports of Services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::Api;
use crate::refusal::{Cause, Refusal};
use crate::store::{Selector, object, resources};

/// Addresses come from 10.96.0.0/16, as kubeadm has it.
const ADDRESSES: u32 = 0x0a60_0000;
/// The first addresses are kept for the server itself and DNS.
const FIRST: u32 = 16;
const ADDRESS_COUNT: u32 = 0xffff;
/// The range of node ports (`--service-node-port-range`).
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30000..=32767;

/// Gives a Service what its type needs: cluster address, node ports, families.
pub(super) fn complete(api: &Api, old: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
    let spec = object::member_mut(object, "spec");
    spec.entry("type").or_insert_with(|| "ClusterIP".into());
    spec.entry("sessionAffinity")
        .or_insert_with(|| "None".into());
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let port = object::as_members(port);
        let number = port.get("port").cloned().unwrap_or_default();
        port.entry("protocol").or_insert_with(|| "TCP".into());
        port.entry("targetPort").or_insert(number);
    }
    let kind = object::text(object, "/spec/type").to_owned();
    if kind == "ExternalName" {
        return Ok(());
    }
    address(api, old, object)?;
    let spec = object::member_mut(object, "spec");
    spec.entry("internalTrafficPolicy")
        .or_insert_with(|| "Cluster".into());
    if ["NodePort", "LoadBalancer"].contains(&kind.as_str()) {
        spec.entry("externalTrafficPolicy")
            .or_insert_with(|| "Cluster".into());
        node_ports(api, object)?;
    }
    if kind == "LoadBalancer" {
        let spec = object::member_mut(object, "spec");
        spec.entry("allocateLoadBalancerNodePorts")
            .or_insert_with(|| true.into());
    }
    Ok(())
}

fn address(api: &Api, old: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
    let kept = old.map(|old| object::text(old, "/spec/clusterIP").to_owned());
    let has_selector = object.pointer("/spec/selector").is_some_and(|selector| {
        selector
            .as_object()
            .is_some_and(|labels| !labels.is_empty())
    });
    let spec = object::member_mut(object, "spec");
    let sent = spec
        .get("clusterIP")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let address = match (sent.as_str(), kept) {
        ("", Some(kept)) if !kept.is_empty() => kept,
        ("", _) => free_address(api)?,
        _ => sent,
    };
    spec.insert("clusterIP".to_owned(), address.clone().into());
    let listed = spec
        .get("clusterIPs")
        .and_then(Value::as_array)
        .is_some_and(|list| list.first().is_some_and(|first| first == address.as_str()));
    if !listed {
        spec.insert("clusterIPs".to_owned(), json!([address]));
    }
    // A headless Service without selector may have endpoints of any family.
    let anything = address == "None" && !has_selector;
    let (families, policy) = if anything {
        (json!(["IPv4", "IPv6"]), "RequireDualStack")
    } else {
        (json!(["IPv4"]), "SingleStack")
    };
    spec.entry("ipFamilies").or_insert(families);
    spec.entry("ipFamilyPolicy")
        .or_insert_with(|| policy.into());
    Ok(())
}

fn services(api: &Api) -> Vec<std::sync::Arc<Value>> {
    api.store
        .list(&resources::SERVICES, None, &Selector::everything())
        .items
}

fn free_address(api: &Api) -> Result<String, Refusal> {
    let services = services(api);
    let taken: BTreeSet<&str> = services
        .iter()
        .map(|service| object::text(service, "/spec/clusterIP"))
        .collect();
    let span = ADDRESS_COUNT - FIRST;
    let start = u32::try_from(api.store.ids().bits() % u64::from(span)).unwrap_or(0);
    (0..span)
        .map(|step| ADDRESSES + FIRST + (start + step) % span)
        .map(|number| std::net::Ipv4Addr::from(number).to_string())
        .find(|address| !taken.contains(address.as_str()))
        .ok_or_else(|| Refusal::internal("failed to allocate a serviceIP: range is full"))
}

fn node_ports(api: &Api, object: &mut Value) -> Result<(), Refusal> {
    let services = services(api);
    let mut taken: BTreeSet<i64> = services
        .iter()
        .flat_map(|service| object::list(service, "/spec/ports"))
        .filter_map(|port| port.get("nodePort").and_then(Value::as_i64))
        .collect();
    let span = NODE_PORTS.end() - NODE_PORTS.start();
    let ports = object
        .pointer_mut("/spec/ports")
        .and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        let set = port
            .get("nodePort")
            .and_then(Value::as_i64)
            .is_some_and(|port| port > 0);
        if set {
            continue;
        }
        let start = i64::try_from(api.store.ids().bits() % 2768).unwrap_or(0);
        let free = (0..=span)
            .map(|step| NODE_PORTS.start() + (start + step) % (span + 1))
            .find(|candidate| !taken.contains(candidate))
            .ok_or_else(|| Refusal::internal("failed to allocate a nodePort: range is full"))?;
        taken.insert(free);
        object::as_members(port).insert("nodePort".to_owned(), free.into());
    }
    Ok(())
}

/// Returns what is wrong with a Service.
pub(super) fn causes(object: &Value) -> Vec<Cause> {
    let ports = object::list(object, "/spec/ports");
    let headless = object::text(object, "/spec/clusterIP") == "None";
    let external = object::text(object, "/spec/type") == "ExternalName";
    let mut causes = Vec::new();
    if ports.is_empty() && !headless && !external {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
        let target = port.get("targetPort").and_then(Value::as_i64);
        for (member, number) in [("port", Some(number)), ("targetPort", target)] {
            let Some(number) = number.filter(|number| !(1..=65535).contains(number)) else {
                continue;
            };
            let rule = "must be between 1 and 65535, inclusive";
            let field = format!("spec.ports[{index}].{member}");
            causes.push(Cause::invalid(field, &number.into(), rule));
        }
        if ports.len() > 1 && object::text(port, "/name").is_empty() {
            causes.push(Cause::required(format!("spec.ports[{index}].name"), ""));
        }
    }
    causes
}
