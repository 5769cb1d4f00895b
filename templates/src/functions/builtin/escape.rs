//! `html`, `js` and `urlquery`.

use crate::format::runes;
use crate::functions::{Arguments, Context, FunctionError};
use crate::value::Value;

/// Returns the text of the arguments, as `print` gives it, but `<no value>` for nil.
fn text(context: &mut Context<'_>, arguments: Arguments<'_>) -> Result<Vec<u8>, FunctionError> {
    if let [Value::Str(text)] = arguments.values() {
        context.allocate(text.len())?;
        return Ok(text.to_vec());
    }
    let shown: Vec<Value> = arguments
        .iter()
        .map(|value| {
            if value.is_nil() {
                Value::from("<no value>")
            } else {
                value.clone()
            }
        })
        .collect();
    context.sprint(&shown)
}

pub(super) fn html(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let text = text(context, arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in &text {
        let escaped: &[u8] = match byte {
            b'"' => b"&#34;",
            b'\'' => b"&#39;",
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            0 => "\u{FFFD}".as_bytes(),
            _ => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(escaped);
    }
    context.allocate(out.len())?;
    Ok(Value::from(out))
}

pub(super) fn js(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let text = text(context, arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for (at, rune, width) in runes::runes(&text) {
        let escaped: &[u8] = match text[at] {
            b'\\' => b"\\\\",
            b'\'' => b"\\'",
            b'"' => b"\\\"",
            b'<' => b"\\u003C",
            b'>' => b"\\u003E",
            b'&' => b"\\u0026",
            b'=' => b"\\u003D",
            byte if byte < b' ' || !byte.is_ascii() && !runes::is_print(rune) => {
                out.extend_from_slice(format!("\\u{rune:04X}").as_bytes());
                continue;
            }
            _ => &text[at..at + width],
        };
        out.extend_from_slice(escaped);
    }
    context.allocate(out.len())?;
    Ok(Value::from(out))
}

pub(super) fn urlquery(
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let text = text(context, arguments)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in &text {
        match byte {
            b' ' => out.push(b'+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    context.allocate(out.len())?;
    Ok(Value::from(out))
}
