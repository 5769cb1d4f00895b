//! What can go wrong, in Go's words.

use crate::limits::Exceeded;

/// A template that cannot be parsed: the text that Go's text/template gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ParseError {
    /// Go's whole text: `template: NAME:LINE: ...`.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
    /// The offset of the token where parsing stopped.
    pub offset: usize,
}

/// A template that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct RenderError {
    /// Go's whole text: `template: NAME:LINE:COLUMN: executing "NAME" at <...>: ...`.
    pub text: String,
    /// The line, from 1; 0 if the error has no place.
    pub line: usize,
    /// The column in bytes, from 0, as Go counts.
    pub column: usize,
    /// The limit that was reached, if that was the reason.
    pub limit: Option<Exceeded>,
}
