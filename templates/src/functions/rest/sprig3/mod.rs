//! The functions that only Sprig 3 (3.2.3) has. KUDO has none of them, so a package must ask.
//!
//! * [`table`]: their rows
//! * [`values`]: JSON, dictionaries, lists, durations
//! * [`numbers`]: decimal arithmetic and sequences
//! * [`paths`]: paths of files, as text alone

mod numbers;
mod paths;
mod table;
mod values;

pub(crate) use table::SPRIG3;

use crate::functions::core;
use crate::functions::{Arguments, Context, FunctionError};
use crate::value::Value;

/// Calls the function of Sprig 2 that a `must` form is named after: its panics are the errors.
fn sprig2(
    name: &str,
    context: &mut Context<'_>,
    arguments: Arguments<'_>,
) -> Result<Value, FunctionError> {
    let function = core::FUNCTIONS
        .iter()
        .find(|function| function.name == name)
        .expect("every must form is named after a function of the table");
    (function.run)(context, arguments)
}
