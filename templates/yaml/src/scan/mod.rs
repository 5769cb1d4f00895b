//! Characters to tokens, by the rules of libyaml, which go-yaml's scanner follows.
//!
//! YAML's grammar is not context-free at this level: a scalar is a key only when a `:` follows
//! within its line and 1024 characters. So the scanner remembers where a *simple key* could have
//! begun, and puts a `Key` token there when the `:` comes; until then it does not hand the token
//! out. Which errors are found, and in which order, depends on exactly this look-ahead.

mod cursor;
mod property;
mod scalar;

use std::collections::{BTreeMap, VecDeque};

use crate::{Error, ScalarStyle};
use cursor::Cursor;
pub(crate) use cursor::Mark;

/// A token and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    StreamEnd,
    VersionDirective { major: u8, minor: u8 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar { text: String, style: ScalarStyle },
}

/// A place where a key without `?` may have begun.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// In a block mapping a line that begins like a key has to be one.
    required: bool,
    token_number: usize,
    mark: Mark,
}

/// Turns a text into tokens, as few at a time as possible.
pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    /// What makes the text end early: a character that YAML forbids.
    forbidden: Option<Error>,
    tokens: VecDeque<Token>,
    tokens_taken: usize,
    head_is_ready: bool,
    /// The column of the innermost block collection, -1 outside of all.
    indent: isize,
    indents: Vec<isize>,
    flow_level: usize,
    simple_key_allowed: bool,
    /// One for the block context and one for each flow level.
    simple_keys: Vec<SimpleKey>,
    simple_key_by_token: BTreeMap<usize, usize>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let (readable, forbidden) = readable_part(text);
        Self {
            cursor: Cursor::new(readable),
            forbidden,
            tokens: VecDeque::new(),
            tokens_taken: 0,
            head_is_ready: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            simple_key_by_token: BTreeMap::new(),
        }
    }

    /// Returns the next token without taking it.
    pub(crate) fn peek(&mut self) -> Result<&Token, Error> {
        if !self.head_is_ready {
            self.fetch_until_ready()?;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the token that [`Scanner::peek`] returned last; the end of the stream stays.
    pub(crate) fn take(&mut self) -> Result<Token, Error> {
        if self.peek()?.kind == TokenKind::StreamEnd {
            return Ok(self.tokens[0].clone());
        }
        self.head_is_ready = false;
        self.tokens_taken += 1;
        let token = self.tokens.pop_front();
        token.map_or_else(
            || self.fail(self.cursor.mark, "unknown problem parsing YAML content"),
            Ok,
        )
    }

    fn fetch_until_ready(&mut self) -> Result<(), Error> {
        while self.tokens.is_empty() || self.head_may_become_a_key()? {
            self.fetch_next()?;
        }
        self.head_is_ready = true;
        Ok(())
    }

    fn head_may_become_a_key(&mut self) -> Result<bool, Error> {
        match self.simple_key_by_token.get(&self.tokens_taken) {
            Some(level) => self.simple_key_is_valid(*level),
            None => Ok(false),
        }
    }

    fn fetch_next(&mut self) -> Result<(), Error> {
        self.skip_to_next_token();
        self.unroll_indent(self.column());
        if self.cursor.at_end() {
            return self.fetch_stream_end();
        }
        if self.cursor.mark.column == 0 && self.cursor.is(b'%') {
            return self.fetch_directive();
        }
        if self.cursor.is_indicator(*b"---") {
            return self.fetch_document_indicator(TokenKind::DocumentStart);
        }
        if self.cursor.is_indicator(*b"...") {
            return self.fetch_document_indicator(TokenKind::DocumentEnd);
        }
        let flow = self.flow_level > 0;
        let spaced = self.cursor.is_space_at(1);
        match self.cursor.byte(0) {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if spaced => self.fetch_block_entry(),
            b'?' if flow || spaced => self.fetch_key(),
            b':' if flow || spaced => self.fetch_value(),
            b'*' | b'&' => self.fetch_anchor(),
            b'!' => self.fetch_tag(),
            b'|' if !flow => self.fetch_block_scalar(ScalarStyle::Literal),
            b'>' if !flow => self.fetch_block_scalar(ScalarStyle::Folded),
            b'\'' => self.fetch_flow_scalar(ScalarStyle::SingleQuoted),
            b'"' => self.fetch_flow_scalar(ScalarStyle::DoubleQuoted),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => self.fail(
                self.cursor.mark,
                "found character that cannot start any token",
            ),
            _ => self.fetch_plain_scalar(),
        }
    }

    /// Steps over spaces, comments and line breaks. A tab is only white space where no key could
    /// begin: otherwise it would be indentation.
    fn skip_to_next_token(&mut self) {
        loop {
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.cursor.is(b' ') || (tabs && self.cursor.is(b'\t')) {
                self.cursor.skip();
            }
            self.skip_comment();
            if !self.cursor.is_break() {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    fn skip_comment(&mut self) {
        if self.cursor.is(b'#') {
            while !self.cursor.is_break_or_end() {
                self.cursor.skip();
            }
        }
    }

    fn skip_blanks(&mut self) {
        while self.cursor.is_blank() {
            self.cursor.skip();
        }
    }

    fn simple_key_is_valid(&mut self, level: usize) -> Result<bool, Error> {
        let mark = self.cursor.mark;
        let Some(key) = self.simple_keys.get_mut(level).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line == mark.line && key.mark.index + 1024 >= mark.index {
            return Ok(true);
        }
        if key.required {
            let context = key.mark;
            return self.fail(context, "could not find expected ':'");
        }
        key.possible = false;
        Ok(false)
    }

    fn save_simple_key(&mut self) -> Result<(), Error> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let required = self.flow_level == 0 && self.indent == self.column();
        let token_number = self.tokens_taken + self.tokens.len();
        let key = SimpleKey {
            possible: true,
            required,
            token_number,
            mark: self.cursor.mark,
        };
        self.remove_simple_key()?;
        self.simple_keys[self.flow_level] = key;
        self.simple_key_by_token
            .insert(token_number, self.flow_level);
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), Error> {
        let key = self.simple_keys[self.flow_level];
        if !key.possible {
            return Ok(());
        }
        if key.required {
            return self.fail(key.mark, "could not find expected ':'");
        }
        self.simple_keys[self.flow_level].possible = false;
        self.simple_key_by_token.remove(&key.token_number);
        Ok(())
    }

    /// Opens a block collection at `column` unless one is open there; its token goes before token
    /// `before`, or last.
    fn roll_indent(&mut self, column: isize, before: Option<usize>, kind: TokenKind, mark: Mark) {
        if self.flow_level > 0 || self.indent >= column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column;
        let token = Token {
            kind,
            start: mark,
            end: mark,
        };
        let place = before.map_or(self.tokens.len(), |number| number - self.tokens_taken);
        self.tokens.insert(place, token);
    }

    /// Closes the block collections that are further right than `column`.
    fn unroll_indent(&mut self, column: isize) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.push_here(TokenKind::BlockEnd);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Error> {
        if let Some(error) = &self.forbidden {
            return Err(error.clone());
        }
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push_here(TokenKind::StreamEnd);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Error> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_directive()?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push_skipping(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.save_simple_key()?;
        if self.flow_level >= crate::MAX_DEPTH {
            let message = format!("exceeded max depth of {}", crate::MAX_DEPTH);
            return self.fail(self.cursor.mark, &message);
        }
        self.flow_level += 1;
        let token_number = self.tokens_taken + self.tokens.len();
        self.simple_keys.push(SimpleKey {
            token_number,
            ..SimpleKey::default()
        });
        self.simple_key_allowed = true;
        self.push_skipping(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            if let Some(key) = self.simple_keys.pop() {
                self.simple_key_by_token.remove(&key.token_number);
            }
        }
        self.simple_key_allowed = false;
        self.push_skipping(kind, 1);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), Error> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_skipping(TokenKind::FlowEntry, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        let mark = self.cursor.mark;
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                let message = "block sequence entries are not allowed in this context";
                return self.fail(mark, message);
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, mark);
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_skipping(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        let mark = self.cursor.mark;
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail(mark, "mapping keys are not allowed in this context");
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, mark);
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_skipping(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        if self.simple_key_is_valid(self.flow_level)? {
            self.turn_into_key(self.simple_keys[self.flow_level]);
        } else {
            let mark = self.cursor.mark;
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return self.fail(mark, "mapping values are not allowed in this context");
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, mark);
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_skipping(TokenKind::Value, 1);
        Ok(())
    }

    /// Puts the tokens that make a simple key a key before it.
    fn turn_into_key(&mut self, key: SimpleKey) {
        let token = Token {
            kind: TokenKind::Key,
            start: key.mark,
            end: key.mark,
        };
        self.tokens
            .insert(key.token_number - self.tokens_taken, token);
        let column = signed(key.mark.column);
        self.roll_indent(
            column,
            Some(key.token_number),
            TokenKind::BlockMappingStart,
            key.mark,
        );
        self.simple_keys[self.flow_level].possible = false;
        self.simple_key_by_token.remove(&key.token_number);
        self.simple_key_allowed = false;
    }

    fn fetch_anchor(&mut self) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_anchor()?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_tag()?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, style: ScalarStyle) -> Result<(), Error> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let token = self.scan_block_scalar(style)?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_flow_scalar(&mut self, style: ScalarStyle) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_flow_scalar(style)?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn fetch_plain_scalar(&mut self) -> Result<(), Error> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_plain_scalar()?;
        self.tokens.push_back(token);
        Ok(())
    }

    fn push_here(&mut self, kind: TokenKind) {
        self.push_skipping(kind, 0);
    }

    fn push_skipping(&mut self, kind: TokenKind, characters: usize) {
        let start = self.cursor.mark;
        self.cursor.skip_many(characters);
        self.tokens.push_back(Token {
            kind,
            start,
            end: self.cursor.mark,
        });
    }

    fn column(&self) -> isize {
        signed(self.cursor.mark.column)
    }

    /// An error here, with `context` as where the thing began that has it.
    fn fail<T>(&self, context: Mark, message: &str) -> Result<T, Error> {
        if let Some(error) = self.forbidden.as_ref().filter(|_| self.cursor.at_end()) {
            return Err(error.clone());
        }
        let mark = self.cursor.mark;
        let shown = if mark.line == 0 {
            context.line
        } else {
            mark.line + 1
        };
        Err(Error::located(message, mark.into(), shown))
    }
}

fn signed(column: usize) -> isize {
    isize::try_from(column).unwrap_or(isize::MAX)
}

/// Cuts `text` before the first block of 512 bytes with a character that YAML forbids: go-yaml
/// reads ahead by such blocks, so errors before them are found first.
fn readable_part(text: &str) -> (&str, Option<Error>) {
    let Some((offset, _)) = text.char_indices().find(|(_, each)| is_forbidden(*each)) else {
        return (text, None);
    };
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let mark = Mark {
        offset,
        line: before.matches('\n').count(),
        column: before[line_start..].chars().count(),
        index: 0,
    };
    let mut block = offset / 512 * 512;
    while !text.is_char_boundary(block) {
        block -= 1;
    }
    let error = Error::unlocated("control characters are not allowed", mark.into());
    (&text[..block], Some(error))
}

fn is_forbidden(each: char) -> bool {
    !matches!(
        each,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..
    )
}
