//! Versions as packages write them: semantic versions with parts left out (`1`, `1.2`, `v1.2.3`).

use std::cmp::Ordering;

/// A version with its missing parts filled in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number, 0 when it is not written.
    pub minor: u64,
    /// Third number, 0 when it is not written.
    pub patch: u64,
    /// What follows `-`.
    pub pre_release: Vec<String>,
    /// What follows `+`; it has no part in comparisons.
    pub build: String,
}

/// A text that is no version, in the words of the library that KUDO uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VersionError {
    /// It does not look like one.
    #[error("Invalid Semantic Version")]
    Invalid,
    /// A number after `-` begins with 0.
    #[error("Version segment starts with 0")]
    LeadingZero,
}

impl std::str::FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = split_tail(text, '+')?;
        let (numbers, pre_release) = split_tail(text, '-')?;
        let mut numbers = numbers.split('.');
        let major = number(numbers.next())?.ok_or(VersionError::Invalid)?;
        let minor = number(numbers.next())?.unwrap_or(0);
        let patch = number(numbers.next())?.unwrap_or(0);
        if numbers.next().is_some() {
            return Err(VersionError::Invalid);
        }
        let pre_release: Vec<String> = pre_release.map_or_else(Vec::new, |text| {
            text.split('.').map(str::to_owned).collect()
        });
        if pre_release
            .iter()
            .any(|part| part.len() > 1 && part.starts_with('0') && is_digits(part))
        {
            return Err(VersionError::LeadingZero);
        }
        Ok(Self {
            major,
            minor,
            patch,
            pre_release,
            build: build.unwrap_or_default().to_owned(),
        })
    }
}

/// Splits at the first `mark`; what follows must be dotted words.
fn split_tail(text: &str, mark: char) -> Result<(&str, Option<&str>), VersionError> {
    let Some((head, tail)) = text.split_once(mark) else {
        return Ok((text, None));
    };
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if !tail.split('.').all(is_word) {
        return Err(VersionError::Invalid);
    }
    Ok((head, Some(tail)))
}

fn number(part: Option<&str>) -> Result<Option<u64>, VersionError> {
    let Some(part) = part else { return Ok(None) };
    if !is_digits(part) {
        return Err(VersionError::Invalid);
    }
    part.parse().map(Some).map_err(|_| VersionError::Invalid)
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

impl Ord for Version {
    /// Compares by precedence; versions that differ only in their build are told apart last, so that
    /// the order agrees with equality.
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| compare_pre_release(&self.pre_release, &other.pre_release))
            .then_with(|| self.build.cmp(&other.build))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A pre-release comes before its release; numbers come before words.
fn compare_pre_release(left: &[String], right: &[String]) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        _ => {}
    }
    for (left, right) in left.iter().zip(right) {
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

/// Orders packages by application version, then by package version, newest first (kudo-spec A.3).
///
/// What is no version comes after every version, and in descending order of its letters.
pub fn newest_first(one: &(String, String), two: &(String, String)) -> Ordering {
    newest_text_first(&one.0, &two.0).then_with(|| newest_text_first(&one.1, &two.1))
}

fn newest_text_first(one: &str, two: &str) -> Ordering {
    match (one.parse::<Version>(), two.parse::<Version>()) {
        (Ok(one), Ok(two)) => two.cmp(&one),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => two.cmp(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // kudo-spec A.3
    #[test]
    fn packages_are_ordered_newest_first_as_in_kudo() {
        let ordered = [
            ("10.1.0", "0.1.0"),
            ("10.0.0", "0.1.1"),
            ("10.0.0", "0.1.0"),
            ("1.0.0", "1.0.2"),
            ("1.0.0", "1.0.0"),
            ("1.0.0", "0.0.1"),
            ("0.1.9", "1.0.0"),
            ("0.0.9", "1.0.1"),
            ("0.0.9", "1.0.0"),
            ("0.0.2", "1.0.0"),
            ("0.0.1", "10.1.0"),
            ("0.0.1", "1.0.0"),
            ("bbb", "10.1.0"),
            ("bbb", "1.1.0"),
            ("bbb", "0.1.0"),
            ("bbb", "0.0.1"),
            ("aaa", "0.0.2"),
            ("aaa", "0.0.1"),
        ]
        .map(|(app, operator)| (app.to_owned(), operator.to_owned()));
        let mut shuffled = ordered.to_vec();
        shuffled.reverse();

        shuffled.sort_by(newest_first);

        assert_eq!(shuffled, ordered);
    }

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn parts_may_be_missing() {
        for (short, long) in [("1", "1.0.0"), ("1.2", "1.2.0"), ("v1.2.3", "1.2.3")] {
            assert_eq!(version(short), version(long));
        }
        for bad in [
            "", "v", "a", "1.", "1.2.3.4", "1.x", "1.2.3-", "1.2.3+", "-1", "1 ", "1.2-a..b",
        ] {
            assert_eq!(bad.parse::<Version>(), Err(VersionError::Invalid), "{bad}");
        }
        assert_eq!(
            "1.0.0-01".parse::<Version>(),
            Err(VersionError::LeadingZero)
        );
    }

    // semver.org, 11
    #[test]
    fn versions_compare_by_precedence() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2",
            "1.10",
            "2",
        ];
        assert!(
            ordered
                .windows(2)
                .all(|pair| version(pair[0]) < version(pair[1]))
        );
    }
}
