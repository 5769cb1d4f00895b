//! YAML as gopkg.in/yaml.v2 v2.3.0 reads and writes it: YAML 1.1 typing, positions kept, byte-exact output.
//!
//! KUDO packages were written for Go, so what a document *is* is what go-yaml makes of it: `yes` is
//! a boolean, `0777` is 511, `1e1000` is a string, and `toYaml` prints keys in Go's natural order.
//! Errors are Go's to the letter, so that nobody has to learn a second set of messages.
//!
//! | module | what it is for |
//! |---|---|
//! | `scan` | characters to tokens |
//! | `compose` | tokens to a graph of raw nodes with aliases |
//! | `expand` | raw nodes to a [`Node`] tree: aliases followed within limits, what Go would refuse refused |
//! | `node` | [`Node`], [`Span`]: a document with its positions |
//! | `resolve` | the YAML 1.1 type of a scalar |
//! | `value` | [`Value`], [`Mapping`]: a document without its positions |
//! | `json` | between [`Value`] and JSON, as sigs.k8s.io/yaml converts |
//! | `emit` | [`Value`] to text |
//!
//! ```
//! let document = kudo_yaml::parse("replicas: 3\nimage: mariadb:11\n")?;
//! let replicas = document.get("replicas").expect("it is there");
//! assert_eq!(replicas.resolve(), kudo_yaml::Value::Int(3));
//! assert_eq!((replicas.span().line, replicas.span().column), (1, 11));
//! assert_eq!(kudo_yaml::emit(&document.resolve()), "image: mariadb:11\nreplicas: 3\n");
//! # Ok::<(), kudo_yaml::Error>(())
//! ```

mod compose;
mod emit;
mod error;
mod expand;
mod float;
mod go_syntax;
mod json;
mod node;
mod resolve;
mod scan;
mod shortest;
mod timestamp;
mod value;

pub use emit::emit;
pub use error::Error;
pub use float::{format_float, format_float32};
pub use json::{from_json, to_json};
pub use node::{Node, NodeKind, ScalarStyle, Span};
pub use shortest::shortest_digits;
pub use value::{Mapping, Value};

/// How deep collections may nest, aliases followed. Go allows 10,000; no manifest needs 256.
pub const MAX_DEPTH: usize = 256;

/// The largest document that is read, in bytes.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// How many bytes of text aliases may repeat. go-yaml shares such text, a tree of owned strings cannot.
pub const MAX_ALIAS_BYTES: usize = 32 * 1024 * 1024;

/// Reads the first document of `text`; an empty stream gives a null node.
///
/// Later documents are not looked at, as `yaml.Unmarshal` does not.
pub fn parse(text: &str) -> Result<Node, Error> {
    let first = compose::Composer::new(text)?.next_document()?;
    first.map_or_else(|| Ok(Node::null()), expand::expand)
}

/// Reads every document of `text`, as repeated calls of go-yaml's `Decoder.Decode` do.
pub fn parse_all(text: &str) -> Result<Vec<Node>, Error> {
    let mut composer = compose::Composer::new(text)?;
    let mut documents = Vec::new();
    while let Some(graph) = composer.next_document()? {
        documents.push(expand::expand(graph)?);
    }
    Ok(documents)
}

/// Reads the first document of `text` as a value, as `yaml.Unmarshal` into an `interface{}` does.
pub fn load(text: &str) -> Result<Value, Error> {
    parse(text).map(|node| node.resolve())
}
