//! The real wizard on a real tree, line by line, with its runner as a process of its own: applied, noted, taken back.

use std::{
    io::{BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::samples::hosts;

/// The wizard with pipes for keyboard and paper.
struct Paper {
    child: Child,
    output: BufReader<ChildStdout>,
    /// Since the last prompt.
    page: String,
}

impl Paper {
    fn new(root: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ngcp-warden"));
        command.arg("--plain").arg("--root").arg(root);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut paper = Paper { child, output, page: String::new() };
        paper.read();
        paper
    }

    /// Reads to the next prompt.
    fn read(&mut self) {
        let (mut seen, mut byte) = (Vec::new(), [0]);
        let prompts = ["q quit: ", "keep *: ", "change nothing: "];
        while !prompts.iter().any(|prompt| seen.ends_with(prompt.as_bytes())) {
            let read = self.output.read(&mut byte).unwrap();
            assert!(read == 1, "it ended: {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        self.page = String::from_utf8(seen).unwrap();
    }

    fn types(&mut self, line: &str) -> &mut Self {
        self.child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        self.read();
        self
    }

    /// Types the number in front of what is offered.
    fn picks(&mut self, words: &str) -> &mut Self {
        let numbered = |line: &str| {
            let (number, text) = line.trim_start_matches([' ', '*']).split_once(") ")?;
            text.starts_with(words).then(|| number.to_owned())
        };
        let number = self.page.lines().find_map(numbered);
        let number = number.unwrap_or_else(|| panic!("no {words:?} in {}", self.page));
        self.types(&number)
    }

    fn shows(&mut self, words: &str) -> &mut Self {
        assert!(self.page.contains(words), "no {words:?} in {}", self.page);
        self
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_new_password_is_set_shown_and_taken_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    hosts::copy("mr13.5", &dir.path().join("host"));
    let root = dir.path().join("host");
    let config = root.join("etc/ngcp-config/config.yml");
    let before = std::fs::read(&config).unwrap();

    let mut paper = Paper::new(&root);
    paper.picks("steps").picks("Passwords");
    while paper.page.ends_with("keep *: ") {
        if paper.page.contains("ngcpsoap:") && paper.page.contains("*3) generate") {
            paper.picks("generate");
        } else {
            paper.types("");
        }
    }
    paper.types("r").shows("config.yml").shows("hash of").picks("apply").picks("Apply now");
    paper.shows("Note them now").shows("ngcpsoap");
    assert_eq!(std::fs::read(&config).unwrap(), before, "nothing is changed before it was noted");
    let made_up = paper.page.lines().map(str::trim).find(|line| line.len() == 24 && !line.contains(' '));
    let made_up = made_up.unwrap_or_else(|| panic!("no password in {}", paper.page)).to_owned();
    paper.picks("noted").picks("They are noted").shows("All changes are done");
    let after = std::fs::read_to_string(&config).unwrap();
    assert_ne!(after.as_bytes(), before, "it was set");
    assert!(!after.contains(&made_up), "only its hash is stored");
    for file in files_below(&root.join("var/lib/ngcp-warden")) {
        // The runner tidies up at its end.
        let Ok(bytes) = std::fs::read(&file) else { continue };
        assert!(!String::from_utf8_lossy(&bytes).contains(&made_up), "{} holds it", file.display());
    }
    paper.picks("result").picks("take it back").shows("Take back run");
    paper.picks("apply").picks("Take it back").shows("is taken back and was seen taken back");
    assert_eq!(std::fs::read(&config).unwrap(), before);
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}
