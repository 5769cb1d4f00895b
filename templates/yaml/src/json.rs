//! Between YAML values and JSON, as sigs.k8s.io/yaml does it for every Kubernetes tool.

use crate::float::format_float32;
use crate::go_syntax::go_syntax;
use crate::{Error, Mapping, Value};

/// Converts to JSON: keys become text by Go's rules, `.inf` and `.nan` are refused.
pub fn to_json(value: &Value) -> Result<serde_json::Value, Error> {
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Float(number) => serde_json::Number::from_f64(*number)
            .ok_or_else(|| {
                Error::conversion(format!(
                    "json: unsupported value: {}",
                    crate::format_float(*number)
                ))
            })?
            .into(),
        Value::String(text) => text.as_str().into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).as_ref().into(),
        Value::Sequence(items) => items
            .iter()
            .map(to_json)
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Value::Mapping(mapping) => mapping_to_json(mapping)?,
    })
}

fn mapping_to_json(mapping: &Mapping) -> Result<serde_json::Value, Error> {
    let mut object = serde_json::Map::new();
    for (key, value) in mapping.iter() {
        object.insert(json_key(key, value)?, to_json(value)?);
    }
    Ok(object.into())
}

fn json_key(key: &Value, value: &Value) -> Result<String, Error> {
    match key {
        Value::String(text) => Ok(text.clone()),
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(match format_float32(*number).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        }),
        Value::Bool(bool) => Ok(bool.to_string()),
        Value::Null | Value::Uint(_) | Value::Sequence(_) | Value::Mapping(_) => {
            Err(unsupported_key(key, value))
        }
    }
}

fn unsupported_key(key: &Value, value: &Value) -> Error {
    let (kind, shown) = match key {
        Value::Null => ("%!s(<nil>)", "<nil>".to_owned()),
        Value::Uint(_) => ("uint64", go_syntax(key)),
        Value::Sequence(_) => ("[]interface {}", go_syntax(key)),
        _ => ("map[interface {}]interface {}", go_syntax(key)),
    };
    let value = match value {
        Value::Null => "<nil>".to_owned(),
        Value::Int(number) => format!("{number:+}"),
        value => go_syntax(value),
    };
    Error::conversion(format!(
        "Unsupported map key of type: {kind}, key: {shown}, value: {value}"
    ))
}

/// Converts from JSON; integers stay integers.
pub fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(*bool),
        serde_json::Value::Number(number) => from_number(number),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::Sequence(items.iter().map(from_json).collect()),
        serde_json::Value::Object(object) => Value::Mapping(
            object
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), from_json(value)))
                .collect(),
        ),
    }
}

fn from_number(number: &serde_json::Number) -> Value {
    if let Some(number) = number.as_i64() {
        return Value::Int(number);
    }
    if let Some(number) = number.as_u64() {
        return Value::Uint(number);
    }
    Value::Float(number.as_f64().unwrap_or(f64::NAN))
}
