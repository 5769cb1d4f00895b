//! Methods of the types that functions give, and how values of these types print.

use crate::functions::Function;
use crate::value::{Foreign, Type};

/// Returns the exported methods of a type, in order of their names.
///
/// The receiver is [`Arguments::receiver`](crate::functions::Arguments::receiver).
pub(crate) const fn methods(of: Type) -> &'static [Function] {
    match of {
        Type::Int(_) => &[], // Duration, Month, Weekday
        Type::Time => &[],
        Type::Location => &[],
        Type::Version => &[],
        Type::ErrorString => &[],
        _ => &[],
    }
}

/// Returns what the type's `String` method gives; `None` where it has none.
pub(crate) fn string(value: &Foreign) -> Option<Vec<u8>> {
    match value {
        Foreign::Time(_) | Foreign::Location(_) | Foreign::Version(_) => Some(Vec::new()),
        Foreign::Certificate(_) => None,
    }
}
