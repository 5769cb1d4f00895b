//! Maps that hold themselves: they would never be freed, so a render takes such holds apart at its end.
//!
//! Go has a garbage collector for it. `set $d "self" $d` is the only way to make one: maps that get a
//! map or slice while a render runs are noted, and looked through afterwards.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::vec;

use super::map::WeakMap;
use super::{Map, Slice, Str, Value};

thread_local! {
    /// Whether a render runs: nothing is noted outside of one.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// The maps that got a map or slice since the render began, by address.
    static WRITTEN: RefCell<BTreeMap<usize, WeakMap>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes maps that are written while it lives; takes apart their cycles when it is dropped.
pub(crate) struct CycleGuard;

impl CycleGuard {
    pub(crate) fn new() -> Self {
        RUNNING.set(true);
        Self
    }
}

impl Drop for CycleGuard {
    fn drop(&mut self) {
        RUNNING.set(false);
        if WRITTEN.with_borrow(BTreeMap::is_empty) {
            return;
        }
        let written = WRITTEN.take().into_values();
        break_cycles(written.filter_map(|map| map.upgrade()).collect());
    }
}

/// Notes that a map got a value.
pub(super) fn note(map: &Map, value: &Value) {
    if !matches!(value, Value::Map(_) | Value::Slice(_)) || !RUNNING.get() {
        return;
    }
    WRITTEN.with_borrow_mut(|written| {
        written
            .entry(map.address())
            .or_insert_with(|| map.downgrade());
    });
}

/// A container whose contents are being looked through.
struct Visit {
    container: Value,
    address: usize,
    rest: vec::IntoIter<(Place, Value)>,
}

/// Where a value is in its container.
enum Place {
    Key(Str),
    Index(usize),
}

impl Visit {
    fn new(container: Value, address: usize) -> Self {
        let held = match &container {
            Value::Map(map) => map
                .entries()
                .into_iter()
                .map(|(key, value)| (Place::Key(key), value))
                .collect(),
            Value::Slice(slice) => contents(slice),
            _ => Vec::new(),
        };
        Self {
            container,
            address,
            rest: held.into_iter(),
        }
    }

    fn let_go(&self, place: &Place) {
        match (&self.container, place) {
            (Value::Map(map), Place::Key(key)) => drop(map.remove(key)),
            (Value::Slice(slice), Place::Index(index)) => slice.update(|items| {
                if let Some(item) = items.get_mut(*index) {
                    *item = Value::Nil;
                }
            }),
            _ => {}
        }
    }
}

fn contents(slice: &Slice) -> Vec<(Place, Value)> {
    let values = slice.to_vec().into_iter().enumerate();
    values
        .map(|(index, value)| (Place::Index(index), value))
        .collect()
}

fn address(value: &Value) -> Option<usize> {
    match value {
        Value::Map(map) => Some(map.address()),
        Value::Slice(slice) => Some(slice.address()),
        _ => None,
    }
}

/// Walks depth first; what leads back to a container on the way is let go.
fn break_cycles(maps: Vec<Map>) {
    // By address: whether the container is on the way.
    let mut seen: BTreeMap<usize, bool> = BTreeMap::new();
    for map in maps {
        let mut way = Vec::new();
        enter(&mut way, &mut seen, Value::Map(map));
        while let Some(visit) = way.last_mut() {
            let Some((place, value)) = visit.rest.next() else {
                seen.insert(visit.address, false);
                way.pop();
                continue;
            };
            let on_the_way = address(&value).and_then(|address| seen.get(&address).copied());
            match on_the_way {
                Some(true) => visit.let_go(&place),
                Some(false) => {}
                None => enter(&mut way, &mut seen, value),
            }
        }
    }
}

fn enter(way: &mut Vec<Visit>, seen: &mut BTreeMap<usize, bool>, value: Value) {
    let Some(address) = address(&value) else {
        return;
    };
    if seen.insert(address, true).is_none() {
        way.push(Visit::new(value, address));
    } else {
        seen.insert(address, false);
    }
}
