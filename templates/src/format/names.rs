//! The `String` methods of named integers of package time.

use crate::value::IntKind;

const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Returns what the `String` method of a named integer gives; nothing for the plain ones.
pub(crate) fn text_of_named_int(kind: IntKind, number: i64) -> Option<Vec<u8>> {
    let name = |names: &[&str], index: i64, go_type: &str| {
        usize::try_from(index)
            .ok()
            .and_then(|index| names.get(index))
            .map_or_else(
                || format!("%!{go_type}({number})"),
                |name| (*name).to_owned(),
            )
    };
    let text = match kind {
        IntKind::Duration => duration(number),
        IntKind::Month => name(&MONTHS, number.wrapping_sub(1), "Month"),
        IntKind::Weekday => name(&WEEKDAYS, number, "Weekday"),
        IntKind::Int | IntKind::Int8 | IntKind::Int16 | IntKind::Int32 | IntKind::Int64 => {
            return None;
        }
    };
    Some(text.into_bytes())
}

/// `time.Duration.String`: `1h2m3.5s`, or below a second `1.5ms`.
fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    if magnitude == 0 {
        return "0s".to_owned();
    }
    let (unit, digits) = match magnitude {
        0..1_000 => ("ns", 0),
        1_000..1_000_000 => ("µs", 3),
        1_000_000..1_000_000_000 => ("ms", 6),
        _ => {
            let seconds = magnitude / 1_000_000_000;
            let fraction = fraction(magnitude % 1_000_000_000, 9);
            let (minutes, hours) = (seconds / 60 % 60, seconds / 3600);
            let seconds = seconds % 60;
            return match (hours, minutes) {
                (0, 0) => format!("{sign}{seconds}{fraction}s"),
                (0, _) => format!("{sign}{minutes}m{seconds}{fraction}s"),
                _ => format!("{sign}{hours}h{minutes}m{seconds}{fraction}s"),
            };
        }
    };
    let scale = 10_u64.pow(digits);
    let fraction = fraction(magnitude % scale, digits as usize);
    format!("{sign}{}{fraction}{unit}", magnitude / scale)
}

/// Returns `.5` for 500 of 1000; nothing for zero.
fn fraction(part: u64, digits: usize) -> String {
    if part == 0 {
        return String::new();
    }
    format!(".{part:0>digits$}")
        .trim_end_matches('0')
        .to_owned()
}
