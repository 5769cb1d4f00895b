//! Prints one argument under one verb.

use super::{float, integer, names, quote, runes};
use crate::functions::rest::methods;
use crate::limits::{Exceeded, Meter};
use crate::value::{Foreign, IntKind, Kind, Slice, Type, UintKind, Value};

/// What stands for an address: real ones would differ from run to run.
const ADDRESS: u64 = 0xc0_0001_2000;

/// How many bytes may be written before they are paid for.
const UNPAID: usize = 4096;

/// The flags of a directive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) plus_v: bool,
    /// `%#v`
    pub(super) sharp_v: bool,
}

/// Prints arguments into a buffer.
pub(super) struct Printer<'m> {
    pub(super) out: Vec<u8>,
    pub(super) flags: Flags,
    meter: &'m mut Meter,
    /// How much of `out` is paid for.
    paid: usize,
    /// Whether a complaint is being written, in which `String` methods have no say.
    complaining: bool,
}

/// What is still to be printed of a nested value.
enum Step {
    Text(&'static str),
    Owned(String),
    Key(crate::value::Str),
    Value(Value),
    /// The zone of a time in UTC.
    NilLocation,
}

impl<'m> Printer<'m> {
    pub(super) fn new(meter: &'m mut Meter, out: Vec<u8>) -> Self {
        let paid = out.len();
        Self {
            out,
            flags: Flags::default(),
            meter,
            paid,
            complaining: false,
        }
    }

    /// Returns what was printed.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Exceeded> {
        self.pay()?;
        Ok(self.out)
    }

    /// Pays for what was printed, if it is much.
    pub(super) fn check(&mut self) -> Result<(), Exceeded> {
        if self.out.len() > self.paid + UNPAID {
            self.pay()
        } else {
            Ok(())
        }
    }

    fn pay(&mut self) -> Result<(), Exceeded> {
        let unpaid = self.out.len().saturating_sub(self.paid);
        self.paid = self.out.len();
        self.meter.allocate(unpaid)
    }

    pub(super) fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Prints an argument (`printArg`).
    pub(super) fn argument(&mut self, value: &Value, verb: char) -> Result<(), Exceeded> {
        let Some(go_type) = value.go_type() else {
            match verb {
                'T' | 'v' => self.pad(b"<nil>"),
                _ => self.push(&format!("%!{verb}(<nil>)")),
            }
            return Ok(());
        };
        match verb {
            'T' => {
                self.string_as_is(go_type.to_string().as_bytes());
                Ok(())
            }
            'p' => self.pointer(value, go_type, 'p'),
            _ => self.value(value, verb, false),
        }
    }

    /// Prints a value with all that is in it, however deep.
    fn value(&mut self, value: &Value, verb: char, nested: bool) -> Result<(), Exceeded> {
        let mut steps = Vec::new();
        self.one(value, verb, nested, &mut steps)?;
        while let Some(step) = steps.pop() {
            match step {
                Step::Text(text) => self.push(text),
                Step::Owned(text) => self.push(&text),
                Step::Key(key) => self.string(&key, verb)?,
                Step::NilLocation => self.nil_location(verb),
                Step::Value(Value::Nil | Value::Invalid) => {
                    self.push(if self.flags.sharp_v {
                        "interface {}(nil)"
                    } else {
                        "<nil>"
                    });
                }
                Step::Value(value) => self.one(&value, verb, true, &mut steps)?,
            }
            self.meter.spend(1)?;
            self.check()?;
        }
        Ok(())
    }

    /// Prints a simple value; leaves the pieces of any other, the last first.
    fn one(
        &mut self,
        value: &Value,
        verb: char,
        nested: bool,
        steps: &mut Vec<Step>,
    ) -> Result<(), Exceeded> {
        if self.by_method(value, verb)? {
            return Ok(());
        }
        match value {
            Value::Invalid | Value::Nil => self.push("<nil>"),
            Value::Bool(boolean) => match verb {
                't' | 'v' => self.pad(if *boolean { b"true" } else { b"false" }),
                _ => self.bad_verb(value, verb)?,
            },
            Value::Int(_, number) => self.integer(value, number.cast_unsigned(), true, verb)?,
            Value::Uint(_, number) => self.integer(value, *number, false, verb)?,
            Value::Float32(number) => self.float(value, f64::from(*number), true, verb)?,
            Value::Float(number) => self.float(value, *number, false, verb)?,
            Value::Complex(real, imaginary) => self.complex(value, *real, *imaginary, verb)?,
            Value::Str(text) | Value::Error(text) => self.string(text, verb)?,
            Value::Slice(slice) => self.slice(slice, verb, nested, steps)?,
            Value::Map(map) => self.map(map, steps),
            Value::Foreign(foreign) => self.foreign(foreign, value, verb, nested, steps)?,
        }
        Ok(())
    }

    /// Prints by the `String`, `Error` or `GoString` method, if there is one that has a say.
    fn by_method(&mut self, value: &Value, verb: char) -> Result<bool, Exceeded> {
        if self.complaining {
            return Ok(false);
        }
        let named = match value {
            Value::Foreign(_) | Value::Error(_) => true,
            Value::Int(kind, _) => {
                matches!(kind, IntKind::Duration | IntKind::Month | IntKind::Weekday)
            }
            Value::Slice(_) | Value::Map(_) => false,
            _ => return Ok(false),
        };
        if verb == 'w' {
            self.bad_verb(value, verb)?;
            return Ok(true);
        }
        if !named {
            return Ok(false);
        }
        if self.flags.sharp_v {
            let Value::Foreign(foreign) = value else {
                return Ok(false);
            };
            let Some(text) = methods::go_string(foreign) else {
                return Ok(false);
            };
            self.string_as_is(&text);
            return Ok(true);
        }
        if !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return Ok(false);
        }
        let text = match value {
            Value::Error(text) => Some(text.to_vec()),
            Value::Int(kind, number) => names::text_of_named_int(*kind, *number),
            Value::Foreign(foreign) => methods::string(foreign),
            _ => None,
        };
        let Some(text) = text else { return Ok(false) };
        self.string(&text, verb)?;
        Ok(true)
    }

    /// Complains: `%!d(string=hi)`.
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) -> Result<(), Exceeded> {
        let go_type = value
            .go_type()
            .map_or_else(|| "<nil>".to_owned(), |of| of.to_string());
        self.push(&format!("%!{verb}({go_type}="));
        self.without_methods(value)?;
        self.push(")");
        Ok(())
    }

    /// Prints a value as if its type had no methods.
    pub(super) fn without_methods(&mut self, value: &Value) -> Result<(), Exceeded> {
        self.complaining = true;
        let printed = self.value(value, 'v', false);
        self.complaining = false;
        printed
    }

    fn integer(
        &mut self,
        value: &Value,
        number: u64,
        signed: bool,
        verb: char,
    ) -> Result<(), Exceeded> {
        let format = match verb {
            'v' if self.flags.sharp_v && !signed => {
                integer::append_hex(self, number, true);
                return Ok(());
            }
            'v' | 'd' => integer::Format {
                base: 10,
                upper: false,
            },
            'b' => integer::Format {
                base: 2,
                upper: false,
            },
            'o' | 'O' => integer::Format {
                base: 8,
                upper: false,
            },
            'x' => integer::Format {
                base: 16,
                upper: false,
            },
            'X' => integer::Format {
                base: 16,
                upper: true,
            },
            'c' => {
                let mut text = Vec::new();
                runes::push(&mut text, u32::try_from(number).unwrap_or(u32::MAX));
                self.pad(&text);
                return Ok(());
            }
            'q' => {
                let mut text = Vec::new();
                let rune = u32::try_from(number).unwrap_or(u32::MAX);
                quote::append_quoted_rune(&mut text, rune, self.flags.plus);
                self.pad(&text);
                return Ok(());
            }
            'U' => {
                integer::append_unicode(self, number);
                return Ok(());
            }
            _ => return self.bad_verb(value, verb),
        };
        integer::append(self, number, signed, format, verb);
        Ok(())
    }

    fn float(
        &mut self,
        value: &Value,
        number: f64,
        single: bool,
        verb: char,
    ) -> Result<(), Exceeded> {
        let Some((format, precision)) = float::defaults(verb) else {
            return self.bad_verb(value, verb);
        };
        float::print(self, number, single, format, precision);
        Ok(())
    }

    fn complex(
        &mut self,
        value: &Value,
        real: f64,
        imaginary: f64,
        verb: char,
    ) -> Result<(), Exceeded> {
        let Some((format, precision)) = float::defaults(verb) else {
            return self.bad_verb(value, verb);
        };
        let plus = self.flags.plus;
        self.push("(");
        float::print(self, real, false, format, precision);
        self.flags.plus = true;
        float::print(self, imaginary, false, format, precision);
        self.flags.plus = plus;
        self.push("i)");
        Ok(())
    }

    fn string(&mut self, text: &[u8], verb: char) -> Result<(), Exceeded> {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.string_as_is(text),
            'x' => self.hex(text, false),
            'X' => self.hex(text, true),
            'q' => self.quoted(text),
            _ => return self.bad_verb(&Value::string(text), verb),
        }
        Ok(())
    }

    fn string_as_is(&mut self, text: &[u8]) {
        self.pad(self.truncated(text));
    }

    /// Cuts a string to the precision, in runes.
    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(precision) = self.flags.precision else {
            return text;
        };
        let end = runes::runes(text)
            .nth(precision)
            .map_or(text.len(), |(at, ..)| at);
        &text[..end]
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        let mut quoted = Vec::with_capacity(text.len() + 2);
        if self.flags.sharp && quote::can_backquote(text) {
            quoted.push(b'`');
            quoted.extend_from_slice(text);
            quoted.push(b'`');
        } else {
            quote::append_quoted(&mut quoted, text, b'"', self.flags.plus);
        }
        self.pad(&quoted);
    }

    /// Prints the bytes as hexadecimal digits (`fmtSbx`).
    fn hex(&mut self, text: &[u8], upper: bool) {
        let Flags {
            space,
            sharp,
            width,
            minus,
            precision,
            ..
        } = self.flags;
        let length = precision.map_or(text.len(), |precision| precision.min(text.len()));
        if length == 0 {
            self.padding(width.unwrap_or(0));
            return;
        }
        let (prefix, digits): (&str, &[u8]) = if upper {
            ("0X", b"0123456789ABCDEF")
        } else {
            ("0x", b"0123456789abcdef")
        };
        let mut wide = 2 * length;
        if space {
            wide = wide * (1 + usize::from(sharp)) + length - 1;
        } else if sharp {
            wide += 2;
        }
        let padding = width.map_or(0, |width| width.saturating_sub(wide));
        if !minus {
            self.padding(padding);
        }
        for (at, byte) in text[..length].iter().enumerate() {
            if space && at > 0 {
                self.push(" ");
            }
            if sharp && (at == 0 || space) {
                self.push(prefix);
            }
            self.out.push(digits[usize::from(byte >> 4)]);
            self.out.push(digits[usize::from(byte & 0xf)]);
        }
        if minus {
            self.padding(padding);
        }
    }

    fn slice(
        &mut self,
        slice: &Slice,
        verb: char,
        nested: bool,
        steps: &mut Vec<Step>,
    ) -> Result<(), Exceeded> {
        let is_bytes = slice.element() == Type::Uint(UintKind::Uint8);
        if is_bytes && matches!(verb, 's' | 'x' | 'X' | 'q') {
            return self.string(&bytes_of(slice), verb);
        }
        let Flags { sharp_v, .. } = self.flags;
        if sharp_v {
            // Only the top level says byte: there Go has its own case for the type.
            let name = if is_bytes && !nested {
                "[]byte".to_owned()
            } else {
                slice.go_type().to_string()
            };
            self.push(&name);
            if slice.is_nil() {
                self.push("(nil)");
                return Ok(());
            }
        }
        self.push(if sharp_v { "{" } else { "[" });
        steps.push(Step::Text(if sharp_v { "}" } else { "]" }));
        slice.with(|items| {
            for (at, item) in items.iter().enumerate().rev() {
                steps.push(Step::Value(item.clone()));
                if at > 0 {
                    steps.push(Step::Text(if sharp_v { ", " } else { " " }));
                }
            }
        });
        Ok(())
    }

    fn map(&mut self, map: &crate::value::Map, steps: &mut Vec<Step>) {
        let Flags { sharp_v, .. } = self.flags;
        if sharp_v {
            self.push(&map.go_type().to_string());
            if map.is_nil() {
                self.push("(nil)");
                return;
            }
        }
        self.push(if sharp_v { "{" } else { "map[" });
        steps.push(Step::Text(if sharp_v { "}" } else { "]" }));
        map.with(|entries| {
            for (at, (key, item)) in entries.iter().enumerate().rev() {
                steps.push(Step::Value(item.clone()));
                steps.push(Step::Text(":"));
                steps.push(Step::Key(key.clone()));
                if at > 0 {
                    steps.push(Step::Text(if sharp_v { ", " } else { " " }));
                }
            }
        });
    }

    /// Prints a struct, or a pointer to one, by its fields.
    fn foreign(
        &mut self,
        foreign: &Foreign,
        value: &Value,
        verb: char,
        nested: bool,
        steps: &mut Vec<Step>,
    ) -> Result<(), Exceeded> {
        let go_type = foreign.go_type();
        if go_type.kind() == Kind::Ptr {
            if nested {
                return self.pointer(value, go_type, verb);
            }
            self.push("&");
        }
        let Flags {
            sharp_v, plus_v, ..
        } = self.flags;
        if sharp_v {
            self.push(go_type.to_string().trim_start_matches('*'));
        }
        self.push("{");
        steps.push(Step::Text("}"));
        for (at, (name, field)) in foreign.fields().into_iter().enumerate().rev() {
            steps.push(match field {
                Value::Nil => Step::NilLocation,
                field => Step::Value(field),
            });
            if sharp_v || plus_v {
                steps.push(Step::Owned(format!("{name}:")));
            }
            if at > 0 {
                steps.push(Step::Text(if sharp_v { ", " } else { " " }));
            }
        }
        Ok(())
    }

    fn pointer(&mut self, value: &Value, go_type: Type, verb: char) -> Result<(), Exceeded> {
        let address = match value {
            Value::Slice(slice) if slice.is_nil() => 0,
            Value::Map(map) if map.is_nil() => 0,
            _ => ADDRESS,
        };
        if !matches!(go_type.kind(), Kind::Slice | Kind::Map | Kind::Ptr) {
            return self.bad_verb(value, verb);
        }
        match verb {
            'v' if self.flags.sharp_v => {
                self.push(&format!("({go_type})("));
                integer::append_hex(self, address, true);
                self.push(")");
            }
            'v' | 'p' => {
                let sharp = self.flags.sharp;
                integer::append_hex(self, address, !sharp);
            }
            'b' | 'o' | 'd' | 'x' | 'X' => self.integer(value, address, false, verb)?,
            _ => return self.bad_verb(value, verb),
        }
        Ok(())
    }

    fn nil_location(&mut self, verb: char) {
        match verb {
            'v' if self.flags.sharp_v => self.push("(*time.Location)(nil)"),
            'v' => self.pad(b"<nil>"),
            'b' | 'o' | 'd' | 'x' | 'X' => {
                let base = match verb {
                    'b' => 2,
                    'o' => 8,
                    'd' => 10,
                    _ => 16,
                };
                let format = integer::Format {
                    base,
                    upper: verb == 'X',
                };
                integer::append(self, 0, false, format, verb);
            }
            _ => {
                self.push(&format!("%!{verb}(*time.Location="));
                self.pad(b"<nil>");
                self.push(")");
            }
        }
    }

    /// Writes padding, with zeros if asked for and on the left.
    pub(super) fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.resize(self.out.len() + count, byte);
    }

    /// Writes text padded to the width.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let Some(width) = self.flags.width.filter(|width| *width > 0) else {
            self.out.extend_from_slice(text);
            return;
        };
        let padding = width.saturating_sub(runes::count(text));
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.padding(padding);
        } else {
            self.padding(padding);
            self.out.extend_from_slice(text);
        }
    }
}

fn bytes_of(slice: &Slice) -> Vec<u8> {
    slice.with(|items| {
        let byte = |item: &Value| match item {
            Value::Uint(_, number) => u8::try_from(*number).unwrap_or_default(),
            _ => 0,
        };
        items.iter().map(byte).collect()
    })
}
