//! Sprig's functions on dates, versions, patterns, URLs, keys and chance, and what Sprig 3 added.
//!
//! * [`dates`], [`versions`], [`regexes`], [`net`], [`secrets`], [`random`]: what they do
//! * [`table`]: their rows
//! * [`sprig3`]: the functions that only Sprig 3 has
//! * [`methods`]: methods of times, durations and versions

mod dates;
pub(crate) mod methods;
mod net;
mod random;
mod regexes;
mod secrets;
mod sprig3;
mod table;
mod versions;

pub(crate) use sprig3::SPRIG3;
pub(crate) use table::FUNCTIONS;
