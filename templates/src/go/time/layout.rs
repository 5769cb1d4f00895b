//! Go's layouts: a reference time, `Mon Jan 2 15:04:05 MST 2006`, read piece by piece.

/// One piece of a layout that stands for a part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(OffsetStyle),
    /// `.000` or `,000`: all digits are shown.
    Fraction {
        digits: usize,
        separator: u8,
    },
    /// `.999` or `,999`: trailing zeros are left out.
    ShortFraction {
        digits: usize,
        separator: u8,
    },
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetStyle {
    /// `Z` stands for UTC.
    pub(super) zulu: bool,
    pub(super) colon: bool,
    pub(super) parts: OffsetParts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetParts {
    Hours,
    Minutes,
    Seconds,
}

/// The text before the first piece, the piece with its text, and the rest of the layout.
pub(super) struct Chunk<'l> {
    pub(super) prefix: &'l [u8],
    pub(super) piece: Option<Piece>,
    pub(super) text: &'l [u8],
    pub(super) rest: &'l [u8],
}

pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for at in 0..layout.len() {
        let Some((skipped, length, piece)) = piece_at(&layout[at..]) else {
            continue;
        };
        let start = at + skipped;
        return Chunk {
            prefix: &layout[..start],
            piece: Some(piece),
            text: &layout[start..start + length],
            rest: &layout[start + length..],
        };
    }
    Chunk {
        prefix: layout,
        piece: None,
        text: &[],
        rest: &[],
    }
}

/// The piece at the start of `text` as (bytes to keep as text, length, piece).
fn piece_at(text: &[u8]) -> Option<(usize, usize, Piece)> {
    match *text.first()? {
        b'J' | b'M' => named_piece(text),
        b'0' => zero_piece(text),
        b'1' if text.get(1) == Some(&b'5') => Some((0, 2, Piece::Hour)),
        b'1' => Some((0, 1, Piece::NumMonth)),
        b'2' if text.starts_with(b"2006") => Some((0, 4, Piece::LongYear)),
        b'2' => Some((0, 1, Piece::Day)),
        // The underscore before a year is text.
        b'_' if text.starts_with(b"_2006") => Some((1, 4, Piece::LongYear)),
        b'_' if text.starts_with(b"_2") => Some((0, 2, Piece::UnderDay)),
        b'_' if text.starts_with(b"__2") => Some((0, 3, Piece::UnderYearDay)),
        b'3' => Some((0, 1, Piece::Hour12)),
        b'4' => Some((0, 1, Piece::Minute)),
        b'5' => Some((0, 1, Piece::Second)),
        b'P' if text.starts_with(b"PM") => Some((0, 2, Piece::UpperPm)),
        b'p' if text.starts_with(b"pm") => Some((0, 2, Piece::LowerPm)),
        b'-' | b'Z' => offset_piece(text),
        b'.' | b',' => fraction_piece(text),
        _ => None,
    }
}

fn named_piece(text: &[u8]) -> Option<(usize, usize, Piece)> {
    let short_name_ends = |text: &[u8]| !text.get(3).is_some_and(u8::is_ascii_lowercase);
    let (length, piece) = match text {
        _ if text.starts_with(b"January") => (7, Piece::LongMonth),
        _ if text.starts_with(b"Jan") && short_name_ends(text) => (3, Piece::Month),
        _ if text.starts_with(b"Monday") => (6, Piece::LongWeekday),
        _ if text.starts_with(b"Mon") && short_name_ends(text) => (3, Piece::Weekday),
        _ if text.starts_with(b"MST") => (3, Piece::ZoneName),
        _ => return None,
    };
    Some((0, length, piece))
}

fn zero_piece(text: &[u8]) -> Option<(usize, usize, Piece)> {
    let piece = match text.get(1)? {
        b'1' => Piece::ZeroMonth,
        b'2' => Piece::ZeroDay,
        b'3' => Piece::ZeroHour12,
        b'4' => Piece::ZeroMinute,
        b'5' => Piece::ZeroSecond,
        b'6' => Piece::Year,
        b'0' if text.get(2) == Some(&b'2') => return Some((0, 3, Piece::ZeroYearDay)),
        _ => return None,
    };
    Some((0, 2, piece))
}

fn offset_piece(text: &[u8]) -> Option<(usize, usize, Piece)> {
    let zulu = text[0] == b'Z';
    let digits = &text[1..];
    let (length, colon, parts) = match digits {
        _ if digits.starts_with(b"070000") => (7, false, OffsetParts::Seconds),
        _ if digits.starts_with(b"07:00:00") => (9, true, OffsetParts::Seconds),
        _ if digits.starts_with(b"0700") => (5, false, OffsetParts::Minutes),
        _ if digits.starts_with(b"07:00") => (6, true, OffsetParts::Minutes),
        _ if digits.starts_with(b"07") => (3, false, OffsetParts::Hours),
        _ => return None,
    };
    Some((0, length, Piece::Offset(OffsetStyle { zulu, colon, parts })))
}

fn fraction_piece(text: &[u8]) -> Option<(usize, usize, Piece)> {
    let digit = *text.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    let digits = text[1..].iter().take_while(|byte| **byte == digit).count();
    if text.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let separator = text[0];
    let piece = if digit == b'0' {
        Piece::Fraction { digits, separator }
    } else {
        Piece::ShortFraction { digits, separator }
    };
    Some((0, 1 + digits, piece))
}
