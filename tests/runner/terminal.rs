//! A run does not need the terminal it is watched from.

use std::{fs, path::Path, process::Command};

use ngcp_warden::{
    plan::{Action, Plan, Undo},
    runner::{Event, Runs, State, process},
    secret::Secrets,
};
use rustix::process::Signal;

use crate::{
    support::pty::{Start, Terminal},
    tree::{self, change, command, line, task},
};

/// Processor time that a process used so far, in hundredths of a second.
fn processor_time(terminal: &Terminal) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", terminal.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_run_goes_on_when_its_terminal_closes_and_another_one_sees_all_of_it() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    tree::build(&root);
    let gate = root.join("srv/gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    fs::write(root.join("usr/bin/gate"), "#!/bin/sh\necho at the gate\ncat /srv/gate\n").unwrap();
    tree::make_executable(&root.join("usr/bin/gate"));
    let changes = vec![
        line("a", "before the gate", "/etc/issue", Some("Debian"), Some("mine")),
        change("a", "through the gate", Action::Run(command("gate", &[])), Undo::Nothing),
        line("a", "behind the gate", "/etc/motd", Some("welcome"), Some("mine")),
    ];
    let plan = Plan { changes, ..Plan::default() };
    let program = Path::new(env!("CARGO_BIN_EXE_ngcp-warden"));
    let run = process::launch_with(program, &task(&root, plan), &Secrets::default()).unwrap();
    let runs = Runs::open(&root).unwrap();
    let attach = || Start::warden(&["--root", root.to_str().unwrap(), "attach"]).start();

    let mut closed = attach();
    closed.wait("at the gate");
    assert!(processor_time(&closed) <= 10, "following a run costs next to nothing");
    closed.hang_up().end();

    // Who was started by nohup does not hear the signal; that nobody reads any more is enough.
    let deaf = ["-c", "trap '' HUP; exec \"$0\" \"$@\"", program.to_str().unwrap(), "--root"];
    let deaf = [&deaf[..], &[root.to_str().unwrap(), "attach"]].concat();
    let mut closed = Start::program("sh", &deaf).start();
    closed.wait("at the gate");
    assert_eq!(closed.hang_up().end(), 3);
    let mut piped = Command::new(program)
        .args(["--root", root.to_str().unwrap(), "attach"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(piped.stdout.take());
    assert_eq!(piped.wait().unwrap().code(), Some(3), "a pipe that nobody reads");
    assert_eq!(runs.state(&run).unwrap(), State::Live);

    let mut killed = attach();
    killed.wait("at the gate").signal(Signal::KILL);
    killed.end();
    assert_eq!(runs.state(&run).unwrap(), State::Live);

    let mut last = attach();
    last.wait("at the gate");
    fs::write(&gate, "open\n").unwrap();
    assert_eq!(last.end(), 0);
    for wanted in ["before the gate", "through the gate", "open", "behind the gate"] {
        assert!(last.contents().contains(wanted), "{wanted}: {}", last.contents());
    }
    let records = runs.history(&run).unwrap().records;
    assert!(matches!(records.last().unwrap().event, Event::Finished { .. }));
    assert_eq!(fs::read_to_string(root.join("etc/motd")).unwrap(), "mine\n");
}
