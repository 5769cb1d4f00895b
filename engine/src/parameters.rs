//! Values of parameters: stored as text, checked by type, and what templates see of them.
//!
//! kudo-spec 1.8 says how values are stored and read, 1.9 how they are checked.

use std::collections::BTreeMap;

use kudo_yaml::Value;
use serde_json::Value as Json;

use crate::api::{
    ParameterSpec,
    operator_version::{ParameterType, looks_secret},
};

/// A value that a parameter does not allow; the texts are KUDO's, but secrets are not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// A required parameter has neither a value nor a default.
    #[error("parameter \"{name}\" is required but has no value set")]
    Missing {
        /// Name of the parameter.
        name: String,
    },
    /// The value does not fit the type or the allowed values.
    #[error("parameter \"{name}\" has an invalid value {value:?}: {cause}")]
    Invalid {
        /// Name of the parameter.
        name: String,
        /// The value, masked when it looks like a secret.
        value: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// What is shown in place of a secret.
pub const MASK: &str = "********";

/// Returns `value`, or a mask when `name` looks like that of a secret.
pub fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if looks_secret(name) && !value.is_empty() {
        MASK
    } else {
        value
    }
}

/// Checks what `parameter` would be with `given`, or with its default when nothing is given.
///
/// # Errors
///
/// When a required value is missing, or a value does not fit its type or the allowed values. An
/// empty value of an optional parameter is never wrong.
pub fn check(parameter: &ParameterSpec, given: Option<&str>) -> Result<(), ParameterError> {
    let value = given.or(parameter.default.as_deref()).unwrap_or_default();
    if value.is_empty() {
        return if parameter.required && parameter.default.is_none() {
            Err(ParameterError::Missing {
                name: parameter.name.clone(),
            })
        } else {
            Ok(())
        };
    }
    let allowed = parameter.allowed.as_ref();
    let cause = match_type(parameter.parameter_type(), value)
        .err()
        .or_else(|| {
            let list = allowed.filter(|list| !list.iter().any(|one| one == value))?;
            Some(format!(
                "value is \"{value}\", but only allowed values are [{}]",
                list.join(" ")
            ))
        });
    let Some(cause) = cause else { return Ok(()) };
    let masked = shown(&parameter.name, value);
    Err(ParameterError::Invalid {
        name: parameter.name.clone(),
        value: masked.to_owned(),
        cause: if masked == value {
            cause
        } else {
            cause.replace(value, masked)
        },
    })
}

/// Checks that `text` can be read as `parameter_type`.
///
/// # Errors
///
/// With KUDO's text (kudo-spec 1.9).
pub fn match_type(parameter_type: ParameterType, text: &str) -> Result<(), String> {
    let invalid = |name: &str, cause: &str| {
        Err(format!(
            "type is \"{name}\" but format of {text:?} is invalid: {cause}"
        ))
    };
    match parameter_type {
        ParameterType::Text | ParameterType::String => Ok(()),
        ParameterType::Integer => match parse_integer(text) {
            Ok(_) => Ok(()),
            Err(cause) => invalid(
                "integer",
                &format!("strconv.ParseInt: parsing {text:?}: {cause}"),
            ),
        },
        ParameterType::Number if is_go_float(text) => Ok(()),
        ParameterType::Number => invalid(
            "number",
            &format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"),
        ),
        ParameterType::Boolean => match parse_bool(text) {
            Some(_) => Ok(()),
            None => invalid(
                "boolean",
                &format!("strconv.ParseBool: parsing {text:?}: invalid syntax"),
            ),
        },
        ParameterType::Array => match kudo_yaml::load(text) {
            Ok(Value::Sequence(_) | Value::Null) => Ok(()),
            Ok(_) => Err(format!(
                "type is \"array\", but format of {text} is invalid"
            )),
            Err(error) => Err(format!(
                "type is \"array\", but format of {text} is invalid: {error}"
            )),
        },
        ParameterType::Map => match kudo_yaml::load(text) {
            Ok(Value::Mapping(_) | Value::Null) => Ok(()),
            Ok(_) => Err(format!("type is \"map\", but format of {text} is invalid")),
            Err(error) => Err(format!(
                "type is \"map\", but format of {text} is invalid: {error}"
            )),
        },
    }
}

/// Returns the boolean that Go's `strconv.ParseBool` reads in `text`.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

fn parse_integer(text: &str) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("invalid syntax");
    }
    text.parse().map_err(|_| "value out of range")
}

/// Go's `ParseFloat` reads what Rust reads, less trailing dots of words, and hexadecimal floats,
/// which no package uses for a parameter.
fn is_go_float(text: &str) -> bool {
    let unsigned = text
        .strip_prefix(['+', '-'])
        .unwrap_or(text)
        .to_ascii_lowercase();
    match unsigned.as_str() {
        "inf" | "infinity" | "nan" => true,
        _ => unsigned.parse::<f64>().is_ok_and(f64::is_finite),
    }
}

/// What templates see of a parameter (kudo-spec 1.8, A.2).
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// Everything but lists and maps is text.
    Text(String),
    /// A list. `None` is Go's nil slice, which is empty too, but `null` for `toJson`.
    List(Option<Vec<Json>>),
    /// What the YAML of a map gives, which need not be a map.
    Map(Json),
}

/// Returns what templates see as `.Params` for these values (kudo-spec 1.8, A.2).
///
/// Only parameters that the operator version declares are there; lists and maps are what their YAML
/// gives, everything else is text.
///
/// # Errors
///
/// When the text of a list or map is not YAML, or a list's is YAML of another shape.
pub fn template_values(
    parameters: &[ParameterSpec],
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, ParameterValue>, ParameterError> {
    parameters
        .iter()
        .map(|parameter| {
            let text = given.get(&parameter.name).or(parameter.default.as_ref());
            let value = template_value(parameter, text.map(String::as_str))?;
            Ok((parameter.name.clone(), value))
        })
        .collect()
}

fn template_value(
    parameter: &ParameterSpec,
    text: Option<&str>,
) -> Result<ParameterValue, ParameterError> {
    let text = text.unwrap_or_default();
    let invalid = |cause: String| ParameterError::Invalid {
        name: parameter.name.clone(),
        value: shown(&parameter.name, text).to_owned(),
        cause,
    };
    let read = || {
        let value = kudo_yaml::load(text).and_then(|value| kudo_yaml::to_json(&value));
        value.map_err(|error| invalid(error.to_string()))
    };
    match parameter.parameter_type() {
        ParameterType::Map => read().map(ParameterValue::Map),
        ParameterType::Array => match read()? {
            Json::Null => Ok(ParameterValue::List(None)),
            Json::Array(items) => Ok(ParameterValue::List(Some(items))),
            _ => Err(invalid("it is not a YAML list".to_owned())),
        },
        ParameterType::Text
        | ParameterType::String
        | ParameterType::Integer
        | ParameterType::Number
        | ParameterType::Boolean => Ok(ParameterValue::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameter(value_type: &str) -> ParameterSpec {
        ParameterSpec {
            name: "P".to_owned(),
            value_type: value_type.to_owned(),
            ..ParameterSpec::default()
        }
    }

    fn error(parameter: &ParameterSpec, value: &str) -> String {
        check(parameter, Some(value)).unwrap_err().to_string()
    }

    #[test]
    fn values_are_checked_by_type_with_kudos_words() {
        assert_eq!(
            error(&parameter("integer"), "abc"),
            "parameter \"P\" has an invalid value \"abc\": type is \"integer\" but format of \
             \"abc\" is invalid: strconv.ParseInt: parsing \"abc\": invalid syntax"
        );
        for good in ["1e3", "Inf", "NaN", "-0.5"] {
            assert_eq!(check(&parameter("number"), Some(good)), Ok(()), "{good}");
        }
        for (kind, bad) in [
            ("integer", "1.5"),
            ("boolean", "yes"),
            ("array", "a: b"),
            ("map", "[]"),
        ] {
            assert!(check(&parameter(kind), Some(bad)).is_err(), "{kind} {bad}");
        }
    }

    #[test]
    fn a_required_parameter_needs_a_value_or_a_default() {
        let required = ParameterSpec {
            required: true,
            ..parameter("")
        };
        let with_default = ParameterSpec {
            default: Some(String::new()),
            ..required.clone()
        };

        assert_eq!(
            check(&required, None).unwrap_err().to_string(),
            "parameter \"P\" is required but has no value set"
        );
        assert_eq!(check(&with_default, None), Ok(()));
    }

    #[test]
    fn the_value_of_a_secret_is_not_repeated() {
        let secret = ParameterSpec {
            name: "PASSWORD".to_owned(),
            allowed: Some(vec!["a".to_owned()]),
            ..parameter("")
        };

        assert!(!error(&secret, "hunter2").contains("hunter2"));
    }

    // kudo-spec A.2
    #[test]
    fn lists_and_maps_reach_templates_as_values() {
        let read = |kind, text: &str| template_value(&parameter(kind), Some(text));

        let list = |items: &[&str]| {
            let items = items.iter().map(|item| json!(item));
            Ok(ParameterValue::List(Some(items.collect())))
        };
        let map = |value| Ok(ParameterValue::Map(value));

        assert_eq!(read("array", ""), Ok(ParameterValue::List(None)));
        assert_eq!(read("array", "null\n"), Ok(ParameterValue::List(None)));
        assert_eq!(read("array", "[]"), list(&[]));
        assert_eq!(read("array", "[ a, b ]"), list(&["a", "b"]));
        assert!(read("array", "foo").is_err());
        assert!(read("array", "a: b").is_err());
        assert_eq!(read("map", ""), map(Json::Null));
        assert_eq!(read("map", "foo"), map(json!("foo")));
        assert_eq!(read("map", "[ a, b ]"), map(json!(["a", "b"])));
        assert_eq!(
            read("map", "a: b\nc: [a, b: c]"),
            map(json!({"a": "b", "c": ["a", {"b": "c"}]}))
        );
        assert_eq!(
            read("integer", "080"),
            Ok(ParameterValue::Text("080".to_owned()))
        );
    }
}
