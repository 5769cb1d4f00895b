//! Label and field selectors (`labels.Parse`, `fields.ParseSelector`).

use serde_json::Value;

use super::{Resource, object};
use crate::refusal::Refusal;

/// Which objects of a list or watch are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// All must hold for the labels.
    pub labels: Vec<Requirement>,
    /// All must hold for the fields.
    pub fields: Vec<FieldRequirement>,
}

/// One requirement on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Absent,
    Greater,
    Less,
}

/// One requirement on a field: a path, and what it must or must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    path: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Chooses everything.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Reads the two query parameters; an empty string chooses everything.
    pub fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        Ok(Self {
            labels: parse_labels(labels)?,
            fields: parse_fields(fields)?,
        })
    }

    /// Reads a `metav1.LabelSelector`, as workloads carry it.
    pub fn of_label_selector(selector: &Value) -> Self {
        let mut labels: Vec<Requirement> = selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: vec![value.as_str().unwrap_or_default().to_owned()],
            })
            .collect();
        for expression in object::list(selector, "/matchExpressions") {
            let operator = match object::text(expression, "/operator") {
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::Absent,
                _ => Operator::In,
            };
            let values = object::list(expression, "/values")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let key = object::text(expression, "/key").to_owned();
            labels.push(Requirement {
                key,
                operator,
                values,
            });
        }
        Self {
            labels,
            fields: Vec::new(),
        }
    }

    /// True when the object is chosen.
    pub fn matches(&self, candidate: &Value) -> bool {
        self.labels
            .iter()
            .all(|requirement| requirement.matches(candidate))
            && self
                .fields
                .iter()
                .all(|requirement| requirement.matches(candidate))
    }

    /// Chooses by other fields.
    #[must_use]
    pub fn with_renamed_fields(mut self, rename: impl Fn(&str) -> String) -> Self {
        for requirement in &mut self.fields {
            requirement.path = rename(&requirement.path);
        }
        self
    }

    /// Refuses fields that the resource cannot be chosen by. `extra` are the `selectableFields`
    /// of a custom resource, without the leading dot.
    pub fn check(&self, resource: &Resource, extra: &[String]) -> Result<(), Refusal> {
        for FieldRequirement { path, .. } in &self.fields {
            let known = ["metadata.name", "metadata.namespace"].contains(&path.as_str())
                || selectable(resource).contains(&path.as_str())
                || extra.contains(path);
            if !known {
                return Err(unsupported_field(resource, path));
            }
        }
        Ok(())
    }
}

/// Kinds that can be chosen by more than their name say it in one way, all others in another.
fn unsupported_field(resource: &Resource, path: &str) -> Refusal {
    Refusal::bad_request(if selectable(resource).is_empty() {
        format!(
            "\"{path}\" is not a known field selector: only \"metadata.name\", \
             \"metadata.namespace\""
        )
    } else {
        format!("field label not supported: {path}")
    })
}

/// The fields besides name and namespace that a built-in resource can be chosen by.
fn selectable(resource: &Resource) -> &'static [&'static str] {
    match (resource.group(), resource.name()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "replicationcontrollers") | ("apps", "replicasets") => &["status.replicas"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &["status.successful"],
        ("certificates.k8s.io", "certificatesigningrequests") => &["spec.signerName"],
        _ => &[],
    }
}

impl Requirement {
    fn matches(&self, candidate: &Value) -> bool {
        let label = candidate
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(&self.key))
            .and_then(Value::as_str);
        match (self.operator, label) {
            (Operator::In, Some(label)) => self.values.iter().any(|value| value == label),
            (Operator::NotIn, Some(label)) => self.values.iter().all(|value| value != label),
            (Operator::NotIn | Operator::Absent, None) | (Operator::Exists, Some(_)) => true,
            (Operator::Greater, Some(label)) => self.compares(label, |label, bound| label > bound),
            (Operator::Less, Some(label)) => self.compares(label, |label, bound| label < bound),
            (Operator::In | Operator::Exists | Operator::Greater | Operator::Less, None)
            | (Operator::Absent, Some(_)) => false,
        }
    }

    fn compares(&self, label: &str, holds: impl Fn(i64, i64) -> bool) -> bool {
        let bound = self.values.first().and_then(|bound| bound.parse().ok());
        matches!((label.parse(), bound), (Ok(label), Some(bound)) if holds(label, bound))
    }
}

impl FieldRequirement {
    fn matches(&self, candidate: &Value) -> bool {
        let path = match self.path.as_str() {
            "reportingComponent" | "source" => return self.matches_source(candidate),
            path => format!("/{}", path.replace('.', "/")),
        };
        let actual = match candidate.pointer(&path) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => match self.path.as_str() {
                "spec.unschedulable" | "spec.hostNetwork" => "false".to_owned(),
                _ => String::new(),
            },
            Some(other) => other.to_string(),
        };
        (actual == self.value) == self.equal
    }

    fn matches_source(&self, candidate: &Value) -> bool {
        let source = match object::text(candidate, "/source/component") {
            "" => object::text(candidate, "/reportingComponent"),
            component => component,
        };
        (source == self.value) == self.equal
    }
}

fn unable(why: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(format!("unable to parse requirement: {why}"))
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, Refusal> {
    split_outside_parentheses(text)
        .into_iter()
        .map(parse_requirement)
        .collect()
}

/// Splits at commas that are not within `( )`; blank text has no parts.
fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

fn parse_requirement(text: &str) -> Result<Requirement, Refusal> {
    let requirement = |key: &str, operator, values: Vec<String>| {
        let key = key.trim().to_owned();
        for (index, value) in values.iter().enumerate() {
            if let Err(why) = crate::names::label_value(value) {
                return Err(unable(format!(
                    "values[{index}][{key}]: Invalid value: \"{value}\": {why}"
                )));
            }
        }
        crate::names::qualified(&key)
            .map_err(|why| unable(format!("<nil>: Invalid value: \"{key}\": {why}")))?;
        Ok(Requirement {
            key,
            operator,
            values,
        })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = text.split_once("!=") {
        return requirement(key, Operator::NotIn, one(value));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return requirement(key, Operator::In, one(value));
    }
    if let Some(key) = text.strip_prefix('!') {
        return requirement(key, Operator::Absent, Vec::new());
    }
    if let Some((head, values)) = text.split_once('(') {
        return parse_set(head, values, requirement);
    }
    if let Some((key, value)) = text.split_once('>') {
        return requirement(key, Operator::Greater, one(value));
    }
    if let Some((key, value)) = text.split_once('<') {
        return requirement(key, Operator::Less, one(value));
    }
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(key), None) => requirement(key, Operator::Exists, Vec::new()),
        (_, Some(word)) => Err(unable(format!(
            "found '{word}', expected: in, notin, =, ==, !=, gt, lt"
        ))),
        (None, None) => Err(unable("found '', expected: identifier after ','")),
    }
}

fn parse_set(
    head: &str,
    values: &str,
    requirement: impl Fn(&str, Operator, Vec<String>) -> Result<Requirement, Refusal>,
) -> Result<Requirement, Refusal> {
    let mut words = head.split_whitespace();
    let (Some(key), Some(word), None) = (words.next(), words.next(), words.next()) else {
        return Err(unable("found '(', expected: in, notin, =, ==, !=, gt, lt"));
    };
    let operator = match word {
        "in" => Operator::In,
        "notin" => Operator::NotIn,
        word => {
            return Err(unable(format!(
                "found '{word}', expected: in, notin, =, ==, !=, gt, lt"
            )));
        }
    };
    let Some(values) = values.trim_end().strip_suffix(')') else {
        return Err(unable("found '', expected: ',' or ')'"));
    };
    let values = values
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    requirement(key, operator, values)
}

fn parse_fields(text: &str) -> Result<Vec<FieldRequirement>, Refusal> {
    let mut requirements = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            (path, value, true)
        } else {
            let message = format!("invalid selector: '{text}'; can't understand '{part}'");
            return Err(Refusal::bad_request(message));
        };
        requirements.push(FieldRequirement {
            path: path.to_owned(),
            value: value.to_owned(),
            equal,
        });
    }
    Ok(requirements)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_selectors_choose_as_labels_parse_does() {
        let web = json!({"metadata": {"labels": {"app": "web", "tier": "front", "n": "5"}}});
        let cases = [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web)", true),
            ("app notin (web)", false),
            ("absent notin (web)", true),
            ("tier", true),
            ("!tier", false),
            ("n>4", true),
            ("n<5", false),
            ("", true),
        ];
        for (text, chosen) in cases {
            let selector = Selector::parse(text, "").unwrap();
            assert_eq!(selector.matches(&web), chosen, "{text}");
        }
    }

    #[test]
    fn field_selectors_choose_by_path() {
        let pod = json!({"metadata": {"name": "a"}, "status": {"phase": "Running"}});
        for (text, chosen) in [
            ("metadata.name=a", true),
            ("status.phase!=Running", false),
            ("spec.nodeName=", true),
        ] {
            assert_eq!(
                Selector::parse("", text).unwrap().matches(&pod),
                chosen,
                "{text}"
            );
        }
        assert!(Selector::parse("", "nonsense").is_err());
    }
}
