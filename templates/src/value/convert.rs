//! Data from outside: JSON in Go's decoding.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

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
        Decoded(numbers)
            .deserialize(data)
            .expect("JSON has no other types than the visitor")
    }

    /// Returns the data of a JSON text as Go decodes it into an `interface {}`.
    ///
    /// ```
    /// use kudo_templates::{Numbers, Value};
    ///
    /// let value = Value::from_json_text(r#"{"COUNT": 3}"#, Numbers::IntOrFloat64)?;
    /// assert_eq!(value.as_map().unwrap().get(b"COUNT").unwrap().as_int(), Some(3));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_json_text(text: &str, numbers: Numbers) -> Result<Self, serde_json::Error> {
        let mut text = serde_json::Deserializer::from_str(text);
        let value = Decoded(numbers).deserialize(&mut text)?;
        text.end()?;
        Ok(value)
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

/// Makes values of what a decoder meets.
#[derive(Clone, Copy)]
struct Decoded(Numbers);

impl<'de> DeserializeSeed<'de> for Decoded {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Value, D::Error> {
        data.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Decoded {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "Go's float64 is no more precise"
        )]
        Ok(match self.0 {
            Numbers::Float64 => Value::Float(value as f64),
            Numbers::IntOrFloat64 => Value::int(value),
        })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "Go's float64 is no more precise"
        )]
        i64::try_from(value).map_or(Ok(Value::Float(value as f64)), |value| {
            self.visit_i64(value)
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut data: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = data.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut data: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Value::Str(key)) = data.next_key_seed(self)? {
            entries.push((key, data.next_value_seed(self)?));
        }
        Ok(Value::dict(entries))
    }
}
