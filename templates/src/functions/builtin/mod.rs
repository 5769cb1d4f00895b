//! The functions that text/template itself has.

mod access;
mod compare;
mod escape;

pub(crate) use access::zero;

use super::{Arguments, Context, Function, FunctionError};
use crate::value::{Type, Value};

const REFLECT: &[Type] = &[Type::Reflect];
const REFLECT_ANY: &[Type] = &[Type::Reflect, Type::Reflect];
const ANY: &[Type] = &[Type::Interface];

/// The functions of text/template; the executor itself does `and`, `or` and `call`.
pub(crate) static FUNCTIONS: &[Function] = &[
    Function::variadic("and", REFLECT_ANY, Type::Reflect, last).documented(
        "Returns the first argument that is not true, or the last; those after it are not evaluated.",
        "{{ and 1 0 2 }}",
        "0",
    ),
    Function::variadic("call", REFLECT_ANY, Type::Reflect, last).documented(
        "Calls a value that is a function; KUDO's data has none.",
        "{{ if false }}{{ call .f }}{{ end }}none",
        "none",
    ),
    Function::variadic("eq", REFLECT_ANY, Type::Bool, compare::eq).documented(
        "Says whether the first argument equals any of the others.",
        "{{ eq 2 1 2 }}",
        "true",
    ),
    Function::new("ge", REFLECT_ANY, Type::Bool, compare::ge).documented(
        "Says whether the first argument is greater or equal.",
        "{{ ge 2 2 }}",
        "true",
    ),
    Function::new("gt", REFLECT_ANY, Type::Bool, compare::gt).documented(
        "Says whether the first argument is greater.",
        "{{ gt 2 1 }}",
        "true",
    ),
    Function::variadic("html", ANY, Type::String, escape::html).documented(
        "Escapes the text of its arguments for HTML.",
        "{{ html \"<a>\" }}",
        "&lt;a&gt;",
    ),
    Function::variadic("index", REFLECT_ANY, Type::Reflect, access::index).documented(
        "Returns what a map or list has at a key, and so on for each further key.",
        "{{ index (dict \"a\" (list 1 2)) \"a\" 1 }}",
        "2",
    ),
    Function::variadic("js", ANY, Type::String, escape::js).documented(
        "Escapes the text of its arguments for JavaScript.",
        "{{ js \"it's\" }}",
        "it\\'s",
    ),
    Function::new("le", REFLECT_ANY, Type::Bool, compare::le).documented(
        "Says whether the first argument is less or equal.",
        "{{ le 2 1 }}",
        "false",
    ),
    Function::new("len", REFLECT, Type::INT, access::len).documented(
        "Returns the length of a string in bytes, of a list or of a map.",
        "{{ len \"abc\" }}",
        "3",
    ),
    Function::new("lt", REFLECT_ANY, Type::Bool, compare::lt).documented(
        "Says whether the first argument is less.",
        "{{ lt \"a\" \"b\" }}",
        "true",
    ),
    Function::new("ne", REFLECT_ANY, Type::Bool, compare::ne).documented(
        "Says whether the arguments differ.",
        "{{ ne 1 2 }}",
        "true",
    ),
    Function::new("not", REFLECT, Type::Bool, not).documented(
        "Returns true for what is not true: zero, empty, nil.",
        "{{ not \"\" }}",
        "true",
    ),
    Function::variadic("or", REFLECT_ANY, Type::Reflect, last).documented(
        "Returns the first argument that is true, or the last; those after it are not evaluated.",
        "{{ or 0 \"\" 3 }}",
        "3",
    ),
    Function::variadic("print", ANY, Type::String, print).documented(
        "Joins its arguments, with spaces between those of which neither is a string.",
        "{{ print 1 2 \"a\" }}",
        "1 2a",
    ),
    Function::variadic("printf", &[Type::String, Type::Interface], Type::String, printf)
        .documented(
            "Formats its arguments as Go's fmt.Sprintf.",
            "{{ printf \"%03d|%q\" 7 \"x\" }}",
            "007|\"x\"",
        ),
    Function::variadic("println", ANY, Type::String, println).documented(
        "Joins its arguments with spaces and ends with a newline.",
        "{{ println \"a\" 1 }}",
        "a 1\n",
    ),
    Function::variadic("slice", REFLECT_ANY, Type::Reflect, access::slice).documented(
        "Returns a part of a string or list, from one index up to another.",
        "{{ slice \"abcd\" 1 3 }}",
        "bc",
    ),
    Function::variadic("urlquery", ANY, Type::String, escape::urlquery).documented(
        "Escapes the text of its arguments for a query in a URL.",
        "{{ urlquery \"a b&c\" }}",
        "a+b%26c",
    ),
];

#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
fn last(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(arguments.last().cloned().unwrap_or_default())
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
fn not(_: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    Ok(Value::Bool(!arguments.first().is_some_and(Value::is_true)))
}

fn print(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    context.sprint(&arguments).map(Value::from)
}

fn printf(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    let values = arguments.get(1..).unwrap_or_default();
    context.sprintf(arguments.bytes(0), values).map(Value::from)
}

fn println(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Value, FunctionError> {
    let text = crate::format::sprintln(context.meter, &arguments);
    text.map(Value::from).map_err(FunctionError::Limit)
}
