//! The way from `kubectl apply` to `kubectl apply --server-side`.
//!
//! The former keeps what it applied in an annotation. For the manager `kubectl` an API server counts
//! what stands there as applied, and keeps the annotation up to date for whoever goes back.

use serde_json::Value;

use super::conflict::ApplyConflict;
use crate::schema::Schema;
use crate::typed::{compare, field_set, is_shallow, validate};

const LAST_APPLIED: &str =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

/// The manager the rules are for.
pub(super) const KUBECTL: &str = "kubectl";

/// Drops the conflicts over fields that still are as they were last applied.
pub(super) fn without_last_applied(
    schema: Schema<'_>,
    live: &Value,
    mut conflict: ApplyConflict,
) -> Option<ApplyConflict> {
    if let Some(last) = last_applied(schema, live) {
        let modified = compare(schema, &last, live).modified;
        let allowed = field_set(schema, &last).difference(&modified);
        conflict
            .conflicts
            .retain(|conflict| !allowed.contains(&conflict.path.0));
    }
    (!conflict.conflicts.is_empty()).then_some(conflict)
}

fn last_applied(schema: Schema<'_>, live: &Value) -> Option<Value> {
    let text = live.pointer(LAST_APPLIED)?.as_str()?;
    let last: Value = serde_json::from_str(text).ok()?;
    (is_shallow(&last) && validate(schema, &last, false).is_empty()).then_some(last)
}

/// Writes the configuration into the annotation, where there is one.
pub(super) fn update_last_applied(object: &mut Value, config: &Value) {
    let Some(annotation) = object.pointer_mut(LAST_APPLIED) else {
        return;
    };
    let mut config = config.clone();
    if let Some(annotations) = config
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    *annotation = Value::String(format!("{config}\n"));
}
