//! Go maps from strings: shared by reference, kept in the order in which Go prints and ranges.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::rc::{Rc, Weak};

use super::entries::{Entries, Name};
use super::{Str, Type, Value};

/// A Go map with its element type; clones are the same map.
#[derive(Clone)]
pub struct Map {
    element: &'static Type,
    /// `None` is a nil map: it can be read but not written.
    entries: Option<Rc<Held>>,
}

/// A map that may be gone.
pub(super) struct WeakMap {
    element: &'static Type,
    entries: Weak<Held>,
}

impl WeakMap {
    pub(super) fn upgrade(&self) -> Option<Map> {
        let entries = Some(self.entries.upgrade()?);
        Some(Map {
            element: self.element,
            entries,
        })
    }
}

struct Held(RefCell<Entries>);

impl Drop for Held {
    fn drop(&mut self) {
        super::drop_values(mem::take(self.0.get_mut()).into_values());
    }
}

impl Map {
    /// Returns a map of these entries, whose values must be of the element type.
    pub fn new(element: &'static Type, entries: impl IntoIterator<Item = (Str, Value)>) -> Self {
        let from = entries.into_iter();
        let mut entries = Entries::default();
        entries.reserve(from.size_hint().0);
        for (key, value) in from {
            entries.insert(key, value);
        }
        Self {
            element,
            entries: Some(Rc::new(Held(RefCell::new(entries)))),
        }
    }

    /// Returns a nil map.
    pub const fn nil(element: &'static Type) -> Self {
        Self {
            element,
            entries: None,
        }
    }

    /// Says whether this is a nil map.
    pub const fn is_nil(&self) -> bool {
        self.entries.is_none()
    }

    /// Returns the element type.
    pub const fn element(&self) -> Type {
        *self.element
    }

    /// Returns the map's own type.
    pub const fn go_type(&self) -> Type {
        Type::Map(self.element)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        let entries = self.entries.as_ref();
        entries.map_or(0, |entries| entries.0.borrow().len())
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.as_ref()?.0.borrow().get(key).cloned()
    }

    /// Returns the value of a name.
    pub(crate) fn named(&self, name: &Name) -> Option<Value> {
        self.entries.as_ref()?.0.borrow().named(name).cloned()
    }

    /// Says whether the key is there.
    pub fn contains(&self, key: &[u8]) -> bool {
        let entries = self.entries.as_ref();
        entries.is_some_and(|entries| entries.0.borrow().get(key).is_some())
    }

    /// Sets a key in place, for everyone who holds this map; says whether it could (a nil map cannot).
    pub fn insert(&self, key: Str, value: Value) -> bool {
        let Some(entries) = &self.entries else {
            return false;
        };
        super::cycles::note(self, &value);
        let before = entries.0.borrow_mut().insert(key, value);
        // Dropped only now that the map can be borrowed again.
        drop(before);
        true
    }

    /// Removes a key in place, for everyone who holds this map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.entries.as_ref()?.0.borrow_mut().remove(key)
    }

    /// Returns the keys in order.
    pub fn keys(&self) -> Vec<Str> {
        self.with(|entries| entries.iter().map(|(key, _)| key.clone()).collect())
    }

    /// Returns the entries in order of their keys.
    pub fn entries(&self) -> Vec<(Str, Value)> {
        self.with(|entries| {
            entries
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        })
    }

    /// Calls a function with the entries; it must not change this map.
    pub fn with<R>(&self, look: impl FnOnce(&Entries) -> R) -> R {
        let Some(entries) = &self.entries else {
            return look(&Entries::default());
        };
        // Who looks at the entries already has them in order, so that this borrow is the only one.
        if entries.0.borrow().is_disordered() {
            entries.0.borrow_mut().sort();
        }
        look(&entries.0.borrow())
    }

    /// Says whether both are the same map.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.entries, &other.entries) {
            (Some(one), Some(two)) => Rc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        }
    }

    /// Returns a number that tells this map from all others alive.
    pub fn address(&self) -> usize {
        self.entries
            .as_ref()
            .map_or(0, |entries| Rc::as_ptr(entries).addr())
    }

    /// Returns a reference that does not keep the map alive.
    pub(super) fn downgrade(&self) -> WeakMap {
        let entries = self.entries.as_ref().map(Rc::downgrade).unwrap_or_default();
        WeakMap {
            element: self.element,
            entries,
        }
    }

    /// Takes the values if nothing else uses them.
    pub(super) fn into_values(self) -> impl Iterator<Item = Value> {
        let entries = self.entries.and_then(Rc::into_inner);
        let entries = entries.map(|mut entries| mem::take(entries.0.get_mut()));
        entries.unwrap_or_default().into_values()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(len {})", self.go_type(), self.len())
    }
}
