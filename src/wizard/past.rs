//! The runs of this host, as they are known to the wizard.

use super::failure::Failure;
use crate::runner::{Report, State};

/// A run that was recorded on this host.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// What became of it.
    pub state: State,
    /// What it did.
    pub report: Report,
    /// The run that took it back.
    pub undone_by: Option<String>,
}

/// The runs of the past and which one is selected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The newest first; `None` until they were looked at.
    pub runs: Option<Result<Vec<PastRun>, Failure>>,
    /// Place of the selected one.
    pub cursor: usize,
}

impl Past {
    /// Those that are known.
    pub fn known(&self) -> &[PastRun] {
        match &self.runs {
            Some(Ok(runs)) => runs,
            _ => &[],
        }
    }

    /// The selected one.
    pub fn selected(&self) -> Option<&PastRun> {
        self.known().get(self.cursor)
    }
}
