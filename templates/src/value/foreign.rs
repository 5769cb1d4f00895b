//! Struct types that functions give to templates, with their fields; methods are in `functions/rest`.

use std::rc::Rc;

use super::{Str, Type, UintKind, Value};

/// Seconds from year 1 to 1970, from which Go counts.
const YEAR_ONE: i64 = 62_135_596_800;

/// A value of a Go struct type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// `time.Time`.
    Time(Rc<Time>),
    /// `*time.Location`.
    Location(Rc<Location>),
    /// `*semver.Version`.
    Version(Rc<Version>),
    /// `semver.Version`.
    VersionStruct(Rc<Version>),
    /// `sprig.certificate`.
    Certificate(Rc<Certificate>),
}

/// A moment and the zone in which it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970-01-01 00:00:00 UTC; Go's zero time is year 1.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
    /// The zone.
    pub location: Location,
}

/// A zone at one moment: its abbreviation and distance from UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The location's name: `UTC`, `Local`, `Europe/Berlin`.
    pub name: Str,
    /// The zone's abbreviation: `UTC`, `CET`, or empty.
    pub abbreviation: Str,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// A version of package semver 1.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// First number.
    pub major: i64,
    /// Second number.
    pub minor: i64,
    /// Third number.
    pub patch: i64,
    /// What follows `-`.
    pub prerelease: Str,
    /// What follows `+`.
    pub metadata: Str,
    /// The text that was parsed.
    pub original: Str,
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate.
    pub cert: Str,
    /// The private key.
    pub key: Str,
}

impl Location {
    /// Returns what a time keeps of its zone: nil for UTC.
    fn pointer(&self) -> Value {
        if self.is_utc() {
            return Value::Nil;
        }
        Value::Foreign(Foreign::Location(Rc::new(self.clone())))
    }

    fn is_utc(&self) -> bool {
        self.name.as_bytes() == b"UTC"
    }
}

impl Foreign {
    /// Returns the Go type.
    pub const fn go_type(&self) -> Type {
        match self {
            Self::Time(_) => Type::Time,
            Self::Location(_) => Type::Location,
            Self::Version(_) => Type::Version,
            Self::VersionStruct(_) => Type::VersionStruct,
            Self::Certificate(_) => Type::Certificate,
        }
    }

    /// Go's `==`: structs by their fields, pointers by identity.
    pub(crate) fn go_equal(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Certificate(a), Self::Certificate(b)) => a == b,
            // Go has one UTC.
            (Self::Location(a), Self::Location(b)) => Rc::ptr_eq(a, b) || a.is_utc() && b.is_utc(),
            (Self::Version(a), Self::Version(b)) => Rc::ptr_eq(a, b),
            (Self::VersionStruct(a), Self::VersionStruct(b)) => a == b,
            _ => false,
        }
    }

    /// Returns the fields in order, the exported ones with a capital.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Time(time) => vec![
                (
                    "wall",
                    Value::Uint(UintKind::Uint64, u64::from(time.nanoseconds)),
                ),
                ("ext", Value::int64(time.seconds.saturating_add(YEAR_ONE))),
                ("loc", time.location.pointer()),
            ],
            Self::Location(location) => vec![("name", Value::Str(location.name.clone()))],
            Self::Version(version) | Self::VersionStruct(version) => vec![
                ("major", Value::int64(version.major)),
                ("minor", Value::int64(version.minor)),
                ("patch", Value::int64(version.patch)),
                ("pre", Value::Str(version.prerelease.clone())),
                ("metadata", Value::Str(version.metadata.clone())),
                ("original", Value::Str(version.original.clone())),
            ],
            Self::Certificate(certificate) => vec![
                ("Cert", Value::Str(certificate.cert.clone())),
                ("Key", Value::Str(certificate.key.clone())),
            ],
        }
    }
}
