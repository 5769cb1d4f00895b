//! Texts: cutting, searching, changing case. Lengths and places count bytes, as in Go.

use super::support::{Outcome, bounded_text, string_of, text};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::strings;
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], Type::String, hello).documented(
        "Says hello.",
        "{{ hello }}",
        "Hello!",
    ),
    Function::new("toString", &[Type::Interface], Type::String, to_string).documented(
        "Returns the text of a value.",
        "{{ toString 1.5 | quote }}",
        r#""1.5""#,
    ),
    Function::new("trim", &[Type::String], Type::String, trim).documented(
        "Cuts white space from both ends of a text.",
        r#"{{ trim "  hello \n" | quote }}"#,
        r#""hello""#,
    ),
    Function::new("trimAll", &[Type::String, Type::String], Type::String, trim_all).documented(
        "Cuts the given characters from both ends of a text.",
        r#"{{ "$5.00$" | trimAll "$" }}"#,
        "5.00",
    ),
    Function::new("trimall", &[Type::String, Type::String], Type::String, trim_all).documented(
        "Is the old name of `trimAll`.",
        r#"{{ trimall "-_" "_-x_y-" }}"#,
        "x_y",
    ),
    Function::new("trimPrefix", &[Type::String, Type::String], Type::String, trim_prefix)
        .documented(
            "Cuts a prefix from a text that has it.",
            r#"{{ "v1.2" | trimPrefix "v" }}"#,
            "1.2",
        ),
    Function::new("trimSuffix", &[Type::String, Type::String], Type::String, trim_suffix)
        .documented(
            "Cuts a suffix from a text that has it.",
            r#"{{ "10Gi" | trimSuffix "Gi" }}"#,
            "10",
        ),
    Function::new("upper", &[Type::String], Type::String, upper).documented(
        "Returns a text in upper case.",
        r#"{{ upper "log_dir" }}"#,
        "LOG_DIR",
    ),
    Function::new("lower", &[Type::String], Type::String, lower).documented(
        "Returns a text in lower case.",
        r#"{{ lower "MySQL" }}"#,
        "mysql",
    ),
    Function::new("title", &[Type::String], Type::String, title).documented(
        "Makes the first letter of each word a capital.",
        r#"{{ title "hello wide world" }}"#,
        "Hello Wide World",
    ),
    Function::new("repeat", &[Type::INT, Type::String], Type::String, repeat).documented(
        "Repeats a text so many times.",
        r#"{{ "ab" | repeat 3 }}"#,
        "ababab",
    ),
    Function::new("trunc", &[Type::INT, Type::String], Type::String, trunc).documented(
        "Keeps the first bytes of a text, at most so many; a negative number is an error.",
        r#"{{ trunc 5 "hello world" }}"#,
        "hello",
    ),
    Function::new("substr", &[Type::INT, Type::INT, Type::String], Type::String, substr)
        .documented(
            "Returns the bytes of a text from a start up to an end; a negative end means to the end of the text.",
            r#"{{ substr 0 5 "hello world" }}"#,
            "hello",
        ),
    Function::new("contains", &[Type::String, Type::String], Type::Bool, contains).documented(
        "Says whether the first text occurs in the second.",
        r#"{{ "kudo" | contains "ud" }}"#,
        "true",
    ),
    Function::new("hasPrefix", &[Type::String, Type::String], Type::Bool, has_prefix).documented(
        "Says whether the second text begins with the first.",
        r#"{{ "kudo" | hasPrefix "ku" }}"#,
        "true",
    ),
    Function::new("hasSuffix", &[Type::String, Type::String], Type::Bool, has_suffix).documented(
        "Says whether the second text ends with the first.",
        r#"{{ "kudo" | hasSuffix "ku" }}"#,
        "false",
    ),
    Function::new("replace", &[Type::String, Type::String, Type::String], Type::String, replace)
        .documented(
            "Puts the second text for every occurrence of the first in the third.",
            r#"{{ "a b c" | replace " " "-" }}"#,
            "a-b-c",
        ),
    Function::new("indent", &[Type::INT, Type::String], Type::String, indent).documented(
        "Puts so many spaces before every line.",
        r#"{{ "a: 1\nb: 2" | indent 2 }}"#,
        "  a: 1\n  b: 2",
    ),
    Function::new("nindent", &[Type::INT, Type::String], Type::String, nindent).documented(
        "Begins a new line, then puts so many spaces before every line.",
        r#"env:{{ "- a\n- b" | nindent 2 }}"#,
        "env:\n  - a\n  - b",
    ),
    Function::new("plural", &[Type::String, Type::String, Type::INT], Type::String, plural)
        .documented(
            "Returns the first text where the number is 1, else the second.",
            r#"{{ len "ab" | plural "byte" "bytes" }}"#,
            "bytes",
        ),
];

fn hello(_: &mut Context<'_>, _: Arguments<'_>) -> Outcome {
    Ok(Value::from("Hello!"))
}

fn to_string(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    string_of(context, &arguments[0]).map(Value::Str)
}

fn trim(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, strings::trim_space(arguments.bytes(0)))
}

fn trim_all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(
        context,
        strings::trim(arguments.bytes(1), arguments.bytes(0)),
    )
}

fn trim_prefix(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let whole = arguments.bytes(1);
    text(
        context,
        whole.strip_prefix(arguments.bytes(0)).unwrap_or(whole),
    )
}

fn trim_suffix(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let whole = arguments.bytes(1);
    text(
        context,
        whole.strip_suffix(arguments.bytes(0)).unwrap_or(whole),
    )
}

fn upper(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, strings::to_upper(arguments.bytes(0)))
}

fn lower(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, strings::to_lower(arguments.bytes(0)))
}

fn title(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, strings::title(arguments.bytes(0)))
}

fn repeat(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let count = repeat_count(arguments.int(0))?;
    bounded_text(context, |limit| {
        strings::repeat(arguments.bytes(1), count, limit)
    })
}

/// Returns how often something is repeated; Go panics where that is negative.
fn repeat_count(count: i64) -> Result<usize, FunctionError> {
    usize::try_from(count).map_err(|_| FunctionError::new("strings: negative Repeat count"))
}

fn trunc(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let whole = arguments.bytes(1);
    let count = arguments.int(0);
    match usize::try_from(count) {
        Ok(count) => text(context, whole.get(..count).unwrap_or(whole)),
        Err(_) => Err(out_of_range(&format!("[:{count}]"))),
    }
}

fn substr(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let (start, end, whole) = (arguments.int(0), arguments.int(1), arguments.bytes(2));
    let length = whole.len();
    let Ok(from) = usize::try_from(start) else {
        let to = usize::try_from(end).map_err(|_| out_of_range(&format!("[:{end}]")))?;
        let head = whole.get(..to);
        let head = head.ok_or_else(|| out_of_range(&format!("[:{end}] with length {length}")))?;
        return text(context, head);
    };
    let to = usize::try_from(end).map_or(length, |end| end.min(length));
    match whole.get(from..to) {
        Some(part) => text(context, part),
        None => Err(out_of_range(&format!("[{start}:{to}]"))),
    }
}

fn out_of_range(range: &str) -> FunctionError {
    FunctionError::new(format!("runtime error: slice bounds out of range {range}"))
}

fn contains(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(strings::index(arguments.bytes(1), arguments.bytes(0))
        .is_some()
        .into())
}

fn has_prefix(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(arguments.bytes(1).starts_with(arguments.bytes(0)).into())
}

fn has_suffix(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(arguments.bytes(1).ends_with(arguments.bytes(0)).into())
}

fn replace(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let (old, new, whole) = (arguments.bytes(0), arguments.bytes(1), arguments.bytes(2));
    bounded_text(context, |limit| strings::replace(whole, old, new, limit))
}

fn indent(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let pad = repeat_count(arguments.int(0))?;
    bounded_text(context, |limit| {
        strings::indent(arguments.bytes(1), pad, limit)
    })
}

fn nindent(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let pad = repeat_count(arguments.int(0))?;
    bounded_text(context, |limit| {
        let mut lines = strings::indent(arguments.bytes(1), pad, limit)?;
        lines.insert(0, b'\n');
        Ok(lines)
    })
}

fn plural(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let chosen = usize::from(arguments.int(2) != 1);
    Ok(Value::Str(arguments.string(chosen)))
}
