//! What is wrong with a package, and where.

use kudo_yaml::{Node, Span};

/// A finding about a package, with the place that a terminal can point at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnostic {
    /// What is wrong, in KUDO's words where KUDO has any.
    pub message: String,
    /// The file; empty when the finding is about the whole package.
    pub file: String,
    /// Line from 1; 0 when the finding is about the whole file.
    pub line: usize,
    /// Column in characters from 1; 0 when the finding is about the whole line or file.
    pub column: usize,
    /// The text of that line.
    pub source_line: Option<String>,
    /// Advice that the user can follow.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Returns a finding without a place.
    pub fn of_package(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Returns a finding about a whole file.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            ..Self::of_package(message)
        }
    }

    /// Returns a finding at a line and column of `text`, which is what `file` holds.
    pub fn of_text(
        file: impl Into<String>,
        text: &str,
        (line, column): (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        let source_line = line
            .checked_sub(1)
            .and_then(|before| text.lines().nth(before));
        Self {
            line,
            column,
            source_line: source_line.map(str::to_owned),
            ..Self::of_file(file, message)
        }
    }

    /// Adds advice.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// A package that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct PackageError(pub Box<Diagnostic>);

impl From<Diagnostic> for PackageError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(Box::new(diagnostic))
    }
}

/// A YAML file of a package, with its text for messages.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file as messages name it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Its first document.
    pub node: Node,
}

impl Document {
    /// Reads `text`.
    ///
    /// # Errors
    ///
    /// With go-yaml's message and the place when it is no YAML.
    pub fn parse(file: String, text: String) -> Result<Self, Diagnostic> {
        match kudo_yaml::parse(&text) {
            Ok(node) => Ok(Self { file, text, node }),
            Err(error) => {
                let place = (error.line, error.column);
                let message = format!("error converting YAML to JSON: {error}");
                Err(Diagnostic::of_text(file, &text, place, message))
            }
        }
    }

    /// Returns a finding at `span`.
    pub fn diagnostic(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::of_text(
            self.file.clone(),
            &self.text,
            (span.line, span.column),
            message,
        )
    }

    /// Returns a finding at the value that `path` leads to, or as near to it as the document goes.
    pub fn diagnostic_at(&self, path: &[Step<'_>], message: impl Into<String>) -> Diagnostic {
        let mut node = &self.node;
        for step in path {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Index(index) => node.items().and_then(|items| items.get(*index)),
            };
            let Some(next) = next else { break };
            node = next;
        }
        self.diagnostic(node.span(), message)
    }
}

/// One step of a way into a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step<'a> {
    /// The value of a key.
    Key(&'a str),
    /// An item of a list.
    Index(usize),
}
