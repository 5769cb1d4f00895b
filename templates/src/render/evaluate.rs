//! Pipelines, commands and variables.

use super::{Evaluated, Failure, Run};
use crate::parse::Number;
use crate::tree::{Command, Operand, Pipe, Printed};
use crate::value::Value;

impl<'t> Run<'t> {
    /// Returns the value of a pipeline, after declaring or assigning its variables.
    pub(super) fn pipeline(&mut self, pipe: &'t Pipe) -> Result<Value, Failure> {
        self.at = Printed::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            // What is in an interface comes out of it; a nil one is nothing.
            value = Some(match self.command(command, value)?.value {
                Value::Nil => Value::Invalid,
                value => value,
            });
        }
        let value = value.unwrap_or_default();
        for variable in &pipe.variables {
            let held = Evaluated::plain(value.clone());
            if !pipe.is_assign {
                self.variables.declare(variable.name, held);
            } else if !self.variables.assign(*variable, held) {
                return Err(self.undefined(variable.name));
            }
        }
        Ok(value)
    }

    pub(super) fn undefined(&self, name: u32) -> Failure {
        let name = self
            .tree
            .variables
            .get(name as usize)
            .cloned()
            .unwrap_or_default();
        self.failure(&format!("undefined variable: {name}"))
    }

    /// Evaluates a command; `last` is the value of the one before, its last argument.
    fn command(&mut self, command: &'t Command, last: Option<Value>) -> Result<Evaluated, Failure> {
        let Some((first, arguments)) = command.arguments.split_first() else {
            return Ok(Evaluated::default());
        };
        match first {
            Operand::Field { .. } | Operand::Chain { .. } | Operand::Variable { .. } => {
                self.fields(first, arguments, last)
            }
            Operand::Function { function, .. } => {
                self.at = Printed::Operand(first);
                self.function(function, Printed::Command(command), arguments, last)
            }
            Operand::Pipe(pipe) => {
                self.refuse_arguments(first, arguments, last.is_some())?;
                self.pipeline(pipe).map(Evaluated::plain)
            }
            Operand::Dot { .. }
            | Operand::Nil { .. }
            | Operand::Bool { .. }
            | Operand::Number { .. }
            | Operand::String { .. } => {
                self.at = Printed::Operand(first);
                self.refuse_arguments(first, arguments, last.is_some())?;
                match first {
                    Operand::Dot { .. } => Ok(self.dot.clone()),
                    Operand::Nil { .. } => Err(self.failure("nil is not a command")),
                    literal => self.literal(literal).map(Evaluated::plain),
                }
            }
        }
    }

    /// Refuses arguments of what is no function.
    pub(super) fn refuse_arguments(
        &self,
        first: &'t Operand,
        arguments: &[Operand],
        has_last: bool,
    ) -> Result<(), Failure> {
        if arguments.is_empty() && !has_last {
            return Ok(());
        }
        let first = Printed::Operand(first).text(self.tree);
        Err(self.failure(&format!("can't give argument to non-function {first}")))
    }

    /// Returns the value of a constant, whose syntax says its type.
    pub(super) fn literal(&mut self, operand: &'t Operand) -> Result<Value, Failure> {
        self.at = Printed::Operand(operand);
        match operand {
            Operand::Bool { value, .. } => Ok(Value::Bool(*value)),
            Operand::String { value, .. } => Ok(Value::Str(value.clone())),
            Operand::Number {
                position,
                end,
                number,
            } => self.ideal_constant(self.tree.source.slice(*position, *end), number),
            _ => Ok(Value::Invalid),
        }
    }

    fn ideal_constant(&self, text: &[u8], number: &Number) -> Result<Value, Failure> {
        let Number {
            int,
            uint,
            float,
            complex,
        } = number;
        if let Some((real, imaginary)) = complex {
            return Ok(Value::Complex(*real, *imaginary));
        }
        let is_character = text.first() == Some(&b'\'');
        let is_hex = matches!(text, [b'0', b'x' | b'X', _, ..])
            && !text.iter().any(|byte| matches!(byte, b'p' | b'P'));
        let has_point = text
            .iter()
            .any(|byte| matches!(byte, b'.' | b'e' | b'E' | b'p' | b'P'));
        match (float, int) {
            (Some(float), _) if has_point && !is_hex && !is_character => Ok(Value::Float(*float)),
            (_, Some(int)) => Ok(Value::int(*int)),
            _ if uint.is_some() => {
                let text = crate::value::to_text(text);
                Err(self.failure(&format!("{text} overflows int")))
            }
            _ => Ok(Value::Invalid),
        }
    }
}
