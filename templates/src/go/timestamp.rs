//! Times as JSON and YAML have them (layout `RFC3339Nano` of Go's package time).

use crate::value::Time;

/// Returns `2006-01-02T15:04:05.999999999Z07:00`; `None` outside of the years 0 to 9999, for which the format has no place.
pub(crate) fn rfc3339(time: &Time) -> Option<String> {
    let local = time.seconds.checked_add(i64::from(time.location.offset))?;
    let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = date(days);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = format!(".{:09}", time.nanoseconds);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    let zone = zone(time.location.offset);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
    ))
}

fn zone(offset: i32) -> String {
    if offset == 0 {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Returns year, month and day of a day counted from 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    // Count from 0000-03-01, so that a leap day is the last of its year; 400 years have 146097 days.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March on have 153 days in every five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Location, Str};

    fn time(seconds: i64, nanoseconds: u32, offset: i32) -> Time {
        let location = Location {
            name: Str::default(),
            abbreviation: Str::default(),
            offset,
        };
        Time {
            seconds,
            nanoseconds,
            location,
        }
    }

    #[test]
    fn writes_what_go_writes() {
        assert_eq!(
            rfc3339(&time(1_514_678_400, 0, 0)).unwrap(),
            "2017-12-31T00:00:00Z"
        );
        assert_eq!(
            rfc3339(&time(951_782_400, 120_000_000, 5400)).unwrap(),
            "2000-02-29T01:30:00.12+01:30"
        );
        assert_eq!(
            rfc3339(&time(-1, 1, -3600)).unwrap(),
            "1969-12-31T22:59:59.000000001-01:00"
        );
        assert_eq!(rfc3339(&time(253_402_300_800, 0, 0)), None);
    }
}
