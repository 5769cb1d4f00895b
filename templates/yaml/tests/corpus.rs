//! What go-yaml v2.3.0 answers, case by case: `tests/data/*.txt` are questions, `*.out` its answers.

use std::fmt::Write as _;

use kudo_yaml::{Value, emit, format_float, from_json, load, parse_all};

const LOAD: (&str, &str) = (
    include_str!("data/load.txt"),
    include_str!("data/load.go-yaml-2.3.0.out"),
);
const EMIT: (&str, &str) = (
    include_str!("data/emit.txt"),
    include_str!("data/emit.go-yaml-2.3.0.out"),
);
const ACCEPT: (&str, &str) = (
    include_str!("data/accept.txt"),
    include_str!("data/accept.go-yaml-2.3.0.out"),
);

fn cases(
    (questions, answers): (&'static str, &'static str),
) -> impl Iterator<Item = (&'static str, &'static str)> {
    assert_eq!(questions.lines().count(), answers.lines().count());
    questions.lines().zip(answers.lines())
}

/// Checks every case and reports all that differ at once.
fn check(corpus: (&'static str, &'static str), answer: impl Fn(&str) -> String) {
    let mut differing = String::new();
    let mut count = 0;
    for (question, expected) in cases(corpus) {
        count += 1;
        let actual = answer(question);
        if actual != expected {
            writeln!(
                differing,
                "{question}\n  go:   {expected}\n  ours: {actual}"
            )
            .expect("the test data is sound");
        }
    }
    assert!(differing.is_empty(), "differing:\n{differing}");
    assert!(count > 10, "the corpus has {count} cases");
}

fn unescape(question: &str) -> String {
    question.replace("\\n", "\n").replace("\\t", "\t")
}

#[test]
fn loads_as_go_yaml_does() {
    check(LOAD, |question| match load(&unescape(question)) {
        Err(_) => "ERR".to_owned(),
        Ok(value) => go_json(&value).unwrap_or_else(|| "JSONERR float64".to_owned()),
    });
}

#[test]
fn emits_as_go_yaml_does() {
    check(EMIT, |question| {
        let json: serde_json::Value =
            serde_json::from_str(question).expect("the test data is sound");
        go_quote(&emit(&floats(from_json(&json))))
    });
}

#[test]
fn accepts_what_go_yaml_accepts_and_refuses_the_rest_in_its_words() {
    check(ACCEPT, |question| match parse_all(&unescape(question)) {
        Ok(_) => "true".to_owned(),
        Err(error) => format!("false {error}"),
    });
}

/// The questions were read with Go's `encoding/json`, for which every number is a float64.
fn floats(value: Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "as Go does")]
        Value::Int(number) => Value::Float(number as f64),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(floats).collect()),
        Value::Mapping(mapping) => Value::Mapping(
            mapping
                .into_iter()
                .map(|(key, value)| (key, floats(value)))
                .collect(),
        ),
        other => other,
    }
}

/// The value as the corpus has it: Go's `json.Marshal` with keys by `fmt.Sprint`; none for what
/// JSON cannot say.
fn go_json(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(number) => go_json_number(*number)?,
        Value::String(text) => go_json_string(text),
        Value::Bytes(bytes) => go_json_string(&String::from_utf8_lossy(bytes)),
        Value::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(go_json).collect();
            format!("[{}]", items?.join(","))
        }
        Value::Mapping(mapping) => {
            let mut entries = Vec::new();
            for (key, value) in mapping.iter() {
                entries.push((go_sprint(key), go_json(value)?));
            }
            entries.sort();
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{value}", go_json_string(&key)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
    })
}

fn go_sprint(key: &Value) -> String {
    match key {
        Value::Null => "<nil>".to_owned(),
        Value::Float(number) => format_float(*number),
        Value::String(text) => text.clone(),
        other => go_json(other).expect("the test data is sound"),
    }
}

fn go_json_number(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let text = if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) {
        format_float(number).replace("e-0", "e-")
    } else {
        format!("{number}")
    };
    Some(text)
}

fn go_json_string(text: &str) -> String {
    serde_json::to_string(text)
        .expect("the test data is sound")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// Go's `%q`, as far as the answers need it.
fn go_quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for each in text.chars() {
        match each {
            '"' | '\\' => quoted.extend(['\\', each]),
            '\n' => quoted.push_str("\\n"),
            '\u{2028}' => quoted.push_str("\\u2028"),
            _ => quoted.push(each),
        }
    }
    quoted + "\""
}
