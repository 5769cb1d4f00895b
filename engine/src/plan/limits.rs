//! How long a plan, phase or step may take, and how often its tasks are tried again: fields that
//! KUDO does not have and ignores.

use std::time::Duration;

use jiff::SignedDuration;

/// More tries than this are taken for a mistake.
pub const MOST_RETRIES: u32 = 1000;

/// Returns a positive duration as packages write it, as in `90s`, `10m` or `1h30m`.
pub fn duration(text: &str) -> Option<Duration> {
    let parsed: SignedDuration = text.parse().ok()?;
    Duration::try_from(parsed).ok().filter(|one| !one.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_are_positive() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        for text in ["", "10", "-5m", "0s", "soon", "5 parsecs"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
