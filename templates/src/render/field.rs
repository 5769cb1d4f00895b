//! Fields: entries of maps, fields of structs, methods.

use super::{Evaluated, Failure, Run};
use crate::format::quote;
use crate::functions::builtin;
use crate::functions::rest::methods;
use crate::limits::Meter;
use crate::template::MissingKey;
use crate::tree::{Operand, Pipe, Printed};
use crate::value::{Foreign, Map, Name, Type, Value};

impl<'t> Run<'t> {
    /// Evaluates `.A.B`, `$a.B` or `(pipe).A.B`, the last of which may be a method with arguments.
    pub(super) fn fields(
        &mut self,
        operand: &'t Operand,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        self.at = Printed::Operand(operand);
        let plain = arguments.is_empty() && last.is_none();
        let (receiver, path) = match operand {
            Operand::Field { path, .. } => {
                if plain && let Some(found) = look_up(&self.dot.value, path) {
                    return Ok(found);
                }
                (self.dot.clone(), path)
            }
            Operand::Variable {
                name, slot, path, ..
            } => {
                let Some(held) = self.variables.get(*name, *slot) else {
                    return Err(self.undefined(*name));
                };
                if path.is_empty() {
                    self.refuse_arguments(operand, arguments, last.is_some())?;
                    return Ok(held.clone());
                }
                if plain && let Some(found) = look_up(&held.value, path) {
                    return Ok(found);
                }
                (held.clone(), path)
            }
            Operand::Chain { inner, path, .. } => (self.chain_receiver(inner)?, path),
            _ => return Ok(Evaluated::default()),
        };
        self.field_chain(receiver, operand, path, arguments, last)
    }

    /// Calls a function with the value of a pipeline that is nothing but a path through maps.
    ///
    /// Such a value is neither copied nor can it fail; `None` means that it is another pipeline.
    pub(super) fn look_at<R>(
        &mut self,
        pipe: &Pipe,
        look: impl FnOnce(&Value, &mut Vec<u8>, &mut Meter) -> R,
    ) -> Option<R> {
        let [command] = pipe.commands.as_slice() else {
            return None;
        };
        let [operand] = command.arguments.as_slice() else {
            return None;
        };
        let (held, path) = match operand {
            Operand::Field { path, .. } => (&self.dot, path),
            Operand::Variable {
                name, slot, path, ..
            } => (self.variables.get(*name, *slot)?, path),
            _ => return None,
        };
        if !pipe.variables.is_empty() {
            return None;
        }
        let Self { out, meter, .. } = self;
        find(&held.value, path, |value, _| look(value, out, meter))
    }

    /// Evaluates what stands before the first field of a chain.
    fn chain_receiver(&mut self, inner: &'t Operand) -> Result<Evaluated, Failure> {
        self.at = Printed::Operand(inner);
        match inner {
            Operand::Function { function, .. } => {
                self.function(function, Printed::Operand(inner), &[], None)
            }
            Operand::Pipe(pipe) => self.pipeline(pipe).map(Evaluated::plain),
            _ => Ok(Evaluated::default()),
        }
    }

    fn field_chain(
        &mut self,
        mut receiver: Evaluated,
        operand: &'t Operand,
        path: &[Name],
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        let Some((method, fields)) = path.split_last() else {
            return Ok(receiver);
        };
        for name in fields {
            receiver = self.field(receiver, operand, name, &[], None)?;
        }
        self.field(receiver, operand, method, arguments, last)
    }

    /// Evaluates a method, a field or an entry of a map.
    fn field(
        &mut self,
        receiver: Evaluated,
        operand: &'t Operand,
        name: &Name,
        arguments: &'t [Operand],
        last: Option<Value>,
    ) -> Result<Evaluated, Failure> {
        let Evaluated { value, boxed } = receiver;
        let Some(go_type) = value.go_type() else {
            return self.field_of_nothing(&value, name);
        };
        let methods = methods::methods(go_type);
        if let Some(method) = methods
            .iter()
            .find(|method| method.name.as_bytes() == name.as_bytes())
        {
            let at = Printed::Operand(operand);
            return self.method(&value, method, at, arguments, last);
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        if let Some(why) = methods::uncallable(go_type, name) {
            let got = arguments.len() + usize::from(last.is_some());
            return Err(self.failure(&match got {
                0 => why.to_owned(),
                _ => format!("wrong number of args for {name}: want 0 got {got}"),
            }));
        }
        let shown = if boxed { Type::Interface } else { go_type };
        match &value {
            Value::Map(_) if has_arguments => {
                Err(self.failure(&format!("{name} is not a method but has arguments")))
            }
            Value::Map(map) => self.entry(map, name),
            Value::Foreign(foreign) => self.struct_field(foreign, name, shown, has_arguments),
            _ => Err(self.failure(&format!("can't evaluate field {name} in type {shown}"))),
        }
    }

    fn field_of_nothing(&self, value: &Value, name: &Name) -> Result<Evaluated, Failure> {
        if matches!(value, Value::Nil) {
            return Err(self.failure(&format!("nil pointer evaluating interface {{}}.{name}")));
        }
        if self.template.missing_key() == MissingKey::Error {
            let name = quote::quote(name);
            return Err(self.failure(&format!("nil data; no entry for key {name}")));
        }
        Ok(Evaluated::default())
    }

    fn entry(&self, map: &Map, name: &Name) -> Result<Evaluated, Failure> {
        let boxed = map.element() == Type::Interface;
        if let Some(value) = map.named(name) {
            return Ok(Evaluated { value, boxed });
        }
        match self.template.missing_key() {
            MissingKey::Invalid => Ok(Evaluated::default()),
            MissingKey::Zero => Ok(Evaluated {
                value: builtin::zero(map.element()),
                boxed,
            }),
            MissingKey::Error => {
                let name = quote::quote(name);
                Err(self.failure(&format!("map has no entry for key {name}")))
            }
        }
    }

    fn struct_field(
        &self,
        foreign: &Foreign,
        name: &Name,
        shown: Type,
        has_arguments: bool,
    ) -> Result<Evaluated, Failure> {
        let mut fields = foreign.fields().into_iter();
        match fields.find(|(field, _)| field.as_bytes() == name.as_bytes()) {
            None => Err(self.failure(&format!("can't evaluate field {name} in type {shown}"))),
            Some((field, _)) if field.starts_with(char::is_lowercase) => Err(self.failure(
                &format!("{name} is an unexported field of struct type {shown}"),
            )),
            Some(_) if has_arguments => Err(self.failure(&format!(
                "{name} has arguments but cannot be invoked as function"
            ))),
            Some((_, value)) => Ok(Evaluated::plain(value)),
        }
    }
}

/// Follows a path through maps, the usual case; `None` leaves it to the slow way.
fn look_up(value: &Value, path: &[Name]) -> Option<Evaluated> {
    find(value, path, |found, boxed| Evaluated {
        value: found.clone(),
        boxed,
    })
}

/// Calls a function with what a path through maps leads to, if it is there.
fn find<R>(value: &Value, path: &[Name], look: impl FnOnce(&Value, bool) -> R) -> Option<R> {
    let (first, rest) = path.split_first()?;
    let Value::Map(map) = value else { return None };
    map.with(|entries| {
        let found = entries.named(first)?;
        if rest.is_empty() {
            return Some(look(found, map.element() == Type::Interface));
        }
        find(found, rest, look)
    })
}
