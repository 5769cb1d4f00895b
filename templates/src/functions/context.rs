//! What a function may use besides its arguments: randomness, the clock and the limits.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::limits::{Exceeded, Meter};
use crate::value::Value;

/// The time of a render: nanoseconds since 1970-01-01 00:00:00 UTC, handed in by the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanoseconds: u32,
}

/// What a function may use besides its arguments.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) seed: &'a [u8; 32],
    /// Made when it is first drawn from: few templates do, and it is large.
    pub(crate) random: &'a mut Option<Box<ChaCha8Rng>>,
    pub(crate) clock: Clock,
    pub(crate) meter: &'a mut Meter,
}

impl Context<'_> {
    /// Returns the generator of this render; the same seed gives the same draws.
    pub fn random(&mut self) -> &mut ChaCha8Rng {
        let seed = self.seed;
        self.random
            .get_or_insert_with(|| Box::new(ChaCha8Rng::from_seed(*seed)))
    }

    /// Returns the time of this render.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Pays for so many bytes that are about to be made; call it before anything big is built.
    pub fn allocate(&mut self, bytes: usize) -> Result<(), FunctionError> {
        self.meter.allocate(bytes).map_err(FunctionError::Limit)
    }

    /// Pays for so many steps of work; call it in loops whose length a template chooses.
    pub fn spend(&mut self, steps: u64) -> Result<(), FunctionError> {
        self.meter.spend(steps).map_err(FunctionError::Limit)
    }

    /// Returns the largest source, in bytes, that a regular expression may have.
    pub const fn regex_size(&self) -> usize {
        self.meter.limits.regex_size
    }

    /// Returns what Go's `fmt.Sprint` gives.
    pub fn sprint(&mut self, values: &[Value]) -> Result<Vec<u8>, FunctionError> {
        crate::format::sprint(self.meter, values).map_err(FunctionError::Limit)
    }

    /// Returns what Go's `fmt.Sprintf` gives.
    pub fn sprintf(&mut self, format: &[u8], values: &[Value]) -> Result<Vec<u8>, FunctionError> {
        crate::format::sprintf(self.meter, format, values).map_err(FunctionError::Limit)
    }
}

/// Why a function gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// An error or a panic of the Go function: its text, which follows `error calling NAME: `.
    #[error("{0}")]
    Failed(String),
    /// A limit of the render was reached.
    #[error("{0}")]
    Limit(Exceeded),
}

impl FunctionError {
    /// Returns the error of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }
}
