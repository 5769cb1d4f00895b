//! Go's values, as a template and its functions see them.
//!
//! A [`Value`] is what Go keeps in an `interface {}`: a value together with its type. Maps and slices
//! are shared by reference, as in Go, so `set` on one name is seen through every other.
//!
//! * [`Value`]: the closed set of values
//! * [`Type`], [`Kind`]: Go's static types, their names and kinds
//! * [`Str`]: a Go string, which is bytes
//! * [`Map`], [`Slice`]: containers with Go's sharing
//! * [`Foreign`], [`Time`], [`Version`], [`Certificate`]: struct types that functions give
//! * [`Numbers`], [`Value::from_json`]: data from outside

mod convert;
mod cycles;
mod entries;
mod equal;
mod foreign;
mod map;
mod slice;
mod text;
mod types;

pub use convert::Numbers;
pub(crate) use cycles::CycleGuard;
pub use entries::Entries;
pub(crate) use entries::Name;
pub use equal::deep_equal;
pub(crate) use equal::{Incomparable, deep_equal_within};
pub use foreign::{Certificate, Foreign, Location, Time, Version};
pub use map::Map;
pub use slice::Slice;
pub use text::Str;
pub(crate) use text::to_text;
pub use types::{IntKind, Kind, Type, UintKind};

/// A Go value with its type.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Go's zero `reflect.Value`: what a missing key gives; prints as `<no value>`.
    #[default]
    Invalid,
    /// A nil `interface {}`: the word `nil`, JSON's null.
    Nil,
    /// `bool`.
    Bool(bool),
    /// A signed integer with its type.
    Int(IntKind, i64),
    /// An unsigned integer with its type.
    Uint(UintKind, u64),
    /// `float32`.
    Float32(f32),
    /// `float64`.
    Float(f64),
    /// `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `string`.
    Str(Str),
    /// A slice with its element type.
    Slice(Slice),
    /// A map from strings with its element type.
    Map(Map),
    /// An `error` value.
    Error(Str),
    /// A value of one of the struct types that functions give.
    Foreign(Foreign),
}

impl Value {
    /// Returns a Go `int`.
    pub const fn int(value: i64) -> Self {
        Self::Int(IntKind::Int, value)
    }

    /// Returns a Go `int64`.
    pub const fn int64(value: i64) -> Self {
        Self::Int(IntKind::Int64, value)
    }

    /// Returns a Go `time.Duration` of so many nanoseconds.
    pub const fn duration(nanoseconds: i64) -> Self {
        Self::Int(IntKind::Duration, nanoseconds)
    }

    /// Returns a Go `string` of these bytes.
    pub fn string(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// Returns a `[]interface {}`.
    pub fn list(items: Vec<Self>) -> Self {
        Self::Slice(Slice::new(&Type::Interface, items))
    }

    /// Returns a `[]interface {}` that is nil: empty, but `null` in JSON.
    pub const fn nil_list() -> Self {
        Self::Slice(Slice::nil(&Type::Interface))
    }

    /// Returns a `[]string`.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Self {
        let items = items.into_iter().map(Self::string).collect();
        Self::Slice(Slice::new(&Type::String, items))
    }

    /// Returns a `map[string]interface {}`.
    pub fn dict<K: Into<Str>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Self::Map(Map::new(&Type::Interface, entries))
    }

    /// Returns the dynamic type; `None` for a nil interface and for no value.
    pub fn go_type(&self) -> Option<Type> {
        Some(match self {
            Self::Invalid | Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(kind, _) => Type::Int(*kind),
            Self::Uint(kind, _) => Type::Uint(*kind),
            Self::Float32(_) => Type::Float32,
            Self::Float(_) => Type::Float64,
            Self::Complex(..) => Type::Complex128,
            Self::Str(_) => Type::String,
            Self::Slice(slice) => slice.go_type(),
            Self::Map(map) => map.go_type(),
            Self::Error(_) => Type::ErrorString,
            Self::Foreign(foreign) => foreign.go_type(),
        })
    }

    /// Returns the kind of the dynamic type, as `reflect.Kind`.
    pub fn kind(&self) -> Kind {
        self.go_type().map_or(Kind::Invalid, Type::kind)
    }

    /// Says whether this is a nil interface or no value at all.
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Invalid | Self::Nil)
    }

    /// Returns the string, if it is one.
    pub const fn as_str(&self) -> Option<&Str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the slice, if it is one.
    pub const fn as_slice(&self) -> Option<&Slice> {
        match self {
            Self::Slice(slice) => Some(slice),
            _ => None,
        }
    }

    /// Returns the map, if it is one.
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the signed integer, if it is one.
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(_, value) => Some(*value),
            _ => None,
        }
    }

    /// Go's idea of truth in a template: not the zero value, not empty.
    ///
    /// `text/template.IsTrue`: structs are always true, pointers when they are not nil.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Invalid | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(_, value) => *value != 0,
            Self::Uint(_, value) => *value != 0,
            Self::Float32(value) => *value != 0.0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Slice(slice) => !slice.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Error(_) | Self::Foreign(_) => true,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(text: Vec<u8>) -> Self {
        Self::string(text)
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::Str(text)
    }
}

/// Drops values without recursion: nesting may be as deep as memory allows.
fn drop_values(values: impl Iterator<Item = Value>) {
    let holds = |value: &Value| matches!(value, Value::Slice(_) | Value::Map(_));
    let mut pending: Vec<Value> = values.filter(holds).collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Slice(slice) => pending.extend(slice.into_values().filter(holds)),
            Value::Map(map) => pending.extend(map.into_values().filter(holds)),
            _ => {}
        }
    }
}

/// Values are moved about all the time: they must stay small.
const _: () = assert!(size_of::<Value>() == 32);
