//! Between the version of a request and the one that is stored.

use std::sync::Arc;

use serde_json::{Value, json};

use super::catalog::Served;
use crate::store::{Selector, object};

/// `events.k8s.io/v1` names and those of the stored core event.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

/// Returns a stored object in the version that was asked for; no copy when it is that already.
pub(super) fn from_storage(served: &Served, stored: Arc<Value>) -> Arc<Value> {
    let info = &served.info;
    if stored_as(&stored, &info.group, &info.version) {
        return stored;
    }
    let mut object = (*stored).clone();
    match (
        info.group.as_str(),
        info.plural.as_str(),
        info.version.as_str(),
    ) {
        ("events.k8s.io", "events", _) => {
            renamed(&mut object, EVENT_FIELDS, true);
            object::as_members(&mut object)
                .retain(|key, value| !key.starts_with("reporting") || value != "");
        }
        ("autoscaling", "horizontalpodautoscalers", "v1") => autoscaler_to_v1(&mut object),
        _ => {}
    }
    object::as_members(&mut object).insert("apiVersion".to_owned(), served.api_version().into());
    Arc::new(object)
}

fn stored_as(stored: &Value, group: &str, version: &str) -> bool {
    let api_version = object::text(stored, "/apiVersion");
    match api_version.split_once('/') {
        None => group.is_empty() && api_version == version,
        Some((stored_group, stored_version)) => stored_group == group && stored_version == version,
    }
}

/// Turns an object of the request into the version that is stored.
pub(super) fn to_storage(served: &Served, object: &mut Value) {
    let info = &served.info;
    let stored = match (
        info.group.as_str(),
        info.plural.as_str(),
        info.version.as_str(),
    ) {
        ("events.k8s.io", "events", _) => {
            renamed(object, EVENT_FIELDS, false);
            "v1"
        }
        ("autoscaling", "horizontalpodautoscalers", "v1") => {
            autoscaler_to_v2(object);
            "autoscaling/v2"
        }
        _ => return,
    };
    object::as_members(object).insert("apiVersion".to_owned(), stored.into());
}

fn renamed(object: &mut Value, fields: &[(&str, &str)], to_first: bool) {
    let members = object::as_members(object);
    for (first, second) in fields {
        let (from, to) = if to_first {
            (second, first)
        } else {
            (first, second)
        };
        if let Some(value) = members.remove(*from) {
            members.insert((*to).to_owned(), value);
        }
    }
}

/// The two versions differ in how the CPU target is written.
fn autoscaler_to_v2(object: &mut Value) {
    let spec = object::member_mut(object, "spec");
    let Some(target) = spec.remove("targetCPUUtilizationPercentage") else {
        return;
    };
    spec.insert(
        "metrics".to_owned(),
        json!([{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": target}}}]),
    );
}

fn autoscaler_to_v1(object: &mut Value) {
    let cpu = |metric: &&Value| object::text(metric, "/resource/name") == "cpu";
    let target = object::list(object, "/spec/metrics")
        .iter()
        .find(cpu)
        .and_then(|metric| {
            metric
                .pointer("/resource/target/averageUtilization")
                .cloned()
        });
    let spec = object::member_mut(object, "spec");
    spec.remove("metrics");
    spec.remove("behavior");
    if let Some(target) = target {
        spec.insert("targetCPUUtilizationPercentage".to_owned(), target);
    }
    let status = object::member_mut(object, "status");
    status.remove("conditions");
    status.remove("currentMetrics");
}

/// Field selectors of `events.k8s.io` name the fields of the stored event.
pub(super) fn selector(served: &Served, selector: Selector) -> Selector {
    if served.info.group != "events.k8s.io" {
        return selector;
    }
    selector.with_renamed_fields(|path| {
        let (head, tail) = path.split_once('.').unwrap_or((path, ""));
        let stored = EVENT_FIELDS.iter().find(|(first, _)| *first == head);
        let head = stored.map_or(head, |(_, second)| *second);
        if tail.is_empty() {
            head.to_owned()
        } else {
            format!("{head}.{tail}")
        }
    })
}
