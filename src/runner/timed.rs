//! What ends by itself when nobody confirms it: the commands of a guard are told how long it waits.

use std::borrow::Cow;

use super::run::Runner;
use crate::plan::{Action, Change, CommandLine, Guard};

/// For a command that is run where nobody is asked: an undo that is taken back in turn.
const UNGUARDED: u64 = 60;

impl Runner<'_> {
    /// The action with the time of the guard that covers it, or that the operator chose to go without.
    pub(super) fn timed<'c>(&self, change: &Change, action: &'c Action) -> Cow<'c, Action> {
        match action {
            Action::Run(line) => Cow::Owned(Action::Run(self.timed_line(change, line))),
            action => Cow::Borrowed(action),
        }
    }

    /// The same for a command that takes it back.
    pub(super) fn timed_line(&self, change: &Change, line: &CommandLine) -> CommandLine {
        let of_step = |other: &&Change| other.step == change.step;
        let waived = || self.plan.changes.iter().filter(of_step).find_map(|other| other.waived.as_ref());
        let guard: Option<&Guard> = self.plan.guard_over(change).map(|(_, guard)| guard).or_else(waived);
        line.timed(guard.map_or(UNGUARDED, |guard| guard.seconds), self.host().now())
    }
}
