//! Changes one value in a YAML text by replacing its bytes only, and proves it with a second parser.
//! What cannot be proven is refused, naming the line.

use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_yaml::Value;

use super::{
    scalar,
    tree::{self, Kind, Node, Style},
};

/// `text` with the value at `path` set to `new`; every other byte as it was.
///
/// A number in `path` picks an item of a list. `expected` is the text of the value now, `None` when the key must
/// not be there yet: it is then added at the end of its map. A value that is `new` already changes nothing.
///
/// # Errors
/// When the text is not plain YAML within limits, the value is not as expected, stands under an alias, or when old
/// and new text do not differ in exactly this value for `serde_yaml`. Names the line and what to do.
pub fn set(text: &str, path: &[&str], expected: Option<&str>, new: &str) -> Result<String> {
    ensure!(!path.is_empty(), "no key was named");
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let source = &text[bom..];
    let root = tree::parse(source)?.context("the file holds no values; write the first one by hand")?;
    let Some(splice) = splice(source, &root, path, expected, new)? else { return Ok(text.to_owned()) };
    let out = format!("{}{}{}", &source[..splice.range.start], splice.with, &source[splice.range.end..]);
    prove(source, &out, &root, path, new, splice.style).map_err(|why| {
        anyhow!("line {}: cannot be changed safely, {why:#}; change it by hand", splice.line)
    })?;
    Ok(format!("{}{out}", &text[..bom]))
}

/// Which bytes are replaced with what.
struct Splice {
    range: Range<usize>,
    with: String,
    /// How the new value is written.
    style: Style,
    line: usize,
}

impl Splice {
    fn new(range: Range<usize>, value: &str, with: String, line: usize) -> Self {
        let style = if value.starts_with('\'') {
            Style::Single
        } else if value.starts_with('"') {
            Style::Double
        } else {
            Style::Plain
        };
        Splice { range, with, style, line }
    }
}

fn splice(
    source: &str,
    root: &Node,
    path: &[&str],
    expected: Option<&str>,
    new: &str,
) -> Result<Option<Splice>> {
    let (mut node, mut flow) = (root, false);
    // Where the token before the value ends: an empty value has no bytes of its own.
    let mut before = 0;
    for (depth, segment) in path.iter().enumerate() {
        let here = || path[..depth].join(".");
        ensure!(!node.alias, "line {}: '{}' is an alias; change its anchor by hand", node.line, here());
        let next = match &node.kind {
            Kind::Map { entries, flow: braces } => {
                flow |= braces;
                let entry = entries.iter().find(|(key, _)| key.text() == Some(segment));
                entry.map(|(key, value)| {
                    before = key.span.end;
                    value
                })
            }
            Kind::List { items, flow: brackets } => {
                flow |= brackets;
                let index: usize = segment.parse().ok().with_context(|| {
                    format!("line {}: '{}' is a list; name an item by its number", node.line, here())
                })?;
                ensure!(
                    index <= items.len(),
                    "line {}: the list '{}' has only {} items",
                    node.line,
                    here(),
                    items.len()
                );
                match index.checked_sub(1).and_then(|previous| items.get(previous)) {
                    Some(previous) => before = last_content(previous),
                    None if depth > 0 => before = skip_blank(source, before) + 1,
                    None => {}
                }
                items.get(index)
            }
            Kind::Scalar { .. } => {
                bail!("line {}: '{}' is a single value and has no keys; change it by hand", node.line, here())
            }
        };
        let Some(found) = next else {
            ensure!(
                expected.is_none(),
                "line {}: '{}' is no longer there; look again",
                node.line,
                path[..=depth].join(".")
            );
            return insert(source, node, &path[depth..], new, flow).map(Some);
        };
        node = found;
    }
    let name = path.join(".");
    let line = node.line;
    ensure!(!node.alias, "line {line}: '{name}' is an alias; change its anchor by hand");
    let Kind::Scalar { text, style } = &node.kind else {
        bail!("line {line}: '{name}' is a map or a list, not a single value; change it by hand")
    };
    if text == new {
        return Ok(None);
    }
    match expected {
        None => bail!("line {line}: '{name}' is there already; look again"),
        // The values are not told: they may be password hashes.
        Some(expected) if expected != text => {
            bail!("line {line}: somebody changed '{name}' in the meantime; look again")
        }
        Some(_) => {}
    }
    ensure!(!node.adorned, "line {line}: '{name}' has an anchor or a tag; change it by hand");
    let value = scalar::written(new, Some((text, *style)), flow);
    Ok(Some(match style {
        Style::Block => Splice::new(block(source, node)?, &value, value.clone(), line),
        Style::Plain if node.span.is_empty() => {
            let at = skip_blank(source, before);
            ensure!(
                source.get(at..).is_some_and(|rest| rest.starts_with([':', '-'])),
                "line {line}: '{name}' is empty in an unusual way; change it by hand"
            );
            Splice::new(at + 1..at + 1, &value, format!(" {value}"), line)
        }
        _ => Splice::new(node.span.clone(), &value, value.clone(), line),
    }))
}

/// From the `|` or `>` to the end of the last line of content.
fn block(source: &str, node: &Node) -> Result<Range<usize>> {
    let header = node.span.start;
    let first_line = source[header..].lines().next().unwrap_or_default();
    ensure!(
        !first_line.contains('#'),
        "line {}: a block of text that cannot be replaced; change it by hand",
        node.line
    );
    Ok(header..node.span.end.max(header + first_line.trim_end().len()))
}

/// The next byte from `at` that is neither white space nor part of a comment.
pub(super) fn skip_blank(source: &str, mut at: usize) -> usize {
    loop {
        let Some(rest) = source.get(at..) else { return at };
        let blank = rest.len() - rest.trim_start().len();
        at += blank;
        let rest = &source[at..];
        if blank > 0 && rest.starts_with('#') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            return at;
        }
    }
}

/// The last byte that belongs to a node.
pub(super) fn last_content(node: &Node) -> usize {
    if node.alias {
        return node.span.end;
    }
    match &node.kind {
        Kind::Map { entries, flow: false } => {
            entries.last().map_or(node.span.end, |(key, value)| key.span.end.max(last_content(value)))
        }
        Kind::List { items, flow: false } => items.last().map_or(node.span.end, last_content),
        _ => node.span.end,
    }
}

/// Adds what is missing of a path to the end of the map or list in which it is missing.
fn insert(source: &str, parent: &Node, rest: &[&str], new: &str, flow: bool) -> Result<Splice> {
    let line = parent.line;
    let keys = if matches!(parent.kind, Kind::List { .. }) { &rest[1..] } else { rest };
    if let Some(key) = keys.iter().find(|key| !scalar::is_plain_key(key)) {
        bail!("line {line}: '{key}' cannot be added as a key; add it by hand");
    }
    let value = scalar::written(new, None, flow);
    let (has_entries, braces, column) = match &parent.kind {
        Kind::Map { entries, flow } => {
            (!entries.is_empty(), *flow, entries.first().map(|(key, _)| key.column))
        }
        Kind::List { items, flow } => (!items.is_empty(), *flow, None),
        Kind::Scalar { .. } => bail!("line {line}: not a map"),
    };
    if braces {
        let close = parent.span.end.saturating_sub(1);
        let inner = source[..close].trim_end();
        let opening = inner.ends_with(['{', '[']);
        ensure!(
            opening != has_entries && !inner.ends_with(','),
            "line {line}: an unusual list of keys; add '{}' by hand",
            rest.join(".")
        );
        let nested = keys.iter().enumerate().rev().fold(value.clone(), |inner, (depth, key)| {
            if depth == 0 && keys.len() == rest.len() {
                format!("{key}: {inner}")
            } else {
                format!("{{{key}: {inner}}}")
            }
        });
        let at = inner.len();
        let with = if opening { nested } else { format!(", {nested}") };
        return Ok(Splice::new(at..at, &value, with, line));
    }
    let end = last_content(parent);
    let (at, ends_line) =
        source[end..].find('\n').map_or((source.len(), false), |next| (end + next + 1, true));
    ensure!(
        source[end..at].trim_start().is_empty() || source[end..at].trim_start().starts_with(['#', ':', '-']),
        "line {line}: '{}' cannot be added here; add it by hand",
        rest.join(".")
    );
    let newline = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let mut with: Vec<String> = Vec::new();
    let mut indent = column.unwrap_or(parent.column);
    let mut lead = String::new();
    if matches!(parent.kind, Kind::List { .. }) {
        indent = list_column(source, parent).with_context(|| {
            format!("line {line}: '{}' cannot be added here; add it by hand", rest.join("."))
        })?;
        lead = "- ".to_owned();
    }
    for (depth, key) in keys.iter().enumerate() {
        let tail = if depth + 1 == keys.len() { format!(" {value}") } else { String::new() };
        with.push(format!("{}{lead}{key}:{tail}", " ".repeat(indent)));
        indent += if lead.is_empty() { 2 } else { lead.len() + 2 };
        lead.clear();
    }
    if keys.is_empty() {
        with.push(format!("{}- {value}", " ".repeat(indent)));
    }
    let with = with.join(newline);
    let with = if ends_line { format!("{with}{newline}") } else { format!("{newline}{with}") };
    Ok(Splice::new(at..at, &value, with, line))
}

/// The column of the dashes of a block list, when the first item starts its own line.
pub(super) fn list_column(source: &str, list: &Node) -> Option<usize> {
    let Kind::List { items, .. } = &list.kind else { return None };
    let start = items.first()?.span.start;
    let line = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &source[line..start];
    let column = before.len() - before.trim_start_matches(' ').len();
    before[column..].starts_with('-').then_some(column)
}

/// Both parsers must see the old tree with exactly this one value changed or added.
fn prove(old: &str, new: &str, root: &Node, path: &[&str], value: &str, style: Style) -> Result<()> {
    let after = tree::parse(new)?.context("nothing would be left")?;
    let changed = walk(&after, path).and_then(Node::text);
    ensure!(changed == Some(value), "the new value would read differently");
    ensure!(same_elsewhere(root, &after, path), "a value elsewhere would change with it (an alias?)");
    let leaf = match style {
        Style::Plain => serde_yaml::from_str(value)?,
        _ => Value::String(value.to_owned()),
    };
    let mut wanted: Value = serde_yaml::from_str(old)?;
    let seen: Value = serde_yaml::from_str(new)?;
    change(&mut wanted, root, path, leaf)?;
    ensure!(wanted == seen, "two readers of YAML read the result differently");
    Ok(())
}

pub(super) fn walk<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(node, |node, segment| match &node.kind {
        Kind::Map { .. } => node.get(segment),
        Kind::List { items, .. } => items.get(segment.parse::<usize>().ok()?),
        Kind::Scalar { .. } => None,
    })
}

/// Whether two trees are the same text by text, but for what stands at `path`.
pub(super) fn same_elsewhere(old: &Node, new: &Node, path: &[&str]) -> bool {
    let Some((head, rest)) = path.split_first() else { return true };
    match (&old.kind, &new.kind) {
        (Kind::Map { entries: old, .. }, Kind::Map { entries: new, .. }) => {
            let known = old.iter().any(|(key, _)| key.text() == Some(head));
            new.len() == old.len() + usize::from(!known)
                && old.iter().zip(new).all(|((old_key, old), (new_key, new))| {
                    old_key.text() == new_key.text()
                        && if old_key.text() == Some(head) {
                            same_elsewhere(old, new, rest)
                        } else {
                            identical(old, new)
                        }
                })
        }
        (Kind::List { items: old, .. }, Kind::List { items: new, .. }) => {
            let Ok(index) = head.parse::<usize>() else { return false };
            new.len() == old.len().max(index + 1)
                && old.iter().zip(new).enumerate().all(|(i, (old, new))| {
                    if i == index { same_elsewhere(old, new, rest) } else { identical(old, new) }
                })
        }
        _ => false,
    }
}

fn identical(old: &Node, new: &Node) -> bool {
    match (&old.kind, &new.kind) {
        (Kind::Scalar { text: a, style: s }, Kind::Scalar { text: b, style: t }) => a == b && s == t,
        (Kind::Map { entries: a, .. }, Kind::Map { entries: b, .. }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(&a.0, &b.0) && identical(&a.1, &b.1))
        }
        (Kind::List { items: a, .. }, Kind::List { items: b, .. }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| identical(a, b))
        }
        _ => false,
    }
}

/// Puts `leaf` at `path` in the second parser's tree, adding maps where the path is missing.
pub(super) fn change(value: &mut Value, node: &Node, path: &[&str], leaf: Value) -> Result<()> {
    let Some((head, rest)) = path.split_first() else {
        *value = leaf;
        return Ok(());
    };
    let fresh = |leaf: Value| {
        rest.iter().rev().fold(leaf, |inner, key| {
            Value::Mapping([(Value::String((*key).to_owned()), inner)].into_iter().collect())
        })
    };
    match (value, &node.kind) {
        (Value::Mapping(map), Kind::Map { entries, .. }) => {
            let Some((key, below)) = entries.iter().find(|(key, _)| key.text() == Some(head)) else {
                map.insert(Value::String((*head).to_owned()), fresh(leaf));
                return Ok(());
            };
            let plain = matches!(key.kind, Kind::Scalar { style: Style::Plain, .. });
            let key = if plain { serde_yaml::from_str(head)? } else { Value::String((*head).to_owned()) };
            change(map.get_mut(&key).context("two readers see different keys")?, below, rest, leaf)
        }
        (Value::Sequence(list), Kind::List { items, .. }) => {
            let index: usize = head.parse()?;
            match (list.get_mut(index), items.get(index)) {
                (Some(value), Some(node)) => change(value, node, rest, leaf),
                _ => {
                    list.push(fresh(leaf));
                    Ok(())
                }
            }
        }
        _ => bail!("two readers see different structures"),
    }
}

#[cfg(test)]
mod tests;
