//! The real binary, line by line: on a pipe, on a terminal that knows nothing, and when a signal comes.

use std::{
    io::{BufReader, Read, Write},
    process::{Command, Stdio},
};

use crate::samples::pty::Start;

const BINARY: &str = env!("CARGO_BIN_EXE_ngcp-warden");

/// Reads until `wanted` was printed; everything read so far.
fn read_until(from: &mut impl Read, wanted: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&seen).ends_with(wanted) {
        assert!(
            from.read(&mut byte).is_ok_and(|n| n == 1),
            "no {wanted:?} in {}",
            String::from_utf8_lossy(&seen)
        );
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// F66, F67: TERM=dumb is enough; the end of input keeps answers and says so with its exit code.
#[test]
fn a_dumb_terminal_gets_lines_without_a_single_escape() {
    let mut child = Command::new(BINARY)
        .arg("--demo")
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"1\n1\nb\nb\n?\nb\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("[DEMO]") && text.contains("Passwords"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_signal_ends_the_session_with_the_answers_kept() {
    for signal in ["TERM", "HUP", "INT"] {
        let mut child = Command::new(BINARY)
            .args(["--demo", "--plain"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        read_until(&mut output, "q quit: ");
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(3), "{signal}");
    }
}

/// S11: what is typed at the question for a password does not come back, and the terminal echoes again afterwards.
#[test]
fn a_password_is_not_echoed() {
    let mut terminal = Start::warden(&["--demo", "--plain"]).size(100, 100).start();
    terminal.wait("q quit:").keys("1\n").wait("to tick");
    // The step with the most critical finding is on top: passwords, the first account.
    terminal.keys("1\n").wait("keep *:");
    let menu = terminal.contents();
    let set = menu.lines().rfind(|line| line.contains(") set")).expect(&menu);
    let number = set.trim_start_matches([' ', '*']).split(')').next().unwrap().to_owned();
    terminal.keys(&format!("{number}\n")).wait("(not shown):");
    terminal.keys("Übergroßer-Kran-88\n").wait("strong").wait("again:");
    terminal.keys("\u{3}");
    assert_eq!(terminal.end(), 3);
    assert!(!String::from_utf8_lossy(&terminal.bytes).contains("Kran"));
    assert_eq!(terminal.settings(), terminal.settings_before());
}
