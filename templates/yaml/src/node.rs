//! A document with its positions.

use crate::resolve::resolve;
use crate::{Mapping, Value};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Bytes before the place.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A value of a document and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value begins, its tag and anchor included.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A scalar.
    Scalar {
        /// The text after quotes, escapes and folding are taken away, before it gets a type.
        text: String,
        /// How it was written.
        style: ScalarStyle,
        /// Its tag in full (`tag:yaml.org,2002:str`), if it has one.
        tag: Option<String>,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// A map: all its entries, repeated keys and merges (`<<`) included.
    Mapping(Vec<(Node, Node)>),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes: the one style whose text decides its type.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Node {
    pub(crate) fn null() -> Self {
        let span = Span {
            offset: 0,
            line: 1,
            column: 1,
        };
        let kind = NodeKind::Scalar {
            text: String::new(),
            style: ScalarStyle::Plain,
            tag: None,
        };
        Self { span, kind }
    }

    /// Returns where the value begins.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Returns the value with go-yaml's types, merges done and repeated keys resolved.
    pub fn resolve(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar { text, style, tag } => {
                // What cannot be decoded was refused by `parse`; a node made by hand stays text.
                resolve(text, *style, tag.as_deref()).unwrap_or_else(|_| text.as_str().into())
            }
            NodeKind::Sequence(items) => Value::Sequence(items.iter().map(Self::resolve).collect()),
            NodeKind::Mapping(entries) => {
                let mut mapping = Mapping::new();
                resolve_entries(entries, &mut mapping);
                Value::Mapping(mapping)
            }
        }
    }

    /// Returns the value of the string key `key`: of the last one, as go-yaml has it, merged ones included.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.get_entry(key).map(|(_, value)| value)
    }

    /// Returns the key and the value of the string key `key`, as [`Node::get`] finds it.
    pub fn get_entry(&self, key: &str) -> Option<(&Self, &Self)> {
        let NodeKind::Mapping(entries) = &self.kind else {
            return None;
        };
        entries.iter().rev().find_map(|(name, value)| {
            if name.is_merge() {
                return value.merged(key);
            }
            let NodeKind::Scalar { text, .. } = &name.kind else {
                return None;
            };
            (text == key && name.resolve().as_str() == Some(key)).then_some((name, value))
        })
    }

    fn merged(&self, key: &str) -> Option<(&Self, &Self)> {
        match &self.kind {
            NodeKind::Scalar { .. } => None,
            NodeKind::Mapping(_) => self.get_entry(key),
            // Of merged maps the first that has the key wins.
            NodeKind::Sequence(maps) => maps.iter().find_map(|map| map.get_entry(key)),
        }
    }

    /// Returns the entries when this is a mapping, as written.
    pub fn entries(&self) -> Option<&[(Self, Self)]> {
        match &self.kind {
            NodeKind::Mapping(entries) => Some(entries),
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) => None,
        }
    }

    /// Returns the items when this is a sequence.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            NodeKind::Sequence(items) => Some(items),
            NodeKind::Scalar { .. } | NodeKind::Mapping(_) => None,
        }
    }

    /// Returns the raw text when this is a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar { text, .. } => Some(text),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
        }
    }

    /// Tells whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, NodeKind::Scalar { .. }) && self.resolve() == Value::Null
    }

    /// Tells whether this is a key `<<` that merges, not a string.
    pub(crate) fn is_merge(&self) -> bool {
        match &self.kind {
            NodeKind::Scalar { text, style, tag } => is_merge(text, *style, tag.as_deref()),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => false,
        }
    }
}

pub(crate) fn is_merge(text: &str, style: ScalarStyle, tag: Option<&str>) -> bool {
    let implicit = match tag {
        None => style == ScalarStyle::Plain,
        Some(tag) => tag == "!" || tag == "tag:yaml.org,2002:merge",
    };
    text == "<<" && implicit
}

/// go-yaml v2 treats a merge as an assignment at the place where it stands: it overwrites keys
/// before it and is overwritten by keys after it.
fn resolve_entries(entries: &[(Node, Node)], mapping: &mut Mapping) {
    for (key, value) in entries {
        if key.is_merge() {
            resolve_merge(value, mapping);
            continue;
        }
        mapping.insert(key.resolve(), value.resolve());
    }
}

fn resolve_merge(value: &Node, mapping: &mut Mapping) {
    match &value.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Mapping(entries) => resolve_entries(entries, mapping),
        NodeKind::Sequence(maps) => {
            for map in maps.iter().rev() {
                resolve_merge(map, mapping);
            }
        }
    }
}
