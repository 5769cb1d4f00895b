//! Values of parameters as text, from packages, files and the command line (kudo-spec 1.8, A.1).

use std::collections::BTreeMap;

use kudo_yaml::{Value, emit, format_float, from_json, load, to_json};

use crate::api::operator_version::ParameterType;

/// Returns `value` as Go's JSON decoding leaves it: keys are text, all numbers are floats.
pub(super) fn generic(value: &Value) -> Result<Value, String> {
    let json = to_json(value).map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    Ok(with_floats(from_json(&json)))
}

#[expect(clippy::cast_precision_loss, reason = "Go loses the same")]
fn with_floats(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Float(number as f64),
        Value::Uint(number) => Value::Float(number as f64),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(with_floats).collect()),
        Value::Mapping(mapping) => Value::Mapping(
            mapping
                .into_iter()
                .map(|(key, value)| (key, with_floats(value)))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::String(_) | Value::Bytes(_) => {
            value
        }
    }
}

/// Returns the text that stands for `value` in a cluster, none for no value (kudo-spec 1.8).
///
/// Lists and maps of these types become YAML; everything else is what Go's `%v` prints, which turns
/// large numbers into `1e+06`.
pub fn wrap(value: &Value, parameter_type: ParameterType) -> Option<String> {
    match (parameter_type, value) {
        (ParameterType::Array | ParameterType::Map, value) => Some(emit(&with_integers(value))),
        (_, Value::Null) => None,
        (_, value) => Some(go_print(value)),
    }
}

/// Whole numbers as JSON writes them: digits up to an exponent of 21, which YAML reads as integers.
fn with_integers(value: &Value) -> Value {
    match value {
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e21 => {
            match load(&format!("{number:.0}")) {
                Ok(integer) => integer,
                Err(_) => Value::Float(*number),
            }
        }
        Value::Sequence(items) => Value::Sequence(items.iter().map(with_integers).collect()),
        Value::Mapping(mapping) => {
            let entries = mapping.iter();
            Value::Mapping(
                entries
                    .map(|(key, value)| (key.clone(), with_integers(value)))
                    .collect(),
            )
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Bytes(_) => value.clone(),
    }
}

/// Go's `fmt.Sprint`: `[80 443]`, `map[a:1 b:2]`, `<nil>`.
pub(super) fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(number) => format_float(*number),
        Value::String(text) => text.clone(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(go_print).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Mapping(mapping) => {
            let entries = mapping
                .iter()
                .map(|(key, value)| (go_print(key), go_print(value)));
            let sorted: BTreeMap<String, String> = entries.collect();
            let entries: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{key}:{value}"))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// The text of a parameter file and what messages call it.
#[derive(Clone, Copy, Debug)]
pub struct ValueFile<'a> {
    /// The path as the user gave it.
    pub name: &'a str,
    /// What it holds, or why it could not be read.
    pub text: Result<&'a str, &'a str>,
}

/// Returns the values that the user gives: those of files, later ones over earlier ones, and those of
/// the command line over all (kudo-spec A.1).
///
/// # Errors
///
/// With all problems at once, in KUDO's words, separated by commas.
pub fn given(
    arguments: &[String],
    files: &[ValueFile<'_>],
) -> Result<BTreeMap<String, String>, String> {
    let mut problems = Vec::new();
    let mut values = BTreeMap::new();
    let mut from_arguments = BTreeMap::new();
    for argument in arguments {
        match of_argument(argument) {
            Ok((name, value)) => {
                from_arguments.insert(name.to_owned(), value.to_owned());
            }
            Err(problem) => problems.push(problem),
        }
    }
    for file in files {
        match of_file(file) {
            Ok(from_file) => values.extend(from_file),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join(", "));
    }
    values.extend(from_arguments);
    Ok(values)
}

fn of_argument(argument: &str) -> Result<(&str, &str), String> {
    match argument.split_once('=') {
        None => Err(format!("parameter not set: {argument}")),
        Some(("", _)) => Err(format!("parameter name can not be empty: {argument}")),
        Some((_, "")) => Err(format!("parameter value can not be empty: {argument}")),
        Some(pair) => Ok(pair),
    }
}

fn of_file(file: &ValueFile<'_>) -> Result<BTreeMap<String, String>, String> {
    let name = file.name;
    let text = file
        .text
        .map_err(|cause| format!("error reading from parameter file {name}: {cause}"))?;
    of_text(name, text)
}

/// Returns the values of a map in YAML, as parameter files and `KudoOperator` tasks have them.
///
/// # Errors
///
/// In KUDO's words when it is no map, or a value is null.
pub fn of_text(name: &str, text: &str) -> Result<BTreeMap<String, String>, String> {
    let unreadable =
        |cause: &str| format!("error unmarshalling content of parameter file {name}: {cause}");
    let value = load(text)
        .map_err(|error| unreadable(&format!("error converting YAML to JSON: {error}")))?;
    let mapping = match generic(&value).map_err(|cause| unreadable(&cause))? {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Mapping(mapping) => mapping,
        other => {
            let message = format!(
                "it must be a map of names to values, got `{}`",
                go_print(&other)
            );
            return Err(unreadable(&message));
        }
    };
    let mut problems = Vec::new();
    let mut values = BTreeMap::new();
    for (key, value) in mapping {
        let parameter_type = match value {
            Value::Mapping(_) => ParameterType::Map,
            Value::Sequence(_) => ParameterType::Array,
            _ => ParameterType::String,
        };
        match wrap(&value, parameter_type) {
            Some(text) => {
                values.insert(go_print(&key), text);
            }
            None => problems.push(format!(
                "{} has a null value (https://yaml.org/spec/1.2/spec.html#id2803362) which is currently not supported",
                go_print(&key)
            )),
        }
    }
    if problems.is_empty() {
        return Ok(values);
    }
    Err(format!(
        "errors while unmarshaling following keys of the parameter file {name}: {}",
        problems.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn arguments(list: &[&str]) -> Vec<String> {
        list.iter().map(|each| (*each).to_owned()).collect()
    }

    fn file<'a>(name: &'a str, text: &'a str) -> ValueFile<'a> {
        ValueFile {
            name,
            text: Ok(text),
        }
    }

    // kudo-spec A.1
    #[test]
    fn the_last_of_repeated_arguments_wins() {
        let given = given(&arguments(&["a=1", "b=2", "a=3"]), &[]);
        assert_eq!(given, Ok(values(&[("a", "3"), ("b", "2")])));
    }

    // kudo-spec A.1
    #[test]
    fn arguments_that_set_nothing_are_refused_together() {
        let given = given(&arguments(&["foo", "=bar", "foo="]), &[]);
        assert_eq!(
            given,
            Err(
                "parameter not set: foo, parameter name can not be empty: =bar, \
                 parameter value can not be empty: foo="
                    .to_owned()
            )
        );
    }

    // kudo-spec A.1
    #[test]
    fn later_files_win_over_earlier_ones_and_arguments_over_all() {
        let first = file("file-a", "a: 42\nb: 43\n");
        let second = file("file-b", "a: 742\nc: [7, 7, 7]\n");
        assert_eq!(
            given(&[], &[first, second]),
            Ok(values(&[
                ("a", "742"),
                ("b", "43"),
                ("c", "- 7\n- 7\n- 7\n")
            ]))
        );
        assert_eq!(
            given(&[], &[file("file-b", "a: 742\nc: 777"), first]),
            Ok(values(&[("a", "42"), ("b", "43"), ("c", "777")]))
        );
        assert_eq!(
            given(&arguments(&["a=1", "c=2"]), &[first]),
            Ok(values(&[("a", "1"), ("b", "43"), ("c", "2")]))
        );
        assert_eq!(
            given(&[], &[file("f", "A:\n- foo: bar\n")]),
            Ok(values(&[("A", "- foo: bar\n")]))
        );
    }

    // kudo-spec A.1
    #[test]
    fn files_that_cannot_be_used_are_named() {
        let cause = Err("open missing-file: file does not exist");
        assert_eq!(
            given(&[], &[ValueFile { name: "missing-file", text: cause }]),
            Err("error reading from parameter file missing-file: open missing-file: file does not exist".to_owned())
        );
        assert_eq!(
            given(&[], &[file("param-file", "a:\n")]),
            Err("errors while unmarshaling following keys of the parameter file param-file: a has a null value (https://yaml.org/spec/1.2/spec.html#id2803362) which is currently not supported".to_owned())
        );
        assert!(given(&[], &[file("f", "- a")]).is_err());
    }

    // kudo-spec 1.8
    #[test]
    fn values_become_text_as_in_kudo() {
        let wrapped = |text: &str, kind| {
            let value = generic(&load(text).expect("valid")).expect("JSON can say it");
            wrap(&value, kind)
        };
        let plain = |text| wrapped(text, ParameterType::Text);
        assert_eq!(plain("0.25").as_deref(), Some("0.25"));
        assert_eq!(plain("2").as_deref(), Some("2"));
        assert_eq!(plain("1000000").as_deref(), Some("1e+06"));
        assert_eq!(plain("21000000").as_deref(), Some("2.1e+07"));
        assert_eq!(plain("yes").as_deref(), Some("true"));
        assert_eq!(plain("[80, 443]").as_deref(), Some("[80 443]"));
        assert_eq!(plain("~"), None);
        assert_eq!(
            wrapped("~", ParameterType::Array).as_deref(),
            Some("null\n")
        );
        assert_eq!(
            wrapped("[80, 443]", ParameterType::Array).as_deref(),
            Some("- 80\n- 443\n")
        );
        assert_eq!(
            wrapped("{b: b, a: a}", ParameterType::Map).as_deref(),
            Some("a: a\nb: b\n")
        );
        assert_eq!(
            wrapped("[1000000]", ParameterType::Array).as_deref(),
            Some("- 1000000\n")
        );
    }
}
