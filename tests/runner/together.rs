//! Several people at once: two runs, two undos, somebody else's edit.

use std::{fs, path::Path, process::Command as Process, thread};

use ngcp_warden::{
    executor::System,
    plan::{Action, Plan, Undo},
    platform::Ngcp,
    runner::{Control, Event, Lock, LockHeld, Order, RunOutcome, Runs, State, process, undo},
    secret::Secrets,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");

use crate::tree::{self, change, command, difference, line, snapshot, task};

/// A run of the real program that waits at a gate, between two edits.
fn gated(root: &Path) -> (Runs, String) {
    let gate = root.join("srv/gate");
    assert!(Process::new("mkfifo").arg(&gate).status().unwrap().success());
    fs::write(root.join("usr/bin/gate"), "#!/bin/sh\necho at the gate\ncat /srv/gate\n").unwrap();
    tree::make_executable(&root.join("usr/bin/gate"));
    let changes = vec![
        line("a", "one", "/etc/issue", Some("Debian"), Some("mine")),
        change("a", "gate", Action::Run(command("gate", &[])), Undo::Nothing),
        line("b", "two", "/etc/motd", Some("welcome"), Some("mine")),
    ];
    let plan = Plan { changes, ..Plan::default() };
    let run = process::launch_with(Path::new(PROGRAM), &task(root, plan), &Secrets::default()).unwrap();
    let runs = Runs::open(root).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    while !matches!(follower.wait().unwrap().unwrap().event, Event::Output { .. }) {}
    (runs, run)
}

fn warden(root: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = Process::new(PROGRAM).arg("--root").arg(root).args(args).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn the_command_line_refuses_while_a_run_lives_and_settles_one_that_was_cut_off() {
    let (_place, root) = place();
    let before = snapshot(&root);
    let (runs, run) = gated(&root);
    let answers = root.join("tmp/answers.yml");
    fs::write(&answers, "schema: 1\n").unwrap();
    let apply = ["apply", "--answers", answers.to_str().unwrap()];
    for args in [&apply[..], &["undo"], &["apply", "--continue"]] {
        let (code, told) = warden(&root, args);
        assert_eq!(code, Some(4), "{args:?}: {told}");
        assert!(told.contains(&run), "{told}");
    }
    let holder = Lock::held(&root).unwrap().unwrap().holder.unwrap();
    assert!(Process::new("kill").args(["-9", &holder.pid.to_string()]).status().unwrap().success());
    fs::write(root.join("srv/gate"), "").unwrap();
    tree::settle(&runs, &run);

    let (code, told) = warden(&root, &apply);
    assert_eq!(code, Some(1), "{told}");
    for line in ["one: done", "two: not begun", "apply --continue"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(warden(&root, &["history"]).1.contains("cut off"));

    let opener = fs::OpenOptions::new().read(true).write(true).open(root.join("srv/gate")).unwrap();
    let other = root.with_file_name("other");
    tree::copy(&root, &other);
    fs::remove_file(other.join("srv/gate")).unwrap();
    fs::write(other.join("srv/gate"), "").unwrap();
    drop(opener);
    let (code, told) = warden(&other, &["apply", "--continue"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(fs::read_to_string(other.join("etc/motd")).unwrap(), "mine\n");

    let (code, told) = warden(&root, &["undo"]);
    assert_eq!(code, Some(0), "{told}");
    for made in ["srv/gate", "usr/bin/gate", "tmp/answers.yml"] {
        fs::remove_file(root.join(made)).unwrap();
    }
    assert_eq!(difference(&before, &snapshot(&root)), [""; 0]);
}

fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    tree::build(&root);
    (place, root)
}

fn go(root: &Path, plan: Plan) -> anyhow::Result<RunOutcome> {
    process::run_here(task(root, plan), tree::secrets(), &Ngcp, &Control::default())
}

#[test]
fn of_many_runs_at_once_one_works_and_the_others_are_told_which_f60() {
    let (_place, root) = place();
    // The first one waits in a program until the test lets it go.
    let fifo = root.join("srv/gate");
    assert!(Process::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::write(root.join("usr/bin/gate"), "#!/bin/sh\ncat /srv/gate\n").unwrap();
    tree::make_executable(&root.join("usr/bin/gate"));
    let slow = Plan {
        changes: vec![change("a", "gate", Action::Run(command("gate", &[])), Undo::Nothing)],
        ..Plan::default()
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| go(&root, slow));
        let gate = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        let runs = Runs::open(&root).unwrap();
        let name = runs.newest(State::Live).unwrap();
        let others: Vec<_> = (0..30).map(|_| scope.spawn(|| go(&root, tree::plan()))).collect();
        for other in others {
            let refused = other.join().unwrap().unwrap_err();
            let held = refused.downcast_ref::<LockHeld>().unwrap();
            let holder = held.holder.as_ref().unwrap();
            assert_eq!((holder.run.as_deref(), holder.pid), (Some(name.as_str()), std::process::id()));
            assert!(held.to_string().contains(&name), "{held}");
        }
        assert_eq!(runs.names().len(), 1);
        drop(gate);
        assert_eq!(first.join().unwrap().unwrap(), RunOutcome::Done);
    });
}

#[test]
fn an_undo_does_not_overwrite_what_somebody_else_changed_since_unless_told_to() {
    let (_place, root) = place();
    let before = snapshot(&root);
    go(&root, tree::plan()).unwrap();
    let theirs = fs::read_to_string(root.join("etc/fstab")).unwrap().replace("noatime", "noatime,theirs");
    fs::write(root.join("etc/fstab"), &theirs).unwrap();
    let host = System::below(&root).unwrap();
    let runs = Runs::open(&root).unwrap();
    let run = runs.find(None).unwrap();
    tree::settle(&runs, &run);
    let undo = undo::plan(&runs, &run, &host).unwrap();
    let foreign: Vec<_> = undo.foreign.iter().map(|edit| edit.what.as_str()).collect();
    assert_eq!(foreign, ["/etc/fstab"]);
    assert!(undo.foreign[0].diff.contains("noatime,theirs"), "{}", undo.foreign[0].diff);

    let ordered = |plan| {
        let order = Order { plan, undoes: Some(run.clone()), ..Order::default() };
        process::Task { root: root.clone(), order, resume: false }
    };
    let (task, secrets) = (ordered(undo.plan), undo.secrets);
    let outcome = process::run_here(task, secrets, &Ngcp, &Control::default()).unwrap();
    assert_eq!(outcome, RunOutcome::Failed);
    assert_eq!(fs::read_to_string(root.join("etc/fstab")).unwrap(), theirs, "the foreign edit is intact");

    let undo = undo::plan(&runs, &run, &host).unwrap().forced();
    let (task, secrets) = (ordered(undo.plan), undo.secrets);
    let outcome = process::run_here(task, secrets, &Ngcp, &Control::default()).unwrap();
    assert_eq!(outcome, RunOutcome::Done);
    assert_eq!(difference(&before, &snapshot(&root)), [""; 0]);
}

#[test]
fn two_people_undo_the_same_run_and_the_second_is_told() {
    let (_place, root) = place();
    go(&root, tree::plan()).unwrap();
    let before = snapshot(&root);
    let host = System::below(&root).unwrap();
    let runs = Runs::open(&root).unwrap();
    let run = runs.find(None).unwrap();
    let planned: Vec<_> = (0..2).map(|_| undo::plan(&runs, &run, &host).unwrap()).collect();
    let mut ended = Vec::new();
    for undo in planned {
        let order = Order { plan: undo.plan, undoes: Some(run.clone()), ..Order::default() };
        let task = process::Task { root: root.clone(), order, resume: false };
        ended.push(tree::here(&task, &undo.secrets));
    }
    assert_eq!(*ended[0].as_ref().unwrap(), RunOutcome::Done);
    let told = format!("{:#}", ended[1].as_ref().unwrap_err());
    assert!(told.contains("taken back already"), "{told}");
    let by = runs.find(None).unwrap();
    assert!(undo::plan(&runs, &run, &host).unwrap_err().to_string().contains(&by));
    // The undo itself can be undone, and the run then once more.
    tree::undo(&host, &runs, &by).unwrap();
    assert_eq!(difference(&before, &snapshot(&root)), [""; 0]);
    undo::plan(&runs, &run, &host).unwrap();
}

#[test]
fn a_run_that_was_cut_off_must_be_settled_before_the_next_one() {
    let (_place, root) = place();
    let runs = Runs::open(&root).unwrap();
    let (cut_off, journal) = runs.create(jiff::Timestamp::UNIX_EPOCH).unwrap();
    drop(journal);
    let refused = go(&root, tree::plan()).unwrap_err().to_string();
    assert!(refused.contains(&cut_off) && refused.contains("cut off"), "{refused}");
    let host = System::below(&root).unwrap();
    process::leave(&root, &cut_off, &host).unwrap();
    assert_eq!(go(&root, tree::plan()).unwrap(), RunOutcome::Done);
}

#[test]
fn a_program_that_is_not_there_or_runs_too_long_fails_its_step_only() {
    let (_place, root) = place();
    fs::write(root.join("usr/bin/forever"), "#!/bin/sh\nwhile true; do :; done\n").unwrap();
    tree::make_executable(&root.join("usr/bin/forever"));
    let mut slow = command("forever", &[]);
    slow.limit = 1;
    let plan = Plan {
        changes: vec![
            line("a", "one", "/etc/issue", Some("Debian"), Some("mine")),
            line("b", "two", "/etc/motd", Some("welcome"), Some("mine")),
            change("b", "slow", Action::Run(slow), Undo::Nothing),
        ],
        ..Plan::default()
    };
    let outcome =
        process::run_here(task(&root, plan), Secrets::default(), &Ngcp, &Control::default()).unwrap();
    assert_eq!(outcome, RunOutcome::Failed);
    let report = Runs::open(&root).unwrap().reports().pop().unwrap().1;
    assert!(report.changes[2].message.contains("took too long"), "{}", report.text());
    assert_eq!(fs::read_to_string(root.join("etc/motd")).unwrap(), "welcome\n");
    assert_eq!(fs::read_to_string(root.join("etc/issue")).unwrap(), "mine\n");
}
