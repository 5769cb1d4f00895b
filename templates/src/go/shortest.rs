//! The shortest decimal that reads back as the same float, as Go's package strconv chooses it.

/// From so many digits on two shortest decimals can be equally near.
const AMBIGUOUS: usize = 16;

/// Returns the shortest digits as `-1.5e-7`; of two that are equally near the one that ends in an even digit.
///
/// Rust takes the larger of the two.
pub(crate) fn scientific(value: f64) -> String {
    let text = format!("{value:e}");
    let digits = text
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    if digits < AMBIGUOUS {
        return text;
    }
    even_of_two(value, digits).unwrap_or(text)
}

/// Returns the other decimal of so many digits if `value` is half-way between it and Rust's choice, and it is even.
fn even_of_two(value: f64, digits: usize) -> Option<String> {
    // Far more digits than a difference from half-way could hide behind.
    let exact = format!("{value:.*e}", digits + 40);
    let (mantissa, exponent) = exact.split_once('e')?;
    let kept = mantissa.len() - 41;
    let (lower, rest) = mantissa.split_at(kept);
    let half_way = rest
        .strip_prefix('5')
        .is_some_and(|zeros| zeros.bytes().all(|byte| byte == b'0'));
    let even = lower
        .bytes()
        .last()
        .is_some_and(|digit| (digit - b'0').is_multiple_of(2));
    let lower = format!("{lower}e{exponent}");
    let same = lower
        .parse::<f64>()
        .is_ok_and(|read| read.to_bits() == value.to_bits());
    (half_way && even && same).then_some(lower)
}

/// Returns the shortest digits without an exponent.
pub(crate) fn positional(value: f64) -> String {
    let scientific = scientific(value);
    // Rust's own choice but for the last digit.
    let text = format!("{value}");
    let Some((mantissa, _)) = scientific.split_once('e') else {
        return text;
    };
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let mut digits = digits.chain(std::iter::repeat(b'0'));
    let mut begun = false;
    text.bytes()
        .map(|byte| {
            begun |= byte.is_ascii_digit() && byte != b'0';
            let place = begun && byte.is_ascii_digit();
            char::from(if place {
                digits.next().unwrap_or(byte)
            } else {
                byte
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::excessive_precision,
        reason = "exact, but not the shortest text"
    )]
    fn of_two_equally_near_the_even_one() {
        assert_eq!(positional(1_846_908_949_985_103.25), "1846908949985103.2");
        assert_eq!(positional(1_846_908_949_985_103.75), "1846908949985103.8");
        assert_eq!(positional(-778_344_036_937_258.25), "-778344036937258.2");
        assert_eq!(scientific(778_344_036_937_258.25), "7.783440369372582e14");
        assert_eq!(positional(0.001_5), "0.0015");
        assert_eq!(positional(72_057_594_037_927_945.0), "72057594037927950");
        assert_eq!(scientific(5e-324), "5e-324");
        assert_eq!(scientific(0.0), "0e0");
        assert_eq!(positional(0.0), "0");
    }
}
