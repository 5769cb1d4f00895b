//! Integers under all flags.

use super::printer::{Flags, Printer};
use super::runes;

/// The digits to use.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) base: u64,
    pub(super) upper: bool,
}

/// Prints `0x..`, with or without the prefix.
pub(super) fn append_hex(printer: &mut Printer<'_>, number: u64, prefix: bool) {
    let sharp = std::mem::replace(&mut printer.flags.sharp, prefix);
    append(
        printer,
        number,
        false,
        Format {
            base: 16,
            upper: false,
        },
        'v',
    );
    printer.flags.sharp = sharp;
}

/// Prints an integer; a negative one comes as its two's complement.
pub(super) fn append(
    printer: &mut Printer<'_>,
    number: u64,
    signed: bool,
    format: Format,
    verb: char,
) {
    let negative = signed && number.cast_signed() < 0;
    let number = if negative {
        number.wrapping_neg()
    } else {
        number
    };
    let Flags {
        width,
        precision,
        minus,
        plus,
        space,
        zero,
        sharp,
        ..
    } = printer.flags;
    let wanted = match precision {
        Some(0) if number == 0 => {
            // "%.0d" of 0 is nothing but padding.
            printer.flags.zero = false;
            printer.padding(width.unwrap_or(0));
            printer.flags.zero = zero;
            return;
        }
        Some(precision) => precision,
        // Zero padding is precision, with room for the sign; only on the left.
        None if zero && !minus => width
            .unwrap_or(0)
            .saturating_sub(usize::from(negative || plus || space)),
        None => 0,
    };
    let mut reversed = reversed_digits(number, format);
    if wanted > reversed.len() {
        reversed.resize(wanted, b'0');
    }
    if sharp {
        match format.base {
            2 => reversed.extend_from_slice(b"b0"),
            8 if reversed.last() != Some(&b'0') => reversed.push(b'0'),
            16 => reversed.extend_from_slice(if format.upper { b"X0" } else { b"x0" }),
            _ => {}
        }
    }
    if verb == 'O' {
        reversed.extend_from_slice(b"o0");
    }
    if negative {
        reversed.push(b'-');
    } else if plus {
        reversed.push(b'+');
    } else if space {
        reversed.push(b' ');
    }
    reversed.reverse();
    printer.flags.zero = false;
    printer.pad(&reversed);
    printer.flags.zero = zero;
}

fn reversed_digits(mut number: u64, format: Format) -> Vec<u8> {
    let digits: &[u8; 16] = if format.upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let mut reversed = Vec::with_capacity(24);
    loop {
        let digit = usize::try_from(number % format.base).unwrap_or_default();
        reversed.push(digits[digit]);
        number /= format.base;
        if number == 0 {
            return reversed;
        }
    }
}

/// Prints `U+0078`, or with `#` also the character.
pub(super) fn append_unicode(printer: &mut Printer<'_>, number: u64) {
    let Flags {
        precision,
        sharp,
        zero,
        ..
    } = printer.flags;
    let digits = precision.unwrap_or(0).max(4);
    let mut text = format!("U+{number:0>digits$X}").into_bytes();
    if sharp
        && let Ok(rune) = u32::try_from(number)
        && runes::is_print(rune)
    {
        text.extend_from_slice(b" '");
        runes::push(&mut text, rune);
        text.push(b'\'');
    }
    printer.flags.zero = false;
    printer.pad(&text);
    printer.flags.zero = zero;
}
