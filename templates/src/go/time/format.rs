//! Writing a time by a layout: Go's `Time.Format` and `Time.String`.

use super::layout::{OffsetParts, OffsetStyle, Piece, next_chunk};
use super::{Civil, MONTHS, Time, WEEKDAYS, Zone};

/// Go counts the digits of a fraction in twelve bits.
const MOST_FRACTION_DIGITS: usize = 0xfff;

impl Time {
    /// `t.Format(layout)`, in bytes because a layout's literal text may be any bytes.
    pub(crate) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let civil = self.civil();
        let zone = self.zone();
        let mut out = Vec::with_capacity(layout.len() + 10);
        let mut layout = layout;
        loop {
            let chunk = next_chunk(layout);
            out.extend_from_slice(chunk.prefix);
            let Some(piece) = chunk.piece else { return out };
            layout = chunk.rest;
            write_piece(&mut out, piece, &civil, &zone, self.nanos);
        }
    }

    /// `t.String()`.
    pub(crate) fn text(&self) -> String {
        let bytes = self.format(b"2006-01-02 15:04:05.999999999 -0700 MST");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn write_piece(out: &mut Vec<u8>, piece: Piece, civil: &Civil, zone: &Zone, nanos: u32) {
    let month = MONTHS[civil.month as usize - 1];
    let weekday = WEEKDAYS[civil.weekday as usize];
    let hour12 = if civil.hour.is_multiple_of(12) {
        12
    } else {
        civil.hour % 12
    };
    match piece {
        Piece::LongMonth => out.extend_from_slice(month.as_bytes()),
        Piece::Month => out.extend_from_slice(&month.as_bytes()[..3]),
        Piece::LongWeekday => out.extend_from_slice(weekday.as_bytes()),
        Piece::Weekday => out.extend_from_slice(&weekday.as_bytes()[..3]),
        Piece::LongYear => number(out, civil.year, 4, b'0'),
        Piece::Year => number(out, civil.year.abs() % 100, 2, b'0'),
        Piece::NumMonth => number(out, civil.month, 0, b'0'),
        Piece::ZeroMonth => number(out, civil.month, 2, b'0'),
        Piece::Day => number(out, civil.day, 0, b'0'),
        Piece::UnderDay => number(out, civil.day, 2, b' '),
        Piece::ZeroDay => number(out, civil.day, 2, b'0'),
        Piece::UnderYearDay => number(out, civil.year_day, 3, b' '),
        Piece::ZeroYearDay => number(out, civil.year_day, 3, b'0'),
        Piece::Hour => number(out, civil.hour, 2, b'0'),
        Piece::Hour12 => number(out, hour12, 0, b'0'),
        Piece::ZeroHour12 => number(out, hour12, 2, b'0'),
        Piece::Minute => number(out, civil.minute, 0, b'0'),
        Piece::ZeroMinute => number(out, civil.minute, 2, b'0'),
        Piece::Second => number(out, civil.second, 0, b'0'),
        Piece::ZeroSecond => number(out, civil.second, 2, b'0'),
        Piece::UpperPm => out.extend_from_slice(if civil.hour >= 12 { b"PM" } else { b"AM" }),
        Piece::LowerPm => out.extend_from_slice(if civil.hour >= 12 { b"pm" } else { b"am" }),
        Piece::ZoneName => zone_name(out, zone),
        Piece::Offset(style) => offset(out, style, zone.offset),
        Piece::Fraction { digits, separator } => {
            out.push(separator);
            out.extend_from_slice(&fraction_digits(nanos, digits));
        }
        Piece::ShortFraction { digits, separator } => {
            let mut digits = fraction_digits(nanos, digits);
            while digits.last() == Some(&b'0') {
                digits.pop();
            }
            if !digits.is_empty() {
                out.push(separator);
                out.append(&mut digits);
            }
        }
    }
}

fn number(out: &mut Vec<u8>, value: impl Into<i64>, width: usize, fill: u8) {
    let value = value.into();
    let digits = value.unsigned_abs().to_string();
    if value < 0 {
        out.push(b'-');
    }
    out.extend(std::iter::repeat_n(
        fill,
        width.saturating_sub(digits.len()),
    ));
    out.extend_from_slice(digits.as_bytes());
}

/// A zone without a name is shown by its offset.
fn zone_name(out: &mut Vec<u8>, zone: &Zone) {
    if !zone.name.is_empty() {
        out.extend_from_slice(zone.name.as_bytes());
        return;
    }
    let minutes = zone.offset / 60;
    out.push(if minutes < 0 { b'-' } else { b'+' });
    number(out, minutes.abs() / 60, 2, b'0');
    number(out, minutes.abs() % 60, 2, b'0');
}

fn offset(out: &mut Vec<u8>, style: OffsetStyle, offset: i64) {
    if style.zulu && offset == 0 {
        out.push(b'Z');
        return;
    }
    let minutes = (offset / 60).abs();
    out.push(if offset / 60 < 0 { b'-' } else { b'+' });
    // Less than a minute west of Greenwich has no sign of its own in Go.
    let seconds = if offset / 60 < 0 { -offset } else { offset };
    number(out, minutes / 60, 2, b'0');
    if style.colon {
        out.push(b':');
    }
    if style.parts != OffsetParts::Hours {
        number(out, minutes % 60, 2, b'0');
    }
    if style.parts == OffsetParts::Seconds {
        if style.colon {
            out.push(b':');
        }
        number(out, seconds % 60, 2, b'0');
    }
}

fn fraction_digits(nanos: u32, digits: usize) -> Vec<u8> {
    let mut text = format!("{nanos:09}").into_bytes();
    text.resize((digits & MOST_FRACTION_DIGITS).min(9), b'0');
    text
}
