//! Dicts: making and changing them. `set` and `unset` change the dict that they are given.

use super::lists::one_by_one;
use super::support::{Outcome, appended, pay_for_values, string_of};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::growth;
use crate::value::{Str, Type, Value};

/// The size of a string in Go.
const STRING_SIZE: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[Type::Interface], Type::DICT, dict).documented(
        "Makes a dict of keys and values in turn.",
        r#"{{ dict "name" "galera" "nodes" 3 }}"#,
        "map[name:galera nodes:3]",
    ),
    Function::new(
        "set",
        &[Type::DICT, Type::String, Type::Interface],
        Type::DICT,
        set,
    )
    .documented(
        "Sets a key of a dict in place and returns the dict.",
        r#"{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ $d }}"#,
        "map[a:1 b:2]",
    ),
    Function::new("unset", &[Type::DICT, Type::String], Type::DICT, unset).documented(
        "Removes a key of a dict in place and returns the dict.",
        r#"{{ unset (dict "a" 1 "b" 2) "a" }}"#,
        "map[b:2]",
    ),
    Function::new("hasKey", &[Type::DICT, Type::String], Type::Bool, has_key).documented(
        "Says whether a dict has a key.",
        r#"{{ hasKey (dict "a" 1) "a" }}"#,
        "true",
    ),
    Function::variadic("pluck", &[Type::String, Type::DICT], Type::LIST, pluck).documented(
        "Returns the values that a key has in the dicts that have it.",
        r#"{{ pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" 3) }}"#,
        "[1 3]",
    ),
    Function::variadic("keys", &[Type::DICT], Type::STRINGS, keys).documented(
        "Returns the keys of dicts, sorted; Go gives them in any order.",
        r#"{{ keys (dict "b" 2 "a" 1) }}"#,
        "[a b]",
    ),
    Function::new("values", &[Type::DICT], Type::LIST, values).documented(
        "Returns the values of a dict in order of its keys; Go gives them in any order.",
        r#"{{ values (dict "b" 2 "a" 1) }}"#,
        "[1 2]",
    ),
    Function::variadic("pick", &[Type::DICT, Type::String], Type::DICT, pick).documented(
        "Returns a new dict of the given keys alone.",
        r#"{{ pick (dict "a" 1 "b" 2 "c" 3) "a" "c" }}"#,
        "map[a:1 c:3]",
    ),
    Function::variadic("omit", &[Type::DICT, Type::String], Type::DICT, omit).documented(
        "Returns a new dict without the given keys.",
        r#"{{ omit (dict "a" 1 "b" 2 "c" 3) "a" "c" }}"#,
        "map[b:2]",
    ),
];

fn dict(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    pay_for_values(context, arguments.len())?;
    let mut entries = Vec::with_capacity(arguments.len().div_ceil(2));
    for pair in arguments.chunks(2) {
        let key = string_of(context, &pair[0])?;
        entries.push((key, pair.get(1).cloned().unwrap_or_else(|| Value::from(""))));
    }
    Ok(Value::dict(entries))
}

fn set(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    pay_for_values(context, 2)?;
    if !arguments
        .map(0)
        .insert(arguments.string(1), arguments[2].clone())
    {
        return Err(FunctionError::new("assignment to entry in nil map"));
    }
    Ok(Value::Map(arguments.map(0)))
}

fn unset(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    drop(arguments.map(0).remove(arguments.bytes(1)));
    Ok(Value::Map(arguments.map(0)))
}

fn has_key(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(arguments.map(0).contains(arguments.bytes(1)).into())
}

fn pluck(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let key = arguments.bytes(0);
    let dicts = 1..arguments.len();
    one_by_one(
        context,
        dicts.filter_map(|at| arguments.map(at).get(key)).collect(),
    )
}

fn keys(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let mut keys: Vec<Str> = Vec::new();
    for at in 0..arguments.len() {
        let map = arguments.map(at);
        context.spend(u64::try_from(map.len()).unwrap_or(u64::MAX))?;
        keys.extend(map.keys());
    }
    let capacity = growth::after_appends(keys.len(), STRING_SIZE);
    appended(
        context,
        &Type::String,
        keys.into_iter().map(Value::Str).collect(),
        capacity,
    )
}

fn values(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let entries = arguments.map(0).entries();
    one_by_one(
        context,
        entries.into_iter().map(|(_, value)| value).collect(),
    )
}

fn pick(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let map = arguments.map(0);
    pay_for_values(context, arguments.len())?;
    let wanted = (1..arguments.len()).map(|at| arguments.string(at));
    Ok(Value::dict(
        wanted.filter_map(|key| map.get(&key).map(|value| (key, value))),
    ))
}

fn omit(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let entries = arguments.map(0).entries();
    pay_for_values(context, entries.len())?;
    let omitted: std::collections::BTreeSet<Str> = (1..arguments.len())
        .map(|at| arguments.string(at))
        .collect();
    Ok(Value::dict(
        entries
            .into_iter()
            .filter(|(key, _)| !omitted.contains(key)),
    ))
}
