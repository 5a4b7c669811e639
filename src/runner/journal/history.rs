//! Reads the journal of a run: as a whole, or as it grows. Reading never blocks the run.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::FlockOperation;

use super::{
    super::{Event, Record},
    line,
    trusted::{self, LIMIT, NOTE},
};

pub(super) const JOURNAL: &str = "journal";
/// How far the job under way is: one line, written over the one before it, never synced. In the journal it would grow
/// for as long as the job takes; nobody asks for it when the run is over.
pub(super) const PROGRESS: &str = "progress";
/// How often a growing journal is looked at.
const PAUSE: Duration = Duration::from_millis(60);

/// Everything a journal tells.
#[derive(Debug, Default, PartialEq)]
pub struct History {
    /// In order, without gaps.
    pub records: Vec<Record>,
    /// Whether the last line was cut off in the middle of writing (a power loss).
    pub torn: bool,
    /// Whether something that was written whole is no longer readable: what comes after it is unknown.
    pub damaged: bool,
    /// How many bytes are good.
    pub(super) length: u64,
}

impl History {
    /// Reads the journal in the directory of a run.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn read(dir: &Path) -> io::Result<Self> {
        Ok(Self::parse(&trusted::read(dir, JOURNAL, LIMIT).map_err(|error| named(dir, &error))?))
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut history = History::default();
        for whole in bytes.split_inclusive(|byte| *byte == b'\n') {
            let record = whole.strip_suffix(b"\n").and_then(line::read);
            match record.filter(|record| record.number == history.records.len() as u64 + 1) {
                Some(record) => history.records.push(record),
                None => {
                    let rest = bytes.len() as u64 - history.length;
                    history.torn = rest == whole.len() as u64;
                    history.damaged = !history.torn;
                    break;
                }
            }
            history.length += whole.len() as u64;
        }
        history
    }

    /// Whether the run came to its end.
    pub fn is_finished(&self) -> bool {
        matches!(self.records.last(), Some(Record { event: Event::Finished { .. }, .. }))
    }
}

/// What following a journal brings.
#[derive(Debug, PartialEq)]
pub enum Followed {
    /// The next record.
    Record(Box<Record>),
    /// Nothing new; the run goes on.
    Nothing,
    /// The run ended, all was told.
    Finished,
    /// The runner is gone and the run did not end.
    CutOff,
}

/// Follows the journal of a run from its first record on.
#[derive(Debug)]
pub struct Follower {
    dir: PathBuf,
    file: File,
    /// Everything before it was read.
    read: u64,
    ready: std::collections::VecDeque<Record>,
    finished: bool,
    /// Number of the newest record, and the progress that was told last.
    told: (u64, Option<Record>),
    /// How often the end of the runner is still asked for.
    patience: u32,
}

impl Follower {
    /// Follows the run recorded in `dir`.
    ///
    /// # Errors
    /// When its journal cannot be opened.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let file = trusted::open(dir, JOURNAL).map_err(|error| named(dir, &error))?;
        Ok(Follower {
            dir: dir.to_owned(),
            file,
            read: 0,
            ready: std::collections::VecDeque::new(),
            finished: false,
            told: (0, None),
            patience: 100,
        })
    }

    /// What is new. Never waits.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn poll(&mut self) -> io::Result<Followed> {
        if let Some(record) = self.ready.pop_front() {
            self.finished = matches!(record.event, Event::Finished { .. });
            self.told.0 = record.number;
            return Ok(Followed::Record(Box::new(record)));
        }
        if self.finished {
            // The runner gives the lock back right after its last record; nobody is told "over" before that.
            self.patience = self.patience.saturating_sub(1);
            return Ok(if self.patience > 0 && is_live(&self.file) {
                Followed::Nothing
            } else {
                Followed::Finished
            });
        }
        // Asked before reading: a runner that ends in between has written everything by then.
        let alive = is_live(&self.file);
        self.fill()?;
        match (self.ready.is_empty(), alive) {
            (false, _) => self.poll(),
            (true, true) => Ok(self.progress().map_or(Followed::Nothing, Followed::Record)),
            (true, false) => Ok(Followed::CutOff),
        }
    }

    /// The next record; waits for it without using the processor. `None` at the end; then [`Follower::poll`] tells
    /// which end it was.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn wait(&mut self) -> io::Result<Option<Record>> {
        loop {
            match self.poll()? {
                Followed::Record(record) => return Ok(Some(*record)),
                Followed::Nothing => pause(PAUSE),
                Followed::Finished | Followed::CutOff => return Ok(None),
            }
        }
    }

    /// How far the job under way is, once for each time it told so; never before what led to it.
    fn progress(&mut self) -> Option<Box<Record>> {
        let written = trusted::read(&self.dir, PROGRESS, NOTE).ok()?;
        let record = line::read(written.split(|byte| *byte == b'\n').next()?)?;
        if record.number > self.told.0 || self.told.1.as_ref() == Some(&record) {
            return None;
        }
        self.told.1 = Some(record.clone());
        Some(Box::new(record))
    }

    /// Reads whole lines only: a run that goes on after a power loss drops half of one.
    fn fill(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        (&self.file).take(LIMIT).read_to_end(&mut bytes)?;
        for whole in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(body) = whole.strip_suffix(b"\n") else { break };
            self.read += whole.len() as u64;
            self.ready.extend(line::read(body));
        }
        Ok(())
    }
}

fn named(dir: &Path, error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => io::Error::new(error.kind(), error.to_string()),
        kind => io::Error::new(kind, format!("{}: {error}", dir.join(JOURNAL).display())),
    }
}

/// Waits without asking a clock and without using the processor.
pub(in super::super) fn pause(time: Duration) {
    if let Ok(time) = rustix::event::Timespec::try_from(time) {
        let _ = rustix::event::poll(&mut [], Some(&time));
    }
}

/// Whether the runner that writes this journal lives: it holds a lock on it, which dies with it.
pub(in super::super) fn is_live(journal: &File) -> bool {
    let free = rustix::fs::flock(journal, FlockOperation::NonBlockingLockShared).is_ok();
    if free {
        let _ = rustix::fs::flock(journal, FlockOperation::Unlock);
    }
    !free
}
