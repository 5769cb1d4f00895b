//! Keys, certificates, digests and ciphers as Go's `crypto` packages write them.
//!
//! * [`der`], [`pem`]: the encodings
//! * [`keys`]: keys of RSA, DSA, ECDSA and Ed25519
//! * [`x509`]: what a certificate says and who signs it
//! * [`cipher`]: digests, AES, derived passwords

pub(crate) mod cipher;
mod der;
pub(crate) mod keys;
pub(crate) mod pem;
pub(crate) mod x509;
