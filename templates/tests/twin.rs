//! The twin of the Go oracle as a program: an answer for each line, in order, to the end of the input.

#![cfg(test)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

/// Builds the program; that is nothing to do where `cargo test` has built all of the crate.
fn program() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--offline",
            "--package",
            "kudo-templates",
            "--example",
            "oracle",
        ])
        .args(if cfg!(debug_assertions) {
            None
        } else {
            Some("--release")
        })
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "the program does not build"
    );
    // Tests are in target/PROFILE/deps, examples in target/PROFILE/examples.
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/oracle")
}

/// Gives a program its input and returns the lines that it writes.
fn answers(arguments: &[&str], input: Vec<u8>) -> Vec<Value> {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Answers come at once, so both directions have to flow.
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with('\n'), "the last answer has no end");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Questions, and what the answer has to have: a field and its value, or just the field.
fn questions() -> Vec<(Vec<u8>, &'static str, Value)> {
    let text = |line: &str| line.as_bytes().to_vec();
    let deep = format!(
        r#"{{"template":"a","data":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let huge = format!(r#"{{"template":"{}"}}"#, "x".repeat(2 << 20));
    let mut questions = vec![
        (
            text(r#"{"template":"{{ .a }}","data":{"a":1}}"#),
            "expected",
            json!("1"),
        ),
        (text("no JSON"), "phase", json!("data")),
        (text("[1]"), "phase", json!("data")),
        (text(r#"{"template":5}"#), "phase", json!("data")),
        (text(r#"{"template":"a","#), "phase", json!("data")),
        (text("null"), "expected", json!("")),
        (
            text(r#"{"template":null,"delims":null}"#),
            "expected",
            json!(""),
        ),
        (
            text(r#"{"template":"{{ nope }}","unknown":{"x":[1]}}"#),
            "phase",
            json!("parse"),
        ),
        (
            b"{\"template\":\"\xf0\x9f\"}".to_vec(),
            "expected",
            json!("\u{fffd}\u{fffd}"),
        ),
        (text(&deep), "phase", json!("data")),
        (text(&huge), "phase", Value::Null),
        (
            text(r#"{"template":"{{ range 100000000 }}x{{ end }}"}"#),
            "phase",
            json!("exec"),
        ),
        (
            text(
                r#"{"template":"{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}"}"#,
            ),
            "phase",
            json!("exec"),
        ),
        (
            text(r#"{"template":"{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d }}"}"#),
            "phase",
            json!("exec"),
        ),
    ];
    questions.extend(of_fields());
    questions
}

/// Questions with the fields of the Go program's.
fn of_fields() -> Vec<(Vec<u8>, &'static str, Value)> {
    let text = |line: &str| line.as_bytes().to_vec();
    vec![
        (
            text(r#"{"template":"a","types":{"Pipes":"nope"},"data":{}}"#),
            "phase",
            json!("data"),
        ),
        (
            text(r#"{"template":"{{ printf \"%s\" \"\\xff\" }}"}"#),
            "expected_b64",
            json!("/w=="),
        ),
        (
            text(r#"{"template":"{{ .Params.A }}{{ .Name }}","missingkey":"default"}"#),
            "fields",
            json!({"Implicits": ["Name"], "Params": ["A"]}),
        ),
        (
            text(r#"{"template":"<< 1 >>","delims":["<<",">>"]}"#),
            "tree",
            json!("{{1}}"),
        ),
        (
            text(
                r#"{"template":"{{ template \"o\" }}","templates":[{"name":"o","body":"b"}],"tplname":"m"}"#,
            ),
            "expected",
            json!("b"),
        ),
        (text(r#"{"template":"last"}"#), "expected", json!("last")),
    ]
}

#[test]
fn every_line_has_its_answer_in_order_whatever_it_is() {
    let questions = questions();
    for end in ["\n", "\r\n", "\n\n  \n"] {
        let mut input: Vec<u8> = questions
            .iter()
            .flat_map(|(line, ..)| [line.as_slice(), end.as_bytes()].concat())
            .collect();
        // The last line needs no end.
        input.truncate(input.len() - end.len());
        let answers = answers(&[], input);
        assert_eq!(answers.len(), questions.len());
        for (answer, (line, field, value)) in answers.iter().zip(&questions) {
            let line = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            assert_eq!(&answer[field], value, "{line}");
            assert!(
                answer.get("expected").is_some() != answer.get("error").is_some(),
                "{line}"
            );
        }
    }
}

#[test]
fn nothing_is_answered_with_nothing() {
    let output = Command::new(program())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
}

#[test]
fn bench_tells_each_case_that_renders_with_the_fields_of_the_go_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.jsonl");
    let cases = r#"{"group":"g","name":"one","template":"{{ .a }}","data":{"a":1}}
{"group":"g","name":"two","template":"{{ .b }}","data":{"a":1}}
{"group":"h","name":"three","template":"x"}
"#;
    std::fs::write(&file, cases).unwrap();
    let figures = answers(
        &[
            "bench",
            "-time",
            "1ms",
            "-match",
            "g ",
            file.to_str().unwrap(),
        ],
        Vec::new(),
    );
    let [one] = figures.as_slice() else {
        panic!("{figures:?}");
    };
    assert_eq!((&one["group"], &one["name"]), (&json!("g"), &json!("one")));
    assert_eq!(one["bytes"], json!(8));
    for field in ["parse_ns", "exec_ns"] {
        assert!(one[field].as_f64().is_some_and(|ns| ns > 0.0), "{field}");
    }
}
