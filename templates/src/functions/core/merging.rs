//! Dicts merged into one another, by the rules of mergo 0.3.9.

use std::rc::Rc;

use super::support::{DEPTH, Outcome, too_deep};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::value::{Certificate, Foreign, Map, Str, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("merge", &[Type::DICT, Type::DICT], Type::Interface, merge).documented(
        "Fills the first dict in place with what it lacks (or has empty) from the others, in their order, and returns it.",
        r#"{{ merge (dict "a" 1) (dict "a" 2 "b" 2) }}"#,
        "map[a:1 b:2]",
    ),
    Function::variadic("mergeOverwrite", &[Type::DICT, Type::DICT], Type::Interface, merge_overwrite)
        .documented(
            "Overwrites the first dict in place with what is not empty in the others, and returns it.",
            r#"{{ mergeOverwrite (dict "a" 1) (dict "a" 2 "b" 2) }}"#,
            "map[a:2 b:2]",
        ),
];

fn merge(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    merged(context, arguments, false)
}

fn merge_overwrite(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    merged(context, arguments, true)
}

fn merged(context: &mut Context<'_>, arguments: Arguments<'_>, overwrite: bool) -> Outcome {
    let mut target = arguments.map(0);
    for at in 1..arguments.len() {
        let source = arguments.map(at);
        if target.is_nil() && !source.is_nil() {
            target = Map::new(&Type::Interface, []);
        }
        let mut merger = Merger { context, overwrite };
        match merger.merge_maps(&target, &source, 0) {
            Ok(()) => {}
            // Sprig swallows the error and gives an empty text.
            Err(Failure::Mismatch) => return Ok(Value::from("")),
            Err(Failure::Error(error)) => return Err(error),
        }
    }
    Ok(Value::Map(target))
}

/// Why a merge ended.
enum Failure {
    /// The two have a value of different types for one key.
    Mismatch,
    Error(FunctionError),
}

impl From<FunctionError> for Failure {
    fn from(error: FunctionError) -> Self {
        Self::Error(error)
    }
}

struct Merger<'a, 'b> {
    context: &'a mut Context<'b>,
    overwrite: bool,
}

impl Merger<'_, '_> {
    /// Merges the entries of `source` into `target` in place.
    fn merge_maps(&mut self, target: &Map, source: &Map, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH {
            return Err(Failure::Error(too_deep()));
        }
        for (key, from) in source.entries() {
            self.context.spend(1)?;
            let into = target.get(&key);
            if is_nil(&from) {
                let nil_container = into.as_ref().is_some_and(is_nil_container);
                if self.overwrite || nil_container {
                    self.put(target, key, from)?;
                }
                continue;
            }
            let into = into.filter(|value| !value.is_nil());
            match self.merge_values(into, from, depth)? {
                Some(value) => self.put(target, key, value)?,
                // An empty value for a key without one: mergo removes the key, even one that was nil.
                None => drop(target.remove(&key)),
            }
        }
        Ok(())
    }

    fn put(&mut self, target: &Map, key: Str, value: Value) -> Result<(), FunctionError> {
        self.context.allocate(2 * size_of::<Value>())?;
        target.insert(key, value);
        Ok(())
    }

    /// Returns what becomes of a value when another is merged into it; `None` is no value.
    fn merge_values(
        &mut self,
        into: Option<Value>,
        from: Value,
        depth: usize,
    ) -> Result<Option<Value>, Failure> {
        let Some(into) = into else {
            return Ok((!is_empty(&from)).then_some(from));
        };
        if into.go_type() != from.go_type() {
            return Err(Failure::Mismatch);
        }
        let merged = match (into, from) {
            (Value::Map(into), Value::Map(from)) => self.merged_map(into, from, depth)?,
            (Value::Foreign(into), Value::Foreign(from)) => {
                Value::Foreign(self.merged_foreign(into, from))
            }
            (into @ Value::Error(_), from) => {
                if self.overwrite {
                    from
                } else {
                    into
                }
            }
            (into, from) => {
                let take = !is_empty(&from) && (self.overwrite || is_empty(&into));
                if take { from } else { into }
            }
        };
        Ok(Some(merged))
    }

    fn merged_map(&mut self, into: Map, from: Map, depth: usize) -> Result<Value, Failure> {
        if into.is_nil() {
            return Ok(Value::Map(if from.is_nil() { into } else { from }));
        }
        self.merge_maps(&into, &from, depth + 1)?;
        Ok(Value::Map(into))
    }

    /// A struct without exported fields is one value; one with fields is merged field by field.
    fn merged_foreign(&self, into: Foreign, from: Foreign) -> Foreign {
        match (into, from) {
            (Foreign::Certificate(into), Foreign::Certificate(from)) => {
                let field = |into: &Str, from: &Str| {
                    let take = !from.is_empty() && (self.overwrite || into.is_empty());
                    if take { from.clone() } else { into.clone() }
                };
                let cert = field(&into.cert, &from.cert);
                Foreign::Certificate(Rc::new(Certificate {
                    cert,
                    key: field(&into.key, &from.key),
                }))
            }
            (into, from) => {
                if self.overwrite {
                    from
                } else {
                    into
                }
            }
        }
    }
}

/// A nil interface, slice or map.
fn is_nil(value: &Value) -> bool {
    value.is_nil()
}

fn is_nil_container(value: &Value) -> bool {
    match value {
        Value::Slice(slice) => slice.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

/// What mergo takes for empty.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Invalid | Value::Nil => true,
        Value::Bool(value) => !value,
        Value::Int(_, value) => *value == 0,
        Value::Uint(_, value) => *value == 0,
        Value::Float32(value) => *value == 0.0,
        Value::Float(value) => *value == 0.0,
        Value::Str(text) => text.is_empty(),
        Value::Slice(slice) => slice.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Complex(..) | Value::Error(_) | Value::Foreign(_) => false,
    }
}
