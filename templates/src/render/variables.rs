//! The variables of a run: those of a template that is called lie above those of its caller.

use super::Evaluated;
use crate::tree::{Slot, Variable};

/// The variables of all templates that are running.
#[derive(Debug)]
pub(super) struct Variables {
    /// `$`, which each template has; most have no other, and no need of a stack.
    root: Evaluated,
    stack: Vec<Cell>,
    /// Where those of the template that runs begin on the stack.
    base: usize,
}

/// A variable on the stack.
#[derive(Debug)]
struct Cell {
    name: u32,
    held: Evaluated,
}

/// Where a variable is.
enum Place {
    Root,
    At(usize),
}

impl Variables {
    pub(super) const fn new(root: Evaluated) -> Self {
        Self {
            root,
            stack: Vec::new(),
            base: 0,
        }
    }

    /// Returns the height of the stack.
    pub(super) const fn height(&self) -> usize {
        self.stack.len()
    }

    /// Forgets what was declared since the stack had that height.
    pub(super) fn lower(&mut self, height: usize) {
        self.stack.truncate(height);
    }

    /// Declares a variable.
    pub(super) fn declare(&mut self, name: u32, held: Evaluated) {
        self.stack.push(Cell { name, held });
    }

    /// Returns what a variable holds, if there is one of that name.
    pub(super) fn get(&self, name: u32, slot: Slot) -> Option<&Evaluated> {
        match self.place(name, slot)? {
            Place::Root => Some(&self.root),
            Place::At(place) => self.stack.get(place).map(|cell| &cell.held),
        }
    }

    /// Sets a variable; says whether there is one of that name.
    pub(super) fn assign(&mut self, Variable { name, slot }: Variable, held: Evaluated) -> bool {
        match self.place(name, slot) {
            None => return false,
            Some(Place::Root) => self.root = held,
            Some(Place::At(place)) => self.set(place, held),
        }
        true
    }

    /// Sets the variable at a place of the stack.
    pub(super) fn set(&mut self, place: usize, held: Evaluated) {
        if let Some(cell) = self.stack.get_mut(place) {
            cell.held = held;
        }
    }

    /// Makes room for the variables of a template that is called; returns what [`Self::leave`] needs.
    pub(super) fn enter(&mut self, root: Evaluated) -> usize {
        let before = std::mem::replace(&mut self.root, root);
        self.declare(0, before);
        std::mem::replace(&mut self.base, self.stack.len())
    }

    /// Goes back to the variables of the caller.
    pub(super) fn leave(&mut self, base: usize) {
        self.lower(self.base);
        if let Some(cell) = self.stack.pop() {
            self.root = cell.held;
        }
        self.base = base;
    }

    fn place(&self, name: u32, slot: Slot) -> Option<Place> {
        match slot {
            Slot::At(0) => Some(Place::Root),
            Slot::At(slot) => Some(Place::At(self.base + slot as usize - 1)),
            Slot::Search if name == 0 => Some(Place::Root),
            Slot::Search => {
                let mut own = self.stack.get(self.base..)?.iter();
                let place = own.rposition(|cell| cell.name == name)?;
                Some(Place::At(self.base + place))
            }
        }
    }
}
