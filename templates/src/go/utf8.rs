//! Runes of Go strings: text that need not be valid UTF-8 (Go package unicode/utf8).

/// What Go decodes a byte to that is no UTF-8.
pub(crate) const RUNE_ERROR: char = '\u{FFFD}';

/// One decoded rune and the bytes it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rune {
    pub(crate) value: char,
    pub(crate) size: usize,
}

impl Rune {
    /// Says whether this stands for a byte that is not UTF-8.
    pub(crate) fn is_invalid(self) -> bool {
        self.value == RUNE_ERROR && self.size == 1
    }
}

/// Returns the first rune of `text`; a bad byte is U+FFFD of size 1.
pub(crate) fn first_rune(text: &[u8]) -> Option<Rune> {
    let first = *text.first()?;
    if first < 0x80 {
        return Some(Rune {
            value: char::from(first),
            size: 1,
        });
    }
    let size = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let decoded = text
        .get(..size)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|s| s.chars().next());
    Some(decoded.map_or(
        Rune {
            value: RUNE_ERROR,
            size: 1,
        },
        |value| Rune { value, size },
    ))
}

/// Returns the last rune of `text`; a bad byte is U+FFFD of size 1.
pub(crate) fn last_rune(text: &[u8]) -> Option<Rune> {
    if text.is_empty() {
        return None;
    }
    let mut widest = (1..=text.len().min(4)).rev();
    let whole = widest.find_map(|size| {
        let tail = text.get(text.len() - size..)?;
        first_rune(tail).filter(|rune| rune.size == size && !rune.is_invalid())
    });
    Some(whole.unwrap_or(Rune {
        value: RUNE_ERROR,
        size: 1,
    }))
}

/// Iterates over the runes of `text`, as `range` over a Go string does.
pub(crate) fn runes(text: &[u8]) -> impl Iterator<Item = Rune> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let rune = first_rune(rest)?;
        rest = rest.get(rune.size..).unwrap_or_default();
        Some(rune)
    })
}

/// Iterates over the byte slices of the runes of `text`; a bad byte stays what it is.
pub(crate) fn rune_slices(text: &[u8]) -> impl Iterator<Item = &[u8]> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let rune = first_rune(rest)?;
        let (head, tail) = rest.split_at(rune.size);
        rest = tail;
        Some(head)
    })
}

/// Appends `rune` in UTF-8.
pub(crate) fn push_rune(out: &mut Vec<u8>, rune: char) {
    out.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Replaces every rune by `mapped`; a bad byte comes out as U+FFFD (Go's strings.Map).
pub(crate) fn mapped(text: &[u8], mut mapped: impl FnMut(char) -> char) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for rune in runes(text) {
        push_rune(&mut out, mapped(rune.value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_byte_is_one_rune_error() {
        let sizes: Vec<_> = runes(b"a\xffb\xe2\x82")
            .map(|rune| (rune.value, rune.size))
            .collect();
        let bad = (RUNE_ERROR, 1);
        assert_eq!(sizes, [('a', 1), bad, ('b', 1), bad, bad]);
    }

    #[test]
    fn the_last_rune_is_whole() {
        assert_eq!(
            last_rune("x\u{20AC}".as_bytes()),
            Some(Rune {
                value: '\u{20AC}',
                size: 3
            })
        );
        assert_eq!(
            last_rune(b"x\x82\xac"),
            Some(Rune {
                value: RUNE_ERROR,
                size: 1
            })
        );
        assert_eq!(last_rune(b""), None);
    }
}
