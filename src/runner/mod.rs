//! Runs one plan on an executor: journal, progress, stop, undo, the confirm timer.
//! The only room besides `executor` and `terminal` that touches files itself: its own journal.

mod event;

pub use event::{Event, Record, RunOutcome};
