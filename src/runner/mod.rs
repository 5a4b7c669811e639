//! Runs one plan on an executor: journal, progress, stop, undo, the confirm timer.
//! The only room besides `executor` and `terminal` that touches files itself: its own journal.

mod action;
mod apply;
mod assess;
mod captured;
mod change;
mod edit;
mod event;
pub mod guard;
mod journal;
mod lock;
mod orphan;
mod output;
mod platform;
pub mod proc_stat;
pub mod process;
mod progress;
mod proof;
mod report;
mod rollback;
mod run;
mod saved;
mod seen;
mod shared;
mod state;
mod targets;
#[cfg(test)]
mod tests;
pub mod undo;

pub use assess::{Assessment, ChangeAssessment, Standing, assess, order};
pub use edit::{Show, apply_edits};
pub use event::{Event, NotKept, Record, RunOutcome};
pub use journal::{
    ChannelJournal, FileJournal, Followed, Follower, History, Journal, MemoryJournal, PassingRuns, Runs,
    State,
};
pub use lock::{Holder, Lock, LockHeld};
pub use orphan::{AtWork, settle, wait};
pub use platform::{Configuration, Platform, Said};
pub use progress::{Progress, Unit};
pub use report::{Report, ReportedChange, taken_back_by};
pub use run::{Order, resume, run};
pub use saved::{Saved, SavedFile, Was};
pub use seen::Seen;
pub use shared::LeftBehind;
pub use state::{ChangeState, Countdown, Ended, JobProgress, OutputLine, RunState, Stage, afterwards};

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use self::journal::trusted;

/// Asks a run for something while it goes on; clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Control {
    stop: Arc<AtomicBool>,
    keep: Arc<AtomicBool>,
    revert: Arc<AtomicBool>,
    /// Where other processes leave their wishes: the directory of the run.
    dir: Option<PathBuf>,
}

impl Control {
    /// Ends the run after the change it is in.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run is to end.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.dir.as_ref().is_some_and(|dir| trusted::has(dir, STOP))
    }

    /// Keeps the guarded change that waits: for a run in the same process, whose screen cannot be cut off.
    pub fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    /// Takes the guarded change that waits back at once.
    pub fn revert(&self) {
        self.revert.store(true, Ordering::Relaxed);
    }

    fn is_kept(&self, change: &str) -> bool {
        let told = |dir: &PathBuf| guard::is_kept(dir, change);
        self.keep.swap(false, Ordering::Relaxed) || self.dir.as_ref().is_some_and(told)
    }

    fn is_reverting(&self) -> bool {
        let told = |dir: &PathBuf| trusted::has(dir, guard::REVERT);
        self.revert.swap(false, Ordering::Relaxed) || self.dir.as_ref().is_some_and(told)
    }

    /// Listens to wishes left in this directory as well.
    fn listening(mut self, dir: Option<&Path>) -> Self {
        self.dir = dir.map(Path::to_owned);
        self
    }

    fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }
}

/// The wish to end a run after the change it is in.
const STOP: &str = "stop";
