//! Generated documents with the answers of go-yaml v2.3.0 and sigs.k8s.io/yaml v1.2.0: values with
//! their Go types, error texts, JSON, and what `Marshal` makes of the value.

use std::fmt::Write as _;

use kudo_yaml::{Value, emit, load, to_json};
use serde_json::{Value as Json, json};

const LOADED: &str = include_str!("data/generated-load.jsonl");
const EMITTED: &str = include_str!("data/generated-emit.jsonl");

/// Checks every case and reports those that differ together.
fn check(corpus: &str, at_least: usize, differences: impl Fn(&Json) -> Option<String>) {
    let mut report = String::new();
    let mut count = 0;
    for line in corpus.lines() {
        let case: Json = serde_json::from_str(line).expect("the test data is sound");
        count += 1;
        if let Some(difference) = differences(&case) {
            writeln!(report, "{}: {difference}", case["in"]).expect("strings can be written to");
        }
    }
    let differing = report.lines().count();
    assert!(
        report.is_empty(),
        "{differing} of {count} differ:\n{report}"
    );
    assert!(count >= at_least, "only {count} cases");
}

#[test]
fn generated_documents_load_as_in_go() {
    check(LOADED, 1000, |case| {
        let loaded = load(case["in"].as_str()?);
        let actual = match &loaded {
            Ok(value) => json!({ "value": typed(value) }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let expected = match case.get("error") {
            Some(error) => json!({ "error": error }),
            None => json!({ "value": case["value"] }),
        };
        (actual != expected).then(|| format!("go: {expected} ours: {actual}"))
    });
}

#[test]
fn generated_documents_become_json_as_in_go() {
    check(LOADED, 1000, |case| {
        let actual = match load(case["in"].as_str()?).and_then(|value| to_json(&value)) {
            Ok(json) => json!({ "json": widened(json) }),
            Err(error) => json!({ "json_error": error.to_string() }),
        };
        let expected = if let Some(error) = case.get("json_error") {
            json!({ "json_error": error })
        } else {
            // Read as YAML, because serde_json rounds some floats.
            let json = load(case["json"].as_str()?).and_then(|value| to_json(&value));
            json!({ "json": widened(json.expect("Go writes JSON")) })
        };
        (actual != expected).then(|| format!("go: {expected} ours: {actual}"))
    });
}

#[test]
fn generated_values_are_written_as_in_go() {
    check(EMITTED, 1000, |case| {
        let value = load(case["in"].as_str()?).expect("only valid documents are in this file");
        let actual = emit(&value);
        let expected = case["yaml"].as_str()?;
        (actual != expected).then(|| format!("go: {expected:?} ours: {actual:?}"))
    });
}

#[test]
fn what_is_written_reads_back_as_the_same_value() {
    check(EMITTED, 1000, |case| {
        let value = load(case["in"].as_str()?).expect("only valid documents are in this file");
        let written = emit(&value);
        // Go shows what it wrote to Go as well: some texts do not come back, in Go neither.
        let expected = case
            .get("again")
            .map_or_else(|| typed(&value), Clone::clone);
        let actual =
            load(&written).map_or_else(|error| error.to_string().into(), |value| typed(&value));
        (actual != expected).then(|| format!("{written:?} go: {expected} ours: {actual}"))
    });
}

/// The value with its Go types, as the recording program prints it.
fn typed(value: &Value) -> Json {
    match value {
        Value::Null => "null".into(),
        Value::Bool(bool) => format!("bool {bool}").into(),
        Value::Int(number) => format!("int {number}").into(),
        Value::Uint(number) => format!("uint {number}").into(),
        Value::Float(number) if number.is_nan() => "float nan".into(),
        Value::Float(number) => format!("float {:x}", number.to_bits()).into(),
        Value::String(text) => format!("str {text}").into(),
        Value::Bytes(bytes) => format!("str {}", go_replaced(bytes)).into(),
        Value::Sequence(items) => items.iter().map(typed).collect::<Vec<_>>().into(),
        Value::Mapping(mapping) => {
            let entries = mapping.iter();
            entries
                .map(|(key, value)| (go_key(&typed(key)), typed(value)))
                .collect()
        }
    }
}

/// Go's `encoding/json` replaces each byte that is not UTF-8, Rust each sequence.
fn go_replaced(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}

fn go_key(key: &Json) -> String {
    let text = key.to_string();
    [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ]
    .iter()
    .fold(text, |text, (from, to)| text.replace(*from, to))
}

/// JSON with all numbers as floats: Go's text `1e+06` and our 1000000.0 are the same number.
fn widened(json: Json) -> Json {
    match json {
        Json::Number(number) => match number.as_i64() {
            Some(number) => format!("number {number}").into(),
            None => match number.as_f64() {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "only whole numbers get here"
                )]
                Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                    format!("number {}", number as i64).into()
                }
                Some(number) => format!("number {number:e}").into(),
                None => Json::Null,
            },
        },
        Json::Array(items) => items.into_iter().map(widened).collect::<Vec<_>>().into(),
        Json::Object(object) => object
            .into_iter()
            .map(|(key, value)| (key, widened(value)))
            .collect(),
        other => other,
    }
}
