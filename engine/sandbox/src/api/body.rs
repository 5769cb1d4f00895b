//! Reading request bodies.

use serde_json::Value;

use super::catalog::Served;
use super::protobuf;
use super::request::Call;
use crate::refusal::Refusal;

/// Reads the body of a create or update.
pub(super) fn object(served: &Served, call: &Call) -> Result<Value, Refusal> {
    let kind = &served.info.kind;
    match call.content_type() {
        "" | "application/json" => {
            let bytes = &call.body;
            serde_json::from_slice::<Value>(bytes).map_err(|error| {
                Refusal::bad_request(format!(
                    "the object provided is unrecognized (must be of type {kind}): couldn't get \
                     version/kind; json parse error: {} ({})",
                    go_error(bytes, &error),
                    shown(bytes)
                ))
            })
        }
        "application/vnd.kubernetes.protobuf" if served.custom.is_none() => {
            protobuf::decode(&call.body).map_err(Refusal::bad_request)
        }
        "application/yaml" => yaml(&call.body)
            .map_err(|why| Refusal::bad_request(format!("error parsing YAML: {why}"))),
        _ => Err(Refusal::unsupported_media(match served.custom {
            None => {
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json, application/yaml, application/vnd.kubernetes.protobuf"
            }
            Some(_) => {
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json, application/yaml"
            }
        })),
    }
}

/// Two digits a byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The server shows the beginning of what it could not read: JSON objects as they are, all else in
/// hexadecimal.
pub(super) fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(30)];
    let shown = if bytes.first() == Some(&b'{') {
        String::from_utf8_lossy(start).into_owned()
    } else {
        hexadecimal(start)
    };
    if bytes.len() > start.len() {
        format!("{shown} ...")
    } else {
        shown
    }
}

/// Reads options or the body of a subresource, in whatever form they come.
pub(super) fn any(call: &Call) -> Result<Value, Refusal> {
    let read = match call.content_type() {
        "application/vnd.kubernetes.protobuf" => protobuf::decode(&call.body),
        _ => yaml(&call.body),
    };
    read.map_err(Refusal::bad_request)
}

/// Reads JSON, or YAML where it is none.
pub(super) fn yaml(bytes: &[u8]) -> Result<Value, String> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    crate::yaml::parse(bytes)
}

/// Says what is wrong with JSON in the words of Go's `encoding/json`, for the frequent cases.
pub(super) fn go_error(bytes: &[u8], error: &serde_json::Error) -> String {
    let text = String::from_utf8_lossy(bytes);
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    match text.trim_start().chars().next() {
        Some(first) if !"{[\"-0123456789tfn".contains(first) => {
            format!("invalid character '{first}' looking for beginning of value")
        }
        _ => error.to_string(),
    }
}
