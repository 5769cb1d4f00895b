//! Fields: entries of maps, fields of structs, methods.

use super::{Evaluated, Failure, Run};
use crate::format::quote;
use crate::functions::builtin;
use crate::functions::rest::methods;
use crate::template::MissingKey;
use crate::tree::{Operand, Printed};
use crate::value::{Foreign, Map, Str, Type, Value};

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
                let place = self.place(*name, *slot);
                let Some(cell) = place.and_then(|place| self.variables.get(place)) else {
                    return Err(self.undefined(*name));
                };
                let held = &cell.held;
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
        path: &[Str],
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
        name: &Str,
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
            .find(|method| method.name.as_bytes() == &**name)
        {
            let at = Printed::Operand(operand);
            return self.method(&value, method, at, arguments, last);
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
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

    fn field_of_nothing(&self, value: &Value, name: &Str) -> Result<Evaluated, Failure> {
        if matches!(value, Value::Nil) {
            return Err(self.failure(&format!("nil pointer evaluating interface {{}}.{name}")));
        }
        if self.template.missing_key() == MissingKey::Error {
            let name = quote::quote(name);
            return Err(self.failure(&format!("nil data; no entry for key {name}")));
        }
        Ok(Evaluated::default())
    }

    fn entry(&self, map: &Map, name: &Str) -> Result<Evaluated, Failure> {
        let boxed = map.element() == Type::Interface;
        if let Some(value) = map.get(name) {
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
        name: &Str,
        shown: Type,
        has_arguments: bool,
    ) -> Result<Evaluated, Failure> {
        let mut fields = foreign.fields().into_iter();
        match fields.find(|(field, _)| field.as_bytes() == &**name) {
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
fn look_up(value: &Value, path: &[Str]) -> Option<Evaluated> {
    let (first, rest) = path.split_first()?;
    let Value::Map(map) = value else { return None };
    map.with(|entries| {
        let found = entries.get(first)?;
        if rest.is_empty() {
            let boxed = map.element() == Type::Interface;
            return Some(Evaluated {
                value: found.clone(),
                boxed,
            });
        }
        look_up(found, rest)
    })
}
