//! The `kudo-rs` command.
fn main() {}
