//! Taking a run back: a plan like any other, made of what was kept before each change, run as a run of its own and
//! itself kept for an undo. What somebody else changed since is not overwritten without a yes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};

use super::{
    Runs, State, Was,
    account::{Traced, trace},
    output::FILES,
};
use crate::{
    executor::Executor,
    plan::{Action, Change, CommandLine, Edit, Left, Outcome, Plan, Proof, Template, Undo, unified},
    secret::{SecretForm, Secrets},
};

/// How a run would be taken back.
#[derive(Debug)]
pub struct UndoPlan {
    /// The run that is taken back.
    pub run: String,
    /// What will be done, the last change first.
    pub plan: Plan,
    /// The kept files, by the names the plan calls them.
    pub secrets: Secrets,
    /// Files that are no longer as the run left them.
    pub foreign: Vec<ForeignEdit>,
    /// Changes that cannot be taken back: title and reason.
    pub impossible: Vec<(String, String)>,
    /// Passwords that the commands need and nobody kept.
    pub needs: BTreeSet<String>,
}

/// A file that somebody else changed after the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignEdit {
    /// The file.
    pub path: PathBuf,
    /// From what is there now to what would be put back; empty when it may not be shown.
    pub diff: String,
}

impl UndoPlan {
    /// The same, overwriting what somebody else changed since.
    #[must_use]
    pub fn forced(mut self) -> Self {
        for change in &mut self.plan.changes {
            if let Action::Restore { left, .. } = &mut change.action {
                *left = Left::Anything;
            }
        }
        self
    }
}

/// Plans how to take a run back. Changes nothing.
///
/// # Errors
/// When the run lives or was taken back already, or when its record or what it kept cannot be trusted.
pub fn plan(runs: &Runs, run: &str, host: &dyn Executor) -> Result<UndoPlan> {
    ensure!(runs.state(run)? != State::Live, "run {run} goes on; ngcp-warden attach shows it");
    if let Some(by) = undone_by(runs, run) {
        bail!("run {run} was taken back already, by run {by}");
    }
    let (history, traced) = trace(runs, run)?;
    ensure!(!history.damaged, "the record of run {run} is damaged; it cannot be taken back safely");
    let mut undo = UndoPlan {
        run: run.to_owned(),
        plan: Plan::default(),
        secrets: secrets_of(run, &traced),
        foreign: Vec::new(),
        impossible: Vec::new(),
        needs: BTreeSet::new(),
    };
    let files = files(&traced);
    for (n, traced) in traced.iter().enumerate().rev() {
        if traced.stands() {
            undo.take_back(traced);
        }
        for file in files.values().filter(|file| file.first == n && file.stands) {
            undo.put_back(traced, file, host);
        }
    }
    let steps: Vec<_> = undo.plan.changes.iter().map(|change| change.step.clone()).collect();
    let again = |traced: &&Traced| {
        // Also one that was done again after a failure: what it took along may only be put back now.
        let needed = match traced.change.action {
            Action::Apply { .. } => !steps.is_empty(),
            _ => steps.contains(&traced.change.step),
        };
        traced.change.undo == Undo::Again && traced.begun && (needed || traced.stands())
    };
    for traced in traced.iter().filter(again) {
        undo.again(&traced.change);
    }
    let names = undo.plan.changes.iter().flat_map(needed_by).filter(|name| !name.starts_with(FILES));
    undo.needs = names.collect();
    Ok(undo)
}

/// The run that took this one back, unless that was taken back itself.
pub(super) fn undone_by(runs: &Runs, run: &str) -> Option<String> {
    runs.names().into_iter().rev().find(|name| {
        let record = runs.history(name).ok();
        let report = record.as_ref().and_then(|history| super::Report::of(&history.records));
        report.is_some_and(|report| {
            use super::RunOutcome::{Done, Unchanged, Warning};
            report.undoes.as_deref() == Some(run)
                && matches!(report.outcome, Some(Done | Warning | Unchanged))
                && undone_by(runs, name).is_none()
        })
    })
}

/// The kept files of a run by the names that its undo calls them: for an undo that was cut off.
///
/// # Errors
/// When what was kept cannot be read or trusted.
pub fn kept_secrets(runs: &Runs, run: &str) -> Result<Secrets> {
    Ok(secrets_of(run, &trace(runs, run)?.1))
}

/// Names of the secrets that a change needs to be carried out.
pub(super) fn needed_by(change: &Change) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut template = |template: &Template| names.extend(template.names().map(str::to_owned));
    let mut lines: Vec<&CommandLine> = Vec::new();
    match &change.action {
        Action::Edit { edits, .. } => edits.iter().for_each(|edit| match edit {
            Edit::Yaml { to, .. } | Edit::Line { to: Some(to), .. } => template(to),
            Edit::Line { to: None, .. } => {}
        }),
        Action::Write { content, .. } | Action::Restore { to: Some((content, _)), .. } => template(content),
        Action::Run(line) => lines.push(line),
        Action::Remove { .. } | Action::Restore { to: None, .. } | Action::Apply { .. } => {}
    }
    if let Undo::Captured { capture, .. } = &change.undo {
        lines.push(capture);
    }
    for line in lines {
        line.stdin.iter().chain(&line.credentials).for_each(&mut template);
    }
    names
}

fn name(run: &str, change: &str, part: &str) -> String {
    format!("{FILES}{run}.{change}.{part}")
}

fn secrets_of(run: &str, traced: &[Traced]) -> Secrets {
    let mut secrets = Secrets::default();
    for traced in traced {
        let Some(saved) = &traced.saved else { continue };
        for (n, file) in saved.files.iter().enumerate() {
            if let Was::File { content, .. } = &file.was {
                secrets.insert(&name(run, &traced.change.id, &n.to_string()), content.clone());
            }
        }
        if let Some(captured) = &saved.captured {
            secrets.insert(&name(run, &traced.change.id, "captured"), captured.clone());
        }
    }
    secrets
}

/// What a run did to one file, over all its changes: one that was taken back when a later one could not be still
/// knows what was there before the run.
struct FileTrace<'a> {
    /// The first change of it, which knows what was there before the run, and the number of its copy.
    first: usize,
    copy: usize,
    was: &'a Was,
    /// Everything the run may have left there, the last state first; `None` for a program that was cut off.
    states: Vec<Option<Left>>,
    path: &'a Path,
    secret: bool,
    /// Whether any of the changes stands.
    stands: bool,
}

fn files(traced: &[Traced]) -> BTreeMap<&Path, FileTrace<'_>> {
    let mut files: BTreeMap<&Path, FileTrace<'_>> = BTreeMap::new();
    let changed = |traced: &&Traced| traced.changed() && traced.change.undo == Undo::Files;
    for (n, traced) in traced.iter().enumerate().filter(|(_, traced)| changed(traced)) {
        for (copy, file) in traced.saved.iter().flat_map(|saved| &saved.files).enumerate() {
            let secret =
                traced.change.touches.iter().any(|touched| touched.path == file.path && touched.secret);
            let trace = files.entry(&file.path).or_insert_with(|| FileTrace {
                first: n,
                copy,
                was: &file.was,
                states: Vec::new(),
                path: &file.path,
                secret,
                stands: false,
            });
            trace.secret |= secret;
            trace.stands |= traced.stands();
            trace.states.insert(0, Some(file.was.left()));
            trace.states.insert(0, traced.left_at(file));
        }
    }
    files
}

impl UndoPlan {
    fn take_back(&mut self, traced: &Traced) {
        let change = &traced.change;
        match &change.undo {
            Undo::Run(line) => {
                let back = match &change.action {
                    Action::Run(line) if line.stdin.is_none() && line.credentials.is_none() => {
                        Undo::Run(line.clone())
                    }
                    _ => Undo::Impossible("the password it was made with was not kept".to_owned()),
                };
                self.push(
                    change,
                    "",
                    format!("take back: {}", change.title),
                    Action::Run(line.clone()),
                    back,
                );
            }
            Undo::Captured { capture, restore } => {
                let mut line = restore.clone();
                let kept = name(&self.run, &change.id, "captured");
                line.stdin = Some(Template::default().secret(kept, SecretForm::File));
                let title = format!("take back: {}", change.title);
                let mut back = Undo::Captured { capture: capture.clone(), restore: restore.clone() };
                if capture.program == restore.program {
                    // The logins change places: the one that works now is the one that takes the change back.
                    back = Undo::Captured {
                        capture: CommandLine { stdin: capture.stdin.clone(), ..restore.clone() },
                        restore: CommandLine { stdin: None, ..capture.clone() },
                    };
                }
                self.push(change, "", title, Action::Run(line), back);
            }
            Undo::Impossible(why) => self.impossible.push((change.title.clone(), why.clone())),
            Undo::Files | Undo::Again | Undo::Nothing => {}
        }
    }

    fn again(&mut self, change: &Change) {
        let (title, action) = match &change.action {
            Action::Apply { .. } => {
                let message = format!("ngcp-warden: run {} taken back", self.run);
                ("apply the configuration of before".to_owned(), Action::Apply { message })
            }
            action => (format!("again: {}", change.title), action.clone()),
        };
        self.push(change, "", title, action, Undo::Again);
        if let Some(pushed) = self.plan.changes.last_mut() {
            pushed.proofs.extend(change.proofs.iter().filter(|proof| **proof == Proof::Reread).cloned());
        }
    }

    /// Puts a file back to what it was before the run, from whatever state the run left it in.
    fn put_back(&mut self, first: &Traced, file: &FileTrace<'_>, host: &dyn Executor) {
        let now = Was::read(host, file.path).ok();
        if now.as_ref() == Some(file.was) {
            return;
        }
        let left = now.as_ref().map(Was::left);
        let diff = match (&now, file.was.text()) {
            (Some(now), Some(was)) if !file.secret => {
                now.text().map(|now| unified(now, was)).unwrap_or_default()
            }
            _ => String::new(),
        };
        // A program that was cut off may have left anything.
        let ours = left.is_some() && (file.states.contains(&left) || file.states.first() == Some(&None));
        let left = if ours { left } else { file.states.first().cloned().flatten() };
        if !ours {
            self.foreign.push(ForeignEdit { path: file.path.to_owned(), diff: diff.clone() });
        }
        let id = &first.change.id;
        let kept =
            || Template::default().secret(name(&self.run, id, &file.copy.to_string()), SecretForm::File);
        let to = file.was.attributes().map(|attributes| (kept(), attributes));
        let title = match to {
            Some(_) => format!("put {} back", file.path.display()),
            None => format!("remove {}", file.path.display()),
        };
        let action = Action::Restore { path: file.path.to_owned(), left: left.unwrap_or(Left::Absent), to };
        let part = if file.copy == 0 { String::new() } else { format!(".{}", file.copy) };
        self.push(&first.change, &part, title, action, Undo::Files);
        if let Some(pushed) = self.plan.changes.last_mut() {
            pushed.diff = diff;
        }
    }

    fn push(&mut self, of: &Change, part: &str, title: String, action: Action, undo: Undo) {
        let mut change = Change::new(&of.step, "", title, action, undo);
        change.id = format!("undo.{}{part}", of.id);
        change.interrupts.clone_from(&of.interrupts);
        change.guard.clone_from(&of.guard);
        if change.undo != Undo::Files {
            change.touches.clone_from(&of.touches);
        }
        self.plan.changes.push(change);
    }
}

/// Names of passwords that the rest of a run that was cut off needs again; they were never stored.
///
/// # Errors
/// When its record cannot be read.
pub fn needed_to_continue(runs: &Runs, run: &str) -> Result<BTreeSet<String>> {
    let open = |traced: &&Traced| match traced.ended {
        None => true,
        Some(outcome) => outcome == Outcome::Failed && !traced.undone,
    };
    let (_, traced) = trace(runs, run)?;
    let names = traced.iter().filter(open).flat_map(|traced| needed_by(&traced.change));
    Ok(names.filter(|name| !name.starts_with(FILES)).collect())
}
