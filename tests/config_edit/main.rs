//! Lossless edits, in bulk: thousands of random changes of one value in a corpus of YAML files and in generated
//! ones, each judged by parsers that took no part in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod judge;
mod random;

use std::{fs, path::Path};

use ngcp_warden::yaml::edit;
use saphyr_parser::ScalarStyle;

use judge::{Scalar, Tally, scalars, tree, walk};
use random::{Random, generated};

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
