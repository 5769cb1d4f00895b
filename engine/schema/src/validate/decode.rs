//! Values of the wrong type in objects of built-in kinds, as Go's JSON decoder reports them.

use serde_json::{Map, Value};

use crate::node::Type;
use crate::schema::{QUANTITY, Schema};
use crate::typed::MAX_DEPTH;

/// Structs that Go embeds; their name is part of the path in messages.
const EMBEDDED: [(&str, &str, &[&str]); 1] = [(
    "Probe",
    "ProbeHandler",
    &["exec", "grpc", "httpGet", "tcpSocket"],
)];

/// Returns what Go's decoder says about the first value of a wrong type in an object of a built-in kind.
///
/// The API server answers 400 `BadRequest` with `KIND in version "VERSION" cannot be handled as a KIND: `
/// before it. Its decoder reports the first in the order of the document, this one in the order of names.
pub fn decode_problem(schema: Schema<'_>, object: &Value) -> Option<String> {
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match object {
        Value::Object(fields) => in_fields(
            schema,
            fields,
            &Place {
                holder: kind,
                path: &[],
            },
        ),
        other => Some(format!(
            "json: cannot unmarshal {} into Go value of type {kind}",
            json_kind(other)
        )),
    }
}

/// Where a value is: the Go struct whose field it is and the path of field names.
struct Place<'p> {
    holder: &'p str,
    path: &'p [String],
}

fn in_fields(schema: Schema<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Option<String> {
    fields.iter().find_map(|(name, value)| {
        let of_field = schema.property(name)?;
        let mut path = place.path.to_vec();
        path.extend(embedding(place.holder, name).map(str::to_owned));
        path.push(name.clone());
        in_value(
            of_field,
            value,
            &Place {
                holder: place.holder,
                path: &path,
            },
        )
    })
}

fn embedding(holder: &str, field: &str) -> Option<&'static str> {
    let known = EMBEDDED
        .iter()
        .find(|(of, _, fields)| *of == holder && fields.contains(&field));
    known.map(|(_, embedded, _)| *embedded)
}

fn in_value(schema: Schema<'_>, value: &Value, place: &Place<'_>) -> Option<String> {
    if value.is_null() || schema.is_anything() || place.path.len() > MAX_DEPTH {
        return None;
    }
    if schema.reference() == Some(QUANTITY) {
        return quantity_problem(value);
    }
    if schema.is_int_or_string() {
        let fits = value.is_string() || value.is_i64();
        return (!fits).then(|| mismatch(value, place, "int32"));
    }
    match (schema.type_()?, value) {
        (Type::String, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Number, Value::Number(_)) => None,
        (Type::Integer, Value::Number(number)) => {
            let fits = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            let size = schema.format().unwrap_or("int64");
            (!fits).then(|| {
                let at = field(place);
                format!("json: cannot unmarshal number {number} into Go struct field {at} of type {size}")
            })
        }
        (Type::Array, Value::Array(items)) => {
            let of_item = schema.items();
            items.iter().find_map(|item| in_value(of_item, item, place))
        }
        (Type::Object, Value::Object(fields)) => {
            let Some(name) = schema.reference() else {
                let of_value = schema.additional()?;
                return fields
                    .values()
                    .find_map(|value| in_value(of_value, value, place));
            };
            in_fields(
                schema,
                fields,
                &Place {
                    holder: last_word(name),
                    path: place.path,
                },
            )
        }
        _ => Some(mismatch(value, place, &go_type(schema))),
    }
}

fn mismatch(value: &Value, place: &Place<'_>, expected: &str) -> String {
    let (got, at) = (json_kind(value), field(place));
    format!("json: cannot unmarshal {got} into Go struct field {at} of type {expected}")
}

fn field(place: &Place<'_>) -> String {
    format!("{}.{}", place.holder, place.path.join("."))
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The Go type of a schema: `v1.EnvVar`, `[]string`, `map[string]string`, `int32`.
fn go_type(schema: Schema<'_>) -> String {
    if let Some(name) = schema.reference() {
        let mut words = name.rsplit('.');
        let (kind, package) = (
            words.next().unwrap_or(name),
            words.next().unwrap_or_default(),
        );
        return format!("{package}.{kind}");
    }
    match schema.type_() {
        Some(Type::Boolean) => "bool".to_owned(),
        Some(Type::Integer) => schema.format().unwrap_or("int64").to_owned(),
        Some(Type::Number) => "float64".to_owned(),
        Some(Type::String) if schema.format() == Some("byte") => "[]uint8".to_owned(),
        Some(Type::String) => "string".to_owned(),
        Some(Type::Array) => format!("[]{}", go_type(schema.items())),
        Some(Type::Object) => match schema.additional() {
            Some(values) => format!("map[string]{}", go_type(values)),
            None => "struct".to_owned(),
        },
        None => "interface {}".to_owned(),
    }
}

fn quantity_problem(value: &Value) -> Option<String> {
    const RULE: &str = "quantities must match the regular expression \
        '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    let text = match value {
        Value::Number(_) => return None,
        Value::String(text) => text.as_str(),
        _ => "",
    };
    (!is_quantity(text)).then(|| RULE.to_owned())
}

/// A number with an optional suffix (Kubernetes API reference, "Quantity").
fn is_quantity(text: &str) -> bool {
    const SUFFIXES: [&str; 16] = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = number
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(number.len());
    let (digits, suffix) = number.split_at(end);
    let counts = digits.bytes().any(|b| b.is_ascii_digit()) && digits.matches('.').count() <= 1;
    let is_exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && exponent.bytes().all(|byte| byte.is_ascii_digit())
    });
    counts && (SUFFIXES.contains(&suffix) || is_exponent)
}
