//! What Go's packages do, without a template around it.
//!
//! * [`time`], [`regexp`], [`semver`], [`url`]: the packages of those names
//! * [`crypto`]: keys, certificates, digests and ciphers
//! * [`utf8`], [`unicode`]: runes of byte strings, categories and case
//! * [`strings`], [`words`], [`snake`]: packages strings, Masterminds/goutils and huandu/xstrings
//! * [`strconv`], [`shortest`], [`math`]: numbers from text, rounding
//! * [`encoding`], [`json_text`]: base64, base32, JSON strings and numbers
//! * [`growth`]: the capacity of a slice after `append`
//! * [`timestamp`]: times as JSON and YAML have them
//! * [`bounded`]: text that may not grow beyond a limit

pub(crate) mod bounded;
pub(crate) mod crypto;
pub(crate) mod encoding;
pub(crate) mod growth;
pub(crate) mod json_text;
pub(crate) mod math;
pub(crate) mod regexp;
pub(crate) mod semver;
pub(crate) mod shortest;
pub(crate) mod snake;
pub(crate) mod strconv;
pub(crate) mod strings;
pub(crate) mod time;
pub(crate) mod timestamp;
pub(crate) mod unicode;
pub(crate) mod url;
pub(crate) mod utf8;
pub(crate) mod words;
