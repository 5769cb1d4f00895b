//! Tokens to raw nodes: YAML's grammar by recursive descent, with go-yaml's messages.

use std::collections::BTreeMap;

use crate::scan::{Mark, Scanner, Token, TokenKind};
use crate::{Error, MAX_DEPTH, MAX_SIZE, ScalarStyle, Span};

/// A node by its place in [`Graph::nodes`].
pub(crate) type NodeId = usize;

/// The nodes of one document, aliases not yet followed.
pub(crate) struct Graph {
    pub(crate) nodes: Vec<RawNode>,
    pub(crate) root: NodeId,
}

pub(crate) struct RawNode {
    pub(crate) span: Span,
    pub(crate) anchored: bool,
    pub(crate) kind: RawKind,
}

pub(crate) enum RawKind {
    Scalar {
        text: String,
        style: ScalarStyle,
        tag: Option<String>,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias {
        name: String,
        target: NodeId,
    },
}

/// What may stand before a node.
struct Properties {
    start: Mark,
    anchor: Option<String>,
    tag: Option<String>,
}

/// Where a node stands in the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Block,
    /// A key or value of a block mapping, where a sequence need not be indented.
    BlockEntry,
    Flow,
}

/// Reads documents one after the other.
pub(crate) struct Composer<'a> {
    scanner: Scanner<'a>,
    is_first_document: bool,
    tag_prefixes: BTreeMap<String, String>,
    anchors: BTreeMap<String, NodeId>,
    nodes: Vec<RawNode>,
    depth: usize,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_SIZE {
            let message = format!(
                "document of {} bytes exceeds the limit of {MAX_SIZE}",
                text.len()
            );
            return Err(Error::unlocated(message, Mark::default().into()));
        }
        Ok(Self {
            scanner: Scanner::new(text),
            is_first_document: true,
            tag_prefixes: BTreeMap::new(),
            anchors: BTreeMap::new(),
            nodes: Vec::new(),
            depth: 0,
        })
    }

    /// Reads the next document; none at the end of the stream.
    pub(crate) fn next_document(&mut self) -> Result<Option<Graph>, Error> {
        let implicit = std::mem::take(&mut self.is_first_document);
        while !implicit && *self.peek()? == TokenKind::DocumentEnd {
            self.take()?;
        }
        self.nodes = Vec::new();
        self.anchors.clear();
        let root = match self.peek()? {
            TokenKind::StreamEnd => return Ok(None),
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart => self.explicit_document()?,
            _ if !implicit => self.explicit_document()?,
            _ => {
                self.directives()?;
                self.node(Context::Block)?
            }
        };
        if *self.peek()? == TokenKind::DocumentEnd {
            self.take()?;
        }
        self.tag_prefixes.clear();
        Ok(Some(Graph {
            nodes: std::mem::take(&mut self.nodes),
            root,
        }))
    }

    fn explicit_document(&mut self) -> Result<NodeId, Error> {
        self.directives()?;
        if *self.peek()? != TokenKind::DocumentStart {
            return self.fail_here("did not find expected <document start>");
        }
        self.take()?;
        match self.peek()? {
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => self.empty_here(),
            _ => self.node(Context::Block),
        }
    }

    fn directives(&mut self) -> Result<(), Error> {
        let mut has_version = false;
        loop {
            match self.peek()?.clone() {
                TokenKind::VersionDirective { .. } if has_version => {
                    return self.fail_here("found duplicate %YAML directive");
                }
                TokenKind::VersionDirective { major: 1, minor: 1 } => has_version = true,
                TokenKind::VersionDirective { .. } => {
                    return self.fail_here("found incompatible YAML document");
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if self.tag_prefixes.contains_key(&handle) {
                        return self.fail_here("found duplicate %TAG directive");
                    }
                    self.tag_prefixes.insert(handle, prefix);
                }
                _ => break,
            }
            self.take()?;
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            self.tag_prefixes
                .entry(handle.to_owned())
                .or_insert_with(|| prefix.to_owned());
        }
        Ok(())
    }

    fn node(&mut self, context: Context) -> Result<NodeId, Error> {
        if let TokenKind::Alias(name) = self.peek()? {
            let name = name.clone();
            return self.alias(name);
        }
        let properties = self.properties()?;
        self.depth += 1;
        let node = self.content(context, properties);
        self.depth -= 1;
        node
    }

    fn alias(&mut self, name: String) -> Result<NodeId, Error> {
        let span = Span::from(self.take()?.start);
        let Some(target) = self.anchors.get(&name).copied() else {
            return Err(Error::unlocated(
                format!("unknown anchor '{name}' referenced"),
                span,
            ));
        };
        self.nodes.push(RawNode {
            span,
            anchored: false,
            kind: RawKind::Alias { name, target },
        });
        Ok(self.nodes.len() - 1)
    }

    /// Reads an anchor and a tag, in any order.
    fn properties(&mut self) -> Result<Properties, Error> {
        let start = self.scanner.peek()?.start;
        let mut anchor = self.anchor()?;
        let tag = self.tag()?;
        if anchor.is_none() && tag.is_some() {
            anchor = self.anchor()?;
        }
        let tag = tag.map(|(handle, suffix, mark)| self.full_tag(&handle, suffix, start, mark));
        Ok(Properties {
            start,
            anchor,
            tag: tag.transpose()?,
        })
    }

    fn anchor(&mut self) -> Result<Option<String>, Error> {
        if !matches!(self.peek()?, TokenKind::Anchor(_)) {
            return Ok(None);
        }
        match self.take()?.kind {
            TokenKind::Anchor(name) => {
                // The next token is looked at before the tag's handle is: errors come in this order.
                self.peek()?;
                Ok(Some(name))
            }
            _ => Ok(None),
        }
    }

    fn tag(&mut self) -> Result<Option<(String, String, Mark)>, Error> {
        if !matches!(self.peek()?, TokenKind::Tag { .. }) {
            return Ok(None);
        }
        let token = self.take()?;
        self.peek()?;
        match token.kind {
            TokenKind::Tag { handle, suffix } => Ok(Some((handle, suffix, token.start))),
            _ => Ok(None),
        }
    }

    fn full_tag(
        &self,
        handle: &str,
        suffix: String,
        context: Mark,
        mark: Mark,
    ) -> Result<String, Error> {
        if handle.is_empty() {
            return Ok(suffix);
        }
        let prefix = self.tag_prefixes.get(handle).map_or("", String::as_str);
        let tag = format!("{prefix}{suffix}");
        if prefix.is_empty() || tag.is_empty() {
            return fail("found undefined tag handle", context, mark);
        }
        Ok(tag)
    }

    fn content(&mut self, context: Context, properties: Properties) -> Result<NodeId, Error> {
        let block = context != Context::Flow;
        match self.peek()? {
            TokenKind::BlockEntry if context == Context::BlockEntry => {
                self.collection(properties, Self::indentless_sequence)
            }
            TokenKind::Scalar { .. } => self.scalar(properties),
            TokenKind::FlowSequenceStart => self.collection(properties, Self::flow_sequence),
            TokenKind::FlowMappingStart => self.collection(properties, Self::flow_mapping),
            TokenKind::BlockSequenceStart if block => {
                self.collection(properties, Self::block_sequence)
            }
            TokenKind::BlockMappingStart if block => {
                self.collection(properties, Self::block_mapping)
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                Ok(self.push_scalar(properties, String::new(), ScalarStyle::Plain))
            }
            _ => {
                let mark = self.scanner.peek()?.start;
                fail("did not find expected node content", properties.start, mark)
            }
        }
    }

    fn scalar(&mut self, properties: Properties) -> Result<NodeId, Error> {
        match self.take()?.kind {
            TokenKind::Scalar { text, style } => Ok(self.push_scalar(properties, text, style)),
            _ => Ok(self.push_scalar(properties, String::new(), ScalarStyle::Plain)),
        }
    }

    fn push_scalar(&mut self, properties: Properties, text: String, style: ScalarStyle) -> NodeId {
        let Properties { start, anchor, tag } = properties;
        self.push(start, anchor, RawKind::Scalar { text, style, tag })
    }

    /// An anchor is known from here on, so that a collection may contain itself: that is refused
    /// later, when aliases are followed.
    fn push(&mut self, start: Mark, anchor: Option<String>, kind: RawKind) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(RawNode {
            span: start.into(),
            anchored: anchor.is_some(),
            kind,
        });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn collection(
        &mut self,
        properties: Properties,
        read: fn(&mut Self) -> Result<RawKind, Error>,
    ) -> Result<NodeId, Error> {
        if self.depth > MAX_DEPTH {
            let message = format!("exceeded max depth of {MAX_DEPTH}");
            let mark = properties.start;
            return Err(Error::located(message, mark.into(), mark.line + 1));
        }
        let Properties {
            start,
            anchor,
            tag: _,
        } = properties;
        let id = self.push(start, anchor, RawKind::Sequence(Vec::new()));
        self.nodes[id].kind = read(self)?;
        Ok(id)
    }

    fn block_sequence(&mut self) -> Result<RawKind, Error> {
        let start = self.take()?.start;
        let mut items = Vec::new();
        loop {
            match self.peek()? {
                TokenKind::BlockEntry => {
                    let dash = self.take()?;
                    items.push(match self.peek()? {
                        TokenKind::BlockEntry | TokenKind::BlockEnd => self.empty_at(dash.end),
                        _ => self.node(Context::Block)?,
                    });
                }
                TokenKind::BlockEnd => {
                    self.take()?;
                    return Ok(RawKind::Sequence(items));
                }
                _ => return self.fail_in(start, "did not find expected '-' indicator"),
            }
        }
    }

    fn indentless_sequence(&mut self) -> Result<RawKind, Error> {
        let mut items = Vec::new();
        while *self.peek()? == TokenKind::BlockEntry {
            let dash = self.take()?;
            items.push(match self.peek()? {
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                    self.empty_at(dash.end)
                }
                _ => self.node(Context::Block)?,
            });
        }
        Ok(RawKind::Sequence(items))
    }

    fn block_mapping(&mut self) -> Result<RawKind, Error> {
        let start = self.take()?.start;
        let mut entries = Vec::new();
        loop {
            match self.peek()? {
                TokenKind::Key => {
                    let mark = self.take()?.end;
                    let key = self.block_mapping_part(mark)?;
                    entries.push((key, self.block_mapping_value()?));
                }
                TokenKind::BlockEnd => {
                    self.take()?;
                    return Ok(RawKind::Mapping(entries));
                }
                _ => return self.fail_in(start, "did not find expected key"),
            }
        }
    }

    fn block_mapping_value(&mut self) -> Result<NodeId, Error> {
        if *self.peek()? != TokenKind::Value {
            return self.empty_here();
        }
        let mark = self.take()?.end;
        self.block_mapping_part(mark)
    }

    fn block_mapping_part(&mut self, mark: Mark) -> Result<NodeId, Error> {
        match self.peek()? {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty_at(mark)),
            _ => self.node(Context::BlockEntry),
        }
    }

    fn flow_sequence(&mut self) -> Result<RawKind, Error> {
        let start = self.take()?.start;
        let mut items = Vec::new();
        while self.has_flow_entry(
            items.is_empty(),
            &TokenKind::FlowSequenceEnd,
            start,
            "did not find expected ',' or ']'",
        )? {
            let item = match self.peek()? {
                TokenKind::Key => self.flow_pair()?,
                _ => self.node(Context::Flow)?,
            };
            items.push(item);
        }
        self.take()?;
        Ok(RawKind::Sequence(items))
    }

    /// Goes to the next entry of a flow collection, over the comma that separates it from the last.
    fn has_flow_entry(
        &mut self,
        first: bool,
        end: &TokenKind,
        start: Mark,
        expected: &str,
    ) -> Result<bool, Error> {
        if !first && self.peek()? != end {
            if *self.peek()? != TokenKind::FlowEntry {
                return self.fail_in(start, expected);
            }
            self.take()?;
        }
        Ok(self.peek()? != end)
    }

    /// Reads `key: value` in a flow sequence, a mapping of one entry.
    fn flow_pair(&mut self) -> Result<NodeId, Error> {
        let token = self.take()?;
        let id = self.push(token.start, None, RawKind::Mapping(Vec::new()));
        let key = match self.peek()? {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // libyaml drops this token, so that `[? : a]` is an error: kept, as texts that Go
                // refuses must not mean something here.
                let end = self.take()?.end;
                self.empty_at(end)
            }
            _ => self.node(Context::Flow)?,
        };
        let value = self.flow_value(&TokenKind::FlowSequenceEnd)?;
        self.peek()?;
        self.nodes[id].kind = RawKind::Mapping(vec![(key, value)]);
        Ok(id)
    }

    fn flow_mapping(&mut self) -> Result<RawKind, Error> {
        let start = self.take()?.start;
        let mut entries = Vec::new();
        while self.has_flow_entry(
            entries.is_empty(),
            &TokenKind::FlowMappingEnd,
            start,
            "did not find expected ',' or '}'",
        )? {
            entries.push(self.flow_mapping_entry()?);
        }
        self.take()?;
        Ok(RawKind::Mapping(entries))
    }

    fn flow_mapping_entry(&mut self) -> Result<(NodeId, NodeId), Error> {
        if *self.peek()? != TokenKind::Key {
            let key = self.node(Context::Flow)?;
            return Ok((key, self.empty_here()?));
        }
        self.take()?;
        let key = match self.peek()? {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                self.empty_here()?
            }
            _ => self.node(Context::Flow)?,
        };
        Ok((key, self.flow_value(&TokenKind::FlowMappingEnd)?))
    }

    fn flow_value(&mut self, end: &TokenKind) -> Result<NodeId, Error> {
        if *self.peek()? != TokenKind::Value {
            return self.empty_here();
        }
        self.take()?;
        let next = self.peek()?;
        if *next == TokenKind::FlowEntry || next == end {
            return self.empty_here();
        }
        self.node(Context::Flow)
    }

    fn empty_here(&mut self) -> Result<NodeId, Error> {
        let mark = self.scanner.peek()?.start;
        Ok(self.empty_at(mark))
    }

    fn empty_at(&mut self, mark: Mark) -> NodeId {
        let kind = RawKind::Scalar {
            text: String::new(),
            style: ScalarStyle::Plain,
            tag: None,
        };
        self.push(mark, None, kind)
    }

    fn peek(&mut self) -> Result<&TokenKind, Error> {
        self.scanner.peek().map(|token| &token.kind)
    }

    fn take(&mut self) -> Result<Token, Error> {
        self.scanner.take()
    }

    fn fail_here<T>(&mut self, message: &str) -> Result<T, Error> {
        self.fail_in(Mark::default(), message)
    }

    /// An error at the next token, within something that began at `context`.
    fn fail_in<T>(&mut self, context: Mark, message: &str) -> Result<T, Error> {
        let mark = self.scanner.peek()?.start;
        fail(message, context, mark)
    }
}

/// go-yaml shows the lines of grammar errors counted from 0, and none for the first.
fn fail<T>(message: &str, context: Mark, mark: Mark) -> Result<T, Error> {
    let shown = if mark.line == 0 {
        context.line
    } else {
        mark.line
    };
    Err(Error::located(message, mark.into(), shown))
}
