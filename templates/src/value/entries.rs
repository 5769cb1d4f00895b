//! The entries of a map: found by a hash of their keys, listed in the order of their keys.
//!
//! Most maps are looked into far more often than they are listed. The hashes are seeded anew in each
//! process, so that no template can choose keys that fall together; nothing shows their order.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::LazyLock;

use super::{Str, Value};

/// So few entries are looked through one after the other.
const FEW: usize = 8;

/// A key with its hash, for names that are looked up again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    text: Str,
    hash: usize,
}

impl Name {
    pub(crate) fn new(text: Str) -> Self {
        let hash = hash_of(&text);
        Self { text, hash }
    }
}

impl Deref for Name {
    type Target = Str;

    fn deref(&self) -> &Str {
        &self.text
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// The entries of a map, in the order of their keys.
#[derive(Debug, Default)]
pub struct Entries {
    rows: Vec<Row>,
    /// Of more than a few rows: 1 + the index of each, at the place that its hash says or in the next free
    /// one. 0 is a free place; at least half of them are. Their number is a power of two.
    places: Vec<u32>,
    /// Whether the rows are not in the order of their keys.
    disordered: bool,
}

#[derive(Debug)]
struct Row {
    hash: usize,
    key: Str,
    value: Value,
}

fn hash_of(key: &[u8]) -> usize {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any bits of a hash are as good as others"
    )]
    let hash = SEED.hash_one(key) as usize;
    hash
}

impl Entries {
    /// Returns the number of entries.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&Value> {
        self.value(self.find(hash_of(key), key))
    }

    /// Returns the value of a name.
    pub(crate) fn named(&self, name: &Name) -> Option<&Value> {
        self.value(self.find(name.hash, &name.text))
    }

    /// Returns the keys and values in the order of the keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Str, &Value)> + ExactSizeIterator {
        self.rows.iter().map(|row| (&row.key, &row.value))
    }

    /// Takes the values out.
    pub(super) fn into_values(self) -> impl Iterator<Item = Value> {
        self.rows.into_iter().map(|row| row.value)
    }

    fn value(&self, index: Option<usize>) -> Option<&Value> {
        Some(&self.rows.get(index?)?.value)
    }

    fn find(&self, hash: usize, key: &[u8]) -> Option<usize> {
        let is_it = |row: &Row| row.hash == hash && *row.key == *key;
        if self.places.is_empty() {
            return self.rows.iter().position(is_it);
        }
        let mut at = self.home(hash);
        while let Some(index) = self.row_at(at) {
            if is_it(&self.rows[index]) {
                return Some(index);
            }
            at = self.after(at);
        }
        None
    }

    /// Returns the index of the row that a place leads to.
    fn row_at(&self, place: usize) -> Option<usize> {
        (self.places[place] as usize).checked_sub(1)
    }

    fn home(&self, hash: usize) -> usize {
        hash & (self.places.len() - 1)
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

/// Changes.
impl Entries {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
        self.widen(self.rows.len() + more);
    }

    /// Sets a key; returns the value that it had.
    pub(super) fn insert(&mut self, key: Str, value: Value) -> Option<Value> {
        let hash = hash_of(&key);
        if let Some(index) = self.find(hash, &key) {
            return Some(std::mem::replace(&mut self.rows[index].value, value));
        }
        self.disordered |= self.rows.last().is_some_and(|last| last.key > key);
        self.rows.push(Row { hash, key, value });
        if !self.widen(self.rows.len()) && !self.places.is_empty() {
            self.settle(self.rows.len() - 1);
        }
        None
    }

    /// Removes a key; returns the value that it had.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Value> {
        let hash = hash_of(key);
        let index = self.find(hash, key)?;
        let last = self.rows.len() - 1;
        self.disordered |= index < last;
        if self.places.is_empty() {
            return Some(self.rows.swap_remove(index).value);
        }
        // The last row takes the index of the one that goes.
        let (place, place_of_last) = (self.place_of(index), self.place_of(last));
        self.places[place_of_last] = self.places[place];
        let removed = self.rows.swap_remove(index);
        self.vacate(place);
        Some(removed.value)
    }

    /// Says whether [`Self::sort`] has something to do.
    pub(super) const fn is_disordered(&self) -> bool {
        self.disordered
    }

    /// Puts the rows into the order of their keys.
    pub(super) fn sort(&mut self) {
        self.rows.sort_by(|one, two| one.key.cmp(&two.key));
        self.disordered = false;
        self.settle_all();
    }

    /// Sees to it that there are twice as many places as rows, if those are more than a few; says whether it
    /// had to settle all rows anew.
    fn widen(&mut self, rows: usize) -> bool {
        if rows <= FEW || rows * 2 <= self.places.len() {
            return false;
        }
        self.places = vec![0; (rows * 2).next_power_of_two()];
        self.settle_all();
        true
    }

    fn settle_all(&mut self) {
        if self.places.is_empty() {
            return;
        }
        self.places.fill(0);
        for index in 0..self.rows.len() {
            self.settle(index);
        }
    }

    /// Gives a row its place.
    fn settle(&mut self, index: usize) {
        let mut at = self.home(self.rows[index].hash);
        while self.row_at(at).is_some() {
            at = self.after(at);
        }
        self.places[at] = u32::try_from(index + 1).expect("limits of memory keep maps smaller");
    }

    fn place_of(&self, index: usize) -> usize {
        let mut at = self.home(self.rows[index].hash);
        while self.row_at(at) != Some(index) {
            at = self.after(at);
        }
        at
    }

    /// Frees a place; those behind it that would not be found any more move up.
    fn vacate(&mut self, mut free: usize) {
        let mask = self.places.len() - 1;
        let mut at = self.after(free);
        while let Some(index) = self.row_at(at) {
            let home = self.home(self.rows[index].hash);
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(free) & mask {
                self.places[free] = self.places[at];
                free = at;
            }
            at = self.after(at);
        }
        self.places[free] = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = String> {
        prop_oneof!["[a-c]{0,2}", "[a-c]{0,2}0123456789_0123456789_0123456789"]
    }

    proptest! {
        #[test]
        fn agree_with_an_ordered_map(steps in prop::collection::vec((any::<bool>(), key(), any::<bool>()), 0..200)) {
            let (mut entries, mut model) = (Entries::default(), BTreeMap::new());
            for (number, (sets, key, lists)) in (0_i64..).zip(steps) {
                let (before, expected) = if sets {
                    let before = entries.insert(Str::from(&key), Value::int(number));
                    (before, model.insert(key.into_bytes(), number))
                } else {
                    (entries.remove(key.as_bytes()), model.remove(key.as_bytes()))
                };
                prop_assert_eq!(before.and_then(|value| value.as_int()), expected);
                if lists {
                    entries.sort();
                }
                if !entries.is_disordered() {
                    let listed = entries.iter().map(|(key, value)| (key.to_vec(), value.as_int()));
                    let expected = model.iter().map(|(key, value)| (key.clone(), Some(*value)));
                    prop_assert!(listed.eq(expected));
                }
                for key in model.keys() {
                    let found = entries.get(key).and_then(Value::as_int);
                    prop_assert_eq!(found, model.get(key).copied());
                }
                prop_assert_eq!(entries.len(), model.len());
            }
        }
    }
}
