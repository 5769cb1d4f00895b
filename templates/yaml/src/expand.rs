//! Raw nodes to a tree: aliases are followed, and what go-yaml's decoder refuses is refused.

use std::collections::BTreeSet;

use crate::compose::{Graph, NodeId, RawKind};
use crate::go_syntax::go_syntax;
use crate::node::is_merge;
use crate::resolve::resolve;
use crate::{Error, MAX_ALIAS_BYTES, MAX_DEPTH, Node, NodeKind, ScalarStyle, Span};

/// Returns the document as a tree of its own.
pub(crate) fn expand(graph: Graph) -> Result<Node, Error> {
    let root = graph.root;
    Expander {
        graph,
        steps: Steps::default(),
        within: BTreeSet::new(),
    }
    .node(root, 0, false)
}

/// Follows go-yaml's decoder step by step, because it counts its steps.
struct Expander {
    graph: Graph,
    steps: Steps,
    /// The aliases that are being followed.
    within: BTreeSet<NodeId>,
}

impl Expander {
    /// `shared` tells that an alias may ask for this node again.
    fn node(&mut self, id: NodeId, depth: usize, shared: bool) -> Result<Node, Error> {
        let span = self.graph.nodes[id].span;
        self.steps.count(span)?;
        if depth > MAX_DEPTH {
            return Err(Error::unlocated(
                format!("exceeded max depth of {MAX_DEPTH}"),
                span,
            ));
        }
        if let RawKind::Alias { target, .. } = self.graph.nodes[id].kind {
            return self.alias(id, target, depth);
        }
        let shared = shared || self.graph.nodes[id].anchored;
        let kind = match self.raw(id, shared) {
            RawKind::Scalar { text, style, tag } => self.scalar(text, style, tag, span)?,
            RawKind::Sequence(items) => {
                let items = items
                    .into_iter()
                    .map(|item| self.node(item, depth + 1, shared));
                NodeKind::Sequence(items.collect::<Result<_, _>>()?)
            }
            RawKind::Mapping(entries) => self.mapping(entries, depth, shared)?,
            RawKind::Alias { target, .. } => return self.alias(id, target, depth),
        };
        Ok(Node { span, kind })
    }

    /// Takes a node's content away, or copies it when it may be asked for again.
    fn raw(&mut self, id: NodeId, shared: bool) -> RawKind {
        let kind = &mut self.graph.nodes[id].kind;
        if !shared {
            return std::mem::replace(kind, RawKind::Sequence(Vec::new()));
        }
        match kind {
            RawKind::Scalar { text, style, tag } => RawKind::Scalar {
                text: text.clone(),
                style: *style,
                tag: tag.clone(),
            },
            RawKind::Sequence(items) => RawKind::Sequence(items.clone()),
            RawKind::Mapping(entries) => RawKind::Mapping(entries.clone()),
            RawKind::Alias { name, target } => RawKind::Alias {
                name: name.clone(),
                target: *target,
            },
        }
    }

    fn alias(&mut self, id: NodeId, target: NodeId, depth: usize) -> Result<Node, Error> {
        let span = self.graph.nodes[id].span;
        if !self.within.insert(id) {
            return Err(self.contains_itself(id, span));
        }
        self.steps.alias_depth += 1;
        let node = self.node(target, depth, true)?;
        self.steps.alias_depth -= 1;
        self.within.remove(&id);
        // A problem is better shown where the document uses the value than where it defines it.
        Ok(Node {
            span,
            kind: node.kind,
        })
    }

    fn contains_itself(&self, id: NodeId, span: Span) -> Error {
        let name = match &self.graph.nodes[id].kind {
            RawKind::Alias { name, .. } => name.as_str(),
            RawKind::Scalar { .. } | RawKind::Sequence(_) | RawKind::Mapping(_) => "",
        };
        Error::unlocated(format!("anchor '{name}' value contains itself"), span)
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<String>,
        span: Span,
    ) -> Result<NodeKind, Error> {
        self.steps
            .count_text(text.len() + tag.as_ref().map_or(0, String::len), span)?;
        if tag.is_some() {
            resolve(&text, style, tag.as_deref())
                .map_err(|message| Error::unlocated(message, span))?;
        }
        Ok(NodeKind::Scalar { text, style, tag })
    }

    fn mapping(
        &mut self,
        entries: Vec<(NodeId, NodeId)>,
        depth: usize,
        shared: bool,
    ) -> Result<NodeKind, Error> {
        let mut expanded = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some(key) = self.merge_key(key) {
                let value = self.merge(value, depth + 1, shared)?;
                expanded.push((key, value));
                continue;
            }
            let key = self.node(key, depth + 1, shared)?;
            if !matches!(key.kind, NodeKind::Scalar { .. }) {
                let message = format!("invalid map key: {}", go_syntax(&key.resolve()));
                return Err(Error::unlocated(message, key.span));
            }
            expanded.push((key, self.node(value, depth + 1, shared)?));
        }
        Ok(NodeKind::Mapping(expanded))
    }

    fn merge_key(&self, id: NodeId) -> Option<Node> {
        let raw = &self.graph.nodes[id];
        let RawKind::Scalar { text, style, tag } = &raw.kind else {
            return None;
        };
        is_merge(text, *style, tag.as_deref()).then(|| Node {
            span: raw.span,
            kind: NodeKind::Scalar {
                text: text.clone(),
                style: *style,
                tag: tag.clone(),
            },
        })
    }

    /// Only a map, an alias of one, or a list of these can be merged.
    fn merge(&mut self, id: NodeId, depth: usize, shared: bool) -> Result<Node, Error> {
        let raw = &self.graph.nodes[id];
        let span = raw.span;
        if self.is_map(id) {
            return self.node(id, depth, shared);
        }
        let RawKind::Sequence(maps) = &raw.kind else {
            return Err(want_map(span));
        };
        let maps = maps.clone();
        let mut merged = Vec::with_capacity(maps.len());
        for map in maps.into_iter().rev() {
            if !self.is_map(map) {
                return Err(want_map(self.graph.nodes[map].span));
            }
            merged.push(self.node(map, depth + 1, shared)?);
        }
        merged.reverse();
        Ok(Node {
            span,
            kind: NodeKind::Sequence(merged),
        })
    }

    fn is_map(&self, id: NodeId) -> bool {
        match self.graph.nodes[id].kind {
            RawKind::Mapping(_) => true,
            RawKind::Alias { target, .. } => {
                matches!(self.graph.nodes[target].kind, RawKind::Mapping(_))
            }
            RawKind::Scalar { .. } | RawKind::Sequence(_) => false,
        }
    }
}

fn want_map(span: Span) -> Error {
    Error::unlocated(
        "map merge requires map or sequence of maps as the value",
        span,
    )
}

/// Keeps a small document from growing without bound by its aliases.
#[derive(Default)]
struct Steps {
    all: usize,
    by_alias: usize,
    alias_depth: usize,
    alias_bytes: usize,
}

impl Steps {
    /// go-yaml's rule: up to 400,000 steps 99 % of them may come from aliases, from 4,000,000 on 10 %.
    fn count(&mut self, span: Span) -> Result<(), Error> {
        self.all += 1;
        if self.alias_depth > 0 {
            self.by_alias += 1;
        }
        if self.by_alias > 100 && self.all > 1000 && self.alias_ratio() > self.allowed_ratio() {
            return Err(excessive(span));
        }
        Ok(())
    }

    /// A rule of our own: text is copied for each alias, so its amount has a limit.
    fn count_text(&mut self, bytes: usize, span: Span) -> Result<(), Error> {
        if self.alias_depth > 0 {
            self.alias_bytes += bytes;
        }
        if self.alias_bytes > MAX_ALIAS_BYTES {
            return Err(excessive(span));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "Go computes in float64 too")]
    fn alias_ratio(&self) -> f64 {
        self.by_alias as f64 / self.all as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "Go computes in float64 too")]
    fn allowed_ratio(&self) -> f64 {
        const LOW: usize = 400_000;
        const HIGH: usize = 4_000_000;
        match self.all {
            ..=LOW => 0.99,
            HIGH.. => 0.10,
            all => 0.99 - 0.89 * ((all - LOW) as f64 / (HIGH - LOW) as f64),
        }
    }
}

fn excessive(span: Span) -> Error {
    Error::unlocated("document contains excessive aliasing", span)
}
