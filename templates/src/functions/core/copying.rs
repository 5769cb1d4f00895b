//! `deepCopy` as mitchellh/copystructure 1.0.0 copies.

use std::rc::Rc;

use super::support::{DEPTH, Outcome, appended, pay_for_values, too_deep};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::value::{Foreign, Location, Map, Slice, Str, Type, Value, Version};

pub(super) const FUNCTIONS: &[Function] =
    &[
        Function::new("deepCopy", &[Type::Interface], Type::Interface, deep_copy).documented(
            "Returns a copy of a value that shares nothing with it.",
            r#"{{ $d := dict "a" 1 }}{{ $_ := set (deepCopy $d) "a" 2 }}{{ $d }}"#,
            "map[a:1]",
        ),
    ];

fn deep_copy(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    if arguments[0].is_nil() {
        return Err(FunctionError::new(
            "reflect: call of reflect.Value.Type on zero Value",
        ));
    }
    copied(context, &arguments[0], 0)
}

fn copied(context: &mut Context<'_>, value: &Value, depth: usize) -> Outcome {
    if depth > DEPTH {
        return Err(too_deep());
    }
    match value {
        Value::Slice(slice) => copied_slice(context, slice, depth),
        Value::Map(map) => copied_map(context, map, depth),
        Value::Foreign(foreign) => Ok(Value::Foreign(copied_foreign(foreign))),
        Value::Error(_) => Ok(Value::Error(Str::default())),
        other => Ok(other.clone()),
    }
}

fn copied_slice(context: &mut Context<'_>, slice: &Slice, depth: usize) -> Outcome {
    let (false, Type::Slice(element)) = (slice.is_nil(), slice.go_type()) else {
        return Ok(Value::Slice(slice.clone()));
    };
    let items = slice.to_vec();
    let items = items.iter().map(|item| copied(context, item, depth + 1));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    appended(context, element, items, slice.capacity())
}

fn copied_map(context: &mut Context<'_>, map: &Map, depth: usize) -> Outcome {
    let (false, Type::Map(element)) = (map.is_nil(), map.go_type()) else {
        return Ok(Value::Map(map.clone()));
    };
    pay_for_values(context, map.len().saturating_mul(2))?;
    let mut entries = Vec::with_capacity(map.len());
    for (key, value) in map.entries() {
        entries.push((key, copied(context, &value, depth + 1)?));
    }
    Ok(Value::Map(Map::new(element, entries)))
}

/// Copies exported fields alone, except for times: a copied version is 0.0.0.
fn copied_foreign(foreign: &Foreign) -> Foreign {
    match foreign {
        Foreign::Time(_) | Foreign::Certificate(_) => foreign.clone(),
        Foreign::Location(_) => Foreign::Location(Rc::new(Location {
            name: Str::default(),
            abbreviation: Str::default(),
            offset: 0,
        })),
        Foreign::Version(_) => Foreign::Version(Rc::new(version_zero())),
        Foreign::VersionStruct(_) => Foreign::VersionStruct(Rc::new(version_zero())),
    }
}

fn version_zero() -> Version {
    Version {
        major: 0,
        minor: 0,
        patch: 0,
        prerelease: Str::default(),
        metadata: Str::default(),
        original: Str::default(),
    }
}
