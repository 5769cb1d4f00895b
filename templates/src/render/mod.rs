//! Runs a template: walks its operations with a stack of open blocks, writes into one buffer.
//!
//! * this file: what a run is made of, and its errors
//! * `walk`: operations and blocks
//! * `evaluate`: pipelines, commands and variables
//! * `field`: entries, fields and methods
//! * `call`: arguments and functions

mod call;
mod evaluate;
mod field;
mod walk;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::RenderError;
use crate::format::quote;
use crate::functions::Clock;
use crate::limits::{Exceeded, Limits, Meter};
use crate::template::Template;
use crate::tree::{Operation, Printed, Tree};
use crate::value::{CycleGuard, Value};

/// What a render gets besides its data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment {
    /// Seeds the generator of `randAlpha`, `genCA` and the like: the same seed, the same bytes.
    pub seed: [u8; 32],
    /// The time that `now` gives.
    pub clock: Clock,
    /// What the render may use.
    pub limits: Limits,
}

/// A failure on its way out; boxed, as it is rare.
struct Failure(Box<RenderError>);

impl Failure {
    fn new(text: String, (line, column): (usize, usize)) -> Self {
        Self(Box::new(RenderError {
            text,
            line,
            column,
            limit: None,
        }))
    }
}

/// A value, and whether it is in a variable of type `interface {}`, which error texts show.
#[derive(Clone, Debug, Default)]
struct Evaluated {
    value: Value,
    boxed: bool,
}

impl Evaluated {
    const fn plain(value: Value) -> Self {
        Self {
            value,
            boxed: false,
        }
    }
}

/// A variable on the stack.
struct Cell {
    name: u32,
    held: Evaluated,
}

/// A run of a template.
struct Run<'t> {
    template: &'t Template,
    out: Vec<u8>,
    meter: Meter,
    random: ChaCha8Rng,
    clock: Clock,
    /// The tree that is being walked, and the index of the next operation.
    tree: &'t Tree,
    next: usize,
    dot: Evaluated,
    /// Variables of all trees; those of this one begin at `base`.
    variables: Vec<Cell>,
    base: usize,
    frames: Vec<walk::Frame<'t>>,
    /// How many template calls are open.
    depth: usize,
    /// Arguments of the calls that are being made.
    arguments: Vec<Value>,
    /// Where the run is, for error texts.
    at: Printed<'t>,
}

/// Renders a template.
pub(crate) fn render(
    template: &Template,
    data: &Value,
    environment: &Environment,
) -> Result<Vec<u8>, RenderError> {
    let Environment {
        seed,
        clock,
        limits,
    } = *environment;
    let tree = template.main();
    let dot = Evaluated::plain(if data.is_nil() {
        Value::Invalid
    } else {
        data.clone()
    });
    let mut run = Run {
        template,
        out: Vec::with_capacity(tree.source.text.len()),
        meter: Meter::new(limits),
        random: ChaCha8Rng::from_seed(seed),
        clock,
        tree,
        next: 0,
        variables: vec![Cell {
            name: 0,
            held: dot.clone(),
        }],
        dot,
        base: 0,
        frames: Vec::new(),
        depth: 0,
        arguments: Vec::new(),
        at: Printed::Nothing,
    };
    let cycles = CycleGuard::new();
    let walked = run.walk();
    drop(cycles);
    walked.map_err(|Failure(error)| *error)?;
    Ok(run.out)
}

impl Run<'_> {
    /// Returns an error at the current place.
    fn failure(&self, message: &str) -> Failure {
        let source = &self.tree.source;
        let Some(position) = self.at.position() else {
            let text = format!("template: {}: {message}", self.tree.name);
            return Failure::new(text, (0, 0));
        };
        let (line, column) = source.line_and_column(position);
        let (file, name) = (&source.name, quote::quote(&self.tree.name));
        let context = self.at.text(self.tree);
        let text =
            format!("template: {file}:{line}:{column}: executing {name} at <{context}>: {message}");
        Failure::new(text, (line, column))
    }

    /// Returns the error of a limit at the current place.
    fn exceeded(&self, limit: Exceeded) -> Failure {
        let mut failure = self.failure(&limit.to_string());
        failure.0.limit = Some(limit);
        failure
    }

    fn spend(&mut self, steps: u64) -> Result<(), Failure> {
        match self.meter.spend(steps) {
            Ok(()) => Ok(()),
            Err(limit) => Err(self.exceeded(limit)),
        }
    }
}

impl<'t> Run<'t> {
    fn at_operation(&mut self, operation: &'t Operation) {
        self.at = Printed::Operation(operation);
    }
}
