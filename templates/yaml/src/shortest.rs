//! The shortest decimal that reads back as the same float, as Go's package strconv chooses it.

/// From so many digits on two shortest decimals can be equally near.
const AMBIGUOUS: usize = 16;

/// Returns the shortest digits as `-1.5e-7`; of two that are equally near the one that ends in an even digit.
///
/// Rust takes the larger of the two.
pub fn shortest_digits(value: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_equally_near_the_even_one() {
        assert_eq!(
            shortest_digits(1_846_908_949_985_103.2),
            "1.8469089499851032e15"
        );
        assert_eq!(
            shortest_digits(1_846_908_949_985_103.8),
            "1.8469089499851038e15"
        );
        assert_eq!(
            shortest_digits(-778_344_036_937_258.2),
            "-7.783440369372582e14"
        );
        assert_eq!(shortest_digits(0.001_5), "1.5e-3");
        assert_eq!(shortest_digits(5e-324), "5e-324");
        assert_eq!(shortest_digits(0.0), "0e0");
        assert_eq!(shortest_digits(f64::INFINITY), "inf");
    }
}
