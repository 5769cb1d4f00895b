//! Values that flags take.

use std::time::Duration;

/// Reads `PHASE.STEP`.
pub(super) fn phase_and_step(text: &str) -> Result<(String, String), String> {
    match text.split_once('.') {
        Some((phase, step)) if !phase.is_empty() && !step.is_empty() => {
            Ok((phase.to_owned(), step.to_owned()))
        }
        _ => Err(format!("`{text}` is not a step; write it as PHASE.STEP")),
    }
}

/// Reads `90s`, `10m`, `1h`, `1h30m` or a number of seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time; write it as in 90s, 10m or 1h");
    let mut total = 0_u64;
    let mut digits = String::new();
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        total = number
            .checked_mul(unit)
            .and_then(|n| total.checked_add(n))
            .ok_or_else(wrong)?;
        digits.clear();
    }
    if !digits.is_empty() {
        total = total
            .checked_add(digits.parse().map_err(|_| wrong())?)
            .ok_or_else(wrong)?;
    }
    if total == 0 {
        Err(wrong())
    } else {
        Ok(Duration::from_secs(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_units() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("45", 45)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "5x", "0s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_step_is_named_with_its_phase() {
        let step = ("main".to_owned(), "first.one".to_owned());
        assert_eq!(phase_and_step("main.first.one"), Ok(step));
        for text in ["", "main", "main.", ".first"] {
            assert!(phase_and_step(text).is_err(), "{text}");
        }
    }
}
