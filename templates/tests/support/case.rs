//! Questions and answers in the form of the Go oracle: a template, its data, what comes of it.

use std::collections::BTreeMap;

use kudo_templates::value::{Map, Str};
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
        match &self.data {
            None => Ok(Value::Nil),
            Some(data) => self.typed(Value::from_json(data, self.numbers())),
        }
    }

    /// Returns which type the case wants numbers to have.
    pub(crate) fn numbers(&self) -> Numbers {
        match self.numbers.as_str() {
            "float64" => Numbers::Float64,
            _ => Numbers::IntOrFloat64,
        }
    }

    /// Gives the data the types that the case asks for.
    pub(crate) fn typed(&self, data: Value) -> Result<Value, String> {
        for (key, go_type) in &self.types {
            let Some(map) = data.as_map().filter(|_| go_type == "map[string]string") else {
                return Err(format!("type {go_type:?} of {key:?} is not known here"));
            };
            let values = map.get(key.as_bytes());
            let entries = values.as_ref().and_then(Value::as_map).map(Map::entries);
            let entries = entries.into_iter().flatten();
            let entries = entries.map(|(key, value)| (key, printed(&value)));
            map.insert(key.into(), Value::string_map(entries));
        }
        Ok(data)
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

/// Returns what `fmt.Sprint` gives.
fn printed(value: &Value) -> Str {
    if let Value::Str(text) = value {
        return text.clone();
    }
    let template = Parser::new(&Functions::builtin()).parse("value", "{{ print . }}");
    let template = template.expect("this template parses");
    render(&template, value).unwrap_or_default().into()
}
