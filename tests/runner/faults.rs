//! What else happens to a host during a run: a full disk, one that turns read-only, a directory swapped for a link,
//! a clock that jumps. A host that can be told to misbehave.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command as Process,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use ngcp_warden::{
    executor::{Command, Executor, Exit, FileChange, Metadata, Pipe, Resources, Sink, System, World},
    platform::Ngcp,
    runner::{self, Control, Event, FileJournal, Journal, LeftBehind, Order, RunOutcome, Runs, Saved},
};

use crate::tree::{self, difference, snapshot, task, undo_here};

/// Calls `before` ahead of every deed, with its number from 1; an error is that deed's.
pub(crate) struct Faulty<'a> {
    pub(crate) inner: &'a dyn Executor,
    pub(crate) before: &'a (dyn Fn(usize) -> io::Result<()> + Sync),
    pub(crate) deeds: AtomicUsize,
    /// Hours that the clock is off.
    pub(crate) off: AtomicI64,
}

impl<'a> Faulty<'a> {
    pub(crate) fn new(inner: &'a dyn Executor, before: &'a (dyn Fn(usize) -> io::Result<()> + Sync)) -> Self {
        Faulty { inner, before, deeds: AtomicUsize::new(0), off: AtomicI64::new(0) }
    }

    fn deed(&self) -> io::Result<()> {
        (self.before)(self.deeds.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl Executor for Faulty<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.inner.read(path)
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.inner.metadata(path)
    }
    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.inner.read_link(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn change(&self, change: &FileChange) -> io::Result<()> {
        self.deed()?;
        self.inner.change(change)
    }
    fn run(&self, command: &Command, sink: &mut dyn Sink) -> io::Result<Exit> {
        self.deed()?;
        self.inner.run(command, sink)
    }
    fn pipe(&self, pipe: &Pipe, sink: &mut dyn Sink) -> io::Result<Vec<Exit>> {
        self.deed()?;
        self.inner.pipe(pipe, sink)
    }
    fn find_program(&self, program: &str) -> Option<PathBuf> {
        self.inner.find_program(program)
    }
    fn resources(&self) -> io::Result<Resources> {
        self.inner.resources()
    }
    fn now(&self) -> Timestamp {
        self.inner.now() - SignedDuration::from_hours(self.off.load(Ordering::SeqCst))
    }
    fn world(&self) -> World {
        self.inner.world()
    }
}

fn well(_: usize) -> io::Result<()> {
    Ok(())
}

/// Tried again where it is busy: what another test starts holds our open files from its fork to its exec.
fn mount(args: &[&str], at: &Path) {
    let mut tries = (0..100).map(|_| Process::new("mount").args(args).arg(at).status().unwrap());
    assert!(tries.any(|done| done.success()), "mount {args:?} needs root");
}

/// A small file system of its own, unmounted when dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn new(size: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "none"], place.path());
        Small(place)
    }

    fn root(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Process::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn order_of_plan() -> Order {
    Order { plan: tree::plan(), ..Order::default() }
}

#[test]
fn a_full_disk_at_any_moment_leaves_a_host_that_can_be_undone_f43() {
    let small = Small::new("8m");
    let root = small.root();
    tree::build(root);
    let before = snapshot(root);
    let ballast = root.join("run/ballast");
    let mut outcomes = std::collections::BTreeMap::new();
    for free in (0..=480).step_by(8) {
        let rest = rustix::fs::statvfs(root).unwrap().f_bavail * 4;
        fs::write(&ballast, vec![b'.'; usize::try_from(rest.saturating_sub(free) * 1024).unwrap()]).unwrap();
        let ended = tree::here(&task(root, tree::plan()), &tree::secrets());
        fs::remove_file(&ballast).unwrap();
        *outcomes
            .entry(ended.as_ref().map_or_else(|why| format!("{why:#}"), |outcome| format!("{outcome:?}")))
            .or_insert(0) += 1;
        let runs = Runs::open(root).unwrap();
        if let Some(run) = runs.names().pop() {
            undo_here(root, &runs, &run);
        }
        assert_eq!(difference(&before, &snapshot(root)), [""; 0], "{free} KiB free, undone");
        fs::remove_dir_all(root.join("var/lib/ngcp-warden")).unwrap();
    }
    println!("full disk: {outcomes:?}");
    assert!(outcomes.len() > 1 && outcomes.contains_key("Done"), "{outcomes:?}");
}

#[test]
fn a_read_only_root_is_refused() {
    let small = Small::new("16m");
    let root = small.root();
    tree::build(root);
    let before = snapshot(root);
    mount(&["-o", "remount,ro"], root);
    let refused = tree::here(&task(root, tree::plan()), &tree::secrets());
    assert!(format!("{:#}", refused.unwrap_err()).contains("Read-only"));
    mount(&["-o", "remount,rw"], root);
    assert_eq!(difference(&before, &snapshot(root)), [""; 0]);
}

#[test]
fn files_that_turn_read_only_during_the_run_are_left_as_they_were() {
    for turn in 1..=16 {
        let place = tempfile::tempdir_in("/dev/shm").unwrap();
        let root = place.path().join("root");
        tree::build(&root);
        let before = snapshot(&root);
        let etc = root.join("etc");
        mount(&["--bind", etc.to_str().unwrap()], &etc);
        let turn_read_only = |deed| {
            if deed == turn {
                mount(&["-o", "remount,bind,ro"], &etc);
            }
            Ok(())
        };
        let host = System::below(&root).unwrap();
        let runs = Runs::open(&root).unwrap();
        let ended = tree::run(&Faulty::new(&host, &turn_read_only), &runs, order_of_plan(), &tree::secrets());
        assert!(Process::new("umount").arg("-l").arg(&etc).status().unwrap().success());
        assert_eq!(ended.unwrap(), RunOutcome::Failed, "turn {turn}");
        undo_here(&root, &runs, &runs.find(None).unwrap());
        assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "turn {turn}");
    }
}

/// A journal whose disk breaks at one of its writes.
struct Breaking {
    inner: FileJournal,
    left: usize,
}

impl Breaking {
    fn write(&mut self) -> io::Result<()> {
        self.left = self.left.saturating_sub(1);
        match self.left {
            0 => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            _ => Ok(()),
        }
    }
}

impl Journal for Breaking {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        self.write()?;
        self.inner.record(at, event)
    }
    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        self.write()?;
        self.inner.save(change, saved)
    }
    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        self.inner.saved(change)
    }
    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        self.inner.left_by(change)
    }
    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        self.write()?;
        self.inner.left(change, left)
    }
}

#[test]
fn a_journal_that_breaks_ends_the_run_at_once_and_it_can_be_undone_later() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let fresh = place.path().join("fresh");
    tree::build(&fresh);
    let before = snapshot(&fresh);
    let mut broken = 0;
    for turn in 1..=70 {
        let own = tempfile::tempdir_in("/dev/shm").unwrap();
        let root = own.path().join("root");
        tree::copy(&fresh, &root);
        let host = System::below(&root).unwrap();
        let runs = Runs::open(&root).unwrap();
        let (run, inner) = runs.create(host.now()).unwrap();
        let order = Order { run: run.clone(), ..order_of_plan() };
        let mut journal = Breaking { inner, left: turn };
        let ended = runner::run(&order, &tree::secrets(), &host, &Ngcp, &mut journal, &Control::default());
        drop(journal);
        broken += usize::from(ended.is_err());
        undo_here(&root, &runs, &run);
        assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "turn {turn}");
    }
    assert!(broken > 40, "{broken}");
}

#[test]
fn a_directory_swapped_for_a_link_during_the_run_leads_nobody_out_f63() {
    for turn in 1..=16 {
        let place = tempfile::tempdir_in("/dev/shm").unwrap();
        let (root, outside) = (place.path().join("root"), place.path().join("outside"));
        tree::build(&root);
        tree::copy(&root.join("etc/ngcp-config"), &outside);
        let (before, theirs) = (snapshot(&root), snapshot(&outside));
        let swap = |deed| {
            if deed == turn {
                fs::rename(root.join("etc/ngcp-config"), root.join("etc/aside"))?;
                std::os::unix::fs::symlink(&outside, root.join("etc/ngcp-config"))?;
            }
            Ok(())
        };
        let host = System::below(&root).unwrap();
        let runs = Runs::open(&root).unwrap();
        let _ = tree::run(&Faulty::new(&host, &swap), &runs, order_of_plan(), &tree::secrets());
        assert_eq!(
            difference(&theirs, &snapshot(&outside)),
            [""; 0],
            "turn {turn}: written outside the root"
        );
        fs::remove_file(root.join("etc/ngcp-config")).unwrap();
        fs::rename(root.join("etc/aside"), root.join("etc/ngcp-config")).unwrap();
        undo_here(&root, &runs, &runs.find(None).unwrap());
        assert_eq!(difference(&before, &snapshot(&root)), [""; 0], "turn {turn}");
    }
}

#[test]
fn a_clock_that_jumps_back_a_year_confuses_neither_run_nor_undo_f79() {
    let place = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = place.path().join("root");
    tree::build(&root);
    let before = snapshot(&root);
    let inner = System::below(&root).unwrap();
    let runs = Runs::open(&root).unwrap();
    let host = Faulty::new(&inner, &well);
    let year = 24 * 365;
    let jump = |deed| {
        if deed == 7 {
            host.off.store(year, Ordering::SeqCst);
        }
        Ok(())
    };
    let jumping = Faulty::new(&host, &jump);
    assert_eq!(tree::run(&jumping, &runs, order_of_plan(), &tree::secrets()).unwrap(), RunOutcome::Done);
    let first = runs.find(None).unwrap();
    let history = runs.history(&first).unwrap();
    assert!(
        history.is_finished() && history.records.first().unwrap().at > history.records.last().unwrap().at
    );
    assert_eq!(tree::undo(&host, &runs, &first).unwrap(), RunOutcome::Done);
    assert_ne!(runs.find(None).unwrap(), first, "the undo is the newest run");
    assert_eq!(difference(&before, &snapshot(&root)), [""; 0]);
}
