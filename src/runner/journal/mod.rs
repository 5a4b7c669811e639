//! Where a run is recorded: in memory, into a channel, or on disk.

mod file;
mod history;
mod line;
mod passing;
#[cfg(test)]
mod planted_tests;
mod store;
#[cfg(test)]
mod tests;
pub(super) mod trusted;

pub use file::FileJournal;
pub(super) use file::{durable, sync};
pub(super) use history::pause;
pub use history::{Followed, Follower, History};
pub use passing::{ChannelJournal, PassingRuns};
pub(super) use store::inside;
pub use store::{Runs, State, taken_back_by};

use std::{collections::BTreeMap, io, path::Path};

use jiff::Timestamp;

use super::{Event, LeftBehind, Record, Saved};

/// Takes the records of one run, and what is needed to take its changes back.
pub trait Journal {
    /// Appends a record. It is durable when this returns, except for output and progress.
    ///
    /// # Errors
    /// When it could not be written; nothing more may be changed then.
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()>;
    /// Keeps what was there before a change. It is durable when this returns.
    ///
    /// # Errors
    /// When it could not be written; the change must not begin then.
    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()>;
    /// What was kept before a change.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    fn saved(&self, change: &str) -> io::Result<Option<Saved>>;
    /// Notes what a change left behind, so that a later undo sees whether somebody else was there since.
    ///
    /// # Errors
    /// When it could not be written.
    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()>;
    /// What a change left behind; `None` when it did not come so far.
    ///
    /// # Errors
    /// When it cannot be read.
    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>>;
    /// The directory of the run, if it has one.
    fn dir(&self) -> Option<&Path> {
        None
    }
    /// Where the report of the run will be, if one is written.
    fn report(&self) -> Option<String> {
        None
    }
}

/// A journal in memory.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    /// What was recorded.
    pub records: Vec<Record>,
    saved: BTreeMap<String, Saved>,
    left: BTreeMap<String, LeftBehind>,
    number: u64,
}

impl MemoryJournal {
    fn next(&mut self, at: Timestamp, event: Event) -> Record {
        self.number += u64::from(!matches!(event, Event::Progress { .. }));
        Record { number: self.number, at, event }
    }
}

impl Journal for MemoryJournal {
    fn record(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        let record = self.next(at, event);
        self.records.push(record);
        Ok(())
    }

    fn save(&mut self, change: &str, saved: &Saved) -> io::Result<()> {
        self.saved.insert(change.to_owned(), saved.clone());
        Ok(())
    }

    fn saved(&self, change: &str) -> io::Result<Option<Saved>> {
        Ok(self.saved.get(change).cloned())
    }

    fn left(&mut self, change: &str, left: &LeftBehind) -> io::Result<()> {
        self.left.insert(change.to_owned(), left.clone());
        Ok(())
    }

    fn left_by(&self, change: &str) -> io::Result<Option<LeftBehind>> {
        Ok(self.left.get(change).cloned())
    }
}
