//! Lists: making them, taking parts, looking for values. Only `slice` shares cells with the list it is given.

use super::support::{
    ANY, Outcome, appended, equal, list, nil_pointer, pay_for_values, slice_or, to_int64,
};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::growth;
use crate::value::{Slice, Type, Value};

/// The size of an `interface {}` in Go.
pub(super) const INTERFACE_SIZE: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[Type::Interface], Type::LIST, list_of).documented(
        "Makes a list of values.",
        r#"{{ list 1 "a" true }}"#,
        "[1 a true]",
    ),
    Function::variadic("tuple", &[Type::Interface], Type::LIST, list_of).documented(
        "Is another name of `list`.",
        r#"{{ index (tuple "a" "b") 1 }}"#,
        "b",
    ),
    Function::new(
        "append",
        &[Type::Interface, Type::Interface],
        Type::LIST,
        push,
    )
    .documented(
        "Returns a list with one more value at its end.",
        "{{ append (list 1 2) 3 }}",
        "[1 2 3]",
    ),
    Function::new(
        "push",
        &[Type::Interface, Type::Interface],
        Type::LIST,
        push,
    )
    .documented(
        "Is another name of `append`.",
        r#"{{ push (list "a") "b" }}"#,
        "[a b]",
    ),
    Function::new(
        "prepend",
        &[Type::Interface, Type::Interface],
        Type::LIST,
        prepend,
    )
    .documented(
        "Returns a list with one more value at its start.",
        "{{ prepend (list 1 2) 0 }}",
        "[0 1 2]",
    ),
    Function::new("first", &[Type::Interface], Type::Interface, first).documented(
        "Returns the first value of a list, nil where there is none.",
        "{{ first (list 1 2 3) }}",
        "1",
    ),
    Function::new("last", &[Type::Interface], Type::Interface, last).documented(
        "Returns the last value of a list, nil where there is none.",
        "{{ last (list 1 2 3) }}",
        "3",
    ),
    Function::new("rest", &[Type::Interface], Type::LIST, rest).documented(
        "Returns a list without its first value.",
        "{{ rest (list 1 2 3) }}",
        "[2 3]",
    ),
    Function::new("initial", &[Type::Interface], Type::LIST, initial).documented(
        "Returns a list without its last value.",
        "{{ initial (list 1 2 3) }}",
        "[1 2]",
    ),
    Function::new("reverse", &[Type::Interface], Type::LIST, reverse).documented(
        "Returns a list in reverse order.",
        "{{ reverse (list 1 2 3) }}",
        "[3 2 1]",
    ),
    Function::new("uniq", &[Type::Interface], Type::LIST, uniq).documented(
        "Returns a list without values that occurred before.",
        "{{ uniq (list 1 2 1 1) }}",
        "[1 2]",
    ),
    Function::variadic(
        "without",
        &[Type::Interface, Type::Interface],
        Type::LIST,
        without,
    )
    .documented(
        "Returns a list without the given values.",
        "{{ without (list 1 2 3 4) 2 4 }}",
        "[1 3]",
    ),
    Function::new("has", &[Type::Interface, Type::Interface], Type::Bool, has).documented(
        "Says whether a value is in a list.",
        r#"{{ list "a" "b" | has "b" }}"#,
        "true",
    ),
    Function::variadic(
        "slice",
        &[Type::Interface, Type::Interface],
        Type::Interface,
        slice,
    )
    .documented(
        "Returns the values of a list from one index up to another, which may be left out.",
        "{{ slice (list 1 2 3 4) 1 3 }}",
        "[2 3]",
    ),
    Function::variadic("concat", &[Type::Interface], Type::Interface, concat).documented(
        "Puts lists one after the other.",
        "{{ concat (list 1) (list 2 3) }}",
        "[1 2 3]",
    ),
];

fn list_of(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    list(context, arguments.to_vec())
}

fn push(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| format!("Cannot push on type {kind}"))?;
    pay_for_values(context, slice.len())?;
    let mut items = slice.to_vec();
    let capacity = growth::after_one_more(items.len(), INTERFACE_SIZE);
    items.push(arguments[1].clone());
    appended(context, ANY, items, capacity)
}

fn prepend(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot prepend on type {kind}")
    })?;
    pay_for_values(context, slice.len())?;
    let mut items = vec![arguments[1].clone()];
    items.extend(slice.to_vec());
    let capacity = growth::at_once(items.len(), INTERFACE_SIZE);
    appended(context, ANY, items, capacity)
}

fn first(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find first on type {kind}")
    })?;
    Ok(slice.get(0).unwrap_or(Value::Nil))
}

fn last(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find last on type {kind}")
    })?;
    Ok(slice
        .len()
        .checked_sub(1)
        .and_then(|at| slice.get(at))
        .unwrap_or(Value::Nil))
}

fn rest(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find rest on type {kind}")
    })?;
    part(context, slice, 1, slice.len())
}

fn initial(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find initial on type {kind}")
    })?;
    part(context, slice, 0, slice.len().saturating_sub(1))
}

/// Returns a copy of a part of a list; of an empty list a nil one.
fn part(context: &mut Context<'_>, slice: &Slice, from: usize, to: usize) -> Outcome {
    if slice.is_empty() {
        return Ok(Value::Slice(Slice::nil(ANY)));
    }
    pay_for_values(context, slice.len())?;
    Ok(Value::list(slice.with(|items| {
        items.get(from..to).unwrap_or_default().to_vec()
    })))
}

fn reverse(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find reverse on type {kind}")
    })?;
    pay_for_values(context, slice.len())?;
    let mut items = slice.to_vec();
    items.reverse();
    Ok(Value::list(items))
}

fn uniq(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find uniq on type {kind}")
    })?;
    let mut kept: Vec<Value> = Vec::new();
    for item in slice.to_vec() {
        if !is_among(context, &item, &kept)? {
            kept.push(item);
        }
    }
    one_by_one(context, kept)
}

fn without(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot find without on type {kind}")
    })?;
    let mut kept = Vec::new();
    for item in slice.to_vec() {
        if !is_among(context, &item, &arguments[1..])? {
            kept.push(item);
        }
    }
    one_by_one(context, kept)
}

/// Pays for a list that Go appends to value by value.
pub(super) fn one_by_one(context: &mut Context<'_>, items: Vec<Value>) -> Outcome {
    let capacity = growth::after_appends(items.len(), INTERFACE_SIZE);
    appended(context, ANY, items, capacity)
}

fn has(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    if arguments[1].is_nil() {
        return Ok(false.into());
    }
    let slice = slice_or(&arguments[1], |kind| {
        format!("Cannot find has on type {kind}")
    })?;
    is_among(context, &arguments[0], &slice.to_vec()).map(Value::from)
}

fn is_among(
    context: &mut Context<'_>,
    wanted: &Value,
    items: &[Value],
) -> Result<bool, FunctionError> {
    for item in items {
        if equal(context, wanted, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn slice(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("list should be type of slice or array but {kind}")
    })?;
    if slice.is_empty() {
        return Ok(Value::Nil);
    }
    let from = arguments
        .get(1)
        .map_or(Ok(0), |value| usize::try_from(to_int64(value)));
    let to = arguments
        .get(2)
        .map_or(Ok(slice.len()), |value| usize::try_from(to_int64(value)));
    let window = from
        .ok()
        .zip(to.ok())
        .and_then(|(from, to)| slice.window(from, to));
    window
        .map(Value::Slice)
        .ok_or_else(|| FunctionError::new("reflect.Value.Slice: slice index out of bounds"))
}

fn concat(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let mut items = Vec::new();
    for argument in arguments.iter() {
        let slice = match argument {
            Value::Slice(slice) => slice,
            Value::Invalid | Value::Nil => return Err(nil_pointer()),
            other => {
                let kind = other.kind().name();
                return Err(FunctionError::new(format!(
                    "Cannot concat type {kind} as list"
                )));
            }
        };
        pay_for_values(context, slice.len())?;
        items.extend(slice.to_vec());
    }
    if items.is_empty() {
        return Ok(Value::Slice(Slice::nil(ANY)));
    }
    one_by_one(context, items)
}
