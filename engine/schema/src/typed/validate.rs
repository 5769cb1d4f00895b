//! Does a value fit its schema well enough to be merged?

use serde_json::Value;

use super::{Shape, TypedError, item_element, shape};
use crate::fields::{FieldPath, PathElement};
use crate::go_text::{go_print, go_syntax, go_type};
use crate::node::{ListType, Type};
use crate::schema::Schema;

/// Lists everything a server-side apply refuses: undeclared fields, doubled keys, wrong types.
///
/// Objects at rest may have doubled keys, applied ones may not.
pub(crate) fn validate(schema: Schema<'_>, value: &Value, allow_doubled: bool) -> Vec<TypedError> {
    let mut walk = Walk {
        errors: Vec::new(),
        path: FieldPath::default(),
        allow_doubled,
    };
    walk.value(schema, value);
    walk.errors
}

struct Walk {
    errors: Vec<TypedError>,
    path: FieldPath,
    allow_doubled: bool,
}

impl Walk {
    fn error(&mut self, message: String) {
        self.errors.push(TypedError {
            path: self.path.clone(),
            message,
        });
    }

    fn below(&mut self, element: PathElement, schema: Schema<'_>, value: &Value) {
        self.path.0.push(element);
        self.value(schema, value);
        self.path.0.pop();
    }

    fn value(&mut self, schema: Schema<'_>, value: &Value) {
        if value.is_null() {
            return;
        }
        match shape(schema, Some(value)) {
            Shape::Scalar => self.scalar(schema, value),
            Shape::List(list_type) => self.list(list_type, schema, value),
            Shape::Map { .. } => self.map(schema, value),
        }
    }

    fn scalar(&mut self, schema: Schema<'_>, value: &Value) {
        let fits = match schema.type_() {
            Some(Type::String) => value.is_string(),
            Some(Type::Boolean) => value.is_boolean(),
            Some(Type::Integer | Type::Number) => value.is_number(),
            // Numbers that may be texts are told apart later.
            Some(Type::Array | Type::Object) | None => true,
        };
        if fits {
            return;
        }
        let message = match schema.type_() {
            Some(Type::String) => format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                go_syntax(value)
            ),
            Some(Type::Boolean) => format!("expected boolean, got &{{{}}}", go_print(value)),
            Some(Type::Integer | Type::Number) => {
                format!("expected numeric (int or float), got {}", go_type(value))
            }
            Some(Type::Array | Type::Object) | None => return,
        };
        self.error(message);
    }

    fn list(&mut self, list_type: ListType, schema: Schema<'_>, value: &Value) {
        let Some(items) = value.as_array() else {
            return self.error(format!("expected list, got &{{{}}}", go_print(value)));
        };
        let mut seen = std::collections::BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let element = match item_element(list_type, schema, index, item) {
                Ok(element) => element,
                Err(problem) => {
                    self.error(format!("element {index}: {problem}"));
                    return;
                }
            };
            if !seen.insert(element.clone()) && !self.allow_doubled {
                self.error(format!("duplicate entries for key {element}"));
            }
            self.below(element, schema.items(), item);
        }
    }

    fn map(&mut self, schema: Schema<'_>, value: &Value) {
        let Some(fields) = value.as_object() else {
            return self.error(format!("expected map, got &{{{}}}", go_print(value)));
        };
        for (name, field) in fields {
            let element = PathElement::field(name);
            let Some(field_schema) = schema.field(name) else {
                let path = self.path.join(element);
                let message = "field not declared in schema".to_owned();
                self.errors.push(TypedError { path, message });
                continue;
            };
            self.below(element, field_schema, field);
        }
    }
}
