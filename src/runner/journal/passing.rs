//! Runs that end with the process: those of the sample host. They are recorded and taken back as real ones are.

use std::{
    env, fs, io,
    path::PathBuf,
    process,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
};

use anyhow::Result;
use jiff::Timestamp;

use super::{
    super::{Event, LeftBehind, Record, Saved},
    FileJournal, Journal, Runs,
};

/// Runs in a private directory of their own, which is made with the first run and removed at the end.
#[derive(Debug)]
pub struct PassingRuns {
    dir: PathBuf,
}

impl PassingRuns {
    /// None yet.
    pub fn none() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        PassingRuns { dir: env::temp_dir().join(format!("ngcp-warden-demo-{}-{number}", process::id())) }
    }

    /// Those that are there, to look at.
    pub fn look(&self) -> Runs {
        Runs::at(&self.dir)
    }

    /// The same, to begin one.
    ///
    /// # Errors
    /// When the directory cannot be made, or belongs to somebody else.
    pub fn open(&self) -> Result<Runs> {
        Runs::open_at(self.dir.clone())
    }

    /// Forgets all of them.
    pub fn forget(&self) {
        // A run that is still at work may write while the directory is emptied.
        (0..3).any(|_| fs::remove_dir_all(&self.dir).is_ok() || !self.dir.exists());
    }
}

impl Drop for PassingRuns {
    fn drop(&mut self) {
        self.forget();
    }
}

/// A journal that tells what it records: for a run in the same process as its screen, which is gone with it, so that
/// nobody is shown the way to its directory. The run goes on when nobody listens.
#[derive(Debug)]
pub struct ChannelJournal {
    file: FileJournal,
    number: u64,
    sender: mpsc::Sender<Record>,
}

impl ChannelJournal {
    /// Sends every record to `sender` as well.
    pub fn new(file: FileJournal, sender: mpsc::Sender<Record>) -> Self {
        ChannelJournal { file, number: 0, sender }
    }
}

impl Journal for ChannelJournal {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        self.file.record(at, event.clone())?;
        self.number += u64::from(!matches!(event, Event::Progress { .. }));
        let _ = self.sender.send(Record { number: self.number, at, event });
        Ok(())
    }

    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        self.file.save(change, saved)
    }

    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        self.file.saved(change)
    }

    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        self.file.left(change, left)
    }

    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        self.file.left_by(change)
    }
}
