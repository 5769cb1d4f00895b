//! `reflect.DeepEqual`.

use super::{Map, Slice, Value};

/// How deep values may nest to be compared.
const DEPTH: usize = 512;

/// Why two values could not be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incomparable {
    /// They nest too deep.
    Deep,
    /// The steps are used up.
    Long,
}

/// Says whether two values have the same type and contents, as `reflect.DeepEqual`.
///
/// Values that nest deeper than 512 levels count as different.
pub fn deep_equal(one: &Value, two: &Value) -> bool {
    let mut steps = u64::MAX;
    deep_equal_within(one, two, &mut steps).unwrap_or(false)
}

/// As [`deep_equal`], with at most so many values looked at; takes off what it needed.
///
/// Values that share parts can be far larger than the memory they take.
pub(crate) fn deep_equal_within(
    one: &Value,
    two: &Value,
    steps: &mut u64,
) -> Result<bool, Incomparable> {
    Comparison { steps, depth: 0 }.equal(one, two)
}

struct Comparison<'a> {
    steps: &'a mut u64,
    depth: usize,
}

impl Comparison<'_> {
    #[expect(clippy::float_cmp, reason = "Go compares floats so")]
    fn equal(&mut self, one: &Value, two: &Value) -> Result<bool, Incomparable> {
        *self.steps = self.steps.checked_sub(1).ok_or(Incomparable::Long)?;
        Ok(match (one, two) {
            (Value::Invalid | Value::Nil, Value::Invalid | Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(kind_a, a), Value::Int(kind_b, b)) => kind_a == kind_b && a == b,
            (Value::Uint(kind_a, a), Value::Uint(kind_b, b)) => kind_a == kind_b && a == b,
            (Value::Float32(a), Value::Float32(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
            (Value::Str(a), Value::Str(b)) | (Value::Error(a), Value::Error(b)) => a == b,
            (Value::Slice(a), Value::Slice(b)) => return self.equal_slices(a, b),
            (Value::Map(a), Value::Map(b)) => return self.equal_maps(a, b),
            (Value::Foreign(a), Value::Foreign(b)) => a == b,
            _ => false,
        })
    }

    fn equal_slices(&mut self, a: &Slice, b: &Slice) -> Result<bool, Incomparable> {
        if a.go_type() != b.go_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
            return Ok(false);
        }
        if a.is(b) {
            return Ok(true);
        }
        self.nested(|inner| {
            a.with(|a| {
                b.with(|b| {
                    for (x, y) in a.iter().zip(b) {
                        if !inner.equal(x, y)? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })
            })
        })
    }

    fn equal_maps(&mut self, a: &Map, b: &Map) -> Result<bool, Incomparable> {
        if a.go_type() != b.go_type() || a.is_nil() != b.is_nil() || a.len() != b.len() {
            return Ok(false);
        }
        if a.is(b) {
            return Ok(true);
        }
        self.nested(|inner| {
            a.with(|a| {
                b.with(|b| {
                    for (key, x) in a.iter() {
                        let Some(y) = b.get(key) else {
                            return Ok(false);
                        };
                        if !inner.equal(x, y)? {
                            return Ok(false);
                        }
                    }
                    Ok(true)
                })
            })
        })
    }

    fn nested(
        &mut self,
        compare: impl FnOnce(&mut Self) -> Result<bool, Incomparable>,
    ) -> Result<bool, Incomparable> {
        if self.depth >= DEPTH {
            return Err(Incomparable::Deep);
        }
        self.depth += 1;
        let equal = compare(self);
        self.depth -= 1;
        equal
    }
}
