//! `fail`.

use super::support::Outcome;
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::value::Type;

pub(super) const FUNCTIONS: &[Function] =
    &[
        Function::new("fail", &[Type::String], Type::String, fail).documented(
            "Ends the rendering with an error of the given text.",
            r#"{{ if lt 3 1 }}{{ fail "too few nodes" }}{{ end }}ok"#,
            "ok",
        ),
    ];

fn fail(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Err(FunctionError::new(arguments.string(0).to_text()))
}
