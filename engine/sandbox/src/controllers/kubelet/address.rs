//! Addresses of pods, from 10.244.0.0/16; nothing listens there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::kind::Kind;
use super::super::object;
use super::super::objects::Objects;

/// Returns an address that no pod has; a pod of the host network has its node's.
pub(super) fn free(pod: &Value, objects: &Objects) -> String {
    if object::flag(pod, "/spec/hostNetwork") {
        return object::text(pod, "/status/hostIP").to_owned();
    }
    let taken: BTreeSet<u32> = objects
        .all(Kind::Pod)
        .filter_map(|pod| object::text(pod, "/status/podIP").strip_prefix("10.244."))
        .filter_map(|rest| {
            let (high, low) = rest.split_once('.')?;
            Some(high.parse::<u32>().ok()? * 256 + low.parse::<u32>().ok()?)
        })
        .collect();
    let number = (2..65_535)
        .find(|number| !taken.contains(number))
        .unwrap_or(65_535);
    format!("10.244.{}.{}", number / 256, number % 256)
}
