//! YAML text as a tree in which every scalar is text and knows its bytes. Hostile input is refused within limits.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use anyhow::{Result, anyhow, bail, ensure};
use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

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
    // The parser takes for granted that a text in several lines, or a `\\` in quotes, is not the end of the file.
    let ended = source.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let text = if ended { Cow::Borrowed(source) } else { Cow::Owned(format!("{source}\n")) };
    document(&text, source.len())
}

fn document(source: &str, length: usize) -> Result<Option<Node>> {
    let tags = tags_before_a_comma(source);
    if !tags.is_empty() {
        let mut masked = source.to_owned();
        tags.iter().for_each(|at| masked.replace_range(*at..=*at, "x"));
        let mut builder = Builder::new(&masked, length);
        builder.tags = tags;
        builder.document()?;
    }
    Builder::new(source, length).document()
}

/// Where a `!` may begin a tag that a comma ends, which would end the parser. Only a look at the text with another
/// letter in that place tells whether it does: it may stand in a comment or in the midst of a text.
fn tags_before_a_comma(source: &str) -> Vec<usize> {
    let blank = |c: char| c.is_whitespace();
    let mut last = usize::MAX;
    let ends = |at: usize| source[at..].find(|c| blank(c) || c == ',').map(|end| at + end);
    let mut tags = Vec::new();
    let mut after = 0;
    for (at, _) in source.match_indices('!') {
        // One search for all marks of one word.
        if at >= after {
            last = ends(at).unwrap_or(source.len());
            after = last;
        }
        if source[last..].starts_with(',') {
            tags.push(at);
        }
    }
    tags
}

/// Names the line of what is no YAML.
fn refused(error: &libyaml_safer::Error, source: &str) -> anyhow::Error {
    // An open quote is at fault where it begins, not where the file ends.
    let open = error.context_mark().filter(|_| error.problem() == "found unexpected end of stream");
    let line = match open.or(error.problem_mark()) {
        Some(mark) => number(mark.line) + 1,
        // A character that YAML forbids has no mark.
        None => source.lines().position(|line| line.contains(forbidden)).map_or(1, |line| line + 1),
    };
    anyhow!("line {line}: not valid YAML: {}; fix it by hand first", error.problem())
}

fn forbidden(c: char) -> bool {
    (c.is_control() && !"\t\r\u{85}".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// libyaml counts lines, columns and bytes from 0.
fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Where an event stands.
struct Place {
    line: usize,
    column: usize,
    span: Range<usize>,
}

struct Builder<'a> {
    parser: Parser<&'a [u8]>,
    source: &'a str,
    /// Bytes of the file: behind them `source` may have a line end of ours.
    length: usize,
    open: Vec<Open>,
    /// Values under anchors; `None` while the end of one has not been seen.
    anchors: HashMap<String, Option<Node>>,
    nodes: usize,
    aliased: usize,
    /// Where another letter stands for a `!`.
    tags: Vec<usize>,
}

/// A map or list whose end has not been seen yet.
struct Open {
    node: Node,
    anchor: Option<String>,
    key: Option<Node>,
    seen: HashMap<String, usize>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str, length: usize) -> Self {
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(source.as_bytes());
        Builder {
            parser,
            source,
            length,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
            tags: Vec::new(),
        }
    }

    fn document(mut self) -> Result<Option<Node>> {
        let (mut root, mut documents) = (None, 0);
        loop {
            let Event { data, start_mark, end_mark, .. } =
                self.parser.parse().map_err(|error| refused(&error, self.source))?;
            let line = number(start_mark.line) + 1;
            let place = Place {
                line,
                column: number(start_mark.column),
                span: number(start_mark.index).min(self.length)..number(end_mark.index).min(self.length),
            };
            let closed = match data {
                EventData::StreamEnd => return Ok(root),
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => continue,
                EventData::DocumentStart { .. } => {
                    documents += 1;
                    ensure!(
                        documents == 1,
                        "line {line}: a second document starts here; a configuration file holds one"
                    );
                    continue;
                }
                EventData::Scalar { anchor, tag, value, style, .. } => {
                    let node = self.scalar(value, style, place, anchor.is_some(), tag.as_deref())?;
                    self.remember(anchor, &node)?;
                    node
                }
                EventData::Alias { anchor } => self.alias(&anchor, place)?,
                EventData::SequenceStart { anchor, tag, style, .. } => {
                    let kind = Kind::List { items: Vec::new(), flow: style == SequenceStyle::Flow };
                    self.begin(kind, place, anchor, tag.as_deref())?;
                    continue;
                }
                EventData::MappingStart { anchor, tag, style, .. } => {
                    let kind = Kind::Map { entries: Vec::new(), flow: style == MappingStyle::Flow };
                    self.begin(kind, place, anchor, tag.as_deref())?;
                    continue;
                }
                EventData::SequenceEnd | EventData::MappingEnd => {
                    let Some(mut open) = self.open.pop() else { bail!("line {line}: not valid YAML") };
                    open.node.span.end = place.span.end;
                    self.remember(open.anchor, &open.node)?;
                    open.node
                }
            };
            match self.open.last_mut() {
                None => root = Some(closed),
                Some(parent) => parent.add(closed)?,
            }
        }
    }

    fn node(&mut self, kind: Kind, place: Place, adorned: bool) -> Result<Node> {
        let Place { line, column, span } = place;
        self.nodes += 1;
        ensure!(self.nodes <= NODE_LIMIT, "line {line}: more than {NODE_LIMIT} values: nothing was read");
        Ok(Node { kind, line, span, column, adorned, alias: false, size: 1 })
    }

    fn scalar(
        &mut self,
        mut text: String,
        style: ScalarStyle,
        place: Place,
        anchored: bool,
        tag: Option<&str>,
    ) -> Result<Node> {
        check_tag(tag, place.line)?;
        ensure!(
            text.len() <= VALUE_LIMIT,
            "line {}: a value of more than {VALUE_LIMIT} bytes: nothing was read",
            place.line
        );
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
            _ => Style::Plain,
        };
        if style == Style::Block && self.length < self.source.len() && place.span.end == self.length {
            without_our_line_end(&mut text, &self.source[..self.length]);
        }
        if style == Style::Plain {
            let inside = self.tags.partition_point(|at| *at < place.span.start);
            if let Some(at) = self.tags.get(inside).filter(|at| place.span.contains(*at)) {
                let before = self.source.get(place.span.start..*at).unwrap_or_default();
                ensure!(
                    !before.is_empty() && !before.starts_with(['&', '!']),
                    "line {}: a tag with a comma behind it has no place in a configuration; remove it",
                    place.line
                );
            }
        }
        let mut node = self.node(Kind::Scalar { text, style }, place, anchored || tag.is_some())?;
        if style == Style::Block {
            // Blank lines behind it are no part of what is replaced.
            let written = self.source.get(node.span.clone()).unwrap_or_default();
            node.span.end = node.span.start + written.trim_end().len();
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: &str, place: Place) -> Result<Node> {
        let line = place.line;
        let target = match self.anchors.get(anchor) {
            Some(Some(target)) => target,
            Some(None) => bail!("line {line}: an alias that contains itself; write the value out"),
            None => bail!("line {line}: not valid YAML: an alias without its anchor; fix it by hand first"),
        };
        self.aliased += target.size;
        ensure!(
            self.aliased <= ALIAS_LIMIT,
            "line {line}: too many values through aliases: nothing was read"
        );
        let target = target.clone();
        let mut node = self.node(target.kind, place, false)?;
        node.size = target.size;
        node.alias = true;
        Ok(node)
    }

    /// Keeps an anchored value for its aliases.
    fn remember(&mut self, anchor: Option<String>, node: &Node) -> Result<()> {
        if let Some(anchor) = anchor {
            self.aliased += node.size;
            ensure!(
                self.aliased <= ALIAS_LIMIT,
                "line {}: too many values under anchors: nothing was read",
                node.line
            );
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(())
    }

    fn begin(&mut self, kind: Kind, place: Place, anchor: Option<String>, tag: Option<&str>) -> Result<()> {
        check_tag(tag, place.line)?;
        ensure!(
            self.open.len() < DEPTH_LIMIT,
            "line {}: more than {DEPTH_LIMIT} levels deep: nothing was read",
            place.line
        );
        let node = self.node(kind, place, anchor.is_some() || tag.is_some())?;
        if let Some(anchor) = &anchor {
            self.anchors.insert(anchor.clone(), None);
        }
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

/// Takes off a block what it has of the line end that was put behind the file. Blanks that end a file are a line of
/// a block only where they are deeper than the block.
fn without_our_line_end(text: &mut String, file: &str) {
    let last_line = |text: &str| text.rsplit('\n').next().unwrap_or_default().trim().is_empty();
    if let Some(before) = text.strip_suffix('\n')
        && (!last_line(file) || last_line(before))
    {
        text.truncate(before.len());
    }
}

/// Only the tags of plain YAML: the host's own tools would build objects from others.
fn check_tag(tag: Option<&str>, line: usize) -> Result<()> {
    let Some(tag) = tag else { return Ok(()) };
    let plain = ["str", "int", "float", "bool", "null", "map", "seq"];
    ensure!(
        tag.strip_prefix("tag:yaml.org,2002:").is_some_and(|kind| plain.contains(&kind)),
        "line {line}: the tag '{tag}' has no place in a configuration; remove it"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
