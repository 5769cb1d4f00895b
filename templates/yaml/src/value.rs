//! A document without its positions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A value with the type that go-yaml v2 gives it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `~`, `null` or nothing.
    #[default]
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// A number that Go holds in an `int`.
    Int(i64),
    /// A number above `i64::MAX` that Go holds in a `uint64`.
    Uint(u64),
    /// A number with a fraction or an exponent, and integers too large for `uint64`.
    Float(f64),
    /// Text; timestamps too.
    String(String),
    /// `!!binary` data that is not UTF-8. Where it is UTF-8 it becomes a `String`, as in Go.
    Bytes(Vec<u8>),
    /// A list.
    Sequence(Vec<Self>),
    /// A map.
    Mapping(Mapping),
}

impl Value {
    /// Returns the text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the entries of a mapping value.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match self {
            Self::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the items of a sequence value.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match self {
            Self::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value of key `key` when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Uint(_) => 3,
            Self::Float(_) => 4,
            Self::String(_) => 5,
            Self::Bytes(_) => 6,
            Self::Sequence(_) => 7,
            Self::Mapping(_) => 8,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// How many entries are looked through one by one before an index pays.
const UNINDEXED: usize = 24;

/// A map that keeps the order in which its keys came; a key that comes again keeps its place and
/// takes the new value, as go-yaml's non-strict decoding does.
#[derive(Clone, Default)]
pub struct Mapping {
    entries: Vec<(Value, Value)>,
    index: BTreeMap<Key, usize>,
}

impl Mapping {
    /// Returns an empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value` and returns what it was before.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some(place) = self.place(&key) {
            return Some(std::mem::replace(&mut self.entries[place].1, value));
        }
        self.entries.push((key, value));
        self.extend_index();
        None
    }

    /// Returns the value of the string key `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.index.is_empty() {
            let found = self
                .entries
                .iter()
                .find(|(each, _)| each.as_str() == Some(key));
            return found.map(|(_, value)| value);
        }
        self.get_value(&Value::String(key.to_owned()))
    }

    /// Returns the value of a key of any type.
    pub fn get_value(&self, key: &Value) -> Option<&Value> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    /// Tells whether the string key `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Returns the entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> + ExactSizeIterator {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn place(&self, key: &Value) -> Option<usize> {
        if self.entries.len() <= UNINDEXED {
            return self
                .entries
                .iter()
                .position(|(each, _)| same_key(each, key));
        }
        if is_nan(key) {
            return None;
        }
        self.index.get(&Key(key.clone())).copied()
    }

    fn extend_index(&mut self) {
        if self.entries.len() <= UNINDEXED {
            return;
        }
        let from = if self.index.is_empty() {
            0
        } else {
            self.entries.len() - 1
        };
        for (place, (key, _)) in self.entries.iter().enumerate().skip(from) {
            if !is_nan(key) {
                self.index.insert(Key(key.clone()), place);
            }
        }
    }
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Mapping {
    /// Two mappings are equal when they hold the same entries, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get_value(key) == Some(value))
    }
}

impl FromIterator<(Value, Value)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(entries: I) -> Self {
        let mut mapping = Self::new();
        for (key, value) in entries {
            mapping.insert(key, value);
        }
        mapping
    }
}

impl IntoIterator for Mapping {
    type Item = (Value, Value);
    type IntoIter = std::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// A key in an order of its own, for the index alone.
#[derive(Debug, Clone)]
struct Key(Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// Go compares keys by type and value: `1` and `1.0` differ, `0.0` and `-0.0` do not, NaN is never found.
fn same_key(left: &Value, right: &Value) -> bool {
    !is_nan(left) && compare(left, right) == Ordering::Equal
}

fn is_nan(value: &Value) -> bool {
    matches!(value, Value::Float(number) if number.is_nan())
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Uint(left), Value::Uint(right)) => left.cmp(right),
        // Adding zero makes -0.0 and 0.0 one number.
        (Value::Float(left), Value::Float(right)) => (left + 0.0).total_cmp(&(right + 0.0)),
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bytes(left), Value::Bytes(right)) => left.cmp(right),
        (Value::Sequence(left), Value::Sequence(right)) => compare_all(left.iter(), right.iter()),
        (Value::Mapping(left), Value::Mapping(right)) => {
            let flat = |mapping: &Mapping| mapping.clone().into_iter().flat_map(|(k, v)| [k, v]);
            let (left, right): (Vec<_>, Vec<_>) = (flat(left).collect(), flat(right).collect());
            compare_all(left.iter(), right.iter())
        }
        _ => left.rank().cmp(&right.rank()),
    }
}

fn compare_all<'a>(
    left: impl ExactSizeIterator<Item = &'a Value>,
    right: impl ExactSizeIterator<Item = &'a Value>,
) -> Ordering {
    let lengths = left.len().cmp(&right.len());
    let differing = left.zip(right).map(|(left, right)| compare(left, right));
    differing
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_again_keeps_its_place() {
        let mut mapping = Mapping::new();
        mapping.insert("a", 1);
        mapping.insert("b", 2);
        assert_eq!(mapping.insert("a", 3), Some(Value::Int(1)));
        let entries: Vec<_> = mapping.iter().collect();
        assert_eq!(
            entries,
            [
                (&Value::from("a"), &Value::Int(3)),
                (&Value::from("b"), &Value::Int(2))
            ]
        );
    }

    #[test]
    fn keys_of_different_types_are_different_keys() {
        let mut mapping = Mapping::new();
        for key in [
            Value::Int(1),
            Value::Float(1.0),
            Value::from("1"),
            Value::Bool(true),
        ] {
            assert_eq!(mapping.insert(key, 0), None);
        }
        assert_eq!(mapping.insert(Value::Float(0.0), 1), None);
        assert_eq!(mapping.insert(Value::Float(-0.0), 2), Some(Value::Int(1)));
    }

    #[test]
    fn large_mappings_behave_like_small_ones() {
        let mut mapping = Mapping::new();
        for number in 0..1000_i64 {
            assert_eq!(mapping.insert(number.to_string(), number), None);
        }
        for number in 0..1000_i64 {
            assert_eq!(mapping.get(&number.to_string()), Some(&Value::Int(number)));
            assert_eq!(
                mapping.insert(number.to_string(), 0),
                Some(Value::Int(number))
            );
        }
        assert_eq!(mapping.len(), 1000);
        assert!(!mapping.contains_key("1000"));
    }
}
