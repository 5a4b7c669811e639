//! What a run really did to each change's files: the journal compared with what was kept and with the host now.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use jiff::Timestamp;

use super::{
    ChangeState, History, LeftBehind, Order, RunState, Runs, SavedFile, State, Was,
    orphan::{self, at_most},
    saved::Saved,
};
use crate::{
    executor::Executor,
    plan::{Change, Left, Outcome},
};

/// An exact assessment of a run, for whoever must decide how to go on.
#[derive(Debug)]
pub struct Assessment {
    /// The run.
    pub run: String,
    /// What became of it.
    pub state: State,
    /// Something in its record can no longer be read; what came after that is unknown.
    pub damaged: bool,
    /// Each change of its plan, in order.
    pub changes: Vec<ChangeAssessment>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeAssessment {
    /// The change.
    pub id: String,
    /// For people.
    pub title: String,
    /// What the host shows.
    pub stands: Standing,
    /// How it ended, as far as the record tells.
    pub outcome: Option<Outcome>,
}

/// Where a change stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It did not begin.
    NotBegun,
    /// It began, or was taken back, and everything is as before it.
    Before,
    /// It is done.
    After,
    /// These files are neither as before nor as it left them: somebody else, or a program that was cut off.
    Neither(Vec<PathBuf>),
    /// Its program is still at work: nothing is settled.
    AtWork,
    /// A program was cut off whose effect cannot be seen in files.
    Unclear,
    /// It failed and was not taken back; what it did until then cannot be seen in files.
    Failed,
}

impl Standing {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Standing::NotBegun => "not begun".to_owned(),
            Standing::Before => "as before".to_owned(),
            Standing::After => "done".to_owned(),
            Standing::Neither(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                format!("neither as before nor done: {}", paths.join(", "))
            }
            Standing::AtWork => "its program is still at work".to_owned(),
            Standing::Unclear => {
                "cut off in the middle; whether its program did its work cannot be seen".to_owned()
            }
            Standing::Failed => "failed; what it did until then cannot be seen".to_owned(),
        }
    }
}

/// A change of a run with everything that is known of it.
pub(super) struct Traced {
    pub change: Change,
    /// What the journal tells.
    pub told: ChangeState,
    pub saved: Option<Saved>,
    pub left: Option<LeftBehind>,
    /// When a program of it had ended at the latest, also without its runner.
    pub over: Option<Timestamp>,
}

impl Traced {
    /// Whether the host may still bear its mark.
    pub(super) fn stands(&self) -> bool {
        self.changed() && !self.told.is_undone()
    }

    /// Whether the host bore its mark at some time.
    pub(super) fn changed(&self) -> bool {
        self.told.changed()
    }

    /// What was kept of the same file.
    fn file(&self, file: &SavedFile) -> Option<&SavedFile> {
        self.saved.iter().flat_map(|saved| &saved.files).find(|other| other.path == file.path)
    }

    /// What it left at a file, or was going to leave there.
    pub(super) fn left_at(&self, file: &SavedFile) -> Option<Left> {
        if self.told.is_undone() {
            return Some(file.was.left());
        }
        let noted = self.left.iter().flat_map(|left| &left.files).find(|(path, _)| *path == file.path);
        noted.map(|(_, left)| left.clone()).or_else(|| file.expected.clone())
    }
}

/// The order of a run, as its first record tells.
pub fn order(history: &History) -> Option<Order> {
    let RunState { run, plan, operator, before, undoes, .. } = RunState::of(history.records.get(..1)?)?;
    Some(Order { run, plan: Arc::unwrap_or_clone(plan?), operator, findings: before, undoes })
}

/// Every change of a run with what was kept of it.
pub(super) fn trace(runs: &Runs, run: &str) -> Result<(History, Vec<Traced>)> {
    let history = runs.history(run)?;
    let state = RunState::of(&history.records).unwrap_or_default();
    let plan = state.plan.map(Arc::unwrap_or_clone).unwrap_or_default();
    let mut traced = Vec::new();
    for (change, told) in plan.changes.into_iter().zip(state.changes) {
        let (saved, left) = (runs.saved(run, &change.id)?, runs.left(run, &change.id)?);
        let over = told.begun.zip(state.times).and_then(|(begun, (started, _))| {
            started.checked_add(Duration::from_millis(begun).saturating_add(at_most(&change))).ok()
        });
        traced.push(Traced { change, told, saved, left, over });
    }
    Ok((history, traced))
}

/// Compares the host with the record of a run.
///
/// # Errors
/// When the record or what was kept cannot be read.
pub fn assess(runs: &Runs, run: &str, host: &dyn Executor) -> Result<Assessment> {
    let (history, traced) = trace(runs, run)?;
    let at_work = !orphan::programs(&runs.dir(run))?.is_empty();
    let changes = traced.iter().enumerate().map(|(n, traced_one)| ChangeAssessment {
        id: traced_one.change.id.clone(),
        title: traced_one.change.title.clone(),
        stands: match traced_one.told.outcome() {
            None if at_work && traced_one.told.begun.is_some() => Standing::AtWork,
            _ => stands(traced_one, &traced[..n], &traced[n + 1..], host),
        },
        outcome: traced_one.told.outcome(),
    });
    let changes = changes.collect();
    Ok(Assessment { run: run.to_owned(), state: runs.state(run)?, damaged: history.damaged, changes })
}

fn stands(traced: &Traced, earlier: &[Traced], later: &[Traced], host: &dyn Executor) -> Standing {
    if traced.told.begun.is_none() {
        return match traced.told.outcome() {
            Some(Outcome::Unchanged) => Standing::After,
            _ => Standing::NotBegun,
        };
    }
    let files = traced.saved.iter().flat_map(|saved| &saved.files);
    let (mut before, mut after, mut neither) = (0, 0, Vec::new());
    for file in files {
        let now = after_it(file, later, host);
        match now {
            Some(now) if traced.left_at(file) == Some(now.left()) && !traced.told.is_undone() => after += 1,
            Some(now) if now.left() == before_it(traced, file, earlier).was.left() => before += 1,
            _ => neither.push(file.path.clone()),
        }
    }
    match (traced.told.outcome(), traced.change.paths().is_empty()) {
        (_, _) if !neither.is_empty() => Standing::Neither(neither),
        (Some(Outcome::Failed) | None, true) if traced.told.is_undone() => Standing::Before,
        (Some(_), true) if traced.told.is_undone() => Standing::Before,
        (Some(Outcome::Done | Outcome::Warning | Outcome::Unchanged), true) => Standing::After,
        (Some(Outcome::Failed), true) => Standing::Failed,
        (_, true) => Standing::Unclear,
        _ if after > 0 && before > 0 && traced.told.outcome().is_none() => Standing::Unclear,
        _ if after > 0 => Standing::After,
        _ => Standing::Before,
    }
}

/// What was at a file before the change, and before all those that were taken back together with it.
fn before_it<'a>(traced: &Traced, file: &'a SavedFile, earlier: &'a [Traced]) -> &'a SavedFile {
    let others = earlier.iter().rev().filter(|other| traced.told.is_undone() && other.changed());
    let of = |other: &'a Traced| Some((other, other.file(file)?));
    others
        .filter_map(of)
        .take_while(|(other, _)| other.told.is_undone())
        .last()
        .map_or(file, |(_, first)| first)
}

/// What was at a file after the change: what the next one that stands found, or what is there now.
fn after_it(file: &SavedFile, later: &[Traced], host: &dyn Executor) -> Option<Was> {
    match later.iter().filter(|other| other.stands()).find_map(|other| other.file(file)) {
        Some(next) => Some(next.was.clone()),
        None => Was::read(host, &file.path).ok(),
    }
}
