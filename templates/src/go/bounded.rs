//! Text that may not grow beyond a limit.

/// The limit on the length of a text was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Bytes that refuse to grow beyond a limit, for functions whose result can be far longer than their arguments.
#[derive(Debug)]
pub(crate) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Bounded {
    /// An empty text of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
        }
    }

    /// Appends `text`.
    pub(crate) fn push(&mut self, text: &[u8]) -> Result<(), TooLong> {
        if text.len() > self.limit - self.bytes.len() {
            return Err(TooLong);
        }
        self.bytes.extend_from_slice(text);
        Ok(())
    }

    /// Returns what was appended.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_up_to_its_limit() {
        let mut text = Bounded::new(3);
        assert_eq!(text.push(b"ab"), Ok(()));
        assert_eq!(text.push(b"cd"), Err(TooLong));
        assert_eq!(text.push(b"c"), Ok(()));
        assert_eq!(text.into_bytes(), b"abc");
    }
}
