//! Sprig's regular expressions, in Go's syntax.

use std::ops::Range;

use crate::functions::core::support::appended;
use crate::functions::{Arguments, Context, FunctionError};
use crate::go::growth;
use crate::go::regexp::{Cost, PatternError, Regexp, Replacement, quote_meta};
use crate::limits::Exceeded;
use crate::value::{Slice, Type, Value};

/// Bytes of a Go string: pointer and length.
const STRING_SIZE: usize = 16;

type Ran = Result<Value, FunctionError>;

/// What a pattern that Go refuses does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// Panics, as `regexp.MustCompile` does.
    Panic,
    /// Gives the error.
    Error,
}

fn compiled(
    context: &mut Context<'_>,
    pattern: &[u8],
    refused: Refused,
) -> Result<Regexp, FunctionError> {
    if pattern.len() > context.regex_size() {
        return Err(FunctionError::Limit(Exceeded::PatternLength(
            context.regex_size(),
        )));
    }
    context.spend(pattern.len() as u64)?;
    let regexp = match refused {
        Refused::Panic => Regexp::must_compile(pattern),
        Refused::Error => Regexp::compile(pattern),
    };
    regexp.map_err(|error| match error {
        PatternError::Refused(text) => FunctionError::new(text),
        PatternError::Limit(limit) => FunctionError::Limit(limit),
    })
}

fn matches(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<bool, FunctionError> {
    let regexp = compiled(context, arguments.bytes(0), Refused::Error)?;
    context.spend(regexp.cost(arguments.bytes(1).len()))?;
    Ok(regexp.is_match(arguments.bytes(1)))
}

/// A pattern that Go refuses matches nothing.
pub(super) fn regex_match(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    match matches(context, arguments) {
        Err(FunctionError::Failed(_)) => Ok(Value::Bool(false)),
        result => result.map(Value::Bool),
    }
}

pub(super) fn must_regex_match(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    matches(context, arguments).map(Value::Bool)
}

fn find(context: &mut Context<'_>, arguments: Arguments<'_>, refused: Refused) -> Ran {
    let regexp = compiled(context, arguments.bytes(0), refused)?;
    let text = arguments.bytes(1);
    context.spend(regexp.cost(text.len()))?;
    Ok(Value::string(regexp.find(text)))
}

pub(super) fn regex_find(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    find(context, arguments, Refused::Panic)
}

pub(super) fn must_regex_find(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    find(context, arguments, Refused::Error)
}

/// How many are wanted: all where the number is negative.
fn limit(arguments: Arguments<'_>) -> Option<usize> {
    usize::try_from(arguments.int(2)).ok()
}

/// The price of a search that may look at so many bytes.
fn pay(context: &mut Context<'_>, regexp: &Regexp, bytes: usize) -> Result<(), FunctionError> {
    context.spend(regexp.cost(bytes / 128))?;
    context.allocate(32)
}

fn find_all(context: &mut Context<'_>, arguments: Arguments<'_>, refused: Refused) -> Ran {
    let regexp = compiled(context, arguments.bytes(0), refused)?;
    let text = arguments.bytes(1);
    context.spend(regexp.cost(text.len()))?;
    let found = regexp.find_all(text, limit(arguments), |bytes| pay(context, &regexp, bytes))?;
    if found.is_empty() {
        return Ok(Value::Slice(Slice::nil(&Type::String)));
    }
    context.allocate(text.len())?;
    // Go begins with room for ten.
    let mut capacity = 10;
    while capacity < found.len() {
        capacity = growth::after_one_more(capacity, STRING_SIZE).max(capacity + 1);
    }
    strings(context, text, found, capacity)
}

/// Returns parts of a text, with Go's capacity.
fn strings(
    context: &mut Context<'_>,
    text: &[u8],
    spans: Vec<Range<usize>>,
    capacity: usize,
) -> Ran {
    let items = spans.into_iter().map(|span| Value::string(&text[span]));
    appended(context, &Type::String, items.collect(), capacity)
}

pub(super) fn regex_find_all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    find_all(context, arguments, Refused::Panic)
}

pub(super) fn must_regex_find_all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    find_all(context, arguments, Refused::Error)
}

fn split(context: &mut Context<'_>, arguments: Arguments<'_>, refused: Refused) -> Ran {
    let regexp = compiled(context, arguments.bytes(0), refused)?;
    let text = arguments.bytes(1);
    let limit = limit(arguments);
    if limit == Some(0) {
        return Ok(Value::Slice(Slice::nil(&Type::String)));
    }
    context.spend(regexp.cost(text.len()))?;
    let (parts, room) = regexp.split(text, limit, |bytes| pay(context, &regexp, bytes))?;
    // Go begins with room for as many as there are separators.
    let capacity = match room {
        room if room >= parts.len() => room,
        room => growth::after_one_more(room, STRING_SIZE),
    };
    context.allocate(text.len())?;
    strings(context, text, parts, capacity)
}

pub(super) fn regex_split(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    split(context, arguments, Refused::Panic)
}

pub(super) fn must_regex_split(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    split(context, arguments, Refused::Error)
}

fn replace(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
    replacement: &Replacement<'_>,
    refused: Refused,
) -> Ran {
    let regexp = compiled(context, arguments.bytes(0), refused)?;
    let text = arguments.bytes(1);
    context.spend(regexp.cost(text.len()))?;
    let replaced = regexp.replace_all(text, replacement, |cost| match cost {
        Cost::Search(bytes) => pay(context, &regexp, bytes),
        Cost::Output(bytes) => context.allocate(bytes),
    })?;
    Ok(replaced.into())
}

pub(super) fn regex_replace_all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    replace(
        context,
        arguments,
        &Replacement::Template(arguments.bytes(2)),
        Refused::Panic,
    )
}

pub(super) fn must_regex_replace_all(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    replace(
        context,
        arguments,
        &Replacement::Template(arguments.bytes(2)),
        Refused::Error,
    )
}

pub(super) fn regex_replace_all_literal(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Ran {
    replace(
        context,
        arguments,
        &Replacement::Literal(arguments.bytes(2)),
        Refused::Panic,
    )
}

pub(super) fn must_regex_replace_all_literal(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Ran {
    replace(
        context,
        arguments,
        &Replacement::Literal(arguments.bytes(2)),
        Refused::Error,
    )
}

pub(super) fn regex_quote_meta(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    context.allocate(2 * arguments.bytes(0).len())?;
    Ok(quote_meta(arguments.bytes(0)).into())
}
