//! Sprig's dates, by Go's layouts; the local zone is UTC and the time is the render's.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of a table have one signature"
)]

use crate::functions::{Arguments, Context, FunctionError};
use crate::go::time::{Duration, Location, Time, parse_duration, parse_in_local};
use crate::value::{self, Foreign, IntKind, Str, Value};

impl From<&value::Time> for Time {
    fn from(time: &value::Time) -> Self {
        let location = match (&*time.location.name, time.location.offset) {
            (b"UTC", 0) => Location::Utc,
            (_, offset) => Location::Fixed {
                name: time.location.abbreviation.to_text().into_owned(),
                offset: i64::from(offset),
            },
        };
        Self::unix(time.seconds, time.nanoseconds).within(location)
    }
}

impl From<&Time> for value::Time {
    fn from(time: &Time) -> Self {
        let zone = time.zone();
        Self {
            seconds: time.unix_seconds(),
            nanoseconds: time.nanosecond(),
            location: value::Location {
                name: Str::from(time.location().name()),
                abbreviation: Str::from(zone.name),
                offset: i32::try_from(zone.offset).unwrap_or_default(),
            },
        }
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Foreign(Foreign::Time(std::rc::Rc::new(value::Time::from(&time))))
    }
}

/// The time of the render.
pub(super) fn render_time(context: &Context<'_>) -> Time {
    let clock = context.clock();
    Time::unix(clock.seconds, clock.nanoseconds)
}

/// An argument of type `time.Time`.
pub(super) fn time_argument(value: Option<&Value>) -> Time {
    match value {
        Some(Value::Foreign(Foreign::Time(time))) => Time::from(&**time),
        _ => Time::zero(),
    }
}

/// A time, or seconds since 1970 in one of these integer types; anything else is now.
fn moment(context: &Context<'_>, value: Option<&Value>, integers: &[IntKind]) -> Time {
    match value {
        Some(Value::Foreign(Foreign::Time(time))) => Time::from(&**time),
        Some(Value::Int(kind, seconds)) if integers.contains(kind) => Time::unix(*seconds, 0),
        _ => render_time(context),
    }
}

fn formatted(context: &mut Context<'_>, date: Option<&Value>, layout: &[u8], zone: &[u8]) -> Ran {
    context.allocate(layout.len())?;
    let time = moment(
        context,
        date,
        &[IntKind::Int, IntKind::Int32, IntKind::Int64],
    );
    let location = std::str::from_utf8(zone).ok().and_then(Location::load);
    Ok(time
        .within(location.unwrap_or(Location::Utc))
        .format(layout)
        .into())
}

type Ran = Result<Value, FunctionError>;

pub(super) fn now(context: &mut Context<'_>, _: Arguments<'_>) -> Ran {
    Ok(render_time(context).into())
}

pub(super) fn date(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    formatted(context, arguments.get(1), arguments.bytes(0), b"Local")
}

pub(super) fn date_in_zone(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    formatted(
        context,
        arguments.get(1),
        arguments.bytes(0),
        arguments.bytes(2),
    )
}

pub(super) fn html_date(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    formatted(context, arguments.first(), b"2006-01-02", b"Local")
}

pub(super) fn html_date_in_zone(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    formatted(
        context,
        arguments.first(),
        b"2006-01-02",
        arguments.bytes(1),
    )
}

/// A duration that is none leaves the date as it is.
pub(super) fn date_modify(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let time = time_argument(arguments.get(1));
    let changed = parse_duration(arguments.bytes(0)).map(|duration| time.add(duration));
    Ok(changed.unwrap_or(time).into())
}

pub(super) fn must_date_modify(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let duration = parse_duration(arguments.bytes(0)).map_err(FunctionError::new)?;
    Ok(time_argument(arguments.get(1)).add(duration).into())
}

pub(super) fn ago(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let time = moment(context, arguments.first(), &[IntKind::Int, IntKind::Int64]);
    let passed = render_time(context).since(&time);
    Ok(passed.round(Duration(1_000_000_000)).text().into())
}

/// What cannot be read is Go's zero time.
pub(super) fn to_date(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let time = parse_in_local(arguments.bytes(0), arguments.bytes(1));
    Ok(time.unwrap_or_else(|_| Time::zero()).into())
}

pub(super) fn must_to_date(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let time = parse_in_local(arguments.bytes(0), arguments.bytes(1));
    Ok(time.map_err(FunctionError::new)?.into())
}

pub(super) fn unix_epoch(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(time_argument(arguments.first())
        .unix_seconds()
        .to_string()
        .into())
}
