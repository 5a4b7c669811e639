//! What is asked of a run while it goes on: in the same process, or by others who leave their wish in its directory.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::journal::trusted;

/// The wish to end a run after the change it is in.
pub(super) const STOP: &str = "stop";
/// The wish to keep a guarded change; holds its id.
pub(super) const KEEP: &str = "keep";
/// The wish to take it back at once.
pub(super) const REVERT: &str = "revert";

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

    pub(super) fn is_kept(&self, change: &str) -> bool {
        let told = |dir: &PathBuf| is_kept(dir, change);
        self.keep.swap(false, Ordering::Relaxed) || self.dir.as_ref().is_some_and(told)
    }

    /// Forgets a wish to keep that is not granted: the watcher of the run would grant it.
    pub(super) fn forget_kept(&self) {
        if let Some(dir) = &self.dir {
            // Where it stays, the run itself still takes the change back.
            let _ = std::fs::remove_file(dir.join(KEEP));
        }
    }

    pub(super) fn is_reverting(&self) -> bool {
        let told = |dir: &PathBuf| trusted::has(dir, REVERT);
        self.revert.swap(false, Ordering::Relaxed) || self.dir.as_ref().is_some_and(told)
    }

    /// Listens to wishes left in this directory as well.
    pub(super) fn listening(mut self, dir: Option<&Path>) -> Self {
        self.dir = dir.map(Path::to_owned);
        self
    }

    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }
}

/// Whether somebody wished to keep this change.
pub(super) fn is_kept(dir: &Path, change: &str) -> bool {
    trusted::read(dir, KEEP, trusted::NOTE).is_ok_and(|id| id == change.as_bytes())
}
