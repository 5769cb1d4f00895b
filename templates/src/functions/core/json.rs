//! Values as JSON, as Go's encoding/json writes them.

use std::collections::BTreeSet;

use super::support::{DEPTH, Outcome, bounded_text, bytes_of, too_deep};
use crate::functions::rest::methods;
use crate::functions::{Arguments, Context, Function};
use crate::go::bounded::TooLong;
use crate::go::{encoding, json_text, timestamp};
use crate::value::{Foreign, Map, Slice, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toJson", &[Type::Interface], Type::String, to_json).documented(
        "Returns a value as JSON; an empty text for what JSON cannot express.",
        r#"{{ toJson (dict "name" "a" "ports" (list 80 443)) }}"#,
        r#"{"name":"a","ports":[80,443]}"#,
    ),
    Function::new(
        "toPrettyJson",
        &[Type::Interface],
        Type::String,
        to_pretty_json,
    )
    .documented(
        "Returns a value as JSON on several lines, indented by two spaces.",
        r#"{{ toPrettyJson (dict "name" "a") }}"#,
        "{\n  \"name\": \"a\"\n}",
    ),
];

fn to_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    written(context, &arguments[0], false)
}

fn to_pretty_json(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    written(context, &arguments[0], true)
}

/// Sprig drops the error and gives an empty text.
fn written(context: &mut Context<'_>, value: &Value, pretty: bool) -> Outcome {
    let mut deep = false;
    let outcome = bounded_text(context, |limit| {
        let mut writer = Writer {
            out: Vec::new(),
            limit,
            pretty,
            path: Vec::new(),
        };
        match writer.value(value) {
            Ok(()) => Ok(writer.out),
            Err(Failure::TooLong) => Err(TooLong),
            Err(Failure::Unsupported) => Ok(Vec::new()),
            Err(Failure::TooDeep) => {
                deep = true;
                Ok(Vec::new())
            }
        }
    });
    if deep { Err(too_deep()) } else { outcome }
}

/// Why a value was not written.
enum Failure {
    /// JSON has no word for it: NaN, a complex number, a list that contains itself.
    Unsupported,
    TooDeep,
    TooLong,
}

struct Writer {
    out: Vec<u8>,
    limit: usize,
    pretty: bool,
    /// The containers around what is being written.
    path: Vec<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Failure> {
        if self.out.len() > self.limit {
            return Err(Failure::TooLong);
        }
        match value {
            Value::Invalid | Value::Nil => self.word("null"),
            Value::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Value::Int(_, value) => self.word(&value.to_string()),
            Value::Uint(_, value) => self.word(&value.to_string()),
            Value::Float32(value) => {
                self.word(&json_text::float32(*value).ok_or(Failure::Unsupported)?);
            }
            Value::Float(value) => {
                self.word(&json_text::float64(*value).ok_or(Failure::Unsupported)?);
            }
            Value::Complex(..) => return Err(Failure::Unsupported),
            Value::Str(text) => json_text::push_string(&mut self.out, text),
            Value::Slice(slice) => return self.slice(slice),
            Value::Map(map) => return self.map(map),
            // A struct without exported fields.
            Value::Error(_) => self.word("{}"),
            Value::Foreign(foreign) => return self.foreign(foreign),
        }
        Ok(())
    }

    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }

    fn slice(&mut self, slice: &Slice) -> Result<(), Failure> {
        if slice.is_nil() {
            self.word("null");
            return Ok(());
        }
        if slice.go_type() == Type::BYTES {
            self.out.push(b'"');
            self.out.extend(encoding::to_base64(&bytes_of(slice)));
            self.out.push(b'"');
            return Ok(());
        }
        self.enter(slice.address())?;
        self.out.push(b'[');
        slice.with(|items| {
            for (number, item) in items.iter().enumerate() {
                self.begin_item(number);
                self.value(item)?;
            }
            Ok(())
        })?;
        self.leave(b']', slice.is_empty());
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), Failure> {
        if map.is_nil() {
            self.word("null");
            return Ok(());
        }
        self.enter(map.address())?;
        self.out.push(b'{');
        map.with(|entries| {
            for (number, (key, item)) in entries.iter().enumerate() {
                self.begin_item(number);
                json_text::push_string(&mut self.out, key);
                self.word(if self.pretty { ": " } else { ":" });
                self.value(item)?;
            }
            Ok(())
        })?;
        self.leave(b'}', map.is_empty());
        Ok(())
    }

    /// Notes a container; one inside itself cannot be written, as Go finds out too.
    fn enter(&mut self, address: usize) -> Result<(), Failure> {
        if self.path.len() >= DEPTH {
            let mut seen: BTreeSet<usize> = BTreeSet::from([address]);
            let in_itself = self.path.iter().any(|address| !seen.insert(*address));
            return Err(if in_itself {
                Failure::Unsupported
            } else {
                Failure::TooDeep
            });
        }
        self.path.push(address);
        Ok(())
    }

    fn begin_item(&mut self, number: usize) {
        if number > 0 {
            self.out.push(b',');
        }
        self.new_line();
    }

    fn leave(&mut self, bracket: u8, is_empty: bool) {
        self.path.pop();
        if !is_empty {
            self.new_line();
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self) {
        if self.pretty {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * self.path.len(), b' ');
        }
    }

    fn foreign(&mut self, foreign: &Foreign) -> Result<(), Failure> {
        match foreign {
            Foreign::Location(_) | Foreign::VersionStruct(_) => self.word("{}"),
            Foreign::Version(_) => {
                let text = methods::string(foreign).unwrap_or_default();
                json_text::push_string(&mut self.out, &text);
            }
            Foreign::Time(time) => {
                let text = timestamp::rfc3339(time).ok_or(Failure::Unsupported)?;
                json_text::push_string(&mut self.out, text.as_bytes());
            }
            Foreign::Certificate(certificate) => {
                let fields = [("Cert", &certificate.cert), ("Key", &certificate.key)];
                let fields = fields.map(|(key, text)| (key, Value::Str(text.clone())));
                if let Value::Map(map) = Value::dict(fields) {
                    self.map(&map)?;
                }
            }
        }
        Ok(())
    }
}
