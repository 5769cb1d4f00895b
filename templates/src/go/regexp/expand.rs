//! Replacement templates: Go's `Regexp.Expand`.

use std::ops::Range;

/// A reference in a template.
enum Reference<'t> {
    Number(usize),
    Name(&'t str),
}

/// Appends the template with each `$name`, `${name}` and `$$` replaced; a `$` that names nothing
/// well-formed stands for itself, and an unknown group for nothing.
pub(super) fn expand(
    out: &mut Vec<u8>,
    template: &[u8],
    text: &[u8],
    spans: &[Option<Range<usize>>],
    names: &[Option<String>],
) {
    let mut rest = template;
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
            continue;
        }
        let Some((reference, after)) = reference(rest) else {
            out.push(b'$');
            continue;
        };
        rest = after;
        let span = match reference {
            Reference::Number(group) => spans.get(group).cloned().flatten(),
            Reference::Name(name) => named(name, spans, names),
        };
        if let Some(span) = span {
            out.extend_from_slice(&text[span]);
        }
    }
    out.extend_from_slice(rest);
}

/// The first group of that name that took part in the match.
fn named(
    name: &str,
    spans: &[Option<Range<usize>>],
    names: &[Option<String>],
) -> Option<Range<usize>> {
    names
        .iter()
        .zip(spans)
        .filter(|(group, _)| group.as_deref() == Some(name))
        .find_map(|(_, span)| span.clone())
}

/// The reference at the start of `text`, after its dollar sign, and what follows it.
fn reference(text: &[u8]) -> Option<(Reference<'_>, &[u8])> {
    let (text, in_braces) = match text.strip_prefix(b"{") {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let length = valid
        .find(|c: char| c != '_' && !c.is_alphabetic() && !c.is_numeric())
        .unwrap_or(valid.len());
    let name = &valid[..length];
    if name.is_empty() {
        return None;
    }
    let mut after = &text[length..];
    if in_braces {
        after = after.strip_prefix(b"}")?;
    }
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = name.len() > 1 && name.starts_with('0');
    match name.parse::<usize>() {
        Ok(number) if is_number && !has_leading_zero && number < 1_000_000_000 => {
            Some((Reference::Number(number), after))
        }
        _ => Some((Reference::Name(name), after)),
    }
}
