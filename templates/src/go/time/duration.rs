//! Go's `time.Duration`: nanoseconds in 64 bits.

use super::parse::quoted;
use crate::format::names::text_of_named_int;
use crate::value::IntKind;

/// A span of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration(pub(crate) i64);

const SECOND: u64 = 1_000_000_000;

/// The largest magnitude: that of the smallest duration.
const MOST: u64 = 1 << 63;

impl Duration {
    /// `d.String()`, such as `1h15m30.918s`.
    pub(crate) fn text(self) -> String {
        let text = text_of_named_int(IntKind::Duration, self.0).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// `d.Round(unit)`: halves away from zero, saturating.
    pub(crate) fn round(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let remainder = i128::from(self.0 % unit.0).abs();
        let whole = i128::from(self.0).abs() - remainder;
        let up = if remainder * 2 < i128::from(unit.0) {
            0
        } else {
            i128::from(unit.0)
        };
        let rounded = (whole + up) * if self.0 < 0 { -1 } else { 1 };
        let limit = if self.0 < 0 { i64::MIN } else { i64::MAX };
        Self(i64::try_from(rounded).unwrap_or(limit))
    }

    /// `d.Truncate(unit)`: toward zero.
    pub(crate) fn truncate(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            self
        } else {
            Self(self.0 - self.0 % unit.0)
        }
    }

    /// The duration counted in a unit, as a floating-point number.
    pub(crate) fn in_units(self, unit: i64) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "Go's Hours, Minutes and Seconds lose it too"
        )]
        let parts = ((self.0 / unit) as f64, (self.0 % unit) as f64, unit as f64);
        parts.0 + parts.1 / parts.2
    }
}

/// `time.ParseDuration(text)` with Go's error text.
pub(crate) fn parse_duration(text: &[u8]) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let negative = text.first() == Some(&b'-');
    let mut rest = match text.first() {
        Some(b'-' | b'+') => &text[1..],
        _ => text,
    };
    if rest == b"0" {
        return Ok(Duration(0));
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let amount = leading_amount(&mut rest).ok_or_else(invalid)?;
        let unit = leading_unit(&mut rest);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted(text)));
        }
        let unit = unit_nanos(unit).ok_or_else(|| {
            format!(
                "time: unknown unit {} in duration {}",
                quoted(unit),
                quoted(text)
            )
        })?;
        let nanos = amount.times(unit).ok_or_else(invalid)?;
        total = total
            .checked_add(nanos)
            .filter(|total| *total <= MOST)
            .ok_or_else(invalid)?;
    }
    if negative {
        return Ok(Duration(0_i64.wrapping_sub_unsigned(total)));
    }
    i64::try_from(total).map(Duration).map_err(|_| invalid())
}

/// A decimal number as Go reads it: whole + fraction / scale.
struct Amount {
    whole: u64,
    fraction: u64,
    scale: f64,
}

impl Amount {
    fn times(&self, unit: u64) -> Option<u64> {
        if self.whole > MOST / unit {
            return None;
        }
        if self.fraction == 0 {
            return Some(self.whole * unit);
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "Go multiplies the fraction as float64 and truncates"
        )]
        let part = (self.fraction as f64 * (unit as f64 / self.scale)) as u64;
        (self.whole * unit)
            .checked_add(part)
            .filter(|nanos| *nanos <= MOST)
    }
}

fn leading_amount(rest: &mut &[u8]) -> Option<Amount> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut whole = 0_u64;
    for digit in &rest[..digits] {
        if whole > MOST / 10 {
            return None;
        }
        whole = whole * 10 + u64::from(digit - b'0');
        if whole > MOST {
            return None;
        }
    }
    *rest = &rest[digits..];
    let (fraction, scale, fraction_digits) = leading_fraction(rest);
    (digits + fraction_digits > 0).then_some(Amount {
        whole,
        fraction,
        scale,
    })
}

/// Digits after a point, as many as fit into 63 bits; the rest is skipped.
fn leading_fraction(rest: &mut &[u8]) -> (u64, f64, usize) {
    let (mut fraction, mut scale) = (0_u64, 1.0);
    let Some(after) = rest.strip_prefix(b".") else {
        return (fraction, scale, 0);
    };
    let digits = after
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    for digit in &after[..digits] {
        if fraction > (MOST - 1) / 10 {
            break;
        }
        let next = fraction * 10 + u64::from(digit - b'0');
        if next > MOST {
            break;
        }
        fraction = next;
        scale *= 10.0;
    }
    *rest = &after[digits..];
    (fraction, scale, digits)
}

fn leading_unit<'t>(rest: &mut &'t [u8]) -> &'t [u8] {
    let length = rest
        .iter()
        .take_while(|byte| **byte != b'.' && !byte.is_ascii_digit())
        .count();
    let (unit, after) = rest.split_at(length);
    *rest = after;
    unit
}

fn unit_nanos(unit: &[u8]) -> Option<u64> {
    Some(match unit {
        b"ns" => 1,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
        b"ms" => 1_000_000,
        b"s" => SECOND,
        b"m" => 60 * SECOND,
        b"h" => 3600 * SECOND,
        _ => return None,
    })
}
