//! What a render may use: steps, depth, output, memory.

/// The limits of one render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: a node walked, an element ranged over, a unit of work in a function.
    pub fuel: u64,
    /// How deep templates may call one another; Go's own limit is the default.
    pub depth: usize,
    /// Bytes of output.
    pub output: usize,
    /// Bytes that functions may make in all, output not counted.
    pub memory: usize,
    /// Bytes of source that one regular expression may have.
    pub regex_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 20_000_000,
            depth: 100_000,
            output: 64 << 20,
            memory: 512 << 20,
            regex_size: 16 << 10,
        }
    }
}

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Too many steps.
    #[error("template takes more than {0} steps")]
    Fuel(u64),
    /// Too much output.
    #[error("template gives more than {0} bytes of output")]
    Output(usize),
    /// Too much memory.
    #[error("template functions make more than {0} bytes")]
    Memory(usize),
    /// A regular expression of too many bytes of source.
    #[error("pattern is longer than {0} bytes")]
    PatternLength(usize),
    /// A regular expression with too many groups in one another.
    #[error("pattern nests more than {0} groups")]
    PatternDepth(usize),
    /// A regular expression that takes too much memory.
    #[error("pattern compiles to more than {0} bytes")]
    PatternSize(usize),
}

/// What is used of the limits so far.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    pub(crate) fuel: u64,
    pub(crate) memory: usize,
}

impl Meter {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            fuel: limits.fuel,
            memory: limits.memory,
        }
    }

    pub(crate) const fn spend(&mut self, steps: u64) -> Result<(), Exceeded> {
        match self.fuel.checked_sub(steps) {
            Some(rest) => {
                self.fuel = rest;
                Ok(())
            }
            None => Err(Exceeded::Fuel(self.limits.fuel)),
        }
    }

    pub(crate) const fn allocate(&mut self, bytes: usize) -> Result<(), Exceeded> {
        match self.memory.checked_sub(bytes) {
            Some(rest) => {
                self.memory = rest;
                Ok(())
            }
            None => Err(Exceeded::Memory(self.limits.memory)),
        }
    }
}
