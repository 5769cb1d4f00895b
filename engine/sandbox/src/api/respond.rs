//! Answers: JSON objects, tables, partial objects, warnings, and refusals.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::catalog::Served;
use super::request::Call;
use super::table;
use crate::refusal::Refusal;

/// The form a client wants objects in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Object,
    Table,
    Partial,
}

impl View {
    /// Reads the `Accept` header; the first form that can be served wins.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        Self::wanted(call, false)
    }

    /// Like [`View::of`], for a list.
    pub(super) fn of_list(call: &Call) -> Result<Self, Refusal> {
        Self::wanted(call, true)
    }

    fn wanted(call: &Call, listing: bool) -> Result<Self, Refusal> {
        let accept = call.header(&header::ACCEPT);
        if accept.is_empty() {
            return Ok(Self::Object);
        }
        for clause in accept.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !["application/json", "application/*", "*/*"].contains(&media) {
                continue;
            }
            let form = parts.find_map(|part| part.strip_prefix("as="));
            match form {
                None => return Ok(Self::Object),
                Some("Table") => return Ok(Self::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => {
                    return Ok(Self::Partial);
                }
                Some(_) => {}
            }
        }
        let mut message = "406: Not Acceptable\n\nAvailable representations: application/json, \
                           application/yaml, application/vnd.kubernetes.protobuf"
            .to_owned();
        if listing {
            message.push_str(
                ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
            );
        }
        let details = Some(Box::new(json!({})));
        Err(Refusal {
            code: 406,
            reason: "NotAcceptable",
            message,
            details,
        })
    }

    /// Shows one object.
    pub(super) fn object(self, served: &Served, call: &Call, object: Value) -> Value {
        match self {
            Self::Object => object,
            Self::Table => table::of_objects(served, call, &[&object], &object),
            Self::Partial => partial(object),
        }
    }
}

/// Reduces an object to its metadata (`meta.k8s.io/v1 PartialObjectMetadata`).
pub(super) fn partial(object: Value) -> Value {
    let metadata = match object {
        Value::Object(mut members) => members.remove("metadata").unwrap_or_else(|| json!({})),
        _ => json!({}),
    };
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
    })
}

/// Answers with a JSON document.
pub(super) fn json(code: u16, document: &Value) -> Response {
    bytes(code, document.to_string().into())
}

/// Answers with JSON that is written already.
pub(super) fn bytes(code: u16, body: axum::body::Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    response
}

/// Answers with plain text.
pub(super) fn text(code: u16, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// Adds `Warning` headers, as kubectl prints them.
pub(super) fn warned(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.code, &self.status())
    }
}
