//! Reading recordings and making our own objects comparable with them.

use serde_json::Value;

/// Returns the recording of a scenario.
pub(super) fn recording(name: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/controllers");
    let text = std::fs::read_to_string(format!("{path}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns a step of a scenario.
pub(super) fn step(recording: &Value, name: &str) -> Value {
    let steps = recording.as_array().unwrap();
    steps
        .iter()
        .find(|step| step["step"] == name)
        .unwrap()
        .clone()
}

/// Replaces all times by `TIME`, as in recordings.
pub(super) fn timeless(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 20 && text.parse::<jiff::Timestamp>().is_ok() => {
            Value::String("TIME".to_owned())
        }
        Value::Array(items) => items.iter().map(timeless).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), timeless(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Returns the strings of a list.
pub(super) fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}
