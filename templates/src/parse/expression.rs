//! Pipelines, commands and operands.

use super::Parser;
use super::lexer::{Token, TokenKind};
use super::number;
use super::unquote::unquote;
use crate::error::ParseError;
use crate::format::quote;
use crate::tree::{Command, Operand, Pipe, Slot, Variable};
use crate::value::{Name, Str};

impl<'s> Parser<'s> {
    /// Parses `declarations? command ('|' command)*` up to `end`.
    pub(super) fn pipeline(&mut self, context: &str, end: TokenKind) -> Result<Pipe, ParseError> {
        let position = self.peek_non_space().start;
        let mut pipe = Pipe {
            position,
            is_assign: false,
            variables: Vec::new(),
            commands: Vec::new(),
        };
        let declared = self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                TokenKind::Bool
                | TokenKind::CharConstant
                | TokenKind::Complex
                | TokenKind::Dot
                | TokenKind::Field
                | TokenKind::Identifier
                | TokenKind::Number
                | TokenKind::Nil
                | TokenKind::RawString
                | TokenKind::String
                | TokenKind::Variable
                | TokenKind::LeftParen => {
                    self.back(token);
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return Err(self.unexpected(token, context)),
            }
        }
        self.check(&pipe, context)?;
        self.declare(&mut pipe, &declared);
        Ok(pipe)
    }

    /// Parses `$a :=`, `$a =` and `$a, $b :=`; returns the names.
    fn declarations(
        &mut self,
        pipe: &mut Pipe,
        context: &str,
    ) -> Result<Vec<&'s [u8]>, ParseError> {
        let mut declared = Vec::new();
        while self.peek_non_space().kind == TokenKind::Variable {
            let variable = self.next();
            let name = self.slice(variable);
            let after = self.next();
            let next = if after.kind == TokenKind::Space {
                self.next_non_space()
            } else {
                after
            };
            let comma = next.kind == TokenKind::Char && self.slice(next) == b",";
            if !comma && !matches!(next.kind, TokenKind::Assign | TokenKind::Declare) {
                // An operand: give back what was read.
                self.back(next);
                if after.kind == TokenKind::Space {
                    self.back(after);
                }
                self.back(variable);
                break;
            }
            declared.push(name);
            self.tree.known.push(name);
            if !comma {
                pipe.is_assign = next.kind == TokenKind::Assign;
                break;
            }
            if context != "range" || declared.len() >= 2 {
                return Err(self.error(&format!("too many declarations in {context}")));
            }
            let follows = self.peek_non_space().kind;
            if !matches!(
                follows,
                TokenKind::Variable | TokenKind::RightDelimiter | TokenKind::RightParen
            ) {
                return Err(self.error("range can only initialize variables"));
            }
        }
        Ok(declared)
    }

    /// Refuses pipelines that are empty or go through a constant.
    fn check(&self, pipe: &Pipe, context: &str) -> Result<(), ParseError> {
        if pipe.commands.is_empty() {
            return Err(self.error(&format!("missing value for {context}")));
        }
        for (at, command) in pipe.commands.iter().enumerate().skip(1) {
            if matches!(
                command.arguments.first(),
                Some(
                    Operand::Bool { .. }
                        | Operand::Dot { .. }
                        | Operand::Nil { .. }
                        | Operand::Number { .. }
                        | Operand::String { .. }
                )
            ) {
                let stage = at + 1;
                let message = format!("non executable command in pipeline stage {stage}");
                return Err(self.error(&message));
            }
        }
        Ok(())
    }

    /// Puts declared variables on the stack, and finds those that are assigned.
    fn declare(&mut self, pipe: &mut Pipe, declared: &[&'s [u8]]) {
        for name in declared {
            let name = self.name_number(name);
            let slot = self.slot(name);
            pipe.variables.push(Variable { name, slot });
            if !pipe.is_assign {
                self.tree.scope.push(name);
                self.tree.unsettled |= self.tree.depth > 0;
            }
        }
    }

    fn slot(&self, name: u32) -> Slot {
        let place = self.tree.scope.iter().rposition(|known| *known == name);
        match place.and_then(|place| u32::try_from(place).ok()) {
            Some(place) if !self.tree.unsettled => Slot::At(place),
            _ => Slot::Search,
        }
    }

    /// Parses `operand (space operand)*`; takes the `|` after it, but not the end of the pipeline.
    fn command(&mut self) -> Result<Command, ParseError> {
        let position = self.peek_non_space().start;
        let mut arguments = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                arguments.push(operand);
            }
            let token = self.next();
            match token.kind {
                TokenKind::Space => continue,
                TokenKind::RightDelimiter | TokenKind::RightParen => self.back(token),
                TokenKind::Pipe => {}
                _ => return Err(self.unexpected(token, "operand")),
            }
            break;
        }
        if arguments.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(Command {
            position,
            arguments,
        })
    }

    /// Parses `term .Field*`; gives nothing if no term is next.
    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != TokenKind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek().kind == TokenKind::Field {
            let token = self.next();
            fields.push(Name::new(Str::from(&self.slice(token)[1..])));
        }
        // Fields of a field or variable are one node, which stands where the added ones begin.
        let position = first.start;
        let joined = |path: Box<[Name]>, fields: Vec<Name>| {
            path.into_iter()
                .chain(fields)
                .collect::<Vec<_>>()
                .into_boxed_slice()
        };
        Ok(Some(match term {
            Operand::Field { path, .. } => Operand::Field {
                position,
                path: joined(path, fields),
            },
            Operand::Variable {
                name, slot, path, ..
            } => Operand::Variable {
                position,
                name,
                slot,
                path: joined(path, fields),
            },
            Operand::Bool { .. }
            | Operand::String { .. }
            | Operand::Number { .. }
            | Operand::Nil { .. }
            | Operand::Dot { .. } => {
                let term = self.printed(&term);
                let term = quote::quote(&term);
                return Err(self.error(&format!("unexpected . after term {term}")));
            }
            Operand::Function { .. } | Operand::Pipe(_) | Operand::Chain { .. } => Operand::Chain {
                position,
                inner: Box::new(term),
                path: fields.into(),
            },
        }))
    }

    /// Returns a literal as it stands in the source.
    fn printed(&self, term: &Operand) -> Vec<u8> {
        match term {
            Operand::Bool { value, .. } => value.to_string().into_bytes(),
            Operand::String { position, end, .. } | Operand::Number { position, end, .. } => {
                self.source.slice(*position, *end).to_vec()
            }
            Operand::Nil { .. } => b"nil".to_vec(),
            _ => b".".to_vec(),
        }
    }

    fn term(&mut self) -> Result<Option<Operand>, ParseError> {
        let token = self.next_non_space();
        let Token {
            start: position,
            end,
            ..
        } = token;
        let text = self.slice(token);
        Ok(Some(match token.kind {
            TokenKind::Identifier => {
                let Some(function) = self.functions.find(text) else {
                    let name = quote::quote(text);
                    return Err(self.error(&format!("function {name} not defined")));
                };
                Operand::Function { position, function }
            }
            TokenKind::Dot => Operand::Dot { position },
            TokenKind::Nil => Operand::Nil { position },
            TokenKind::Variable => self.variable(position, text)?,
            TokenKind::Field => Operand::Field {
                position,
                path: Box::new([Name::new(Str::from(&text[1..]))]),
            },
            TokenKind::Bool => Operand::Bool {
                position,
                value: text == b"true",
            },
            TokenKind::CharConstant | TokenKind::Complex | TokenKind::Number => {
                let number = number::parse(text, token.kind).map_err(|text| self.error(&text))?;
                Operand::Number {
                    position,
                    end,
                    number: Box::new(number),
                }
            }
            TokenKind::LeftParen => self.parentheses()?,
            TokenKind::String | TokenKind::RawString => {
                let value = unquote(text).ok_or_else(|| self.error("invalid syntax"))?;
                Operand::String {
                    position,
                    end,
                    value: Str::from(value),
                }
            }
            _ => {
                self.back(token);
                return Ok(None);
            }
        }))
    }

    fn variable(&mut self, position: u32, name: &'s [u8]) -> Result<Operand, ParseError> {
        if !self.tree.known.contains(&name) {
            let name = quote::quote(name);
            return Err(self.error(&format!("undefined variable {name}")));
        }
        let name = self.name_number(name);
        Ok(Operand::Variable {
            position,
            name,
            slot: self.slot(name),
            path: Box::default(),
        })
    }

    fn parentheses(&mut self) -> Result<Operand, ParseError> {
        if self.tree.depth >= super::MAX_DEPTH {
            return Err(self.error("max expression depth exceeded"));
        }
        self.tree.depth += 1;
        let pipe = self.pipeline("parenthesized pipeline", TokenKind::RightParen)?;
        self.tree.depth -= 1;
        Ok(Operand::Pipe(Box::new(pipe)))
    }
}
