//! Values as texts in quotes or in a row.

use super::support::{Outcome, string_of, text};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("quote", &[Type::Interface], Type::String, quote).documented(
        "Puts each value in double quotes, with Go's escapes; nil is left out.",
        r#"{{ quote "a\tb" 1 nil }}"#,
        r#""a\tb" "1""#,
    ),
    Function::variadic("squote", &[Type::Interface], Type::String, squote).documented(
        "Puts each value in single quotes, without escapes; nil is left out.",
        r#"{{ squote "it's" 1 }}"#,
        "'it's' '1'",
    ),
    Function::variadic("cat", &[Type::Interface], Type::String, cat).documented(
        "Puts values in a row with spaces between them; nil is left out.",
        r#"{{ cat "replicas:" 3 nil true }}"#,
        "replicas: 3 true",
    ),
];

fn quote(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    in_a_row(context, &arguments, |context, value| {
        let value = string_of(context, value)?;
        context.sprintf(b"%q", &[Value::Str(value)])
    })
}

fn squote(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    in_a_row(context, &arguments, |context, value| {
        context.sprintf(b"'%v'", std::slice::from_ref(value))
    })
}

fn cat(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    in_a_row(context, &arguments, |context, value| {
        context.sprintf(b"%v", std::slice::from_ref(value))
    })
}

/// Joins what `print` makes of each value that is not nil with spaces.
fn in_a_row(
    context: &mut Context<'_>,
    values: &[Value],
    print: impl Fn(&mut Context<'_>, &Value) -> Result<Vec<u8>, FunctionError>,
) -> Outcome {
    let mut row = Vec::new();
    for (number, value) in values.iter().filter(|value| !value.is_nil()).enumerate() {
        if number > 0 {
            row.push(b' ');
        }
        row.extend(print(context, value)?);
    }
    text(context, row)
}
