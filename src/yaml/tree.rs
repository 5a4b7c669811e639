//! YAML text as a tree in which every scalar is text and knows its bytes. Hostile input is refused within limits.

use std::{collections::HashMap, ops::Range};

use anyhow::{Result, bail, ensure};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::eased::Eased;

/// The largest YAML text that is looked at, in bytes. A real config.yml has about 60 kB.
pub(crate) const SIZE_LIMIT: usize = 6 * 1024 * 1024;
/// The longest line, in bytes.
const LINE_LIMIT: usize = 64 * 1024;
/// The longest value, in bytes.
const VALUE_LIMIT: usize = 64 * 1024;
/// How deep maps and lists may stand inside each other. A real config.yml is 8 deep.
const DEPTH_LIMIT: usize = 64;
/// How many keys, values, maps and lists a text may hold.
const NODE_LIMIT: usize = 250_000;
/// How many of them may come from aliases: more is a bomb, not a configuration.
const ALIAS_LIMIT: usize = 10_000;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|` or `>`
    Block,
}

/// A scalar, map or list.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// Counts from 1.
    pub(crate) line: usize,
    /// Bytes of its token; of a map or list in braces or brackets the braces too. Of a block map or list it is
    /// only a position.
    pub(crate) span: Range<usize>,
    /// Column of its first character, in characters from 0.
    pub(crate) column: usize,
    /// It carries an anchor (`&name`) or a tag (`!!str`).
    pub(crate) adorned: bool,
    /// It stands for an anchor elsewhere (`*name`).
    pub(crate) alias: bool,
    /// Itself and everything below it.
    size: usize,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar { text: String, style: Style },
    Map { entries: Vec<(Node, Node)>, flow: bool },
    List { items: Vec<Node>, flow: bool },
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value of a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map { entries, .. } => {
                entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

/// The one document in `source`; `None` when there is nothing but comments.
///
/// # Errors
/// When it is not YAML, is more than one document, has a key twice, holds objects of a programming language, or
/// exceeds a limit. The message names the line.
pub(crate) fn parse(source: &str) -> Result<Option<Node>> {
    ensure!(
        source.len() <= SIZE_LIMIT,
        "the file has {} bytes, more than a configuration ever needs ({SIZE_LIMIT}): nothing was read",
        source.len()
    );
    if let Some(line) = source.lines().position(|line| line.len() > LINE_LIMIT) {
        bail!("line {} is longer than {LINE_LIMIT} bytes: nothing was read", line + 1);
    }
    let mut eased = Eased::new(source);
    loop {
        match Builder::new(&eased.text).document()? {
            Ok(root) => return Ok(root.map(|root| eased.back(root))),
            Err(error) if eased.ease(&error) => {}
            Err(error) => bail!(
                "line {}: not valid YAML: {}; fix it by hand first",
                error.marker().line(),
                error.info()
            ),
        }
    }
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    source: &'a str,
    /// The same place, counted in characters and in bytes.
    cursor: (usize, usize),
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    aliased: usize,
}

/// A map or list whose end has not been seen yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Node>,
    seen: HashMap<String, usize>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Self {
        Builder {
            parser: Parser::new_from_str(source),
            source,
            cursor: (0, 0),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
        }
    }

    fn document(mut self) -> Result<Result<Option<Node>, ScanError>> {
        let mut root = None;
        while let Some(event) = self.parser.next_event() {
            let (event, span) = match event {
                Ok(found) => found,
                Err(error) => return Ok(Err(error)),
            };
            let line = span.start.line();
            let closed = match event {
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
                Event::DocumentStart(_) => {
                    ensure!(
                        root.is_none(),
                        "line {line}: a second document starts here; a configuration file holds one"
                    );
                    continue;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let node = self.scalar(text.into_owned(), style, &span, anchor, tag.as_deref())?;
                    self.remember(anchor, &node)?;
                    node
                }
                Event::Alias(anchor) => self.alias(anchor, &span)?,
                Event::SequenceStart(anchor, tag) => {
                    let flow = self.starts_with(&span, '[');
                    self.begin(Kind::List { items: Vec::new(), flow }, &span, anchor, tag.as_deref())?;
                    continue;
                }
                Event::MappingStart(anchor, tag) => {
                    let flow = self.starts_with(&span, '{');
                    self.begin(Kind::Map { entries: Vec::new(), flow }, &span, anchor, tag.as_deref())?;
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(mut open) = self.open.pop() else { bail!("line {line}: not valid YAML") };
                    open.node.span.end = self.byte(span.end.index());
                    self.remember(open.anchor, &open.node)?;
                    open.node
                }
            };
            match self.open.last_mut() {
                None => root = Some(closed),
                Some(parent) => parent.add(closed)?,
            }
        }
        Ok(Ok(root))
    }

    /// Character positions only grow but for the odd step back: a cursor beats a table. The parser may point
    /// beyond the end.
    fn byte(&mut self, character: usize) -> usize {
        let (mut at, mut byte) = self.cursor;
        while at > character
            && let Some(c) = self.source[..byte].chars().next_back()
        {
            (at, byte) = (at - 1, byte - c.len_utf8());
        }
        for c in self.source[byte..].chars().take(character.saturating_sub(at)) {
            (at, byte) = (at + 1, byte + c.len_utf8());
        }
        self.cursor = (at, byte);
        byte
    }

    fn starts_with(&mut self, span: &Span, bracket: char) -> bool {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        // An anchor or a tag stands before the bracket.
        self.source[start..end].ends_with(bracket)
    }

    fn node(&mut self, kind: Kind, span: &Span, adorned: bool) -> Result<Node> {
        self.nodes += 1;
        ensure!(
            self.nodes <= NODE_LIMIT,
            "line {}: more than {NODE_LIMIT} values: nothing was read",
            span.start.line()
        );
        let start = self.byte(span.start.index());
        let end = self.byte(span.end.index()).max(start);
        Ok(Node {
            kind,
            line: span.start.line(),
            span: start..end,
            column: span.start.col(),
            adorned,
            alias: false,
            size: 1,
        })
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        span: &Span,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<Node> {
        check_tag(tag, span)?;
        ensure!(
            text.len() <= VALUE_LIMIT,
            "line {}: a value of more than {VALUE_LIMIT} bytes: nothing was read",
            span.start.line()
        );
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let mut node = self.node(Kind::Scalar { text, style }, span, anchor > 0 || tag.is_some())?;
        let written = &self.source[node.span.clone()];
        node.span.end = match style {
            Style::Plain | Style::Block => node.span.start + written.trim_end().len(),
            // The parser's span runs over a comment behind the closing quote.
            Style::Single | Style::Double => node.span.start + quoted_length(written),
        };
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node> {
        let line = span.start.line();
        let Some(target) = self.anchors.get(&anchor) else {
            bail!("line {line}: an alias that contains itself; write the value out");
        };
        self.aliased += target.size;
        ensure!(
            self.aliased <= ALIAS_LIMIT,
            "line {line}: too many values through aliases: nothing was read"
        );
        let target = target.clone();
        let mut node = self.node(target.kind, span, false)?;
        node.size = target.size;
        node.alias = true;
        Ok(node)
    }

    /// Keeps an anchored value for its aliases.
    fn remember(&mut self, anchor: usize, node: &Node) -> Result<()> {
        if anchor > 0 {
            self.aliased += node.size;
            ensure!(
                self.aliased <= ALIAS_LIMIT,
                "line {}: too many values under anchors: nothing was read",
                node.line
            );
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn begin(&mut self, kind: Kind, span: &Span, anchor: usize, tag: Option<&Tag>) -> Result<()> {
        check_tag(tag, span)?;
        ensure!(
            self.open.len() < DEPTH_LIMIT,
            "line {}: more than {DEPTH_LIMIT} levels deep: nothing was read",
            span.start.line()
        );
        let node = self.node(kind, span, anchor > 0 || tag.is_some())?;
        self.open.push(Open { node, anchor, key: None, seen: HashMap::new() });
        Ok(())
    }
}

impl Open {
    fn add(&mut self, child: Node) -> Result<()> {
        self.node.size += child.size;
        match &mut self.node.kind {
            Kind::List { items, .. } => items.push(child),
            Kind::Map { entries, .. } => match self.key.take() {
                Some(key) => entries.push((key, child)),
                None => {
                    let Some(name) = child.text() else {
                        bail!(
                            "line {}: a key that is a map or a list; nothing can be done with it",
                            child.line
                        );
                    };
                    if let Some(first) = self.seen.insert(name.to_owned(), child.line) {
                        bail!(
                            "line {}: the key '{name}' stands here and in line {first}; remove one of them",
                            child.line
                        );
                    }
                    self.key = Some(child);
                }
            },
            Kind::Scalar { .. } => {}
        }
        Ok(())
    }
}

/// Only the tags of plain YAML: the host's own tools would build objects from others.
fn check_tag(tag: Option<&Tag>, span: &Span) -> Result<()> {
    let Some(tag) = tag else { return Ok(()) };
    let plain = ["str", "int", "float", "bool", "null", "map", "seq"];
    ensure!(
        tag.is_yaml_core_schema() && plain.contains(&tag.suffix.as_str()),
        "line {}: the tag '{}{}' has no place in a configuration; remove it",
        span.start.line(),
        tag.handle,
        tag.suffix
    );
    Ok(())
}

/// Bytes of the quoted scalar at the start of `text`, both quotes included.
fn quoted_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let Some((_, quote)) = characters.next() else { return 0 };
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}
