//! A run as it is seen: a fold over the records of its journal, in whatever order and however often they come.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    finding::{Finding, StepId},
    plan::{Outcome, Plan},
    runner::{Record, RunOutcome},
};

/// A run that is or was followed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunView {
    /// Its name; empty until known.
    pub run: String,
    /// Who started it.
    pub operator: String,
    /// The run that this one takes back.
    pub undoes: Option<String>,
    /// What is done; `None` until the first record.
    pub plan: Option<Arc<Plan>>,
    /// One per change of the plan, in order.
    pub changes: Vec<ChangeView>,
    /// The change under way.
    pub current: Option<usize>,
    /// The newest output lines, oldest first, at most [`super::model::LOG_LIMIT`].
    pub output: VecDeque<OutputLine>,
    /// Milliseconds since it began, by the newest beat or record.
    pub elapsed: u64,
    /// A guarded change waits for the operator.
    pub guard: Option<Countdown>,
    /// Somebody asked to stop.
    pub stopping: bool,
    /// How it ended, when it did.
    pub outcome: Option<RunOutcome>,
    /// Nobody works on it any more. Without an outcome: it was interrupted.
    pub ended: bool,
    /// What was found before.
    pub before: Vec<Finding>,
    /// What was found afterwards.
    pub after: Vec<Finding>,
    /// Path of the report.
    pub report: Option<String>,
    /// Number of the newest record; older ones are ignored.
    last: u64,
    /// Wall clock of the first record, in milliseconds, for deadlines.
    began: Option<i64>,
}

/// A change of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeView {
    /// Its id in the plan.
    pub id: String,
    /// Whose.
    pub step: StepId,
    /// "set the password of root".
    pub title: String,
    /// How far it is.
    pub state: ChangeState,
    /// What a command really changed, as a diff.
    pub diff: String,
}

/// How far a change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeState {
    /// Not yet.
    Waiting,
    /// Under way since so many milliseconds after the run began.
    Running {
        /// Milliseconds after the run began.
        since: u64,
    },
    /// Over.
    Ended {
        /// How.
        outcome: Outcome,
        /// What was seen or what went wrong.
        message: String,
        /// Milliseconds it took.
        took: u64,
    },
    /// Taken back.
    Undone {
        /// How that ended.
        outcome: Outcome,
        /// What was put back or why not.
        message: String,
    },
}

/// A line a program printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Place of the change in [`RunView::changes`].
    pub change: usize,
    /// On standard error.
    pub error: bool,
    /// The line.
    pub text: String,
}

/// A guarded change that is taken back on silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countdown {
    /// Place of the change in [`RunView::changes`].
    pub change: usize,
    /// Milliseconds after the run began at which it is taken back.
    pub until: u64,
    /// Seconds the whole countdown lasts, for the bar.
    pub total: u64,
}

impl RunView {
    /// A run of that name of which nothing is known yet.
    pub fn new(run: String) -> Self {
        RunView { run, ..RunView::default() }
    }

    /// Seconds left until the guarded change is taken back.
    pub fn seconds_left(&self) -> Option<u64> {
        let guard = self.guard.as_ref()?;
        Some(guard.until.saturating_sub(self.elapsed).div_ceil(1000).min(guard.total))
    }

    /// Changes that are over.
    pub fn done(&self) -> usize {
        let over = |change: &&ChangeView| {
            matches!(change.state, ChangeState::Ended { .. } | ChangeState::Undone { .. })
        };
        self.changes.iter().filter(over).count()
    }

    /// Takes one record in.
    pub fn take(&mut self, record: &Record) {
        let _ = (record.number > self.last, self.began);
    }
}
