//! Runs a template: walks its operations with a stack of open blocks, writes into one buffer.
//!
//! * this file: what a run is made of, and its errors
//! * `walk`: operations and blocks
//! * `evaluate`: pipelines, commands and variables
//! * `field`: entries, fields and methods
//! * `call`: arguments and functions
//! * `output`: the buffer and the writer behind it
//! * `variables`: the stack of variables

mod call;
mod evaluate;
mod field;
mod output;
mod variables;
mod walk;

use std::io;

use rand_chacha::ChaCha8Rng;

use crate::error::RenderError;
use crate::format::quote;
use crate::functions::Clock;
use crate::limits::{Exceeded, Limits, Meter};
use crate::template::Template;
use crate::tree::{Operation, Printed, Tree};
use crate::value::{CycleGuard, Value};
use variables::Variables;

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

/// A run of a template.
struct Run<'t> {
    template: &'t Template,
    out: Vec<u8>,
    /// Where the output goes from the buffer, if it does.
    writer: Option<&'t mut dyn io::Write>,
    /// Bytes that went there.
    flushed: usize,
    environment: &'t Environment,
    meter: Meter,
    /// The generator, once it was drawn from.
    random: Option<Box<ChaCha8Rng>>,
    /// The tree that is being walked, and the index of the next operation.
    tree: &'t Tree,
    next: usize,
    dot: Evaluated,
    variables: Variables,
    frames: Vec<walk::Frame<'t>>,
    /// How many template calls are open.
    depth: usize,
    /// Arguments of the calls that are being made.
    arguments: Vec<Value>,
    /// Where the run is, for error texts.
    at: Printed<'t>,
}

/// Renders a template; returns the output that has not gone to the writer.
pub(crate) fn render<'t>(
    template: &'t Template,
    data: &Value,
    environment: &'t Environment,
    writer: Option<&'t mut dyn io::Write>,
) -> Result<Vec<u8>, RenderError> {
    // Dropped after the run, which may be the last to hold a map.
    let _cycles = CycleGuard::new();
    let mut run = Run::new(template, data, environment, writer);
    match run.walk() {
        Ok(()) => Ok(std::mem::take(&mut run.out)),
        Err(Failure(error)) => Err(*error),
    }
}

impl<'t> Run<'t> {
    fn new(
        template: &'t Template,
        data: &Value,
        environment: &'t Environment,
        writer: Option<&'t mut dyn io::Write>,
    ) -> Self {
        let tree = template.main();
        let mut dot = Evaluated::plain(data.clone());
        if data.is_nil() {
            dot.value = Value::Invalid;
        }
        let size = match writer {
            Some(_) => 0,
            None => tree.source.text.len(),
        };
        Self {
            template,
            out: Vec::with_capacity(size),
            writer,
            flushed: 0,
            environment,
            meter: Meter::new(environment.limits),
            random: None,
            tree,
            next: 0,
            variables: Variables::new(dot.clone()),
            dot,
            frames: Vec::new(),
            depth: 0,
            arguments: Vec::new(),
            at: Printed::Nothing,
        }
    }
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
