//! Arithmetic on decimal fractions, as shopspring/decimal does it, and sequences.

use std::fmt::Write as _;

use super::sprig2;
use crate::functions::{Arguments, Context, FunctionError};
use crate::value::Value;

type Ran = Result<Value, FunctionError>;

/// Digits after the point that a division gives.
const DIVISION_DIGITS: u32 = 16;

/// A decimal number: `digits * 10^-scale`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// The shortest decimal that reads back as this number; `None` where it does not fit.
    fn of(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let text = format!("{number}");
        let scale = text
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len());
        let digits = text.replace('.', "").parse().ok()?;
        Some(Self {
            digits,
            scale: u32::try_from(scale).ok()?,
        })
    }

    fn to_f64(self) -> f64 {
        format!("{}e-{}", self.digits, self.scale)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// Both numbers' digits at the same scale.
    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let raised = |number: Self| {
            number
                .digits
                .checked_mul(10_i128.checked_pow(scale - number.scale)?)
        };
        Some((raised(self)?, raised(other)?, scale))
    }

    fn plus(self, other: Self) -> Option<Self> {
        let (one, other, scale) = self.aligned(other)?;
        Some(Self {
            digits: one.checked_add(other)?,
            scale,
        })
    }

    fn minus(self, other: Self) -> Option<Self> {
        let (one, other, scale) = self.aligned(other)?;
        Some(Self {
            digits: one.checked_sub(other)?,
            scale,
        })
    }

    fn times(self, other: Self) -> Option<Self> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Self {
            digits,
            scale: self.scale + other.scale,
        })
    }

    /// Rounded to sixteen digits after the point, halves away from zero.
    fn over(self, other: Self) -> Option<Self> {
        let (one, other, _) = self.aligned(other)?;
        let raised = one.checked_mul(10_i128.pow(DIVISION_DIGITS))?;
        let (quotient, remainder) = (raised.checked_div(other)?, raised % other);
        let is_half = remainder.unsigned_abs().checked_mul(2)? >= other.unsigned_abs();
        let away = if (raised < 0) == (other < 0) { 1 } else { -1 };
        let digits = if is_half && remainder != 0 {
            quotient + away
        } else {
            quotient
        };
        Some(Self {
            digits,
            scale: DIVISION_DIGITS,
        })
    }
}

/// What one step of the arithmetic does: exactly where that fits, else in floating point.
struct Operation {
    exact: fn(Decimal, Decimal) -> Option<Decimal>,
    rounded: fn(f64, f64) -> f64,
}

impl Operation {
    fn fold(&self, first: f64, others: &[f64]) -> f64 {
        let exact = others.iter().try_fold(Decimal::of(first), |sum, other| {
            Some(Some((self.exact)(sum?, Decimal::of(*other)?)?))
        });
        match exact.flatten() {
            Some(exact) => exact.to_f64(),
            None => others
                .iter()
                .fold(first, |sum, other| (self.rounded)(sum, *other)),
        }
    }
}

const ADD: Operation = Operation {
    exact: Decimal::plus,
    rounded: |one, other| one + other,
};
const SUBTRACT: Operation = Operation {
    exact: Decimal::minus,
    rounded: |one, other| one - other,
};
const MULTIPLY: Operation = Operation {
    exact: Decimal::times,
    rounded: |one, other| one * other,
};
const DIVIDE: Operation = Operation {
    exact: Decimal::over,
    rounded: |one, other| one / other,
};

fn floats(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Vec<f64>, FunctionError> {
    context.spend(arguments.len() as u64)?;
    let mut numbers = Vec::new();
    for value in arguments.values() {
        let number = sprig2(
            "float64",
            context,
            Arguments::new(std::slice::from_ref(value)),
        )?;
        numbers.push(if let Value::Float(number) = number {
            number
        } else {
            0.0
        });
    }
    Ok(numbers)
}

fn folded(context: &mut Context<'_>, arguments: Arguments<'_>, operation: &Operation) -> Ran {
    let numbers = floats(context, arguments)?;
    let (first, others) = numbers.split_first().unwrap_or((&0.0, &[]));
    Ok(Value::Float(operation.fold(*first, others)))
}

pub(super) fn add1f(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let numbers = floats(context, arguments)?;
    Ok(Value::Float(
        ADD.fold(numbers.first().copied().unwrap_or(0.0), &[1.0]),
    ))
}

pub(super) fn addf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let numbers = floats(context, arguments)?;
    Ok(Value::Float(ADD.fold(0.0, &numbers)))
}

pub(super) fn subf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    folded(context, arguments, &SUBTRACT)
}

pub(super) fn mulf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    folded(context, arguments, &MULTIPLY)
}

pub(super) fn divf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let numbers = floats(context, arguments)?;
    if numbers.iter().skip(1).any(|number| *number == 0.0) {
        return Err(FunctionError::new("decimal division by 0"));
    }
    let (first, others) = numbers.split_first().unwrap_or((&0.0, &[]));
    Ok(Value::Float(DIVIDE.fold(*first, others)))
}

/// The largest; not a number if one of them is not.
pub(super) fn maxf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let numbers = floats(context, arguments)?;
    Ok(Value::Float(
        numbers
            .into_iter()
            .reduce(pick(|one, other| one > other))
            .unwrap_or(0.0),
    ))
}

/// The smallest; not a number if one of them is not.
pub(super) fn minf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let numbers = floats(context, arguments)?;
    Ok(Value::Float(
        numbers
            .into_iter()
            .reduce(pick(|one, other| one < other))
            .unwrap_or(0.0),
    ))
}

fn pick(first_wins: fn(f64, f64) -> bool) -> impl Fn(f64, f64) -> f64 {
    move |one, other| {
        if one.is_nan() || first_wins(one, other) {
            one
        } else {
            other
        }
    }
}

/// Numbers with spaces between: to an end, from a start to an end, or with a step between the two.
pub(super) fn seq(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let direction = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match arguments.len() {
        1 => (1, direction(1, arguments.int(0)), arguments.int(0)),
        2 => (
            arguments.int(0),
            direction(arguments.int(0), arguments.int(1)),
            arguments.int(1),
        ),
        3 => (arguments.int(0), arguments.int(1), arguments.int(2)),
        _ => return Ok("".into()),
    };
    let is_down = end < start;
    if step == 0 || is_down != (step < 0) {
        // The same number at both ends is a sequence of one, whatever the step is.
        return Ok(if start == end && step > 0 {
            start.to_string()
        } else {
            String::new()
        }
        .into());
    }
    let mut out = String::new();
    let mut number = Some(start);
    while let Some(current) = number.filter(|n| if is_down { *n >= end } else { *n <= end }) {
        context.spend(1)?;
        context.allocate(8)?;
        let separator = if out.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        write!(out, "{separator}{current}").unwrap_or_default();
        number = current.checked_add(step);
    }
    Ok(out.into())
}
