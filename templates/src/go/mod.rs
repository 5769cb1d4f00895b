//! What Go's packages do, without a template around it.
//!
//! * [`time`], [`regexp`], [`semver`], [`url`]: the packages of those names
//! * [`crypto`]: keys, certificates, digests and ciphers
//! * [`quote`]: `strconv.Quote`

pub(crate) mod crypto;
pub(crate) mod encoding;
pub(crate) mod quote;
pub(crate) mod regexp;
pub(crate) mod semver;
pub(crate) mod time;
pub(crate) mod url;
