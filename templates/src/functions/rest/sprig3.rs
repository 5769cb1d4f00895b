//! Rows.
use super::super::Function;
/// The functions that only Sprig 3 has, which a package must ask for.
pub(crate) static SPRIG3: &[Function] = &[];
