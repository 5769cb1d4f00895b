//! Scalars of all five styles.

use super::cursor::Mark;
use super::{Scanner, Token, TokenKind};
use crate::{Error, ScalarStyle};

/// What to do with the line breaks at the end of a block scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// White space that waits for the next word: blanks within a line, or line breaks that fold.
#[derive(Default)]
struct Gap {
    blanks: String,
    first_break: String,
    more_breaks: String,
    has_break: bool,
}

impl Gap {
    /// Appends what the gap folds to, and empties it.
    fn flush(&mut self, text: &mut String) {
        if self.has_break {
            text.push_str(folded(&self.first_break, &self.more_breaks));
            if self.first_break != "\n" {
                text.push_str(&self.more_breaks);
            }
        } else {
            text.push_str(&self.blanks);
        }
        *self = Self::default();
    }
}

/// A single `\n` folds to a space, several to all but the first; other breaks stay.
fn folded<'a>(first: &'a str, more: &'a str) -> &'a str {
    match (first, more) {
        ("\n", "") => " ",
        ("\n", more) => more,
        (first, _) => first,
    }
}

impl Scanner<'_> {
    pub(super) fn scan_block_scalar(&mut self, style: ScalarStyle) -> Result<Token, Error> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let (chomping, increment) = self.scan_block_header(start)?;
        let mut indent = (increment > 0).then(|| self.indent.max(0) + increment);
        let mut end = self.cursor.mark;
        let (mut text, mut leading, mut trailing) = (String::new(), String::new(), String::new());
        self.scan_block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        let mut after_blank = false;
        while indent == Some(self.column()) && !self.cursor.at_end() {
            let blank = self.cursor.is_blank();
            push_block_break(style, after_blank || blank, &leading, &trailing, &mut text);
            leading = String::new();
            trailing = String::new();
            after_blank = blank;
            while !self.cursor.is_break_or_end() {
                self.cursor.read(&mut text);
            }
            if self.cursor.is_break() {
                self.cursor.read_break(&mut leading);
            }
            self.scan_block_breaks(&mut indent, &mut trailing, start, &mut end)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&leading);
        }
        if chomping == Chomping::Keep {
            text.push_str(&trailing);
        }
        Ok(Token {
            kind: TokenKind::Scalar { text, style },
            start,
            end,
        })
    }

    /// Reads what follows `|` or `>` on its line: chomping and indentation in any order.
    fn scan_block_header(&mut self, start: Mark) -> Result<(Chomping, isize), Error> {
        let mut chomping = self.scan_chomping();
        let increment = self.scan_increment(start)?;
        if chomping.is_none() && increment > 0 {
            chomping = self.scan_chomping();
        }
        self.skip_blanks();
        self.skip_comment();
        if !self.cursor.is_break_or_end() {
            return self.fail(start, "did not find expected comment or line break");
        }
        self.cursor.skip_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn scan_chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.cursor.byte(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.cursor.skip();
        Some(chomping)
    }

    fn scan_increment(&mut self, start: Mark) -> Result<isize, Error> {
        let digit = self.cursor.byte(0);
        if digit == b'0' {
            return self.fail(start, "found an indentation indicator equal to 0");
        }
        if !digit.is_ascii_digit() {
            return Ok(0);
        }
        self.cursor.skip();
        Ok(isize::from(i16::from(digit - b'0')))
    }

    /// Steps over indentation and empty lines; the first line that is not empty sets the
    /// indentation when the header did not.
    fn scan_block_breaks(
        &mut self,
        indent: &mut Option<isize>,
        breaks: &mut String,
        start: Mark,
        end: &mut Mark,
    ) -> Result<(), Error> {
        *end = self.cursor.mark;
        let mut deepest = 0;
        loop {
            while self.is_left_of(*indent) && self.cursor.is(b' ') {
                self.cursor.skip();
            }
            deepest = deepest.max(self.column());
            if self.is_left_of(*indent) && self.cursor.is(b'\t') {
                let message = "found a tab character where an indentation space is expected";
                return self.fail(start, message);
            }
            if !self.cursor.is_break() {
                break;
            }
            self.cursor.read_break(breaks);
            *end = self.cursor.mark;
        }
        indent.get_or_insert(deepest.max(self.indent + 1).max(1));
        Ok(())
    }

    fn is_left_of(&self, indent: Option<isize>) -> bool {
        indent.is_none_or(|indent| self.column() < indent)
    }

    pub(super) fn scan_flow_scalar(&mut self, style: ScalarStyle) -> Result<Token, Error> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let quote = if style == ScalarStyle::SingleQuoted {
            b'\''
        } else {
            b'"'
        };
        let mut text = String::new();
        loop {
            if self.cursor.is_document_indicator() {
                return self.fail(start, "found unexpected document indicator");
            }
            if self.cursor.at_end() {
                return self.fail(start, "found unexpected end of stream");
            }
            let has_break = self.scan_quoted_word(quote, start, &mut text)?;
            let mut gap = Gap {
                has_break,
                ..Gap::default()
            };
            if self.cursor.is(quote) {
                break;
            }
            self.scan_quoted_gap(&mut gap);
            gap.flush(&mut text);
        }
        self.cursor.skip();
        Ok(Token {
            kind: TokenKind::Scalar { text, style },
            start,
            end: self.cursor.mark,
        })
    }

    /// Reads up to a blank, a break or the closing quote; tells whether an escaped break ended it.
    fn scan_quoted_word(
        &mut self,
        quote: u8,
        start: Mark,
        text: &mut String,
    ) -> Result<bool, Error> {
        while !self.cursor.is_space_at(0) {
            let next = self.cursor.byte(1);
            match self.cursor.byte(0) {
                b'\'' if quote == b'\'' && next == b'\'' => {
                    text.push('\'');
                    self.cursor.skip_many(2);
                }
                byte if byte == quote => break,
                b'\\' if quote == b'"' && self.cursor.is_break_at(1) => {
                    self.cursor.skip();
                    self.cursor.skip_break();
                    return Ok(true);
                }
                b'\\' if quote == b'"' => self.scan_escape(start, text)?,
                _ => self.cursor.read(text),
            }
        }
        Ok(false)
    }

    fn scan_quoted_gap(&mut self, gap: &mut Gap) {
        loop {
            if self.cursor.is_blank() {
                if gap.has_break {
                    self.cursor.skip();
                } else {
                    self.cursor.read(&mut gap.blanks);
                }
            } else if self.cursor.is_break() {
                if gap.has_break {
                    self.cursor.read_break(&mut gap.more_breaks);
                } else {
                    self.cursor.read_break(&mut gap.first_break);
                    gap.has_break = true;
                }
            } else {
                return;
            }
        }
    }

    fn scan_escape(&mut self, start: Mark, text: &mut String) -> Result<(), Error> {
        let plain = match self.cursor.byte(1) {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => return self.scan_code_escape(2, start, text),
            b'u' => return self.scan_code_escape(4, start, text),
            b'U' => return self.scan_code_escape(8, start, text),
            _ => return self.fail(start, "found unknown escape character"),
        };
        text.push(plain);
        self.cursor.skip_many(2);
        Ok(())
    }

    fn scan_code_escape(
        &mut self,
        digits: usize,
        start: Mark,
        text: &mut String,
    ) -> Result<(), Error> {
        self.cursor.skip_many(2);
        let mut code = 0_u32;
        for ahead in 0..digits {
            let Some(digit) = char::from(self.cursor.byte(ahead)).to_digit(16) else {
                return self.fail(start, "did not find expected hexdecimal number");
            };
            code = code << 4 | digit;
        }
        let Some(character) = char::from_u32(code) else {
            return self.fail(start, "found invalid Unicode character escape code");
        };
        text.push(character);
        self.cursor.skip_many(digits);
        Ok(())
    }

    pub(super) fn scan_plain_scalar(&mut self) -> Result<Token, Error> {
        let start = self.cursor.mark;
        let mut end = start;
        let indent = self.indent + 1;
        let mut text = String::new();
        let mut gap = Gap::default();
        while !self.cursor.is_document_indicator() && !self.cursor.is(b'#') {
            while !self.cursor.is_space_at(0) && !self.ends_plain_scalar() {
                gap.flush(&mut text);
                self.cursor.read(&mut text);
                end = self.cursor.mark;
            }
            if !self.cursor.is_blank() && !self.cursor.is_break() {
                break;
            }
            self.scan_plain_gap(&mut gap, indent, start)?;
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if gap.has_break {
            self.simple_key_allowed = true;
        }
        let kind = TokenKind::Scalar {
            text,
            style: ScalarStyle::Plain,
        };
        Ok(Token { kind, start, end })
    }

    fn ends_plain_scalar(&self) -> bool {
        match self.cursor.byte(0) {
            b':' => self.cursor.is_space_at(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow_level > 0,
            _ => false,
        }
    }

    fn scan_plain_gap(&mut self, gap: &mut Gap, indent: isize, start: Mark) -> Result<(), Error> {
        loop {
            if gap.has_break && self.cursor.is(b'\t') && self.column() < indent {
                return self.fail(start, "found a tab character that violates indentation");
            }
            if self.cursor.is_blank() {
                if gap.has_break {
                    self.cursor.skip();
                } else {
                    self.cursor.read(&mut gap.blanks);
                }
            } else if self.cursor.is_break() {
                if gap.has_break {
                    self.cursor.read_break(&mut gap.more_breaks);
                } else {
                    self.cursor.read_break(&mut gap.first_break);
                    gap.has_break = true;
                }
            } else {
                return Ok(());
            }
        }
    }
}

/// Appends the break between two lines of a block scalar: folding turns a `\n` between lines that
/// do not begin with a blank into a space, or into nothing when empty lines follow.
fn push_block_break(
    style: ScalarStyle,
    blank: bool,
    leading: &str,
    trailing: &str,
    text: &mut String,
) {
    let folds = style == ScalarStyle::Folded && !blank && leading.starts_with('\n');
    match (folds, trailing.is_empty()) {
        (true, true) => text.push(' '),
        (true, false) => {}
        (false, _) => text.push_str(leading),
    }
    text.push_str(trailing);
}
