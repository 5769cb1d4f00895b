//! PEM blocks: Go's package `encoding/pem`.

use crate::go::encoding::{from_base64, to_base64};

/// A block of this type, 64 characters a line.
pub(crate) fn encode(kind: &str, bytes: &[u8]) -> String {
    let mut out = format!("-----BEGIN {kind}-----\n");
    for line in to_base64(bytes).chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out + &format!("-----END {kind}-----\n")
}

/// A block that was read.
pub(crate) struct Block {
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
}

/// The first block that is whole, like `pem.Decode`; text before it is skipped.
pub(crate) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let kind = line.trim_end().strip_prefix("-----BEGIN ");
        let Some(kind) = kind.and_then(|rest| rest.strip_suffix("-----")) else {
            continue;
        };
        if let Some(bytes) = body(lines.clone(), kind) {
            return Some(Block {
                kind: kind.to_owned(),
                bytes,
            });
        }
    }
    None
}

/// The bytes up to the end mark; lines `Name: value` at the start are headers.
fn body<'t>(lines: impl Iterator<Item = &'t str>, kind: &str) -> Option<Vec<u8>> {
    let end = format!("-----END {kind}-----");
    let mut encoded = Vec::new();
    for line in lines {
        let line = line.trim();
        if line == end {
            return from_base64(&encoded).ok();
        }
        if line.starts_with("-----") {
            return None;
        }
        if encoded.is_empty() && line.contains(": ") {
            continue;
        }
        encoded.extend(line.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    }
    None
}
