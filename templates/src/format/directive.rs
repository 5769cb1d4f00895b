//! Reads a format: flags, argument numbers, width, precision, verb.

use super::printer::{Flags, Printer};
use super::runes::decode_rune;
use crate::limits::Exceeded;
use crate::value::Value;

/// Widths and precisions beyond this are refused, as in Go.
const TOO_LARGE: i64 = 1_000_000;

/// Prints values as a format says (`fmt.Sprintf`).
pub(super) fn print(
    printer: &mut Printer<'_>,
    format: &[u8],
    values: &[Value],
) -> Result<(), Exceeded> {
    let mut reader = Reader {
        format,
        values,
        at: 0,
        argument: 0,
        reordered: false,
        good: true,
        indexed: false,
    };
    while reader.at < format.len() {
        let rest = &format[reader.at..];
        let text = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        printer.out.extend_from_slice(&rest[..text]);
        reader.at += text + 1;
        if reader.at > format.len() {
            break;
        }
        reader.directive(printer)?;
        printer.check()?;
    }
    if !reader.reordered && reader.argument < values.len() {
        extra(printer, &values[reader.argument..])?;
    }
    Ok(())
}

/// Complains of arguments that no verb took.
fn extra(printer: &mut Printer<'_>, values: &[Value]) -> Result<(), Exceeded> {
    printer.flags = Flags::default();
    printer.push("%!(EXTRA ");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.push(", ");
        }
        match value.go_type() {
            None => printer.push("<nil>"),
            Some(go_type) => {
                printer.push(&go_type.to_string());
                printer.push("=");
                printer.argument(value, 'v')?;
            }
        }
    }
    printer.push(")");
    Ok(())
}

struct Reader<'f> {
    format: &'f [u8],
    values: &'f [Value],
    at: usize,
    /// The next argument.
    argument: usize,
    /// Whether an argument was chosen by number.
    reordered: bool,
    /// Whether the number last chosen exists.
    good: bool,
    /// Whether a number stands right before.
    indexed: bool,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self, printer: &mut Printer<'_>) -> Result<(), Exceeded> {
        printer.flags = Flags::default();
        self.good = true;
        self.flags(&mut printer.flags);
        self.indexed = false;
        self.number();
        self.width(printer);
        self.precision(printer);
        if !self.indexed {
            self.number();
        }
        if self.at >= self.format.len() {
            printer.push("%!(NOVERB)");
            return Ok(());
        }
        let (rune, width) = decode_rune(&self.format[self.at..]);
        self.at += width;
        let verb = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
        if verb == '%' {
            printer.out.push(b'%');
            return Ok(());
        }
        if !self.good {
            printer.push(&format!("%!{verb}(BADINDEX)"));
            return Ok(());
        }
        let Some(value) = self.values.get(self.argument) else {
            printer.push(&format!("%!{verb}(MISSING)"));
            return Ok(());
        };
        if matches!(verb, 'v' | 'w') {
            let flags = &mut printer.flags;
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        self.argument += 1;
        printer.argument(value, verb)
    }

    fn flags(&mut self, flags: &mut Flags) {
        while let Some(byte) = self.byte() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, printer: &mut Printer<'_>) {
        if self.byte() == Some(b'*') {
            self.at += 1;
            self.indexed = false;
            let Some(width) = self.taken_int() else {
                printer.push("%!(BADWIDTH)");
                return;
            };
            if width < 0 {
                printer.flags.minus = true;
                // Padding on the right is never with zeros.
                printer.flags.zero = false;
            }
            printer.flags.width = usize::try_from(width.unsigned_abs()).ok();
            return;
        }
        printer.flags.width = self.digits();
        if self.indexed && printer.flags.width.is_some() {
            self.good = false;
        }
    }

    fn precision(&mut self, printer: &mut Printer<'_>) {
        if self.byte() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.indexed {
            self.good = false;
        }
        self.indexed = false;
        self.number();
        if self.byte() == Some(b'*') {
            self.at += 1;
            self.indexed = false;
            let precision = self
                .taken_int()
                .and_then(|precision| usize::try_from(precision).ok());
            printer.flags.precision = precision;
            if precision.is_none() {
                printer.push("%!(BADPREC)");
            }
            return;
        }
        printer.flags.precision = Some(self.digits().unwrap_or(0));
    }

    /// Reads a decimal number; one that is too large takes the rest of the format.
    fn digits(&mut self) -> Option<usize> {
        let (number, next) = parse_digits(self.format, self.at, self.format.len());
        self.at = next;
        number
    }

    /// Reads `[n]`, the number of the argument to use next.
    fn number(&mut self) {
        if self.byte() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let (index, width, found) = parse_number(rest);
        self.at += width;
        self.indexed = found;
        match index {
            Some(index) if index < self.values.len() => {
                self.argument = index;
                self.indexed = true;
            }
            _ => self.good = false,
        }
    }

    /// Takes the next argument if it is an integer of sensible size.
    fn taken_int(&mut self) -> Option<i64> {
        let value = self.values.get(self.argument)?;
        self.argument += 1;
        let number = match value {
            Value::Int(_, number) => *number,
            Value::Uint(_, number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        (-TOO_LARGE..=TOO_LARGE).contains(&number).then_some(number)
    }
}

fn parse_digits(text: &[u8], start: usize, end: usize) -> (Option<usize>, usize) {
    let mut number = None;
    let mut at = start;
    while at < end && text[at].is_ascii_digit() {
        let so_far: usize = number.unwrap_or(0);
        if so_far > 1_000_000 {
            return (None, end);
        }
        number = Some(so_far * 10 + usize::from(text[at] - b'0'));
        at += 1;
    }
    (number, at)
}

/// Returns the index that `[n]` means, how long it is, and whether it is well-formed.
fn parse_number(text: &[u8]) -> (Option<usize>, usize, bool) {
    let close = if text.len() < 3 {
        None
    } else {
        memchr::memchr(b']', text)
    };
    let Some(close) = close else {
        return (None, 1, false);
    };
    match parse_digits(text, 1, close) {
        (Some(number), next) if next == close => (number.checked_sub(1), close + 1, true),
        _ => (None, close + 1, false),
    }
}
