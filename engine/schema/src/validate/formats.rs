//! `format`: texts that must read as something, and the sizes of numbers.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::Walk;
use crate::node::Type;
use crate::schema::Schema;

impl Walk {
    pub(super) fn format(&mut self, schema: Schema<'_>, field: &str, value: &Value) {
        match value {
            Value::String(text) => {
                let Some(format) = schema.format() else {
                    return;
                };
                if !fits(format, text) {
                    let message = format!(
                        "Invalid value: {text:?}: {field} in body must be of type {format}: {text:?}"
                    );
                    self.error(field, super::FieldReason::TypeInvalid, message);
                }
            }
            Value::Number(_) => self.size(schema, field, value),
            _ => {}
        }
    }

    /// Integers must be whole and fit their format.
    fn size(&mut self, schema: Schema<'_>, field: &str, value: &Value) {
        if schema.type_() != Some(Type::Integer) {
            return;
        }
        let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
        let (fits, format) = match schema.format() {
            Some("int32") => {
                let small = value
                    .as_i64()
                    .is_some_and(|number| i32::try_from(number).is_ok());
                (small, "with format int32")
            }
            Some("int64") => (
                value.is_i64() || (whole && value.is_f64()),
                "with format int64",
            ),
            _ => (whole, "(default format)"),
        };
        if !fits {
            self.nameless(&format!(
                "Checked value must be of type integer {format} in {field}"
            ));
        }
    }
}

/// Checks the formats that can be checked without more libraries; unknown ones fit.
fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => is_date_time(text),
        "date" => is_date(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => is_mac(text),
        "uuid" | "uuid3" | "uuid4" | "uuid5" => is_uuid(text),
        "byte" => is_base64(text),
        "hexcolor" => is_hex_colour(text),
        "hostname" => is_host_name(text),
        "email" => is_email(text),
        "uri" => is_uri(text),
        "duration" => is_duration(text),
        _ => true,
    }
}

/// RFC 3339; seconds may have a fraction, the zone is `Z` or an offset.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let Some(time_end) = time.find(['Z', 'z', '+', '-']) else {
        return false;
    };
    let (time, zone) = time.split_at(time_end);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let zone_fits =
        zone.eq_ignore_ascii_case("z") || is_row(&zone[1..], ':', &[(2, 0, 23), (2, 0, 59)]);
    let fraction_fits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    is_date(date)
        && zone_fits
        && fraction_fits
        && is_row(clock, ':', &[(2, 0, 23), (2, 0, 59), (2, 0, 59)])
}

fn is_date(text: &str) -> bool {
    if !is_row(text, '-', &[(4, 0, 9999), (2, 1, 12), (2, 1, 31)]) {
        return false;
    }
    let number = |range: std::ops::Range<usize>| -> u32 {
        text.get(range)
            .and_then(|part| part.parse().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day <= last
}

/// A row of numbers with fixed widths and bounds.
fn is_row(text: &str, separator: char, parts: &[(usize, u32, u32)]) -> bool {
    let given: Vec<&str> = text.split(separator).collect();
    given.len() == parts.len()
        && given.iter().zip(parts).all(|(given, (width, min, max))| {
            given.len() == *width
                && given.bytes().all(|byte| byte.is_ascii_digit())
                && given
                    .parse::<u32>()
                    .is_ok_and(|number| (*min..=*max).contains(&number))
        })
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let Ok(bits) = bits.parse::<u8>() else {
        return false;
    };
    let four = address.parse::<Ipv4Addr>().is_ok() && bits <= 32;
    four || (address.parse::<Ipv6Addr>().is_ok() && bits <= 128)
}

fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-']).collect();
    matches!(parts.len(), 6 | 8 | 20) && parts.iter().all(|part| part.len() == 2 && is_hex(part))
}

fn is_uuid(text: &str) -> bool {
    let digits = text.replace('-', "");
    digits.len() == 32 && is_hex(&digits)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_base64(text: &str) -> bool {
    let content = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - content.len() <= 2
        && content
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn is_hex_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && is_hex(digits)
}

/// Labels of letters, digits and inner hyphens; the last of several has letters alone.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let labels: Vec<&str> = text.split('.').collect();
    let Some((last, others)) = labels.split_last() else {
        return false;
    };
    let is_top = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic);
    text.len() <= 255 && labels.iter().all(|label| is_label(label)) && (others.is_empty() || is_top)
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '@' | '<' | '>' | ',' | '(' | ')');
    !name.is_empty() && !host.is_empty() && text.replacen('@', "", 1).chars().all(is_plain)
}

/// A path, or a scheme and something after it.
fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    text.starts_with('/')
        || text
            .split_once(':')
            .is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// Numbers with units, such as `1h30m`; days and weeks too.
fn is_duration(text: &str) -> bool {
    const UNITS: [&str; 33] = [
        "ns",
        "nano",
        "nanos",
        "nanosecond",
        "nanoseconds",
        "us",
        "µs",
        "micro",
        "micros",
        "microsecond",
        "microseconds",
        "ms",
        "milli",
        "millis",
        "millisecond",
        "milliseconds",
        "s",
        "sec",
        "secs",
        "second",
        "seconds",
        "m",
        "min",
        "mins",
        "minute",
        "minutes",
        "h",
        "hr",
        "hour",
        "hours",
        "d",
        "day",
        "days",
    ];
    let mut rest = text.trim().trim_start_matches(['+', '-']);
    if rest == "0" {
        return true;
    }
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let end = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let is_unit = UNITS.contains(&unit) || matches!(unit, "w" | "wk" | "week" | "weeks");
        if number.parse::<f64>().is_err() || !is_unit {
            return false;
        }
        rest = after.trim_start();
    }
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn times_and_dates() {
        for good in [
            "2026-02-28T23:59:59Z",
            "2024-02-29T00:00:00.123+02:00",
            "2026-01-01t00:00:00z",
        ] {
            assert!(fits("date-time", good), "{good}");
        }
        for bad in [
            "noon",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "",
        ] {
            assert!(!fits("date-time", bad), "{bad}");
        }
        assert!(fits("date", "2026-12-31") && !fits("date", "2026-13-01"));
    }
}
