//! A run as its records tell it: the one fold over its events. Screen, report, results for programs, undo and history
//! read what is known here; nobody else takes records apart.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::{Event, NotKept, Progress, Record, RunOutcome};
use crate::{
    executor::Stream,
    finding::{Finding, StepId},
    plan::{Change, Outcome, Plan},
};

/// Newest output lines that are kept.
const OUTPUT: usize = 2000;
/// Of a shorter time no rate is told: it would jump.
const RATED: u64 = 1000;

/// What the records of a run tell, as far as they were taken in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunState {
    /// Its name; empty until known.
    pub run: String,
    /// Who works on it, and where from.
    pub operator: String,
    /// Host and release.
    pub host: String,
    /// The run that this one takes back.
    pub undoes: Option<String>,
    /// What is done; `None` until the first record.
    pub plan: Option<Arc<Plan>>,
    /// One per change of the plan, in order.
    pub changes: Vec<ChangeState>,
    /// Place of the change under way.
    pub current: Option<usize>,
    /// How far the job under way is.
    pub progress: Option<JobProgress>,
    /// The newest output lines, oldest first.
    pub output: VecDeque<OutputLine>,
    /// A guarded change waits for the operator.
    pub guard: Option<Countdown>,
    /// Somebody asked to stop.
    pub stopping: bool,
    /// How it ended, when it did.
    pub outcome: Option<RunOutcome>,
    /// What was found before.
    pub before: Vec<Finding>,
    /// What was found afterwards.
    pub after: Vec<Finding>,
    /// Path of the report.
    pub report: Option<String>,
    /// When the first and the newest record were written.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Number of the newest record; older ones are ignored.
    last: u64,
}

/// What is known of one change of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeState {
    /// Its id in the plan.
    pub id: String,
    /// Whose.
    pub step: StepId,
    /// "set the password of root".
    pub title: String,
    /// When it began, in milliseconds after the run did.
    pub begun: Option<u64>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// It was guarded, and somebody kept it.
    pub kept: bool,
    /// How taking it back ended, and what was put back or why not.
    pub undone: Option<(Outcome, String)>,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// What was seen or what went wrong.
    pub message: String,
    /// What a command really changed, as a diff.
    pub diff: String,
    /// Milliseconds it took.
    pub took: u64,
    /// Why it was not kept, when it was guarded.
    pub not_kept: Option<NotKept>,
}

/// How far a change is, by the newest that is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage<'a> {
    /// Not begun.
    Waiting,
    /// Under way since so many milliseconds after the run began, or cut off.
    Running(u64),
    /// Over.
    Ended(&'a Ended),
    /// Taken back, or not: how that ended and what was said.
    Undone(Outcome, &'a str),
}

/// How far a long job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    /// Place of the change in [`RunState::changes`].
    pub change: usize,
    /// The newest that it told.
    pub now: Progress,
    /// What it had done when it first told, and the milliseconds since then.
    since: (u64, u64),
    began: Timestamp,
}

/// A line a program printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Place of the change in [`RunState::changes`].
    pub change: usize,
    /// On standard error.
    pub error: bool,
    /// The line, as it was recorded.
    pub text: String,
}

/// A guarded change that is taken back on silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countdown {
    /// Place of the change in [`RunState::changes`].
    pub change: usize,
    /// Milliseconds after the run began at which it is taken back.
    pub until: u64,
    /// Seconds the whole countdown lasts, for the bar.
    pub total: u64,
}

impl RunState {
    /// A run of that name of which nothing else is known yet.
    pub fn named(run: String) -> Self {
        RunState { run, ..RunState::default() }
    }

    /// What all these records tell; `None` when the first one is missing.
    pub fn of(records: &[Record]) -> Option<Self> {
        let mut state = RunState::default();
        records.iter().for_each(|record| state.take(record));
        state.plan.is_some().then_some(state)
    }

    /// Milliseconds from the first record to the newest.
    pub fn lasted(&self) -> u64 {
        self.times.map_or(0, |(first, last)| between(first, last))
    }

    /// Changes that are over.
    pub fn done(&self) -> usize {
        self.changes.iter().filter(|change| change.is_over()).count()
    }

    /// The first change that failed.
    pub fn failed(&self) -> Option<&ChangeState> {
        self.changes.iter().find(|change| change.failure().is_some())
    }

    /// What is known of the host after the run.
    pub fn afterwards(&self) -> Vec<&Finding> {
        afterwards(&self.before, &self.after)
    }

    /// Takes one record in. Records come in order; one that came before is ignored.
    pub fn take(&mut self, record: &Record) {
        if let Event::Progress { change, progress } = &record.event {
            return self.measure(change, *progress, record.at);
        }
        if record.number <= self.last {
            return;
        }
        self.last = record.number;
        self.happens(&record.event, record.at);
    }

    /// Takes in what its record is only being written of.
    pub(super) fn happens(&mut self, event: &Event, at: Timestamp) {
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first, last.max(at)));
        let since = between(first, at);
        match event {
            Event::Started { run, plan, operator, findings, undoes, host } => {
                self.run.clone_from(run);
                self.operator.clone_from(operator);
                self.host.clone_from(host);
                self.undoes.clone_from(undoes);
                self.before.clone_from(findings);
                self.changes = plan.changes.iter().map(ChangeState::new).collect();
                self.plan = Some(Arc::new(Plan::clone(plan)));
                (self.current, self.guard, self.progress) = (None, None, None);
            }
            Event::Resumed { operator } => {
                self.operator.clone_from(operator);
                self.outcome = None;
            }
            Event::Before { change } => {
                if let Some(place) = self.place(change) {
                    self.set(place, |change| {
                        change.begun = Some(since);
                        (change.ended, change.undone) = (None, None);
                    });
                    (self.current, self.progress) = (Some(place), None);
                }
            }
            Event::Output { change, stream, line } => {
                let change = self.place(change).or(self.current).unwrap_or(0);
                while self.output.len() >= OUTPUT {
                    self.output.pop_front();
                }
                let error = *stream == Stream::Err;
                self.output.push_back(OutputLine { change, error, text: line.clone() });
            }
            Event::Progress { .. } => {}
            Event::After { change, outcome, message, diff, took, not_kept } => {
                let (message, diff) = (message.clone(), diff.clone());
                let ended = Ended { outcome: *outcome, message, diff, took: *took, not_kept: *not_kept };
                self.leave(change, |change| change.ended = Some(ended));
            }
            Event::Waiting { change, seconds } => {
                if let Some(place) = self.place(change) {
                    let until = since.saturating_add(seconds.saturating_mul(1000));
                    let total = self.guard.as_ref().map_or(*seconds, |guard| guard.total.max(*seconds));
                    self.guard = Some(Countdown { change: place, until, total });
                }
            }
            Event::Kept { change } => self.leave(change, |change| change.kept = true),
            Event::Undone { change, outcome, message } => {
                let undone = Some((*outcome, message.clone()));
                self.leave(change, |change| change.undone = undone);
            }
            Event::Stopping => self.stopping = true,
            Event::Finished { outcome, findings, report } => {
                self.outcome = Some(*outcome);
                self.after.clone_from(findings);
                self.report.clone_from(report);
                (self.current, self.guard, self.progress) = (None, None, None);
            }
        }
    }

    /// Of a job that is over nothing is told any more.
    fn measure(&mut self, change: &str, now: Progress, at: Timestamp) {
        let Some(change) = self.place(change).filter(|place| self.current == Some(*place)) else { return };
        // One that counts something else from now on, or begins anew, is rated anew.
        let same = |told: &&JobProgress| told.now.unit == now.unit && told.now.done <= now.done;
        let (first, began) =
            self.progress.as_ref().filter(same).map_or((now.done, at), |told| (told.since.0, told.began));
        self.progress = Some(JobProgress { change, now, since: (first, between(began, at)), began });
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.changes.iter().position(|change| change.id == id)
    }

    fn set(&mut self, place: usize, set: impl FnOnce(&mut ChangeState)) {
        if let Some(change) = self.changes.get_mut(place) {
            set(change);
        }
    }

    /// The change is neither under way nor waited for any more.
    fn leave(&mut self, id: &str, set: impl FnOnce(&mut ChangeState)) {
        let Some(place) = self.place(id) else { return };
        self.set(place, set);
        self.guard.take_if(|guard| guard.change == place);
        self.progress.take_if(|progress| progress.change == place);
        self.current.take_if(|current| *current == place);
    }
}

impl ChangeState {
    pub(super) fn new(change: &Change) -> Self {
        ChangeState {
            id: change.id.clone(),
            step: change.step.clone(),
            title: change.title.clone(),
            begun: None,
            ended: None,
            kept: false,
            undone: None,
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage<'_> {
        match (&self.undone, &self.ended, self.begun) {
            (Some((outcome, message)), _, _) => Stage::Undone(*outcome, message),
            (None, Some(ended), _) => Stage::Ended(ended),
            (None, None, Some(since)) => Stage::Running(since),
            (None, None, None) => Stage::Waiting,
        }
    }

    /// How it ended, when it did.
    pub fn outcome(&self) -> Option<Outcome> {
        self.ended.as_ref().map(|ended| ended.outcome)
    }

    /// Whether it ended or was taken back.
    pub fn is_over(&self) -> bool {
        self.ended.is_some() || self.undone.is_some()
    }

    /// Why it was not kept, when it was guarded.
    pub fn not_kept(&self) -> Option<NotKept> {
        self.ended.as_ref()?.not_kept
    }

    /// Why it failed, also when it was taken back since.
    pub fn failure(&self) -> Option<&str> {
        self.ended
            .as_ref()
            .filter(|ended| ended.outcome == Outcome::Failed)
            .map(|ended| ended.message.as_str())
    }

    /// Whether it was taken back for sure.
    pub fn is_undone(&self) -> bool {
        self.undone.as_ref().is_some_and(|(outcome, _)| *outcome != Outcome::Failed)
    }

    /// Whether it may have altered the host at some time.
    pub fn changed(&self) -> bool {
        self.begun.is_some() && !matches!(self.outcome(), Some(Outcome::Unchanged | Outcome::Skipped))
    }

    /// Whether the host is as it says now.
    pub fn stands(&self) -> bool {
        !self.is_undone() && !matches!(self.outcome(), None | Some(Outcome::Failed | Outcome::Skipped))
    }
}

impl JobProgress {
    /// What it does in a second; `None` until it worked long enough to tell.
    pub fn rate(&self) -> Option<u64> {
        let (first, time) = self.since;
        let done = u128::from(self.now.done - first);
        (time >= RATED).then(|| u64::try_from(done * 1000 / u128::from(time)).unwrap_or(u64::MAX))
    }

    /// Seconds that the rest takes at this rate.
    pub fn seconds_left(&self) -> Option<u64> {
        let rest = self.now.total?.checked_sub(self.now.done)?;
        Some(rest.div_ceil(self.rate().filter(|rate| *rate > 0)?))
    }
}

/// What is known of a host after a run: only the steps of its plan were looked at again.
pub fn afterwards<'a>(before: &'a [Finding], after: &'a [Finding]) -> Vec<&'a Finding> {
    let seen = |finding: &&Finding| after.iter().any(|other| other.step == finding.step);
    before.iter().filter(|finding| !seen(finding)).chain(after).collect()
}

/// Milliseconds; a clock that was set back tells none.
fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}
