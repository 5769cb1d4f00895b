//! Reading a time by a layout: Go's `time.ParseInLocation(layout, value, time.Local)`.

use super::layout::{OffsetParts, OffsetStyle, Piece, next_chunk};
use super::{CivilFields, Location, MONTHS, Time, WEEKDAYS, days_in, is_leap};

/// Why one piece could not be read.
enum Fault {
    /// The text does not fit the piece.
    Bad,
    /// The number was read but is too large; what was left of the text goes into the message.
    Range(&'static str),
}

/// What has been read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    before_noon: bool,
    after_noon: bool,
    utc: bool,
    offset: Option<i64>,
    zone_name: String,
}

/// `time.ParseInLocation(layout, value, time.Local)` with the text of Go's `ParseError`.
pub(crate) fn parse_in_local(layout: &[u8], value: &[u8]) -> Result<Time, String> {
    let failure = |element: &[u8], left: &[u8], message: &str| {
        Err(error_text(layout, value, element, left, message))
    };
    let mut fields = Fields::default();
    let mut rest_layout = layout;
    let mut rest = value;
    loop {
        let chunk = next_chunk(rest_layout);
        if let Err(left) = skip(&mut rest, chunk.prefix) {
            return failure(chunk.prefix, left, "");
        }
        let Some(piece) = chunk.piece else { break };
        rest_layout = chunk.rest;
        let before = rest;
        match fields.read(piece, &mut rest, rest_layout) {
            Ok(()) => {}
            Err(Fault::Bad) => return failure(chunk.text, before, ""),
            Err(Fault::Range(what)) => {
                return failure(chunk.text, rest, &format!(": {what} out of range"));
            }
        }
    }
    if !rest.is_empty() {
        return failure(b"", rest, &format!(": extra text: {}", quoted(rest)));
    }
    fields
        .finish()
        .or_else(|message| failure(b"", rest, message))
}

impl Fields {
    /// Reads one piece; what follows in the layout matters to seconds alone.
    fn read(&mut self, piece: Piece, rest: &mut &[u8], layout: &[u8]) -> Result<(), Fault> {
        match piece {
            Piece::Year | Piece::LongYear => self.read_year(piece, rest),
            Piece::Month => {
                let short = MONTHS.map(|name| &name[..3]);
                self.month = Some(lookup(rest, &short)? + 1);
                Ok(())
            }
            Piece::LongMonth => {
                self.month = Some(lookup(rest, &MONTHS)? + 1);
                Ok(())
            }
            // A weekday is checked for its name alone.
            Piece::Weekday => lookup(rest, &WEEKDAYS.map(|name| &name[..3])).map(drop),
            Piece::LongWeekday => lookup(rest, &WEEKDAYS).map(drop),
            Piece::NumMonth | Piece::ZeroMonth => {
                let month = up_to_two_digits(rest, piece == Piece::ZeroMonth)?;
                self.month = Some(month);
                in_range(month, 1, 12, "month")
            }
            Piece::Day | Piece::UnderDay | Piece::ZeroDay => {
                if piece == Piece::UnderDay {
                    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
                }
                self.day = Some(up_to_two_digits(rest, piece == Piece::ZeroDay)?);
                Ok(())
            }
            Piece::UnderYearDay | Piece::ZeroYearDay => self.read_year_day(piece, rest),
            Piece::Hour | Piece::Hour12 | Piece::ZeroHour12 | Piece::Minute | Piece::ZeroMinute => {
                self.read_clock(piece, rest)
            }
            Piece::Second | Piece::ZeroSecond => self.read_second(piece, rest, layout),
            Piece::UpperPm => self.read_half(rest, b"AM", b"PM"),
            Piece::LowerPm => self.read_half(rest, b"am", b"pm"),
            Piece::Offset(style) => self.read_offset(style, rest),
            Piece::ZoneName => self.read_zone_name(rest),
            Piece::Fraction { digits, .. } => {
                let length = 1 + (digits & 0xfff);
                if rest.len() < length {
                    return Err(Fault::Bad);
                }
                self.read_fraction(rest, length)
            }
            Piece::ShortFraction { .. } => {
                if rest.len() < 2 || !matches!(rest[0], b'.' | b',') || !rest[1].is_ascii_digit() {
                    return Ok(());
                }
                let length = 1 + leading_digits(&rest[1..]);
                self.read_fraction(rest, length)
            }
        }
    }

    fn read_year(&mut self, piece: Piece, rest: &mut &[u8]) -> Result<(), Fault> {
        if piece == Piece::Year {
            let year = integer(take(rest, 2)?)?;
            self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            return Ok(());
        }
        if !rest.first().is_some_and(u8::is_ascii_digit) {
            return Err(Fault::Bad);
        }
        self.year = integer(take(rest, 4)?)?;
        Ok(())
    }

    fn read_year_day(&mut self, piece: Piece, rest: &mut &[u8]) -> Result<(), Fault> {
        let fixed = piece == Piece::ZeroYearDay;
        if !fixed {
            for _ in 0..2 {
                *rest = rest.strip_prefix(b" ").unwrap_or(rest);
            }
        }
        let length = leading_digits(rest).min(3);
        if length == 0 || fixed && length != 3 {
            return Err(Fault::Bad);
        }
        self.year_day = Some(integer(take(rest, length)?)?);
        Ok(())
    }

    fn read_clock(&mut self, piece: Piece, rest: &mut &[u8]) -> Result<(), Fault> {
        let fixed = matches!(piece, Piece::ZeroHour12 | Piece::ZeroMinute);
        let number = up_to_two_digits(rest, fixed)?;
        match piece {
            Piece::Minute | Piece::ZeroMinute => {
                self.minute = number;
                in_range(number, 0, 59, "minute")
            }
            _ => {
                self.hour = number;
                in_range(
                    number,
                    0,
                    if piece == Piece::Hour { 23 } else { 12 },
                    "hour",
                )
            }
        }
    }

    /// A fraction after the seconds is read even where the layout does not name one.
    fn read_second(&mut self, piece: Piece, rest: &mut &[u8], layout: &[u8]) -> Result<(), Fault> {
        self.second = up_to_two_digits(rest, piece == Piece::ZeroSecond)?;
        in_range(self.second, 0, 59, "second")?;
        let has_fraction =
            rest.len() >= 2 && matches!(rest[0], b'.' | b',') && rest[1].is_ascii_digit();
        let next = next_chunk(layout).piece;
        let is_named = matches!(
            next,
            Some(Piece::Fraction { .. } | Piece::ShortFraction { .. })
        );
        if !has_fraction || is_named {
            return Ok(());
        }
        let length = 1 + leading_digits(&rest[1..]);
        self.read_fraction(rest, length)
    }

    fn read_half(&mut self, rest: &mut &[u8], before: &[u8], after: &[u8]) -> Result<(), Fault> {
        let half = take(rest, 2)?;
        if half == after {
            self.after_noon = true;
        } else if half == before {
            self.before_noon = true;
        } else {
            return Err(Fault::Bad);
        }
        Ok(())
    }

    fn read_offset(&mut self, style: OffsetStyle, rest: &mut &[u8]) -> Result<(), Fault> {
        if style.zulu && rest.first() == Some(&b'Z') {
            *rest = &rest[1..];
            self.utc = true;
            return Ok(());
        }
        let (length, minutes_at, seconds_at) = match (style.parts, style.colon) {
            (OffsetParts::Hours, _) => (3, None, None),
            (OffsetParts::Minutes, false) => (5, Some(3), None),
            (OffsetParts::Minutes, true) => (6, Some(4), None),
            (OffsetParts::Seconds, false) => (7, Some(3), Some(5)),
            (OffsetParts::Seconds, true) => (9, Some(4), Some(7)),
        };
        let has_colons = |text: &[u8]| {
            text[3] == b':' && (style.parts == OffsetParts::Minutes || text[6] == b':')
        };
        if rest.len() < length || style.colon && !has_colons(rest) {
            return Err(Fault::Bad);
        }
        let text = take(rest, length)?;
        // The range is told before the syntax, with the numbers that were read until then.
        let mut fault = None;
        let mut part = |at: Option<usize>| {
            let Some(at) = at.filter(|_| fault.is_none()) else {
                return 0;
            };
            let mut digits = &text[at..at + 2];
            up_to_two_digits(&mut digits, true).unwrap_or_else(|error| {
                fault = Some(error);
                0
            })
        };
        let (hours, minutes, seconds) = (part(Some(1)), part(minutes_at), part(seconds_at));
        in_range(seconds, 0, 60, "time zone offset second")?;
        in_range(minutes, 0, 60, "time zone offset minute")?;
        in_range(hours, 0, 24, "time zone offset hour")?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        let offset = (hours * 60 + minutes) * 60 + seconds;
        self.offset = Some(match text[0] {
            b'+' => offset,
            b'-' => -offset,
            _ => return Err(Fault::Bad),
        });
        Ok(())
    }

    fn read_zone_name(&mut self, rest: &mut &[u8]) -> Result<(), Fault> {
        if let Some(after) = rest.strip_prefix(b"UTC") {
            *rest = after;
            self.utc = true;
            return Ok(());
        }
        let length = zone_name_length(rest).ok_or(Fault::Bad)?;
        self.zone_name = String::from_utf8_lossy(take(rest, length)?).into_owned();
        Ok(())
    }

    fn read_fraction(&mut self, rest: &mut &[u8], length: usize) -> Result<(), Fault> {
        let text = *rest;
        let digits = text.get(1..length.min(10)).unwrap_or_default();
        if !matches!(text.first(), Some(b'.' | b',')) {
            return Err(Fault::Bad);
        }
        let number = integer(digits)?;
        *rest = &rest[length..];
        let scale = 10_i64.pow(u32::try_from(9 - digits.len()).unwrap_or(0));
        self.nanos =
            u32::try_from(number * scale).map_err(|_| Fault::Range("fractional second"))?;
        Ok(())
    }

    fn finish(mut self) -> Result<Time, &'static str> {
        if self.after_noon && self.hour < 12 {
            self.hour += 12;
        } else if self.before_noon && self.hour == 12 {
            self.hour = 0;
        }
        let (month, day) = self.month_and_day()?;
        let month_in_range = u32::try_from(month).unwrap_or(1);
        if day < 1 || day > days_in(month_in_range, self.year) {
            return Err(": day out of range");
        }
        let date = CivilFields {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
        };
        Ok(self.placed(date))
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err(": day-of-year out of range");
        }
        let mut month = 1;
        let mut day = year_day;
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        let month = i64::from(month);
        if self.month.is_some_and(|seen| seen != month) {
            return Err(": day-of-year does not match month");
        }
        if self.day.is_some_and(|seen| seen != day) {
            return Err(": day-of-year does not match day");
        }
        Ok((month, day))
    }

    /// Puts the date into the zone that the text named; the local zone is UTC.
    fn placed(self, date: CivilFields) -> Time {
        if self.utc {
            return date.in_location(self.nanos, Location::Utc);
        }
        let fixed = |offset: i64, name: String| {
            let location = Location::Fixed { name, offset };
            date.in_location(self.nanos, location)
        };
        match self.offset {
            // Go marks "no offset read" by -1, so an offset of -1 second is none.
            Some(offset) if offset != -1 => {
                if offset == 0 && (self.zone_name.is_empty() || self.zone_name == "UTC") {
                    return date.in_location(self.nanos, Location::Utc);
                }
                fixed(offset, self.zone_name.clone())
            }
            _ if !self.zone_name.is_empty() => self.in_named_zone(date),
            _ => date.in_location(self.nanos, Location::Utc),
        }
    }

    /// A name that the local zone does not know becomes a zone of that name at offset 0, or at the
    /// offset that follows `GMT`; the clock is not moved for it.
    fn in_named_zone(&self, date: CivilFields) -> Time {
        let hours = self
            .zone_name
            .strip_prefix("GMT")
            .map_or(Ok(0), |text| integer(text.as_bytes()));
        let offset = hours.unwrap_or(0) * 3600;
        let location = Location::Fixed {
            name: self.zone_name.clone(),
            offset,
        };
        date.in_location(self.nanos, Location::Utc).within(location)
    }
}

/// Removes the literal text of a layout; runs of spaces match runs of spaces.
fn skip<'v>(value: &mut &'v [u8], prefix: &[u8]) -> Result<(), &'v [u8]> {
    let without_spaces = |text: &[u8]| text.iter().take_while(|byte| **byte == b' ').count();
    let mut prefix = prefix;
    while let Some((first, others)) = prefix.split_first() {
        if *first == b' ' {
            if value.first().is_some_and(|byte| *byte != b' ') {
                return Err(value);
            }
            prefix = &prefix[without_spaces(prefix)..];
            *value = &value[without_spaces(value)..];
            continue;
        }
        if value.first() != Some(first) {
            return Err(value);
        }
        prefix = others;
        *value = &value[1..];
    }
    Ok(())
}

fn take<'v>(rest: &mut &'v [u8], length: usize) -> Result<&'v [u8], Fault> {
    let (taken, after) = rest.split_at_checked(length).ok_or(Fault::Bad)?;
    *rest = after;
    Ok(taken)
}

fn lookup(rest: &mut &[u8], names: &[&str]) -> Result<i64, Fault> {
    for (index, name) in (0_i64..).zip(names) {
        if rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes()) {
            *rest = &rest[name.len()..];
            return Ok(index);
        }
    }
    Err(Fault::Bad)
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn up_to_two_digits(rest: &mut &[u8], fixed: bool) -> Result<i64, Fault> {
    let length = leading_digits(rest).min(2);
    if length == 0 || fixed && length == 1 {
        return Err(Fault::Bad);
    }
    integer(take(rest, length)?)
}

fn in_range(number: i64, least: i64, most: i64, what: &'static str) -> Result<(), Fault> {
    if number < least || number > most {
        Err(Fault::Range(what))
    } else {
        Ok(())
    }
}

/// A whole decimal number with an optional sign.
fn integer(text: &[u8]) -> Result<i64, Fault> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Fault::Bad);
        }
        number = number
            .wrapping_mul(10)
            .wrapping_add(i64::from(digit - b'0'));
    }
    Ok(if negative { -number } else { number })
}

/// The length of the zone abbreviation at the start of `value`.
fn zone_name_length(value: &[u8]) -> Option<usize> {
    if value.len() < 3 {
        return None;
    }
    if value.starts_with(b"ChST") || value.starts_with(b"MeST") {
        return Some(4);
    }
    if value.starts_with(b"GMT") {
        return Some(3 + signed_offset_length(&value[3..]));
    }
    if matches!(value[0], b'+' | b'-') {
        return Some(signed_offset_length(value)).filter(|length| *length > 0);
    }
    match value
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_uppercase())
        .count()
    {
        5 if value[4] == b'T' => Some(5),
        4 if value[3] == b'T' || value.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of an hour offset such as `+03`, or 0.
fn signed_offset_length(value: &[u8]) -> usize {
    if !matches!(value.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let digits = leading_digits(&value[1..]);
    let significant = value[1..=digits].iter().skip_while(|byte| **byte == b'0');
    let hours = significant.fold(0_u64, |hours, digit| {
        hours
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    if digits == 0 || hours > 23 {
        0
    } else {
        1 + digits
    }
}

/// The text of Go's `time.ParseError`.
fn error_text(layout: &[u8], value: &[u8], element: &[u8], left: &[u8], message: &str) -> String {
    if !message.is_empty() {
        return format!("parsing time {}{message}", quoted(value));
    }
    format!(
        "parsing time {} as {}: cannot parse {} as {}",
        quoted(value),
        quoted(layout),
        quoted(left),
        quoted(element)
    )
}

/// Package time's own quoting: escapes quotes, backslashes and every byte that is not printable
/// ASCII.
pub(super) fn quoted(text: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::from('"');
    for byte in text {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=0x7f => out.push(char::from(*byte)),
            _ => {
                // Writing to a String cannot fail.
                write!(out, "\\x{byte:02x}").unwrap_or_default();
            }
        }
    }
    out.push('"');
    out
}
