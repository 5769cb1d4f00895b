//! base64 and base32.

use super::support::{Outcome, text};
use crate::functions::{Arguments, Context, Function};
use crate::go::encoding::{self, BadByte};
use crate::value::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[Type::String], Type::String, b64enc).documented(
        "Encodes a text in base64.",
        r#"{{ b64enc "secret" }}"#,
        "c2VjcmV0",
    ),
    Function::new("b64dec", &[Type::String], Type::String, b64dec).documented(
        "Decodes base64; the text of the error where it is none.",
        r#"{{ b64dec "c2VjcmV0" }}"#,
        "secret",
    ),
    Function::new("b32enc", &[Type::String], Type::String, b32enc).documented(
        "Encodes a text in base32.",
        r#"{{ b32enc "secret" }}"#,
        "ONSWG4TFOQ======",
    ),
    Function::new("b32dec", &[Type::String], Type::String, b32dec).documented(
        "Decodes base32; the text of the error where it is none.",
        r#"{{ b32dec "secret" }}"#,
        "illegal base32 data at input byte 0",
    ),
];

fn b64enc(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, encoding::to_base64(arguments.bytes(0)))
}

fn b64dec(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(
        context,
        decoded("base64", encoding::from_base64(arguments.bytes(0))),
    )
}

fn b32enc(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(context, encoding::to_base32(arguments.bytes(0)))
}

fn b32dec(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    text(
        context,
        decoded("base32", encoding::from_base32(arguments.bytes(0))),
    )
}

/// Sprig gives the error's text for the value.
fn decoded(name: &str, result: Result<Vec<u8>, BadByte>) -> Vec<u8> {
    result.unwrap_or_else(|BadByte(at)| {
        format!("illegal {name} data at input byte {at}").into_bytes()
    })
}
