//! A run as it is seen: a fold over the records of its journal, in whatever order and however often they come.

use std::{collections::VecDeque, sync::Arc};

use super::{model::LOG_LIMIT, page};
use crate::{
    executor::Stream,
    finding::{Finding, StepId},
    plan::{Change, Outcome, Plan},
    runner::{Event, Record, RunOutcome},
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
    /// Why it failed, also when it was taken back since.
    pub failure: Option<String>,
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

    /// The first change that failed.
    pub fn failed(&self) -> Option<&ChangeView> {
        self.changes.iter().find(|change| change.failure.is_some())
    }

    /// What is known of the host after the run: only the steps of the plan were looked at again.
    pub fn afterwards(&self) -> Vec<&Finding> {
        page::history::afterwards(&self.before, &self.after)
    }

    /// Takes one record in. Records come in order; one that came before is ignored.
    pub(super) fn take(&mut self, record: &Record) {
        if record.number <= self.last {
            return;
        }
        self.last = record.number;
        let at = record.at.as_millisecond();
        let began = *self.began.get_or_insert(at);
        let since = u64::try_from(at.saturating_sub(began)).unwrap_or(0);
        self.elapsed = self.elapsed.max(since);
        match &record.event {
            Event::Started { run, plan, operator, findings, undoes, .. } => {
                self.run.clone_from(run);
                self.operator.clone_from(operator);
                self.undoes.clone_from(undoes);
                self.before.clone_from(findings);
                self.changes = plan.changes.iter().map(ChangeView::new).collect();
                self.plan = Some(Arc::new(Plan::clone(plan)));
                (self.current, self.guard) = (None, None);
            }
            Event::Resumed { operator } => {
                self.operator.clone_from(operator);
                (self.outcome, self.stopping) = (None, false);
            }
            Event::Before { change } => {
                self.current = self.set(change, ChangeState::Running { since });
            }
            Event::Output { change, stream, line } => {
                let place = self.place(change).or(self.current).unwrap_or(0);
                while self.output.len() >= LOG_LIMIT {
                    self.output.pop_front();
                }
                let text = page::clean(line);
                self.output.push_back(OutputLine { change: place, error: *stream == Stream::Err, text });
            }
            Event::Progress { .. } => {}
            Event::After { change, outcome, message, diff, took } => {
                let state = ChangeState::Ended { outcome: *outcome, message: message.clone(), took: *took };
                if let Some(ended) = self.set(change, state).and_then(|place| self.changes.get_mut(place)) {
                    ended.diff.clone_from(diff);
                    ended.failure = (*outcome == Outcome::Failed).then(|| message.clone());
                }
                self.leave(change);
            }
            Event::Waiting { change, seconds } => {
                if let Some(place) = self.place(change) {
                    let until = since.saturating_add(seconds.saturating_mul(1000));
                    let total = self.guard.as_ref().map_or(*seconds, |guard| guard.total.max(*seconds));
                    self.guard = Some(Countdown { change: place, until, total });
                }
            }
            Event::Kept { change } => self.leave(change),
            Event::Undone { change, outcome, message } => {
                self.set(change, ChangeState::Undone { outcome: *outcome, message: message.clone() });
                self.leave(change);
            }
            Event::Stopping => self.stopping = true,
            Event::Finished { outcome, findings, report } => {
                self.outcome = Some(*outcome);
                self.after.clone_from(findings);
                self.report.clone_from(report);
                (self.current, self.guard) = (None, None);
            }
        }
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.changes.iter().position(|change| change.id == id)
    }

    fn set(&mut self, id: &str, state: ChangeState) -> Option<usize> {
        let place = self.place(id)?;
        self.changes.get_mut(place)?.state = state;
        Some(place)
    }

    /// The change is neither under way nor waited for any more.
    fn leave(&mut self, id: &str) {
        let place = self.place(id);
        if self.guard.as_ref().map(|guard| guard.change) == place {
            self.guard = None;
        }
        if self.current == place {
            self.current = None;
        }
    }
}

impl ChangeView {
    fn new(change: &Change) -> Self {
        ChangeView {
            id: change.id.clone(),
            step: change.step.clone(),
            title: change.title.clone(),
            state: ChangeState::Waiting,
            failure: None,
            diff: String::new(),
        }
    }
}
