//! Go's package `path/filepath` on Unix: text alone, no file is looked at.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of a table have one signature"
)]

use crate::functions::{Arguments, Context, FunctionError};
use crate::value::Value;

type Ran = Result<Value, FunctionError>;

pub(super) fn os_base(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(Value::string(base(arguments.bytes(0))))
}

pub(super) fn os_clean(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(clean(arguments.bytes(0)).into())
}

/// All but the last element, cleaned.
pub(super) fn os_dir(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let path = arguments.bytes(0);
    let end = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    Ok(clean(&path[..end]).into())
}

/// The last element from its last point on.
pub(super) fn os_ext(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let path = arguments.bytes(0);
    let start = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    let last = &path[start..];
    let point = last.iter().rposition(|byte| *byte == b'.');
    Ok(Value::string(point.map_or(&[][..], |point| &last[point..])))
}

pub(super) fn os_is_abs(_: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(Value::Bool(arguments.bytes(0).starts_with(b"/")))
}

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let length = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |last| last + 1);
    let path = &path[..length];
    if path.is_empty() {
        return b"/";
    }
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The shortest path of the same meaning.
fn clean(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.starts_with(b"/");
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => match elements.last() {
                Some(last) if *last != b".." => {
                    elements.pop();
                }
                _ if is_rooted => {}
                _ => elements.push(element),
            },
            _ => elements.push(element),
        }
    }
    let joined = elements.join(&b'/');
    match (is_rooted, joined.is_empty()) {
        (true, _) => [b"/", &joined[..]].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
