//! What is wrong with a document, in go-yaml's words, and where.

use crate::Span;

/// A document that cannot be read, or a value that cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{prefix}{message}")]
pub struct Error {
    /// go-yaml's text without its `yaml: line N: ` prefix.
    pub message: String,
    /// The line of the problem, from 1; 0 where there is no text to point at.
    pub line: usize,
    /// The column of the problem in characters, from 1; 0 where there is no text to point at.
    pub column: usize,
    /// `yaml: `, with go-yaml's own idea of the line, which is one less for grammar errors and
    /// absent on the first line.
    prefix: String,
}

impl Error {
    /// An error that go-yaml reports with the line `shown`, or with none when that is 0.
    pub(crate) fn located(message: impl Into<String>, span: Span, shown: usize) -> Self {
        let prefix = match shown {
            0 => "yaml: ".to_owned(),
            line => format!("yaml: line {line}: "),
        };
        Self {
            message: message.into(),
            line: span.line,
            column: span.column,
            prefix,
        }
    }

    /// An error that go-yaml reports without a line although it has a place.
    pub(crate) fn unlocated(message: impl Into<String>, span: Span) -> Self {
        Self::located(message, span, 0)
    }

    /// An error of a conversion, whose text has no `yaml: ` prefix and no place.
    pub(crate) fn conversion(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            line: 0,
            column: 0,
            prefix: String::new(),
        }
    }
}
