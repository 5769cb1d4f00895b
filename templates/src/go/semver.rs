//! A twin of Masterminds/semver 1.5: versions that may lack parts, and constraints on them.

use std::cmp::Ordering;

use crate::value::{Str, Version};

/// The text of the error for what is no version.
const INVALID: &str = "Invalid Semantic Version";

impl Version {
    /// `semver.NewVersion(text)`, with the text of its error.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let mut scanner = Scanner { rest: text };
        scanner.skip_v();
        let parts = scanner.parts(|byte| byte.is_ascii_digit());
        let (major, minor, patch) = parts.ok_or_else(|| INVALID.to_owned())?;
        let (prerelease, metadata) = scanner.suffixes();
        if !scanner.rest.is_empty() {
            return Err(INVALID.to_owned());
        }
        Ok(Self {
            major: segment(Some(major))?,
            minor: segment(minor)?,
            patch: segment(patch)?,
            prerelease: prerelease.unwrap_or_default().into(),
            metadata: metadata.unwrap_or_default().into(),
            original: text.into(),
        })
    }

    /// `v.String()`: all three numbers, without a leading `v`.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut out = format!("{}.{}.{}", self.major, self.minor, self.patch).into_bytes();
        for (mark, suffix) in [(b'-', &self.prerelease), (b'+', &self.metadata)] {
            if !suffix.is_empty() {
                out.push(mark);
                out.extend_from_slice(suffix);
            }
        }
        out
    }

    /// `v.Compare(other)`: build metadata does not count.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }

    /// The version with other numbers or suffixes; its original text keeps a leading `v`.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        let has_v = self.original.starts_with(b"v");
        change(&mut self);
        let mut original = if has_v { b"v".to_vec() } else { Vec::new() };
        original.append(&mut self.text());
        self.original = original.into();
        self
    }

    /// `v.IncPatch()`: a prerelease becomes its release.
    pub(crate) fn next_patch(self) -> Self {
        self.changed(|version| {
            if version.prerelease.is_empty() {
                version.patch = version.patch.wrapping_add(1);
            }
            version.prerelease = Str::default();
            version.metadata = Str::default();
        })
    }

    /// `v.IncMinor()`.
    pub(crate) fn next_minor(self) -> Self {
        self.changed(|version| {
            version.minor = version.minor.wrapping_add(1);
            version.patch = 0;
            version.prerelease = Str::default();
            version.metadata = Str::default();
        })
    }

    /// `v.IncMajor()`.
    pub(crate) fn next_major(self) -> Self {
        self.changed(|version| {
            version.major = version.major.wrapping_add(1);
            (version.minor, version.patch) = (0, 0);
            version.prerelease = Str::default();
            version.metadata = Str::default();
        })
    }
}

/// Says whether a text may be a prerelease or metadata: dotted words of letters, digits and `-`.
pub(crate) fn is_suffix(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'.')
        .all(|word| !word.is_empty() && word.iter().copied().all(is_word))
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// A number of a version as Go's `strconv.ParseInt` reads it.
fn segment(digits: Option<&[u8]>) -> Result<i64, String> {
    let Some(digits) = digits else { return Ok(0) };
    let text = String::from_utf8_lossy(digits);
    text.parse().map_err(|_| {
        format!(
            "Error parsing version segment: strconv.ParseInt: parsing \"{text}\": value out of range"
        )
    })
}

fn compare_prereleases(one: &[u8], other: &[u8]) -> Ordering {
    match (one.is_empty(), other.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let mut ours = one.split(|byte| *byte == b'.');
    let mut theirs = other.split(|byte| *byte == b'.');
    loop {
        let (our, their) = (ours.next(), theirs.next());
        if our.is_none() && their.is_none() {
            return Ordering::Equal;
        }
        let order = compare_words(our.unwrap_or_default(), their.unwrap_or_default());
        if order.is_ne() {
            return order;
        }
    }
}

/// Numbers come before words; no word comes before any.
fn compare_words(one: &[u8], other: &[u8]) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    if one.is_empty() || other.is_empty() {
        return one.len().cmp(&other.len());
    }
    match (number(one), number(other)) {
        // Two spellings of one number are unlike, and Go calls the first the smaller.
        (Some(one), Some(other)) if one > other => Ordering::Greater,
        (Some(_), Some(_) | None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

fn number(word: &[u8]) -> Option<u64> {
    if !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// Reads the pieces that versions and constraints are made of.
struct Scanner<'t> {
    rest: &'t [u8],
}

type Parts<'t> = (&'t [u8], Option<&'t [u8]>, Option<&'t [u8]>);

impl<'t> Scanner<'t> {
    fn skip_v(&mut self) {
        self.rest = self.rest.strip_prefix(b"v").unwrap_or(self.rest);
    }

    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'t [u8] {
        let length = self.rest.iter().take_while(|byte| wanted(**byte)).count();
        let (run, rest) = self.rest.split_at(length);
        self.rest = rest;
        run
    }

    fn skip_spaces(&mut self) -> usize {
        self.run(|byte| matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' '))
            .len()
    }

    /// Up to three runs of such bytes with points between.
    fn parts(&mut self, wanted: impl Fn(u8) -> bool + Copy) -> Option<Parts<'t>> {
        let first = self.run(wanted);
        if first.is_empty() {
            return None;
        }
        let second = self.pointed(wanted);
        let third = second.and_then(|_| self.pointed(wanted));
        Some((first, second, third))
    }

    fn pointed(&mut self, wanted: impl Fn(u8) -> bool) -> Option<&'t [u8]> {
        let before = self.rest;
        self.rest = before.strip_prefix(b".")?;
        let run = self.run(wanted);
        if run.is_empty() {
            self.rest = before;
            return None;
        }
        Some(run)
    }

    /// `-prerelease` and `+metadata`, each as long as it can be.
    fn suffixes(&mut self) -> (Option<&'t [u8]>, Option<&'t [u8]>) {
        (self.suffix(b'-'), self.suffix(b'+'))
    }

    fn suffix(&mut self, mark: u8) -> Option<&'t [u8]> {
        let before = self.rest;
        let text = before.strip_prefix(&[mark])?;
        self.rest = text;
        if self.run(is_word).is_empty() {
            self.rest = before;
            return None;
        }
        while self.pointed(is_word).is_some() {}
        Some(&text[..text.len() - self.rest.len()])
    }

    /// A version in a constraint, where each number may be `x`, `X` or `*`.
    fn wild_version(&mut self) -> Option<WildVersion<'t>> {
        let start = self.rest;
        self.skip_v();
        let is_wild = |byte: u8| byte.is_ascii_digit() || b"|xX*".contains(&byte);
        let (major, minor, patch) = self.parts(is_wild)?;
        let before = self.rest;
        let _ = self.suffixes();
        let suffix = &before[..before.len() - self.rest.len()];
        // A prerelease is what stands before the metadata.
        let prerelease = suffix
            .split(|byte| *byte == b'+')
            .next()
            .unwrap_or_default();
        let text = &start[..start.len() - self.rest.len()];
        Some(WildVersion {
            text,
            major,
            minor,
            patch,
            prerelease,
        })
    }
}

struct WildVersion<'t> {
    text: &'t [u8],
    major: &'t [u8],
    minor: Option<&'t [u8]>,
    patch: Option<&'t [u8]>,
    /// With its leading `-`.
    prerelease: &'t [u8],
}

/// Alternatives of constraints that must all hold.
#[derive(Debug)]
pub(crate) struct Constraints(Vec<Vec<Constraint>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// Longer spellings first, so that none hides behind its beginning.
const OPERATORS: [(&[u8], Operator); 12] = [
    (b"!=", Operator::NotEqual),
    (b">=", Operator::GreaterOrEqual),
    (b"=>", Operator::GreaterOrEqual),
    (b"<=", Operator::LessOrEqual),
    (b"=<", Operator::LessOrEqual),
    (b"~>", Operator::Tilde),
    (b"=", Operator::Equal),
    (b">", Operator::Greater),
    (b"<", Operator::Less),
    (b"~", Operator::Tilde),
    (b"^", Operator::Caret),
    (b"", Operator::Equal),
];

#[derive(Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
    /// Some number is left open.
    is_open: bool,
    minor_is_open: bool,
    patch_is_open: bool,
}

impl Constraints {
    /// `semver.NewConstraint(text)`, with the text of its error.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = with_ranges_written_out(text);
        let mut alternatives = Vec::new();
        for alternative in split_on(&text, b"||") {
            let constraints = alternative
                .split(|byte| *byte == b',')
                .map(Constraint::parse);
            alternatives.push(constraints.collect::<Result<_, _>>()?);
        }
        Ok(Self(alternatives))
    }

    /// `constraints.Check(version)`.
    pub(crate) fn check(&self, version: &Version) -> bool {
        self.0
            .iter()
            .any(|all| all.iter().all(|constraint| constraint.check(version)))
    }
}

fn split_on<'t>(text: &'t [u8], separator: &[u8]) -> Vec<&'t [u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest
        .windows(separator.len())
        .position(|window| window == separator)
    {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// Writes each `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn with_ranges_written_out(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let Some((low, high, length)) = hyphen_range(&text[at..]) else {
            out.push(text[at]);
            at += 1;
            continue;
        };
        out.extend_from_slice(b">= ");
        out.extend_from_slice(low);
        out.extend_from_slice(b", <= ");
        out.extend_from_slice(high);
        at += length;
    }
    out
}

/// Two versions with ` - ` between them, spaces around included, and the length of it all.
fn hyphen_range(text: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let mut scanner = Scanner { rest: text };
    scanner.skip_spaces();
    let low = scanner.wild_version()?.text;
    if scanner.skip_spaces() == 0 {
        return None;
    }
    scanner.rest = scanner.rest.strip_prefix(b"-")?;
    if scanner.skip_spaces() == 0 {
        return None;
    }
    let high = scanner.wild_version()?.text;
    scanner.skip_spaces();
    Some((low, high, text.len() - scanner.rest.len()))
}

fn is_any(part: &[u8]) -> bool {
    matches!(part, b"x" | b"X" | b"*")
}

impl Constraint {
    fn parse(text: &[u8]) -> Result<Self, String> {
        let improper = || format!("improper constraint: {}", String::from_utf8_lossy(text));
        let mut scanner = Scanner { rest: text };
        scanner.skip_spaces();
        let (spelling, operator) = OPERATORS
            .into_iter()
            .find(|(spelling, _)| scanner.rest.starts_with(spelling))
            .unwrap_or((b"", Operator::Equal));
        scanner.rest = &scanner.rest[spelling.len()..];
        scanner.skip_spaces();
        let wild = scanner.wild_version().ok_or_else(improper)?;
        scanner.skip_spaces();
        if !scanner.rest.is_empty() {
            return Err(improper());
        }
        Self::of(operator, &wild)
    }

    fn of(operator: Operator, wild: &WildVersion<'_>) -> Result<Self, String> {
        let (mut minor_is_open, mut patch_is_open) = (false, false);
        let mut is_open = true;
        let version = if is_any(wild.major) {
            b"0.0.0".to_vec()
        } else if wild.minor.is_none_or(is_any) {
            minor_is_open = true;
            [wild.major, b".0.0", wild.prerelease].concat()
        } else if wild.patch.is_some_and(is_any) {
            patch_is_open = true;
            [
                wild.major,
                b".",
                wild.minor.unwrap_or_default(),
                b".0",
                wild.prerelease,
            ]
            .concat()
        } else {
            is_open = false;
            wild.text.to_vec()
        };
        let version = Version::parse(&version).map_err(|_| "constraint Parser Error".to_owned())?;
        Ok(Self {
            operator,
            version,
            is_open,
            minor_is_open,
            patch_is_open,
        })
    }

    /// A prerelease satisfies only a constraint that names one, `!=` with all numbers given aside.
    fn check(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        if self.operator == Operator::NotEqual && !self.is_open {
            return order.is_ne();
        }
        if !version.prerelease.is_empty() && self.version.prerelease.is_empty() {
            return false;
        }
        match self.operator {
            Operator::NotEqual => {
                version.major != self.version.major
                    || version.minor != self.version.minor && !self.minor_is_open
            }
            Operator::Equal if !self.is_open => order.is_eq(),
            Operator::Equal | Operator::Tilde => self.tilde(version),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less if !self.is_open => order.is_lt(),
            Operator::LessOrEqual if !self.is_open => order.is_le(),
            // "<1.2.x" is not above 1.2, which "<=1.2.x" says as well.
            Operator::Less | Operator::LessOrEqual => {
                version.major <= self.version.major
                    && (version.minor <= self.version.minor || self.minor_is_open)
            }
            Operator::Caret => order.is_ge() && version.major == self.version.major,
        }
    }

    fn tilde(&self, version: &Version) -> bool {
        if version.compare(&self.version).is_lt() {
            return false;
        }
        let Version {
            major,
            minor,
            patch,
            ..
        } = self.version;
        let is_everything =
            (major, minor, patch) == (0, 0, 0) && !self.minor_is_open && !self.patch_is_open;
        is_everything || version.major == major && (version.minor == minor || self.minor_is_open)
    }
}
