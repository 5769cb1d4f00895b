//! What renders allocate: one JSON line a case, for `oracle report`.
//!
//! ```text
//! memory FILE...
//! ```
//!
//! A program of its own, as counting slows all else down.

#[path = "../tests/support/case.rs"]
mod case;
#[path = "../tests/support/file.rs"]
mod file;

use std::io::{self, Write};

use allocation_counter::AllocationInfo;
use kudo_templates::Functions;
use serde_json::json;

fn main() -> io::Result<()> {
    let functions = Functions::kudo();
    let mut out = io::stdout().lock();
    for path in std::env::args().skip(1) {
        for case in file::cases(&std::fs::read_to_string(path)?) {
            let (Ok(template), Ok(data)) = (case.parse(&functions), case.dot()) else {
                continue;
            };
            // The first run fills what is made once in a process, as compiled expressions.
            if case::render(&template, &data).is_err() {
                continue;
            }
            let AllocationInfo {
                count_total,
                bytes_total,
                bytes_max,
                ..
            } = allocation_counter::measure(|| drop(case::render(&template, &data)));
            let line = json!({
                "group": case.group,
                "name": case.name,
                "allocs": count_total,
                "allocated": bytes_total,
                "peak": bytes_max,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
