//! `snake_case` and kebab-case as huandu/xstrings 1.3.2 makes them.

use super::unicode;
use super::utf8::{RUNE_ERROR, first_rune, push_rune};
use super::words::is_connector;

/// What xstrings cuts a text into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The end of the text, or bytes that are no text.
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punct,
    Other,
}

/// A word and its kind.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    kind: Kind,
    text: &'a [u8],
}

/// Returns `text` in lower case with `connector` between its words.
pub(crate) fn lower_words(text: &[u8], connector: char) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut writer = Writer {
        words: Words(text),
        word: Word {
            kind: Kind::Invalid,
            text,
        },
        out: Vec::new(),
        connector,
    };
    writer.advance();
    while !writer.words.0.is_empty() {
        writer.step();
    }
    writer.write(writer.word);
    writer.out
}

/// Writes word after word; `word` is the one not written yet.
struct Writer<'a> {
    words: Words<'a>,
    word: Word<'a>,
    out: Vec<u8>,
    connector: char,
}

impl<'a> Writer<'a> {
    fn advance(&mut self) {
        self.word = self.words.next_word();
    }

    /// Writes the word at hand and, where the next ones go with it, those too.
    fn step(&mut self) {
        let last = self.word;
        if last.kind != Kind::Connector {
            self.write(last);
        }
        self.advance();
        match last.kind {
            Kind::Number => {
                self.write_letters_and_numbers();
                self.connect_unless(&[Kind::Invalid, Kind::Punct]);
            }
            Kind::Connector => self.write(last),
            Kind::Punct => {}
            Kind::Invalid | Kind::Upper | Kind::Alphabet | Kind::Other => self.after_letters(),
        }
    }

    /// Goes on after a word of letters: a number belongs to it unless lower case letters follow the number.
    fn after_letters(&mut self) {
        if self.word.kind != Kind::Number {
            self.connect_unless(&[Kind::Connector, Kind::Punct]);
            return;
        }
        if self.words.0.is_empty() {
            return;
        }
        let number = self.word;
        self.advance();
        if self.word.kind != Kind::Alphabet {
            self.write(number);
            self.connect_unless(&[Kind::Connector, Kind::Punct]);
            return;
        }
        push_rune(&mut self.out, self.connector);
        self.write(number);
        self.write_letters_and_numbers();
        self.connect_unless(&[Kind::Invalid, Kind::Connector, Kind::Punct]);
    }

    fn write_letters_and_numbers(&mut self) {
        while matches!(self.word.kind, Kind::Alphabet | Kind::Number) {
            self.write(self.word);
            self.advance();
        }
    }

    fn connect_unless(&mut self, kinds: &[Kind]) {
        if !kinds.contains(&self.word.kind) {
            push_rune(&mut self.out, self.connector);
        }
    }

    /// Writes a word in lower case; only words of upper case letters and connectors can change.
    fn write(&mut self, word: Word<'a>) {
        if !matches!(word.kind, Kind::Upper | Kind::Connector) {
            self.out.extend_from_slice(word.text);
            return;
        }
        let mut rest = word.text;
        while let Some(rune) = first_rune(rest) {
            rest = &rest[rune.size..];
            let lower = match rune.value {
                value if is_connector(value) => self.connector,
                value if unicode::is_upper(value) => unicode::to_lower(value),
                value => value,
            };
            push_rune(&mut self.out, lower);
        }
    }
}

/// The text that is left.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// Takes the next word; the end is an empty invalid one.
    fn next_word(&mut self) -> Word<'a> {
        let text = self.0;
        if text.is_empty() {
            return Word {
                kind: Kind::Invalid,
                text,
            };
        }
        let (rune, size) = next_valid(text, RUNE_ERROR);
        let (kind, length) = match rune {
            RUNE_ERROR => (Kind::Invalid, size),
            _ if is_connector(rune) => (Kind::Connector, run(text, size, rune, is_connector)),
            _ if unicode::is_punct(rune) => (Kind::Punct, run(text, size, rune, unicode::is_punct)),
            _ if unicode::is_upper(rune) => (Kind::Upper, upper_length(text, size, rune)),
            _ if is_alphabet(rune) => (Kind::Alphabet, run(text, size, rune, is_small)),
            _ if unicode::is_number(rune) => {
                (Kind::Number, run(text, size, rune, unicode::is_number))
            }
            _ => (Kind::Other, other_length(text, size, rune)),
        };
        let (word, rest) = text.split_at(length);
        self.0 = rest;
        Word { kind, text: word }
    }
}

/// Returns the next rune that is valid, and the bytes up to its end; `previous` where none is left.
fn next_valid(text: &[u8], previous: char) -> (char, usize) {
    let mut size = 0;
    while let Some(rune) = first_rune(&text[size..]) {
        size += rune.size;
        if rune.value != RUNE_ERROR {
            return (rune.value, size);
        }
    }
    (previous, size)
}

/// Returns where the runes that `belongs` wants end, from `start` on.
fn run(text: &[u8], start: usize, first: char, belongs: impl Fn(char) -> bool) -> usize {
    let (mut end, mut previous) = (start, first);
    while end < text.len() {
        let (rune, size) = next_valid(&text[end..], previous);
        if !belongs(rune) {
            break;
        }
        end += size;
        previous = rune;
    }
    end
}

/// `Status`, or the `HTTP` of `HTTPStatus`.
fn upper_length(text: &[u8], start: usize, first: char) -> usize {
    if start == text.len() {
        return start;
    }
    let (second, size) = next_valid(&text[start..], first);
    if !unicode::is_upper(second) {
        return if is_alphabet(second) {
            run(text, start + size, second, is_small)
        } else {
            start
        };
    }
    let (mut end, mut previous_size, mut rune) = (start + size, size, second);
    while end < text.len() {
        let (next, size) = next_valid(&text[end..], rune);
        rune = next;
        if !unicode::is_upper(rune) {
            break;
        }
        previous_size = size;
        end += size;
    }
    if end < text.len() && is_alphabet(rune) {
        end - previous_size
    } else {
        end
    }
}

fn other_length(text: &[u8], start: usize, first: char) -> usize {
    run(text, start, first, |rune| {
        !is_connector(rune)
            && !is_alphabet(rune)
            && !unicode::is_number(rune)
            && !unicode::is_punct(rune)
    })
}

/// A letter that is no upper case one.
fn is_small(rune: char) -> bool {
    is_alphabet(rune) && !unicode::is_upper(rune)
}

/// A letter of a script that writes words with letters: not one of the common CJK blocks.
fn is_alphabet(rune: char) -> bool {
    let cjk = matches!(rune, '\u{3400}'..='\u{4D85}' | '\u{4E00}'..='\u{9FCC}' | '\u{20000}'..='\u{2B81D}');
    unicode::is_letter(rune) && !cjk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_xstrings() {
        for (text, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
        ] {
            assert_eq!(
                String::from_utf8(lower_words(text.as_bytes(), '_')).unwrap(),
                snake
            );
        }
    }
}
