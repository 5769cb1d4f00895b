//! What the schemas say about an object: its defaults, and values of the wrong kind.

use serde_json::Value;

use super::catalog::Served;
use crate::refusal::Cause;

/// Fills in the defaults of a kind.
pub(super) fn complete(served: &Served, object: &mut Value) {
    match &served.custom {
        Some(custom) => kudo_schema::default_crd(custom.schema.schema(), object),
        None => kudo_schema::defaults::fill(&served.info.group, &served.info.kind, object),
    }
}

/// Says in Go's words why a value does not fit its Go struct.
pub(super) fn decode_error(served: &Served, object: &Value) -> Option<String> {
    kudo_schema::decode_problem(served.schema(), object)
}

/// Returns what breaks the schema of a custom resource.
pub(crate) fn causes(served: &Served, object: &Value) -> Vec<Cause> {
    kudo_schema::validate_crd(served.schema(), object)
        .into_iter()
        .map(|error| Cause {
            reason: error.reason.name(),
            field: error.field,
            message: error.message,
        })
        .collect()
}
