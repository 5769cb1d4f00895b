//! Value validations: `minimum`, `pattern`, `enum`, `oneOf` and the like.

use serde_json::Value;

use super::{FieldError, FieldReason, Walk};
use crate::node::{Node, Rules};
use crate::schema::Schema;
use crate::typed::equal;

impl Walk {
    pub(super) fn rules<'a>(
        &mut self,
        rules: &'a Rules,
        schema: Schema<'a>,
        field: &str,
        value: &Value,
    ) {
        self.combinations(rules, schema, field, value);
        match value {
            Value::String(text) => self.text(rules, field, text),
            Value::Number(_) => self.number(rules, field, value),
            Value::Array(items) => self.count(
                field,
                items.len(),
                "items",
                rules.min_items,
                rules.max_items,
            ),
            Value::Object(fields) => self.count(
                field,
                fields.len(),
                "properties",
                rules.min_properties,
                rules.max_properties,
            ),
            Value::Null | Value::Bool(_) => {}
        }
        if let Value::Array(items) = value
            && rules.unique_items
            && items
                .iter()
                .enumerate()
                .any(|(at, item)| items[..at].iter().any(|i| equal(i, item)))
        {
            self.invalid(field, value, "shouldn't contain duplicates");
        }
        if let Some(allowed) = &rules.enumeration
            && !allowed.iter().any(|allowed| equal(allowed, value))
        {
            self.unsupported(field, value, allowed);
        }
    }

    fn unsupported(&mut self, field: &str, value: &Value, allowed: &[Value]) {
        let quoted = |allowed: &Value| match allowed {
            Value::String(_) => allowed.to_string(),
            other => format!("{:?}", other.to_string()),
        };
        let allowed: Vec<_> = allowed.iter().map(quoted).collect();
        let allowed = allowed.join(", ");
        let message = format!("Unsupported value: {value}: supported values: {allowed}");
        self.error(field, FieldReason::NotSupported, message);
    }

    /// The first rule a text breaks is the one that counts.
    fn text(&mut self, rules: &Rules, field: &str, text: &str) {
        let value = Value::String(text.to_owned());
        let length = text.chars().count() as u64;
        if let Some(max) = rules.max_length.filter(|max| length > *max) {
            let unit = if max == 1 { "byte" } else { "bytes" };
            let message = format!("Too long: may not be more than {max} {unit}");
            return self.error(field, FieldReason::TooLong, message);
        }
        if let Some(min) = rules.min_length.filter(|min| length < *min) {
            return self.invalid(
                field,
                &value,
                &format!("should be at least {min} chars long"),
            );
        }
        if let Some(pattern) = &rules.pattern
            && pattern.matches(text) == Some(false)
        {
            self.invalid(field, &value, &format!("should match '{}'", pattern.text));
        }
    }

    fn number(&mut self, rules: &Rules, field: &str, value: &Value) {
        let number = value.as_f64().unwrap_or(0.0);
        if let Some(step) = rules.multiple_of
            && step > 0.0
            && (number / step).fract() != 0.0
        {
            self.invalid(field, value, &format!("should be a multiple of {step}"));
        }
        // An API server compares whole numbers with the whole part of a bound.
        let bound = |bound: f64| if value.is_i64() { bound.trunc() } else { bound };
        if let Some(max) = rules.maximum.map(bound) {
            if rules.exclusive_maximum && number >= max {
                self.invalid(field, value, &format!("should be less than {max}"));
            } else if number > max {
                self.invalid(
                    field,
                    value,
                    &format!("should be less than or equal to {max}"),
                );
            }
        }
        if let Some(min) = rules.minimum.map(bound) {
            if rules.exclusive_minimum && number <= min {
                self.invalid(field, value, &format!("should be greater than {min}"));
            } else if number < min {
                self.invalid(
                    field,
                    value,
                    &format!("should be greater than or equal to {min}"),
                );
            }
        }
    }

    fn count(&mut self, field: &str, count: usize, what: &str, min: Option<u64>, max: Option<u64>) {
        let known = count as u64;
        if let Some(min) = min.filter(|min| known < *min) {
            self.invalid(
                field,
                &count.into(),
                &format!("should have at least {min} {what}"),
            );
        }
        if let Some(max) = max.filter(|max| known > *max) {
            let unit = if max == 1 { "item" } else { "items" };
            let message = format!("Too many: {count}: must have at most {max} {unit}");
            self.error(field, FieldReason::TooMany, message);
        }
    }

    fn combinations<'a>(
        &mut self,
        rules: &'a Rules,
        schema: Schema<'a>,
        field: &str,
        value: &Value,
    ) {
        let problems = |walk: &Self, node: &'a Node| {
            let mut inner = Self {
                errors: Vec::new(),
                depth: walk.depth,
            };
            inner.value(schema.inner(node), field, value);
            inner.errors
        };
        let check = |walk: &Self, nodes: &'a [Node]| -> Vec<Vec<FieldError>> {
            nodes.iter().map(|node| problems(walk, node)).collect()
        };
        if !rules.any_of.is_empty() {
            let found = check(self, &rules.any_of);
            if found.iter().all(|errors| !errors.is_empty()) {
                self.nameless(&format!(
                    "{field:?} must validate at least one schema (anyOf)"
                ));
                self.errors
                    .extend(found.into_iter().next().unwrap_or_default());
            }
        }
        if !rules.one_of.is_empty() {
            let found = check(self, &rules.one_of);
            let valid = found.iter().filter(|errors| errors.is_empty()).count();
            let must = format!("{field:?} must validate one and only one schema (oneOf). Found");
            if valid == 0 {
                self.nameless(&format!("{must} none valid"));
                self.errors
                    .extend(found.into_iter().next().unwrap_or_default());
            } else if valid > 1 {
                self.nameless(&format!("{must} {valid} valid alternatives"));
            }
        }
        if !rules.all_of.is_empty() {
            let found = check(self, &rules.all_of);
            let valid = found.iter().filter(|errors| errors.is_empty()).count();
            self.errors.extend(found.into_iter().flatten());
            if valid < rules.all_of.len() {
                let none = if valid == 0 { ". None validated" } else { "" };
                self.nameless(&format!(
                    "{field:?} must validate all the schemas (allOf){none}"
                ));
            }
        }
        if let Some(not) = &rules.not
            && problems(self, not).is_empty()
        {
            self.nameless(&format!("{field:?} must not validate the schema (not)"));
        }
    }
}
