//! What the server says about itself: versions, health and discovery.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, header};
use serde_json::json;

use super::request::Call;
use super::respond::{json as answer, text};
use super::{Api, openapi};
use crate::refusal::Refusal;

/// The version the sandbox has the API of.
const VERSION: (&str, &str) = ("1", "36");

/// Answers a path that is about no resource.
pub(super) fn answer_path(api: &Api, call: &Call, path: &[String]) -> Response {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if ![Method::GET, Method::HEAD].contains(&call.method) {
        return Refusal::method_not_allowed().into_response();
    }
    let catalog = api.catalog();
    let discovery = &catalog.discovery;
    let found = match path.as_slice() {
        [] | [""] => Some(json!({"paths": [
            "/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version",
        ]})),
        ["version"] => Some(version()),
        ["healthz" | "livez" | "readyz", ..] => return text(200, "ok"),
        ["api"] if wants_aggregated(call) => return aggregated(&discovery.aggregated_core()),
        ["apis"] if wants_aggregated(call) => return aggregated(&discovery.aggregated_groups()),
        ["api"] => Some(discovery.api_versions()),
        ["apis"] => Some(discovery.api_group_list()),
        ["api", version] => discovery.api_resource_list("", version),
        ["apis", group] => match discovery.api_group(group) {
            None => return text(404, "404 page not found\n"),
            found => found,
        },
        ["apis", group, _] if discovery.group(group).is_none() => {
            return text(404, "404 page not found\n");
        }
        ["apis", group, version] => discovery.api_resource_list(group, version),
        ["openapi", "v3", rest @ ..] => match openapi::document(&catalog, rest) {
            None => return text(404, "404 page not found\n"),
            found => found,
        },
        _ => return text(404, "404 page not found\n"),
    };
    match found {
        Some(document) => answer(200, &document),
        None => Refusal::no_such_path().into_response(),
    }
}

fn version() -> serde_json::Value {
    let (major, minor) = VERSION;
    json!({
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": "35",
        "gitVersion": format!("v{major}.{minor}.0+kudo-sandbox"), "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn wants_aggregated(call: &Call) -> bool {
    call.header(&header::ACCEPT).split(',').any(|clause| {
        clause.contains("as=APIGroupDiscoveryList")
            && clause.contains("v=v2")
            && !clause.contains("v=v2beta")
    })
}

fn aggregated(document: &serde_json::Value) -> Response {
    let mut response = answer(200, document);
    let media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}
