//! One question for all that could cut the operator off: silence, a stop, a failure and a killed runner take it back.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::{plan::Guard, runner::run::restore};

const NOTE: &str = "/etc/issue";

/// Two steps, the second of them not guarded, the apply that both need, and what the first does after it.
fn plan() -> Vec<Change> {
    let reload = command("ssh", "reload", "reload", Undo::Again);
    vec![
        line("ssh", "keys", "/etc/motd", "hello", "bye"),
        line("ssh", "config", CONFIG, "port: 1", "port: 2"),
        line("ssh", "settings", "/etc/fstab", "a", "x"),
        line("other", "config", CONFIG, "port: 2", "port: 3"),
        line("other", "note", NOTE, "old", "new"),
        apply(),
        Change { guard: Some(Guard { seconds: 0, what: "SSH logins".into(), steps: Vec::new() }), ..reload },
    ]
}

/// A server that has read its settings, and a configuration tree.
fn guarded_host() -> Simulated {
    host().file(NOTE, "old\n").file("/run/read", "a\nb\n").on(
        "reload",
        |files: &mut Files, _: &crate::executor::Command| {
            let read = files.text("/etc/fstab");
            files.write("/run/read", read);
            "\n"
        },
    )
}

/// Files of the guarded step and the configuration, and what was made of them.
fn state(host: &Simulated) -> Vec<String> {
    ["/etc/motd", CONFIG, "/etc/fstab", "/run/read", "/etc/built"]
        .map(|path| host.files().text(path))
        .to_vec()
}

#[test]
fn silence_takes_all_back_that_one_question_is_about_and_leaves_the_rest() {
    let (host, control) = (guarded_host(), Control::default());
    let before = state(&host);
    let ran = go_with(&host, plan(), &Secrets::default(), &UNSEEING, &control);
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(state(&host), before);
    assert_eq!(host.files().text(NOTE), "new\n", "nobody is cut off by it");
    let waits = |event: &Event| matches!(event, Event::Waiting { change, .. } if change == "ssh.reload");
    assert_eq!(ran.records.iter().filter(|record| waits(&record.event)).count(), 1);

    control.keep();
    let ran = go_with(&guarded_host(), plan(), &Secrets::default(), &UNSEEING, &control);
    assert_eq!(ran.outcome, RunOutcome::Done, "{:?}", ran.records);
}

#[test]
fn what_nobody_was_asked_about_yet_does_not_survive_a_stop_or_a_failure() {
    let stopping = |at| (at, "stopping", RunOutcome::Stopped);
    for (at, program, outcome) in [stopping(2), stopping(4), stopping(6), (4, "bad", RunOutcome::Failed)] {
        let control = Control::default();
        let stopper = control.clone();
        let host = guarded_host().on("stopping", move |_: &mut Files, _: &crate::executor::Command| {
            stopper.stop();
            "done\n"
        });
        let before = state(&host);
        let mut plan = plan();
        plan.insert(at, command("other", "in-between", program, Undo::Nothing));
        let ran = go_with(&host, plan, &Secrets::default(), &UNSEEING, &control);
        assert_eq!(ran.outcome, outcome);
        assert_eq!(state(&host), before, "{program} {at}");
    }
}

#[test]
fn a_guard_whose_own_change_was_so_already_asks_for_the_others_all_the_same() {
    let host = guarded_host();
    let gone = Action::Remove { path: "/etc/not-there".into() };
    let mut last = change("ssh", "gone", gone, Undo::Files);
    last.guard = Some(Guard { seconds: 0, what: "SSH logins".into(), steps: Vec::new() });
    let ran = go(&host, vec![line("ssh", "keys", "/etc/motd", "hello", "bye"), last]);
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text("/etc/motd"), "hello\n");
}

/// Its runner is gone after so many records.
struct Mortal {
    journal: MemoryJournal,
    left: usize,
}

impl Journal for Mortal {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or_else(|| io::Error::other("killed"))?;
        self.journal.record(at, event)
    }
    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        self.journal.save(change, saved)
    }
    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        self.journal.saved(change)
    }
    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        self.journal.left(change, left)
    }
    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        self.journal.left_by(change)
    }
    fn dir(&self) -> Option<&Path> {
        None
    }
}

#[test]
fn whenever_the_runner_is_killed_the_watcher_puts_everything_back_f03() {
    let order = Order { plan: Plan { changes: plan(), ..Plan::default() }, ..Order::default() };
    let secrets = Secrets::default();
    for left in 1.. {
        let host = guarded_host();
        let before = state(&host);
        let mut journal = Mortal { journal: MemoryJournal::default(), left };
        let ran = run(&order, &secrets, &host, &UNSEEING, &mut journal, &Control::default());
        let past = journal.journal.records.clone();
        if past.iter().any(|record| matches!(record.event, Event::Waiting { .. })) {
            assert!(left > 15, "{left} records only");
            break;
        }
        assert!(ran.is_err());
        let mut journal = journal.journal;
        let ended =
            restore(&order, &past, ("ssh.reload", false), &secrets, &host, &UNSEEING, &mut journal).unwrap();
        assert_eq!(ended, RunOutcome::Failed);
        assert_eq!(state(&host), before, "killed after {left} records: {:?}", past.last());
        let note = host.files().text(NOTE);
        assert!(note == "old\n" || note == "new\n", "{note}");
    }
}

/// The record of the question is lost with the power; that it was asked is not.
#[test]
fn who_was_asked_and_kept_silent_is_told_so_also_after_a_power_cut() {
    let order = Order { plan: Plan { changes: plan(), ..Plan::default() }, ..Order::default() };
    let secrets = Secrets::default();
    for (asked, told) in [(true, "nobody confirmed it in time"), (false, "the run was cut off")] {
        let (host, mut journal) = (guarded_host(), MemoryJournal::default());
        run(&order, &secrets, &host, &UNSEEING, &mut journal, &Control::default()).unwrap();
        let began =
            |record: &Record| matches!(&record.event, Event::Before { change } if change == "ssh.reload");
        let last = journal.records.iter().position(began).unwrap();
        let past: Vec<Record> = journal.records.drain(..=last).collect();
        journal.records.clear();
        restore(&order, &past, ("ssh.reload", asked), &secrets, &host, &UNSEEING, &mut journal).unwrap();
        let said = journal.records.iter().find_map(|record| match &record.event {
            Event::After { change, message, .. } if change == "ssh.reload" => Some(message.clone()),
            _ => None,
        });
        assert!(said.as_ref().unwrap().contains(told), "{said:?}");
    }
}
