//! Server-side apply, and who owns which field after any write.

mod conflict;
mod kubectl;
mod managed;
mod normal;
mod patch;
mod reset;
mod update;

pub use conflict::{ApplyConflict, Conflict};
pub use managed::{ManagedEntry, ManagedFields, Operation};
pub use normal::normalize;
pub use patch::{Applied, ApplyError, server_side_apply};
pub use reset::Reset;
pub use update::managed_fields_after_update;

/// Who writes, through what and when.
#[derive(Debug, Clone)]
pub struct Writer<'a> {
    /// `fieldManager` of the request.
    pub manager: &'a str,
    /// `apiVersion` of the request, such as `apps/v1`.
    pub api_version: &'a str,
    /// The subresource written through; empty for the object itself.
    pub subresource: &'a str,
    /// The time in RFC 3339 to the second, such as `2026-01-02T03:04:05Z`.
    pub now: &'a str,
    /// The fields this endpoint does not write.
    pub reset: Reset,
}
