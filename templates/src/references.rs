//! What a template uses of its data, as KUDO's verifier sees it, blind spots included.
//!
//! kudo-spec 1.11: the else part of a range, `{{template}}` and `{{define}}` are not looked at; a
//! single name or a variable ends the look at its pipeline; deeper parts of a path are ignored.

use std::ops::Range;

use crate::tree::{Operand, Operation, Pipe, Tree};
use crate::value::{Name, Str};

/// One use of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `Implicits` for `.A`; else the first name: `Params`, `Pipes`, or any other.
    pub group: String,
    /// The name within the group.
    pub name: String,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
}

/// The group of names that stand alone.
const IMPLICITS: &str = "Implicits";

/// Returns the uses in the order in which they stand in the text.
pub(crate) fn collect(tree: &Tree) -> Vec<Reference> {
    let mut found = Vec::new();
    // Index up to which operations are not looked at: the else part of a range.
    let mut unseen = 0;
    for (at, operation) in tree.operations.iter().enumerate() {
        if at < unseen {
            continue;
        }
        match operation {
            Operation::Action(pipe) | Operation::If { pipe, .. } | Operation::With { pipe, .. } => {
                scan(tree, pipe, &mut found);
            }
            Operation::Range { pipe, .. } => scan(tree, pipe, &mut found),
            Operation::Else { end } if is_else_of_range(tree, at) => unseen = *end as usize,
            Operation::Else { .. }
            | Operation::Text { .. }
            | Operation::End
            | Operation::Template { .. }
            | Operation::Break
            | Operation::Continue => {}
        }
    }
    found
}

fn is_else_of_range(tree: &Tree, at: usize) -> bool {
    tree.operations[..at].iter().any(|operation| {
        matches!(operation, Operation::Range { otherwise, .. } if *otherwise as usize == at)
    })
}

/// Looks at a pipeline up to the first single name or variable.
fn scan(tree: &Tree, pipe: &Pipe, found: &mut Vec<Reference>) {
    for argument in pipe.commands.iter().flat_map(|command| &command.arguments) {
        match argument {
            Operand::Pipe(pipe) => scan(tree, pipe, found),
            Operand::Field { path, .. } => match &**path {
                [] => {}
                [name] => {
                    found.push(reference(tree, argument, IMPLICITS, name));
                    return;
                }
                [group, name, ..] => {
                    found.push(reference(tree, argument, &group.to_text(), name));
                }
            },
            Operand::Variable {
                name: variable,
                path,
                ..
            } => match &**path {
                [] => return,
                _ if *variable != 0 => return,
                [name] => {
                    found.push(reference(tree, argument, IMPLICITS, name));
                    return;
                }
                [group, name, ..] => {
                    found.push(reference(tree, argument, &group.to_text(), name));
                }
            },
            Operand::Dot { .. }
            | Operand::Nil { .. }
            | Operand::Bool { .. }
            | Operand::Number { .. }
            | Operand::String { .. }
            | Operand::Function { .. }
            | Operand::Chain { .. } => {}
        }
    }
}

fn reference(tree: &Tree, operand: &Operand, group: &str, name: &Str) -> Reference {
    Reference {
        group: group.to_owned(),
        name: name.to_string(),
        span: span(tree, operand),
    }
}

/// Returns where a field or variable stands, from its first character.
fn span(tree: &Tree, operand: &Operand) -> Range<usize> {
    let (length_before, path) = match operand {
        Operand::Field { path, .. } => (0, path),
        Operand::Variable { path, .. } => (1, path),
        _ => return 0..0,
    };
    let written = |names: &[Name]| names.iter().map(|name| name.len() + 1).sum::<usize>();
    let position = operand.position() as usize;
    // A path of several names is positioned where its second part begins.
    let before = match operand {
        Operand::Field { .. } if path.len() > 1 => written(&path[..1]),
        Operand::Variable { .. } if !path.is_empty() => length_before,
        _ => 0,
    };
    let start = position.saturating_sub(before);
    let end = (start + length_before + written(path)).min(tree.source.text.len());
    start..end
}
