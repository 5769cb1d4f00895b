//! A place in a text that moves forward, with line and column.

use crate::Span;

/// A place as libyaml counts: everything from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes before it.
    pub(crate) offset: usize,
    /// Characters before it.
    pub(crate) index: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<Mark> for Span {
    fn from(mark: Mark) -> Self {
        Self {
            offset: mark.offset,
            line: mark.line + 1,
            column: mark.column + 1,
        }
    }
}

/// The text and the place.
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) mark: Mark,
}

impl<'a> Cursor<'a> {
    /// Starts behind a byte-order mark, if there is one.
    pub(super) fn new(text: &'a str) -> Self {
        let text_behind = text.strip_prefix('\u{feff}').unwrap_or(text);
        let offset = text.len() - text_behind.len();
        Self {
            text,
            mark: Mark {
                offset,
                ..Mark::default()
            },
        }
    }

    /// Returns the byte `ahead` bytes further on; 0, which no document has, beyond the end.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.text
            .as_bytes()
            .get(self.mark.offset + ahead)
            .copied()
            .unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.mark.offset >= self.text.len()
    }

    pub(super) fn is(&self, byte: u8) -> bool {
        self.byte(0) == byte
    }

    /// A space or a tab.
    pub(super) fn is_blank(&self) -> bool {
        is_blank(self.byte(0))
    }

    pub(super) fn is_break(&self) -> bool {
        self.is_break_at(0)
    }

    pub(super) fn is_break_at(&self, ahead: usize) -> bool {
        match self.byte(ahead) {
            b'\r' | b'\n' => true,
            0xc2 => self.byte(ahead + 1) == 0x85,
            0xe2 => self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9),
            _ => false,
        }
    }

    /// A line break or the end.
    pub(super) fn is_break_or_end(&self) -> bool {
        self.at_end() || self.is_break()
    }

    /// A blank, a line break or the end.
    pub(super) fn is_space_at(&self, ahead: usize) -> bool {
        let byte = self.byte(ahead);
        byte == 0 || is_blank(byte) || self.is_break_at(ahead)
    }

    /// Tells whether a line begins here with `---` or `...` on its own.
    pub(super) fn is_document_indicator(&self) -> bool {
        self.is_indicator(*b"---") || self.is_indicator(*b"...")
    }

    pub(super) fn is_indicator(&self, indicator: [u8; 3]) -> bool {
        self.mark.column == 0
            && self.byte(0) == indicator[0]
            && self.byte(1) == indicator[1]
            && self.byte(2) == indicator[2]
            && self.is_space_at(3)
    }

    /// Steps over one character, which is no line break; the end is never passed.
    pub(super) fn skip(&mut self) {
        self.advance_by(self.width());
    }

    /// Steps over the next `count` characters.
    pub(super) fn skip_many(&mut self, count: usize) {
        for _ in 0..count {
            self.skip();
        }
    }

    /// Appends the next character to `out` and steps over it.
    pub(super) fn read(&mut self, out: &mut String) {
        let width = self.width();
        let from = self.mark.offset;
        out.push_str(self.text.get(from..from + width).unwrap_or(""));
        self.advance_by(width);
    }

    /// Appends a line break to `out`, in its normal form, and steps over it.
    pub(super) fn read_break(&mut self, out: &mut String) {
        match self.byte(0) {
            0xe2 => {
                let from = self.mark.offset;
                out.push_str(self.text.get(from..from + 3).unwrap_or(""));
            }
            _ => out.push('\n'),
        }
        self.skip_break();
    }

    /// Steps over a line break, if there is one.
    pub(super) fn skip_break(&mut self) {
        if !self.is_break() {
            return;
        }
        let (bytes, characters) = match (self.byte(0), self.byte(1)) {
            (b'\r', b'\n') => (2, 2),
            (b'\r' | b'\n', _) => (1, 1),
            (0xc2, _) => (2, 1),
            _ => (3, 1),
        };
        self.mark = Mark {
            offset: self.mark.offset + bytes,
            index: self.mark.index + characters,
            line: self.mark.line + 1,
            column: 0,
        };
    }

    fn width(&self) -> usize {
        match self.byte(0) {
            0..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0.. => 4,
        }
    }

    fn advance_by(&mut self, bytes: usize) {
        if !self.at_end() {
            self.mark.offset += bytes;
            self.mark.index += 1;
            self.mark.column += 1;
        }
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// What names of anchors, tags and directives are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
