//! Go strings: bytes that are usually, but not always, UTF-8.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A Go string: immutable bytes, cheap to clone.
#[derive(Clone)]
pub struct Str(Bytes);

/// How many bytes a string keeps in itself: as many as fit beside what a long one takes.
const SHORT: usize = 22;

/// The bytes of a string. Names and most parameters are short: those need no memory of their own.
#[derive(Clone)]
enum Bytes {
    /// So many bytes of the array.
    Short(u8, [u8; SHORT]),
    Long(Arc<[u8]>),
}

impl Str {
    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(length, bytes) => &bytes[..usize::from(*length).min(SHORT)],
            Bytes::Long(bytes) => bytes,
        }
    }

    /// Returns bytes as a string that keeps them in itself, if they are few enough.
    fn short(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self(Bytes::Short(u8::try_from(text.len()).ok()?, bytes)))
    }

    /// Returns the text, with U+FFFD for each byte that is not UTF-8, as Go does it.
    pub fn to_text(&self) -> Cow<'_, str> {
        to_text(self)
    }

    /// Returns the text if the bytes are UTF-8.
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(self).ok()
    }
}

/// Returns bytes as text, with U+FFFD for each byte that is not UTF-8.
///
/// The standard library gives one for a run of bytes that begins well; Go does not.
pub(crate) fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}

impl Default for Str {
    fn default() -> Self {
        Self(Bytes::Short(0, [0; SHORT]))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str {}

impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Deref for Str {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Self {
        Self::short(bytes).unwrap_or_else(|| Self(Bytes::Long(Arc::from(bytes))))
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<&Self> for Str {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes of about the length at which strings stop to keep them in themselves.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let alike = (0..SHORT + 4, 0..4_u8).prop_map(|(length, last)| {
            let mut bytes = vec![0; length];
            bytes.extend(last.checked_sub(1));
            bytes
        });
        prop_oneof![alike, prop::collection::vec(any::<u8>(), 0..SHORT + 4)]
    }

    proptest! {
        #[test]
        fn compare_as_their_bytes_do(one in bytes(), two in bytes()) {
            let (a, b) = (Str::from(one.as_slice()), Str::from(two.as_slice()));
            prop_assert_eq!(a.as_bytes(), one.as_slice());
            prop_assert_eq!(a.cmp(&b), one.cmp(&two));
            prop_assert_eq!(a == b, one == two);
        }
    }
}
