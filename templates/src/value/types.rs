//! Go's static types: names as `%T` prints them, kinds as `reflect` names them.

use std::fmt;

/// A signed integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntKind {
    /// `int`, 64 bits wide.
    Int,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `int32`, also `rune`.
    Int32,
    /// `int64`.
    Int64,
    /// `time.Duration`, an int64 of nanoseconds with a `String` method.
    Duration,
    /// `time.Month`, an int with a `String` method.
    Month,
    /// `time.Weekday`, an int with a `String` method.
    Weekday,
}

/// An unsigned integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UintKind {
    /// `uint`, 64 bits wide.
    Uint,
    /// `uint8`, also `byte`.
    Uint8,
    /// `uint16`.
    Uint16,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
}

/// A Go type; element types are static, since the set of types is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `interface {}`: anything, nil too.
    Interface,
    /// `error`.
    Error,
    /// `reflect.Value`: a builtin takes the value as it is, missing ones too.
    Reflect,
    /// `bool`.
    Bool,
    /// A signed integer.
    Int(IntKind),
    /// An unsigned integer.
    Uint(UintKind),
    /// `float32`.
    Float32,
    /// `float64`.
    Float64,
    /// `complex128`.
    Complex128,
    /// `string`.
    String,
    /// A slice of this element type.
    Slice(&'static Self),
    /// A map from strings to this element type.
    Map(&'static Self),
    /// `*errors.errorString`.
    ErrorString,
    /// `time.Time`.
    Time,
    /// `*time.Location`.
    Location,
    /// `*semver.Version`.
    Version,
    /// `sprig.certificate`.
    Certificate,
    /// `semver.Version`: what a method of a version gives; it lacks the methods of the pointer.
    VersionStruct,
}

impl Type {
    /// `int`.
    pub const INT: Self = Self::Int(IntKind::Int);
    /// `int32`, which is also `rune`.
    pub const INT32: Self = Self::Int(IntKind::Int32);
    /// `int64`.
    pub const INT64: Self = Self::Int(IntKind::Int64);
    /// `uint8`, which is also `byte`.
    pub const UINT8: Self = Self::Uint(UintKind::Uint8);
    /// `uint32`.
    pub const UINT32: Self = Self::Uint(UintKind::Uint32);
    /// `time.Duration`.
    pub const DURATION: Self = Self::Int(IntKind::Duration);
    /// `[]interface {}`.
    pub const LIST: Self = Self::Slice(&Self::Interface);
    /// `[]string`.
    pub const STRINGS: Self = Self::Slice(&Self::String);
    /// `[]int`.
    pub const INTS: Self = Self::Slice(&Self::INT);
    /// `[]uint8`.
    pub const BYTES: Self = Self::Slice(&Self::UINT8);
    /// `map[string]interface {}`.
    pub const DICT: Self = Self::Map(&Self::Interface);
    /// `map[string]string`.
    pub const STRING_MAP: Self = Self::Map(&Self::String);

    /// Returns the kind, as `reflect.Type.Kind`.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Interface | Self::Error => Kind::Interface,
            Self::Reflect | Self::Time | Self::Certificate | Self::VersionStruct => Kind::Struct,
            Self::Bool => Kind::Bool,
            Self::Int(kind) => match kind {
                IntKind::Int | IntKind::Month | IntKind::Weekday => Kind::Int,
                IntKind::Int8 => Kind::Int8,
                IntKind::Int16 => Kind::Int16,
                IntKind::Int32 => Kind::Int32,
                IntKind::Int64 | IntKind::Duration => Kind::Int64,
            },
            Self::Uint(kind) => match kind {
                UintKind::Uint => Kind::Uint,
                UintKind::Uint8 => Kind::Uint8,
                UintKind::Uint16 => Kind::Uint16,
                UintKind::Uint32 => Kind::Uint32,
                UintKind::Uint64 => Kind::Uint64,
            },
            Self::Float32 => Kind::Float32,
            Self::Float64 => Kind::Float64,
            Self::Complex128 => Kind::Complex128,
            Self::String => Kind::String,
            Self::Slice(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::ErrorString | Self::Location | Self::Version => Kind::Ptr,
        }
    }

    /// Says whether a variable of this type may hold nil.
    pub const fn can_be_nil(self) -> bool {
        matches!(
            self.kind(),
            Kind::Interface | Kind::Slice | Kind::Map | Kind::Ptr
        ) || matches!(self, Self::Reflect)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface => f.write_str("interface {}"),
            Self::Error => f.write_str("error"),
            Self::Reflect => f.write_str("reflect.Value"),
            Self::Int(IntKind::Duration) => f.write_str("time.Duration"),
            Self::Int(IntKind::Month) => f.write_str("time.Month"),
            Self::Int(IntKind::Weekday) => f.write_str("time.Weekday"),
            Self::Bool
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Float32
            | Self::Float64
            | Self::Complex128
            | Self::String => f.write_str(self.kind().name()),
            Self::Slice(element) => write!(f, "[]{element}"),
            Self::Map(element) => write!(f, "map[string]{element}"),
            Self::ErrorString => f.write_str("*errors.errorString"),
            Self::Time => f.write_str("time.Time"),
            Self::Location => f.write_str("*time.Location"),
            Self::Version => f.write_str("*semver.Version"),
            Self::VersionStruct => f.write_str("semver.Version"),
            Self::Certificate => f.write_str("sprig.certificate"),
        }
    }
}

/// What sort of type it is, as `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named as in package reflect")]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    Complex128,
    Interface,
    Map,
    Ptr,
    Slice,
    String,
    Struct,
}

impl Kind {
    /// Returns the name that `reflect.Kind.String` gives.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint => "uint",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::Interface => "interface",
            Self::Map => "map",
            Self::Ptr => "ptr",
            Self::Slice => "slice",
            Self::String => "string",
            Self::Struct => "struct",
        }
    }
}
