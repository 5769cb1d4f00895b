//! Go's syntax of patterns (package `regexp/syntax`, flag `Perl`), read into the engine's form.

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::class;
use super::numbers::{counts, hexadecimal, octal};

/// The most that a counted repetition may repeat, nested ones multiplied.
const MOST_REPEATS: u32 = 1000;
use super::PatternError;
use crate::limits::Exceeded;

/// How deep groups may nest. Go allows 1000; the engine's compiler works by recursion, and no
/// pattern that a person wrote comes near.
const DEEPEST: usize = 250;

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    pub(super) names: Vec<Option<String>>,
}

/// Reads a pattern, or gives the text of Go's error.
pub(super) fn parse(pattern: &[u8]) -> Parse<Parsed> {
    let text = std::str::from_utf8(pattern)
        .map_err(|bad| error("invalid UTF-8", &pattern[bad.valid_up_to()..]))?;
    Parser::new(text).pattern()
}

/// The text of Go's `syntax.Error`.
pub(super) fn error(what: &str, expression: &[u8]) -> String {
    format!(
        "error parsing regexp: {what}: `{}`",
        String::from_utf8_lossy(expression)
    )
}

#[derive(Clone, Copy)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    non_greedy: bool,
}

/// An expression with the repeats below it and its height.
struct Node {
    hir: Hir,
    /// The largest product of nested counted repetitions.
    repeats: u32,
}

/// A group that is open: what is read of it so far.
struct Group {
    /// The flags to go back to.
    flags: Flags,
    /// The number, if it captures.
    capture: Option<u32>,
    /// Alternatives that are complete.
    alternatives: Vec<Node>,
    /// The alternative being read.
    sequence: Vec<Node>,
}

impl Group {
    const fn new(flags: Flags, capture: Option<u32>) -> Self {
        Self {
            flags,
            capture,
            alternatives: Vec::new(),
            sequence: Vec::new(),
        }
    }

    fn end_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.alternatives.push(joined(sequence, Hir::concat));
    }

    fn finished(mut self) -> Node {
        self.end_alternative();
        joined(self.alternatives, Hir::alternation)
    }
}

fn joined(nodes: Vec<Node>, join: fn(Vec<Hir>) -> Hir) -> Node {
    let repeats = nodes.iter().map(|node| node.repeats).max().unwrap_or(1);
    Node {
        hir: join(nodes.into_iter().map(|node| node.hir).collect()),
        repeats,
    }
}

struct Parser<'p> {
    whole: &'p str,
    rest: &'p str,
    flags: Flags,
    outer: Vec<Group>,
    group: Group,
    names: Vec<Option<String>>,
    /// What was left of the pattern at the repetition operator just read.
    last_repeat: Option<&'p str>,
}

type Parse<T> = Result<T, PatternError>;

impl<'p> Parser<'p> {
    fn new(whole: &'p str) -> Self {
        let flags = Flags {
            fold_case: false,
            multi_line: false,
            dot_newline: false,
            non_greedy: false,
        };
        Self {
            whole,
            rest: whole,
            flags,
            outer: Vec::new(),
            group: Group::new(flags, None),
            names: vec![None],
            last_repeat: None,
        }
    }

    fn pattern(mut self) -> Parse<Parsed> {
        while let Some(first) = self.rest.chars().next() {
            let before = self.rest;
            let is_repeat = self.piece(first)?;
            self.last_repeat = is_repeat.then_some(before);
        }
        if !self.outer.is_empty() {
            return Err(fault("missing closing )", self.whole));
        }
        Ok(Parsed {
            hir: self.group.finished().hir,
            names: self.names,
        })
    }

    /// Reads one piece; says whether it was a repetition.
    fn piece(&mut self, first: char) -> Parse<bool> {
        match first {
            '(' if self.rest.starts_with("(?") => self.perl_group()?,
            '(' => {
                self.names.push(None);
                self.open(true)?;
                self.skip(1);
            }
            '|' => {
                self.group.end_alternative();
                self.skip(1);
            }
            ')' => self.close()?,
            '^' => self.look(
                if self.flags.multi_line {
                    Look::StartLF
                } else {
                    Look::Start
                },
                1,
            ),
            '$' => self.look(
                if self.flags.multi_line {
                    Look::EndLF
                } else {
                    Look::End
                },
                1,
            ),
            '.' => {
                let class = if self.flags.dot_newline {
                    class::ranges(&[('\0', char::MAX)])
                } else {
                    class::ranges(&[('\0', '\t'), ('\x0b', char::MAX)])
                };
                self.push_class(class);
                self.skip(1);
            }
            '[' => {
                let class = self.bracketed()?;
                self.push_class(class);
            }
            '*' | '+' | '?' => {
                let before = self.rest;
                let (least, most) = match first {
                    '*' => (0, None),
                    '+' => (1, None),
                    _ => (0, Some(1)),
                };
                self.skip(1);
                self.repeat(least, most, before)?;
                return Ok(true);
            }
            '{' => return self.counted(),
            '\\' => self.escape()?,
            _ => {
                self.literal(first);
                self.skip(first.len_utf8());
            }
        }
        Ok(false)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn push(&mut self, hir: Hir) {
        self.group.sequence.push(Node { hir, repeats: 1 });
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn look(&mut self, look: Look, length: usize) {
        self.push(Hir::look(look));
        self.skip(length);
    }

    fn literal(&mut self, c: char) {
        let mut class = class::ranges(&[(c, c)]);
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        self.push_class(class);
    }

    fn open(&mut self, captures: bool) -> Parse<()> {
        if self.outer.len() >= DEEPEST {
            return Err(Exceeded::PatternDepth(DEEPEST).into());
        }
        let capture = captures.then(|| u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX));
        let group = Group::new(self.flags, capture);
        self.outer.push(std::mem::replace(&mut self.group, group));
        Ok(())
    }

    fn close(&mut self) -> Parse<()> {
        let Some(outer) = self.outer.pop() else {
            return Err(fault("unexpected )", self.whole));
        };
        let group = std::mem::replace(&mut self.group, outer);
        self.flags = group.flags;
        let capture = group.capture;
        let mut node = group.finished();
        if let Some(index) = capture {
            // Names stay with us: Go lets two groups have the same.
            node.hir = Hir::capture(Capture {
                index,
                name: None,
                sub: Box::new(node.hir),
            });
        }
        self.group.sequence.push(node);
        self.skip(1);
        Ok(())
    }

    /// `(?P<name>`, `(?<name>`, `(?flags)` or `(?flags:`.
    fn perl_group(&mut self) -> Parse<()> {
        let start = self.rest;
        let name_at = match start {
            _ if start.len() > 4 && start.starts_with("(?P<") => Some(4),
            _ if start.len() > 3 && start.starts_with("(?<") => Some(3),
            _ => None,
        };
        if let Some(name_at) = name_at {
            let Some(end) = start.find('>') else {
                return Err(fault("invalid named capture", start));
            };
            let name = start.get(name_at..end).unwrap_or_default();
            let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(is_word) {
                return Err(fault("invalid named capture", &start[..=end]));
            }
            self.names.push(Some(name.to_owned()));
            self.open(true)?;
            self.skip(end + 1);
            return Ok(());
        }
        self.perl_flags(start)
    }

    fn perl_flags(&mut self, start: &'p str) -> Parse<()> {
        let mut flags = self.flags;
        let mut value = true;
        let mut saw_flag = false;
        let mut end = 2;
        for c in start[2..].chars() {
            end += c.len_utf8();
            match c {
                'i' => flags.fold_case = value,
                'm' => flags.multi_line = value,
                's' => flags.dot_newline = value,
                'U' => flags.non_greedy = value,
                '-' if value => {
                    value = false;
                    saw_flag = false;
                    continue;
                }
                ':' | ')' if value || saw_flag => {
                    if c == ':' {
                        self.open(false)?;
                    }
                    self.flags = flags;
                    self.skip(end);
                    return Ok(());
                }
                _ => break,
            }
            saw_flag = true;
        }
        let missing = start.len() == end && !start[2..].ends_with([':', ')', '-']);
        let text = if missing { start } else { &start[..end] };
        Err(fault("invalid or unsupported Perl syntax", text))
    }

    fn counted(&mut self) -> Parse<bool> {
        let before = self.rest;
        let Some((least, most, after)) = counts(before) else {
            self.literal('{');
            self.skip(1);
            return Ok(false);
        };
        self.rest = after;
        let is_valid = |count: u32| count <= MOST_REPEATS;
        if !is_valid(least) || most.is_some_and(|most| !is_valid(most) || most < least) {
            return Err(fault(
                "invalid repeat count",
                &before[..before.len() - after.len()],
            ));
        }
        self.repeat(least, most, before)?;
        Ok(true)
    }

    /// Repeats the expression before; `before` is the pattern from the operator on.
    fn repeat(&mut self, least: u32, most: Option<u32>, before: &'p str) -> Parse<()> {
        let mut greedy = !self.flags.non_greedy;
        if let Some(after) = self.rest.strip_prefix('?') {
            self.rest = after;
            greedy = !greedy;
        }
        if let Some(last) = self.last_repeat {
            let text = &last[..last.len() - self.rest.len()];
            return Err(fault("invalid nested repetition operator", text));
        }
        let operator = &before[..before.len() - self.rest.len()];
        let Some(node) = self.group.sequence.pop() else {
            return Err(fault("missing argument to repetition operator", operator));
        };
        let times = most.unwrap_or(least);
        let is_counted = operator.starts_with('{');
        let repeats = match (is_counted, most) {
            (true, Some(0)) => 1,
            (true, _) => times.max(1).saturating_mul(node.repeats),
            (false, _) => node.repeats,
        };
        if repeats > MOST_REPEATS {
            return Err(fault("invalid repeat count", operator));
        }
        let sub = Box::new(node.hir);
        let hir = Hir::repetition(Repetition {
            min: least,
            max: most,
            greedy,
            sub,
        });
        self.group.sequence.push(Node { hir, repeats });
        Ok(())
    }

    fn escape(&mut self) -> Parse<()> {
        match self.rest.as_bytes().get(1) {
            Some(b'A') => self.look(Look::Start, 2),
            Some(b'b') => self.look(Look::WordAscii, 2),
            Some(b'B') => self.look(Look::WordAsciiNegate, 2),
            Some(b'z') => self.look(Look::End, 2),
            Some(b'C') => return Err(fault("invalid escape sequence", &self.rest[..2])),
            Some(b'Q') => self.quoted(),
            _ => {
                if let Some(class) = self.escaped_class()? {
                    self.push_class(class);
                } else {
                    let c = self.escaped_char()?;
                    self.literal(c);
                }
            }
        }
        Ok(())
    }

    /// `\Q...\E`: plain text up to the mark or the end.
    fn quoted(&mut self) {
        let (text, after) = self.rest[2..]
            .split_once(r"\E")
            .unwrap_or((&self.rest[2..], ""));
        for c in text.chars() {
            self.literal(c);
        }
        self.rest = after;
    }

    /// `\pL`, `\p{Greek}`, `\d` and the like.
    fn escaped_class(&mut self) -> Parse<Option<ClassUnicode>> {
        let Some(letter) = self
            .rest
            .strip_prefix('\\')
            .and_then(|rest| rest.bytes().next())
        else {
            return Ok(None);
        };
        if matches!(letter, b'p' | b'P') {
            return self.unicode_class(letter == b'P');
        }
        let class = class::perl(letter, self.flags.fold_case);
        if class.is_some() {
            self.skip(2);
        }
        Ok(class)
    }

    fn unicode_class(&mut self, mut negated: bool) -> Parse<Option<ClassUnicode>> {
        let start = self.rest;
        let Some(first) = start[2..].chars().next() else {
            return Err(fault("invalid character class range", start));
        };
        let (name, length) = if first == '{' {
            let Some(end) = start.find('}') else {
                return Err(fault("invalid character class range", start));
            };
            (&start[3..end], end + 1)
        } else {
            (&start[2..2 + first.len_utf8()], 2 + first.len_utf8())
        };
        let positive = name.strip_prefix('^').unwrap_or(name);
        negated ^= positive.len() != name.len();
        let Some(class) = class::unicode(positive, self.flags.fold_case, negated) else {
            return Err(fault("invalid character class range", &start[..length]));
        };
        self.skip(length);
        Ok(Some(class))
    }

    /// The character of an escape such as `\n`, `\x41`, `\x{1F600}`, `\101` or `\.`.
    fn escaped_char(&mut self) -> Parse<char> {
        let start = self.rest;
        let mut rest = start[1..].chars();
        let Some(c) = rest.next() else {
            return Err(fault("trailing backslash at end of expression", ""));
        };
        let number = match c {
            '1'..='7' if rest.as_str().starts_with(|c| matches!(c, '0'..='7')) => {
                octal(c, &mut rest)
            }
            '0' => octal(c, &mut rest),
            'x' => hexadecimal(&mut rest),
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
            _ => None,
        };
        let after = rest.as_str();
        self.rest = after;
        // Go lets a pattern name half a surrogate pair, which no text contains but as a bad byte.
        number
            .map(|number| char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
            .ok_or_else(|| {
                fault(
                    "invalid escape sequence",
                    &start[..start.len() - after.len()],
                )
            })
    }

    /// `[...]`.
    fn bracketed(&mut self) -> Parse<ClassUnicode> {
        let whole = self.rest;
        self.skip(1);
        let negated = self.rest.starts_with('^');
        if negated {
            self.skip(1);
        }
        let mut class = ClassUnicode::empty();
        let mut is_first = true;
        while is_first || !self.rest.starts_with(']') {
            is_first = false;
            if let Some(named) = self.named_class()? {
                class.union(&named);
            } else if let Some(escaped) = self.escaped_class()? {
                class.union(&escaped);
            } else {
                class.union(&self.range(whole)?);
            }
        }
        self.skip(1);
        if negated {
            class.negate();
        }
        Ok(class)
    }

    /// `[:alpha:]` inside brackets.
    fn named_class(&mut self) -> Parse<Option<ClassUnicode>> {
        if self.rest.len() <= 2 || !self.rest.starts_with("[:") {
            return Ok(None);
        }
        let Some(end) = self.rest[2..].find(":]") else {
            return Ok(None);
        };
        let name = &self.rest[2..2 + end];
        let Some(class) = class::posix(name, self.flags.fold_case) else {
            return Err(fault(
                "invalid character class range",
                &self.rest[..end + 4],
            ));
        };
        self.skip(end + 4);
        Ok(Some(class))
    }

    fn range(&mut self, whole: &'p str) -> Parse<ClassUnicode> {
        let start = self.rest;
        let low = self.class_char(whole)?;
        let mut high = low;
        if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
            self.skip(1);
            high = self.class_char(whole)?;
            if high < low {
                let text = &start[..start.len() - self.rest.len()];
                return Err(fault("invalid character class range", text));
            }
        }
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(low, high)]);
        if self.flags.fold_case {
            class::fold(&mut class);
        }
        Ok(class)
    }

    fn class_char(&mut self, whole: &'p str) -> Parse<char> {
        let Some(c) = self.rest.chars().next() else {
            return Err(fault("missing closing ]", whole));
        };
        if c == '\\' {
            return self.escaped_char();
        }
        self.skip(c.len_utf8());
        Ok(c)
    }
}

fn fault(what: &str, expression: &str) -> PatternError {
    error(what, expression.as_bytes()).into()
}
