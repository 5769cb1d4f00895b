//! Types and kinds by Go's names, and equality.

use super::support::{Outcome, equal, text};
use crate::functions::{Arguments, Context, Function};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[Type::Interface], Type::String, type_of).documented(
        "Returns the Go type of a value.",
        r#"{{ typeOf (dict "a" 1) }}"#,
        "map[string]interface {}",
    ),
    Function::new(
        "typeIs",
        &[Type::String, Type::Interface],
        Type::Bool,
        type_is,
    )
    .documented(
        "Says whether a value is of a Go type.",
        r#"{{ 1 | typeIs "int" }}"#,
        "true",
    ),
    Function::new(
        "typeIsLike",
        &[Type::String, Type::Interface],
        Type::Bool,
        type_is_like,
    )
    .documented(
        "Says whether a value is of a Go type or a pointer to one.",
        r#"{{ list 1 | typeIsLike "[]interface {}" }}"#,
        "true",
    ),
    Function::new("kindOf", &[Type::Interface], Type::String, kind_of).documented(
        "Returns the kind of a value: string, int, float64, bool, slice, map and so on.",
        r"{{ kindOf (list 1 2) }}",
        "slice",
    ),
    Function::new(
        "kindIs",
        &[Type::String, Type::Interface],
        Type::Bool,
        kind_is,
    )
    .documented(
        "Says whether a value is of a kind.",
        r#"{{ list 1 2 | kindIs "slice" }}"#,
        "true",
    ),
    Function::new(
        "deepEqual",
        &[Type::Interface, Type::Interface],
        Type::Bool,
        deep_equal,
    )
    .documented(
        "Says whether two values are of the same type and have the same contents.",
        r"{{ deepEqual (list 1 2) (list 1 2) }}",
        "true",
    ),
];

fn type_of(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, type_name(&arguments[0]))
}

fn type_is(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok((type_name(&arguments[1]).as_bytes() == arguments.bytes(0)).into())
}

fn type_is_like(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let (name, wanted) = (type_name(&arguments[1]), arguments.bytes(0));
    let pointed_to = name.strip_prefix('*').map(str::as_bytes);
    Ok((name.as_bytes() == wanted || pointed_to == Some(wanted)).into())
}

fn type_name(value: &Value) -> String {
    value
        .go_type()
        .map_or_else(|| "<nil>".to_owned(), |of| of.to_string())
}

fn kind_of(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, arguments[0].kind().name())
}

fn kind_is(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok((arguments[1].kind().name().as_bytes() == arguments.bytes(0)).into())
}

fn deep_equal(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    equal(context, &arguments[0], &arguments[1]).map(Value::from)
}
