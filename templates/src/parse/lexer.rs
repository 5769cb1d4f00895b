//! Cuts a template into tokens, scanning bytes.
//!
//! Tokens are as Go's `text/template/parse` cuts them, spaces included, because error texts name them.

use memchr::memmem;

use super::unquote::decode_rune;
use crate::format::quote;
use crate::go::unicode;

/// What a token is. The order matters: what follows `Keyword` is printed as `<word>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TokenKind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Keyword,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

/// A token: its kind and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Cuts one text.
#[derive(Debug)]
pub(super) struct Lexer<'s> {
    text: &'s [u8],
    left: &'s [u8],
    right: &'s [u8],
    finder: memmem::Finder<'s>,
    position: usize,
    start: usize,
    inside_action: bool,
    open_parens: usize,
    /// The text of the one error token.
    error: String,
    failed: bool,
}

const LEFT_COMMENT: &[u8] = b"/*";
const RIGHT_COMMENT: &[u8] = b"*/";
const END: i32 = -1;

impl<'s> Lexer<'s> {
    pub(super) fn new(text: &'s [u8], left: &'s [u8], right: &'s [u8]) -> Self {
        let finder = memmem::Finder::new(left);
        Self {
            text,
            left,
            right,
            finder,
            position: 0,
            start: 0,
            inside_action: false,
            open_parens: 0,
            error: String::new(),
            failed: false,
        }
    }

    /// Returns the text of the error token.
    pub(super) fn error(&self) -> &str {
        &self.error
    }

    /// Returns the next token; after an error only `Eof` follows.
    pub(super) fn next_token(&mut self) -> Token {
        if self.failed {
            return self.token_at(TokenKind::Eof, self.start);
        }
        if self.inside_action {
            self.action_token()
        } else {
            self.text_token()
        }
    }

    fn token_at(&self, kind: TokenKind, start: usize) -> Token {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Token {
            kind,
            start: at(start),
            end: at(self.position),
        }
    }

    fn emit(&mut self, kind: TokenKind) -> Token {
        let token = self.token_at(kind, self.start);
        self.start = self.position;
        token
    }

    fn fail(&mut self, error: String) -> Token {
        self.error = error;
        self.failed = true;
        self.token_at(TokenKind::Error, self.start)
    }

    fn rest(&self) -> &'s [u8] {
        &self.text[self.position..]
    }

    /// Returns the next rune and its width; -1 at the end.
    fn peek(&self) -> (i32, usize) {
        match self.text.get(self.position) {
            None => (END, 0),
            Some(byte) if byte.is_ascii() => (i32::from(*byte), 1),
            Some(_) => {
                let (rune, width) = decode_rune(self.rest());
                (rune.cast_signed(), width)
            }
        }
    }

    fn bump(&mut self) -> i32 {
        let (rune, width) = self.peek();
        self.position += width;
        rune
    }

    /// Scans text up to an action; comments vanish, trim markers eat spaces.
    fn text_token(&mut self) -> Token {
        loop {
            let Some(found) = self.finder.find(self.rest()) else {
                self.position = self.text.len();
                let empty = self.position == self.start;
                return self.emit(if empty {
                    TokenKind::Eof
                } else {
                    TokenKind::Text
                });
            };
            if found > 0 {
                self.position += found;
                let delimiter = self.position;
                if has_left_trim(&self.text[delimiter + self.left.len()..]) {
                    let text = &self.text[self.start..delimiter];
                    self.position = self.start + text.trim_ascii_end_spaces().len();
                }
                let token = self.emit(TokenKind::Text);
                self.position = delimiter;
                self.start = delimiter;
                if token.end > token.start {
                    return token;
                }
            }
            if let Some(token) = self.left_delimiter() {
                return token;
            }
        }
    }

    /// Scans a left delimiter; gives nothing after a comment.
    fn left_delimiter(&mut self) -> Option<Token> {
        self.position += self.left.len();
        let after_marker = if has_left_trim(self.rest()) { 2 } else { 0 };
        if self.rest()[after_marker..].starts_with(LEFT_COMMENT) {
            self.position += after_marker;
            self.start = self.position;
            return self.comment();
        }
        let token = self.emit(TokenKind::LeftDelimiter);
        self.inside_action = true;
        self.open_parens = 0;
        self.position += after_marker;
        self.start = self.position;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token> {
        self.position += LEFT_COMMENT.len();
        let Some(end) = memmem::find(self.rest(), RIGHT_COMMENT) else {
            return Some(self.fail("unclosed comment".to_owned()));
        };
        self.position += end + RIGHT_COMMENT.len();
        let Some(trim) = self.at_right_delimiter() else {
            return Some(self.fail("comment ends before closing delimiter".to_owned()));
        };
        self.skip_right_delimiter(trim);
        self.start = self.position;
        None
    }

    /// Says whether a right delimiter is here, and whether it has a trim marker.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim(rest) && rest[2..].starts_with(self.right) {
            return Some(true);
        }
        rest.starts_with(self.right).then_some(false)
    }

    fn skip_right_delimiter(&mut self, trim: bool) {
        if trim {
            self.position += 2;
        }
        self.position += self.right.len();
        if trim {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_ascii_start_spaces().len();
        }
    }

    fn right_delimiter(&mut self, trim: bool) -> Token {
        if trim {
            self.position += 2;
            self.start = self.position;
        }
        self.position += self.right.len();
        let token = self.emit(TokenKind::RightDelimiter);
        if trim {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_ascii_start_spaces().len();
            self.start = self.position;
        }
        self.inside_action = false;
        token
    }

    /// Scans one token inside an action.
    fn action_token(&mut self) -> Token {
        if let Some(trim) = self.at_right_delimiter() {
            if self.open_parens == 0 {
                return self.right_delimiter(trim);
            }
            return self.fail("unclosed left paren".to_owned());
        }
        let Some(&byte) = self.text.get(self.position) else {
            return self.fail("unclosed action".to_owned());
        };
        self.position += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.space(),
            b'=' => self.emit(TokenKind::Assign),
            b':' => {
                if self.bump() != i32::from(b'=') {
                    return self.fail("expected :=".to_owned());
                }
                self.emit(TokenKind::Declare)
            }
            b'|' => self.emit(TokenKind::Pipe),
            b'"' => self.quoted(b'"', TokenKind::String, "unterminated quoted string"),
            b'`' => self.raw_quoted(),
            b'$' => self.field_or_variable(TokenKind::Variable),
            b'\'' => self.quoted(
                b'\'',
                TokenKind::CharConstant,
                "unterminated character constant",
            ),
            b'.' if !self.text.get(self.position).is_some_and(u8::is_ascii_digit)
                && self.position < self.text.len() =>
            {
                self.field_or_variable(TokenKind::Field)
            }
            b'.' | b'+' | b'-' | b'0'..=b'9' => {
                self.position -= 1;
                self.number()
            }
            b'(' => {
                self.open_parens += 1;
                self.emit(TokenKind::LeftParen)
            }
            b')' => {
                let Some(open) = self.open_parens.checked_sub(1) else {
                    return self.fail("unexpected right paren".to_owned());
                };
                self.open_parens = open;
                self.emit(TokenKind::RightParen)
            }
            _ => {
                self.position -= 1;
                self.word_or_char()
            }
        }
    }

    fn word_or_char(&mut self) -> Token {
        let (rune, width) = self.peek();
        if is_alphanumeric(rune) {
            return self.identifier();
        }
        self.position += width;
        if (0x20..0x7f).contains(&rune) {
            return self.emit(TokenKind::Char);
        }
        self.fail(format!(
            "unrecognized character in action: {}",
            quote::unicode(rune)
        ))
    }

    /// Scans a run of spaces, minding that ` -}}` begins with one.
    fn space(&mut self) -> Token {
        while self
            .text
            .get(self.position)
            .is_some_and(|byte| is_space(i32::from(*byte)))
        {
            self.position += 1;
        }
        let before = self.position - 1;
        if has_right_trim(&self.text[before..]) && self.text[before + 2..].starts_with(self.right) {
            self.position = before;
            if self.position == self.start {
                return self.right_delimiter(true);
            }
        }
        self.emit(TokenKind::Space)
    }

    fn identifier(&mut self) -> Token {
        let last = self.skip_alphanumerics();
        if !self.at_terminator() {
            return self.fail(format!("bad character {}", quote::unicode(last)));
        }
        self.emit(match &self.text[self.start..self.position] {
            b"block" => TokenKind::Block,
            b"break" => TokenKind::Break,
            b"continue" => TokenKind::Continue,
            b"define" => TokenKind::Define,
            b"else" => TokenKind::Else,
            b"end" => TokenKind::End,
            b"if" => TokenKind::If,
            b"range" => TokenKind::Range,
            b"nil" => TokenKind::Nil,
            b"template" => TokenKind::Template,
            b"with" => TokenKind::With,
            b"true" | b"false" => TokenKind::Bool,
            _ => TokenKind::Identifier,
        })
    }

    /// Scans what follows `.` or `$`.
    fn field_or_variable(&mut self, kind: TokenKind) -> Token {
        if self.at_terminator() {
            let alone = if kind == TokenKind::Variable {
                kind
            } else {
                TokenKind::Dot
            };
            return self.emit(alone);
        }
        let last = self.skip_alphanumerics();
        if !self.at_terminator() {
            return self.fail(format!("bad character {}", quote::unicode(last)));
        }
        self.emit(kind)
    }

    /// Skips letters and digits; returns the rune that stopped it.
    fn skip_alphanumerics(&mut self) -> i32 {
        while let Some(byte) = self.text.get(self.position) {
            if byte.is_ascii_alphanumeric() || *byte == b'_' {
                self.position += 1;
                continue;
            }
            let (rune, width) = self.peek();
            if byte.is_ascii() || !is_alphanumeric(rune) {
                return rune;
            }
            self.position += width;
        }
        END
    }

    fn at_terminator(&self) -> bool {
        match self.text.get(self.position) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => {
                true
            }
            Some(_) => self.rest().starts_with(self.right),
        }
    }

    /// Scans up to the closing quote; a backslash takes the next rune with it.
    fn quoted(&mut self, end: u8, kind: TokenKind, unterminated: &str) -> Token {
        loop {
            match self.text.get(self.position) {
                None | Some(b'\n') => return self.fail(unterminated.to_owned()),
                Some(b'\\') => {
                    self.position += 1;
                    if matches!(self.peek().0, END | 10) {
                        return self.fail(unterminated.to_owned());
                    }
                    self.bump();
                }
                Some(byte) => {
                    self.position += 1;
                    if *byte == end {
                        return self.emit(kind);
                    }
                }
            }
        }
    }

    fn raw_quoted(&mut self) -> Token {
        match memchr::memchr(b'`', self.rest()) {
            None => self.fail("unterminated raw quoted string".to_owned()),
            Some(end) => {
                self.position += end + 1;
                self.emit(TokenKind::RawString)
            }
        }
    }

    fn number(&mut self) -> Token {
        let mut good = self.scan_number();
        let mut kind = TokenKind::Number;
        if good && matches!(self.text.get(self.position), Some(b'+' | b'-')) {
            good = self.scan_number() && self.text[self.position - 1] == b'i';
            kind = TokenKind::Complex;
        }
        if good {
            return self.emit(kind);
        }
        let text = quote::quote(&self.text[self.start..self.position]);
        self.fail(format!("bad number syntax: {text}"))
    }

    /// Scans a number loosely: what is wrong with it shows when it is read.
    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                digits = b"0123456789abcdefABCDEF_";
            } else if self.accept(b"oO") {
                digits = b"01234567_";
            } else if self.accept(b"bB") {
                digits = b"01_";
            }
        }
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        if is_alphanumeric(self.peek().0) {
            self.bump();
            return false;
        }
        true
    }

    fn accept(&mut self, valid: &[u8]) -> bool {
        let accepted = self
            .text
            .get(self.position)
            .is_some_and(|byte| valid.contains(byte));
        self.position += usize::from(accepted);
        accepted
    }

    fn accept_run(&mut self, valid: &[u8]) {
        while self.accept(valid) {}
    }
}

fn is_space(rune: i32) -> bool {
    matches!(rune, 0x20 | 0x09 | 0x0d | 0x0a)
}

/// Says whether Go calls the rune a letter, a digit or `_`.
fn is_alphanumeric(rune: i32) -> bool {
    u32::try_from(rune)
        .ok()
        .and_then(char::from_u32)
        .is_some_and(|char| char == '_' || unicode::is_letter(char) || unicode::is_digit(char))
}

fn has_left_trim(text: &[u8]) -> bool {
    matches!(text, [b'-', space, ..] if is_space(i32::from(*space)))
}

fn has_right_trim(text: &[u8]) -> bool {
    matches!(text, [space, b'-', ..] if is_space(i32::from(*space)))
}

/// Trimming of the four characters that trim markers eat.
trait TrimSpaces {
    fn trim_ascii_end_spaces(&self) -> &Self;
    fn trim_ascii_start_spaces(&self) -> &Self;
}

impl TrimSpaces for [u8] {
    fn trim_ascii_end_spaces(&self) -> &Self {
        let end = self
            .iter()
            .rposition(|byte| !is_space(i32::from(*byte)))
            .map_or(0, |at| at + 1);
        &self[..end]
    }

    fn trim_ascii_start_spaces(&self) -> &Self {
        let start = self.iter().position(|byte| !is_space(i32::from(*byte)));
        &self[start.unwrap_or(self.len())..]
    }
}
