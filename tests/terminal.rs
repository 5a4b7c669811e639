//! The real binary on a real terminal: it takes it over, gives it back whatever happens, and sends what it can draw.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::pty::{Start, Terminal};

/// A wizard on the sample host, with its first page on the screen.
fn demo(start: Start) -> Terminal {
    let mut terminal = start.start();
    terminal.wait("DEMO").wait("Hardening").wait("/ 100").wait("running").wait("quit");
    // Where the line breaks depends on the numbers before it.
    let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    terminal.wait_for("all that was looked at", |screen| {
        let said = words(screen.contents());
        !said.contains("still look") && !said.contains("looking")
    });
    terminal
}

fn quit(mut terminal: Terminal) -> Terminal {
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    terminal
}

#[test]
fn it_takes_the_terminal_and_gives_it_back() {
    let terminal = demo(Start::warden(&["--demo"]));
    assert!(terminal.screen().alternate_screen());
    assert!(terminal.screen().hide_cursor());
    assert_ne!(terminal.settings(), terminal.settings_before());
    quit(terminal).assert_restored();
}

#[test]
fn keys_move_through_the_pages_and_back() {
    let mut terminal = demo(Start::warden(&["--demo"]));
    terminal.keys("?").wait("Help").keys("\x1b").wait_gone("Help").wait("Hardening");
    terminal.keys("?").wait("Help").keys("b").wait("Hardening");
    quit(terminal);
}

/// F66: a link that drops and a polite request to end both leave with 3 and a terminal as it was.
#[test]
fn signals_end_it_with_code_3() {
    for signal in [Signal::HUP, Signal::TERM] {
        let mut terminal = demo(Start::warden(&["--demo"]));
        terminal.signal(signal);
        assert_eq!(terminal.end(), 3, "{signal:?}");
        terminal.assert_restored();
    }
}

/// F67: the terminal goes away and the process ends at once, even where nobody tells it by a signal.
#[test]
fn a_terminal_that_went_away_ends_it_without_load() {
    let mut terminal = demo(Start::warden(&["--demo"]));
    terminal.hang_up();
    assert_eq!(terminal.end(), 3);

    // In a session of its own no SIGHUP comes; a half-typed escape sequence makes other programs spin here.
    let binary = env!("CARGO_BIN_EXE_ngcp-warden");
    let mut terminal = demo(Start::program("setsid", &["--fork", "--wait", binary, "--demo"]));
    let child = only_child(terminal.pid());
    terminal.keys("\x1b[");
    terminal.hang_up();
    let start = Instant::now();
    while let Some(ticks) = cpu_ticks(child) {
        assert!(ticks < 100, "it spins: {ticks} ticks");
        assert!(start.elapsed() < Duration::from_secs(30), "it does not end");
        std::thread::yield_now();
    }
}

fn only_child(pid: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.trim().parse().unwrap()
}

/// User and system time of a living process, in hundredths of a second.
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let time = |index: usize| fields[index].parse::<u64>().unwrap();
    (fields[0] != "Z").then(|| time(11) + time(12))
}

/// F68: a fault of ours, on the screen's thread or another one, is told on a terminal that works.
#[test]
fn a_fault_gives_the_terminal_back() {
    for place in ["screen", "worker"] {
        let mut terminal = demo(Start::warden(&["--demo"]).env("NGCP_WARDEN_FAULT", place));
        terminal.keys("?");
        assert_eq!(terminal.end(), 101, "{place}");
        terminal.assert_restored();
        assert!(terminal.contents().contains("a fault of its own"), "{}", terminal.contents());
    }
}

/// F67: a serial line says 0x0.
#[test]
fn a_terminal_without_a_size_gets_80x24() {
    let mut terminal = Start::warden(&["--demo"]).size(0, 0).start();
    terminal.wait("80x24 is assumed").wait("Hardening");
    quit(terminal).assert_restored();
}

#[test]
fn a_size_can_be_given() {
    let mut terminal = Start::warden(&["--demo", "--size", "60x16"]).start();
    terminal.wait("quit");
    let footer = terminal.screen().contents_between(15, 0, 16, 0);
    assert!(footer.contains("quit"), "{}", terminal.contents());
    quit(terminal);
}

/// F67: the smallest window still leaves a way out, and the page comes back whole.
#[test]
fn resizing_to_nothing_and_back() {
    let mut terminal = demo(Start::warden(&["--demo"]));
    let whole = terminal.contents();
    terminal.resize(1, 1).wait_gone("Hardening");
    terminal.resize(20, 5).wait("too small");
    terminal.resize(300, 100).wait("Hardening");
    terminal.resize(80, 24).wait_for("the page as it was", |screen| screen.contents() == whole);
    quit(terminal).assert_restored();
}

#[test]
fn the_smallest_window_can_be_left() {
    let mut terminal = Start::warden(&["--demo"]).size(20, 3).start();
    terminal.wait("too small").keys("\x03");
    terminal.end();
    terminal.assert_restored();
}

/// F67: whatever is pasted where no text is expected does nothing, and afterwards keys work.
#[test]
fn a_paste_flood_does_nothing() {
    let mut terminal = demo(Start::warden(&["--demo"]));
    let flood = format!("\x1b[200~{}\x1b[201~", "q\r\x03 ".repeat(20_000));
    terminal.keys(&flood).keys("?").wait("Help").keys("b").wait("Hardening");
    quit(terminal).assert_restored();
}

/// F62: what is typed into a secret field, or pasted into it, is in no byte that is sent, on no page.
#[test]
fn a_password_is_never_sent_to_the_terminal() {
    const PASSWORD: &str = "Quokka7-lantern-Drift";
    let mut terminal = demo(Start::warden(&["--demo"]));
    terminal.keys("\r").wait("Passwords").keys("\r").wait("critical").keys("\x1b[D").wait("● set");
    terminal.keys("\t").wait("New password").keys(PASSWORD).wait("strong:").keys("\t");
    terminal.keys(&format!("\x1b[200~{PASSWORD}\x1b[201~")).wait("the same");
    terminal.keys("\x1b[21~").wait("Review").wait("Passwords").keys("\x1b[B\x1b[C").wait("chpasswd");
    terminal.keys("l").wait("Log");
    terminal.keys("q").wait("Leave").keys("\r");
    terminal.end();
    let sent = String::from_utf8_lossy(&terminal.bytes).into_owned();
    for part in [PASSWORD, &PASSWORD[..8], &PASSWORD[8..]] {
        assert!(!sent.contains(part), "{part} was sent");
    }
}

/// With NO_COLOR, and on a terminal that has none, not one colour is sent; what is selected is still to be seen.
#[test]
fn no_colour_means_none() {
    for start in
        [Start::warden(&["--demo"]).env("NO_COLOR", "1"), Start::warden(&["--demo"]).env("TERM", "vt220")]
    {
        let mut terminal = demo(start);
        terminal.keys("\r").wait_for("something selected", |screen| {
            let inverse =
                |row: u16| (0..80).any(|column| screen.cell(row, column).is_some_and(vt100::Cell::inverse));
            (1..23).any(inverse)
        });
        terminal.keys("?").wait("Help").keys("b").keys("\x1b").wait("Hardening");
        let terminal = quit(terminal);
        for code in attributes(&terminal.bytes) {
            assert!(["", "0", "1", "4", "7"].contains(&code.as_str()), "SGR {code}");
        }
    }
}

/// Every parameter of every SGR sequence.
fn attributes(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        (rest.as_bytes()[end] == b'm').then(|| rest[..end].to_owned())
    });
    sequences.flat_map(|codes| codes.split(';').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Hardware terminals get ASCII alone, and no alternate screen; the page is cleared at the end.
#[test]
fn an_old_terminal_gets_what_it_knows() {
    let terminal = demo(Start::warden(&["--demo"]).env("TERM", "vt220"));
    assert!(!terminal.screen().alternate_screen());
    let terminal = quit(terminal);
    assert!(terminal.bytes.is_ascii());
    assert!(terminal.contents().trim().is_empty(), "{}", terminal.contents());
    terminal.assert_restored();
}

/// The Linux console has neither an alternate screen nor check marks.
#[test]
fn the_console_gets_what_its_font_has() {
    let terminal = quit(demo(Start::warden(&["--demo"]).env("TERM", "linux")));
    let text = String::from_utf8_lossy(&terminal.bytes).into_owned();
    let foreign = text.chars().find(|c| *c > '\u{ff}' && !"─│┌┐└┘░▓".contains(*c));
    assert_eq!(foreign, None);
    assert!(!text.contains("\x1b[?1049"));
}

/// Ctrl-Z gives the shell its terminal; fg brings the page back.
#[test]
fn it_stops_and_goes_on_under_a_shell() {
    let mut terminal =
        Start::program("bash", &["--norc", "--noprofile", "-i"]).env("PS1", "prompt> ").start();
    terminal.wait("prompt> ").keys(concat!(env!("CARGO_BIN_EXE_ngcp-warden"), " --demo\r"));
    terminal.wait("Hardening").wait("/ 100");
    terminal
        .keys("\x1a")
        .wait("Stopped")
        .wait_for("the shell's screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
    terminal.keys("fg\r").wait("Hardening").wait_for("the page", vt100::Screen::alternate_screen);
    // Keys typed before the shell has its terminal back would be read by the program that leaves.
    let prompts = |screen: &vt100::Screen| screen.contents().matches("prompt> ").count();
    terminal.keys("q").wait_for("the next prompt", |screen| prompts(screen) == 3).keys("exit\r");
    terminal.end();
}

/// Nothing to draw on: said in words, nothing sent that a pipe would have to carry.
#[test]
fn without_a_terminal_it_says_so() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ngcp-warden"))
        .args(["--demo"])
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a terminal"), "{output:?}");
}
