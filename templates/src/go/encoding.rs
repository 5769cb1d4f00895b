//! Standard base64 and base32 with Go's positions of errors (packages encoding/base64, encoding/base32).

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The place of the byte that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadByte(pub(crate) usize);

/// Returns `bytes` in base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> Vec<u8> {
    encoded(bytes, BASE64, 6, 3)
}

/// Returns `bytes` in base32 with padding.
pub(crate) fn to_base32(bytes: &[u8]) -> Vec<u8> {
    encoded(bytes, BASE32, 5, 5)
}

/// Cuts groups of `group` bytes into digits of `bits` bits; a short group is filled up with `=`.
fn encoded(bytes: &[u8], digits: &[u8], bits: u32, group: usize) -> Vec<u8> {
    let width = group * 8 / bits as usize;
    let mut out = Vec::with_capacity(bytes.len().div_ceil(group) * width);
    for chunk in bytes.chunks(group) {
        let value = (0..group).fold(0_u64, |value, at| {
            value << 8 | chunk.get(at).copied().map_or(0, u64::from)
        });
        let used = (chunk.len() * 8).div_ceil(bits as usize);
        for at in 0..width {
            let shift = bits * u32::try_from(width - 1 - at).unwrap_or(0);
            let digit = usize::try_from(value >> shift).unwrap_or(0) & (digits.len() - 1);
            out.push(if at < used { digits[digit] } else { b'=' });
        }
    }
    out
}

/// Returns what base64 `text` stands for; line ends are skipped.
pub(crate) fn from_base64(text: &[u8]) -> Result<Vec<u8>, BadByte> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut value, mut count) = (0_u32, 0_usize);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if is_line_end(byte) {
            continue;
        }
        if let Some(digit) = position(BASE64, byte) {
            value = value << 6 | u32::from(digit);
            count += 1;
            if count == 4 {
                out.extend_from_slice(&value.to_be_bytes()[1..]);
                (value, count) = (0, 0);
            }
            continue;
        }
        if byte != b'=' || count < 2 {
            return Err(BadByte(at - 1));
        }
        check_padding(text, at, count)?;
        let bytes = (value << (6 * (4 - count))).to_be_bytes();
        out.extend_from_slice(&bytes[1..count]);
        return Ok(out);
    }
    if count > 0 {
        Err(BadByte(at - count))
    } else {
        Ok(out)
    }
}

/// Checks what follows the first `=`, which stood before `at`.
fn check_padding(text: &[u8], at: usize, count: usize) -> Result<(), BadByte> {
    let mut at = after_line_ends(text, at);
    if count == 2 {
        match text.get(at) {
            None => return Err(BadByte(text.len())),
            Some(b'=') => at = after_line_ends(text, at + 1),
            Some(_) => return Err(BadByte(at - 1)),
        }
    }
    if at < text.len() {
        Err(BadByte(at))
    } else {
        Ok(())
    }
}

fn after_line_ends(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_line_end(**byte)).count()
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Returns what base32 `text` stands for; line ends are taken out first and do not count in positions.
pub(crate) fn from_base32(text: &[u8]) -> Result<Vec<u8>, BadByte> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !is_line_end(*byte))
        .collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (number, chunk) in text.chunks(8).enumerate() {
        let start = number * 8;
        let (value, count) = base32_group(&text, chunk, start)?;
        let bytes = (value << (5 * (8 - count)) << 24).to_be_bytes();
        out.extend_from_slice(&bytes[..count * 5 / 8]);
        if count < 8 {
            return Ok(out);
        }
    }
    Ok(out)
}

/// Reads one group: its digits as a number, and how many there were.
fn base32_group(text: &[u8], chunk: &[u8], start: usize) -> Result<(u64, usize), BadByte> {
    let mut value = 0_u64;
    for (count, &byte) in chunk.iter().enumerate() {
        let at = start + count;
        let after = text.len() - at - 1;
        if byte == b'=' && count >= 2 && after < 8 {
            if after + count < 7 {
                return Err(BadByte(text.len()));
            }
            let bad =
                (0..7 - count).find(|k| text.get(at + 1 + k).is_some_and(|byte| *byte != b'='));
            if let Some(k) = bad {
                return Err(BadByte(at + k));
            }
            if matches!(count, 3 | 6) {
                return Err(BadByte(at));
            }
            return Ok((value, count));
        }
        let Some(digit) = position(BASE32, byte) else {
            return Err(BadByte(at));
        };
        value = value << 5 | u64::from(digit);
    }
    if chunk.len() < 8 {
        Err(BadByte(start))
    } else {
        Ok((value, 8))
    }
}

fn position(digits: &[u8], byte: u8) -> Option<u8> {
    digits
        .iter()
        .position(|digit| *digit == byte)
        .and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for length in 0..20_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(from_base64(&to_base64(&bytes)), Ok(bytes.clone()));
            assert_eq!(from_base32(&to_base32(&bytes)), Ok(bytes));
        }
    }

    #[test]
    fn positions_of_errors() {
        for (text, at) in [("a", 0), ("YQ=", 3), ("YQ==x", 4), ("YWJj!", 4), ("=", 0)] {
            assert_eq!(from_base64(text.as_bytes()), Err(BadByte(at)), "{text}");
        }
        for (text, at) in [("ME", 0), ("me======", 0), ("=", 0), ("ME=====", 7)] {
            assert_eq!(from_base32(text.as_bytes()), Err(BadByte(at)), "{text}");
        }
    }
}
