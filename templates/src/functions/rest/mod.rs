//! Sprig's functions on dates, versions, patterns, URLs, keys and chance, and what Sprig 3 added.

pub(crate) mod methods;

use super::Function;

/// The functions of this folder that KUDO has.
pub(crate) static FUNCTIONS: &[Function] = &[];

/// The functions that only Sprig 3 has, which a package must ask for.
pub(crate) static SPRIG3: &[Function] = &[];
