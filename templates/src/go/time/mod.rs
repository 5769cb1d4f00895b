//! A twin of the parts of Go's package `time` that a template can reach.
//!
//! Go's local zone is UTC here, as it is in the container that KUDO's manager runs in. Years are
//! not bounded by four digits: Go formats any 64-bit number of seconds, so the calendar is done
//! here and only the offset of a zone comes from the time-zone database.

mod duration;
mod format;
mod layout;
mod parse;
mod zone;

pub(crate) use duration::{Duration, parse_duration};
pub(crate) use parse::parse_in_local;
pub(crate) use zone::Location;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// Unix seconds of Go's zero time, January 1 of year 1.
const ZERO_UNIX: i64 = -62_135_596_800;

/// An instant with the zone that it is shown in: Go's `time.Time` without a monotonic reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    seconds: i64,
    nanos: u32,
    location: Location,
}

/// The calendar date and clock time of an instant in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// From 1.
    pub(crate) year_day: u32,
    /// From Sunday.
    pub(crate) weekday: u32,
}

/// The zone in force at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) name: String,
    pub(crate) offset: i64,
}

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(crate) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Time {
    /// `time.Unix(seconds, nanos)` in the local zone.
    pub(crate) fn unix(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds,
            nanos,
            location: Location::Utc,
        }
    }

    /// `time.Time{}`.
    pub(crate) fn zero() -> Self {
        Self {
            seconds: ZERO_UNIX,
            nanos: 0,
            location: Location::Utc,
        }
    }

    /// The same instant shown in another zone.
    pub(crate) fn within(&self, location: Location) -> Self {
        Self {
            location,
            ..self.clone()
        }
    }

    pub(crate) fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    pub(crate) fn nanosecond(&self) -> u32 {
        self.nanos
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.seconds == ZERO_UNIX && self.nanos == 0
    }

    /// Time since 1970 in so many parts of a second, wrapping like Go's.
    pub(crate) fn unix_in(&self, parts: i64) -> i64 {
        let within_second = i64::from(self.nanos) / (1_000_000_000 / parts);
        self.seconds.wrapping_mul(parts).wrapping_add(within_second)
    }

    pub(crate) fn zone(&self) -> Zone {
        self.location.zone_at(self.seconds)
    }

    pub(crate) fn civil(&self) -> Civil {
        civil(i128::from(self.seconds) + i128::from(self.zone().offset))
    }

    /// `t.Add(d)`.
    pub(crate) fn add(&self, duration: Duration) -> Self {
        let nanos = i64::from(self.nanos) + duration.0 % 1_000_000_000;
        let carry = nanos.div_euclid(1_000_000_000);
        Self {
            seconds: self
                .seconds
                .wrapping_add(duration.0 / 1_000_000_000)
                .wrapping_add(carry),
            nanos: u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0),
            location: self.location.clone(),
        }
    }

    /// `t.Sub(u)`, saturating like Go's.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let nanos = (i128::from(self.seconds) - i128::from(earlier.seconds)) * 1_000_000_000
            + i128::from(self.nanos)
            - i128::from(earlier.nanos);
        Duration(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// `t.AddDate(years, months, days)`: out-of-range parts are carried over.
    pub(crate) fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let now = self.civil();
        let date = CivilFields {
            year: now.year.wrapping_add(years),
            month: i64::from(now.month).wrapping_add(months),
            day: i64::from(now.day).wrapping_add(days),
            hour: i64::from(now.hour),
            minute: i64::from(now.minute),
            second: i64::from(now.second),
        };
        date.in_location(self.nanos, self.location.clone())
    }

    /// The instant as (seconds, nanoseconds), for comparisons.
    pub(crate) fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }

    /// `t.Truncate(d)`: a multiple of `d` since the zero time.
    pub(crate) fn truncate(&self, unit: Duration) -> Self {
        self.rounded_by(unit, |remainder, _| -remainder)
    }

    /// `t.Round(d)`: halves away from the zero time.
    pub(crate) fn round(&self, unit: Duration) -> Self {
        self.rounded_by(unit, |remainder, unit| {
            if remainder * 2 < unit {
                -remainder
            } else {
                unit - remainder
            }
        })
    }

    fn rounded_by(&self, unit: Duration, change: impl Fn(i128, i128) -> i128) -> Self {
        if unit.0 <= 0 {
            return self.clone();
        }
        let since_zero = (i128::from(self.seconds) - i128::from(ZERO_UNIX)) * 1_000_000_000
            + i128::from(self.nanos);
        let unit = i128::from(unit.0);
        let change = change(since_zero.rem_euclid(unit), unit);
        self.add(Duration(i64::try_from(change).unwrap_or(0)))
    }
}

/// The parts of a date as `time.Date` takes them: each may be out of its range.
#[derive(Clone, Copy, Debug)]
struct CivilFields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl CivilFields {
    /// Seconds since 1970 as if the zone were UTC.
    fn wall_seconds(self) -> i64 {
        let months = self.month.wrapping_sub(1);
        let year = self.year.wrapping_add(months.div_euclid(12));
        let month = months.rem_euclid(12) + 1;
        days_from_civil(year, month)
            .wrapping_add(self.day.wrapping_sub(1))
            .wrapping_mul(DAY)
            .wrapping_add(self.hour * 3600 + self.minute * 60 + self.second)
    }

    /// `time.Date(...)`: a time in a gap or an overlap takes the offset that Go takes.
    fn in_location(self, nanos: u32, location: Location) -> Time {
        let wall = self.wall_seconds();
        let mut offset = location.zone_at(wall).offset;
        if offset != 0 {
            offset = location.zone_at(wall.wrapping_sub(offset)).offset;
        }
        Time {
            seconds: wall.wrapping_sub(offset),
            nanos,
            location,
        }
    }
}

/// Days from 1970-01-01 to the first of a month, in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64) -> i64 {
    let year = i128::from(year) - i128::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i128::from((153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i64::try_from(era * 146_097 + day_of_era - 719_468).unwrap_or(i64::MAX)
}

fn civil(wall_seconds: i128) -> Civil {
    let small = |n: i128| u32::try_from(n).unwrap_or(0);
    let days = wall_seconds.div_euclid(i128::from(DAY));
    let second_of_day = wall_seconds.rem_euclid(i128::from(DAY));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = i64::try_from(year_of_era + era * 400 + i128::from(month <= 2)).unwrap_or(0);
    Civil {
        year,
        month: small(month),
        day: small(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        hour: small(second_of_day / 3600),
        minute: small(second_of_day / 60 % 60),
        second: small(second_of_day % 60),
        year_day: small(days - i128::from(days_from_civil(year, 1)) + 1),
        weekday: small((days + 4).rem_euclid(7)),
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: u32, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
