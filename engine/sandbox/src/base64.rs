//! Base64 as `encoding/base64.StdEncoding` has it.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| usize::from(chunk.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= chunk.len() {
                text.push(char::from(LETTERS[word >> (18 - 6 * place) & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Decodes text; what is no base64 is left out.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|byte| {
        let place = LETTERS.iter().position(|letter| *letter == byte)?;
        u32::try_from(place).ok()
    });
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits {
        word = (word << 6 | digit) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).unwrap_or_default());
        }
    }
    bytes
}

/// Finds the first byte that is no base64, as Go counts it.
pub(crate) fn error_at(text: &str) -> Option<usize> {
    let bytes: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !b"\r\n".contains(byte))
        .collect();
    let padding = bytes
        .iter()
        .rev()
        .take_while(|(_, byte)| *byte == b'=')
        .count();
    let body = &bytes[..bytes.len() - padding];
    let wrong = body.iter().find(|(_, byte)| !LETTERS.contains(byte));
    if let Some((index, _)) = wrong {
        return Some(*index);
    }
    let fits = bytes.len().is_multiple_of(4) && padding <= 2;
    (!fits).then(|| {
        if padding > 0 {
            body.len()
        } else {
            text.len() - text.len() % 4
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648_hold() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(error_at(encoded), None);
            assert_eq!(decode(encoded), plain.as_bytes());
        }
        assert_eq!(error_at("Zm9*"), Some(3));
        assert_eq!(error_at("Zm9"), Some(0));
    }
}
