//! Words: their case, their initials, lines that break between them.

use super::support::{Outcome, bounded_text, text};
use crate::functions::{Arguments, Context, Function};
use crate::go::words::Wrap;
use crate::go::{snake, words};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abbrev", &[Type::INT, Type::String], Type::String, abbrev).documented(
        "Cuts a text to so many bytes, at least 4, the last three of them dots.",
        r#"{{ abbrev 8 "hello world" }}"#,
        "hello...",
    ),
    Function::new(
        "abbrevboth",
        &[Type::INT, Type::INT, Type::String],
        Type::String,
        abbrevboth,
    )
    .documented(
        "Cuts a text to so many bytes (the second number), from about an offset on (the first).",
        r#"{{ abbrevboth 5 10 "1234 5678 9123" }}"#,
        "...5678...",
    ),
    Function::new("nospace", &[Type::String], Type::String, nospace).documented(
        "Removes all white space.",
        r#"{{ nospace "h e l l o" }}"#,
        "hello",
    ),
    Function::new("initials", &[Type::String], Type::String, initials).documented(
        "Returns the first letter of each word.",
        r#"{{ initials "Kubernetes Universal Declarative Operator" }}"#,
        "KUDO",
    ),
    Function::new("untitle", &[Type::String], Type::String, untitle).documented(
        "Makes the first letter of each word small.",
        r#"{{ untitle "Hello Wide World" }}"#,
        "hello wide world",
    ),
    Function::new("swapcase", &[Type::String], Type::String, swapcase).documented(
        "Turns capitals into small letters and small letters into capitals.",
        r#"{{ swapcase "This Is 1 Test" }}"#,
        "tHIS iS 1 tEST",
    ),
    Function::new("snakecase", &[Type::String], Type::String, snakecase).documented(
        "Joins the words of a CamelCase text with underscores.",
        r#"{{ snakecase "HTTPServerName" }}"#,
        "http_server_name",
    ),
    Function::new("kebabcase", &[Type::String], Type::String, kebabcase).documented(
        "Joins the words of a CamelCase text with hyphens.",
        r#"{{ kebabcase "HTTPServerName" }}"#,
        "http-server-name",
    ),
    Function::new("camelcase", &[Type::String], Type::String, camelcase).documented(
        "Joins words to CamelCase.",
        r#"{{ camelcase "http_server-name" }}"#,
        "HttpServerName",
    ),
    Function::new("wrap", &[Type::INT, Type::String], Type::String, wrap).documented(
        "Breaks lines between words after so many bytes.",
        r#"{{ wrap 10 "the quick brown fox" }}"#,
        "the quick\nbrown fox",
    ),
    Function::new(
        "wrapWith",
        &[Type::INT, Type::String, Type::String],
        Type::String,
        wrap_with,
    )
    .documented(
        "Breaks lines after so many bytes, inside words too, with the given text at each break.",
        r#"{{ wrapWith 5 "|" "hello wonderful world" }}"#,
        "hello|wonde|rful|world",
    ),
];

fn abbrev(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    match usize::try_from(arguments.int(0)) {
        Ok(width) if width >= 4 => text(context, words::abbreviated(arguments.bytes(1), width)),
        Ok(_) | Err(_) => Ok(Value::Str(arguments.string(1))),
    }
}

fn abbrevboth(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let offset = arguments.int(0);
    match usize::try_from(arguments.int(1)) {
        Ok(width) if width >= 7 || (width >= 4 && offset <= 0) => text(
            context,
            words::abbreviated_both(arguments.bytes(2), offset, width),
        ),
        Ok(_) | Err(_) => Ok(Value::Str(arguments.string(2))),
    }
}

fn nospace(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, words::without_space(arguments.bytes(0)))
}

fn initials(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, words::initials(arguments.bytes(0)))
}

fn untitle(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, words::untitled(arguments.bytes(0)))
}

fn swapcase(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, words::swapped_case(arguments.bytes(0)))
}

fn snakecase(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, snake::lower_words(arguments.bytes(0), '_'))
}

fn kebabcase(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, snake::lower_words(arguments.bytes(0), '-'))
}

fn camelcase(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, words::camel_case(arguments.bytes(0)))
}

fn wrap(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let wrap = Wrap {
        width: line_width(arguments.int(0)),
        newline: b"\n",
        cut_words: false,
    };
    bounded_text(context, |limit| {
        words::wrapped(arguments.bytes(1), wrap, limit)
    })
}

fn wrap_with(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let newline = match arguments.bytes(1) {
        b"" => b"\n",
        newline => newline,
    };
    let wrap = Wrap {
        width: line_width(arguments.int(0)),
        newline,
        cut_words: true,
    };
    bounded_text(context, |limit| {
        words::wrapped(arguments.bytes(2), wrap, limit)
    })
}

/// A line is at least one byte wide.
fn line_width(width: i64) -> usize {
    usize::try_from(width).unwrap_or(1).max(1)
}
