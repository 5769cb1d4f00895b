//! Sprig's everyday functions and KUDO's `toYaml`.

use super::Function;

/// The functions of this folder.
pub(crate) static FUNCTIONS: &[Function] = &[];
