//! Names, defaults, enums and groups of parameters (kudo-spec 1.11, 1, 2 and 7).

use std::collections::BTreeSet;

use kudo_yaml::Value;

use crate::api::operator_version::ParameterType;
use crate::package::value::go_print;
use crate::package::{Package, PackageParameter};
use crate::parameters::{match_type, shown};

use super::Verification;

/// Rules 1 and 2: a name is there once, in whatever case, and has no separators.
pub(super) fn verify_names(package: &Package, result: &mut Verification) {
    let document = &package.parameters.document;
    let mut error = |parameter: &PackageParameter, text: &str| {
        let message = format!("parameter \"{}\" {text}", parameter.name);
        result
            .errors
            .push(document.diagnostic(parameter.span, message));
    };
    let mut seen = BTreeSet::new();
    for parameter in &package.parameters.parameters {
        if !seen.insert(parameter.name.to_lowercase()) {
            error(parameter, "has a duplicate");
        }
    }
    for parameter in &package.parameters.parameters {
        for character in parameter.name.chars().filter(|c| matches!(c, ';' | ',')) {
            error(
                parameter,
                &format!("contains invalid character '{character}'"),
            );
        }
    }
}

/// Rules 7c to 7g: what is written about each parameter fits together.
pub(super) fn verify_definitions(package: &Package, result: &mut Verification) {
    let rules = [immutable, allowed, default, metadata];
    for rule in rules {
        for parameter in &package.parameters.parameters {
            for message in rule(parameter) {
                let span = parameter
                    .default_span
                    .filter(|_| message.contains("invalid default"));
                let span = span.unwrap_or(parameter.span);
                result
                    .errors
                    .push(package.parameters.document.diagnostic(span, message));
            }
        }
    }
    verify_groups(package, result);
}

fn immutable(parameter: &PackageParameter) -> Vec<String> {
    let is_wrong = parameter.immutable && parameter.default.is_none() && !parameter.required;
    let message = "is immutable but is not marked as required or has a default value";
    is_wrong
        .then(|| about(parameter, message))
        .into_iter()
        .collect()
}

fn allowed(parameter: &PackageParameter) -> Vec<String> {
    if parameter.allowed.as_ref().is_some_and(Vec::is_empty) {
        return vec![about(parameter, "is an enum but has no allowed values")];
    }
    let kind = parameter.parameter_type();
    let causes = parameter
        .raw_allowed
        .iter()
        .filter_map(|value| match_value(kind, value).err());
    causes
        .map(|cause| about(parameter, &format!("has an invalid enum value: {cause}")))
        .collect()
}

fn default(parameter: &PackageParameter) -> Vec<String> {
    let Some(text) = &parameter.default else {
        return Vec::new();
    };
    let cause = match_value(parameter.parameter_type(), &parameter.raw_default).err();
    let cause = cause.or_else(|| {
        let allowed = parameter
            .allowed
            .as_ref()
            .filter(|allowed| !allowed.contains(text))?;
        let list = allowed.join(" ");
        let text = shown(&parameter.name, text);
        Some(format!(
            "value is \"{text}\", but only allowed values are [{list}]"
        ))
    });
    let message =
        cause.map(|cause| about(parameter, &format!("has an invalid default value: {cause}")));
    message.into_iter().collect()
}

fn metadata(parameter: &PackageParameter) -> Vec<String> {
    let mut messages = Vec::new();
    if parameter.group.contains('/') {
        messages.push(about(parameter, "has a group with invalid character '/'"));
    }
    if parameter.advanced && parameter.default.is_none() && parameter.required {
        messages.push(about(
            parameter,
            "is marked as advanced, but also as required and has no default. An advanced parameter \
             must either be optional or have a default value",
        ));
    }
    messages
}

fn about(parameter: &PackageParameter, text: &str) -> String {
    format!("parameter \"{}\" {text}", parameter.name)
}

fn verify_groups(package: &Package, result: &mut Verification) {
    let file = &package.parameters;
    let mut names = BTreeSet::new();
    for group in &file.groups {
        let mut error = |text: &str| {
            let message = format!("parameter group \"{}\" {text}", group.name);
            result
                .errors
                .push(file.document.diagnostic(group.span, message));
        };
        if group.name.contains('/') {
            error("contains invalid character '/'");
        }
        if !names.insert(group.name.as_str()) {
            error("is duplicated");
        }
    }
    for parameter in &file.parameters {
        let group = parameter.group.as_str();
        if !group.is_empty() && !names.contains(group) {
            let text = format!("has a group \"{group}\" that is not defined in the group section");
            let finding = file
                .document
                .diagnostic(parameter.span, about(parameter, &text));
            let finding = super::structure::with_nearest(finding, group, names.iter().copied());
            result.errors.push(finding);
        }
    }
}

/// Checks a value as a package writes it; text is checked as the webhook would (kudo-spec 1.9).
///
/// An unquoted whole number is a float to KUDO, so it is no integer.
fn match_value(kind: ParameterType, value: &Value) -> Result<(), String> {
    let invalid = |name: &str| {
        Err(format!(
            "type is \"{name}\" but format is invalid: {}",
            go_print(value)
        ))
    };
    let not_a = |name: &str, what: &str| {
        Err(format!(
            "type is \"{name}\" but value {} is not {what}",
            go_print(value)
        ))
    };
    match (kind, value) {
        (ParameterType::String, Value::String(_))
        | (ParameterType::Text, _)
        | (ParameterType::Number, Value::Float(_) | Value::Int(_) | Value::Uint(_))
        | (ParameterType::Boolean, Value::Bool(_))
        | (ParameterType::Array, Value::Sequence(_))
        | (ParameterType::Map, Value::Mapping(_)) => Ok(()),
        (ParameterType::String, _) => invalid("string"),
        (kind, Value::String(text)) => match_type(kind, text),
        (ParameterType::Integer, _) => invalid("integer"),
        (ParameterType::Number, _) => invalid("number"),
        (ParameterType::Boolean, _) => invalid("boolean"),
        (ParameterType::Array, _) => not_a("array", "an array"),
        (ParameterType::Map, _) => not_a("map", "a map"),
    }
}
