//! Runs one plan on an executor: journal, progress, stop, undo, the confirm timer.
//! The only room besides `executor` and `terminal` that touches files itself: its own journal.

mod action;
mod apply;
mod armed;
mod assess;
mod captured;
mod change;
mod control;
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
mod timed;
pub mod undo;

pub use assess::{Assessment, ChangeAssessment, Standing, assess, order};
pub use control::Control;
pub use edit::{Show, apply_edits};
pub use event::{Event, NotKept, Record, RunOutcome};
pub use journal::{
    ChannelJournal, FileJournal, Followed, Follower, History, Journal, MemoryJournal, PassingRuns, Runs,
    State, taken_back_by,
};
pub use lock::{Holder, Lock, LockHeld};
pub use orphan::{AtWork, settle, wait};
pub use platform::{Configuration, Platform, Said};
pub use progress::{Progress, Unit};
pub use report::{Report, ReportedChange};
pub use run::{Order, resume, run};
pub use saved::{Saved, SavedFile, Was};
pub use seen::Seen;
pub use shared::LeftBehind;
pub use state::{ChangeState, Countdown, Ended, JobProgress, OutputLine, RunState, Stage, afterwards};
