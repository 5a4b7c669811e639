//! What a run really did to each change's files: the journal compared with what was kept and with the host now.

use std::path::PathBuf;

use anyhow::Result;

use super::{Event, History, LeftBehind, Order, Runs, SavedFile, State, Was, orphan, saved::Saved};
use crate::{
    executor::Executor,
    plan::{Change, Left, Outcome, Plan},
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
    pub begun: bool,
    pub ended: Option<Outcome>,
    pub undone: bool,
    pub saved: Option<Saved>,
    pub left: Option<LeftBehind>,
}

impl Traced {
    /// Whether the host may still bear its mark.
    pub(super) fn stands(&self) -> bool {
        self.changed() && !self.undone
    }

    /// Whether the host bore its mark at some time.
    pub(super) fn changed(&self) -> bool {
        self.begun && !matches!(self.ended, Some(Outcome::Unchanged | Outcome::Skipped))
    }

    /// What was kept of the same file.
    fn file(&self, file: &SavedFile) -> Option<&SavedFile> {
        self.saved.iter().flat_map(|saved| &saved.files).find(|other| other.path == file.path)
    }

    /// What it left at a file, or was going to leave there.
    pub(super) fn left_at(&self, file: &SavedFile) -> Option<Left> {
        if self.undone {
            return Some(file.was.left());
        }
        let noted = self.left.iter().flat_map(|left| &left.files).find(|(path, _)| *path == file.path);
        noted.map(|(_, left)| left.clone()).or_else(|| file.expected.clone())
    }
}

/// The order of a run, as its first record tells.
pub fn order(history: &History) -> Option<Order> {
    let Event::Started { run, plan, operator, findings, undoes, .. } = &history.records.first()?.event else {
        return None;
    };
    Some(Order {
        run: run.clone(),
        plan: Plan::clone(plan),
        operator: operator.clone(),
        findings: findings.clone(),
        undoes: undoes.clone(),
    })
}

/// Every change of a run with what was kept of it.
pub(super) fn trace(runs: &Runs, run: &str) -> Result<(History, Vec<Traced>)> {
    let history = runs.history(run)?;
    let plan = order(&history).map(|order| order.plan).unwrap_or_default();
    let mut traced = Vec::new();
    for change in plan.changes {
        let saved = runs.saved(run, &change.id)?;
        let left = runs.left(run, &change.id)?;
        traced.push(Traced { change, begun: false, ended: None, undone: false, saved, left });
    }
    for record in &history.records {
        let mut of = |id: &str, note: &dyn Fn(&mut Traced)| {
            traced.iter_mut().filter(|traced| traced.change.id == id).for_each(note);
        };
        match &record.event {
            Event::Before { change } => of(change, &|traced| traced.begun = true),
            Event::After { change, outcome, .. } => of(change, &|traced| traced.ended = Some(*outcome)),
            Event::Undone { change, outcome, .. } if *outcome != Outcome::Failed => {
                of(change, &|traced| traced.undone = true);
            }
            _ => {}
        }
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
        stands: match traced_one.ended {
            None if at_work && traced_one.begun => Standing::AtWork,
            _ => stands(traced_one, &traced[..n], &traced[n + 1..], host),
        },
        outcome: traced_one.ended,
    });
    let changes = changes.collect();
    Ok(Assessment { run: run.to_owned(), state: runs.state(run)?, damaged: history.damaged, changes })
}

fn stands(traced: &Traced, earlier: &[Traced], later: &[Traced], host: &dyn Executor) -> Standing {
    if !traced.begun {
        return Standing::NotBegun;
    }
    let files = traced.saved.iter().flat_map(|saved| &saved.files);
    let (mut before, mut after, mut neither) = (0, 0, Vec::new());
    for file in files {
        let now = after_it(file, later, host);
        match now {
            Some(now) if traced.left_at(file) == Some(now.left()) && !traced.undone => after += 1,
            Some(now) if now.left() == before_it(traced, file, earlier).was.left() => before += 1,
            _ => neither.push(file.path.clone()),
        }
    }
    match (traced.ended, traced.change.paths().is_empty()) {
        (_, _) if !neither.is_empty() => Standing::Neither(neither),
        (Some(Outcome::Failed) | None, true) if traced.undone => Standing::Before,
        (Some(_), true) if traced.undone => Standing::Before,
        (Some(Outcome::Done | Outcome::Warning | Outcome::Unchanged), true) => Standing::After,
        (Some(Outcome::Failed), true) => Standing::Failed,
        (_, true) => Standing::Unclear,
        _ if after > 0 && before > 0 && traced.ended.is_none() => Standing::Unclear,
        _ if after > 0 => Standing::After,
        _ => Standing::Before,
    }
}

/// What was at a file before the change, and before all those that were taken back together with it.
fn before_it<'a>(traced: &Traced, file: &'a SavedFile, earlier: &'a [Traced]) -> &'a SavedFile {
    let others = earlier.iter().rev().filter(|other| traced.undone && other.changed());
    let of = |other: &'a Traced| Some((other, other.file(file)?));
    others.filter_map(of).take_while(|(other, _)| other.undone).last().map_or(file, |(_, first)| first)
}

/// What was at a file after the change: what the next one that stands found, or what is there now.
fn after_it(file: &SavedFile, later: &[Traced], host: &dyn Executor) -> Option<Was> {
    match later.iter().filter(|other| other.stands()).find_map(|other| other.file(file)) {
        Some(next) => Some(next.was.clone()),
        None => Was::read(host, &file.path).ok(),
    }
}
