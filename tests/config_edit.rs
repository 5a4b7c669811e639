//! Lossless edits, in bulk: thousands of random changes of one value in a corpus of YAML files and in generated
//! ones, each judged by parsers that took no part in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fs, path::Path, str::FromStr};

use ngcp_warden::ngcp::config::edit;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_yaml::Value;
use yaml_edit::{Document, path::YamlPath};

/// Edits that must succeed and be right.
const WANTED: usize = 5_000;

/// What values become: everyday ones, and all that YAML could misread.
const NEW_VALUES: [&str; 34] = [
    "no",
    "yes",
    "5061",
    "0",
    "64M",
    "0123",
    "1e3",
    "~",
    "null",
    "true",
    "",
    " ",
    "x",
    "1.10",
    "192.0.2.1",
    "::1",
    "/etc/ngcp-config/ssl/new.crt",
    "a: b",
    "a #b",
    "it's",
    "\"quoted\"",
    "{SHA}w4zj3mxbmynIQ1jsUEjSkN2z2pk=",
    "[% x %]",
    "- x",
    "*star",
    "&amp",
    "!tag",
    "ä ö ü 日本",
    "two\nlines",
    "tab\there",
    "trailing ",
    ", }",
    "a\\b",
    "2026-11-22",
];

/// Numbers that look random and are the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// A scalar of a file, found without the code under test.
#[derive(Debug, Clone, PartialEq)]
struct Scalar {
    path: Vec<String>,
    text: String,
    style: ScalarStyle,
    /// Its bytes, for the styles where they are simply those of the token.
    bytes: Option<std::ops::Range<usize>>,
}

/// All scalars, in order; `None` when the file is none for this parser.
fn scalars(text: &str) -> Option<Vec<Scalar>> {
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
fn tree(text: &str) -> Option<Value> {
    serde_yaml::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// The value at a path in the independent parser's tree. Keys are compared as they were written.
fn walk<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
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

#[derive(Default)]
struct Tally {
    right: usize,
    agreed: usize,
    unread: usize,
    refused: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// Changes one value of `text` and judges what came out.
    fn edit(&mut self, name: &str, text: &str, scalar: &Scalar, all: &[Scalar], new: &str) {
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

/// A random YAML text: maps, lists, quotes, comments, odd indents, flow parts, either line end, with or without a
/// last newline.
fn generated(random: &mut Random) -> String {
    let mut text = if random.chance(3) { "---\n".to_owned() } else { String::new() };
    block(random, &mut text, 0, 0);
    if random.chance(4) {
        text = text.replace('\n', "\r\n");
    }
    if random.chance(4) {
        text.truncate(text.trim_end().len());
    }
    if random.chance(8) {
        text.insert(0, '\u{feff}');
    }
    text
}

fn block(random: &mut Random, text: &mut String, indent: usize, depth: usize) {
    let pad = " ".repeat(indent);
    for number in 0..=random.below(5) {
        if random.chance(6) {
            *text += &format!("{pad}# comment {number}\n");
        }
        if random.chance(9) {
            text.push('\n');
        }
        let key = format!("{}{number}", random.pick(&["port", "enable", "list_of", "some-key", "x"]));
        match random.below(if depth < 4 { 9 } else { 6 }) {
            0..=5 => {
                let gap = " ".repeat(1 + random.below(3));
                let value = value(random);
                *text += &format!("{pad}{key}:{gap}{value}{}\n", tail(random));
            }
            6 => {
                *text += &format!("{pad}{key}:{}\n", tail(random));
                let step = 1 + random.below(4);
                block(random, text, indent + step, depth + 1);
            }
            7 => {
                *text += &format!("{pad}{key}:\n");
                let inner = if random.chance(2) { pad.clone() } else { format!("{pad}  ") };
                for _ in 0..=random.below(4) {
                    let value = value(random);
                    *text += &format!("{inner}- {value}{}\n", tail(random));
                }
                if random.chance(3) {
                    *text += &format!("{inner}- user: one\n{inner}  pass: 'two'   # three\n");
                }
            }
            _ => {
                let items: Vec<String> =
                    (0..=random.below(3)).map(|i| format!("k{i}: {}", flow_value(random))).collect();
                *text += &format!("{pad}{key}: {{{}}}{}\n", items.join(", "), tail(random));
            }
        }
    }
}

fn tail(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "  # why", " #'x'", "   "])
}

fn value(random: &mut Random) -> &'static str {
    random.pick(&[
        "yes",
        "no",
        "5060",
        "'5060'",
        "\"5060\"",
        "~",
        "''",
        "",
        "64M",
        "plain words",
        "'it''s'",
        "\"a\\tb\"",
        "/etc/path",
        "0123",
        "'# no comment'",
        "a#b",
        "sip:x@y",
        "ä ö",
        "[1, two]",
        "\"x: y\"",
        "1.5",
        "a:b",
    ])
}

fn flow_value(random: &mut Random) -> &'static str {
    random.pick(&["1", "'two'", "\"three\"", "yes", "~", "[a, 'b']", "x y", "''"])
}

#[test]
fn thousands_of_random_edits_change_one_value_each_f39() {
    let mut random = Random(0x5eed_2026_1122);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<(String, String)> = fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yml"))
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 30, "the corpus is not whole");
    let own = files.len();
    files.extend((0..170).map(|i| (format!("generated {i}"), generated(&mut random))));
    let mut tally = Tally::default();
    let mut tried = 0;
    for (name, text) in &files {
        let all = scalars(text).unwrap_or_else(|| panic!("{name} is no YAML:\n{text}"));
        // A path that two scalars share cannot be named.
        let named: Vec<&Scalar> =
            all.iter().filter(|s| all.iter().filter(|other| other.path == s.path).count() == 1).collect();
        if named.is_empty() {
            continue;
        }
        for _ in 0..if name.starts_with("generated") { 24 } else { 45 } {
            let scalar = random.pick(&named);
            let new = random.pick(&NEW_VALUES);
            tried += 1;
            tally.edit(name, text, scalar, &all, new);
        }
    }
    let refused: usize = tally.refused.values().sum();
    println!(
        "{tried} edits of {} files ({own} own): {} right, {refused} refused, {} wrong; yaml-edit agrees on {}, cannot judge {}",
        files.len(),
        tally.right,
        tally.wrong.len(),
        tally.agreed,
        tally.unread
    );
    for (reason, count) in &tally.refused {
        println!("  refused {count:>4}: {reason}");
    }
    for wrong in tally.wrong.iter().take(10) {
        println!("WRONG {wrong}");
    }
    assert!(tally.wrong.is_empty(), "{} edits went wrong", tally.wrong.len());
    assert!(tally.right >= WANTED, "only {} edits were made", tally.right);
    assert!(refused * 20 < tried, "{refused} refusals of {tried} are too many to be of use");
}

/// A change and its opposite give the old bytes back, wherever the value was written in a simple way.
#[test]
fn there_and_back_is_the_same_file() {
    let mut random = Random(0xbac4);
    let mut count = 0;
    for _ in 0..160 {
        let text = generated(&mut random);
        for scalar in scalars(&text).unwrap() {
            let everyday = !scalar.text.is_empty() && scalar.text.bytes().all(|b| b.is_ascii_alphanumeric());
            if !everyday || !matches!(scalar.style, ScalarStyle::Plain | ScalarStyle::SingleQuoted) {
                continue;
            }
            let path: Vec<&str> = scalar.path.iter().map(String::as_str).collect();
            let Ok(there) = edit::set(&text, &path, Some(&scalar.text), "other") else { continue };
            match edit::set(&there, &path, Some("other"), &scalar.text) {
                Ok(back) if back == text => count += 1,
                // 0123 was bare: written anew it is quoted, as it should be.
                Ok(back) => assert_eq!(back.replace("'0123'", "0123"), text.replace("'0123'", "0123")),
                Err(error) => panic!("{path:?}: {error:#}\n{there}"),
            }
        }
    }
    println!("{count} round trips");
    assert!(count > 300);
}

/// Keys are added where they belong and nowhere else.
#[test]
fn added_keys_are_the_only_difference() {
    let mut random = Random(0xadd);
    let mut added = 0;
    for _ in 0..120 {
        let text = generated(&mut random);
        let Some(mut wanted) = tree(&text) else { continue };
        let new = random.pick(&["yes", "5061", "it's", "a: b"]);
        let path: &[&str] = if random.chance(2) { &["added"] } else { &["added", "below"] };
        let out = edit::set(&text, path, None, new).unwrap_or_else(|e| panic!("{e:#}\n{text}"));
        let seen = tree(&out).unwrap();
        let leaf = seen.get("added").unwrap().clone();
        wanted.as_mapping_mut().unwrap().insert("added".into(), leaf);
        assert_eq!(seen, wanted, "{text}\n---\n{out}");
        assert!(out.starts_with(text.trim_end()), "{text}\n---\n{out}");
        added += 1;
    }
    println!("{added} keys added");
}

/// F39, F40: whatever a file holds, an edit is right or refused, never a panic.
#[test]
fn mangled_files_are_edited_right_or_refused() {
    let mut random = Random(0xbad);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| fs::metadata(path).unwrap().len() < 3_000);
    files.sort();
    let pieces = [
        "\t",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "- ",
        "? ",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "|\n",
        ">-\n",
        "#",
        "\n",
        "  ",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "\u{feff}",
        "\u{85}",
        "\u{0}",
        "<<: ",
        ",",
        "\r",
        "@",
        "`",
        "\\",
        "é",
    ];
    let (mut right, mut refused) = (0, 0);
    for round in 0..4_000 {
        let mut text = fs::read_to_string(&files[round % files.len()]).unwrap();
        for _ in 0..=random.below(3) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let at = random.pick(&places);
            match random.below(3) {
                0 => text.insert_str(at, random.pick(&pieces)),
                1 => drop(text.remove(at)),
                _ => text.truncate(at),
            }
            if text.is_empty() {
                text.push('x');
            }
        }
        let path = match scalars(&text).as_deref() {
            Some([]) | None => vec!["a".to_owned()],
            Some(all) => all[random.below(all.len())].path.clone(),
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let new = random.pick(&NEW_VALUES);
        let old = scalars(&text).and_then(|all| all.into_iter().find(|s| s.path == path)).map(|s| s.text);
        match edit::set(&text, &path, old.as_deref(), new) {
            Err(_) => refused += 1,
            Ok(out) if out == text => {}
            Ok(out) => {
                let (old, now) = (tree(&text), tree(&out));
                let mut old = old.unwrap_or_else(|| panic!("libyaml refuses the old text\n{text}"));
                let mut now = now.unwrap_or_else(|| panic!("libyaml refuses the new text\n{out}"));
                let keys: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
                if let (Some(before), Some(after)) = (walk(&mut old, &keys), walk(&mut now, &keys)) {
                    *before = after.clone();
                    assert_eq!(old, now, "{path:?}\n{text}\n---\n{out}");
                }
                right += 1;
            }
        }
    }
    println!("{right} mangled files edited right, {refused} refused");
    assert!(right > 500);
}
