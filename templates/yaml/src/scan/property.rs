//! Tokens before a value: directives, anchors and tags.

use super::cursor::{Mark, is_word};
use super::{Scanner, Token, TokenKind};
use crate::Error;

impl Scanner<'_> {
    pub(super) fn scan_directive(&mut self) -> Result<Token, Error> {
        let start = self.cursor.mark;
        self.cursor.skip();
        let name = self.read_word();
        if name.is_empty() {
            return self.fail(start, "could not find expected directive name");
        }
        if !self.cursor.is_space_at(0) {
            return self.fail(start, "found unexpected non-alphabetical character");
        }
        let kind = match name.as_str() {
            "YAML" => self.scan_version(start)?,
            "TAG" => self.scan_tag_directive(start)?,
            _ => return self.fail(start, "found unknown directive name"),
        };
        let end = self.cursor.mark;
        self.skip_blanks();
        self.skip_comment();
        if !self.cursor.is_break_or_end() {
            return self.fail(start, "did not find expected comment or line break");
        }
        self.cursor.skip_break();
        Ok(Token { kind, start, end })
    }

    fn scan_version(&mut self, start: Mark) -> Result<TokenKind, Error> {
        self.skip_blanks();
        let major = self.scan_version_number(start)?;
        if !self.cursor.is(b'.') {
            return self.fail(start, "did not find expected digit or '.' character");
        }
        self.cursor.skip();
        let minor = self.scan_version_number(start)?;
        Ok(TokenKind::VersionDirective { major, minor })
    }

    fn scan_version_number(&mut self, start: Mark) -> Result<u8, Error> {
        let mut number = 0;
        let mut length = 0;
        while self.cursor.byte(0).is_ascii_digit() {
            length += 1;
            if length > 2 {
                return self.fail(start, "found extremely long version number");
            }
            number = number * 10 + (self.cursor.byte(0) - b'0');
            self.cursor.skip();
        }
        if length == 0 {
            return self.fail(start, "did not find expected version number");
        }
        Ok(number)
    }

    fn scan_tag_directive(&mut self, start: Mark) -> Result<TokenKind, Error> {
        self.skip_blanks();
        let handle = self.scan_tag_handle(true, start)?;
        if !self.cursor.is_blank() {
            return self.fail(start, "did not find expected whitespace");
        }
        self.skip_blanks();
        let prefix = self.scan_tag_uri("", start)?;
        if !self.cursor.is_space_at(0) {
            return self.fail(start, "did not find expected whitespace or line break");
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    /// Reads `&name` or `*name`.
    pub(super) fn scan_anchor(&mut self) -> Result<Token, Error> {
        let start = self.cursor.mark;
        let is_alias = self.cursor.is(b'*');
        self.cursor.skip();
        let name = self.read_word();
        let ends = self.cursor.is_space_at(0)
            || matches!(
                self.cursor.byte(0),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if name.is_empty() || !ends {
            return self.fail(
                start,
                "did not find expected alphabetic or numeric character",
            );
        }
        let kind = if is_alias {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        Ok(Token {
            kind,
            start,
            end: self.cursor.mark,
        })
    }

    /// Reads `!<uri>`, `!handle!suffix`, `!suffix` or `!`.
    pub(super) fn scan_tag(&mut self) -> Result<Token, Error> {
        let start = self.cursor.mark;
        let (handle, suffix) = if self.cursor.byte(1) == b'<' {
            (String::new(), self.scan_verbatim_tag(start)?)
        } else {
            self.scan_short_tag(start)?
        };
        if !self.cursor.is_space_at(0) {
            return self.fail(start, "did not find expected whitespace or line break");
        }
        let kind = TokenKind::Tag { handle, suffix };
        Ok(Token {
            kind,
            start,
            end: self.cursor.mark,
        })
    }

    fn scan_verbatim_tag(&mut self, start: Mark) -> Result<String, Error> {
        self.cursor.skip_many(2);
        let uri = self.scan_tag_uri("", start)?;
        if !self.cursor.is(b'>') {
            return self.fail(start, "did not find the expected '>'");
        }
        self.cursor.skip();
        Ok(uri)
    }

    fn scan_short_tag(&mut self, start: Mark) -> Result<(String, String), Error> {
        let handle = self.scan_tag_handle(false, start)?;
        if handle.len() > 1 && handle.ends_with('!') {
            let suffix = self.scan_tag_uri("", start)?;
            return Ok((handle, suffix));
        }
        let suffix = self.scan_tag_uri(&handle, start)?;
        if suffix.is_empty() {
            return Ok((String::new(), "!".to_owned()));
        }
        Ok(("!".to_owned(), suffix))
    }

    fn scan_tag_handle(&mut self, directive: bool, start: Mark) -> Result<String, Error> {
        if !self.cursor.is(b'!') {
            return self.fail(start, "did not find expected '!'");
        }
        self.cursor.skip();
        let mut handle = format!("!{}", self.read_word());
        if self.cursor.is(b'!') {
            self.cursor.read(&mut handle);
        } else if directive && handle != "!" {
            return self.fail(start, "did not find expected '!'");
        }
        Ok(handle)
    }

    /// Reads the characters of a URI after `head`, whose leading `!` is left out.
    fn scan_tag_uri(&mut self, head: &str, start: Mark) -> Result<String, Error> {
        let mut uri = head.get(1..).unwrap_or("").as_bytes().to_vec();
        let mut found = !head.is_empty();
        while is_uri(self.cursor.byte(0)) {
            if self.cursor.is(b'%') {
                self.scan_uri_escape(&mut uri, start)?;
            } else {
                uri.push(self.cursor.byte(0));
                self.cursor.skip();
            }
            found = true;
        }
        if !found {
            return self.fail(start, "did not find expected tag URI");
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// Reads the `%xx` of one character.
    fn scan_uri_escape(&mut self, uri: &mut Vec<u8>, start: Mark) -> Result<(), Error> {
        let first = self.scan_uri_octet(start)?;
        let width = match first {
            0..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => return self.fail(start, "found an incorrect leading UTF-8 octet"),
        };
        uri.push(first);
        self.cursor.skip_many(3);
        for _ in 1..width {
            let octet = self.scan_uri_octet(start)?;
            if octet & 0xc0 != 0x80 {
                return self.fail(start, "found an incorrect trailing UTF-8 octet");
            }
            uri.push(octet);
            self.cursor.skip_many(3);
        }
        Ok(())
    }

    fn scan_uri_octet(&self, start: Mark) -> Result<u8, Error> {
        let digit = |ahead| char::from(self.cursor.byte(ahead)).to_digit(16);
        let octet = self
            .cursor
            .is(b'%')
            .then(|| Some(digit(1)? * 16 + digit(2)?))
            .flatten();
        match octet.and_then(|octet| u8::try_from(octet).ok()) {
            Some(octet) => Ok(octet),
            None => self.fail(start, "did not find URI escaped octet"),
        }
    }

    fn read_word(&mut self) -> String {
        let mut word = String::new();
        while is_word(self.cursor.byte(0)) {
            self.cursor.read(&mut word);
        }
        word
    }
}

fn is_uri(byte: u8) -> bool {
    is_word(byte) || b";/?:@&=+$,.!~*'()[]%".contains(&byte)
}
