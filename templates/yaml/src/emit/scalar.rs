//! How one scalar is written: its text, and the quotes that text needs.

use crate::Value;
use crate::float::format_float;
use crate::resolve::is_plain_string;

/// Keys longer than this are written with `? `.
const LONGEST_SIMPLE_KEY: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// A scalar ready to be written.
pub(super) struct Scalar {
    text: String,
    tag: &'static str,
    wanted: Style,
    allowed: Allowed,
}

impl Scalar {
    /// Prepares a value that is no collection.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => Self::plain("null".to_owned()),
            Value::Bool(bool) => Self::plain(bool.to_string()),
            Value::Int(number) => Self::plain(number.to_string()),
            Value::Uint(number) => Self::plain(number.to_string()),
            Value::Float(number) => Self::plain(float_text(*number)),
            Value::String(text) => Self::string(text),
            Value::Bytes(bytes) => {
                let text = encode_base64(bytes);
                let wanted = if text.contains('\n') {
                    Style::Literal
                } else {
                    Style::Plain
                };
                Self {
                    allowed: Allowed::of(&text),
                    text,
                    tag: "!!binary",
                    wanted,
                }
            }
        }
    }

    fn plain(text: String) -> Self {
        Self {
            allowed: Allowed::of(&text),
            text,
            tag: "",
            wanted: Style::Plain,
        }
    }

    fn string(text: &str) -> Self {
        let wanted = if text.contains('\n') {
            Style::Literal
        } else if is_plain_string(text) && !is_base_60(text) {
            Style::Plain
        } else {
            Style::DoubleQuoted
        };
        Self {
            allowed: Allowed::of(text),
            text: text.to_owned(),
            tag: "",
            wanted,
        }
    }

    /// Tells whether it may stand before a `:` on one line.
    pub(super) fn is_simple_key(&self) -> bool {
        !self.allowed.multiline && self.text.len() + self.tag.len() <= LONGEST_SIMPLE_KEY
    }

    /// Writes it as a simple key.
    pub(super) fn write_key(&self, out: &mut String) {
        let style = match self.style() {
            Style::Literal => Style::DoubleQuoted,
            Style::Plain if self.text.is_empty() => Style::SingleQuoted,
            style => style,
        };
        self.write_styled(out, style, 0);
    }

    /// Writes it as a value whose further lines are indented by `indent`.
    pub(super) fn write(&self, out: &mut String, indent: usize) {
        self.write_styled(out, self.style(), indent);
    }

    /// The style it gets: the wanted one, or the next that can hold the text.
    fn style(&self) -> Style {
        let mut style = self.wanted;
        if style == Style::Plain && !self.allowed.plain {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !self.allowed.single_quoted {
            style = Style::DoubleQuoted;
        }
        if style == Style::Literal && !self.allowed.block {
            style = Style::DoubleQuoted;
        }
        style
    }

    fn write_styled(&self, out: &mut String, style: Style, indent: usize) {
        if !self.tag.is_empty() {
            out.push_str(self.tag);
            out.push(' ');
        }
        match style {
            Style::Plain => out.push_str(&self.text),
            Style::SingleQuoted => self.write_single_quoted(out, indent),
            Style::DoubleQuoted => self.write_double_quoted(out),
            Style::Literal => self.write_literal(out, indent),
        }
    }

    fn write_single_quoted(&self, out: &mut String, indent: usize) {
        out.push('\'');
        let mut after_break = false;
        for each in self.text.chars() {
            if is_break(each) {
                out.push(each);
                after_break = true;
                continue;
            }
            if std::mem::take(&mut after_break) {
                out.extend(std::iter::repeat_n(' ', indent));
            }
            if each == '\'' {
                out.push('\'');
            }
            out.push(each);
        }
        out.push('\'');
    }

    fn write_double_quoted(&self, out: &mut String) {
        // go-yaml looks for a byte-order mark at the beginning of the text, not at the character
        // it is about to write: a text that begins with one has all its characters escaped.
        let escape_all = self.text.starts_with('\u{feff}');
        out.push('"');
        for each in self.text.chars() {
            if escape_all || !is_printable(each) || is_break(each) || matches!(each, '"' | '\\') {
                push_escape(out, each);
            } else {
                out.push(each);
            }
        }
        out.push('"');
    }

    fn write_literal(&self, out: &mut String, indent: usize) {
        out.push('|');
        if self
            .text
            .starts_with(|first| first == ' ' || is_break(first))
        {
            out.push('2');
        }
        let mut from_end = self.text.chars().rev();
        match (
            from_end.next().is_some_and(is_break),
            from_end.next().map(is_break),
        ) {
            (false, _) => out.push('-'),
            (true, None | Some(true)) => out.push('+'),
            (true, Some(false)) => {}
        }
        out.push('\n');
        let mut after_break = true;
        for each in self.text.chars() {
            if is_break(each) {
                after_break = true;
            } else if std::mem::take(&mut after_break) {
                out.extend(std::iter::repeat_n(' ', indent));
            }
            out.push(each);
        }
    }
}

/// Which styles can hold a text, by go-yaml's analysis of its characters.
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
    multiline: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
            return Self {
                plain: true,
                single_quoted: true,
                block: false,
                multiline: false,
            };
        };
        let multiline = text.contains(is_break);
        let outer_blank = |each: char| each == ' ' || is_break(each);
        let space_then_break = has_pair(text, |left| left == ' ', is_break);
        let break_then_space = has_pair(text, is_break, |right| right == ' ');
        let special = space_then_break || !text.chars().all(is_printable);
        Self {
            plain: !multiline
                && !outer_blank(first)
                && !outer_blank(last)
                && !special
                && !has_indicator(text),
            single_quoted: !break_then_space && !special,
            block: last != ' ' && !special,
            multiline,
        }
    }
}

fn has_pair(text: &str, left: impl Fn(char) -> bool, right: impl Fn(char) -> bool) -> bool {
    text.chars()
        .zip(text.chars().skip(1))
        .any(|(first, second)| left(first) && right(second))
}

/// Tells whether `text` has a character that means something in a block at its place.
fn has_indicator(text: &str) -> bool {
    let blank_or_end = |next: Option<char>| matches!(next, None | Some(' ' | '\t'));
    let mut characters = text.chars().peekable();
    let Some(first) = characters.next() else {
        return false;
    };
    let leads = match first {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
        | '@' | '`' => true,
        '?' | ':' | '-' => blank_or_end(characters.peek().copied()),
        _ => false,
    };
    if leads || text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut previous = first;
    while let Some(each) = characters.next() {
        let indicates = match each {
            ':' => blank_or_end(characters.peek().copied()),
            '#' => matches!(previous, ' ' | '\t') || is_break(previous),
            _ => false,
        };
        if indicates {
            return true;
        }
        previous = each;
    }
    false
}

fn is_break(each: char) -> bool {
    matches!(each, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Printable by YAML 1.1, of which go-yaml leaves out everything beyond the basic plane.
fn is_printable(each: char) -> bool {
    matches!(each, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && each != '\u{feff}'
}

fn push_escape(out: &mut String, each: char) {
    let short = match each {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return push_code(out, u32::from(each)),
    };
    out.extend(['\\', short]);
}

fn push_code(out: &mut String, code: u32) {
    let escape = match code {
        0..=0xff => format!("\\x{code:02X}"),
        0x100..=0xffff => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    };
    out.push_str(&escape);
}

/// `190:20:30`: a number for old parsers, though not for go-yaml itself.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let numeric = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_')
    };
    let mut groups = whole.split(':');
    let leads = groups.next().is_some_and(|first| {
        first.starts_with(|each: char| each.is_ascii_digit()) && numeric(first)
    });
    let minutes = |group: &str| match group.as_bytes() {
        [ones] => ones.is_ascii_digit(),
        [tens, ones] => matches!(tens, b'0'..=b'5') && ones.is_ascii_digit(),
        _ => false,
    };
    let mut groups = groups.peekable();
    leads && numeric(fraction) && groups.peek().is_some() && groups.all(minutes)
}

fn float_text(number: f64) -> String {
    match format_float(number).as_str() {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        text => text.to_owned(),
    }
}

/// Base64 in lines of 70 characters, each with a line break when there are more than one.
fn encode_base64(bytes: &[u8]) -> String {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut symbols = String::new();
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place) & 0x3f) as usize;
            symbols.push(if place > group.len() {
                '='
            } else {
                char::from(SYMBOLS[sextet])
            });
        }
    }
    if symbols.len() < 70 {
        return symbols;
    }
    let mut lines = String::new();
    for line in symbols.as_bytes().chunks(70) {
        lines.push_str(&String::from_utf8_lossy(line));
        lines.push('\n');
    }
    lines
}
