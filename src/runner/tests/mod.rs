//! The run on a host in memory.

mod applied;
mod between;
mod fake;
mod guarded;
mod others;
mod undone;

use std::{io, path::PathBuf};

use anyhow::Result;

use self::fake::{Fake, UNSEEING};
use super::*;
use crate::{
    executor::{
        Attributes, Executor,
        simulated::{Answer, Files, Simulated},
    },
    finding::{Finding, Severity, Status, StepId},
    plan::{Action, Change, CommandLine, Edit, Outcome, Phase, Plan, Proof, Template, Touched, Undo},
    secret::{Secret, SecretForm, Secrets},
};

fn change(step: &'static str, name: &str, action: Action, undo: Undo) -> Change {
    let phase = match (&action, &undo) {
        (Action::Apply { .. }, _) => Phase::Apply,
        (_, Undo::Again) => Phase::After,
        _ if action.file().is_some_and(|path| path.starts_with("/etc/ngcp-config")) => Phase::Configure,
        _ => Phase::Before,
    };
    Change::new(&StepId::new(step), name, name, action, undo).in_phase(phase)
}

fn line(step: &'static str, id: &str, path: &str, from: &str, to: &str) -> Change {
    let edit = Edit::line(from, to);
    let action = Action::Edit { path: path.into(), edits: vec![edit], check: None };
    change(step, id, action, Undo::Files)
}

fn command(step: &'static str, id: &str, program: &str, undo: Undo) -> Change {
    change(step, id, Action::Run(CommandLine::new(program, Vec::<String>::new())), undo)
}

fn apply() -> Change {
    change("apply", "apply", Action::Apply { message: "ngcp-warden: test".into() }, Undo::Again)
}

const CONFIG: &str = "/etc/ngcp-config/config.yml";

/// Two files, a configuration tree and an `ngcpcfg` that builds one file from it.
fn host() -> Simulated {
    Simulated::new()
        .file("/etc/fstab", "a\nb\n")
        .file("/etc/motd", "hello\n")
        .file(CONFIG, "port: 1\n")
        .file("/etc/built", "port: 1\n")
        .file("/var/lib/dpkg/status", "")
        .on("ngcpcfg", |files: &mut Files, _: &crate::executor::Command| {
            let config = files.text(CONFIG);
            files.write("/etc/built", config);
            "OK\n"
        })
        .on("good", |_: &mut Files, _: &crate::executor::Command| "fine\n")
        .on("bad", |_: &mut Files, _: &crate::executor::Command| Answer::code(3).error("no such thing"))
}

struct Ran {
    outcome: RunOutcome,
    records: Vec<Record>,
}

impl Ran {
    fn after(&self, id: &str) -> (Outcome, String) {
        let found = self.records.iter().rev().find_map(|record| match &record.event {
            Event::After { change, outcome, message, .. } if change.ends_with(id) => {
                Some((*outcome, message.clone()))
            }
            _ => None,
        });
        found.unwrap()
    }

    fn undone(&self) -> Vec<&str> {
        let undone = self.records.iter().filter_map(|record| match &record.event {
            Event::Undone { change, outcome: Outcome::Done, .. } => Some(change.as_str()),
            _ => None,
        });
        undone.collect()
    }
}

fn go_with(
    host: &dyn Executor,
    changes: Vec<Change>,
    secrets: &Secrets,
    platform: &dyn Platform,
    control: &Control,
) -> Ran {
    let order = Order { plan: Plan { changes, ..Plan::default() }, ..Order::default() };
    let mut journal = MemoryJournal::default();
    let outcome = run(&order, secrets, host, platform, &mut journal, control).unwrap();
    let numbered = |record: &&Record| !matches!(record.event, Event::Progress { .. });
    let numbers: Vec<u64> = journal.records.iter().filter(numbered).map(|record| record.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    Ran { outcome, records: journal.records }
}

fn go(host: &dyn Executor, changes: Vec<Change>) -> Ran {
    go_with(host, changes, &Secrets::default(), &UNSEEING, &Control::default())
}

#[test]
fn a_plan_is_run_in_order_and_a_second_run_changes_nothing() {
    let host = host();
    let plan = || {
        let path = "/etc/new".into();
        let attributes = Attributes::Exactly { mode: 0o640, uid: 7, gid: 8, modified: None };
        let write = Action::Write { path, content: Template::text("new\n"), attributes };
        vec![
            line("a", "edit", "/etc/fstab", "b", "c"),
            change("a", "write", write, Undo::Files),
            change("b", "remove", Action::Remove { path: "/etc/motd".into() }, Undo::Files),
        ]
    };
    assert_eq!(go(&host, plan()).outcome, RunOutcome::Done);
    let files = host.files();
    assert_eq!(files.text("/etc/fstab"), "a\nc\n");
    let new = files.metadata("/etc/new".as_ref()).unwrap();
    assert_eq!((new.mode, new.uid, new.gid), (0o640, 7, 8));
    assert!(!files.exists("/etc/motd"));
    let again = go(&host, plan());
    assert_eq!(again.outcome, RunOutcome::Unchanged);
    assert_eq!(host.files().changed_since(&files), Vec::<PathBuf>::new());
}

#[test]
fn a_failure_takes_its_own_step_back_and_leaves_completed_steps() {
    let host = host();
    let before = host.files();
    let ran = go(
        &host,
        vec![
            line("a", "one", "/etc/fstab", "a", "x"),
            line("b", "two", "/etc/motd", "hello", "changed"),
            command("b", "three", "bad", Undo::Nothing),
            line("c", "four", "/etc/fstab", "b", "y"),
        ],
    );
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(ran.after("three"), (Outcome::Failed, "exit code 3: no such thing".into()));
    assert_eq!(ran.after("four").0, Outcome::Skipped);
    assert_eq!(host.files().text("/etc/fstab"), "x\nb\n");
    assert_eq!(host.files().text("/etc/motd"), "hello\n");
    let (was, is) =
        (before.metadata("/etc/motd".as_ref()).unwrap(), host.metadata("/etc/motd".as_ref()).unwrap());
    assert_eq!(was, is, "owner, mode and time are as before");
    assert_eq!(ran.undone(), ["b.three", "b.two"]);
}

#[test]
fn configuration_of_completed_steps_is_still_applied_after_a_failure() {
    let host = host();
    let ran = go(
        &host,
        vec![
            line("a", "one", CONFIG, "port: 1", "port: 2"),
            command("b", "two", "bad", Undo::Nothing),
            apply(),
        ],
    );
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text("/etc/built"), "port: 2\n");
    assert_eq!(ran.after("apply").0, Outcome::Done);
}

#[test]
fn a_failed_apply_takes_the_configuration_back_and_applies_the_old_one_f41() {
    let host = host();
    host.fail_program("ngcpcfg", 1, Answer::code(255).error("Error: template broken"));
    let ran = go(
        &host,
        vec![
            line("a", "one", CONFIG, "port: 1", "port: 2"),
            line("a", "two", "/etc/fstab", "a", "x"),
            line("b", "three", CONFIG, "port: 2", "port: 3"),
            apply(),
        ],
    );
    assert_eq!(ran.outcome, RunOutcome::Failed);
    assert_eq!(host.files().text(CONFIG), "port: 1\n");
    assert_eq!(host.files().text("/etc/built"), "port: 1\n");
    assert_eq!(host.files().text("/etc/fstab"), "x\nb\n", "what needs no apply stays");
    assert_eq!(ran.undone(), ["b.three", "a.one", "apply.apply"]);
}

#[test]
fn stopping_ends_after_the_current_change_and_leaves_no_configuration_unapplied() {
    let host = host();
    let control = Control::default();
    let stopper = control.clone();
    let host = host.on("stopping", move |_: &mut Files, _: &crate::executor::Command| {
        stopper.stop();
        "done\n"
    });
    let plan = vec![
        line("a", "one", CONFIG, "port: 1", "port: 2"),
        line("a", "two", "/etc/fstab", "a", "x"),
        command("b", "three", "stopping", Undo::Nothing),
        line("b", "four", "/etc/fstab", "b", "y"),
        apply(),
    ];
    let ran = go_with(&host, plan, &Secrets::default(), &UNSEEING, &control);
    assert_eq!(ran.outcome, RunOutcome::Stopped);
    assert_eq!(ran.after("three").0, Outcome::Done);
    assert_eq!(ran.after("four").0, Outcome::Skipped);
    assert_eq!(host.files().text("/etc/fstab"), "x\nb\n");
    assert_eq!(host.files().text(CONFIG), "port: 1\n");
}

#[test]
fn an_edit_is_refused_when_the_file_changed_since_the_plan_was_made() {
    let host = host().file("/etc/fstab", "other\n");
    let ran = go(&host, vec![line("a", "one", "/etc/fstab", "a", "x")]);
    let (outcome, message) = ran.after("one");
    assert_eq!(outcome, Outcome::Failed);
    assert!(message.contains("changed since the plan was made"), "{message}");
    assert_eq!(host.files().text("/etc/fstab"), "other\n");
}

#[test]
fn what_the_host_program_rejects_is_not_put_in_place_unless_it_rejected_the_old_one_too_f18() {
    let host = host().file("/etc/motd", "hello\n").on(
        "judge",
        |files: &mut Files, command: &crate::executor::Command| match files
            .text(&command.args[0])
            .contains("evil")
        {
            true => Answer::code(1).error("evil line"),
            false => Answer::code(0),
        },
    );
    let judged = |path: &str, from: &str, to: &str| {
        let mut change = line("a", "one", path, from, to);
        if let Action::Edit { check, .. } = &mut change.action {
            *check = Some(CommandLine::new("judge", ["{candidate}"]));
        }
        change
    };
    let ran = go(&host, vec![judged("/etc/motd", "hello", "evil")]);
    assert!(ran.after("one").1.contains("judge does not accept the new /etc/motd: exit code 1: evil line"));
    assert_eq!(host.files().text("/etc/motd"), "hello\n");
    assert_eq!(go(&host, vec![judged("/etc/motd", "hello", "good")]).outcome, RunOutcome::Done);
    host.edit(|files| files.write("/etc/fstab", "evil\nb\n"));
    assert_eq!(go(&host, vec![judged("/etc/fstab", "b", "c")]).outcome, RunOutcome::Done);
    let candidates = host.list("/var/lib/ngcp-warden".as_ref()).unwrap();
    assert!(candidates.is_empty(), "{candidates:?}");
}

#[test]
fn exit_code_0_is_not_believed_and_another_code_is_no_failure_when_the_work_is_seen_done_f74() {
    let host = host()
        .on("liar", |_: &mut Files, _: &crate::executor::Command| "it failed\n")
        .on("pessimist", |_: &mut Files, _: &crate::executor::Command| Answer::code(1).line("success"));
    let printing = |program, text: &str| {
        let mut change = command("a", "one", program, Undo::Nothing);
        change.proofs = vec![Proof::Printed(text.to_owned())];
        change
    };
    assert_eq!(go(&host, vec![printing("liar", "success")]).outcome, RunOutcome::Failed);
    assert_eq!(go(&host, vec![printing("pessimist", "success")]).outcome, RunOutcome::Warning);
    assert_eq!(
        go(&host, vec![command("a", "one", "missing", Undo::Nothing)]).after("one").1,
        "missing is not on this host"
    );
}

#[test]
fn what_was_not_seen_before_the_run_was_cut_off_is_looked_for_when_it_goes_on() {
    let well = |status| {
        let (step, id) = (StepId::new("a"), "WELL".to_owned());
        let (title, evidence) = ("No service takes it".to_owned(), "tried".to_owned());
        let (remedy, handbook) = (String::new(), String::new());
        Fake(vec![Finding {
            id,
            step,
            severity: Severity::High,
            status,
            title,
            evidence,
            remedy,
            handbook,
            field: None,
        }])
    };
    let mut change = line("a", "one", "/etc/motd", "hello", "bye");
    change.proofs = vec![Proof::Finding("WELL".into())];
    let order = Order { plan: Plan { changes: vec![change], ..Plan::default() }, ..Order::default() };
    let (none, control) = (Secrets::default(), Control::default());
    for (status, outcome, left) in
        [(Status::Pass, RunOutcome::Done, "bye\n"), (Status::Fail, RunOutcome::Failed, "hello\n")]
    {
        let (host, mut journal) = (host(), MemoryJournal::default());
        run(&order, &none, &host, &well(Status::Pass), &mut journal, &control).unwrap();
        let began = |record: &Record| matches!(&record.event, Event::Before { .. });
        let last = journal.records.iter().position(began).unwrap();
        let past: Vec<Record> = journal.records.drain(..=last).collect();
        let ended = resume(&order, &past, &none, &host, &well(status), &mut journal, &control).unwrap();
        assert_eq!((ended, host.files().text("/etc/motd").as_str()), (outcome, left));
    }
}

#[test]
fn a_finding_that_still_fails_afterwards_fails_the_change() {
    let host = host();
    let platform = Fake(vec![Finding {
        id: "WELL".into(),
        step: StepId::new("a"),
        severity: Severity::High,
        status: Status::Fail,
        title: "Passwords can be tried over the network".into(),
        evidence: "seen in /etc/motd".into(),
        remedy: String::new(),
        handbook: String::new(),
        field: None,
    }]);
    let mut change = line("a", "one", "/etc/motd", "hello", "bye");
    change.proofs = vec![Proof::Finding("WELL".into())];
    let ran = go_with(&host, vec![change], &Secrets::default(), &platform, &Control::default());
    assert_eq!(ran.after("one").1, "checked: Passwords can be tried over the network: seen in /etc/motd");
    assert_eq!(host.files().text("/etc/motd"), "hello\n", "taken back");
}

#[test]
fn a_captured_state_is_fed_back_and_secrets_stay_out_of_every_record_f62() {
    const CANARY: &str = "Canary-7f3a!Canary";
    let host = host()
        .file("/db", "old-hash")
        .on("dump", |files: &mut Files, _: &crate::executor::Command| files.text("/db"))
        .on("load", |files: &mut Files, command: &crate::executor::Command| {
            let input = command.stdin.as_ref().unwrap().expose_str().unwrap().to_owned();
            files.write("/db", input.clone());
            format!("loaded '{input}' twice: {input}\n")
        });
    let mut load = CommandLine::new("load", Vec::<String>::new());
    load.stdin = Some(Template::default().secret("passwords.db", SecretForm::Verbatim));
    let capture = CommandLine::new("dump", Vec::<String>::new());
    let restore = CommandLine::new("load", Vec::<String>::new());
    let mut set = change("a", "set", Action::Run(load), Undo::Captured { capture, restore });
    set.touches = vec![Touched::new("/db")];
    let mut secrets = Secrets::default();
    secrets.insert("passwords.db", Secret::new(CANARY));
    let plan = vec![set, command("a", "two", "bad", Undo::Nothing)];
    let ran = go_with(&host, plan, &secrets, &UNSEEING, &Control::default());
    assert_eq!(host.files().text("/db"), "old-hash");
    let told = serde_json::to_string(&ran.records).unwrap();
    assert!(!told.contains("Canary"), "{told}");
    assert!(told.contains("loaded '‹…›' twice: ‹…›"), "{told}");
}

#[test]
fn a_full_disk_or_a_read_only_one_changes_nothing_and_says_so() {
    for kind in [io::ErrorKind::StorageFull, io::ErrorKind::ReadOnlyFilesystem] {
        let host = host();
        let before = host.files();
        host.fail_change(2, kind);
        let plan =
            vec![line("a", "one", "/etc/fstab", "a", "x"), line("a", "two", "/etc/motd", "hello", "bye")];
        let ran = go(&host, plan);
        assert_eq!(ran.outcome, RunOutcome::Failed);
        assert!(ran.after("two").1.contains("/etc/motd"), "{:?}", ran.after("two"));
        assert_eq!(host.files().changed_since(&before), Vec::<PathBuf>::new());
    }
}

#[test]
fn what_a_job_tells_of_how_far_it_is_is_no_output_and_is_told_only_so_often() {
    let step = std::time::Duration::from_millis(1);
    let job = move |_: &mut Files, _: &crate::executor::Command| {
        let lines = (1..=2000).map(|done| format!("progress: {done} of 2000 items"));
        lines.fold(Answer::code(0), |answer, line| answer.after(step).error(&line)).error("packed")
    };
    let host = Simulated::new().on("job", job);
    let ran = go(&host, vec![command("a", "job", "job", Undo::Nothing)]);
    let told = |record: &Record| match &record.event {
        Event::Progress { progress, .. } => Some((progress.done, progress.total)),
        _ => None,
    };
    let told: Vec<_> = ran.records.iter().filter_map(told).collect();
    // The clock of this host moves when the program ends. That it is through is always told.
    assert_eq!(told, [(1, Some(2000)), (2000, Some(2000))]);
    let printed = ran.records.iter().filter(|record| matches!(record.event, Event::Output { .. }));
    assert_eq!(printed.count(), 1);
}
