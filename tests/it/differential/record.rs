//! What KUDO did, kept in a file, so that it can be compared without KUDO.
//!
//! Each line is a value, or the outcome of an action that names values by their numbers: most of what
//! is there after one action is there after others too.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use serde_json::{Value, json};

use super::play::Outcome;
use crate::support::root;

/// Outcomes by the name of their sequence.
pub(super) type Record = BTreeMap<String, Vec<Outcome>>;

fn path() -> PathBuf {
    root().join("tests/it/differential/kudo-0.19.jsonl")
}

/// Writes what KUDO did.
pub(super) fn write(record: &Record) {
    let mut text = String::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for (sequence, outcomes) in record {
        for (action, outcome) in outcomes.iter().enumerate() {
            let mut state = BTreeMap::new();
            for (key, value) in &outcome.state {
                let value = value.to_string();
                let next = numbers.len();
                let number = *numbers.entry(value.clone()).or_insert(next);
                if number == next {
                    writeln!(text, "{{\"value\":{number},\"is\":{value}}}").unwrap();
                }
                state.insert(key, number);
            }
            let line = json!({
                "sequence": sequence, "action": action, "refusal": outcome.refusal, "state": state,
            });
            writeln!(text, "{line}").unwrap();
        }
    }
    fs::write(path(), text).unwrap();
}

/// Reads what KUDO did; nothing where there is no record.
pub(super) fn read() -> Record {
    let mut values: BTreeMap<u64, Value> = BTreeMap::new();
    let mut record = Record::new();
    for line in fs::read_to_string(path()).unwrap_or_default().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if let Some(number) = line["value"].as_u64() {
            values.insert(number, line["is"].take());
            continue;
        }
        let state = line["state"].as_object().unwrap().iter();
        let state =
            state.map(|(key, number)| (key.clone(), values[&number.as_u64().unwrap()].clone()));
        let outcome = Outcome {
            refusal: line["refusal"].as_str().map(str::to_owned),
            state: state.collect(),
        };
        let sequence = line["sequence"].as_str().unwrap().to_owned();
        record.entry(sequence).or_default().push(outcome);
    }
    record
}
