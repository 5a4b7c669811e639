//! The pages that comments point to: `tests/FAULTS.md` and `src/ngcp/PLATFORM.md` hold what is pointed at.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of `src/` and `tests/` with its text, without this one.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("src"), root().join("tests")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && path != root().join(file!()) {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    assert!(sources.len() > 100, "the source was not found");
    sources
}

/// The number of a fault, in a comment (`F41`) or in the name of a test (`_f41`).
fn fault(word: &str) -> Option<&str> {
    let number = word.strip_prefix(['F', 'f'])?;
    (number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The words of comments, and the parts of the names of functions.
fn marks(text: &str) -> BTreeSet<&str> {
    let mut marks = BTreeSet::new();
    for line in text.lines().map(str::trim_start) {
        if let Some((_, comment)) = line.split_once("//") {
            // F10 is a key.
            let words = comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            marks.extend(words.filter_map(fault).filter(|number| *number != "10"));
        } else if let Some((_, rest)) = line.split_once("fn ") {
            marks.extend(rest.split('(').next().unwrap().split('_').filter_map(fault));
        }
    }
    marks
}

#[test]
fn every_fault_in_the_tree_has_its_line_and_every_line_a_test_that_exists() {
    let page = fs::read_to_string(root().join("tests/FAULTS.md")).unwrap();
    let mut known = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with('-')) {
        let (number, rest) = line.strip_prefix("- **").and_then(|line| line.split_once("** ")).unwrap();
        let number = fault(number).unwrap();
        assert!(known.insert(number), "F{number} stands twice");
        let (sentence, tests) =
            rest.rsplit_once(". `").unwrap_or_else(|| panic!("F{number}: a sentence and its tests"));
        assert!(!sentence.is_empty());
        for test in tests.split(", ") {
            let (file, name) = test.trim_matches('`').split_once("::").unwrap();
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            assert!(source.contains(&format!("fn {name}(")), "F{number}: {test} does not exist");
        }
    }
    for (path, text) in sources() {
        for number in marks(&text) {
            assert!(known.contains(number), "{}: F{number} is not in tests/FAULTS.md", path.display());
        }
    }
}

#[test]
fn every_section_about_the_platform_that_is_pointed_at_exists() {
    let page = fs::read_to_string(root().join("src/ngcp/PLATFORM.md")).unwrap();
    let number = |line: &str| line.split(' ').next().unwrap().trim_end_matches('.').to_owned();
    let sections: BTreeSet<String> =
        page.lines().map(|line| number(line.strip_prefix("## ").unwrap_or(line))).collect();
    let mut pointed = 0;
    for (path, text) in sources() {
        for (at, before) in text.match_indices("PLATFORM.md ") {
            let digits = |c: char| c.is_ascii_digit() || c == '.';
            let rest = &text[at + before.len()..];
            let section = rest[..rest.find(|c| !digits(c)).unwrap()].trim_end_matches('.');
            assert!(sections.contains(section), "{}: PLATFORM.md {section} is not there", path.display());
            pointed += 1;
        }
        for dead in ["facts.md", "(facts ", "Facts 0", "Facts 1", "Facts 2"] {
            assert!(!text.contains(dead), "{}: {dead} leads nowhere", path.display());
        }
    }
    assert!(pointed > 5, "the marks were not found");
}
