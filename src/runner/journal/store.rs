//! Where all runs of a host are recorded: `/var/lib/ngcp-warden/runs/RUN/`, for the owner only.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{DirBuilderExt, MetadataExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use rustix::fs::{Mode, OFlags, ResolveFlags};

use super::{
    super::control::STOP,
    super::{LeftBehind, Report, RunOutcome, Saved},
    FileJournal, History,
    file::{self, durable},
    history::{Follower, JOURNAL, is_live, pause},
    trusted,
};

/// Older runs are forgotten beyond so many.
const KEPT: usize = 100;
/// The newest are kept whatever their age.
const KEPT_ANYHOW: usize = 10;
/// After so long a run is forgotten.
const AGE: SignedDuration = SignedDuration::from_hours(24 * 400);

/// No host comes to more runs than this.
const LAST: u64 = 999_999_999;

/// How long a process may take from its fork to its program.
const INSTANT: Duration = Duration::from_millis(20);

/// All runs of one host.
#[derive(Debug, Clone)]
pub struct Runs {
    dir: PathBuf,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It goes on.
    Live,
    /// It came to its end.
    Finished,
    /// Its runner is gone before the end: a power loss, a kill.
    CutOff,
}

/// Of reports, the oldest first: the run that took this one back, unless that was taken back itself. Only a later run
/// counts, whatever a record claims.
pub fn taken_back_by<'a>(reports: &'a [(State, Report)], run: &str) -> Option<&'a str> {
    use RunOutcome::{Done, Unchanged, Warning};
    let from = reports.iter().position(|(_, report)| report.run == run).map_or(0, |at| at + 1);
    let later = reports.get(from..).unwrap_or_default();
    let back = later.iter().rev().map(|(_, report)| report).find(|report| {
        report.undoes.as_deref() == Some(run)
            && matches!(report.outcome, Some(Done | Warning | Unchanged))
            && taken_back_by(later, &report.run).is_none()
    });
    back.map(|report| report.run.as_str())
}

impl Runs {
    /// The runs of the host below `root`; the place is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or belongs to somebody else.
    pub fn open(root: &Path) -> Result<Self> {
        let dir = Self::place(root)?;
        closed(dir.parent().unwrap_or(&dir))?;
        Self::open_at(dir)
    }

    /// The runs recorded in this directory, which is made if it is not there.
    pub(super) fn open_at(dir: PathBuf) -> Result<Self> {
        closed(&dir)?;
        Ok(Runs { dir })
    }

    /// The runs of the host below `root`, to look at only; there may be none.
    ///
    /// # Errors
    /// When the place cannot be looked at, or belongs to somebody else.
    pub fn look(root: &Path) -> Result<Self> {
        let dir = Self::place(root)?;
        for place in [dir.parent().unwrap_or(&dir), &dir] {
            let Ok(about) = fs::symlink_metadata(place) else { break };
            let roots = [0, rustix::process::geteuid().as_raw()].contains(&about.uid());
            ensure!(
                about.is_dir() && roots,
                "{} is not a directory of root; nothing in it is trusted, remove it",
                place.display()
            );
        }
        Ok(Runs { dir })
    }

    /// The runs recorded in this directory.
    pub fn at(dir: &Path) -> Self {
        Runs { dir: dir.to_owned() }
    }

    fn place(root: &Path) -> Result<PathBuf> {
        Ok(inside(root, "var/lib")?.join("ngcp-warden/runs"))
    }

    /// Where a run is recorded.
    pub fn dir(&self, run: &str) -> PathBuf {
        self.dir.join(run)
    }

    /// Names of all runs whose record can be trusted, the newest last. Their order is that of their numbers: the clock
    /// may have jumped.
    pub fn names(&self) -> Vec<String> {
        let numbered = |name: String| Some((number(&name)?, name));
        let mut names: Vec<(u64, String)> = self.entries().filter_map(numbered).collect();
        names.retain(|(_, name)| {
            let journal = trusted::open(&self.dir(name), JOURNAL);
            !journal.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        });
        names.sort();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// What looks like a run and is not trusted, and why: somebody else may have planted it, or a part of it.
    pub fn untrusted(&self) -> Vec<(String, String)> {
        let told = |name: String| Some((self.trust(&name).err()?.to_string(), name));
        let mut all: Vec<_> = self.entries().filter(|name| dated(name).is_some()).filter_map(told).collect();
        all.sort_by(|(_, one), (_, other)| one.cmp(other));
        all.into_iter().map(|(why, name)| (name, why)).collect()
    }

    /// Looks at everything that is kept of a run.
    fn trust(&self, run: &str) -> io::Result<()> {
        if number(run).is_none() {
            let why = "is not trusted: no run has this number; remove its directory";
            let why = format!("run {} {why}", run.escape_debug());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        trusted::all(&self.dir(run))
    }

    fn entries(&self) -> impl Iterator<Item = String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
    }

    /// The full name of a run given by its name or its number alone; the newest when `name` is `None`.
    ///
    /// # Errors
    /// When there is no such run, or something that is kept of it is not trusted.
    pub fn find(&self, name: Option<&str>) -> Result<String> {
        let names = self.names();
        let found = match name {
            None => names.last(),
            Some(wanted) => means(&names, wanted),
        };
        match (found, name) {
            (Some(found), _) => {
                self.trust(found)?;
                Ok(found.clone())
            }
            (None, None) => bail!("no run was recorded on this host"),
            (None, Some(name)) => {
                let (names, mut why): (Vec<_>, Vec<_>) = self.untrusted().into_iter().unzip();
                match means(&names, name).and_then(|found| names.iter().position(|name| name == found)) {
                    Some(n) => bail!(why.swap_remove(n)),
                    None => bail!("there is no run {name}; ngcp-warden history lists them"),
                }
            }
        }
    }

    /// What became of a run.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub fn state(&self, run: &str) -> io::Result<State> {
        let dir = self.dir(run);
        let journal = trusted::open(&dir, JOURNAL)?;
        // A program that is just being started holds the files of a runner that ended for an instant.
        if (0..5).all(|n| {
            is_live(&journal)
                && (n == 4 || {
                    pause(INSTANT);
                    true
                })
        }) {
            return Ok(State::Live);
        }
        Ok(if History::read(&dir)?.is_finished() { State::Finished } else { State::CutOff })
    }

    /// The newest run in this state.
    pub fn newest(&self, state: State) -> Option<String> {
        self.names().into_iter().rev().find(|run| self.state(run).is_ok_and(|is| is == state))
    }

    /// Everything that was recorded of a run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn history(&self, run: &str) -> io::Result<History> {
        History::read(&self.dir(run))
    }

    /// Follows a run from its first record on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn follow(&self, run: &str) -> io::Result<Follower> {
        Follower::open(&self.dir(run))
    }

    /// What was kept before a change of a run.
    pub(in super::super) fn saved(&self, run: &str, change: &str) -> io::Result<Option<Saved>> {
        file::saved(&self.dir(run), change)
    }

    /// What a change of a run left behind.
    pub(in super::super) fn left(&self, run: &str, change: &str) -> io::Result<Option<LeftBehind>> {
        file::left(&self.dir(run), change)
    }

    /// Every run that can be read, the newest last.
    pub fn reports(&self) -> Vec<(State, Report)> {
        let told =
            |run: String| Some((self.state(&run).ok()?, Report::of(&self.history(&run).ok()?.records)?));
        self.names().into_iter().filter_map(told).collect()
    }

    /// Asks a run of another process to end after the change it is in.
    ///
    /// # Errors
    /// When the wish cannot be left in its directory.
    pub fn stop(&self, run: &str) -> io::Result<()> {
        trusted::directory(&self.dir(run))?;
        durable(&self.dir(run).join(STOP), b"")
    }

    /// A new run: its name `YYYYMMDD-NUMBER` and its journal. Forgets the oldest ones.
    ///
    /// # Errors
    /// When it cannot be recorded (full or read-only disk).
    pub fn create(&self, now: Timestamp) -> Result<(String, FileJournal)> {
        self.forget(now);
        let last = self.names().last().and_then(|name| number(name)).unwrap_or(0);
        // What is not trusted keeps its number, too, and makes no other greater.
        let taken: BTreeSet<u64> = self.entries().filter_map(|name| number(&name)).collect();
        let next =
            (last + 1..=LAST).find(|number| !taken.contains(number)).context("no run number is left")?;
        let name = format!("{}-{next}", now.strftime("%Y%m%d"));
        let journal = FileJournal::create(self.dir(&name))
            .with_context(|| format!("the run cannot be recorded in {}", self.dir.display()))?;
        Ok((name, journal))
    }

    /// Goes on with the journal of a run that was cut off.
    ///
    /// # Errors
    /// When it cannot be read or written, or when it lives.
    pub fn reopen(&self, run: &str) -> Result<(FileJournal, History)> {
        let (journal, history) = FileJournal::reopen(self.dir(run))
            .with_context(|| format!("the record of run {run} cannot be continued"))?;
        ensure!(!history.damaged, "the record of run {run} is damaged; what was done after that is unknown");
        Ok((journal, history))
    }

    fn forget(&self, now: Timestamp) {
        let names = self.names();
        let older = names.iter().rev().skip(KEPT_ANYHOW).enumerate();
        for (n, run) in older {
            let started = || self.history(run).ok()?.records.first().map(|record| record.at);
            let stale = n + KEPT_ANYHOW >= KEPT || started().is_some_and(|at| now.duration_since(at) > AGE);
            if stale && self.state(run).is_ok_and(|state| state == State::Finished) {
                let _ = fs::remove_dir_all(self.dir(run));
            }
        }
    }
}

/// A directory of the host below `root`; links below another root are followed inside it only.
pub(in super::super) fn inside(root: &Path, dir: &str) -> Result<PathBuf> {
    if root == Path::new("/") {
        return Ok(root.join(dir));
    }
    let top = File::open(root).with_context(|| format!("cannot open {}", root.display()))?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let found = rustix::fs::openat2(&top, dir, flags, Mode::empty(), ResolveFlags::IN_ROOT)
        .with_context(|| format!("/{dir} of the tree {} cannot be opened", root.display()))?;
    Ok(fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd()))?)
}

/// What follows the date in the name of a run.
fn dated(name: &str) -> Option<&str> {
    let (date, rest) = name.split_once('-')?;
    (date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

fn number(name: &str) -> Option<u64> {
    let text = dated(name)?;
    text.parse::<u64>().ok().filter(|number| *number <= LAST && number.to_string() == text)
}

/// The one of these runs that somebody means by its name or its number.
fn means<'a>(names: &'a [String], wanted: &str) -> Option<&'a String> {
    let numbered = |name: &&String| dated(name) == Some(wanted);
    names.iter().find(|name| *name == wanted).or_else(|| names.iter().find(numbered))
}

/// A directory for the owner only, made if it is not there.
fn closed(dir: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make {}", dir.display()))
        }
        _ => own(dir),
    }
}

/// Refuses a directory that is a link, belongs to somebody else or can be entered by others.
fn own(dir: &Path) -> Result<()> {
    let about = fs::symlink_metadata(dir)?;
    let mine = about.is_dir() && about.uid() == rustix::process::geteuid().as_raw();
    ensure!(mine, "{} is not a directory of this user; it will not be used", dir.display());
    if about.mode() & 0o077 != 0 {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(dir, mode)
            .with_context(|| format!("cannot close {} to others", dir.display()))?;
    }
    Ok(())
}
