//! A parsed template: a flat program of operations, so that nesting costs no recursion.
//!
//! Blocks are operations with the index where they go on; pipelines inside are small trees. Names,
//! constants and functions are resolved: a variable knows its place on the stack of variables, a
//! function its row in the table.

mod print;

use std::sync::Arc;

use crate::functions::Function;
use crate::parse::Number;
use crate::value::{Name, Str};

pub(crate) use print::{Printed, print_tree};

/// Offset of a byte in the source.
pub(crate) type Position = u32;

/// One template: the main one, or one from `define` or `block`.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: Str,
    /// The text that the positions are in, and its name.
    pub(crate) source: Arc<Source>,
    pub(crate) operations: Vec<Operation>,
    /// The names of all variables, by number.
    pub(crate) variables: Vec<Str>,
}

/// A text that was parsed.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name that error texts begin with.
    pub(crate) name: Str,
    pub(crate) text: Box<[u8]>,
}

/// A step of a template.
#[derive(Debug)]
pub(crate) enum Operation {
    /// Text between actions.
    Text { start: Position, end: Position },
    /// A pipeline to print.
    Action(Pipe),
    /// Goes on behind `otherwise` if the pipeline is not true.
    If { pipe: Pipe, otherwise: u32 },
    /// As `If`, with the value as dot.
    With { pipe: Pipe, otherwise: u32 },
    /// Runs up to `otherwise` for each element.
    Range { pipe: Pipe, otherwise: u32 },
    /// Ends the first part of a block, whose end is at `end`.
    Else { end: u32 },
    /// Ends a block.
    End,
    /// Calls a template.
    Template {
        position: Position,
        name: Str,
        pipe: Option<Pipe>,
    },
    /// Leaves the innermost range.
    Break,
    /// Goes to the next element of the innermost range.
    Continue,
}

/// Commands, each of which takes the value of the one before.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: Position,
    pub(crate) is_assign: bool,
    pub(crate) variables: Vec<Variable>,
    pub(crate) commands: Vec<Command>,
}

/// A variable that a pipeline declares or assigns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// Number of the name.
    pub(crate) name: u32,
    /// For an assignment: the place on the stack.
    pub(crate) slot: Slot,
}

/// Where a variable is on the stack of its template's variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    At(u32),
    /// Not known before it runs, or nowhere: searched by name.
    Search,
}

/// A function with its arguments, or one operand.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: Position,
    pub(crate) arguments: Vec<Operand>,
}

/// What a command is made of.
#[derive(Debug)]
pub(crate) enum Operand {
    /// `.A.B`
    Field {
        position: Position,
        path: Box<[Name]>,
    },
    /// `$a.B`
    Variable {
        position: Position,
        name: u32,
        slot: Slot,
        path: Box<[Name]>,
    },
    /// `.`
    Dot { position: Position },
    /// `nil`
    Nil { position: Position },
    /// `true` or `false`
    Bool { position: Position, value: bool },
    /// A number with the source that it was read from.
    Number {
        position: Position,
        end: Position,
        number: Box<Number>,
    },
    /// A string with the source, quotes included, that it was read from.
    String {
        position: Position,
        end: Position,
        value: Str,
    },
    /// A function.
    Function {
        position: Position,
        function: &'static Function,
    },
    /// A pipeline in parentheses.
    Pipe(Box<Pipe>),
    /// Fields of a function's result or of a pipeline: `(pipe).A.B`
    Chain {
        position: Position,
        inner: Box<Self>,
        path: Box<[Name]>,
    },
}

impl Operand {
    pub(crate) fn position(&self) -> Position {
        match self {
            Self::Field { position, .. }
            | Self::Variable { position, .. }
            | Self::Dot { position }
            | Self::Nil { position }
            | Self::Bool { position, .. }
            | Self::Number { position, .. }
            | Self::String { position, .. }
            | Self::Function { position, .. }
            | Self::Chain { position, .. } => *position,
            Self::Pipe(pipe) => pipe.position,
        }
    }
}

impl Tree {
    /// Says whether there is nothing but space and definitions.
    pub(crate) fn is_empty(&self) -> bool {
        self.operations.iter().all(|operation| match operation {
            Operation::Text { start, end } => is_space(self.source.slice(*start, *end)),
            _ => false,
        })
    }
}

/// `bytes.TrimSpace` leaves nothing.
fn is_space(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).trim().is_empty()
}

impl Source {
    pub(crate) fn slice(&self, start: Position, end: Position) -> &[u8] {
        &self.text[start as usize..end as usize]
    }

    /// Returns line and column (in bytes, from 0) of a position.
    pub(crate) fn line_and_column(&self, position: Position) -> (usize, usize) {
        let before = &self.text[..position as usize];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let column =
            memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1);
        (line, column)
    }
}
