//! Questions and answers in the form of the Go oracle: a template, its data, what comes of it.

use std::collections::BTreeMap;

use kudo_templates::{
    Clock, Environment, Functions, MissingKey, Numbers, Parser, RenderError, Template, Value,
};
use serde::{Deserialize, Serialize};

/// A question; with its answer, if it has one.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Case {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    pub(crate) template: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tplname: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) templates: Vec<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) numbers: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) types: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) missingkey: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) delims: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) variants: BTreeMap<String, Answer>,
    #[serde(flatten)]
    pub(crate) answer: Answer,
}

/// A template that is parsed before the main one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) body: String,
}

/// What comes of a template.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_b64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<BTreeMap<String, Vec<String>>>,
}

impl Answer {
    fn failed(self, phase: &str, error: String) -> Self {
        Self {
            error: Some(error),
            phase: Some(phase.to_owned()),
            ..self
        }
    }

    /// Says whether output and error are the same.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        if self.error.is_some() || other.error.is_some() {
            return self.error == other.error && self.phase == other.phase;
        }
        self.expected_b64 == other.expected_b64
            && self.expected.as_deref().unwrap_or("") == other.expected.as_deref().unwrap_or("")
    }

    /// Says whether trees and references are the same, where the other has them.
    ///
    /// Go 1.19 prints an assignment as a declaration; newer ones and we do not.
    pub(crate) fn agrees_in_tree(&self, other: &Self) -> bool {
        let declared =
            |tree: &Option<String>| tree.clone().unwrap_or_default().replace(" = ", " := ");
        let same_tree = other.tree.is_none() || declared(&self.tree) == declared(&other.tree);
        let same_fields = other.fields.is_none()
            || self.fields.clone().unwrap_or_default() == other.fields.clone().unwrap_or_default();
        same_tree && same_fields
    }
}

impl Case {
    /// Parses the templates.
    pub(crate) fn parse(
        &self,
        functions: &Functions,
    ) -> Result<Template, kudo_templates::ParseError> {
        let missing_key = match self.missingkey.as_str() {
            "default" | "invalid" => MissingKey::Invalid,
            "zero" => MissingKey::Zero,
            _ => MissingKey::Error,
        };
        let mut parser = Parser::new(functions).missing_key(missing_key);
        if let [left, right] = self.delims.as_slice() {
            parser = parser.delimiters(left, right);
        }
        for Named { name, body } in &self.templates {
            parser.add(name, body)?;
        }
        let name = if self.tplname.is_empty() {
            "tpl"
        } else {
            &self.tplname
        };
        parser.parse(name, &self.template)
    }

    /// Returns the data with the types that the case asks for.
    pub(crate) fn dot(&self) -> Result<Value, String> {
        let Some(data) = &self.data else {
            return Ok(Value::Nil);
        };
        let numbers = match self.numbers.as_str() {
            "float64" => Numbers::Float64,
            _ => Numbers::IntOrFloat64,
        };
        let value = Value::from_json(data, numbers);
        for (key, go_type) in &self.types {
            let Some(map) = value.as_map().filter(|_| go_type == "map[string]string") else {
                return Err(format!("type {go_type:?} of {key:?} is not known here"));
            };
            let entries = match data.get(key) {
                Some(serde_json::Value::Object(entries)) => entries.clone(),
                _ => serde_json::Map::new(),
            };
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, printed(&value, numbers)));
            map.insert(key.into(), Value::string_map(entries));
        }
        Ok(value)
    }

    /// Answers the question.
    pub(crate) fn answered(&self, functions: &Functions) -> Answer {
        let answer = Answer::default();
        let template = match self.parse(functions) {
            Ok(template) => template,
            Err(error) => return answer.failed("parse", error.text),
        };
        let answer = Answer {
            tree: Some(template.tree_text()).filter(|text| !text.is_empty()),
            fields: Some(fields(&template)).filter(|fields| !fields.is_empty()),
            ..answer
        };
        let data = match self.dot() {
            Ok(data) => data,
            Err(error) => return answer.failed("data", error),
        };
        match render(&template, &data) {
            Ok(bytes) => output(answer, bytes),
            Err(error) => answer.failed("exec", error.text),
        }
    }
}

/// Renders with a fixed seed and time.
pub(crate) fn render(template: &Template, data: &Value) -> Result<Vec<u8>, RenderError> {
    let clock = Clock {
        seconds: 1_795_435_200,
        nanoseconds: 123_456_789,
    };
    template.render(
        data,
        &Environment {
            clock,
            ..Environment::default()
        },
    )
}

fn printed(value: &serde_json::Value, numbers: Numbers) -> Vec<u8> {
    let template = Parser::new(&Functions::builtin()).parse("value", "{{ print . }}");
    let template = template.expect("this template parses");
    render(&template, &Value::from_json(value, numbers)).unwrap_or_default()
}

fn fields(template: &Template) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for reference in template.references() {
        fields
            .entry(reference.group)
            .or_default()
            .push(reference.name);
    }
    for names in fields.values_mut() {
        names.sort_unstable();
        names.dedup();
    }
    fields
}

fn output(answer: Answer, bytes: Vec<u8>) -> Answer {
    match String::from_utf8(bytes) {
        Ok(text) => Answer {
            expected: Some(text),
            ..answer
        },
        Err(error) => Answer {
            expected: Some(one_replacement_a_run(error.as_bytes())),
            expected_b64: Some(base64(error.as_bytes())),
            ..answer
        },
    }
}

/// Go's `strings.ToValidUTF8`: one U+FFFD for each run of bad bytes.
fn one_replacement_a_run(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut bad_before = false;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        bad_before &= chunk.valid().is_empty();
        if !chunk.invalid().is_empty() && !bad_before {
            text.push('\u{FFFD}');
            bad_before = true;
        }
    }
    text
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit <= group.len() {
                char::from(DIGITS[value])
            } else {
                '='
            });
        }
    }
    text
}
