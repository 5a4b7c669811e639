//! What is told of a run that was taken back, and of a plain `undo` after it: asked on a terminal, refused elsewhere.

use std::{fs, path::Path, process::Command as Process};

use ngcp_warden::{
    plan::Plan,
    platform::Ngcp,
    runner::{Control, RunOutcome, Runs, process},
    secret::Secrets,
};

use crate::{
    support::pty::Start,
    tree::{self, line, task},
};

fn warden(root: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Process::new(env!("CARGO_BIN_EXE_ngcp-warden")).arg("--root").arg(root).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A tree with a run that was taken back: the names of the run and of its undo.
fn taken_back(root: &Path) -> (String, String) {
    tree::build(root);
    let changes = vec![line("a", "one", "/etc/issue", Some("Debian"), Some("mine"))];
    let task = task(root, Plan { changes, ..Plan::default() });
    let ran = process::run_here(task, Secrets::default(), &Ngcp, &Control::default()).unwrap();
    assert_eq!(ran, RunOutcome::Done);
    let (code, _, told) = warden(root, &["undo"]);
    assert_eq!((code, issue(root).as_str()), (Some(0), "Debian\n"), "{told}");
    let names = Runs::open(root).unwrap().names();
    (names[0].clone(), names[1].clone())
}

fn issue(root: &Path) -> String {
    fs::read_to_string(root.join("etc/issue")).unwrap()
}

#[test]
fn history_marks_what_was_taken_back_and_nothing_waits_for_a_revert() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    let (run, by) = taken_back(&root);
    let (_, told, _) = warden(&root, &["history"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with(&run) && lines[2].starts_with(&by), "{told}");
    assert_eq!(lines[1].trim(), format!("taken back by run {by}"), "{told}");
    let (_, json, _) = warden(&root, &["history", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["runs"][0]["undone_by"], by.as_str());
    assert_eq!(json["runs"][1].get("undone_by"), None);

    for args in [&["revert"][..], &["revert", &run], &["confirm"]] {
        let (code, _, told) = warden(&root, args);
        assert_eq!(code, Some(1), "{args:?}: {told}");
        assert!(told.contains("Not taken back: ") || told.contains("Not kept: "), "{told}");
    }
    assert_eq!(issue(&root), "Debian\n");
}

#[test]
fn a_second_plain_undo_asks_on_a_terminal_and_is_refused_elsewhere() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    let (run, by) = taken_back(&root);
    let (code, _, told) = warden(&root, &["undo"]);
    assert_eq!(code, Some(2), "{told}");
    let says = format!("run {run} was taken back already, by run {by}");
    assert!(told.contains(&says) && told.contains(&format!("ngcp-warden undo {by}")), "{told}");

    let ask = || Start::warden(&["--root", root.to_str().unwrap(), "undo"]).size(200, 24).start();
    // Standard error in a file: the question would be seen by nobody.
    let script = "exec \"$0\" --root \"$1\" undo 2> \"$1/told\"";
    let program = env!("CARGO_BIN_EXE_ngcp-warden");
    let mut unseen = Start::program("sh", &["-c", script, program, root.to_str().unwrap()]).start();
    assert_eq!(unseen.end(), 2);
    assert!(fs::read_to_string(root.join("told")).unwrap().contains(&says));

    for answer in ["\r", "n\r", "yellow\r", "\u{4}"] {
        let mut asked = ask();
        asked.wait(&format!("Undo run {by}? [y/N]")).keys(answer);
        assert_eq!(asked.end(), 1, "{answer:?}: {}", asked.contents());
        assert!(asked.contents().contains("Nothing was changed."), "{}", asked.contents());
        assert_eq!(issue(&root), "Debian\n", "{answer:?}");
    }
    let mut asked = ask();
    asked.wait(&format!("Undo run {by}? [y/N]")).keys("y\r");
    assert_eq!(asked.end(), 0, "{}", asked.contents());
    assert_eq!(issue(&root), "mine\n");
}
