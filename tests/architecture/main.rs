//! The house rules, kept by reading the source: which room may import which, who may touch the machine,
//! how files are named and how long they get. Test code (`#[cfg(test)]`, `tests.rs`) is exempt where it says so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod circles;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Rooms from the cellar up. A room imports only from floors below its own.
const FLOORS: &[&[&str]] = &[
    &["known", "yaml"],
    &["secret", "finding"],
    &["executor"],
    &["host"],
    &["ngcp"],
    &["plan"],
    &["runner", "demo"],
    &["steps"],
    &["platform"],
    &["unattended"],
    &["wizard"],
    &["effects"],
    &["ui"],
    &["line_mode"],
    &["terminal"],
    &["commands"],
];

/// Lines of a file that still reads as one thing.
const LONGEST: usize = 420;
/// Files longer than that, with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

const EMPTY_NAMES: &[&str] =
    &["util", "utils", "helper", "helpers", "manager", "common", "misc", "data", "info"];

/// A file of `src/`, without comments and without test code.
struct Source {
    /// Below `src/`.
    path: String,
    code: String,
}

impl Source {
    /// The folder or file directly below `src/`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep the file lies: 1 for `ui/mod.rs` and `finding.rs`, 2 for `ui/theme.rs`.
    fn depth(&self) -> usize {
        self.path.split('/').count() - usize::from(self.path.ends_with("/mod.rs"))
    }

    fn is_in(&self, rooms: &[&str]) -> bool {
        rooms.contains(&self.room())
    }
}

fn files_below(dir: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut files);
    files.sort();
    files
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("_tests.rs") || path.contains("/tests/")
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources: Vec<Source> = files_below("src")
        .into_iter()
        .map(|file| Source {
            path: file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned(),
            code: production_code(&fs::read_to_string(&file).unwrap()),
        })
        .filter(|source| !is_test_file(&source.path))
        .collect();
    assert!(sources.len() > 10, "the source was not found");
    sources
}

/// Drops comment lines and every item behind `#[cfg(test)]`. Leans on rustfmt: an item ends with its semicolon or
/// with the closing brace at its own indentation.
fn production_code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        if trimmed.starts_with("#[cfg(test)]") {
            let indent = &line[..line.len() - trimmed.len()];
            for skipped in lines.by_ref() {
                let at_item = skipped.strip_prefix(indent).is_some_and(|rest| !rest.starts_with(' '));
                if at_item && (skipped.ends_with(';') || skipped.ends_with('}')) {
                    break;
                }
            }
            continue;
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// First names behind `prefix` (`crate::`), whether written one by one or in braces.
fn names_behind(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (1, 0);
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' => {}
                    _ => continue,
                }
                if (depth == 1 && c == ',') || depth == 0 {
                    names.insert(identifier(group[start..i].trim_start()));
                    start = i + 1;
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            names.insert(identifier(rest));
        }
    }
    names.remove("");
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Rooms that a file imports from.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut names = names_behind(&source.code, "crate::");
    names.extend(names_behind(&source.code, &"super::".repeat(source.depth())));
    names.extend(names_behind(&source.code, "ngcp_warden::"));
    names.retain(|name| floor(name).is_some() && name != source.room());
    names
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Fails with every offending file at once.
fn none(offences: impl IntoIterator<Item = String>) {
    let offences: Vec<String> = offences.into_iter().collect();
    assert!(offences.is_empty(), "\n  {}\n", offences.join("\n  "));
}

/// Files outside `rooms` whose code contains one of `words`.
fn only_in(rooms: &[&str], words: &[&str]) {
    none(sources().iter().filter(|source| !source.is_in(rooms)).flat_map(|source| {
        words
            .iter()
            .filter(|word| source.code.contains(**word))
            .map(|word| format!("{}: {word} belongs under {}", source.path, rooms.join(", ")))
    }));
}

#[test]
fn every_room_stands_on_a_floor() {
    none(
        sources()
            .iter()
            .filter(|source| !["main", "lib"].contains(&source.room()) && floor(source.room()).is_none())
            .map(|source| format!("{}: which floor is {} on?", source.path, source.room())),
    );
}

#[test]
fn imports_run_downwards_only() {
    none(sources().iter().filter_map(|source| floor(source.room()).map(|at| (source, at))).flat_map(
        |(source, at)| {
            imports(source)
                .into_iter()
                .filter(move |name| floor(name).is_some_and(|other| other >= at))
                .map(|name| format!("{} imports {name}", source.path))
        },
    ));
}

/// The sample host is chosen by the front end, never by a room in between.
#[test]
fn only_the_front_end_knows_the_demo() {
    none(
        sources()
            .iter()
            .filter(|source| !source.is_in(&["main", "commands"]) && imports(source).contains("demo"))
            .map(|source| source.path.clone()),
    );
}

/// Whoever starts a run lends it a platform. Its tests keep to that, too.
#[test]
fn the_runner_knows_no_platform() {
    none(files_below("src/runner").into_iter().flat_map(|file| {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let path = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let source = Source { path, code: fs::read_to_string(&file).unwrap() };
        let mut known = imports(&source);
        known.retain(|room| ["ngcp", "host", "steps"].contains(&room.as_str()));
        known.into_iter().map(move |room| format!("{} imports {room}", source.path))
    }));
}

#[test]
fn only_the_screen_knows_the_screen_libraries() {
    only_in(&["ui", "terminal"], &["ratatui::", "crossterm::"]);
}

#[test]
fn only_the_executor_the_journal_and_the_terminal_touch_the_machine() {
    let rooms = ["executor", "runner", "terminal"];
    only_in(&rooms, &["duct::", "rustix::"]);
    only_in(&["executor"], &["sysinfo::"]);
    none(sources().iter().filter(|source| !source.is_in(&rooms)).flat_map(|source| {
        let mut used = names_behind(&source.code, "std::");
        // The exit code is all that main needs of a process.
        let count = |word| source.code.matches(word).count();
        if source.path == "main.rs" && count("process::") == count("process::ExitCode") {
            used.remove("process");
        }
        used.retain(|name| ["fs", "process"].contains(&name.as_str()));
        used.into_iter().map(|name| format!("{} uses std::{name}", source.path))
    }));
}

#[test]
fn only_the_executor_and_the_terminal_ask_the_clock() {
    only_in(
        &["executor", "terminal"],
        &["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "thread::sleep"],
    );
}

/// What is printed goes through one door, which writes out what a terminal would obey.
#[test]
fn only_the_doors_print() {
    let doors = [
        "commands/output.rs",
        "terminal/app.rs",
        "terminal/screen.rs",
        "terminal/lines.rs",
        "terminal/mod.rs",
    ];
    let words = ["println!", "eprintln!", "print!(", "eprint!(", "::stdout()", "::stderr()", ".print()"];
    // A question whether it is a terminal, or the runner's answer through its pipe, shows nobody anything.
    let silent = ["terminal/size.rs", "runner/process.rs"];
    none(sources().iter().filter(|s| !doors.contains(&&*s.path) && !silent.contains(&&*s.path)).flat_map(
        |source| {
            words
                .iter()
                .filter(|word| source.code.contains(**word))
                .map(|word| format!("{}: {word} belongs into commands/output.rs", source.path))
        },
    ));
}

#[test]
fn nobody_starts_a_shell() {
    let words = ["\"sh\"", "\"bash\"", "\"dash\"", "bin/sh\"", "bin/bash\"", "sh -c"];
    // A login shell in an embedded passwd file is data in assets/, not code.
    only_in(&[], &words);
}

#[test]
fn rendering_never_writes_the_model() {
    none(
        sources()
            .iter()
            .filter(|source| source.is_in(&["ui"]) && source.code.contains("&mut Model"))
            .map(|source| source.path.clone()),
    );
}

#[test]
fn every_module_says_what_lives_there() {
    none(files_below("src").into_iter().chain(files_below("tests")).filter_map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        let said = text.lines().next().is_some_and(|line| line.starts_with("//! "));
        (!said && !is_test_file(file.to_str().unwrap())).then(|| file.display().to_string())
    }));
}

#[test]
fn the_readme_shows_only_what_exists() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let rooms = readme.split_whitespace().filter(|word| word.starts_with("src/") && word.ends_with('/'));
    none(links.chain(rooms).filter(|path| !path.contains("://")).filter_map(|path| {
        let there = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists();
        (!there).then(|| format!("README.md names {path}"))
    }));
}

#[test]
fn names_say_something() {
    none(files_below("src").into_iter().chain(files_below("tests")).filter_map(|file| {
        let below = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        let empty = below
            .with_extension("")
            .components()
            .any(|part| EMPTY_NAMES.contains(&part.as_os_str().to_str().unwrap()));
        empty.then(|| below.display().to_string())
    }));
}

#[test]
fn files_are_short() {
    none(files_below("src").into_iter().chain(files_below("tests")).filter_map(|file| {
        let below = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned();
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let listed = LONG_FILES.iter().any(|(path, _)| *path == below);
        (lines > LONGEST && !listed).then(|| format!("{below}: {lines} lines"))
    }));
    none(LONG_FILES.iter().filter_map(|(path, reason)| {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default();
        (text.lines().count() <= LONGEST || reason.is_empty())
            .then(|| format!("{path}: take it off the list"))
    }));
}

#[test]
fn the_reader_of_the_source_sees_what_it_should() {
    let code = "use crate::{a::B, c::{D, E}, f};\nlet x = crate::g::h();\nuse mycrate::z;\n";
    let names: Vec<String> = names_behind(code, "crate::").into_iter().collect();
    assert_eq!(names, ["a", "c", "f", "g"]);
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}\n";
    assert_eq!(production_code(text), "fn a() {}\nfn c() {}\nfn e() {}\n");
}
