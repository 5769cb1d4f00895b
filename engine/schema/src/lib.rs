//! Kubernetes `OpenAPI` schemas: prune, merge by keys, own fields, compare and validate; pure.
//!
//! Nothing here talks to a cluster, reads a clock or keeps state: values in, values out.
//!
//! | Question | Answer |
//! | --- | --- |
//! | Which fields has a kind, how do its lists merge? | [`Schemas`], [`Schema`], [`CrdSchema`] |
//! | Where is a kind served, what is it called? | [`Discovery`], [`Resource`] |
//! | What of an object does nobody know, what is there twice? | [`prune`], [`collapse_doubled_keys`] |
//! | Who owns which field? | [`FieldSet`], [`ManagedFields`], [`managed_fields_after_update`] |
//! | What does an apply leave, who objects? | [`server_side_apply`] |
//! | What does a patch leave? | [`strategic_merge_patch`], [`json_merge_patch`] |
//! | What does an API server fill in? | [`defaults::fill`], [`default_crd`], [`normalize`] |
//! | Does an object fit? | [`decode_problem`], [`unknown_fields`], [`validate_crd`] |
//!
//! An API server takes an object of a built-in kind through [`decode_problem`], [`prune`], [`normalize`]
//! and [`defaults::fill`], one of a custom resource through [`prune`], [`default_crd`] and
//! [`validate_crd`]. Patches and applies come before that. [`managed_fields_after_update`] comes after
//! it, and before the status or the spec is put back: it knows by [`Reset`] what an endpoint ignores.
//!
//! ```
//! use kudo_schema::{Reset, Schemas, Writer, server_side_apply};
//! use serde_json::json;
//!
//! let schema = Schemas::built_in().kind("", "v1", "ConfigMap").expect("a built-in kind");
//! let config = |value| json!({"apiVersion": "v1", "kind": "ConfigMap",
//!     "metadata": {"name": "a", "namespace": "default"}, "data": {"key": value}});
//! let writer = |manager| Writer { manager, api_version: "v1", subresource: "",
//!     now: "2026-01-02T03:04:05Z", reset: Reset::Nothing };
//!
//! let live = server_side_apply(schema, None, &config("1"), false, &writer("first"))?.object;
//! let refused = server_side_apply(schema, Some(&live), &config("2"), false, &writer("second"));
//! assert_eq!(
//!     refused.unwrap_err().to_string(),
//!     "Apply failed with 1 conflict: conflict with \"first\": .data.key"
//! );
//! # Ok::<(), kudo_schema::ApplyError>(())
//! ```

mod apply;
mod crd_defaults;
pub mod defaults;
mod discovery;
mod fields;
mod go_text;
mod json_merge;
mod node;
mod prune;
mod quantity;
mod schema;
mod strategic;
mod typed;
mod validate;

pub use apply::*;
pub use crd_defaults::default_crd;
pub use discovery::{Discovery, Group, Resource, Subresource, Version};
pub use fields::{FieldPath, FieldSet, FieldsError, PathElement, Scalar};
pub use json_merge::json_merge_patch;
pub use node::{ListType, Type};
pub use prune::{Doubled, Pruned, collapse_doubled_keys, prune, unknown_fields};
pub use quantity::canonical_quantity;
pub use schema::{CrdSchema, GroupVersionKind, Schema, Schemas};
pub use strategic::{StrategicError, strategic_merge_patch};
pub use validate::{FieldError, FieldReason, decode_problem, invalid_message, validate_crd};
