//! The YAML documents of suites, with the places that errors point at.

use std::{fs, path::Path, rc::Rc};

use anyhow::Context as _;
use kudo_engine::package::{Diagnostic, PackageError};
use kudo_yaml::Node;
use serde_json::Value;

use super::model::Object;

/// Files of suites are small; what is larger is something else.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// One document of a file.
#[derive(Clone)]
pub(super) struct Document {
    /// Name of the file for people.
    pub file: Rc<str>,
    text: Rc<str>,
    /// What it holds.
    pub node: Node,
}

impl Document {
    /// Reads the documents of the file at `path`; those without content are left out.
    pub(super) fn read_all(path: &Path) -> anyhow::Result<Vec<Self>> {
        let file: Rc<str> = path.display().to_string().into();
        let broken = || format!("the file {file} cannot be read");
        let size = fs::metadata(path).with_context(broken)?.len();
        if size > MAX_FILE {
            anyhow::bail!("the file {file} has {size} bytes; a suite's have at most {MAX_FILE}");
        }
        let text: Rc<str> = fs::read_to_string(path).with_context(broken)?.into();
        let nodes = kudo_yaml::parse_all(&text).map_err(|error| {
            let place = (error.line, error.column);
            finding(Diagnostic::of_text(&*file, &text, place, error.to_string()))
        })?;
        Ok(nodes
            .into_iter()
            .filter(|node| !node.is_null())
            .map(|node| Self {
                file: file.clone(),
                text: text.clone(),
                node,
            })
            .collect())
    }

    /// Returns an error that points at `node`.
    pub(super) fn wrong(&self, node: &Node, message: impl Into<String>) -> anyhow::Error {
        let place = (node.span().line, node.span().column);
        finding(Diagnostic::of_text(&*self.file, &self.text, place, message))
    }

    /// Returns where `node` is, as in `00-assert.yaml:3`.
    pub(super) fn place(&self, node: &Node) -> String {
        let name = Path::new(&*self.file).file_name();
        let name = name.map_or(self.file.to_string(), |name| {
            name.to_string_lossy().into_owned()
        });
        format!("{name}:{}", node.span().line)
    }

    /// Returns the fields of the document.
    pub(super) fn fields(&self) -> anyhow::Result<Fields<'_>> {
        Fields::of(self, &self.node, "the document")
    }

    /// Returns the document as an object of Kubernetes.
    pub(super) fn object(&self) -> anyhow::Result<Object> {
        let fields = self.fields()?;
        for name in ["apiVersion", "kind"] {
            if fields.text(name)?.is_none_or(|text| text.is_empty()) {
                return Err(self.wrong(&self.node, format!("an object needs `{name}`")));
            }
        }
        if let Some(metadata) = fields.structure("metadata")? {
            for name in ["name", "namespace"] {
                metadata.text(name)?;
            }
        }
        Ok(Object {
            place: self.place(&self.node),
            value: self.json(&self.node)?,
        })
    }

    fn json(&self, node: &Node) -> anyhow::Result<Value> {
        kudo_yaml::to_json(&node.resolve()).map_err(|error| self.wrong(node, error.to_string()))
    }
}

fn finding(diagnostic: Diagnostic) -> anyhow::Error {
    PackageError::from(diagnostic).into()
}

/// A mapping whose fields have types.
pub(super) struct Fields<'a> {
    document: &'a Document,
    /// The mapping.
    pub node: &'a Node,
}

impl<'a> Fields<'a> {
    fn of(document: &'a Document, node: &'a Node, what: &str) -> anyhow::Result<Self> {
        if node.entries().is_none() {
            return Err(document.wrong(node, format!("{what} must be a map")));
        }
        Ok(Self { document, node })
    }

    /// Returns the value of a field that is there and not null.
    pub(super) fn value(&self, name: &str) -> Option<&'a Node> {
        self.node.get(name).filter(|node| !node.is_null())
    }

    /// Returns where the mapping is.
    pub(super) fn place(&self) -> String {
        self.document.place(self.node)
    }

    /// Returns an error that points at the mapping.
    pub(super) fn wrong(&self, message: impl Into<String>) -> anyhow::Error {
        self.document.wrong(self.node, message)
    }

    /// Returns a text.
    pub(super) fn text(&self, name: &str) -> anyhow::Result<Option<String>> {
        let Some(node) = self.value(name) else {
            return Ok(None);
        };
        match node.resolve() {
            kudo_yaml::Value::String(text) => Ok(Some(text)),
            other => Err(self.document.wrong(
                node,
                format!("`{name}` must be a text, got `{}`", shown(&other)),
            )),
        }
    }

    /// Returns a flag; absent is false.
    pub(super) fn flag(&self, name: &str) -> anyhow::Result<bool> {
        let Some(node) = self.value(name) else {
            return Ok(false);
        };
        match node.resolve() {
            kudo_yaml::Value::Bool(flag) => Ok(flag),
            other => Err(self.document.wrong(
                node,
                format!("`{name}` must be true or false, got `{}`", shown(&other)),
            )),
        }
    }

    /// Returns a whole number.
    pub(super) fn number(&self, name: &str) -> anyhow::Result<Option<i64>> {
        let Some(node) = self.value(name) else {
            return Ok(None);
        };
        match node.resolve() {
            kudo_yaml::Value::Int(number) => Ok(Some(number)),
            other => Err(self.document.wrong(
                node,
                format!("`{name}` must be a whole number, got `{}`", shown(&other)),
            )),
        }
    }

    /// Returns the items of a list.
    pub(super) fn list(&self, name: &str) -> anyhow::Result<&'a [Node]> {
        let Some(node) = self.value(name) else {
            return Ok(&[]);
        };
        node.items().ok_or_else(|| {
            self.document
                .wrong(node, format!("`{name}` must be a list"))
        })
    }

    /// Returns a list of texts.
    pub(super) fn texts(&self, name: &str) -> anyhow::Result<Vec<(String, &'a Node)>> {
        let text = |node: &'a Node| match node.resolve() {
            kudo_yaml::Value::String(text) => Ok((text, node)),
            other => Err(self.document.wrong(
                node,
                format!("`{name}` must list texts, got `{}`", shown(&other)),
            )),
        };
        self.list(name)?.iter().map(text).collect()
    }

    /// Returns a list of mappings.
    pub(super) fn structures(&self, name: &str) -> anyhow::Result<Vec<Self>> {
        let items = self.list(name)?.iter();
        items
            .map(|node| Self::of(self.document, node, &format!("an item of `{name}`")))
            .collect()
    }

    /// Returns a mapping.
    pub(super) fn structure(&self, name: &str) -> anyhow::Result<Option<Self>> {
        let node = self.value(name);
        node.map(|node| Self::of(self.document, node, &format!("`{name}`")))
            .transpose()
    }

    /// Returns the fields that are none of `known`, each with its place.
    pub(super) fn others(&self, known: &[&str]) -> Vec<String> {
        let entries = self.node.entries().unwrap_or_default().iter();
        entries
            .filter_map(|(key, _)| {
                let name = key.text()?;
                let place = self.document.place(key);
                (!known.contains(&name)).then(|| format!("{place}: `{name}`"))
            })
            .collect()
    }
}

fn shown(value: &kudo_yaml::Value) -> String {
    kudo_yaml::emit(value).trim_end().replace('\n', " ")
}
