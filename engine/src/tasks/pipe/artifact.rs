//! What files become: a Secret or a `ConfigMap` each (kudo-spec 3.9).

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use crate::{
    error::{TaskError, event},
    task::{Pipe, PipeKind, PipeSource},
};

use super::pod::cleaned;

/// Returns the object that a pipe's file becomes, under `name`.
pub(super) fn of_file(pipe: &Pipe, name: &str, bytes: &[u8]) -> Result<Value, TaskError> {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": kind_of(pipe.kind),
        "metadata": {"name": name},
    });
    if pipe.kind == PipeKind::Secret {
        object["type"] = json!("Opaque");
    }
    let (field, data) = match (&pipe.source, pipe.kind) {
        (PipeSource::File(path), PipeKind::Secret) => ("data", one(path, bytes)),
        (PipeSource::File(path), PipeKind::ConfigMap) => ("binaryData", one(path, bytes)),
        (PipeSource::EnvFile(path), kind) => {
            let variables = variables(bytes).map_err(|cause| {
                TaskError::fatal(event::PIPE, format!("pipe env file {path}: {cause}"))
            })?;
            let value = |text: String| match kind {
                PipeKind::Secret => encoded(text.as_bytes()),
                PipeKind::ConfigMap => json!(text),
            };
            let entries = variables.into_iter().map(|(key, text)| (key, value(text)));
            ("data", entries.collect())
        }
    };
    object[field] = Value::Object(data);
    Ok(object)
}

/// Returns the kind's name in the API.
pub(super) fn kind_of(kind: PipeKind) -> &'static str {
    match kind {
        PipeKind::Secret => "Secret",
        PipeKind::ConfigMap => "ConfigMap",
    }
}

fn one(path: &str, bytes: &[u8]) -> Map<String, Value> {
    let path = cleaned(path);
    let name = path.rsplit('/').next().unwrap_or_default();
    Map::from_iter([(name.to_owned(), encoded(bytes))])
}

fn encoded(bytes: &[u8]) -> Value {
    json!(ByteString(bytes.to_vec()))
}

/// Reads the variables of an env file; of doubled ones the last counts.
///
/// Messages name the line and never show it: what an env file holds is often secret.
fn variables(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |what: &str| format!("line {} {what}", index + 1);
        // Go's scanner of lines takes the carriage return away too.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line).map_err(|_| wrong("is not UTF-8"))?;
        let line = match index {
            0 => line.strip_prefix('\u{feff}').unwrap_or(line),
            _ => line,
        };
        let line = line.trim_start_matches(is_go_space);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(wrong("is no definition: it must be NAME=value"));
        };
        if !is_variable_name(key) {
            return Err(wrong(
                "does not begin with the name of a variable: letters, digits, `_`, `-` and `.`, no \
                 digit first, neither `.` nor `..` first",
            ));
        }
        variables.insert(key.to_owned(), value.to_owned());
    }
    Ok(variables)
}

/// Go's `unicode.IsSpace` is the same property as Rust's.
fn is_go_space(c: char) -> bool {
    c.is_whitespace()
}

/// Kubernetes' rule for names of environment variables, as it was when KUDO used it:
/// `[-._a-zA-Z][-._a-zA-Z0-9]*`, less `.`, `..`, and what begins with `..`.
fn is_variable_name(key: &str) -> bool {
    let is_sign = |c: char| matches!(c, '-' | '.' | '_');
    let is_first = |c: char| is_sign(c) || c.is_ascii_alphabetic();
    key.starts_with(is_first)
        && key.chars().all(|c| is_first(c) || c.is_ascii_digit())
        && key != "."
        && !key.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(source: PipeSource, kind: PipeKind, bytes: &[u8]) -> Value {
        let pipe = Pipe {
            source,
            kind,
            key: "k".to_owned(),
        };
        of_file(&pipe, "n", bytes).unwrap()
    }

    // kudo-spec 3.9
    #[test]
    fn a_file_is_one_entry_named_by_it() {
        let file = || PipeSource::File("/tmp/deep/tls.crt".to_owned());

        assert_eq!(
            made(file(), PipeKind::Secret, b"\0\xff"),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n"},
                "type": "Opaque", "data": {"tls.crt": "AP8="},
            })
        );
        // Text too is binary data in a ConfigMap.
        assert_eq!(
            made(file(), PipeKind::ConfigMap, b"hi"),
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"},
                "binaryData": {"tls.crt": "aGk="},
            })
        );
    }

    // kudo-spec 3.9
    #[test]
    fn an_env_file_is_an_entry_for_each_variable() {
        let env = || PipeSource::EnvFile("/tmp/env".to_owned());

        let secret = made(env(), PipeKind::Secret, b"A=1\nB=x=y");
        let map = made(env(), PipeKind::ConfigMap, b"A=1\nB=x=y");

        assert_eq!(secret["data"], json!({"A": "MQ==", "B": "eD15"}));
        assert_eq!(map["data"], json!({"A": "1", "B": "x=y"}));
        assert_eq!(map.get("binaryData"), None);
    }

    // kudo-spec 3.9, and Kubernetes' rules for the names of variables
    #[test]
    fn env_files_are_read_as_kudo_read_them() {
        let text = "\u{feff}A=1\r\n\n  # no\n\t B = x \nC=\"q\"\nA=2\nd.e-f=\n";
        let expected = [("A", "2"), ("C", "\"q\""), ("d.e-f", "")];
        let without_b = text.replace("\t B = x \n", "");

        let found = variables(without_b.as_bytes()).unwrap();

        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected));
        // A space before `=` belongs to the name, which may have none.
        assert!(
            variables(text.as_bytes())
                .unwrap_err()
                .starts_with("line 4")
        );
    }

    #[test]
    fn a_bad_line_is_named_and_not_shown() {
        for (text, words) in [
            ("A=1\nhunter2\n", "line 2 is no definition"),
            ("1hunter2=x", "line 1 does not begin"),
            ("..hunter2=x", "line 1 does not begin"),
            ("=hunter2", "line 1 does not begin"),
            // The mark is taken from the first line alone.
            ("A=1\n\u{feff}hunter2=x", "line 2 does not begin"),
        ] {
            let error = variables(text.as_bytes()).unwrap_err();
            assert!(error.starts_with(words), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert_eq!(
            variables(b"A=\xff").unwrap_err(),
            "line 1 is not UTF-8".to_owned()
        );
    }
}
