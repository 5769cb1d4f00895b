//! Methods of the types that functions give, and how values of these types print.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of a table have one signature"
)]

use super::dates::time_argument;
use crate::format::names::text_of_named_int;
use crate::functions::{Arguments, Context, Function, FunctionError, Run};
use crate::go::semver::is_suffix;
use crate::go::time::{Duration, MONTHS, Time};
use crate::go::timestamp::rfc3339;
use crate::value::{Foreign, IntKind, Location, Slice, Str, Type, UintKind, Value, Version};

type Ran = Result<Value, FunctionError>;

/// Seconds from year 1 to 1970.
const YEAR_ONE: i64 = 62_135_596_800;

/// Returns the exported methods of a type, in order of their names.
///
/// The receiver is [`Arguments::receiver`].
pub(crate) const fn methods(of: Type) -> &'static [Function] {
    match of {
        Type::Int(IntKind::Duration) => DURATION,
        Type::Int(IntKind::Month | IntKind::Weekday) => INTEGER_WITH_NAME,
        Type::Time => TIME,
        Type::Location => LOCATION,
        Type::Version => VERSION,
        Type::VersionStruct => VERSION_STRUCT,
        Type::ErrorString => ERROR,
        _ => &[],
    }
}

/// Returns what the type's `String` method gives; `None` where it has none.
pub(crate) fn string(value: &Foreign) -> Option<Vec<u8>> {
    match value {
        Foreign::Time(time) => Some(Time::from(&**time).text().into_bytes()),
        Foreign::Location(location) => Some(location.name.to_vec()),
        Foreign::Version(version) => Some(version.text()),
        Foreign::VersionStruct(_) | Foreign::Certificate(_) => None,
    }
}

/// Returns what the type's `GoString` method gives; `None` where it has none.
pub(crate) fn go_string(value: &Foreign) -> Option<Vec<u8>> {
    match value {
        Foreign::Time(time) => Some(go_source(&Time::from(&**time)).into_bytes()),
        Foreign::Location(_)
        | Foreign::Version(_)
        | Foreign::VersionStruct(_)
        | Foreign::Certificate(_) => None,
    }
}

const INT: Type = Type::INT;
const INT64: Type = Type::INT64;
const BOOL: Type = Type::Bool;
const STRING: Type = Type::String;

const fn method(name: &'static str, result: Type, run: Run) -> Function {
    Function::new(name, &[], result, run)
}

static DURATION: &[Function] = &[
    method("Abs", Type::DURATION, |_, a| {
        Ok(Value::duration(
            duration(a).checked_abs().unwrap_or(i64::MAX),
        ))
    }),
    method("Hours", Type::Float64, |_, a| {
        Ok(Duration(duration(a)).in_units(3_600_000_000_000).into())
    }),
    method("Microseconds", INT64, |_, a| {
        Ok(Value::int64(duration(a) / 1_000))
    }),
    method("Milliseconds", INT64, |_, a| {
        Ok(Value::int64(duration(a) / 1_000_000))
    }),
    method("Minutes", Type::Float64, |_, a| {
        Ok(Duration(duration(a)).in_units(60_000_000_000).into())
    }),
    method("Nanoseconds", INT64, |_, a| Ok(Value::int64(duration(a)))),
    Function::new("Round", &[Type::DURATION], Type::DURATION, |_, a| {
        Ok(Value::duration(
            Duration(duration(a)).round(Duration(a.int(0))).0,
        ))
    }),
    method("Seconds", Type::Float64, |_, a| {
        Ok(Duration(duration(a)).in_units(1_000_000_000).into())
    }),
    method("String", STRING, integer_text),
    Function::new("Truncate", &[Type::DURATION], Type::DURATION, |_, a| {
        Ok(Value::duration(
            Duration(duration(a)).truncate(Duration(a.int(0))).0,
        ))
    }),
];

static INTEGER_WITH_NAME: &[Function] = &[method("String", STRING, integer_text)];

static LOCATION: &[Function] = &[method("String", STRING, foreign_text)];

static ERROR: &[Function] = &[method("Error", STRING, |_, a| match a.receiver() {
    Value::Error(text) => Ok(Value::Str(text.clone())),
    _ => Ok(Value::string("")),
})];

/// Returns why Go cannot call a method of this type: it has several results.
pub(crate) fn uncallable(of: Type, name: &[u8]) -> Option<&'static str> {
    if of != Type::Time {
        return None;
    }
    match name {
        b"Clock" => Some("function Clock has 3 return values; should be 1 or 2"),
        b"Date" => Some("function Date has 3 return values; should be 1 or 2"),
        b"ISOWeek" => Some(
            "invalid function signature for ISOWeek: second return value should be error; is int",
        ),
        b"Zone" => {
            Some("invalid function signature for Zone: second return value should be error; is int")
        }
        b"ZoneBounds" => Some(
            "invalid function signature for ZoneBounds: second return value should be error; is time.Time",
        ),
        _ => None,
    }
}

static TIME: &[Function] = &[
    Function::new("Add", &[Type::DURATION], Type::Time, |_, a| {
        Ok(time(a).add(Duration(a.int(0))).into())
    }),
    Function::new("AddDate", &[INT, INT, INT], Type::Time, |_, a| {
        Ok(time(a).add_date(a.int(0), a.int(1), a.int(2)).into())
    }),
    Function::new("After", &[Type::Time], BOOL, |_, a| {
        Ok((time(a).instant() > other(a)).into())
    }),
    Function::new(
        "AppendFormat",
        &[Type::BYTES, STRING],
        Type::BYTES,
        |context, a| {
            context.allocate(a.bytes(1).len())?;
            Ok(after(a, time(a).format(a.bytes(1)).as_ref()))
        },
    ),
    Function::new("Before", &[Type::Time], BOOL, |_, a| {
        Ok((time(a).instant() < other(a)).into())
    }),
    Function::new("Compare", &[Type::Time], INT, |_, a| {
        Ok(Value::int(time(a).instant().cmp(&other(a)) as i64))
    }),
    method("Day", INT, |_, a| {
        Ok(Value::int(time(a).civil().day.into()))
    }),
    Function::new("Equal", &[Type::Time], BOOL, |_, a| {
        Ok((time(a).instant() == other(a)).into())
    }),
    Function::new("Format", &[STRING], STRING, |context, a| {
        context.allocate(a.bytes(0).len())?;
        Ok(time(a).format(a.bytes(0)).into())
    }),
    method("GobEncode", Type::BYTES, |_, a| Ok(bytes(&binary(a)?))),
    method("GoString", STRING, |_, a| Ok(go_source(&time(a)).into())),
    method("Hour", INT, |_, a| {
        Ok(Value::int(time(a).civil().hour.into()))
    }),
    Function::new("In", &[Type::Location], Type::Time, |_, a| {
        match a.first() {
            Some(Value::Foreign(Foreign::Location(location))) => Ok(within(a, location)),
            _ => Err(FunctionError::new(
                "time: missing Location in call to Time.In",
            )),
        }
    }),
    method("IsDST", BOOL, |_, _| Ok(false.into())),
    method("IsZero", BOOL, |_, a| Ok(time(a).is_zero().into())),
    method("Local", Type::Time, |_, a| {
        Ok(time(a).within(crate::go::time::Location::Utc).into())
    }),
    method("Location", Type::Location, |_, a| match a.receiver() {
        Value::Foreign(Foreign::Time(time)) => Ok(Value::Foreign(Foreign::Location(
            std::rc::Rc::new(time.location.clone()),
        ))),
        _ => Ok(Value::Nil),
    }),
    method("MarshalBinary", Type::BYTES, |_, a| Ok(bytes(&binary(a)?))),
    method("MarshalJSON", Type::BYTES, |_, a| {
        let text = marshalled(a, "MarshalJSON")?;
        Ok(bytes(format!("\"{text}\"").as_bytes()))
    }),
    method("MarshalText", Type::BYTES, |_, a| {
        Ok(bytes(marshalled(a, "MarshalText")?.as_bytes()))
    }),
    method("Minute", INT, |_, a| {
        Ok(Value::int(time(a).civil().minute.into()))
    }),
    method("Month", Type::Int(IntKind::Month), |_, a| {
        Ok(Value::Int(IntKind::Month, time(a).civil().month.into()))
    }),
    method("Nanosecond", INT, |_, a| {
        Ok(Value::int(time(a).nanosecond().into()))
    }),
    Function::new("Round", &[Type::DURATION], Type::Time, |_, a| {
        Ok(time(a).round(Duration(a.int(0))).into())
    }),
    method("Second", INT, |_, a| {
        Ok(Value::int(time(a).civil().second.into()))
    }),
    method("String", STRING, foreign_text),
    Function::new("Sub", &[Type::Time], Type::DURATION, |_, a| {
        Ok(Value::duration(time(a).since(&time_argument(a.first())).0))
    }),
    Function::new("Truncate", &[Type::DURATION], Type::Time, |_, a| {
        Ok(time(a).truncate(Duration(a.int(0))).into())
    }),
    method("UTC", Type::Time, |_, a| {
        Ok(time(a).within(crate::go::time::Location::Utc).into())
    }),
    method("Unix", INT64, |_, a| {
        Ok(Value::int64(time(a).unix_seconds()))
    }),
    method("UnixMicro", INT64, |_, a| {
        Ok(Value::int64(time(a).unix_in(1_000_000)))
    }),
    method("UnixMilli", INT64, |_, a| {
        Ok(Value::int64(time(a).unix_in(1_000)))
    }),
    method("UnixNano", INT64, |_, a| {
        Ok(Value::int64(time(a).unix_in(1_000_000_000)))
    }),
    method("Weekday", Type::Int(IntKind::Weekday), |_, a| {
        Ok(Value::Int(IntKind::Weekday, time(a).civil().weekday.into()))
    }),
    method("Year", INT, |_, a| Ok(Value::int(time(a).civil().year))),
    method("YearDay", INT, |_, a| {
        Ok(Value::int(time(a).civil().year_day.into()))
    }),
];

static VERSION: &[Function] = &[
    Function::new("Compare", &[Type::Version], INT, |_, a| {
        compared(a, |order| Value::int(order as i64))
    }),
    Function::new("Equal", &[Type::Version], BOOL, |_, a| {
        compared(a, |order| order.is_eq().into())
    }),
    Function::new("GreaterThan", &[Type::Version], BOOL, |_, a| {
        compared(a, |order| order.is_gt().into())
    }),
    INC_MAJOR,
    INC_MINOR,
    INC_PATCH,
    Function::new("LessThan", &[Type::Version], BOOL, |_, a| {
        compared(a, |order| order.is_lt().into())
    }),
    method("Major", INT64, |_, a| Ok(Value::int64(version(a)?.major))),
    method("MarshalJSON", Type::BYTES, |_, a| {
        let text = version(a)?.text();
        Ok(bytes(&[b"\"", &text[..], b"\""].concat()))
    }),
    method("Metadata", STRING, |_, a| {
        Ok(Value::Str(version(a)?.metadata))
    }),
    method("Minor", INT64, |_, a| Ok(Value::int64(version(a)?.minor))),
    method("Original", STRING, |_, a| {
        Ok(Value::Str(version(a)?.original))
    }),
    method("Patch", INT64, |_, a| Ok(Value::int64(version(a)?.patch))),
    method("Prerelease", STRING, |_, a| {
        Ok(Value::Str(version(a)?.prerelease))
    }),
    SET_METADATA,
    SET_PRERELEASE,
    method("String", STRING, foreign_text),
];

static VERSION_STRUCT: &[Function] = &[
    INC_MAJOR,
    INC_MINOR,
    INC_PATCH,
    SET_METADATA,
    SET_PRERELEASE,
];

// The methods that take a version by its value, and give one.
const INC_MAJOR: Function = method("IncMajor", Type::VersionStruct, |_, a| {
    Ok(version_struct(version(a)?.next_major()))
});
const INC_MINOR: Function = method("IncMinor", Type::VersionStruct, |_, a| {
    Ok(version_struct(version(a)?.next_minor()))
});
const INC_PATCH: Function = method("IncPatch", Type::VersionStruct, |_, a| {
    Ok(version_struct(version(a)?.next_patch()))
});
const SET_METADATA: Function =
    Function::new("SetMetadata", &[STRING], Type::VersionStruct, |_, a| {
        let text = suffix(a, "Invalid Metadata string")?;
        let changed = version(a)?.changed(|version| version.metadata = text);
        Ok(version_struct(changed))
    });
const SET_PRERELEASE: Function =
    Function::new("SetPrerelease", &[STRING], Type::VersionStruct, |_, a| {
        let text = suffix(a, "Invalid Prerelease string")?;
        let changed = version(a)?.changed(|version| version.prerelease = text);
        Ok(version_struct(changed))
    });

fn version_struct(version: Version) -> Value {
    Value::Foreign(Foreign::VersionStruct(std::rc::Rc::new(version)))
}

fn integer_text(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = match arguments.receiver() {
        Value::Int(kind, value) => text_of_named_int(*kind, *value),
        _ => None,
    };
    Ok(text.unwrap_or_default().into())
}

fn foreign_text(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = match arguments.receiver() {
        Value::Foreign(foreign) => string(foreign),
        _ => None,
    };
    Ok(text.unwrap_or_default().into())
}

/// A `[]byte`.
fn bytes(bytes: &[u8]) -> Value {
    let bytes = bytes
        .iter()
        .map(|byte| Value::Uint(UintKind::Uint8, (*byte).into()));
    Value::Slice(Slice::new(&Type::UINT8, bytes.collect()))
}

/// A time as JSON has it, which only years of four digits are.
fn marshalled(arguments: Arguments<'_>, method: &str) -> Result<String, FunctionError> {
    let text = match arguments.receiver() {
        Value::Foreign(Foreign::Time(time)) => rfc3339(time),
        _ => None,
    };
    text.ok_or_else(|| FunctionError::new(format!("Time.{method}: year outside of range [0,9999]")))
}

/// A time as Go's encoding/gob has it: a version, seconds since year 1, nanoseconds, minutes from UTC.
fn binary(arguments: Arguments<'_>) -> Result<Vec<u8>, FunctionError> {
    let time = time(arguments);
    let refused = || FunctionError::new("Time.MarshalBinary: unexpected zone offset");
    let (minutes, seconds) = match arguments.receiver() {
        Value::Foreign(Foreign::Time(held)) if time.location().name() != "UTC" => {
            let offset = held.location.offset;
            if offset / 60 == -1 {
                return Err(refused());
            }
            (offset / 60, offset % 60)
        }
        _ => (-1, 0),
    };
    let minutes = i16::try_from(minutes).map_err(|_| refused())?;
    let version = if seconds == 0 { 1 } else { 2 };
    let mut out = vec![version];
    out.extend(time.unix_seconds().wrapping_add(YEAR_ONE).to_be_bytes());
    out.extend(time.nanosecond().to_be_bytes());
    out.extend(minutes.to_be_bytes());
    if version == 2 {
        out.extend(i8::try_from(seconds).unwrap_or_default().to_be_bytes());
    }
    Ok(out)
}

/// The first argument, a `[]byte`, with more bytes behind.
fn after(arguments: Arguments<'_>, more: &[u8]) -> Value {
    let mut all = match arguments.first() {
        Some(Value::Slice(slice)) => (0..slice.len()).filter_map(|at| slice.get(at)).collect(),
        _ => Vec::new(),
    };
    all.extend(
        more.iter()
            .map(|byte| Value::Uint(UintKind::Uint8, (*byte).into())),
    );
    Value::Slice(Slice::new(&Type::UINT8, all))
}

fn duration(arguments: Arguments<'_>) -> i64 {
    arguments.receiver().as_int().unwrap_or_default()
}

fn time(arguments: Arguments<'_>) -> Time {
    time_argument(Some(arguments.receiver()))
}

fn other(arguments: Arguments<'_>) -> (i64, u32) {
    time_argument(arguments.first()).instant()
}

fn within(arguments: Arguments<'_>, location: &Location) -> Value {
    let time = time(arguments);
    let value = crate::value::Time {
        seconds: time.unix_seconds(),
        nanoseconds: time.nanosecond(),
        location: location.clone(),
    };
    Value::Foreign(Foreign::Time(std::rc::Rc::new(value)))
}

/// `t.GoString()`: Go source that makes the time.
fn go_source(time: &Time) -> String {
    let civil = time.civil();
    let location = match time.location().name() {
        "UTC" => "time.UTC".to_owned(),
        name => format!(
            "time.Location({})",
            crate::format::quote::quote(name.as_bytes())
        ),
    };
    let month = MONTHS[(civil.month as usize).clamp(1, 12) - 1];
    format!(
        "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {location})",
        civil.year,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        time.nanosecond()
    )
}

fn version_of(value: Option<&Value>) -> Result<Version, FunctionError> {
    match value {
        Some(Value::Foreign(Foreign::Version(version) | Foreign::VersionStruct(version))) => {
            Ok((**version).clone())
        }
        _ => Err(FunctionError::new(
            "runtime error: invalid memory address or nil pointer dereference",
        )),
    }
}

fn version(arguments: Arguments<'_>) -> Result<Version, FunctionError> {
    version_of(Some(arguments.receiver()))
}

fn compared(arguments: Arguments<'_>, give: fn(std::cmp::Ordering) -> Value) -> Ran {
    let other = version_of(arguments.first())?;
    Ok(give(version(arguments)?.compare(&other)))
}

fn suffix(arguments: Arguments<'_>, invalid: &str) -> Result<Str, FunctionError> {
    let text = arguments.string(0);
    if text.is_empty() || is_suffix(&text) {
        return Ok(text);
    }
    Err(FunctionError::new(invalid))
}
