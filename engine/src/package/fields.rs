//! Structures from YAML with the leniency of Go's decoding (kudo-spec 1.6).
//!
//! Keys that nobody knows are ignored, keys match in any case, the last of repeated keys wins, null
//! is the same as nothing, and a scalar becomes text where text is wanted.

use std::collections::BTreeMap;

use kudo_yaml::{Node, NodeKind, Value, format_float32};

use super::diagnostic::{Diagnostic, Document};

/// A map of a document, with the way that led to it.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    document: &'a Document,
    node: &'a Node,
    path: String,
    by_key: BTreeMap<String, &'a Node>,
}

impl<'a> Fields<'a> {
    /// Returns the fields at the root of `document`.
    pub(super) fn root(document: &'a Document) -> Result<Self, Diagnostic> {
        Self::at(document, &document.node, String::new())
    }

    fn at(document: &'a Document, node: &'a Node, path: String) -> Result<Self, Diagnostic> {
        let mut by_key = BTreeMap::new();
        match &node.kind {
            NodeKind::Mapping(entries) => collect(document, entries, &mut by_key)?,
            NodeKind::Scalar { .. } if node.is_null() => {}
            NodeKind::Scalar { .. } | NodeKind::Sequence(_) => {
                return Err(mismatch(document, node, &path, "a map"));
            }
        }
        Ok(Self {
            document,
            node,
            path,
            by_key,
        })
    }

    /// Returns the node that holds these fields.
    pub(super) fn node(&self) -> &'a Node {
        self.node
    }

    /// Returns the value of a field, none when it is null. Of fields that differ only in case the
    /// last in byte order counts, because Go sorts the keys on the way.
    pub(super) fn value(&self, name: &str) -> Option<&'a Node> {
        let mut matching = self
            .by_key
            .iter()
            .rev()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        matching
            .next()
            .map(|(_, node)| *node)
            .filter(|node| !node.is_null())
    }

    /// Returns a text field, empty when it is not there.
    pub(super) fn text(&self, name: &str) -> Result<String, Diagnostic> {
        match self.value(name) {
            Some(node) => text_of(self.document, node, &self.path_of(name)),
            None => Ok(String::new()),
        }
    }

    /// Returns a boolean field.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Diagnostic> {
        let Some(node) = self.value(name) else {
            return Ok(None);
        };
        match node.resolve() {
            Value::Bool(flag) => Ok(Some(flag)),
            _ => Err(mismatch(
                self.document,
                node,
                &self.path_of(name),
                "true or false",
            )),
        }
    }

    /// Returns an integer field.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Diagnostic> {
        let Some(node) = self.value(name) else {
            return Ok(None);
        };
        match node.resolve() {
            Value::Int(number) => Ok(Some(number)),
            _ => Err(mismatch(
                self.document,
                node,
                &self.path_of(name),
                "an integer",
            )),
        }
    }

    /// Returns the error that the value of a field is not `wanted`.
    pub(super) fn wrong(&self, name: &str, wanted: &str) -> Diagnostic {
        let node = self.value(name).unwrap_or(self.node);
        mismatch(self.document, node, &self.path_of(name), wanted)
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Diagnostic> {
        let items = self.items(name)?.iter().enumerate();
        items
            .map(|(index, item)| {
                let path = format!("{}[{index}]", self.path_of(name));
                text_of(self.document, item, &path)
            })
            .collect()
    }

    /// Returns a list of structures.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Self>, Diagnostic> {
        let items = self.items(name)?.iter().enumerate();
        items
            .map(|(index, item)| {
                Self::at(
                    self.document,
                    item,
                    format!("{}[{index}]", self.path_of(name)),
                )
            })
            .collect()
    }

    /// Returns a structure; one without fields when it is not there.
    pub(super) fn structure(&self, name: &str) -> Result<Self, Diagnostic> {
        let node = self.value(name);
        let path = self.path_of(name);
        match node {
            Some(node) => Self::at(self.document, node, path),
            None => Ok(Self {
                document: self.document,
                node: self.node,
                path,
                by_key: BTreeMap::new(),
            }),
        }
    }

    /// Returns a map of structures in the order of their keys.
    pub(super) fn structures(&self, name: &str) -> Result<Vec<(String, Self)>, Diagnostic> {
        let map = self.structure(name)?;
        let entries = map.by_key.iter();
        entries
            .map(|(key, node)| {
                let path = format!("{}.{key}", map.path);
                Ok((key.clone(), Self::at(self.document, node, path)?))
            })
            .collect()
    }

    /// Returns the items of a list, none when it is not there.
    pub(super) fn items(&self, name: &str) -> Result<&'a [Node], Diagnostic> {
        match self.value(name) {
            None => Ok(&[]),
            Some(node) => node
                .items()
                .ok_or_else(|| mismatch(self.document, node, &self.path_of(name), "a list")),
        }
    }

    fn path_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }
}

/// Puts entries by the text of their keys, merged ones where their merge stands.
fn collect<'a>(
    document: &Document,
    entries: &'a [(Node, Node)],
    by_key: &mut BTreeMap<String, &'a Node>,
) -> Result<(), Diagnostic> {
    for (key, value) in entries {
        if !key.is_merge() {
            by_key.insert(key_text(document, key)?, value);
            continue;
        }
        let maps = match &value.kind {
            NodeKind::Sequence(maps) => maps.as_slice(),
            NodeKind::Mapping(_) | NodeKind::Scalar { .. } => std::slice::from_ref(value),
        };
        for map in maps.iter().rev() {
            collect(document, map.entries().unwrap_or_default(), by_key)?;
        }
    }
    Ok(())
}

fn key_text(document: &Document, key: &Node) -> Result<String, Diagnostic> {
    match key.resolve() {
        Value::String(text) => Ok(text),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(format_float32(number)),
        _ => {
            let message =
                "error converting YAML to JSON: a key must be text, a number or a boolean";
            Err(document.diagnostic(key.span(), message))
        }
    }
}

/// A scalar as the text of a text field: numbers in decimal, floats at 32-bit precision.
fn text_of(document: &Document, node: &Node, path: &str) -> Result<String, Diagnostic> {
    match node.resolve() {
        Value::String(text) => Ok(text),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Uint(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(format_float32(number)),
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Null => Ok(String::new()),
        Value::Sequence(_) | Value::Mapping(_) => Err(mismatch(document, node, path, "text")),
    }
}

fn mismatch(document: &Document, node: &Node, path: &str, wanted: &str) -> Diagnostic {
    let found = match &node.kind {
        NodeKind::Mapping(_) => "a map".to_owned(),
        NodeKind::Sequence(_) => "a list".to_owned(),
        NodeKind::Scalar { text, .. } => format!("`{text}`"),
    };
    let what = if path.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{path}`")
    };
    document.diagnostic(node.span(), format!("{what} must be {wanted}, got {found}"))
}
