//! Bodies in protobuf, which kubectl's `create` commands and other Go clients send.
//!
//! The message is an envelope (`runtime.Unknown`) around the bytes of the kind. What the numbers of
//! its fields mean is in `data/protobuf-1.36.txt`, taken from the published `generated.proto`
//! files: one message a line, a field as `NUMBER NAME TYPE`. Types are `s`tring, b`y`tes, `i`nteger,
//! `b`oolean, `d`ouble or a message. `*` marks lists, `%` maps, `^` members that JSON has inline,
//! `!` scalars that are written even when zero.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::base64;
use crate::clock;
use crate::store::object;

const TABLE: &str = include_str!("../../data/protobuf-1.36.txt");
const MAGIC: &[u8] = b"k8s\0";
/// Messages nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// One field of a message.
struct Field {
    name: &'static str,
    mark: Option<char>,
    kind: &'static str,
}

type Message = BTreeMap<u64, Field>;

static MESSAGES: LazyLock<BTreeMap<&'static str, Message>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, fields)| (name, fields.split(", ").filter_map(field).collect()))
        .collect()
});

fn field(text: &'static str) -> Option<(u64, Field)> {
    let mut words = text.split(' ');
    let (number, name, kind) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let mark = kind
        .chars()
        .next()
        .filter(|letter| "*%^!".contains(*letter));
    let kind = &kind[mark.map_or(0, char::len_utf8)..];
    Some((number, Field { name, mark, kind }))
}

/// Reads an object of one of the kinds that clients send in protobuf.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let envelope = bytes
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for entry in Entries(envelope) {
        match entry? {
            (1, Wire::Bytes(meta)) => {
                for entry in Entries(meta) {
                    match entry? {
                        (1, Wire::Bytes(text)) => api_version = utf8(text)?,
                        (2, Wire::Bytes(text)) => kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let name = message_name(&api_version, &kind);
    let message = MESSAGES
        .get(name.as_str())
        .ok_or_else(|| format!("{kind} in {api_version} is not read as protobuf; send JSON"))?;
    let mut value = decode_message(message, raw, MAX_DEPTH)?;
    let members = object::as_members(&mut value);
    members.insert("apiVersion".to_owned(), api_version.into());
    members.insert("kind".to_owned(), kind.into());
    Ok(value)
}

fn message_name(api_version: &str, kind: &str) -> String {
    if kind == "DeleteOptions" {
        return "meta.DeleteOptions".to_owned();
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    format!(
        "{}.{version}.{kind}",
        group.split('.').next().unwrap_or_default()
    )
}

/// A value on the wire.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message in the order they were written.
struct Entries<'a>(&'a [u8]);

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(u64, Wire<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.0.is_empty()).then(|| self.entry().ok_or_else(|| "unexpected EOF".to_owned()))
    }
}

impl<'a> Entries<'a> {
    fn entry(&mut self) -> Option<(u64, Wire<'a>)> {
        // A broken message ends the iteration too.
        let mut rest = std::mem::take(&mut self.0);
        let tag = varint(&mut rest)?;
        let value = match tag & 7 {
            0 => Wire::Number(varint(&mut rest)?),
            1 => Wire::Number(u64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                Wire::Bytes(take(&mut rest, length)?)
            }
            5 => Wire::Number(u32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?).into()),
            _ => return None,
        };
        self.0 = rest;
        Some((tag >> 3, value))
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())
}

fn decode_message(message: &Message, bytes: &[u8], depth: usize) -> Result<Value, String> {
    let depth = depth
        .checked_sub(1)
        .ok_or("the message is nested too deeply")?;
    let mut members = Map::new();
    for entry in Entries(bytes) {
        let (number, wire) = entry?;
        let Some(field) = message.get(&number) else {
            continue;
        };
        let name = field.name.to_owned();
        match field.mark {
            Some('*') => {
                let item = decode_value(field.kind, &wire, depth)?;
                let list = members.entry(name).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(item);
                }
            }
            Some('%') => {
                let (key, value) = pair(field.kind, &wire, depth)?;
                let map = members.entry(name).or_insert_with(|| json!({}));
                object::as_members(map).insert(key, value);
            }
            Some('^') => {
                if let Value::Object(inline) = decode_value(field.kind, &wire, depth)? {
                    members.extend(inline);
                }
            }
            mark => {
                let value = decode_value(field.kind, &wire, depth)?;
                let is_zero = value.is_null()
                    || value == 0
                    || value == ""
                    || value == false
                    || value.as_f64() == Some(0.0);
                if !is_zero || mark == Some('!') {
                    members.insert(name, value);
                }
            }
        }
    }
    Ok(Value::Object(members))
}

fn pair(kind: &str, wire: &Wire<'_>, depth: usize) -> Result<(String, Value), String> {
    let Wire::Bytes(bytes) = wire else {
        return Err("a map entry is no message".to_owned());
    };
    let (mut key, mut value) = (String::new(), decode_value(kind, &Wire::Bytes(&[]), depth)?);
    for entry in Entries(bytes) {
        match entry? {
            (1, Wire::Bytes(text)) => key = utf8(text)?,
            (2, wire) => value = decode_value(kind, &wire, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn decode_value(kind: &str, wire: &Wire<'_>, depth: usize) -> Result<Value, String> {
    match (kind, wire) {
        ("i", Wire::Number(number)) => Ok(number.cast_signed().into()),
        ("b", Wire::Number(number)) => Ok((*number != 0).into()),
        ("d", Wire::Number(number)) => Ok(json!(f64::from_bits(*number))),
        ("s", Wire::Bytes(bytes)) => utf8(bytes).map(Value::String),
        ("y", Wire::Bytes(bytes)) => Ok(base64::encode(bytes).into()),
        (kind, Wire::Bytes(bytes)) => special(kind, bytes)?.map_or_else(
            || match MESSAGES.get(kind) {
                Some(message) => decode_message(message, bytes, depth),
                None => Err(format!("{kind} is not read as protobuf; send JSON")),
            },
            Ok,
        ),
        _ => Err(format!("a field is of the wrong wire type for {kind}")),
    }
}

/// Messages that JSON has as something simpler.
fn special(kind: &str, bytes: &[u8]) -> Result<Option<Value>, String> {
    let mut texts = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    let simple = [
        "meta.Time",
        "meta.MicroTime",
        "meta.Duration",
        "meta.FieldsV1",
        "api.resource.Quantity",
        "util.intstr.IntOrString",
        "runtime.RawExtension",
    ];
    if !simple.contains(&kind) && !kind.ends_with(".ExtraValue") {
        return Ok(None);
    }
    let mut items = Vec::new();
    for entry in Entries(bytes) {
        match entry? {
            (field, Wire::Number(number)) => {
                numbers.insert(field, number.cast_signed());
            }
            (field, Wire::Bytes(bytes)) => {
                items.push(utf8(bytes)?);
                texts.insert(field, bytes);
            }
        }
    }
    let number = |field: u64| numbers.get(&field).copied().unwrap_or_default();
    let text = |field: u64| texts.get(&field).copied().unwrap_or_default();
    Ok(Some(match kind {
        "meta.Time" | "meta.MicroTime" if numbers.is_empty() => Value::Null,
        "meta.Time" | "meta.MicroTime" => {
            let nanoseconds = i32::try_from(number(2)).unwrap_or_default();
            let moment =
                Timestamp::new(number(1), nanoseconds).map_err(|error| error.to_string())?;
            let shown = if kind == "meta.Time" {
                clock::seconds(moment)
            } else {
                clock::micros(moment)
            };
            shown.into()
        }
        "meta.Duration" => format!("{}ns", number(1)).into(),
        "api.resource.Quantity" => utf8(text(1))?.into(),
        "util.intstr.IntOrString" if number(1) == 0 => number(2).into(),
        "util.intstr.IntOrString" => utf8(text(3))?.into(),
        "runtime.RawExtension" | "meta.FieldsV1" => {
            serde_json::from_slice(text(1)).map_err(|error| error.to_string())?
        }
        _ => json!(items),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configmap_is_read_field_by_field() {
        // Envelope: type meta {v1, ConfigMap}; message: metadata {name: a}, data {k: v}.
        let meta = [&b"\x0a\x02v1\x12\x09ConfigMap"[..]].concat();
        let raw = [&b"\x0a\x03\x0a\x01a"[..], b"\x12\x06\x0a\x01k\x12\x01v"].concat();
        let body = [
            MAGIC,
            &[0x0a, u8::try_from(meta.len()).unwrap()],
            &meta,
            &[0x12, u8::try_from(raw.len()).unwrap()],
            &raw,
        ]
        .concat();

        assert_eq!(
            decode(&body).unwrap(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
                   "data": {"k": "v"}})
        );
        for end in 0..body.len() {
            // Whatever is cut off, it is an answer and no panic.
            let _answer = decode(&body[..end]);
        }
    }
}
