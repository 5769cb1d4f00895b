//! Values as go-yaml's `Marshal` writes them, byte for byte.

mod keys;
mod scalar;

pub(crate) use keys::{KeyOrder, sorted_entries};
use scalar::Scalar;

use crate::Value;

/// go-yaml's step of indentation.
const STEP: usize = 2;

/// Writes `value` as `yaml.Marshal` does: keys in natural order, list items not indented below
/// their key, strings quoted where they would be read as something else, nothing folded.
pub fn emit(value: &Value) -> String {
    let mut writer = Writer {
        text: String::new(),
    };
    writer.node(value, Place::Root);
    writer.end_line();
    writer.text
}

/// Where a node stands, which decides how far what is in it is indented.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The document itself.
    Root,
    /// After `- `, or after `? ` and `: ` of a long key: collections begin on the same line.
    Item(usize),
    /// After `key:` of a mapping at this indentation.
    Value(usize),
}

impl Place {
    /// The indentation of block scalar lines and of what is nested.
    fn nested(self) -> usize {
        match self {
            Self::Root => STEP,
            Self::Item(indent) | Self::Value(indent) => indent + STEP,
        }
    }

    fn mapping_indent(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Item(indent) | Self::Value(indent) => indent + STEP,
        }
    }

    fn sequence_indent(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Item(indent) => indent + STEP,
            Self::Value(indent) => indent,
        }
    }
}

struct Writer {
    text: String,
}

impl Writer {
    fn node(&mut self, value: &Value, place: Place) {
        match value {
            Value::Sequence(items) if items.is_empty() => self.word("[]"),
            Value::Mapping(mapping) if mapping.is_empty() => self.word("{}"),
            Value::Sequence(items) => self.sequence(items, place),
            Value::Mapping(mapping) => self.mapping(mapping, place),
            _ => self.scalar(&Scalar::of(value), place.nested()),
        }
    }

    fn sequence(&mut self, items: &[Value], place: Place) {
        let indent = place.sequence_indent();
        for (position, item) in items.iter().enumerate() {
            self.begin_entry(indent, position == 0, place);
            self.text.push('-');
            self.node(item, Place::Item(indent));
        }
    }

    fn mapping(&mut self, mapping: &crate::Mapping, place: Place) {
        let indent = place.mapping_indent();
        let entries = sorted_entries(mapping, KeyOrder::Natural);
        for (position, (key, value)) in entries.into_iter().enumerate() {
            self.begin_entry(indent, position == 0, place);
            // A NaN is never found again, so Go prints what it does not find.
            let unfound = matches!(key, Value::Float(number) if number.is_nan());
            self.entry(key, if unfound { &Value::Null } else { value }, indent);
        }
    }

    fn entry(&mut self, key: &Value, value: &Value, indent: usize) {
        let key_scalar = match key {
            Value::Sequence(_) | Value::Mapping(_) => None,
            _ => Some(Scalar::of(key)),
        };
        match key_scalar {
            Some(key) if key.is_simple_key() => {
                key.write_key(&mut self.text);
                self.text.push(':');
                self.node(value, Place::Value(indent));
            }
            _ => {
                self.text.push('?');
                self.node(key, Place::Item(indent));
                self.end_line();
                self.indent(indent);
                self.text.push(':');
                self.node(value, Place::Item(indent));
            }
        }
    }

    /// Goes to where an entry of a block collection begins: the first one of a collection in a
    /// list item stays on the line of its dash.
    fn begin_entry(&mut self, indent: usize, first: bool, place: Place) {
        if first && matches!(place, Place::Item(_)) {
            self.text.push(' ');
            return;
        }
        self.end_line();
        self.indent(indent);
    }

    fn scalar(&mut self, scalar: &Scalar, indent: usize) {
        self.space();
        scalar.write(&mut self.text, indent);
    }

    fn word(&mut self, word: &str) {
        self.space();
        self.text.push_str(word);
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
    }

    fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }
}
