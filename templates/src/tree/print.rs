//! Writes a parsed template back, as the `String` methods of Go's parse tree.

use super::{Command, Operand, Operation, Pipe, Position, Tree};
use crate::format::quote;
use crate::value::{Name, Str};

/// A piece of a tree that error texts quote.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Printed<'t> {
    Operation(&'t Operation),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
    /// Nowhere yet.
    Nothing,
}

impl Printed<'_> {
    /// Returns where the piece stands.
    pub(crate) fn position(self) -> Option<Position> {
        match self {
            Self::Operation(Operation::Template { position, .. }) => Some(*position),
            Self::Operation(
                Operation::Action(pipe)
                | Operation::If { pipe, .. }
                | Operation::With { pipe, .. }
                | Operation::Range { pipe, .. },
            )
            | Self::Pipe(pipe) => Some(pipe.position),
            Self::Command(command) => Some(command.position),
            Self::Operand(operand) => Some(operand.position()),
            Self::Operation(_) | Self::Nothing => None,
        }
    }

    /// Returns the text of the piece.
    pub(crate) fn text(self, tree: &Tree) -> String {
        let mut printer = Printer {
            tree,
            out: Vec::new(),
        };
        match self {
            Self::Operation(operation) => printer.operation(operation),
            Self::Pipe(pipe) => printer.pipe(pipe),
            Self::Command(command) => printer.command(command),
            Self::Operand(operand) => printer.argument(operand, false),
            Self::Nothing => {}
        }
        crate::value::to_text(&printer.out).into_owned()
    }
}

/// Returns the whole template.
pub(crate) fn print_tree(tree: &Tree) -> String {
    let mut printer = Printer {
        tree,
        out: Vec::new(),
    };
    for operation in &tree.operations {
        printer.operation(operation);
    }
    crate::value::to_text(&printer.out).into_owned()
}

struct Printer<'t> {
    tree: &'t Tree,
    out: Vec<u8>,
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn operation(&mut self, operation: &Operation) {
        match operation {
            Operation::Text { start, end } => {
                self.out
                    .extend_from_slice(self.tree.source.slice(*start, *end));
            }
            Operation::Action(pipe) => self.action("", pipe),
            Operation::If { pipe, .. } => self.action("if ", pipe),
            Operation::With { pipe, .. } => self.action("with ", pipe),
            Operation::Range { pipe, .. } => self.action("range ", pipe),
            Operation::Else { .. } => self.push("{{else}}"),
            Operation::End => self.push("{{end}}"),
            Operation::Break => self.push("{{break}}"),
            Operation::Continue => self.push("{{continue}}"),
            Operation::Template { name, pipe, .. } => {
                self.push("{{template ");
                quote::append_quoted(&mut self.out, name, b'"', false);
                if let Some(pipe) = pipe {
                    self.push(" ");
                    self.pipe(pipe);
                }
                self.push("}}");
            }
        }
    }

    fn action(&mut self, keyword: &str, pipe: &Pipe) {
        self.push("{{");
        self.push(keyword);
        self.pipe(pipe);
        self.push("}}");
    }

    fn pipe(&mut self, pipe: &Pipe) {
        for (at, variable) in pipe.variables.iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.variable(variable.name);
        }
        if !pipe.variables.is_empty() {
            self.push(if pipe.is_assign { " = " } else { " := " });
        }
        for (at, command) in pipe.commands.iter().enumerate() {
            if at > 0 {
                self.push(" | ");
            }
            self.command(command);
        }
    }

    fn command(&mut self, command: &Command) {
        for (at, argument) in command.arguments.iter().enumerate() {
            if at > 0 {
                self.push(" ");
            }
            self.argument(argument, true);
        }
    }

    /// Writes an operand; a pipeline is in parentheses unless it stands alone.
    fn argument(&mut self, operand: &Operand, parentheses: bool) {
        match operand {
            Operand::Field { path, .. } => self.path(path),
            Operand::Variable { name, path, .. } => {
                self.variable(*name);
                self.path(path);
            }
            Operand::Dot { .. } => self.push("."),
            Operand::Nil { .. } => self.push("nil"),
            Operand::Bool { value, .. } => self.push(if *value { "true" } else { "false" }),
            Operand::Number { position, end, .. } | Operand::String { position, end, .. } => {
                self.out
                    .extend_from_slice(self.tree.source.slice(*position, *end));
            }
            Operand::Function { function, .. } => self.push(function.name),
            Operand::Pipe(pipe) if parentheses => {
                self.push("(");
                self.pipe(pipe);
                self.push(")");
            }
            Operand::Pipe(pipe) => self.pipe(pipe),
            Operand::Chain { inner, path, .. } => {
                self.argument(inner, true);
                self.path(path);
            }
        }
    }

    fn variable(&mut self, name: u32) {
        let name = self
            .tree
            .variables
            .get(name as usize)
            .map_or(&[][..], Str::as_bytes);
        self.out.extend_from_slice(name);
    }

    fn path(&mut self, path: &[Name]) {
        for name in path {
            self.push(".");
            self.out.extend_from_slice(name);
        }
    }
}
