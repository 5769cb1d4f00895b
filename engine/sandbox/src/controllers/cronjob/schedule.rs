//! Cron schedules as `robfig/cron` reads them: five fields, names, lists, ranges, steps, `@daily`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The times of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// `*` in one of the day fields: then both must hold, else one is enough.
    any_day: bool,
}

/// No schedule is looked ahead for longer.
const HORIZON_DAYS: usize = 5 * 366;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads a schedule.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return None;
        };
        let is_any = |field: &str| field.starts_with(['*', '?']);
        // Both 0 and 7 are Sunday.
        let weekdays = parse_field(weekday, 0, 7, &WEEKDAYS, 0)?;
        Some(Self {
            minutes: parse_field(minute, 0, 59, &[], 0)?,
            hours: parse_field(hour, 0, 23, &[], 0)?,
            days: parse_field(day, 1, 31, &[], 0)?,
            months: parse_field(month, 1, 12, &MONTHS, 1)?,
            weekdays: (weekdays | (weekdays >> 7)) & 0x7f,
            any_day: is_any(day) || is_any(weekday),
        })
    }

    /// Returns the first time after a moment.
    pub(super) fn after(&self, moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = zone.to_datetime(moment);
        let mut date = start.date();
        for _ in 0..HORIZON_DAYS {
            if self.has_day(date) {
                for hour in (0..24).filter(|hour| self.hours >> hour & 1 == 1) {
                    for minute in (0..60).filter(|minute| self.minutes >> minute & 1 == 1) {
                        let time = zone.to_timestamp(date.at(hour, minute, 0, 0)).ok();
                        // Times that a change of the clocks leaves out come an hour later.
                        if let Some(time) = time.filter(|time| *time > moment) {
                            return Some(time);
                        }
                    }
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn has_day(&self, date: jiff::civil::Date) -> bool {
        let DateTimeParts {
            day,
            month,
            weekday,
        } = DateTimeParts::of(date.to_datetime(jiff::civil::Time::midnight()));
        let day = self.days >> day & 1 == 1;
        let weekday = self.weekdays >> weekday & 1 == 1;
        let fits = if self.any_day {
            day && weekday
        } else {
            day || weekday
        };
        fits && self.months >> month & 1 == 1
    }
}

/// The parts of a date that a schedule asks for.
struct DateTimeParts {
    day: u8,
    month: u8,
    weekday: u8,
}

impl DateTimeParts {
    fn of(date: DateTime) -> Self {
        Self {
            day: date.day().unsigned_abs(),
            month: date.month().unsigned_abs(),
            weekday: date.weekday().to_sunday_zero_offset().unsigned_abs(),
        }
    }
}

/// Reads one field as a set of bits.
fn parse_field(field: &str, min: u32, max: u32, names: &[&str], first: u32) -> Option<u64> {
    let number = |text: &str| -> Option<u32> {
        let name = text.to_lowercase();
        let index = names.iter().position(|known| *known == name);
        match index {
            Some(index) => Some(u32::try_from(index).ok()? + first),
            None => text.parse::<u32>().ok(),
        }
        .filter(|number| (min..=max).contains(number))
    };
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (
                range,
                Some(step.parse::<u32>().ok().filter(|step| *step > 0)?),
            ),
            None => (part, None),
        };
        let (low, high) = match range {
            "*" | "?" => (min, max),
            range => match range.split_once('-') {
                Some((low, high)) => (number(low)?, number(high)?),
                // `5/15` counts from five to the end.
                None if step.is_some() => (number(range)?, max),
                None => (number(range)?, number(range)?),
            },
        };
        if low > high {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        for value in (low..=high).step_by(step) {
            bits |= 1 << value;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> String {
        let schedule = Schedule::parse(schedule).unwrap();
        schedule
            .after(after.parse().unwrap(), &TimeZone::UTC)
            .unwrap()
            .to_string()
    }

    #[test]
    fn finds_the_next_time() {
        // Every minute: as recorded from kube-controller-manager 1.36.
        assert_eq!(
            next("* * * * *", "2026-11-24T03:55:17Z"),
            "2026-11-24T03:56:00Z"
        );
        assert_eq!(
            next("*/15 9-17 * * mon-fri", "2026-11-28T10:00:00Z"),
            "2026-11-30T09:00:00Z"
        );
        assert_eq!(
            next("0 0 29 2 *", "2026-01-01T00:00:00Z"),
            "2028-02-29T00:00:00Z"
        );
        assert_eq!(
            next("0 0 13 * 5", "2026-11-01T00:00:00Z"),
            "2026-11-06T00:00:00Z"
        );
        assert_eq!(
            next("@hourly", "2026-11-24T03:00:00Z"),
            "2026-11-24T04:00:00Z"
        );
        assert_eq!(
            next("5 4 * * 7", "2026-11-24T00:00:00Z"),
            "2026-11-29T04:05:00Z"
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
        let never = Schedule::parse("0 0 31 2 *").unwrap();
        assert_eq!(never.after(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None);
    }
}
