//! Identifiers that are handed in: uids of objects and the random end of generated names.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The letters of generated names (`k8s.io/apimachinery/pkg/util/rand`): no vowels, no 0, 1 or 3.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Where the sandbox gets identifiers.
pub trait Ids: fmt::Debug + Send + Sync + 'static {
    /// Returns 64 fresh random bits.
    fn bits(&self) -> u64;

    /// Returns a fresh uid in the form of a version 4 UUID.
    fn uid(&self) -> String {
        uuid::Builder::from_random_bytes(
            ((u128::from(self.bits()) << 64) | u128::from(self.bits())).to_be_bytes(),
        )
        .into_uuid()
        .to_string()
    }

    /// Returns `length` letters that may end an object's name.
    fn suffix(&self, length: usize) -> String {
        let radix = ALPHABET.len() as u64;
        (0..length)
            .map(|_| {
                let index = usize::try_from(self.bits() % radix).unwrap_or_default();
                char::from(ALPHABET[index])
            })
            .collect()
    }
}

/// Identifiers nobody can foresee.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws random ids"
    )]
    fn bits(&self) -> u64 {
        // Eight bytes of a UUID would carry its version; the two halves together hide it.
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        high ^ low.rotate_left(32)
    }
}

/// The same identifiers in every run that starts from the same seed.
#[derive(Debug)]
pub struct SeededIds {
    state: Mutex<u64>,
}

impl SeededIds {
    /// Starts a sequence at `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed),
        }
    }
}

impl Ids for SeededIds {
    fn bits(&self) -> u64 {
        // SplitMix64: one addition and a mix, good enough for names.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_ids_repeat_and_look_like_the_servers() {
        let first = SeededIds::new(7);
        let second = SeededIds::new(7);

        let uid = first.uid();

        assert_eq!(uid, second.uid());
        assert_eq!(
            uuid::Uuid::parse_str(&uid).map(|uid| uid.get_version_num()),
            Ok(4)
        );
        assert!(first.suffix(5).bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
