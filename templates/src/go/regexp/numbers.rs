//! Numbers in patterns: counts of repetitions, codes of characters.

/// `{least}`, `{least,}` or `{least,most}` and what follows; `None` where the brace is a plain one.
pub(super) fn counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (least, after) = count(text.strip_prefix('{')?)?;
    let Some(after) = after.strip_prefix(',') else {
        return Some((least, Some(least), after.strip_prefix('}')?));
    };
    if let Some(after) = after.strip_prefix('}') {
        return Some((least, None, after));
    }
    let (most, after) = count(after)?;
    Some((least, Some(most), after.strip_prefix('}')?))
}

/// A number without leading zeros; one that is too large is the largest there is.
fn count(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = &text[..length];
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), &text[length..]))
}

/// Up to three octal digits, the first already read.
pub(super) fn octal(first: char, rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut number = first.to_digit(8)?;
    for _ in 0..2 {
        let Some(digit) = rest.as_str().chars().next().and_then(|c| c.to_digit(8)) else {
            break;
        };
        number = number * 8 + digit;
        rest.next();
    }
    Some(number)
}

/// Two hexadecimal digits, or any number of them in braces.
pub(super) fn hexadecimal(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let first = rest.next()?;
    if first != '{' {
        let second = rest.next();
        return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
    }
    let mut number = None;
    loop {
        let c = rest.next()?;
        if c == '}' {
            return number;
        }
        let digit = c.to_digit(16)?;
        let next = number.unwrap_or(0) * 16 + digit;
        if next > u32::from(char::MAX) {
            return None;
        }
        number = Some(next);
    }
}
