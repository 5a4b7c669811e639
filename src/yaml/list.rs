//! Changes a list of texts in a YAML text: what stays at its head keeps its bytes, and so does everything outside the
//! list. Proven with a second parser, as [`super::edit`] does.

use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_yaml::Value;

use super::{
    edit::{change, last_content, list_column, same_elsewhere, skip_blank, walk},
    scalar,
    tree::{self, Kind, Node, Style},
};

/// `text` with the list at `path` made `new`. `expected` are its items now; none where nothing is written (`~`) or it is
/// empty. A list that is `new` already changes nothing.
///
/// # Errors
/// When the text is not plain YAML within limits, something else stands there than expected, or old and new text do not
/// differ in exactly this list for `serde_yaml`. Names the line and what to do.
pub fn set(text: &str, path: &[&str], expected: &[String], new: &[String]) -> Result<String> {
    let name = path.join(".");
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let source = &text[bom..];
    let root = tree::parse(source)?.context("the file holds no values; write the first one by hand")?;
    let (parents, last) = path.split_at(path.len().saturating_sub(1));
    let map = walk(&root, parents).with_context(|| format!("'{name}' is not there; write it by hand"))?;
    let Kind::Map { entries, flow: false } = &map.kind else {
        bail!("line {}: '{name}' cannot be changed here; change it by hand", map.line)
    };
    let entry = entries.iter().find(|(key, _)| key.text() == last.first().copied());
    let (key, node) = entry.with_context(|| format!("'{name}' is not there; write it by hand"))?;
    let line = node.line;
    ensure!(
        !node.alias && !node.adorned,
        "line {line}: '{name}' is an alias or has a tag; change it by hand"
    );
    let now = items(node)
        .with_context(|| format!("line {line}: '{name}' is no list of texts; change it by hand"))?;
    if now == new {
        return Ok(text.to_owned());
    }
    ensure!(now == expected, "line {line}: somebody changed '{name}' in the meantime; look again");
    let (range, with) = splice(source, key, node, &now, new)
        .with_context(|| format!("line {line}: '{name}' is written in an unusual way; change it by hand"))?;
    let out = format!("{}{with}{}", &source[..range.start], &source[range.end..]);
    prove(source, &out, &root, path, new).map_err(|why| {
        anyhow!("line {line}: '{name}' cannot be changed safely, {why:#}; change it by hand")
    })?;
    Ok(format!("{}{out}", &text[..bom]))
}

/// The texts of a list; none of what is no value at all.
fn items(node: &Node) -> Option<Vec<String>> {
    match &node.kind {
        Kind::Scalar { text, style: Style::Plain } if matches!(text.as_str(), "" | "~" | "null") => {
            Some(Vec::new())
        }
        Kind::List { items, .. } => {
            items.iter().map(|item| item.text().map(str::to_owned).filter(|_| !item.alias)).collect()
        }
        _ => None,
    }
}

/// Which bytes are replaced with what.
fn splice(
    source: &str,
    key: &Node,
    node: &Node,
    now: &[String],
    new: &[String],
) -> Option<(Range<usize>, String)> {
    let newline = if source.contains("\r\n") { "\r\n" } else { "\n" };
    let block = matches!(&node.kind, Kind::List { flow: false, .. });
    let column = if block { list_column(source, node)? } else { key.column };
    let written = |all: &[String]| -> String {
        let line = |text: &String| {
            format!("{newline}{}- {}", " ".repeat(column), scalar::written(text, None, false))
        };
        all.iter().map(line).collect()
    };
    // The value begins behind the colon, whatever stands there now.
    let colon = skip_blank(source, key.span.end);
    source.get(colon..)?.starts_with(':').then_some(())?;
    let Kind::List { items, flow: false } = &node.kind else {
        let end = if node.span.is_empty() { colon + 1 } else { node.span.end };
        return Some((colon + 1..end, if new.is_empty() { " []".to_owned() } else { written(new) }));
    };
    let same = now.iter().zip(new).take_while(|(now, new)| now == new).count();
    if new.is_empty() {
        return Some((colon + 1..last_content(node), " []".to_owned()));
    }
    let start = match same.checked_sub(1) {
        None => colon + 1,
        Some(last) => {
            // A remark behind the last one that stays is its own.
            let end = last_content(&items[last]);
            end + source[end..].find('\n').unwrap_or(source.len() - end)
        }
    };
    let start = if source[..start].ends_with('\r') { start - 1 } else { start };
    Some((start..last_content(node).max(start), written(&new[same..])))
}

/// Both parsers must see the old tree with exactly this list changed.
fn prove(old: &str, new: &str, root: &Node, path: &[&str], list: &[String]) -> Result<()> {
    let after = tree::parse(new)?.context("nothing would be left")?;
    let seen = walk(&after, path).and_then(items);
    ensure!(seen.as_deref() == Some(list), "the new list would read differently");
    ensure!(same_elsewhere(root, &after, path), "a value elsewhere would change with it (an alias?)");
    let mut wanted: Value = serde_yaml::from_str(old)?;
    let texts = list.iter().map(|text| Value::String(text.clone())).collect();
    change(&mut wanted, root, path, Value::Sequence(texts))?;
    ensure!(wanted == serde_yaml::from_str::<Value>(new)?, "two readers of YAML read the result differently");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    fn changed(value: &str, from: &[&str], to: &[&str]) -> Result<String> {
        let text = format!("# top\na:\n  other: 'yes'   # stays\n  rules:{value}\nb: 0123\n");
        let out = set(&text, &["a", "rules"], &texts(from), &texts(to))?;
        let head = "# top\na:\n  other: 'yes'   # stays\n  rules:";
        assert!(out.starts_with(head) && out.ends_with("\nb: 0123\n"), "{out}");
        Ok(out[head.len()..out.len() - "\nb: 0123\n".len()].to_owned())
    }

    #[test]
    fn a_list_begins_where_nothing_was() {
        for nothing in [" ~", "", " null", " []", " [ ]"] {
            let out = changed(nothing, &[], &["-A INPUT -p tcp -j ACCEPT", "x: 'y' # z"]).unwrap();
            assert_eq!(out, "\n  - -A INPUT -p tcp -j ACCEPT\n  - 'x: ''y'' # z'", "{nothing:?}");
        }
    }

    #[test]
    fn what_stays_at_the_head_keeps_its_bytes() {
        let value = "\n    - \"theirs\"   # by hand\n    - ours 1\n    - ours 2";
        let out = changed(value, &["theirs", "ours 1", "ours 2"], &["theirs", "ours 3"]).unwrap();
        assert_eq!(out, "\n    - \"theirs\"   # by hand\n    - ours 3");
        let out = changed(value, &["theirs", "ours 1", "ours 2"], &["theirs"]).unwrap();
        assert_eq!(out, "\n    - \"theirs\"   # by hand");
        let out = changed("\n  - a\n  - b", &["a", "b"], &[]).unwrap();
        assert_eq!(out, " []");
        let out = changed(" ['a', b]", &["a", "b"], &["c"]).unwrap();
        assert_eq!(out, "\n  - c");
        assert_eq!(changed("\n  - a", &["a"], &["a"]).unwrap(), "\n  - a");
        assert_eq!(changed("\n  - b", &["a"], &["b"]).unwrap(), "\n  - b", "it is so already");
    }

    #[test]
    fn what_is_no_such_list_is_refused_with_its_line() {
        for (value, from, why) in [
            ("\n  - a", &["b"][..], "line 5: somebody changed 'a.rules'"),
            ("\n  - a: 1", &[], "no list of texts"),
            (" text", &[], "no list of texts"),
            (" &x []", &[], "an alias or has a tag"),
        ] {
            let told = format!("{:#}", changed(value, from, &["new"]).unwrap_err());
            assert!(told.contains(why), "{value}: {told}");
        }
        assert!(set("a: 1\n", &["b"], &[], &texts(&["x"])).is_err());
        assert!(set("a: {b: []}\n", &["a", "b"], &[], &texts(&["x"])).is_err());
    }

    #[test]
    fn line_ends_of_another_system_stay() {
        let text = "a:\r\n  - x # y\r\nb: 1\r\n";
        let out = set(text, &["a"], &texts(&["x"]), &texts(&["x", "z"])).unwrap();
        assert_eq!(out, "a:\r\n  - x # y\r\n  - z\r\nb: 1\r\n");
    }
}
