//! Does an object fit its schema? In the words of the API server.

mod decode;
mod formats;
mod rules;

use std::fmt;

use serde_json::{Map, Value};

pub use decode::decode_problem;

use crate::fields::PathElement;
use crate::node::{ListType, Type};
use crate::schema::Schema;
use crate::typed::{MAX_DEPTH, item_element};

/// Why a field is refused (`reason` of a cause in `details.causes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldReason {
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueRequired`
    Required,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
    /// `FieldValueTypeInvalid`
    TypeInvalid,
}

impl FieldReason {
    /// Returns the word of the `reason` field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Required => "FieldValueRequired",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// A cause of a 422 `Invalid`; prints as `spec.replicas: Required value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, `<nil>` where the API server names none.
    pub field: String,
    /// What is wrong, such as `Required value`.
    pub message: String,
    /// The sort of problem.
    pub reason: FieldReason,
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

/// Returns the message of a 422 `Invalid`; `kind` is `Thing.example.com`, or `Service` in the core group.
pub fn invalid_message(kind: &str, name: &str, errors: &[FieldError]) -> String {
    let causes: Vec<String> = errors.iter().map(ToString::to_string).collect();
    match causes.as_slice() {
        [cause] => format!("{kind} {name:?} is invalid: {cause}"),
        causes => format!("{kind} {name:?} is invalid: [{}]", causes.join(", ")),
    }
}

/// Checks a custom resource against its structural schema: types, required fields, values, formats
/// and doubled keys.
///
/// `x-kubernetes-validations` (CEL) are not run, nor is the metadata looked at.
pub fn validate_crd(schema: Schema<'_>, object: &Value) -> Vec<FieldError> {
    let mut walk = Walk {
        errors: Vec::new(),
        depth: 0,
    };
    let Some(fields) = object.as_object() else {
        walk.value(schema, "", object);
        return walk.errors;
    };
    let mut fields = fields.clone();
    fields.remove("metadata");
    walk.value(schema, "", &Value::Object(fields));
    walk.errors
}

struct Walk {
    errors: Vec<FieldError>,
    depth: usize,
}

impl Walk {
    fn error(&mut self, field: &str, reason: FieldReason, message: String) {
        self.errors.push(FieldError {
            field: field.to_owned(),
            message,
            reason,
        });
    }

    /// An error about a value, which the message quotes.
    fn invalid(&mut self, field: &str, value: &Value, problem: &str) {
        let message = format!("Invalid value: {value}: {field} in body {problem}");
        self.error(field, FieldReason::Invalid, message);
    }

    /// An error the API server gives no field.
    fn nameless(&mut self, problem: &str) {
        self.error(
            "<nil>",
            FieldReason::Invalid,
            format!("Invalid value: \"\": {problem}"),
        );
    }

    fn wrong_type(&mut self, field: &str, expected: &str, got: &str) {
        let message =
            format!("Invalid value: {got:?}: {field} in body must be of type {expected}: {got:?}");
        self.error(field, FieldReason::TypeInvalid, message);
    }

    fn value(&mut self, schema: Schema<'_>, field: &str, value: &Value) {
        if self.depth >= MAX_DEPTH {
            return self.nameless(&format!(
                "{field:?} is nested deeper than {MAX_DEPTH} levels"
            ));
        }
        self.depth += 1;
        if !(value.is_null() && schema.is_nullable()) {
            self.type_(schema, field, value);
            for rules in schema.rules() {
                self.rules(rules, schema, field, value);
            }
            self.format(schema, field, value);
            match value {
                Value::Object(fields) => self.fields(schema, field, fields),
                Value::Array(items) => self.items(schema, field, items),
                _ => {}
            }
        }
        self.depth -= 1;
    }

    fn type_(&mut self, schema: Schema<'_>, field: &str, value: &Value) {
        let got = type_name(value);
        if schema.is_int_or_string() {
            if !matches!(got, "integer" | "string") {
                self.wrong_type(field, "integer,string", got);
            }
            return;
        }
        let Some(expected) = schema.type_() else {
            return;
        };
        let fits = expected.name() == got || (expected == Type::Number && got == "integer");
        if !fits {
            self.wrong_type(field, expected.name(), got);
        }
    }

    fn fields(&mut self, schema: Schema<'_>, field: &str, fields: &Map<String, Value>) {
        let below = |name: &str| join(field, name);
        let missing = schema
            .required()
            .iter()
            .filter(|name| !fields.contains_key(*name));
        for name in missing {
            self.required(&below(name));
        }
        if schema.is_embedded_resource() && !field.is_empty() {
            for name in ["apiVersion", "kind"] {
                let text = fields.get(name).and_then(Value::as_str).unwrap_or_default();
                if text.is_empty() && !schema.required().iter().any(|required| required == name) {
                    self.required(&below(name));
                }
            }
        }
        for (name, value) in fields {
            if let Some(of_field) = schema
                .field(name)
                .filter(|of_field| !of_field.is_anything())
            {
                self.value(of_field, &below(name), value);
            }
        }
    }

    fn required(&mut self, field: &str) {
        self.error(field, FieldReason::Required, "Required value".to_owned());
    }

    fn items(&mut self, schema: Schema<'_>, field: &str, items: &[Value]) {
        let of_item = schema.items();
        for (index, item) in items.iter().enumerate() {
            self.value(of_item, &format!("{field}[{index}]"), item);
        }
        let list_type = schema.list_type();
        if list_type == ListType::Atomic {
            return;
        }
        let mut seen = std::collections::BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let Ok(element) = item_element(list_type, schema, index, item) else {
                continue;
            };
            let key = key_text(&element);
            if !seen.insert(element) {
                let field = format!("{field}[{index}]");
                self.error(
                    &field,
                    FieldReason::Duplicate,
                    format!("Duplicate value: {key}"),
                );
            }
        }
    }
}

fn key_text(element: &PathElement) -> String {
    match element {
        PathElement::Key(_) => element.key().trim_start_matches("k:").to_owned(),
        PathElement::Value(value) => value.to_string(),
        PathElement::Field(_) | PathElement::Index(_) => element.to_string(),
    }
}

fn join(field: &str, name: &str) -> String {
    if field.is_empty() {
        name.to_owned()
    } else {
        format!("{field}.{name}")
    }
}

/// The type of a value in the words of JSON Schema; a number without fraction is an integer.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() != 0.0) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
