//! A run as it is seen: what its records tell, and what only a screen knows, the clock and that nobody works on it.

use std::ops::Deref;

use crate::{
    plan::{Action, Outcome, Undo},
    runner::{Ended, Record, RunState, Stage},
};

/// A run that is or was followed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunView {
    /// What its records tell; read as if it stood here.
    pub state: RunState,
    /// Milliseconds since it began, by the newest beat or record.
    pub elapsed: u64,
    /// Nobody works on it any more. Without an outcome: it was interrupted.
    pub ended: bool,
}

impl Deref for RunView {
    type Target = RunState;

    fn deref(&self) -> &RunState {
        &self.state
    }
}

impl RunView {
    /// A run of that name of which nothing is known yet.
    pub fn new(run: String) -> Self {
        RunView { state: RunState::named(run), ..RunView::default() }
    }

    /// Seconds left until the guarded change is taken back.
    pub fn seconds_left(&self) -> Option<u64> {
        let guard = self.guard.as_ref().filter(|_| !self.ended)?;
        Some(guard.until.saturating_sub(self.elapsed).div_ceil(1000).min(guard.total))
    }

    /// How many of its changes were done by a program and not looked at afterwards.
    pub fn unseen(&self) -> usize {
        let changes = self.plan.iter().flat_map(|plan| plan.changes.iter().zip(&self.changes));
        let unseen = changes.filter(|(change, state)| {
            let looked = !change.proofs.is_empty() || change.undo == Undo::Nothing;
            let done = matches!(state.stage(), Stage::Ended(Ended { outcome: Outcome::Done, .. }));
            matches!(change.action, Action::Run(_)) && !looked && done
        });
        unseen.count()
    }

    /// Takes one record in.
    pub(super) fn take(&mut self, record: &Record) {
        self.state.take(record);
        self.elapsed = self.elapsed.max(self.state.lasted());
    }
}
