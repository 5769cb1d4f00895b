//! What is left to chance; all of it comes from the render's own generator, so the same seed gives
//! the same bytes.

#![expect(
    clippy::unnecessary_wraps,
    reason = "the functions of a table have one signature"
)]

use rand_core::Rng;

use crate::functions::{Arguments, Context, FunctionError};
use crate::value::Value;

type Ran = Result<Value, FunctionError>;

/// A number below `bound`, each as likely as the others.
pub(super) fn below(context: &mut Context<'_>, bound: u64) -> u64 {
    let bound = bound.max(1);
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let number = context.random().next_u64();
        if number < limit {
            return number % bound;
        }
    }
}

fn index(context: &mut Context<'_>, length: usize) -> usize {
    usize::try_from(below(context, length as u64)).unwrap_or_default()
}

/// So many characters of these; none where the number is negative.
fn characters(
    context: &mut Context<'_>,
    count: i64,
    wanted: impl Fn(u8) -> bool,
) -> Result<Vec<u8>, FunctionError> {
    let count = usize::try_from(count).unwrap_or_default();
    context.allocate(count)?;
    context.spend(count as u64 / 16)?;
    let alphabet: Vec<u8> = (b' '..=b'~').filter(|byte| wanted(*byte)).collect();
    Ok((0..count)
        .map(|_| alphabet[index(context, alphabet.len())])
        .collect())
}

/// At least one of the characters is a digit.
pub(super) fn rand_alpha_num(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let mut text = characters(context, arguments.int(0), |byte| {
        byte.is_ascii_alphanumeric()
    })?;
    if !text.is_empty() && !text.iter().any(u8::is_ascii_digit) {
        let at = index(context, text.len());
        text[at] = b"0123456789"[index(context, 10)];
    }
    Ok(text.into())
}

pub(super) fn rand_alpha(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(characters(context, arguments.int(0), |byte| byte.is_ascii_alphabetic())?.into())
}

pub(super) fn rand_ascii(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(characters(context, arguments.int(0), |_| true)?.into())
}

pub(super) fn rand_numeric(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    Ok(characters(context, arguments.int(0), |byte| byte.is_ascii_digit())?.into())
}

/// Random bytes in base64.
pub(super) fn rand_bytes(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let Ok(count) = usize::try_from(arguments.int(0)) else {
        return Err(FunctionError::new(
            "runtime error: makeslice: len out of range",
        ));
    };
    context.allocate(count.saturating_mul(2))?;
    context.spend(count as u64 / 16)?;
    let mut bytes = vec![0; count];
    context.random().fill_bytes(&mut bytes);
    Ok(crate::go::encoding::to_base64(&bytes).into())
}

/// A number from the first to below the second.
pub(super) fn rand_int(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let (least, bound) = (arguments.int(0), arguments.int(1));
    let width = bound.wrapping_sub(least);
    if width <= 0 {
        return Err(FunctionError::new("invalid argument to Intn"));
    }
    let chosen = below(context, width.unsigned_abs());
    Ok(Value::int(least.wrapping_add_unsigned(chosen)))
}

/// The characters of a text in another order.
pub(super) fn shuffle(context: &mut Context<'_>, arguments: Arguments<'_>) -> Ran {
    let text = arguments.string(0);
    context.allocate(4 * text.len())?;
    context.spend(text.len() as u64 / 16)?;
    let mut characters: Vec<char> = text.to_text().chars().collect();
    for last in (1..characters.len()).rev() {
        let at = index(context, last + 1);
        characters.swap(last, at);
    }
    Ok(characters.into_iter().collect::<String>().into())
}

/// A random UUID (RFC 9562, version 4).
pub(super) fn uuidv4(context: &mut Context<'_>, _: Arguments<'_>) -> Ran {
    let mut bytes = [0; 16];
    context.random().fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = crate::go::crypto::cipher::hexadecimal(&bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    Ok(text.into())
}
