//! Kinds that are questions: they are answered and not stored. Everybody may do everything.

use axum::response::Response;
use serde_json::{Value, json};

use super::Api;
use super::body;
use super::catalog::Served;
use super::request::Call;
use super::respond::json as answer_json;
use crate::refusal::Refusal;
use crate::store::object;

/// The user every request comes from.
const USER: &str = "sandbox-admin";

/// Answers a review; `None` when the kind is stored like any other.
pub(super) fn answer(
    _api: &Api,
    served: &Served,
    namespace: Option<&str>,
    call: &Call,
) -> Result<Option<Response>, Refusal> {
    let status = match (served.info.group.as_str(), served.info.plural.as_str()) {
        (
            "authorization.k8s.io",
            "selfsubjectaccessreviews" | "subjectaccessreviews" | "localsubjectaccessreviews",
        ) => json!({"allowed": true}),
        ("authorization.k8s.io", "selfsubjectrulesreviews") => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        ("authentication.k8s.io", "selfsubjectreviews") => json!({
            "userInfo": {"username": USER, "groups": ["system:masters", "system:authenticated"]},
        }),
        ("authentication.k8s.io", "tokenreviews") => json!({
            "authenticated": true,
            "user": {"username": USER, "groups": ["system:masters", "system:authenticated"]},
        }),
        _ => return Ok(None),
    };
    let mut review = body::object(served, call)?;
    let members = object::as_members(&mut review);
    members.insert("kind".to_owned(), served.info.kind.clone().into());
    members.insert("apiVersion".to_owned(), served.api_version().into());
    members.insert("status".to_owned(), status);
    members
        .entry("metadata")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(namespace) = namespace {
        object::metadata_mut(&mut review).insert("namespace".to_owned(), namespace.into());
    }
    Ok(Some(answer_json(201, &review)))
}
