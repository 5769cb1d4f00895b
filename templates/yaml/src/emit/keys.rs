//! The order of keys: go-yaml's "natural" one, in which `a9` comes before `a10`.

use crate::{Mapping, Value};

/// Which of Go's orders of map keys is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// go-yaml's, for documents.
    Natural,
    /// `fmt`'s, for messages.
    Fmt,
}

/// Returns the entries of `mapping` in order.
pub(crate) fn sorted_entries(mapping: &Mapping, order: KeyOrder) -> Vec<(&Value, &Value)> {
    let less = match order {
        KeyOrder::Natural => natural_less,
        KeyOrder::Fmt => fmt_less,
    };
    merge_sorted(mapping.iter().collect(), less)
}

/// A merge sort: go-yaml's comparison is no strict order for some sets of keys, which the standard
/// library may answer with a panic.
fn merge_sorted<'a>(
    entries: Vec<(&'a Value, &'a Value)>,
    less: fn(&Value, &Value) -> bool,
) -> Vec<(&'a Value, &'a Value)> {
    if entries.len() < 2 {
        return entries;
    }
    let mut left = entries;
    let right = left.split_off(left.len() / 2);
    let mut left = merge_sorted(left, less).into_iter().peekable();
    let mut right = merge_sorted(right, less).into_iter().peekable();
    let mut merged = Vec::with_capacity(left.len() + right.len());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let take_right = less(second.0, first.0);
        merged.extend(if take_right {
            right.next()
        } else {
            left.next()
        });
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// Go's `reflect.Kind` of what a value is in Go.
fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 2,
        Value::Uint(_) => 11,
        Value::Float(_) => 14,
        Value::Mapping(_) => 21,
        Value::Sequence(_) => 23,
        Value::String(_) | Value::Bytes(_) => 24,
    }
}

fn natural_less(left: &Value, right: &Value) -> bool {
    if let (Some(left_number), Some(right_number)) = (number(left), number(right)) {
        #[expect(clippy::float_cmp, reason = "equal means equal here")]
        if left_number != right_number {
            return left_number < right_number;
        }
        return (kind(left), exact(left)) < (kind(right), exact(right));
    }
    match (text(left), text(right)) {
        (Some(left), Some(right)) => natural_text_less(&left, &right),
        _ => kind(left) < kind(right),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Go compares as float64 first")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn exact(value: &Value) -> i128 {
    match value {
        Value::Int(number) => i128::from(*number),
        Value::Uint(number) => i128::from(*number),
        _ => 0,
    }
}

fn text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    }
}

/// Runs of digits compare by their number, letters come after everything else.
fn natural_text_less(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(place) = left
        .iter()
        .zip(&right)
        .position(|(left, right)| left != right)
    else {
        return left.len() < right.len();
    };
    let (left_char, right_char) = (left[place], right[place]);
    match (is_letter(left_char), is_letter(right_char)) {
        (true, true) => return left_char < right_char,
        (true, false) => return false,
        (false, true) => return true,
        (false, false) => {}
    }
    // Within a number that has begun with another digit than 0, a 0 is a digit like all others.
    let zero = left_char == '0' || right_char == '0';
    let begun = left[..place]
        .iter()
        .rev()
        .take_while(|each| is_digit(**each));
    let seed = i64::from(zero && begun.into_iter().any(|each| *each != '0'));
    let (left_number, left_end) = digits(&left, place, seed);
    let (right_number, right_end) = digits(&right, place, seed);
    (left_number, left_end, left_char) < (right_number, right_end, right_char)
}

/// Reads the digits from `place` on after `seed`, as Go does, overflow included.
fn digits(text: &[char], place: usize, seed: i64) -> (i64, usize) {
    let mut number = seed;
    let mut end = place;
    while let Some(each) = text.get(end).filter(|each| is_digit(**each)) {
        let digit = i64::from(u32::from(*each)) - i64::from(u32::from('0'));
        number = number.wrapping_mul(10).wrapping_add(digit);
        end += 1;
    }
    (number, end)
}

fn is_letter(each: char) -> bool {
    each.is_alphabetic() && !each.is_numeric()
}

/// Decimal digits of any script (Unicode category Nd of the basic plane).
fn is_digit(each: char) -> bool {
    const ZEROS: [u32; 36] = [
        0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
        0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0,
        0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0,
        0xaa50, 0xabf0, 0xff10,
    ];
    let code = u32::from(each);
    each.is_ascii_digit() || ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&code))
}

/// Go's `internal/fmtsort` for keys held in interfaces: by type, then by value.
fn fmt_less(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left < right,
        (Value::Int(left), Value::Int(right)) => left < right,
        (Value::Uint(left), Value::Uint(right)) => left < right,
        (Value::Float(left), Value::Float(right)) => {
            left < right || (left.is_nan() && !right.is_nan())
        }
        (Value::String(left), Value::String(right)) => left < right,
        _ => kind(left) < kind(right),
    }
}
