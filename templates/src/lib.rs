//! Go's text/template with the functions that KUDO gives to packages: pure and synchronous.
//!
//! * [`value`]: Go's values and types
//! * [`functions`]: the function table
//! * [`Limits`]: what a render may use

pub mod functions;
pub mod value;

mod format;
mod go;
mod limits;

pub use limits::{Exceeded, Limits};
pub use value::{Numbers, Value};
