//! The runner is killed and its program works on: whoever settles the run waits for it, or ends it.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    thread,
    time::{Duration, Instant},
};

use ngcp_warden::{
    executor::System,
    plan::{Action, Plan, Touched, Undo},
    runner::{AtWork, Event, Lock, Runs, Standing, State, assess, process, undo},
    secret::Secrets,
};
use rustix::fs::OFlags;

use crate::tree::{self, change, command, difference, snapshot, task};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ngcp-warden");
/// Writes when it is let go, and notes when it is not alone.
const LATE: &str = "#!/bin/sh\n[ -e /srv/busy ] && echo > /srv/beside\necho > /srv/busy\necho at the gate\n\
    cat /srv/gate > /srv/read\necho late > /etc/pw\nmv /srv/busy /srv/idle\n";

/// A run whose runner was killed; its program waits at a gate.
struct CutOff {
    _place: tempfile::TempDir,
    root: PathBuf,
    runs: Runs,
    run: String,
    before: tree::Tree,
    /// The program goes on when this is dropped.
    gate: File,
}

fn cut_off(limit: u64) -> CutOff {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    tree::build(&root);
    let before = snapshot(&root);
    let gate = root.join("srv/gate");
    assert!(Process::new("mkfifo").arg(&gate).status().unwrap().success());
    fs::write(root.join("usr/bin/late"), LATE).unwrap();
    tree::make_executable(&root.join("usr/bin/late"));
    let mut late = command("late", &[]);
    late.limit = limit;
    let mut late = change("a", "late", Action::Run(late), Undo::Files);
    late.touches = vec![Touched::new("/etc/pw")];
    let plan = Plan { changes: vec![late], ..Plan::default() };
    let run = process::launch_with(Path::new(PROGRAM), &task(&root, plan), &Secrets::default()).unwrap();
    let runs = Runs::open(&root).unwrap();
    let mut follower = runs.follow(&run).unwrap();
    while !matches!(follower.wait().unwrap().unwrap().event, Event::Output { .. }) {}
    let holder = Lock::held(&root).unwrap().unwrap().holder.unwrap();
    assert!(Process::new("kill").args(["-9", &holder.pid.to_string()]).status().unwrap().success());
    tree::settle(&runs, &run);
    let held = writer(&gate);
    // The next one finds the gate open.
    fs::rename(&gate, root.join("srv/fifo")).unwrap();
    fs::write(&gate, "").unwrap();
    CutOff { _place: place, root, runs, run, before, gate: held }
}

/// Opens a pipe once somebody reads it.
fn writer(fifo: &Path) -> File {
    let (since, longest) = (Instant::now(), Duration::from_secs(60));
    loop {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::open(fifo, flags, rustix::fs::Mode::empty()) {
            Ok(gate) => return gate.into(),
            Err(error) => assert!(since.elapsed() < longest, "nobody is at the gate: {error}"),
        }
        thread::yield_now();
    }
}

impl CutOff {
    /// Starts the real program and reads what it says first.
    fn warden(&self, args: &[&str]) -> (Child, BufReader<impl Read + use<>>, String) {
        let mut warden = Process::new(PROGRAM);
        warden.arg("--root").arg(&self.root).args(args).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = warden.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        while !first.contains("Waiting") && said.read_line(&mut first).unwrap() > 0 {}
        assert!(first.contains("still at work (process ") && first.contains(", late)"), "{args:?}: {first}");
        (child, said, first)
    }

    /// Lets the program go and waits for whoever waited for it.
    fn let_go(
        self,
        (mut child, mut said, _): (Child, BufReader<impl Read>, String),
    ) -> (PathBuf, impl Sized) {
        assert_eq!(fs::read_to_string(self.root.join("etc/pw")).unwrap(), "root:hash-of-old\n");
        drop(self.gate);
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success(), "{rest}");
        assert!(self.root.join("srv/idle").exists(), "it went on before the program had ended: {rest}");
        assert!(!self.root.join("srv/beside").exists(), "two programs side by side");
        (self.root, self._place)
    }
}

/// What differs from the beginning, but for what this test put there.
fn changed(before: &tree::Tree, root: &Path) -> Vec<String> {
    for ours in
        ["srv/gate", "srv/fifo", "srv/busy", "srv/idle", "srv/read", "usr/bin/late", "tmp/answers.yml"]
    {
        let _ = fs::remove_file(root.join(ours));
    }
    difference(before, &snapshot(root))
}

#[test]
fn an_undo_waits_for_the_program_of_a_killed_runner_and_takes_back_what_it_still_wrote() {
    let cut_off = cut_off(600);
    let before = cut_off.before.clone();
    let undoing = cut_off.warden(&["undo"]);
    let (root, _place) = cut_off.let_go(undoing);
    assert_eq!(changed(&before, &root), [""; 0]);
}

#[test]
fn a_run_goes_on_only_after_the_program_of_its_killed_runner_has_ended() {
    let cut_off = cut_off(600);
    let (runs, run) = (cut_off.runs.clone(), cut_off.run.clone());
    let continuing = cut_off.warden(&["apply", "--continue"]);
    let (root, _place) = cut_off.let_go(continuing);
    assert_eq!(fs::read_to_string(root.join("etc/pw")).unwrap(), "late\n");
    tree::settle(&runs, &run);
    assert_eq!(runs.state(&run).unwrap(), State::Finished);
    assert!(!runs.dir(&run).join("session.json").exists());
}

#[test]
fn nothing_is_settled_planned_or_left_while_the_program_of_a_killed_runner_works() {
    let cut_off = cut_off(600);
    let CutOff { root, runs, run, .. } = &cut_off;
    let host = System::below(root).unwrap();
    assert_eq!(assess(runs, run, &host).unwrap().changes[0].stands, Standing::AtWork);
    assert!(undo::plan(runs, run, &host).unwrap_err().is::<AtWork>());
    assert!(process::leave(root, run, &host).unwrap_err().is::<AtWork>());
    let mut resumed = task(root, Plan::default());
    resumed.order.run.clone_from(run);
    resumed.resume = true;
    let refused = process::launch_with(Path::new(PROGRAM), &resumed, &Secrets::default()).unwrap_err();
    assert!(refused.to_string().contains("still at work"), "{refused}");
    assert_eq!(runs.state(run).unwrap(), State::CutOff);

    let answers = root.join("tmp/answers.yml");
    fs::write(&answers, "schema: 1\n").unwrap();
    let mut apply = Process::new(PROGRAM);
    apply.arg("--root").arg(root).args(["apply", "--answers"]).arg(&answers);
    let refused = apply.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("late: its program is still at work"), "{said}");
    let leaving = cut_off.warden(&["leave"]);
    cut_off.let_go(leaving);
}

#[test]
fn a_program_of_a_killed_runner_that_works_past_its_limit_is_ended() {
    let cut_off = cut_off(5);
    let mut undoing = Process::new(PROGRAM);
    let done = undoing.arg("--root").arg(&cut_off.root).arg("undo").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // Nobody is at the gate any more.
    let gate = OFlags::WRONLY | OFlags::NONBLOCK;
    let opened = rustix::fs::open(cut_off.root.join("srv/fifo"), gate, rustix::fs::Mode::empty());
    assert_eq!(opened.unwrap_err(), rustix::io::Errno::NXIO);
    assert_eq!(changed(&cut_off.before, &cut_off.root), [""; 0]);
}
