//! Values in place of empty ones. Empty is nil, false, 0 and what has no elements; a struct never is.

use super::lists::one_by_one;
use super::support::{Outcome, slice_or};
use crate::functions::{Arguments, Context, Function};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic(
        "default",
        &[Type::Interface, Type::Interface],
        Type::Interface,
        default,
    )
    .documented(
        "Returns the second value, or the first where the second is empty or left out.",
        r#"{{ "" | default "none" }} {{ 5 | default 3 }}"#,
        "none 5",
    ),
    Function::new("empty", &[Type::Interface], Type::Bool, empty).documented(
        "Says whether a value is empty: nil, false, 0 or without elements.",
        r#"{{ empty "" }} {{ empty 1 }}"#,
        "true false",
    ),
    Function::variadic("coalesce", &[Type::Interface], Type::Interface, coalesce).documented(
        "Returns the first value that is not empty.",
        r#"{{ coalesce 0 "" "a" 2 }}"#,
        "a",
    ),
    Function::new("compact", &[Type::Interface], Type::LIST, compact).documented(
        "Returns a list without its empty values.",
        r#"{{ compact (list 0 1 "" "a" false) }}"#,
        "[1 a]",
    ),
    Function::new(
        "ternary",
        &[Type::Interface, Type::Interface, Type::Bool],
        Type::Interface,
        ternary,
    )
    .documented(
        "Returns the first value where the third is true, else the second.",
        r#"{{ true | ternary "on" "off" }}"#,
        "on",
    ),
];

fn default(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let given = arguments.get(1).filter(|value| value_is_set(value));
    Ok(given.unwrap_or(&arguments[0]).clone())
}

fn empty(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok((!value_is_set(&arguments[0])).into())
}

fn coalesce(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(arguments
        .iter()
        .find(|value| value_is_set(value))
        .cloned()
        .unwrap_or(Value::Nil))
}

fn compact(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let slice = slice_or(&arguments[0], |kind| {
        format!("Cannot compact on type {kind}")
    })?;
    let items = slice.to_vec();
    one_by_one(context, items.into_iter().filter(value_is_set).collect())
}

fn ternary(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let chosen = usize::from(!arguments.bool(2));
    Ok(arguments[chosen].clone())
}

/// The opposite of Sprig's `empty`, whose rules are those of truth in a template.
fn value_is_set(value: &Value) -> bool {
    value.is_true()
}
