//! Walks the operations. Blocks and calls are frames on a list, so depth costs no machine stack.

use std::vec;

use super::{Evaluated, Failure, Run};
use crate::format;
use crate::limits::{Exceeded, Meter};
use crate::tree::{Operation, Pipe, Printed, Tree, Variable};
use crate::value::{IntKind, Kind, Slice, Str, Type, UintKind, Value};

/// A block that is open, with what is to be restored at its end.
pub(super) enum Frame<'t> {
    If {
        mark: usize,
    },
    With {
        mark: usize,
        dot: Evaluated,
    },
    Range(Box<Range<'t>>),
    /// What stands in for a range over nothing.
    Else {
        mark: usize,
        after: usize,
    },
    Call {
        tree: &'t Tree,
        next: usize,
        base: usize,
        dot: Evaluated,
    },
}

/// A range that is running.
pub(super) struct Range<'t> {
    pipe: &'t Pipe,
    elements: Elements,
    /// Heights of the stack of variables: before the pipeline, and in the body.
    mark: usize,
    inside: usize,
    dot: Evaluated,
    /// Index of the first operation of the body, and of the one behind the end.
    body: usize,
    after: usize,
}

/// What is still to be ranged over.
enum Elements {
    Slice {
        slice: Slice,
        index: usize,
    },
    Map {
        entries: vec::IntoIter<(Str, Value)>,
        boxed: bool,
    },
    Int {
        kind: IntKind,
        next: i64,
        end: i64,
    },
    Uint {
        kind: UintKind,
        next: u64,
        end: u64,
    },
}

impl Elements {
    fn is_empty(&self) -> bool {
        match self {
            Self::Slice { slice, .. } => slice.is_empty(),
            Self::Map { entries, .. } => entries.len() == 0,
            Self::Int { end, .. } => *end <= 0,
            Self::Uint { end, .. } => *end == 0,
        }
    }

    /// Returns the next key and element.
    fn next(&mut self) -> Option<(Value, Evaluated)> {
        Some(match self {
            Self::Slice { slice, index } => {
                let value = slice.get(*index)?;
                let key = Value::int(i64::try_from(*index).unwrap_or(i64::MAX));
                *index += 1;
                (
                    key,
                    Evaluated {
                        value,
                        boxed: slice.element() == Type::Interface,
                    },
                )
            }
            Self::Map { entries, boxed } => {
                let (key, value) = entries.next()?;
                (
                    Value::Str(key),
                    Evaluated {
                        value,
                        boxed: *boxed,
                    },
                )
            }
            Self::Int { kind, next, end } if *next < *end => {
                *next += 1;
                (
                    Value::Invalid,
                    Evaluated::plain(Value::Int(*kind, *next - 1)),
                )
            }
            Self::Uint { kind, next, end } if *next < *end => {
                *next += 1;
                (
                    Value::Invalid,
                    Evaluated::plain(Value::Uint(*kind, *next - 1)),
                )
            }
            Self::Int { .. } | Self::Uint { .. } => return None,
        })
    }
}

impl<'t> Run<'t> {
    /// Runs from the first operation of the tree to the end.
    pub(super) fn walk(&mut self) -> Result<(), Failure> {
        loop {
            let tree = self.tree;
            let Some(operation) = tree.operations.get(self.next) else {
                if !self.return_from_call() {
                    return Ok(());
                }
                continue;
            };
            self.next += 1;
            self.spend(1)?;
            match operation {
                Operation::Text { start, end } => self.text(tree.source.slice(*start, *end))?,
                Operation::Action(pipe) => self.action(operation, pipe)?,
                Operation::If { pipe, otherwise } => self.branch(pipe, *otherwise, false)?,
                Operation::With { pipe, otherwise } => self.branch(pipe, *otherwise, true)?,
                Operation::Range { pipe, otherwise } => self.range(operation, pipe, *otherwise)?,
                Operation::Else { end } => self.end_of_first_part(*end as usize),
                Operation::End => self.end_of_block(),
                Operation::Template { name, pipe, .. } => {
                    self.call_template(operation, name, pipe.as_ref())?;
                }
                Operation::Break => self.leave_range(true),
                Operation::Continue => self.leave_range(false),
            }
        }
    }

    fn action(&mut self, operation: &'t Operation, pipe: &'t Pipe) -> Result<(), Failure> {
        self.at_operation(operation);
        let seen = self.look_at(pipe, |value, out, meter| print(meter, out, value));
        let printed = if let Some(printed) = seen {
            printed
        } else {
            let value = self.pipeline(pipe)?;
            if !pipe.variables.is_empty() {
                return Ok(());
            }
            self.at_operation(operation);
            print(&mut self.meter, &mut self.out, &value)
        };
        if let Err(limit) = printed {
            return Err(self.exceeded(limit));
        }
        self.check_output()
    }

    /// Begins `if` or `with`.
    fn branch(&mut self, pipe: &'t Pipe, otherwise: u32, with: bool) -> Result<(), Failure> {
        let mark = self.variables.height();
        let seen = if with {
            None
        } else {
            self.look_at(pipe, |value, _, _| value.is_true())
        };
        let holds = if let Some(holds) = seen {
            holds
        } else {
            let value = self.pipeline(pipe)?;
            let holds = value.is_true();
            if holds && with {
                let dot = std::mem::replace(&mut self.dot, Evaluated::plain(value));
                self.frames.push(Frame::With { mark, dot });
                return Ok(());
            }
            holds
        };
        self.frames.push(Frame::If { mark });
        if !holds {
            self.next = self.start_of_else(otherwise as usize);
        }
        Ok(())
    }

    /// Returns where to go on when the first part is passed over: behind `else`, or at `end`.
    fn start_of_else(&self, otherwise: usize) -> usize {
        match self.tree.operations.get(otherwise) {
            Some(Operation::Else { .. }) => otherwise + 1,
            _ => otherwise,
        }
    }

    /// Returns the index behind the end of a block.
    fn after_block(&self, otherwise: usize) -> usize {
        match self.tree.operations.get(otherwise) {
            Some(Operation::Else { end }) => *end as usize + 1,
            _ => otherwise + 1,
        }
    }

    fn end_of_first_part(&mut self, end: usize) {
        match self.frames.last() {
            Some(Frame::Range(_)) => self.next_element(),
            _ => self.next = end,
        }
    }

    fn end_of_block(&mut self) {
        match self.frames.last() {
            Some(Frame::Range(_)) => self.next_element(),
            _ => self.pop_frame(),
        }
    }

    fn pop_frame(&mut self) {
        match self.frames.pop() {
            Some(Frame::If { mark } | Frame::Else { mark, .. }) => self.variables.lower(mark),
            Some(Frame::With { mark, dot }) => {
                self.variables.lower(mark);
                self.dot = dot;
            }
            Some(Frame::Range(range)) => {
                self.variables.lower(range.mark);
                self.dot = range.dot;
                self.next = range.after;
            }
            Some(Frame::Call { .. }) | None => {}
        }
    }

    fn range(
        &mut self,
        operation: &'t Operation,
        pipe: &'t Pipe,
        otherwise: u32,
    ) -> Result<(), Failure> {
        self.at_operation(operation);
        let mark = self.variables.height();
        let value = self.pipeline(pipe)?;
        let Some(elements) = self.elements(pipe, value)? else {
            let after = self.after_block(otherwise as usize);
            self.frames.push(Frame::Else { mark, after });
            self.next = self.start_of_else(otherwise as usize);
            return Ok(());
        };
        let range = Range {
            pipe,
            elements,
            mark,
            inside: self.variables.height(),
            dot: self.dot.clone(),
            body: self.next,
            after: self.after_block(otherwise as usize),
        };
        self.frames.push(Frame::Range(Box::new(range)));
        self.next_element();
        Ok(())
    }

    /// Returns what to range over; nothing if there is no element.
    fn elements(&mut self, pipe: &Pipe, value: Value) -> Result<Option<Elements>, Failure> {
        let is_int = matches!(value, Value::Int(..) | Value::Uint(..));
        if is_int && pipe.variables.len() > 1 {
            let shown = self.shown(&value)?;
            let complaint = format!("can't use {shown} to iterate over more than one variable");
            return Err(self.failure(&complaint));
        }
        let elements = match value {
            Value::Invalid | Value::Nil => return Ok(None),
            Value::Slice(slice) => Elements::Slice { slice, index: 0 },
            Value::Map(map) => {
                let size = map.len().saturating_mul(size_of::<(Str, Value)>());
                if let Err(limit) = self.meter.allocate(size) {
                    return Err(self.exceeded(limit));
                }
                let boxed = map.element() == Type::Interface;
                Elements::Map {
                    entries: map.entries().into_iter(),
                    boxed,
                }
            }
            Value::Int(kind, end) => Elements::Int { kind, next: 0, end },
            Value::Uint(kind, end) => Elements::Uint { kind, next: 0, end },
            Value::Bool(_)
            | Value::Float32(_)
            | Value::Float(_)
            | Value::Complex(..)
            | Value::Str(_)
            | Value::Error(_)
            | Value::Foreign(_) => {
                let shown = self.shown(&value)?;
                return Err(self.failure(&format!("range can't iterate over {shown}")));
            }
        };
        Ok(Some(elements).filter(|elements| !elements.is_empty()))
    }

    /// Returns a value as `%v` shows it; what a pointer points to has no methods here.
    fn shown(&mut self, value: &Value) -> Result<String, Failure> {
        let text = match value.kind() {
            Kind::Ptr => format::struct_text(&mut self.meter, value),
            _ => format::text(&mut self.meter, value, 'v'),
        };
        match text {
            Ok(text) => Ok(text),
            Err(limit) => Err(self.exceeded(limit)),
        }
    }

    /// Goes to the next element of the innermost range, or behind it.
    fn next_element(&mut self) {
        let Some(Frame::Range(range)) = self.frames.last_mut() else {
            return;
        };
        let Some((key, element)) = range.elements.next() else {
            self.pop_frame();
            return;
        };
        self.variables.lower(range.inside);
        self.next = range.body;
        let (pipe, inside) = (range.pipe, range.inside);
        self.dot.clone_from(&element);
        match pipe.variables.as_slice() {
            [] => {}
            [one] => self.set_range_variable(pipe, *one, inside - 1, element),
            [first, .., second] => {
                self.set_range_variable(pipe, *first, inside - 2, Evaluated::plain(key));
                self.set_range_variable(pipe, *second, inside - 1, element);
            }
        }
    }

    fn set_range_variable(&mut self, pipe: &Pipe, variable: Variable, top: usize, held: Evaluated) {
        if pipe.is_assign {
            // The pipeline has assigned it before, so it is there.
            self.variables.assign(variable, held);
        } else {
            self.variables.set(top, held);
        }
    }

    /// Does `break` or `continue`.
    fn leave_range(&mut self, for_good: bool) {
        loop {
            match self.frames.last() {
                // In the `else` of a range, Go's `break` leaves that range, its `continue` the outer one.
                Some(Frame::Else { after, .. }) if for_good => {
                    self.next = *after;
                    break;
                }
                Some(Frame::Range(_)) | None => break,
                Some(_) => self.pop_frame(),
            }
        }
        if for_good {
            self.pop_frame();
        } else {
            self.next_element();
        }
    }

    fn call_template(
        &mut self,
        operation: &'t Operation,
        name: &Str,
        pipe: Option<&'t Pipe>,
    ) -> Result<(), Failure> {
        self.at_operation(operation);
        let template = self.template;
        let Some(tree) = template.find(name) else {
            let name = format::quote::quote(name);
            return Err(self.failure(&format!("template {name} not defined")));
        };
        let limit = self.meter.limits.depth;
        if self.depth >= limit {
            return Err(self.failure(&format!("exceeded maximum template depth ({limit})")));
        }
        let dot = match pipe {
            Some(pipe) => Evaluated::plain(self.pipeline(pipe)?),
            None => Evaluated::default(),
        };
        self.depth += 1;
        self.frames.push(Frame::Call {
            tree: self.tree,
            next: self.next,
            base: self.variables.enter(dot.clone()),
            dot: std::mem::replace(&mut self.dot, dot),
        });
        self.tree = tree;
        self.next = 0;
        self.at = Printed::Nothing;
        Ok(())
    }

    /// Goes back to the caller of a template; says whether there was one.
    fn return_from_call(&mut self) -> bool {
        let Some(Frame::Call {
            tree,
            next,
            base,
            dot,
        }) = self.frames.pop()
        else {
            return false;
        };
        self.variables.leave(base);
        self.tree = tree;
        self.next = next;
        self.dot = dot;
        self.depth -= 1;
        self.at = Printed::Nothing;
        true
    }
}

/// Writes a value as an action does.
fn print(meter: &mut Meter, out: &mut Vec<u8>, value: &Value) -> Result<(), Exceeded> {
    if value.is_nil() {
        out.extend_from_slice(b"<no value>");
        return Ok(());
    }
    format::append(meter, out, value)
}
