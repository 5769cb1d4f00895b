//! Go slices: a window on cells that several slices may share.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::rc::Rc;

use super::{Type, Value};

/// A Go slice with its element type; clones share the cells.
#[derive(Clone)]
pub struct Slice {
    element: &'static Type,
    /// `None` is a nil slice.
    cells: Option<Rc<Cells>>,
    start: u32,
    length: u32,
    /// How far it may be grown by slicing, where that is less than to the last cell.
    limit: Option<u32>,
}

/// The array under a slice.
struct Cells(RefCell<Vec<Value>>);

impl Drop for Cells {
    fn drop(&mut self) {
        super::drop_values(mem::take(self.0.get_mut()).into_iter());
    }
}

impl Slice {
    /// Returns a slice of these values, which must be of the element type.
    pub fn new(element: &'static Type, items: Vec<Value>) -> Self {
        let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let cells = Some(Rc::new(Cells(RefCell::new(items))));
        Self {
            element,
            cells,
            start: 0,
            length,
            limit: None,
        }
    }

    /// Returns a nil slice: empty, but `null` in JSON and `[]T(nil)` in `%#v`.
    pub const fn nil(element: &'static Type) -> Self {
        Self {
            element,
            cells: None,
            start: 0,
            length: 0,
            limit: None,
        }
    }

    /// Says whether this is a nil slice.
    pub const fn is_nil(&self) -> bool {
        self.cells.is_none()
    }

    /// Returns the element type.
    pub const fn element(&self) -> Type {
        *self.element
    }

    /// Returns the slice's own type.
    pub const fn go_type(&self) -> Type {
        Type::Slice(self.element)
    }

    /// Returns the number of elements.
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Says whether there are no elements.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns how far the slice could be grown by slicing it.
    pub fn capacity(&self) -> usize {
        match (self.limit, &self.cells) {
            (Some(limit), _) => limit as usize,
            (None, Some(cells)) => cells.0.borrow().len() - self.start as usize,
            (None, None) => 0,
        }
    }

    /// Returns an element.
    pub fn get(&self, index: usize) -> Option<Value> {
        if index >= self.len() {
            return None;
        }
        self.cells
            .as_ref()?
            .0
            .borrow()
            .get(self.start as usize + index)
            .cloned()
    }

    /// Returns all elements.
    pub fn to_vec(&self) -> Vec<Value> {
        self.with(<[Value]>::to_vec)
    }

    /// Calls a function with the elements; it must not change this slice.
    pub fn with<R>(&self, look: impl FnOnce(&[Value]) -> R) -> R {
        match &self.cells {
            None => look(&[]),
            Some(cells) => look(&cells.0.borrow()[self.range()]),
        }
    }

    /// Changes the elements in place, which every slice of the same cells sees.
    pub fn update(&self, change: impl FnOnce(&mut [Value])) {
        if let Some(cells) = &self.cells {
            change(&mut cells.0.borrow_mut()[self.range()]);
        }
    }

    const fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }

    /// Returns elements `from..to` over the same cells, as Go's `s[from:to]`; `to` may reach the capacity.
    pub fn window(&self, from: usize, to: usize) -> Option<Self> {
        if from > to || to > self.capacity() {
            return None;
        }
        let from = u32::try_from(from).ok()?;
        let mut window = self.clone();
        window.start += from;
        window.length = u32::try_from(to).ok()? - from;
        window.limit = self.limit.map(|limit| limit - from);
        Some(window)
    }

    /// Returns elements `from..to` with a capacity that ends at `limit`, as Go's `s[from:to:limit]`.
    pub fn window_with_limit(&self, from: usize, to: usize, limit: usize) -> Option<Self> {
        if to > limit || limit > self.capacity() {
            return None;
        }
        let mut window = self.window(from, to)?;
        window.limit = u32::try_from(limit - from).ok();
        Some(window)
    }

    /// Says whether both are the same window on the same cells.
    pub fn is(&self, other: &Self) -> bool {
        self.shares_with(other) && self.start == other.start && self.length == other.length
    }

    /// Says whether both are windows on the same cells.
    pub fn shares_with(&self, other: &Self) -> bool {
        match (&self.cells, &other.cells) {
            (Some(one), Some(two)) => Rc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// Returns a number that tells this slice's cells from all others alive.
    pub fn address(&self) -> usize {
        self.cells
            .as_ref()
            .map_or(0, |cells| Rc::as_ptr(cells).addr())
    }

    /// Takes the elements if nothing else uses them.
    pub(super) fn into_values(self) -> impl Iterator<Item = Value> {
        let cells = self.cells.and_then(Rc::into_inner);
        let values = cells.map(|mut cells| mem::take(cells.0.get_mut()));
        values.unwrap_or_default().into_iter()
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(len {})", self.go_type(), self.length)
    }
}
