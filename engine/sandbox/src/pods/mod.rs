//! Pretend pods from the inside: what their logs say and what a command in them does.
//!
//! Nothing runs in a sandbox. A small scripted shell knows a handful of commands, and a file
//! system made of the pod's volumes: maps and secrets have their real content, everything else
//! holds pretended content that says so.

mod files;
mod script;
mod shell;

use serde_json::Value;

use crate::store::object;

pub(crate) use shell::{Outcome, Shell};

/// Returns what a container has logged: one line that says what it is.
pub(crate) fn log_lines(pod: &Value, container: &Value, timestamps: bool) -> Vec<String> {
    let line = format!(
        "kudo-rs sandbox: container {} ({}) is pretended, nothing runs in it",
        object::text(container, "/name"),
        object::text(container, "/image"),
    );
    let started = object::text(pod, "/status/startTime");
    match (timestamps, started) {
        (true, started) if !started.is_empty() => vec![format!("{started} {line}")],
        _ => vec![line],
    }
}
