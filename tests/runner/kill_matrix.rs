//! The runner is killed with -9 before, inside and after every write of its journal and every deed on the host.

use std::{
    fs,
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command as Process,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use jiff::Timestamp;
use ngcp_warden::{
    executor::{Command, Executor, Exit, FileChange, Metadata, Pipe, Resources, Sink, Stream, System, World},
    platform::Ngcp,
    runner::{
        self, Control, Event, Journal, LeftBehind, Order, RunOutcome, Runs, Saved, Standing, State, assess,
        order, process::Task, undo,
    },
    secret::Secrets,
};

use crate::tree::{self, CANARY, difference, settle, snapshot, undo_here};

static POINT: AtomicUsize = AtomicUsize::new(0);

/// One more point passed; the process ends here when it is its turn.
fn point() {
    if is_turn() {
        die();
    }
}

/// The same in the middle of writing a record: half of it is in the journal.
fn torn_point(dir: &Path) {
    if is_turn() {
        let mut journal = fs::OpenOptions::new().append(true).open(dir.join("journal")).unwrap();
        journal.write_all(br#"{"sum":"0123456789abcdef","record":{"numb"#).unwrap();
        die();
    }
}

fn is_turn() -> bool {
    let turn: usize = std::env::var("KILL_AT").unwrap().parse().unwrap();
    POINT.fetch_add(1, Ordering::SeqCst) + 1 == turn
}

fn die() {
    {
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::KILL).unwrap();
        loop {
            thread::park();
        }
    }
}

fn around<T>(deed: impl FnOnce() -> T) -> T {
    point();
    let done = deed();
    point();
    done
}

struct DeadlyJournal(runner::FileJournal);

impl Journal for DeadlyJournal {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        if matches!(event, Event::Output { .. }) {
            return self.0.record(at, event);
        }
        torn_point(self.0.dir().unwrap());
        let recorded = self.0.record(at, event);
        point();
        recorded
    }
    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        around(|| self.0.save(change, saved))
    }
    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        self.0.saved(change)
    }
    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        self.0.left_by(change)
    }
    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        around(|| self.0.left(change, left))
    }
    fn report(&self) -> Option<String> {
        self.0.report()
    }
}

struct DeadlyHost(System);

/// Dies while the program still runs: at its first output, however many pieces the rest comes in.
struct DeadlySink<'a> {
    sink: &'a mut dyn Sink,
    spoke: bool,
}

impl Sink for DeadlySink<'_> {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        if !std::mem::replace(&mut self.spoke, true) {
            point();
        }
        self.sink.output(stream, bytes);
    }
}

impl Executor for DeadlyHost {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }
    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.read_link(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }
    fn change(&self, change: &FileChange) -> io::Result<()> {
        around(|| self.0.change(change))
    }
    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        around(|| self.0.run(command, &mut DeadlySink { sink, spoke: false }))
    }
    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
        around(|| self.0.pipe(pipe, &mut DeadlySink { sink, spoke: false }))
    }
    fn find_program(&self, program: &str) -> Option<PathBuf> {
        self.0.find_program(program)
    }
    fn resources(&self) -> io::Result<Resources> {
        self.0.resources()
    }
    fn now(&self) -> Timestamp {
        self.0.now()
    }
    fn world(&self) -> World {
        self.0.world()
    }
}

/// Not a test of its own: the process that is killed. It does nothing when a test run comes across it.
#[test]
fn victim() {
    let Ok(root) = std::env::var("KILL_ROOT") else { return };
    let root = Path::new(&root);
    let host = DeadlyHost(System::below(root).unwrap());
    let runs = Runs::open(root).unwrap();
    let (order, secrets) = match std::env::var("KILL_UNDO") {
        Ok(run) => {
            let undo = undo::plan(&runs, &run, &host.0).unwrap();
            (Order { plan: undo.plan, undoes: Some(run), ..Order::default() }, undo.secrets)
        }
        Err(_) => (Order { plan: tree::plan(), ..Order::default() }, tree::secrets()),
    };
    let (run, journal) = runs.create(host.now()).unwrap();
    let order = Order { run, ..order };
    runner::run(&order, &secrets, &host, &Ngcp, &mut DeadlyJournal(journal), &Control::default()).unwrap();
    println!("POINTS {}", POINT.load(Ordering::SeqCst));
}

/// Runs the victim; how many points it passed, or `None` when it was killed.
fn run_victim(root: &Path, kill_at: usize, undo: Option<&str>) -> Option<usize> {
    let mut process = Process::new(std::env::current_exe().unwrap());
    process.args(["--exact", "kill_matrix::victim", "--nocapture", "--test-threads=1"]);
    process.env("KILL_ROOT", root).env("KILL_AT", kill_at.to_string());
    if let Some(run) = undo {
        process.env("KILL_UNDO", run);
    }
    let output = process.output().unwrap();
    // A program that was running goes on to its end, as it does for a real runner.
    while someone_is_in(root) {
        thread::yield_now();
    }
    if output.status.signal() == Some(9) {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let points = text.lines().find_map(|line| line.split("POINTS ").nth(1)?.trim().parse().ok());
    Some(points.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr))))
}

fn someone_is_in(root: &Path) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_link(process.path().join("root")).ok()).any(|at| at == root)
}

fn finish(root: &Path, runs: &Runs, run: &str, secrets: &Secrets) -> RunOutcome {
    settle(runs, run);
    let order = order(&runs.history(run).unwrap()).unwrap();
    let task = Task { root: root.to_owned(), order, resume: true };
    tree::here(&task, secrets).unwrap()
}

/// A directory in memory, so that hundreds of runs with their syncs do not wait for a disk.
fn place() -> tempfile::TempDir {
    let place = tempfile::Builder::new().prefix("kill-matrix-").tempdir_in("/dev/shm").unwrap();
    tree::build(&place.path().join("fresh"));
    place
}

/// What every change shows on the host agrees with the assessment.
fn check_account(root: &Path, runs: &Runs, run: &str, at: usize) {
    let host = System::below(root).unwrap();
    for change in assess(runs, run, &host).unwrap().changes {
        let done = tree::is_done(root, &change.id);
        match &change.stands {
            Standing::After => assert!(done, "point {at}: {} is told as done", change.id),
            Standing::NotBegun | Standing::Before => {
                assert!(!done, "point {at}: {} is told as not done", change.id);
            }
            Standing::Unclear => assert_eq!(change.outcome, None, "point {at}: {}", change.id),
            Standing::AtWork | Standing::Failed => {
                panic!("point {at}: {} is told as {:?}", change.id, change.stands)
            }
            Standing::Neither(paths) => {
                assert_eq!(
                    change.id, "c.password",
                    "point {at}: only a program leaves what is not known before"
                );
                assert_eq!(paths, &[PathBuf::from("/etc/pw")]);
            }
        }
    }
}

fn in_parallel(points: usize, case: impl Fn(usize) + Sync) {
    let next = Mutex::new(1..=points);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(at) = { next.lock().unwrap().next() } {
                    case(at);
                }
            });
        }
    });
}

#[test]
fn whenever_the_runner_is_killed_its_run_can_be_told_undone_and_continued_f03_f58() {
    let place = place();
    let fresh = place.path().join("fresh");
    let before = snapshot(&fresh);
    let unbroken = place.path().join("unbroken");
    tree::copy(&fresh, &unbroken);
    let points = run_victim(&unbroken, 0, None).unwrap();
    let after = snapshot(&unbroken);
    assert!(tree::plan().changes.iter().all(|change| tree::is_done(&unbroken, &change.id)));
    let recovered = AtomicUsize::new(0);
    in_parallel(points, |at| {
        let root = place.path().join(format!("at-{at}"));
        tree::copy(&fresh, &root);
        assert_eq!(run_victim(&root, at, None), None, "not killed at {at}");
        let runs = Runs::open(&root).unwrap();
        let run = runs.find(None).unwrap();
        let history = runs.history(&run).unwrap();
        settle(&runs, &run);
        let finished = history.is_finished();
        assert_eq!(runs.state(&run).unwrap(), if finished { State::Finished } else { State::CutOff });
        if history.records.is_empty() {
            assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "point {at}");
            recovered.fetch_add(1, Ordering::SeqCst);
            fs::remove_dir_all(&root).unwrap();
            return;
        }
        check_account(&root, &runs, &run, at);

        let other = place.path().join(format!("at-{at}-continued"));
        tree::copy(&root, &other);
        if !finished {
            let runs = Runs::open(&other).unwrap();
            assert_eq!(finish(&other, &runs, &run, &tree::secrets()), RunOutcome::Done, "point {at}");
        }
        assert_eq!(difference(&after, &snapshot(&other)), [""; 0], "continued after {at}");
        let runs_there = Runs::open(&other).unwrap();
        undo_here(&other, &runs_there, &run);
        assert_eq!(difference(&before, &snapshot(&other)), [""; 0], "continued after {at}, then undone");

        undo_here(&root, &runs, &run);
        assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "undone after {at}");
        for kept in [&root, &other] {
            let grep =
                Process::new("grep").args(["-rlF", CANARY]).arg(kept.join("var/lib")).output().unwrap();
            let told = String::from_utf8_lossy(&grep.stdout).into_owned();
            let outside = told.lines().find(|path| !path.contains("/saved/"));
            assert_eq!(outside, None, "the password is in no record");
        }
        recovered.fetch_add(1, Ordering::SeqCst);
        for done in [&root, &other] {
            fs::remove_dir_all(done).unwrap();
        }
    });
    let recovered = recovered.into_inner();
    println!("kill matrix: {points} points, {recovered} recovered");
    assert_eq!(points, recovered);
}

#[test]
fn an_undo_that_is_killed_can_be_continued_and_undone_itself() {
    let place = place();
    let fresh = place.path().join("fresh");
    let before = snapshot(&fresh);
    let done = place.path().join("done");
    tree::copy(&fresh, &done);
    run_victim(&done, 0, None).unwrap();
    let after = snapshot(&done);
    let first = Runs::open(&done).unwrap().find(None).unwrap();
    let whole = place.path().join("whole");
    tree::copy(&done, &whole);
    let points = run_victim(&whole, 0, Some(&first)).unwrap();
    assert_eq!(difference(&before, &snapshot(&whole)), [""; 0]);
    let runs = Runs::open(&whole).unwrap();
    undo_here(&whole, &runs, &runs.find(None).unwrap());
    assert_eq!(difference(&after, &snapshot(&whole)), [""; 0], "the undo undone");
    let recovered = AtomicUsize::new(0);
    in_parallel(points, |at| {
        let root = place.path().join(format!("at-{at}"));
        tree::copy(&done, &root);
        assert_eq!(run_victim(&root, at, Some(&first)), None, "not killed at {at}");
        let runs = Runs::open(&root).unwrap();
        let run = runs.find(None).unwrap();
        let history = runs.history(&run).unwrap();
        if history.records.is_empty() {
            assert_eq!(difference(&after, &snapshot(&root)), [""; 0], "point {at}");
        } else if !history.is_finished() {
            let kept = undo::kept_secrets(&runs, &first, &System::below(&root).unwrap()).unwrap();
            finish(&root, &runs, &run, &kept);
            assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "continued after {at}");
        }
        recovered.fetch_add(1, Ordering::SeqCst);
        fs::remove_dir_all(&root).unwrap();
    });
    let recovered = recovered.into_inner();
    println!("kill matrix of an undo: {points} points, {recovered} recovered");
    assert_eq!(points, recovered);
}
