//! Floats in all formats: `strconv.FormatFloat`, and what fmt's flags make of it.

use super::printer::{Flags, Printer};
use crate::go::shortest;

/// Beyond this many digits a float64 has only zeros.
const DIGITS: usize = 1100;

/// Returns the format and default precision of a verb; nothing if it is none for floats.
pub(super) const fn defaults(verb: char) -> Option<(u8, Option<usize>)> {
    Some(match verb {
        'v' | 'g' => (b'g', None),
        'b' => (b'b', None),
        'G' => (b'G', None),
        'x' => (b'x', None),
        'X' => (b'X', None),
        'f' | 'F' => (b'f', Some(6)),
        'e' => (b'e', Some(6)),
        'E' => (b'E', Some(6)),
        _ => return None,
    })
}

/// Prints a float under the printer's flags (`fmtFloat`).
pub(super) fn print(
    printer: &mut Printer<'_>,
    number: f64,
    single: bool,
    format: u8,
    precision: Option<usize>,
) {
    let Flags {
        plus,
        space,
        sharp,
        zero,
        minus,
        width,
        ..
    } = printer.flags;
    let precision = printer.flags.precision.or(precision);
    let mut text = Vec::with_capacity(32);
    append_float(&mut text, number, format, precision, single);
    if !matches!(text.first(), Some(b'-' | b'+')) {
        text.insert(0, b'+');
    }
    if space && text[0] == b'+' && !plus {
        text[0] = b' ';
    }
    if matches!(text[1], b'I' | b'N') {
        let signless = text[1] == b'N' && !space && !plus;
        printer.flags.zero = false;
        printer.pad(&text[usize::from(signless)..]);
        printer.flags.zero = zero;
        return;
    }
    if sharp && format != b'b' {
        keep_point(&mut text, format, precision);
    }
    if plus || text[0] != b'+' {
        if zero && !minus && width.is_some_and(|width| width > text.len()) {
            // The sign goes before the zeros.
            printer.out.push(text[0]);
            printer.padding(width.unwrap_or(0) - text.len());
            printer.out.extend_from_slice(&text[1..]);
            return;
        }
        printer.pad(&text);
        return;
    }
    printer.pad(&text[1..]);
}

/// Makes the decimal point show, and for `%g` the zeros after it, as `#` asks.
fn keep_point(text: &mut Vec<u8>, format: u8, precision: Option<usize>) {
    let mut digits = match format {
        b'g' | b'G' | b'x' => i64::try_from(precision.unwrap_or(6)).unwrap_or(6),
        _ => 0,
    };
    let is_hex = matches!(format, b'x' | b'X');
    let is_exponent =
        |byte: &u8| matches!(byte, b'p' | b'P') || !is_hex && matches!(byte, b'e' | b'E');
    let end = text.iter().position(is_exponent).unwrap_or(text.len());
    let tail = text.split_off(end);
    let mut has_point = false;
    let mut seen = false;
    for byte in &text[1..] {
        if *byte == b'.' {
            has_point = true;
            continue;
        }
        seen |= *byte != b'0';
        digits -= i64::from(seen);
    }
    if !has_point {
        if text.len() == 2 && text[1] == b'0' {
            digits -= 1;
        }
        text.push(b'.');
    }
    for _ in 0..digits {
        text.push(b'0');
    }
    text.extend_from_slice(&tail);
}

/// Appends a float as `strconv.AppendFloat`; no precision means the shortest that reads back.
pub(crate) fn append_float(
    out: &mut Vec<u8>,
    number: f64,
    format: u8,
    precision: Option<usize>,
    single: bool,
) {
    if number.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"+Inf" } else { b"-Inf" });
        return;
    }
    if number.is_sign_negative() {
        out.push(b'-');
    }
    let number = number.abs();
    match format {
        b'b' => append_binary(out, number, single),
        b'x' | b'X' => append_hexadecimal(out, number, format, precision, single),
        b'f' => append_fixed(out, number, precision, single),
        b'e' | b'E' => {
            let decimal = Decimal::new(number, precision.map(|digits| digits + 1), single);
            let digits = precision.unwrap_or(decimal.digits.len().max(1) - 1);
            decimal.append_exponential(out, digits, format);
        }
        _ => append_general(out, number, format, precision, single),
    }
}

fn append_fixed(out: &mut Vec<u8>, number: f64, precision: Option<usize>, single: bool) {
    let Some(precision) = precision else {
        let decimal = Decimal::new(number, None, single);
        let digits = decimal.fraction_digits();
        decimal.append_positional(out, digits);
        return;
    };
    let kept = precision.min(DIGITS);
    out.extend_from_slice(format!("{number:.kept$}").as_bytes());
    out.resize(out.len() + precision - kept, b'0');
}

/// `%g`: exponential for large and small exponents, else positional.
fn append_general(
    out: &mut Vec<u8>,
    number: f64,
    format: u8,
    precision: Option<usize>,
    single: bool,
) {
    let wanted = precision.map(|precision| precision.max(1));
    let decimal = Decimal::new(number, wanted, single);
    let count = decimal.digits.len();
    let signed = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let mut limit = signed(wanted.unwrap_or(6));
    if wanted.is_some() && limit > signed(count) && signed(count) >= decimal.point {
        limit = signed(count);
    }
    let exponent = decimal.point - 1;
    if exponent < -4 || exponent >= limit {
        let digits = wanted.unwrap_or(count).min(count).max(1) - 1;
        let letter = if format == b'G' { b'E' } else { b'e' };
        decimal.append_exponential(out, digits, letter);
        return;
    }
    let digits = decimal.fraction_digits();
    decimal.append_positional(out, digits);
}

/// Decimal digits without trailing zeros, and how many of them are before the point.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Returns the shortest digits that read back, or so many, rounded.
    fn new(number: f64, digits: Option<usize>, single: bool) -> Self {
        let text = match digits {
            Some(digits) => {
                let after = digits.clamp(1, DIGITS) - 1;
                format!("{number:.after$e}")
            }
            #[expect(clippy::cast_possible_truncation, reason = "it came from a float32")]
            None if single => format!("{:e}", number as f32),
            None => shortest::scientific(number),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let point = if digits.is_empty() {
            0
        } else {
            exponent.parse().unwrap_or(0) + 1
        };
        Self { digits, point }
    }

    fn fraction_digits(&self) -> usize {
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        usize::try_from(count - self.point).unwrap_or(0)
    }

    /// Appends `d.ddde+dd`.
    fn append_exponential(&self, out: &mut Vec<u8>, digits: usize, letter: u8) {
        out.push(self.digits.first().copied().unwrap_or(b'0'));
        if digits > 0 {
            out.push(b'.');
            let rest = self.digits.get(1..).unwrap_or_default();
            let kept = rest.len().min(digits);
            out.extend_from_slice(&rest[..kept]);
            out.resize(out.len() + digits - kept, b'0');
        }
        let exponent = if self.digits.is_empty() {
            0
        } else {
            self.point - 1
        };
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push(letter);
        out.extend_from_slice(format!("{sign}{:02}", exponent.abs()).as_bytes());
    }

    /// Appends `ddd.ddd`.
    fn append_positional(&self, out: &mut Vec<u8>, digits: usize) {
        let digit = |at: i64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| self.digits.get(at))
                .copied()
                .unwrap_or(b'0')
        };
        if self.point > 0 {
            out.extend((0..self.point).map(digit));
        } else {
            out.push(b'0');
        }
        if digits > 0 {
            out.push(b'.');
            let end = self.point + i64::try_from(digits).unwrap_or(0);
            out.extend((self.point..end).map(digit));
        }
    }
}

/// Returns mantissa and exponent of `mantissa * 2^exponent`, with the width of the mantissa.
#[expect(clippy::cast_possible_truncation, reason = "it came from a float32")]
fn parts(number: f64, single: bool) -> (u64, i64, i64) {
    let (bits, width, bias) = if single {
        (u64::from((number as f32).to_bits()), 23, 127)
    } else {
        (number.to_bits(), 52, 1023)
    };
    let mantissa = bits & ((1 << width) - 1);
    let exponent = (bits >> width).cast_signed();
    if exponent == 0 {
        return (mantissa, 1 - bias, width);
    }
    (mantissa | 1 << width, exponent - bias, width)
}

/// `%b`: `4503599627370496p-52`.
fn append_binary(out: &mut Vec<u8>, number: f64, single: bool) {
    let (mantissa, exponent, width) = parts(number, single);
    let exponent = exponent - width;
    out.extend_from_slice(format!("{mantissa}p{exponent:+}").as_bytes());
}

/// `%x`: `0x1.8p+00`.
fn append_hexadecimal(
    out: &mut Vec<u8>,
    number: f64,
    format: u8,
    precision: Option<usize>,
    single: bool,
) {
    let (mantissa, mut exponent, width) = parts(number, single);
    if mantissa == 0 {
        exponent = 0;
    }
    // The leading 1 goes to bit 60.
    let mut mantissa = mantissa << (60 - width);
    while mantissa != 0 && mantissa & 1 << 60 == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & 1 << 61 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let upper = format == b'X';
    let start = out.len();
    out.extend_from_slice(format!("0x{}", mantissa >> 60 & 1).as_bytes());
    mantissa <<= 4;
    let digits = format!("{mantissa:016x}");
    let shown = match precision {
        None => digits.trim_end_matches('0'),
        Some(precision) => &digits[..precision.min(16)],
    };
    if precision.unwrap_or(shown.len()) > 0 && (precision.is_some() || !shown.is_empty()) {
        out.push(b'.');
        out.extend_from_slice(shown.as_bytes());
        out.resize(
            out.len() + precision.unwrap_or(0).saturating_sub(shown.len()),
            b'0',
        );
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("p{sign}{:02}", exponent.abs()).as_bytes());
    if upper {
        out[start..].make_ascii_uppercase();
    }
}
