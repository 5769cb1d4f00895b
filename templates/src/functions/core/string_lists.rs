//! Texts cut to lists and lists joined to texts.

use super::support::{Outcome, bounded_text, pay_for_values, string_of, with_capacity};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::bounded::Bounded;
use crate::go::strings;
use crate::value::{Slice, Str, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "split",
        &[Type::String, Type::String],
        Type::STRING_MAP,
        split,
    )
    .documented(
        "Cuts a text at each separator, into a map with the keys `_0`, `_1` and so on.",
        r#"{{ $parts := split ":" "host:80" }}{{ $parts._1 }}"#,
        "80",
    ),
    Function::new(
        "splitn",
        &[Type::String, Type::INT, Type::String],
        Type::STRING_MAP,
        splitn,
    )
    .documented(
        "Cuts a text into at most so many parts, the last of which takes the rest.",
        r#"{{ $parts := splitn "/" 2 "a/b/c" }}{{ $parts._1 }}"#,
        "b/c",
    ),
    Function::new(
        "splitList",
        &[Type::String, Type::String],
        Type::STRINGS,
        split_list,
    )
    .documented(
        "Cuts a text at each separator, into a list.",
        r#"{{ splitList "," "a,b,c" | last }}"#,
        "c",
    ),
    Function::new("toStrings", &[Type::Interface], Type::STRINGS, to_strings).documented(
        "Turns the values of a list into texts; nil is left out.",
        r#"{{ list 1 true nil "a" | toStrings | typeOf }}"#,
        "[]string",
    ),
    Function::new("join", &[Type::String, Type::Interface], Type::String, join).documented(
        "Joins the texts of a list's values with a separator.",
        r#"{{ list "a" 1 true | join "," }}"#,
        "a,1,true",
    ),
    Function::new("sortAlpha", &[Type::Interface], Type::STRINGS, sort_alpha).documented(
        "Sorts the texts of a list's values; a list of strings is sorted in place.",
        r#"{{ list "b" "C" "a" | sortAlpha }}"#,
        "[C a b]",
    ),
];

fn split(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    numbered(context, arguments.bytes(1), arguments.bytes(0), -1)
}

fn splitn(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    numbered(
        context,
        arguments.bytes(2),
        arguments.bytes(0),
        arguments.int(1),
    )
}

/// Returns the parts of a text under `_0`, `_1` and so on.
fn numbered(context: &mut Context<'_>, whole: &[u8], separator: &[u8], most: i64) -> Outcome {
    pay_for_parts(context, whole, separator)?;
    let parts = strings::split_n(whole, separator, most);
    pay_for_values(context, parts.len())?;
    let entries = parts
        .iter()
        .enumerate()
        .map(|(number, part)| (format!("_{number}"), *part));
    Ok(Value::string_map(entries))
}

fn split_list(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let (separator, whole) = (arguments.bytes(0), arguments.bytes(1));
    pay_for_parts(context, whole, separator)?;
    Ok(Value::strings(strings::split_n(whole, separator, -1)))
}

/// Pays for the parts of a text before they are made: at most one for each separator that fits.
fn pay_for_parts(
    context: &mut Context<'_>,
    whole: &[u8],
    separator: &[u8],
) -> Result<(), FunctionError> {
    let count = match separator {
        b"" => whole.len(),
        separator => memchr::memmem::find_iter(whole, separator).count() + 1,
    };
    context.allocate(whole.len())?;
    pay_for_values(context, count)
}

fn to_strings(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    strings_of(context, &arguments[0]).map(Value::Slice)
}

/// Returns a value as a `[]string`, as Sprig's `strslice`: a list of strings itself, the texts of another list's values, else one text.
fn strings_of(context: &mut Context<'_>, value: &Value) -> Result<Slice, FunctionError> {
    let (texts, capacity) = match value {
        Value::Invalid | Value::Nil => (Vec::new(), 0),
        Value::Slice(slice) if slice.go_type() == Type::STRINGS => return Ok(slice.clone()),
        Value::Slice(slice) => {
            let items = slice.to_vec();
            let items = items.iter().filter(|item| !item.is_nil());
            let texts = items.map(|item| string_of(context, item));
            (texts.collect::<Result<Vec<Str>, _>>()?, slice.len())
        }
        other => (vec![string_of(context, other)?], 1),
    };
    let texts = texts.into_iter().map(Value::Str).collect();
    with_capacity(context, &Type::String, texts, capacity)
}

fn join(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let separator = arguments.bytes(0);
    let texts = strings_of(context, &arguments[1])?;
    bounded_text(context, |limit| {
        let mut out = Bounded::new(limit);
        texts.with(|texts| {
            for (number, text) in texts.iter().filter_map(Value::as_str).enumerate() {
                if number > 0 {
                    out.push(separator)?;
                }
                out.push(text)?;
            }
            Ok(())
        })?;
        Ok(out.into_bytes())
    })
}

fn sort_alpha(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let Value::Slice(_) = &arguments[0] else {
        let text = string_of(context, &arguments[0])?;
        return Ok(Value::strings([text]));
    };
    let texts = strings_of(context, &arguments[0])?;
    context.spend(u64::try_from(texts.len()).unwrap_or(u64::MAX))?;
    texts.update(|texts| texts.sort_by(|one, two| one.as_str().cmp(&two.as_str())));
    Ok(Value::Slice(texts))
}
