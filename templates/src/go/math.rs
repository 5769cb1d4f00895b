//! Floating point as Go's package math computes it.

/// Returns 10 to the power of a whole number, with Go's rounding on the way (math.Pow).
pub(crate) fn power_of_ten(places: i64) -> f64 {
    let mut remaining = places.unsigned_abs();
    let (mut mantissa, mut exponent) = (1.0_f64, 0_i64);
    // 10 = 0.625 * 2^4; squared step by step, kept between 0.5 and 1.
    let (mut base, mut base_exponent) = (0.625_f64, 4_i64);
    while remaining != 0 {
        if base_exponent > 1 << 12 {
            exponent += base_exponent;
            break;
        }
        if remaining & 1 == 1 {
            mantissa *= base;
            exponent += base_exponent;
        }
        base *= base;
        base_exponent <<= 1;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        remaining >>= 1;
    }
    if places < 0 {
        return load_exponent(1.0 / mantissa, -exponent);
    }
    load_exponent(mantissa, exponent)
}

/// Returns `value` * 2^`exponent` (math.Ldexp).
pub(crate) fn load_exponent(value: f64, exponent: i64) -> f64 {
    let mut value = value;
    let mut left = exponent.clamp(-5000, 5000);
    // Large steps first, so that a denormal result is rounded once.
    while left > 1000 {
        value *= power_of_two(1000);
        left -= 1000;
    }
    while left < -1000 && value.abs() > 1.0 {
        value *= power_of_two(-1000);
        left += 1000;
    }
    if left < -1022 {
        // Below the normal numbers: bring the value up, so that one multiplication rounds.
        let down = left + 1022;
        let lifted = value * power_of_two(down.max(-1000));
        return lifted * power_of_two(-1022);
    }
    value * power_of_two(left)
}

fn power_of_two(exponent: i64) -> f64 {
    let biased = u64::try_from(exponent + 1023).unwrap_or(0);
    f64::from_bits(biased << 52)
}

/// Returns `value` rounded to `places` as Sprig's `round` does: up from `from` on, whatever the sign.
pub(crate) fn rounded(value: f64, places: i64, from: f64) -> f64 {
    let power = power_of_ten(places);
    let scaled = power * value;
    let whole = if scaled.fract() >= from {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    whole / power
}

/// Converts to `int64` as Go does on amd64: the smallest number for what does not fit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "truncation is the conversion's rule"
)]
pub(crate) fn truncated(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten() {
        assert_eq!(power_of_ten(0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(power_of_ten(22).to_bits(), 1e22_f64.to_bits());
        assert_eq!(power_of_ten(-3).to_bits(), 0.001_f64.to_bits());
        assert!(power_of_ten(400).is_infinite());
        assert_eq!(power_of_ten(-400).to_bits(), 0);
    }

    #[test]
    fn loads_exponents_down_to_denormals() {
        assert_eq!(load_exponent(0.5, -1073).to_bits(), 1);
        assert_eq!(load_exponent(1.0, 1023).to_bits(), 0x7FE0_0000_0000_0000);
        assert!(load_exponent(1.0, 1024).is_infinite());
    }

    #[test]
    fn what_does_not_fit_is_the_smallest() {
        assert_eq!(truncated(-1.9), -1);
        assert_eq!(truncated(1e300), i64::MIN);
        assert_eq!(truncated(f64::NAN), i64::MIN);
    }
}
