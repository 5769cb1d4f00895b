//! Kubernetes OpenAPI schemas: prune, merge by keys, own fields, compare and validate; pure.

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
