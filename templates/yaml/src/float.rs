//! Floating-point numbers as Go's `strconv.FormatFloat(f, 'g', -1, bits)` prints them.

use crate::shortest::shortest_digits;

/// Formats with the fewest digits that read back as the same `f64`: `2.1e+07`, `0.25`, `+Inf`.
pub fn format_float(number: f64) -> String {
    from_scientific(&shortest_digits(number))
}

/// Formats with the fewest digits that read back as the same `f32`, as string-typed fields of a
/// package get their floats (kudo-spec 1.6).
#[expect(
    clippy::cast_possible_truncation,
    reason = "32-bit precision is the point"
)]
pub fn format_float32(number: f64) -> String {
    from_scientific(&format!("{:e}", number as f32))
}

/// Turns Rust's shortest `d.ddde-x` into Go's `%g`.
fn from_scientific(scientific: &str) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return match scientific {
            "inf" => "+Inf".to_owned(),
            "-inf" => "-Inf".to_owned(),
            other => other.to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    format!("{sign}{}", general(&digits, exponent))
}

/// Go's `%g` of the shortest digits: the exponent is written when it is outside -4..6.
fn general(digits: &str, exponent: i32) -> String {
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", point_after(digits, 1), exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
        return format!("0.{zeros}{digits}");
    }
    point_after(digits, usize::try_from(exponent).unwrap_or(0) + 1)
}

fn point_after(digits: &str, whole: usize) -> String {
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{}.{}", &digits[..whole], &digits[whole..])
}
