//! `FieldsV1`: the JSON form of a field set.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{FieldSet, PathElement, Scalar};

/// Field sets nested deeper than this are refused.
const MAX_NESTING: usize = 256;

/// A `fieldsV1` that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// Something else than an object stands where paths go on.
    #[error("fieldsV1 must be made of objects, got `{got}` below `{at}`")]
    NotAnObject {
        /// The key above it.
        at: String,
        /// What stands there.
        got: String,
    },
    /// A key is none of `f:`, `k:`, `v:`, `i:` and `.`.
    #[error("`{0}` is no path element of fieldsV1")]
    BadElement(String),
    /// `operation` of an entry is neither `Apply` nor `Update`.
    #[error("operation of managedFields must be `Apply` or `Update`, got `{0}`")]
    BadOperation(String),
    /// `fieldsType` of an entry is not `FieldsV1`.
    #[error("fieldsType of managedFields must be `FieldsV1`, got `{0}`")]
    BadType(String),
    /// The set is nested too deeply.
    #[error("fieldsV1 is nested deeper than 256 levels")]
    TooDeep,
}

impl FieldSet {
    /// Reads `fieldsV1`.
    pub fn from_value(fields: &Value) -> Result<Self, FieldsError> {
        read(fields, ".", MAX_NESTING)
    }

    /// Returns `fieldsV1` as JSON.
    pub fn to_value(&self) -> Value {
        let mut fields = Map::new();
        for member in &self.members {
            fields.insert(member.key(), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            if child.is_empty() {
                continue;
            }
            let mut below = child.to_value();
            if let (true, Some(below)) = (self.members.contains(element), below.as_object_mut()) {
                below.insert(".".to_owned(), Value::Object(Map::new()));
            }
            fields.insert(element.key(), below);
        }
        Value::Object(fields)
    }

    /// Returns `fieldsV1` as text in the order an API server writes: by value, so port 80 comes
    /// before port 443.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(false, &mut text);
        text
    }

    fn write(&self, is_member: bool, text: &mut String) {
        let mut entries: BTreeMap<&PathElement, Option<&Self>> =
            self.members.iter().map(|member| (member, None)).collect();
        entries.extend(
            self.children
                .iter()
                .map(|(element, child)| (element, Some(child))),
        );
        text.push('{');
        let mut comma = "";
        if is_member {
            text.push_str("\".\":{}");
            comma = ",";
        }
        for (element, child) in entries {
            text.push_str(comma);
            text.push_str(&Value::String(element.key()).to_string());
            text.push(':');
            match child {
                Some(child) => child.write(self.members.contains(element), text),
                None => text.push_str("{}"),
            }
            comma = ",";
        }
        text.push('}');
    }
}

impl PathElement {
    /// Returns the key of this element in `fieldsV1`.
    pub fn key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
            Self::Key(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.0.clone()));
                format!("k:{}", Value::Object(fields.collect()))
            }
        }
    }

    /// Reads a key of `fieldsV1`.
    pub fn from_key(key: &str) -> Result<Self, FieldsError> {
        let bad = || FieldsError::BadElement(key.to_owned());
        let (sort, rest) = key.split_at_checked(2).ok_or_else(bad)?;
        match sort {
            "f:" => Ok(Self::field(rest)),
            "v:" => Ok(Self::Value(Scalar(
                serde_json::from_str(rest).map_err(|_| bad())?,
            ))),
            "i:" => Ok(Self::Index(rest.parse().map_err(|_| bad())?)),
            "k:" => {
                let fields: BTreeMap<String, Value> =
                    serde_json::from_str(rest).map_err(|_| bad())?;
                Ok(Self::Key(
                    fields
                        .into_iter()
                        .map(|(name, v)| (name, Scalar(v)))
                        .collect(),
                ))
            }
            _ => Err(bad()),
        }
    }
}

fn read(fields: &Value, at: &str, nesting: usize) -> Result<FieldSet, FieldsError> {
    let nesting = nesting.checked_sub(1).ok_or(FieldsError::TooDeep)?;
    let Some(fields) = fields.as_object() else {
        let got = fields.to_string();
        return Err(FieldsError::NotAnObject {
            at: at.to_owned(),
            got,
        });
    };
    let mut set = FieldSet::default();
    for (key, below) in fields.iter().filter(|(key, _)| *key != ".") {
        let element = PathElement::from_key(key)?;
        let child = read(below, key, nesting)?;
        // An element without anything below is itself in the set, else "." says so.
        if below.get(".").is_some() || below.as_object().is_some_and(Map::is_empty) {
            set.members.insert(element.clone());
        }
        if !child.is_empty() {
            set.children.insert(element, child);
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_read_is_written_again() {
        let fields = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            "f:set": {"v:1": {}, "v:\"a\"": {}}, "f:list": {"i:3": {}}});
        assert_eq!(FieldSet::from_value(&fields).unwrap().to_value(), fields);
    }

    #[test]
    fn text_is_ordered_by_value() {
        let fields =
            json!({"f:p": {"k:{\"port\":443}": {}, "k:{\"port\":80}": {".": {}, "f:x": {}}}});
        let text = FieldSet::from_value(&fields).unwrap().to_json();
        assert_eq!(
            text,
            r#"{"f:p":{"k:{\"port\":80}":{".":{},"f:x":{}},"k:{\"port\":443}":{}}}"#
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let error = FieldSet::from_value(&json!({"x:y": {}})).unwrap_err();
        assert_eq!(error.to_string(), "`x:y` is no path element of fieldsV1");
        let error = FieldSet::from_value(&json!({"f:y": 3})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "fieldsV1 must be made of objects, got `3` below `f:y`"
        );
    }
}
