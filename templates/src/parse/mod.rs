//! Parses a template into trees: the main one and those that it defines.

mod blocks;
mod expression;
mod lexer;
mod number;
mod unquote;

use std::collections::BTreeMap;
use std::sync::Arc;

use blocks::Open;
use lexer::{Lexer, Token, TokenKind};
pub(crate) use number::Number;

use crate::error::ParseError;
use crate::format::quote;
use crate::functions::Functions;
use crate::tree::{Operation, Source, Tree};
use crate::value::Str;

/// The trees of one text, by name.
pub(crate) type Trees = BTreeMap<Str, Arc<Tree>>;

/// How deep parentheses may nest. Go allows 10,000, and says the same at its limit.
const MAX_DEPTH: usize = 200;

/// How many bytes a template may have, so that positions fit.
const MAX_SOURCE: usize = 64 << 20;

/// What a text is parsed with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax<'s> {
    pub(crate) left: &'s str,
    pub(crate) right: &'s str,
    pub(crate) functions: &'s Functions,
}

/// Parses a text; the trees that it defines come with the main one, which may be one of them.
pub(crate) fn parse(name: &str, text: &[u8], syntax: Syntax<'_>) -> Result<Trees, ParseError> {
    let Syntax {
        left,
        right,
        functions,
    } = syntax;
    let left = if left.is_empty() { "{{" } else { left };
    let right = if right.is_empty() { "}}" } else { right };
    let mut parser = Parser::new(name, text, functions);
    if text.len() > MAX_SOURCE {
        return Err(parser.error(&format!("template has more than {MAX_SOURCE} bytes")));
    }
    parser.lexer = Lexer::new(text, left.as_bytes(), right.as_bytes());
    parser.run()?;
    Ok(parser.trees)
}

/// Parses one text.
struct Parser<'s> {
    source: Arc<Source>,
    text: &'s [u8],
    functions: &'s Functions,
    lexer: Lexer<'s>,
    /// The tokens that were given back, the next one last.
    pending: Vec<Token>,
    trees: Trees,
    /// The tree that is being built.
    tree: Building<'s>,
    /// The blocks around the current position.
    open: Vec<Open<'s>>,
}

/// A tree that is being built.
struct Building<'s> {
    name: Str,
    operations: Vec<Operation>,
    variables: Vec<Str>,
    /// Numbers of the names.
    numbers: BTreeMap<&'s [u8], u32>,
    /// The names that the parser knows: all that were declared before in the text.
    known: Vec<&'s [u8]>,
    /// The names that are on the stack when this is run, in order.
    scope: Vec<u32>,
    /// Whether a declaration may be passed over, so that places are known only when it runs.
    unsettled: bool,
    /// Where the last token begins, whose line errors name.
    last: u32,
    /// Where the action that is being read begins.
    action: Option<u32>,
    ranges: usize,
    depth: usize,
}

impl Building<'_> {
    fn new(name: Str) -> Self {
        Self {
            name,
            operations: Vec::new(),
            variables: vec![Str::from("$")],
            numbers: BTreeMap::from([(&b"$"[..], 0)]),
            known: vec![b"$"],
            // The data is on the stack from the beginning.
            scope: vec![0],
            unsettled: false,
            last: 0,
            action: None,
            ranges: 0,
            depth: 0,
        }
    }
}

impl<'s> Parser<'s> {
    fn new(name: &str, text: &'s [u8], functions: &'s Functions) -> Self {
        let source = Arc::new(Source {
            name: Str::from(name),
            text: Box::from(text),
        });
        Self {
            source,
            text,
            functions,
            lexer: Lexer::new(text, b"{{", b"}}"),
            pending: Vec::new(),
            trees: Trees::new(),
            tree: Building::new(Str::from(name)),
            open: Vec::new(),
        }
    }

    fn name_number(&mut self, name: &'s [u8]) -> u32 {
        let Building {
            variables, numbers, ..
        } = &mut self.tree;
        *numbers.entry(name).or_insert_with(|| {
            variables.push(Str::from(name));
            u32::try_from(variables.len() - 1).unwrap_or(u32::MAX)
        })
    }

    // Tokens.

    fn next(&mut self) -> Token {
        if let Some(token) = self.pending.pop() {
            return token;
        }
        let token = self.lexer.next_token();
        self.tree.last = token.start;
        token
    }

    fn back(&mut self, token: Token) {
        self.pending.push(token);
    }

    fn peek(&mut self) -> Token {
        let token = self.next();
        self.back(token);
        token
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != TokenKind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.back(token);
        token
    }

    fn slice(&self, token: Token) -> &'s [u8] {
        &self.text[token.start as usize..token.end as usize]
    }

    fn expect(&mut self, kind: TokenKind, context: &str) -> Result<Token, ParseError> {
        let token = self.next_non_space();
        if token.kind != kind {
            return Err(self.unexpected(token, context));
        }
        Ok(token)
    }

    // Errors.

    /// Returns an error at the last token.
    fn error(&self, message: &str) -> ParseError {
        let (line, _) = self.source.line_and_column(self.tree.last);
        ParseError {
            text: format!("template: {}:{line}: {message}", self.source.name),
            line,
            offset: self.tree.last as usize,
        }
    }

    fn unexpected(&self, token: Token, context: &str) -> ParseError {
        if token.kind != TokenKind::Error {
            let token = self.describe(token);
            return self.error(&format!("unexpected {token} in {context}"));
        }
        let error = self.lexer.error();
        let line = |position| self.source.line_and_column(position).0;
        match self.tree.action.map(line) {
            Some(action) if action != line(token.start) => {
                // "unclosed action started at", not "action in action".
                let inside = if error.ends_with(" action") {
                    ""
                } else {
                    " in action"
                };
                let name = &self.source.name;
                self.error(&format!("{error}{inside} started at {name}:{action}"))
            }
            _ => self.error(error),
        }
    }

    fn describe(&self, token: Token) -> String {
        let text = self.slice(token);
        match token.kind {
            TokenKind::Eof => "EOF".to_owned(),
            TokenKind::Error => self.lexer.error().to_owned(),
            kind if kind > TokenKind::Keyword => format!("<{}>", crate::value::to_text(text)),
            _ if text.len() > 10 => {
                let short = crate::format::runes::runes(text)
                    .nth(10)
                    .map_or(text.len(), |r| r.0);
                format!("{}...", quote::quote(&text[..short]))
            }
            _ => quote::quote(text),
        }
    }
}
