//! The functions that a template can call: one table, checked as Go's reflection would.
//!
//! Each function is a row of a static array: its name, Go's parameter and result types, and what it
//! does. The executor checks and converts the arguments by these types before it calls, so that
//! `run` gets what it declared: a `String` parameter is always a [`Value::Str`],
//! an `INT` one a `Value::Int`; an `Interface` one is anything, [`Value::Nil`]
//! included; a slice, map or pointer one is of that type or (for nil) its nil slice or map, or
//! `Value::Nil` where there is none.
//!
//! * `builtin`: what text/template itself has
//! * [`core`]: Sprig's strings, lists, dicts, math, defaults, reflection, encoding, JSON, `toYaml`
//! * [`rest`]: dates, semver, regexes, URLs, networks, crypto, randomness, methods; Sprig 3's additions

mod arguments;
pub(crate) mod builtin;
mod context;
pub(crate) mod core;
pub(crate) mod rest;
mod table;

pub use arguments::Arguments;
pub use context::{Clock, Context, FunctionError};
pub use table::Functions;

use crate::value::{Type, Value};

/// What a function does.
pub type Run = fn(&mut Context<'_>, Arguments<'_>) -> Result<Value, FunctionError>;

/// A function with Go's signature.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// The types of the parameters. For a variadic function the last is the *element* type.
    pub parameters: &'static [Type],
    /// Whether the last parameter takes any number of arguments; they follow one another in `run`.
    pub variadic: bool,
    /// The type of the result.
    pub result: Type,
    /// What the function does. A method finds its receiver in [`Arguments::receiver`].
    pub run: Run,
    /// What the manual says of it.
    pub doc: Doc,
}

/// What the manual says of a function; a test renders every example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doc {
    /// One sentence.
    pub summary: &'static str,
    /// A template that uses the function.
    pub example: &'static str,
    /// What the template renders to; empty where that is different each time.
    pub output: &'static str,
}

impl Doc {
    /// For methods, which Go's manual describes.
    pub const NONE: Self = Self {
        summary: "",
        example: "",
        output: "",
    };
}

impl Function {
    /// Returns a function of a fixed number of arguments.
    pub const fn new(
        name: &'static str,
        parameters: &'static [Type],
        result: Type,
        run: Run,
    ) -> Self {
        Self {
            name,
            parameters,
            variadic: false,
            result,
            run,
            doc: Doc::NONE,
        }
    }

    /// Returns a function whose last parameter takes any number of arguments.
    pub const fn variadic(
        name: &'static str,
        parameters: &'static [Type],
        result: Type,
        run: Run,
    ) -> Self {
        Self {
            name,
            parameters,
            variadic: true,
            result,
            run,
            doc: Doc::NONE,
        }
    }

    /// Returns the function with what the manual says of it: a sentence, an example and its output.
    #[must_use]
    pub const fn documented(
        mut self,
        summary: &'static str,
        example: &'static str,
        output: &'static str,
    ) -> Self {
        self.doc = Doc {
            summary,
            example,
            output,
        };
        self
    }
}
