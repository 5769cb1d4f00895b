//! A twin of Go's package `regexp`: Go's syntax and error texts, on the engine of crate `regex`.
//!
//! Patterns are read by a parser of Go's own grammar ([`parse`]) and given to the engine in its
//! high-level form, so that what Go accepts works and what Go refuses is refused in Go's words. Both
//! engines prefer the leftmost match and, among those, the first alternative.
//!
//! A text that is not UTF-8 is searched as Go reads it: every bad byte is the character U+FFFD.

mod class;
mod expand;
mod numbers;
mod parse;

use std::borrow::Cow;
use std::ops::Range;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input};

use crate::format::quote::{can_backquote, quote};
use crate::limits::Exceeded;

/// What a compiled pattern may take in memory; Go has a limit of the same order.
const COMPILED_SIZE: usize = 32 << 20;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Regexp {
    engine: meta::Regex,
    source_is_empty: bool,
    /// The name of each group; group 0 is the whole match.
    names: Vec<Option<String>>,
}

/// Why a pattern was not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// Go refuses it too: the text of its error.
    Refused(String),
    /// Go would take it.
    Limit(Exceeded),
}

impl From<String> for PatternError {
    fn from(text: String) -> Self {
        Self::Refused(text)
    }
}

impl From<Exceeded> for PatternError {
    fn from(limit: Exceeded) -> Self {
        Self::Limit(limit)
    }
}

/// The spans of one match: the whole, then each group.
type Spans = Vec<Option<Range<usize>>>;

impl Regexp {
    /// `regexp.Compile(pattern)`, with the text of Go's error.
    pub(crate) fn compile(pattern: &[u8]) -> Result<Self, PatternError> {
        let parsed = parse::parse(pattern)?;
        let config = meta::Config::new()
            .utf8_empty(true)
            .nfa_size_limit(Some(COMPILED_SIZE));
        let engine = meta::Builder::new()
            .configure(config)
            .build_from_hir(&parsed.hir)
            .map_err(|_| Exceeded::PatternSize(COMPILED_SIZE))?;
        Ok(Self {
            engine,
            source_is_empty: pattern.is_empty(),
            names: parsed.names,
        })
    }

    /// `regexp.MustCompile(pattern)`, with the text of Go's panic.
    pub(crate) fn must_compile(pattern: &[u8]) -> Result<Self, PatternError> {
        Self::compile(pattern).map_err(|error| match error {
            PatternError::Refused(text) => {
                format!("regexp: Compile({}): {text}", backquoted(pattern)).into()
            }
            PatternError::Limit(limit) => limit.into(),
        })
    }

    /// Steps that searching so many bytes may cost: the engine's time is bounded by the product of
    /// text and pattern.
    pub(crate) fn cost(&self, bytes: usize) -> u64 {
        let states = self.engine.memory_usage() as u64 / 4096 + 1;
        (bytes as u64 / 16 + 1).saturating_mul(states)
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        let text = Haystack::new(text);
        self.engine.is_match(&*text.text)
    }

    /// `FindString`: the leftmost match, or nothing.
    pub(crate) fn find<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let haystack = Haystack::new(text);
        let found = self.engine.find(&*haystack.text);
        found.map_or(&[], |found| &text[haystack.original(found.range())])
    }

    /// `FindAllStringIndex(text, most)`: no empty match touches the match before it.
    ///
    /// `pay` is told of each search how far it may have looked.
    pub(crate) fn find_all<E>(
        &self,
        text: &[u8],
        most: Option<usize>,
        mut pay: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<Range<usize>>, E> {
        let haystack = Haystack::new(text);
        let mut found = Vec::new();
        let mut at = 0;
        let mut previous_end = None;
        while at <= haystack.text.len() && most.is_none_or(|most| found.len() < most) {
            pay(haystack.text.len() - at)?;
            let Some(span) = self
                .engine
                .search(&haystack.input(at))
                .map(|found| found.range())
            else {
                break;
            };
            let is_repeated = span.end == at && Some(span.start) == previous_end;
            at = if span.end == at {
                haystack.after(at)
            } else {
                span.end
            };
            previous_end = Some(span.end);
            if !is_repeated {
                found.push(haystack.original(span));
            }
        }
        Ok(found)
    }

    /// `ReplaceAllString(text, template)`, or its literal form.
    pub(crate) fn replace_all<E>(
        &self,
        text: &[u8],
        replacement: &Replacement<'_>,
        mut pay: impl FnMut(Cost) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let haystack = Haystack::new(text);
        let mut captures = self.engine.create_captures();
        let mut out = Vec::new();
        let mut last_end = 0;
        let mut at = 0;
        while at <= haystack.text.len() {
            pay(Cost::Search(haystack.text.len() - at))?;
            let Some(spans) = self.spans(&haystack, at, &mut captures) else {
                break;
            };
            let Some(whole) = spans[0].clone() else { break };
            let before = out.len();
            out.extend_from_slice(&text[haystack.original(last_end..whole.start)]);
            if whole.end > last_end || whole.start == 0 {
                let spans = spans
                    .into_iter()
                    .map(|span| span.map(|span| haystack.original(span)));
                self.write(&mut out, replacement, text, &spans.collect::<Vec<_>>());
            }
            pay(Cost::Output(out.len() - before))?;
            last_end = whole.end;
            at = haystack.after(at).max(whole.end);
        }
        out.extend_from_slice(&text[haystack.original(last_end..haystack.text.len())]);
        Ok(out)
    }

    fn spans(&self, text: &Haystack<'_>, at: usize, captures: &mut Captures) -> Option<Spans> {
        self.engine.search_captures(&text.input(at), captures);
        captures.is_match().then(|| {
            (0..captures.group_len())
                .map(|group| captures.get_group(group).map(|span| span.range()))
                .collect()
        })
    }

    fn write(&self, out: &mut Vec<u8>, with: &Replacement<'_>, text: &[u8], spans: &Spans) {
        match with {
            Replacement::Literal(bytes) => out.extend_from_slice(bytes),
            Replacement::Template(template) => {
                expand::expand(out, template, text, spans, &self.names);
            }
        }
    }

    /// `Split(text, most)` without Go's special case for 0; negative is all.
    ///
    /// Returns the parts and how many separators Go makes room for.
    pub(crate) fn split<E>(
        &self,
        text: &[u8],
        most: Option<usize>,
        pay: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(Vec<Range<usize>>, usize), E> {
        if text.is_empty() && !self.source_is_empty {
            return Ok((std::iter::once(0..0).collect(), 1));
        }
        let mut parts = Vec::new();
        let (mut begin, mut end) = (0, 0);
        let separators = self.find_all(text, most, pay)?;
        let room = separators.len();
        for separator in separators {
            if most.is_some_and(|most| parts.len() + 1 == most) {
                break;
            }
            end = separator.start;
            if separator.end != 0 {
                parts.push(begin..end);
            }
            begin = separator.end;
        }
        if end != text.len() {
            parts.push(begin..text.len());
        }
        Ok((parts, room))
    }
}

/// What a step of a replacement costs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    /// A search that may have looked at so many bytes.
    Search(usize),
    /// So many bytes of output.
    Output(usize),
}

/// What a match is replaced with.
pub(crate) enum Replacement<'r> {
    /// These bytes.
    Literal(&'r [u8]),
    /// A template with `$1` and `${name}`.
    Template(&'r [u8]),
}

/// A text to search: itself if it is UTF-8, else with U+FFFD for every bad byte.
struct Haystack<'t> {
    text: Cow<'t, str>,
    /// The original position of each position in the changed text.
    positions: Vec<usize>,
}

impl<'t> Haystack<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self {
                text: Cow::Borrowed(text),
                positions: Vec::new(),
            };
        }
        let mut text = String::with_capacity(bytes.len());
        let mut positions = Vec::with_capacity(bytes.len() + 1);
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            positions.extend(at..at + chunk.valid().len());
            at += chunk.valid().len();
            for _ in chunk.invalid() {
                text.push(char::REPLACEMENT_CHARACTER);
                positions.extend([at; char::REPLACEMENT_CHARACTER.len_utf8()]);
                at += 1;
            }
        }
        positions.push(at);
        Self {
            text: Cow::Owned(text),
            positions,
        }
    }

    fn input(&self, at: usize) -> Input<'_> {
        Input::new(&*self.text).range(at..).anchored(Anchored::No)
    }

    /// The position one character on; past the end it is one more than the end.
    fn after(&self, at: usize) -> usize {
        at + self.text[at..].chars().next().map_or(1, char::len_utf8)
    }

    fn original(&self, span: Range<usize>) -> Range<usize> {
        let position = |at: usize| self.positions.get(at).copied().unwrap_or(at);
        position(span.start)..position(span.end)
    }
}

/// A pattern as Go's `regexp` quotes it in a panic: in backquotes where that is possible.
fn backquoted(pattern: &[u8]) -> String {
    if can_backquote(pattern) {
        return format!("`{}`", String::from_utf8_lossy(pattern));
    }
    quote(pattern)
}

/// `regexp.QuoteMeta(text)`.
pub(crate) fn quote_meta(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}
