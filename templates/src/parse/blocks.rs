//! Text, actions and blocks. What is open is on a list, not on the machine's stack.

use std::mem;
use std::sync::Arc;

use super::lexer::{Token, TokenKind};
use super::unquote::unquote;
use super::{Building, Parser};
use crate::error::ParseError;
use crate::format::quote;
use crate::tree::{Operation, Pipe, Position, Tree};
use crate::value::Str;

/// A block whose end has not come yet.
pub(super) enum Open<'s> {
    /// `if`, `with` or `range`.
    Control {
        control: Control,
        /// Index of its operation.
        start: usize,
        /// Index of its `else`.
        otherwise: Option<usize>,
        /// Whether the end of this block is also the end of the one around it (`else if`).
        chained: bool,
        /// How many names were known before it.
        known: usize,
        /// What was on the stack before its pipeline and after.
        scope: usize,
        scope_inside: usize,
    },
    /// `define`, with the tree around it.
    Define(Box<Building<'s>>),
    /// `block`, with the tree around it and the call that takes its place.
    Block(Box<Building<'s>>, Operation),
}

/// A control structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    If,
    With,
    Range,
}

impl Control {
    const fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

impl<'s> Parser<'s> {
    /// Parses the whole text.
    pub(super) fn run(&mut self) -> Result<(), ParseError> {
        loop {
            let token = if self.open.is_empty() {
                self.peek()
            } else {
                self.peek_non_space()
            };
            if token.kind == TokenKind::Eof {
                break;
            }
            self.text_or_action()?;
        }
        if !self.open.is_empty() {
            return Err(self.error("unexpected EOF"));
        }
        self.leave_tree(Building::new(Str::default()))
    }

    fn text_or_action(&mut self) -> Result<(), ParseError> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Text => {
                let Token { start, end, .. } = token;
                self.tree.operations.push(Operation::Text { start, end });
                Ok(())
            }
            TokenKind::LeftDelimiter => {
                if self.open.is_empty() {
                    let first = self.next_non_space();
                    if first.kind == TokenKind::Define {
                        return self.define();
                    }
                    self.back(first);
                }
                self.tree.action = Some(token.start);
                self.action()
            }
            _ => Err(self.unexpected(token, "input")),
        }
    }

    fn action(&mut self) -> Result<(), ParseError> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::If => return self.control(Control::If, false),
            TokenKind::With => return self.control(Control::With, false),
            TokenKind::Range => return self.control(Control::Range, false),
            TokenKind::Block => return self.block(),
            TokenKind::Else => self.otherwise()?,
            TokenKind::End => self.end()?,
            TokenKind::Template => self.template()?,
            TokenKind::Break => self.leave(Operation::Break, "{{break}}")?,
            TokenKind::Continue => self.leave(Operation::Continue, "{{continue}}")?,
            _ => {
                self.back(token);
                let pipe = self.pipeline("command", TokenKind::RightDelimiter)?;
                self.tree.operations.push(Operation::Action(pipe));
            }
        }
        self.tree.action = None;
        Ok(())
    }

    fn leave(&mut self, operation: Operation, context: &str) -> Result<(), ParseError> {
        let token = self.next_non_space();
        if token.kind != TokenKind::RightDelimiter {
            return Err(self.unexpected(token, context));
        }
        if self.tree.ranges == 0 {
            return Err(self.error(&format!("{context} outside {{{{range}}}}")));
        }
        self.tree.operations.push(operation);
        Ok(())
    }

    /// Begins an `if`, `with` or `range`; the keyword is past.
    fn control(&mut self, control: Control, chained: bool) -> Result<(), ParseError> {
        let (known, scope) = (self.tree.known.len(), self.tree.scope.len());
        let pipe = self.pipeline(control.word(), TokenKind::RightDelimiter)?;
        self.tree.ranges += usize::from(control == Control::Range);
        let start = self.tree.operations.len();
        self.tree.operations.push(match control {
            Control::If => Operation::If { pipe, otherwise: 0 },
            Control::With => Operation::With { pipe, otherwise: 0 },
            Control::Range => Operation::Range { pipe, otherwise: 0 },
        });
        let scope_inside = self.tree.scope.len();
        let otherwise = None;
        self.open.push(Open::Control {
            control,
            start,
            otherwise,
            chained,
            known,
            scope,
            scope_inside,
        });
        Ok(())
    }

    /// Reads `else`; the keyword is past.
    fn otherwise(&mut self) -> Result<(), ParseError> {
        let next = self.peek_non_space();
        if !matches!(next.kind, TokenKind::If | TokenKind::With) {
            self.expect(TokenKind::RightDelimiter, "else")?;
        }
        let here = self.tree.operations.len();
        let (control, chain) = match self.open.last_mut() {
            None => return Err(self.error("unexpected {{else}}")),
            Some(Open::Define(_)) => {
                return Err(self.error("unexpected {{else}} in define clause"));
            }
            Some(Open::Block(around, _)) => {
                // The tree around complains, at the last token that it has seen.
                self.tree.last = around.last;
                return Err(self.error("unexpected {{else}} in block clause"));
            }
            Some(Open::Control {
                otherwise: Some(_), ..
            }) => {
                return Err(self.error("expected end; found {{else}}"));
            }
            Some(Open::Control {
                control,
                otherwise,
                scope_inside,
                ..
            }) => {
                *otherwise = Some(here);
                self.tree.scope.truncate(*scope_inside);
                let chain = matches!(
                    (*control, next.kind),
                    (Control::If, TokenKind::If) | (Control::With, TokenKind::With)
                );
                (*control, chain)
            }
        };
        self.tree.ranges -= usize::from(control == Control::Range);
        self.tree.operations.push(Operation::Else { end: 0 });
        if chain {
            self.next_non_space();
            return self.control(control, true);
        }
        Ok(())
    }

    /// Reads `end`; the keyword is past.
    fn end(&mut self) -> Result<(), ParseError> {
        self.expect(TokenKind::RightDelimiter, "end")?;
        match self.open.pop() {
            None => Err(self.error("unexpected {{end}}")),
            Some(Open::Define(around)) => self.leave_tree(*around),
            Some(Open::Block(around, call)) => {
                self.leave_tree(*around)?;
                self.tree.operations.push(call);
                Ok(())
            }
            Some(control @ Open::Control { .. }) => {
                self.close(control);
                Ok(())
            }
        }
    }

    /// Ends a control structure and those that its `else if` belongs to.
    fn close(&mut self, mut open: Open<'s>) {
        while let Open::Control {
            control,
            start,
            otherwise,
            chained,
            known,
            scope,
            ..
        } = open
        {
            let end = self.tree.operations.len();
            let at = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
            if let Some(Operation::Else { end: target }) =
                otherwise.and_then(|index| self.tree.operations.get_mut(index))
            {
                *target = at(end);
            }
            match self.tree.operations.get_mut(start) {
                Some(
                    Operation::If {
                        otherwise: target, ..
                    }
                    | Operation::With {
                        otherwise: target, ..
                    }
                    | Operation::Range {
                        otherwise: target, ..
                    },
                ) => *target = at(otherwise.unwrap_or(end)),
                _ => unreachable!("a control structure is opened at its operation"),
            }
            self.tree.operations.push(Operation::End);
            self.tree.known.truncate(known);
            self.tree.scope.truncate(scope);
            if otherwise.is_none() && control == Control::Range {
                self.tree.ranges -= 1;
            }
            if !chained {
                return;
            }
            let Some(around) = self.open.pop() else {
                return;
            };
            open = around;
        }
    }

    fn define(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "define clause";
        let around = mem::replace(&mut self.tree, Building::new(Str::default()));
        self.open.push(Open::Define(Box::new(around)));
        let token = self.next_non_space();
        self.tree.name = self.template_name(token, CONTEXT)?;
        self.expect(TokenKind::RightDelimiter, CONTEXT)?;
        Ok(())
    }

    fn block(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, TokenKind::RightDelimiter)?;
        let call = Operation::Template {
            position: token.start,
            name: name.clone(),
            pipe: Some(pipe),
        };
        self.tree.action = None;
        let around = mem::replace(&mut self.tree, Building::new(name));
        self.open.push(Open::Block(Box::new(around), call));
        Ok(())
    }

    fn template(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.template_pipe(CONTEXT)?;
        let position: Position = token.start;
        self.tree.operations.push(Operation::Template {
            position,
            name,
            pipe,
        });
        Ok(())
    }

    fn template_pipe(&mut self, context: &str) -> Result<Option<Pipe>, ParseError> {
        let next = self.next_non_space();
        if next.kind == TokenKind::RightDelimiter {
            return Ok(None);
        }
        self.back(next);
        self.pipeline(context, TokenKind::RightDelimiter).map(Some)
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Str, ParseError> {
        if !matches!(token.kind, TokenKind::String | TokenKind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = unquote(self.slice(token)).ok_or_else(|| self.error("invalid syntax"))?;
        Ok(Str::from(name))
    }

    /// Goes back to the tree around, and adds the finished one; of two with the same name the one
    /// that is not empty stays.
    fn leave_tree(&mut self, around: Building<'s>) -> Result<(), ParseError> {
        let Building {
            name,
            operations,
            variables,
            last,
            ..
        } = mem::replace(&mut self.tree, around);
        let source = Arc::clone(&self.source);
        let tree = Tree {
            name: name.clone(),
            source,
            operations,
            variables,
        };
        match self.trees.get(&name) {
            Some(other) if !other.is_empty() => {
                if !tree.is_empty() {
                    self.tree.last = last;
                    let name = quote::quote(&name);
                    return Err(
                        self.error(&format!("template: multiple definition of template {name}"))
                    );
                }
            }
            _ => {
                self.trees.insert(name, Arc::new(tree));
            }
        }
        Ok(())
    }
}
