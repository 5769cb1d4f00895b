//! The definitions of KUDO's kinds, as files under `engine/crds/`.
//!
//! They hold every field of KUDO 0.19 (kudo-spec 2) and add conditions, printer columns and short
//! names; objects of either are valid for the other.

use serde_json::Value;

const FILES: [(&str, &str); 3] = [
    (
        "operators.kudo.dev",
        include_str!("../../crds/operators.yaml"),
    ),
    (
        "operatorversions.kudo.dev",
        include_str!("../../crds/operatorversions.yaml"),
    ),
    (
        "instances.kudo.dev",
        include_str!("../../crds/instances.yaml"),
    ),
];

/// Returns the three `CustomResourceDefinition` objects in the order in which they are installed.
pub fn definitions() -> Vec<Value> {
    FILES
        .iter()
        .map(|(name, text)| {
            let value = kudo_yaml::load(text).and_then(|value| kudo_yaml::to_json(&value));
            value.unwrap_or_else(|error| unreachable!("{name} ships with the engine: {error}"))
        })
        .collect()
}
