//! Go's text/template with the functions that KUDO gives to packages: pure and synchronous.
//!
//! * [`Parser`], [`Template`]: parsing, rendering and what a template refers to
//! * [`Environment`], [`Limits`]: randomness, time, and what a render may use
//! * [`value`]: Go's values and types
//! * [`functions`]: the function table
//! * [`ParseError`], [`RenderError`]: Go's error texts, with their place
//!
//! ```
//! use kudo_templates::{Environment, Template, Value};
//!
//! let template = Template::parse("service.yaml", "name: {{ .Name }}-svc")?;
//! let data = Value::dict([("Name", Value::from("kafka"))]);
//! assert_eq!(template.render(&data, &Environment::default())?, b"name: kafka-svc");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod functions;
pub mod value;

mod error;
mod format;
mod go;
mod limits;
mod parse;
mod references;
mod render;
mod template;
mod tree;

pub use error::{ParseError, RenderError};
pub use functions::{Clock, Functions};
pub use limits::{Exceeded, Limits};
pub use references::Reference;
pub use render::Environment;
pub use template::{MissingKey, Parser, Template};
pub use value::{Numbers, Value};
