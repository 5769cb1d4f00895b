//! What the schemas say about an object: its defaults, and values of the wrong kind.

use serde_json::Value;

use super::catalog::Served;
use crate::refusal::Cause;

/// Fills in the defaults of a kind.
pub(super) fn complete(served: &Served, object: &mut Value) {
    let _ = (served, object);
}

/// Says in Go's words why a value does not fit its Go struct.
pub(super) fn decode_error(served: &Served, object: &Value) -> Option<String> {
    let _ = (served, object);
    None
}

/// Returns what breaks the schema of a custom resource.
pub(crate) fn causes(served: &Served, object: &Value) -> Vec<Cause> {
    let _ = (served, object);
    Vec::new()
}
