//! Data from outside: JSON in Go's decoding.

use super::{Map, Str, Type, Value};

/// What Go type a number of the data gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// Every number is a float64, as KUDO's parameters are (sigs.k8s.io/yaml).
    #[default]
    Float64,
    /// Integer literals are int, others float64.
    IntOrFloat64,
}

impl Value {
    /// Returns JSON data as Go decodes it into an `interface {}`.
    ///
    /// ```
    /// use kudo_templates::{Numbers, Value};
    ///
    /// let data = serde_json::json!({"COUNT": 3});
    /// let value = Value::from_json(&data, Numbers::IntOrFloat64);
    /// assert_eq!(value.as_map().unwrap().get(b"COUNT").unwrap().as_int(), Some(3));
    /// ```
    pub fn from_json(data: &serde_json::Value, numbers: Numbers) -> Self {
        match data {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(value) if numbers == Numbers::IntOrFloat64 => Self::int(value),
                _ => Self::Float(number.as_f64().unwrap_or_default()),
            },
            serde_json::Value::String(text) => Self::string(text),
            serde_json::Value::Array(items) => Self::list(
                items
                    .iter()
                    .map(|item| Self::from_json(item, numbers))
                    .collect(),
            ),
            serde_json::Value::Object(entries) => Self::dict(
                entries
                    .iter()
                    .map(|(key, item)| (key, Self::from_json(item, numbers))),
            ),
        }
    }

    /// Returns a `map[string]string`, the type of KUDO's `Pipes`.
    pub fn string_map<K: Into<Str>, V: Into<Str>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (key.into(), Self::string(value)));
        Self::Map(Map::new(&Type::String, entries))
    }
}
