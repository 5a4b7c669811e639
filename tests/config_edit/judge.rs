//! Parsers that had no part in an edit say whether it was right.

use std::{collections::BTreeMap, str::FromStr};

use ngcp_warden::yaml::edit;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_yaml::Value;
use yaml_edit::{Document, path::YamlPath};

/// A scalar of a file, found without the code under test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) path: Vec<String>,
    pub(crate) text: String,
    pub(crate) style: ScalarStyle,
    /// Its bytes, for the styles where they are simply those of the token.
    pub(crate) bytes: Option<std::ops::Range<usize>>,
}

/// All scalars, in order; `None` when the file is none for this parser.
pub(crate) fn scalars(text: &str) -> Option<Vec<Scalar>> {
    enum Level {
        Map(Option<String>),
        List(usize),
    }
    let offset = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let text = &text[offset..];
    let at: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |index: usize| at.get(index).copied().unwrap_or(text.len());
    let mut found = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let opens = match &event {
            Event::MappingStart(..) => Some(Level::Map(None)),
            Event::SequenceStart(..) => Some(Level::List(0)),
            _ => None,
        };
        match &event {
            Event::Scalar(key, ..) if matches!(levels.last(), Some(Level::Map(None))) => {
                levels.pop();
                levels.push(Level::Map(Some(key.clone().into_owned())));
                continue;
            }
            Event::Scalar(value, style, ..) => {
                let segment = |level: &Level| match level {
                    Level::Map(key) => key.clone().unwrap_or_default(),
                    Level::List(index) => index.to_string(),
                };
                let token = &text[byte(span.start.index())..byte(span.end.index())];
                let start = byte(span.start.index());
                let simple = *style == ScalarStyle::Plain && !token.trim().is_empty();
                found.push(Scalar {
                    path: levels.iter().map(segment).collect(),
                    text: value.clone().into_owned(),
                    style: *style,
                    bytes: simple.then(|| offset + start..offset + start + token.trim_end().len()),
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                levels.pop();
            }
            Event::Alias(_) => {}
            _ if opens.is_some() => {}
            _ => continue,
        }
        match opens {
            Some(level) => levels.push(level),
            None => match levels.last_mut() {
                Some(Level::Map(key)) => *key = None,
                Some(Level::List(index)) => *index += 1,
                None => {}
            },
        }
    }
    Some(found)
}

/// The tree by a parser of another family, which takes a byte order mark for text.
pub(crate) fn tree(text: &str) -> Option<Value> {
    serde_yaml::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// The value at a path in the independent parser's tree. Keys are compared as they were written.
pub(crate) fn walk<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Mapping(map) => {
            let text = Value::String(segment.clone());
            let key = if map.contains_key(&text) { text } else { serde_yaml::from_str(segment).ok()? };
            map.get_mut(&key)
        }
        Value::Sequence(list) => list.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// How the independent editor reads the scalar at a path; `None` when it cannot.
fn second_reading(text: &str, path: &[String]) -> Option<String> {
    let usable = path
        .iter()
        .all(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)));
    if !usable || path.first()?.parse::<usize>().is_ok() {
        return None;
    }
    let node = Document::from_str(text).ok()?.try_get_path(&path.join(".")).ok()?;
    Some(node.as_scalar()?.as_string())
}

/// How the edits came out.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) right: usize,
    pub(crate) agreed: usize,
    pub(crate) unread: usize,
    pub(crate) refused: BTreeMap<String, usize>,
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    /// Changes one value of `text` and judges what came out.
    pub(crate) fn edit(&mut self, name: &str, text: &str, scalar: &Scalar, all: &[Scalar], new: &str) {
        let path: Vec<&str> = scalar.path.iter().map(String::as_str).collect();
        let out = match edit::set(text, &path, Some(&scalar.text), new) {
            Ok(out) => out,
            Err(error) => {
                let reason = format!("{error:#}");
                if !reason.starts_with("line ") {
                    self.wrong.push(format!("{name} {path:?}: a refusal without a line: {reason}"));
                }
                *self.refused.entry(format!("{name} {}: {reason}", path.join("."))).or_default() += 1;
                return;
            }
        };
        let mut complain = |what: &str| {
            self.wrong
                .push(format!("{name} {path:?} {:?} -> {new:?}: {what}\n--- out\n{out}\n---", scalar.text));
        };
        // Every byte outside the value.
        if let Some(bytes) = &scalar.bytes
            && (!out.starts_with(&text[..bytes.start]) || !out.ends_with(&text[bytes.end..]))
        {
            complain("a byte outside the value changed");
        }
        let comments = |text: &str| text.matches('#').count();
        if comments(&out) + comments(&scalar.text) != comments(text) + comments(new) {
            complain("a comment was lost or made");
        }
        // Every scalar, by the parser that gives texts.
        let mut wanted: Vec<(Vec<String>, String)> = texts(all);
        let index = all.iter().position(|other| other == scalar).unwrap();
        new.clone_into(&mut wanted[index].1);
        match scalars(&out) {
            Some(seen) if texts(&seen) == wanted => {}
            _ => complain("the texts are not the wanted ones"),
        }
        // The tree, by a parser of another family.
        match (tree(text), tree(&out)) {
            (Some(mut old), Some(mut now)) => {
                match (walk(&mut old, &scalar.path), walk(&mut now, &scalar.path)) {
                    (Some(before), Some(after)) => {
                        *before = after.clone();
                        if old != now {
                            complain("something else changed for serde_yaml");
                        }
                    }
                    _ => complain("serde_yaml does not find the value"),
                }
            }
            _ => complain("serde_yaml cannot read it"),
        }
        // The value, by another editor, where that one could read the old one.
        if second_reading(text, &scalar.path).as_deref() == Some(&scalar.text)
            && scalar.style != ScalarStyle::Folded
        {
            match second_reading(&out, &scalar.path) {
                Some(read) if read == new => self.agreed += 1,
                // It takes an empty text and odd blanks its own way.
                Some(read) if read.trim() == new.trim() => self.unread += 1,
                other => complain(&format!("yaml-edit reads {other:?}")),
            }
        } else {
            self.unread += 1;
        }
        self.right += 1;
    }
}

fn texts(scalars: &[Scalar]) -> Vec<(Vec<String>, String)> {
    scalars.iter().map(|scalar| (scalar.path.clone(), scalar.text.clone())).collect()
}
