//! Runs that end with the process: those of the sample host. They are recorded and taken back as real ones are.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::Result;

use super::Runs;

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
