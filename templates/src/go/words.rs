//! Word-wise text functions as Masterminds/goutils 1.1.0 has them: they look at bytes where one expects runes.

use super::bounded::{Bounded, TooLong};
use super::strings::{kept_bytes, valid};
use super::unicode;
use super::utf8::{mapped, runes};

/// Cuts `text` to `width` bytes, ending in three dots.
pub(crate) fn abbreviated(text: &[u8], width: usize) -> Vec<u8> {
    match text.get(..width.saturating_sub(3)) {
        Some(head) if text.len() > width => [head, b"..."].concat(),
        Some(_) | None => text.to_vec(),
    }
}

/// Cuts `text` to `width` bytes around `offset`, with three dots on each side that lost something.
///
/// `width` is at least 4; goutils answers nothing where it is too narrow for dots on both sides.
pub(crate) fn abbreviated_both(text: &[u8], offset: i64, width: usize) -> Vec<u8> {
    let length = text.len();
    if length <= width {
        return text.to_vec();
    }
    let kept = width.saturating_sub(3);
    let Some(offset) = effective_offset(length, offset, kept) else {
        return abbreviated(text, width);
    };
    if width < 7 {
        return Vec::new();
    }
    if offset + kept < length {
        return [b"...", &abbreviated(&text[offset..], kept)[..]].concat();
    }
    [b"...", &text[length - kept..]].concat()
}

/// Returns where to cut on the left, at most so that `kept` bytes are left; `None` for not at all.
fn effective_offset(length: usize, offset: i64, kept: usize) -> Option<usize> {
    let most = length - kept;
    // Go's difference of the length and the smallest number wraps around, to less than any width.
    let wraps = i64::try_from(length).is_ok_and(|length| length.checked_sub(offset).is_none());
    let offset = if wraps {
        most
    } else {
        usize::try_from(offset).unwrap_or(0).min(most)
    };
    (offset > 4).then_some(offset)
}

/// Returns `text` without white space, byte by byte: what is not ASCII comes out as Latin-1 in UTF-8.
pub(crate) fn without_space(text: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| unicode::is_space(char::from(*byte));
    if !text.iter().any(is_space) {
        return text.to_vec();
    }
    kept_bytes(text, |rune| !unicode::is_space(rune))
}

/// Returns the first byte of each word, as Latin-1 in UTF-8.
pub(crate) fn initials(text: &[u8]) -> Vec<u8> {
    let mut after_gap = true;
    kept_bytes(text, |rune| {
        let gap = unicode::is_space(rune);
        let starts = after_gap && !gap;
        after_gap = gap;
        starts
    })
}

/// Makes the first rune of each word lower case.
pub(crate) fn untitled(text: &[u8]) -> Vec<u8> {
    let mut after_gap = true;
    mapped(text, |rune| {
        let starts = after_gap;
        after_gap = unicode::is_space(rune);
        if starts && !after_gap {
            unicode::to_lower(rune)
        } else {
            rune
        }
    })
}

/// Turns upper case to lower and lower to upper, to title case where a word starts.
pub(crate) fn swapped_case(text: &[u8]) -> Vec<u8> {
    let mut after_gap = true;
    mapped(text, |rune| {
        let starts = std::mem::replace(&mut after_gap, false);
        if unicode::is_upper(rune) || unicode::is_title(rune) {
            return unicode::to_lower(rune);
        }
        if unicode::is_lower(rune) {
            return if starts {
                unicode::to_title(rune)
            } else {
                unicode::to_upper(rune)
            };
        }
        after_gap = unicode::is_space(rune);
        rune
    })
}

/// How a line is wrapped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wrap<'a> {
    /// Most bytes a line, at least 1.
    pub(crate) width: usize,
    /// What ends a line.
    pub(crate) newline: &'a [u8],
    /// Whether a word that is wider than a line is cut.
    pub(crate) cut_words: bool,
}

/// Wraps `text` at spaces; bytes count, not runes.
pub(crate) fn wrapped(text: &[u8], wrap: Wrap<'_>, limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut out = Bounded::new(limit);
    let mut rest = text;
    while rest.len() > wrap.width {
        if let Some(stripped) = rest.strip_prefix(b" ") {
            rest = stripped;
            continue;
        }
        let (line, next) = first_line(rest, wrap);
        out.push(line)?;
        let Some(next) = next else {
            return Ok(out.into_bytes());
        };
        out.push(wrap.newline)?;
        rest = next;
    }
    out.push(rest)?;
    Ok(out.into_bytes())
}

/// Cuts a line from `rest`, which is longer than one; there is no second part where the last word goes on to the end.
fn first_line<'a>(rest: &'a [u8], wrap: Wrap<'_>) -> (&'a [u8], Option<&'a [u8]>) {
    let window = &rest[..=wrap.width];
    if let Some(space) = memchr::memrchr(b' ', window) {
        return (&rest[..space], Some(&rest[space + 1..]));
    }
    if wrap.cut_words {
        return (&rest[..wrap.width], Some(&rest[wrap.width..]));
    }
    match memchr::memchr(b' ', &rest[wrap.width..]) {
        None => (rest, None),
        Some(after) => {
            let space = wrap.width + after;
            (&rest[..space], Some(&rest[space + 1..]))
        }
    }
}

/// Joins words split at connectors to CamelCase as huandu/xstrings 1.3.2 does.
pub(crate) fn camel_case(text: &[u8]) -> Vec<u8> {
    let text = valid(text);
    let runes: Vec<char> = runes(&text).map(|rune| rune.value).collect();
    let lead = runes.iter().take_while(|rune| is_connector(**rune)).count();
    let mut out: String = runes.iter().take(lead).collect();
    let Some((first, rest)) = runes.get(lead..).and_then(<[char]>::split_first) else {
        // Only connectors: xstrings writes the last one twice.
        out.extend(runes.last());
        return out.into_bytes();
    };
    let mut pending = unicode::to_upper(*first);
    for &rune in rest {
        let (was, is) = (is_connector(pending), is_connector(rune));
        if !was || is {
            out.push(pending);
        }
        pending = match (was, is) {
            (true, true) => rune,
            (true, false) => unicode::to_upper(rune),
            (false, _) => unicode::to_lower(rune),
        };
    }
    out.push(pending);
    out.into_bytes()
}

/// Says whether xstrings takes `rune` for the gap between two words.
pub(crate) fn is_connector(rune: char) -> bool {
    matches!(rune, '-' | '_') || unicode::is_space(rune)
}
