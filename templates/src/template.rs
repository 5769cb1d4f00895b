//! Parsing and keeping templates: the crate's public face.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::error::{ParseError, RenderError};
use crate::functions::Functions;
use crate::parse::{self, Syntax, Trees};
use crate::references::{self, Reference};
use crate::render::{self, Environment};
use crate::tree::{Tree, print_tree};
use crate::value::{Str, Value};

/// What a key that a map does not have gives (`Template.Option("missingkey=...")`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, which prints as `<no value>`: Go's `default` or `invalid`.
    Invalid,
    /// The zero value of the map's elements.
    Zero,
    /// An error: what KUDO uses (kudo-spec 4.1).
    #[default]
    Error,
}

/// Parses templates that can call one another.
///
/// ```
/// use kudo_templates::{Environment, Functions, Parser, Value};
///
/// let functions = Functions::kudo();
/// let mut parser = Parser::new(&functions);
/// parser.add("greeting", "Hello, {{ . }}!")?;
/// let template = parser.parse("main", r#"{{ template "greeting" .name }}"#)?;
/// let data = Value::dict([("name", Value::from("KUDO"))]);
/// let text = template.render(&data, &Environment::default())?;
/// assert_eq!(text, b"Hello, KUDO!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Parser<'f> {
    functions: &'f Functions,
    left: String,
    right: String,
    missing_key: MissingKey,
    trees: Trees,
}

impl<'f> Parser<'f> {
    /// Returns a parser of templates that may call these functions.
    pub fn new(functions: &'f Functions) -> Self {
        Self {
            functions,
            left: String::new(),
            right: String::new(),
            missing_key: MissingKey::default(),
            trees: BTreeMap::new(),
        }
    }

    /// Sets what stands around actions; an empty text means `{{` or `}}`.
    #[must_use]
    pub fn delimiters(mut self, left: &str, right: &str) -> Self {
        left.clone_into(&mut self.left);
        right.clone_into(&mut self.right);
        self
    }

    /// Sets what a key gives that a map does not have.
    #[must_use]
    pub const fn missing_key(mut self, missing_key: MissingKey) -> Self {
        self.missing_key = missing_key;
        self
    }

    /// Adds a template that others can call by its name.
    pub fn add(&mut self, name: &str, text: impl AsRef<[u8]>) -> Result<(), ParseError> {
        self.associate(name, text.as_ref()).map(drop)
    }

    /// Parses a template; it can call those that were added.
    pub fn parse(mut self, name: &str, text: impl AsRef<[u8]>) -> Result<Template, ParseError> {
        let main = self.associate(name, text.as_ref())?;
        Ok(Template {
            main,
            trees: self.trees,
            missing_key: self.missing_key,
        })
    }

    /// Parses a text, keeps all of its trees, and returns the one of that name.
    fn associate(&mut self, name: &str, text: &[u8]) -> Result<Arc<Tree>, ParseError> {
        let Self {
            functions,
            left,
            right,
            ..
        } = self;
        let parsed = parse::parse(
            name,
            text,
            Syntax {
                left,
                right,
                functions,
            },
        )?;
        let main = parsed.get(name.as_bytes()).cloned();
        for (name, tree) in parsed {
            // An empty text does not replace a template.
            if !tree.is_empty() || !self.trees.contains_key(&name) {
                self.trees.insert(name, tree);
            }
        }
        Ok(main.expect("the main tree is always among those that are parsed"))
    }
}

/// A parsed template; it can be rendered any number of times, in any thread.
#[derive(Clone, Debug)]
pub struct Template {
    main: Arc<Tree>,
    trees: Trees,
    missing_key: MissingKey,
}

impl Template {
    /// Parses a template with KUDO's functions and KUDO's `missingkey=error`.
    pub fn parse(name: &str, text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Parser::new(&Functions::kudo()).parse(name, text)
    }

    /// Renders the template; the output is bytes, as Go's is.
    pub fn render(&self, data: &Value, environment: &Environment) -> Result<Vec<u8>, RenderError> {
        render::render(self, data, environment, None)
    }

    /// Renders the template to a writer, which gets what there is even if the render fails then.
    ///
    /// It is written to for each text and each action, as in Go: where that costs, hand in a
    /// [`BufWriter`](io::BufWriter).
    pub fn render_to(
        &self,
        writer: &mut dyn io::Write,
        data: &Value,
        environment: &Environment,
    ) -> Result<(), RenderError> {
        render::render(self, data, environment, Some(writer)).map(drop)
    }

    /// Returns what KUDO's verifier sees that the template uses (kudo-spec 1.11, 7h).
    pub fn references(&self) -> Vec<Reference> {
        references::collect(&self.main)
    }

    /// Returns the template as Go's parse tree prints it.
    pub fn tree_text(&self) -> String {
        print_tree(&self.main)
    }

    pub(crate) fn main(&self) -> &Tree {
        &self.main
    }

    pub(crate) fn find(&self, name: &Str) -> Option<&Tree> {
        self.trees.get(name).map(|tree| &**tree)
    }

    pub(crate) const fn missing_key(&self) -> MissingKey {
        self.missing_key
    }
}
