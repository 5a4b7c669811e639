//! Taking a run back: a plan like any other, made of what was kept before each change, run as a run of its own and
//! itself kept for an undo. What somebody else changed since is not overwritten without a yes.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Result, bail, ensure};

use super::{
    Runs, State, Was,
    account::{Traced, trace},
    output::FILES,
};
use crate::{
    executor::Executor,
    plan::{Action, Change, CommandLine, Left, Outcome, Plan, Template, Undo, unified},
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
    let mut seen = BTreeSet::new();
    for traced in traced.iter().rev().filter(|traced| traced.stands()) {
        undo.take_back(traced, host, &mut seen)?;
    }
    for traced in traced.iter().filter(|traced| traced.stands() && traced.change.undo == Undo::Again) {
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
        Action::Edit { edits, .. } => edits.iter().for_each(|edit| {
            if let crate::plan::Edit::Yaml { to, .. } = edit {
                template(to);
            }
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

impl UndoPlan {
    fn take_back(
        &mut self,
        traced: &Traced,
        host: &dyn Executor,
        seen: &mut BTreeSet<PathBuf>,
    ) -> Result<()> {
        let change = &traced.change;
        match &change.undo {
            Undo::Files => self.files(traced, host, seen)?,
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
                // The logins change places: the one that works now is the one that takes the change back.
                let back = Undo::Captured {
                    capture: CommandLine { stdin: capture.stdin.clone(), ..restore.clone() },
                    restore: CommandLine { stdin: None, ..capture.clone() },
                };
                self.push(change, "", title, Action::Run(line), back);
            }
            Undo::Impossible(why) => self.impossible.push((change.title.clone(), why.clone())),
            Undo::Again | Undo::Nothing => {}
        }
        Ok(())
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
    }

    fn files(&mut self, traced: &Traced, host: &dyn Executor, seen: &mut BTreeSet<PathBuf>) -> Result<()> {
        let change = &traced.change;
        let files = traced.saved.iter().flat_map(|saved| &saved.files).enumerate();
        for (n, file) in files {
            let now = Was::read(host, &file.path);
            let last = seen.insert(file.path.clone());
            let left = match traced.left_at(file) {
                Some(left) => left,
                // A program was cut off: what it left so far is what is there.
                None => now.as_ref().map_or(Left::Absent, Was::left),
            };
            let secret = change.touches.iter().any(|touched| touched.path == file.path && touched.secret);
            let diff = match (&now, file.was.text()) {
                (Ok(now), Some(was)) if !secret && last => {
                    now.text().map(|now| unified(now, was)).unwrap_or_default()
                }
                _ => String::new(),
            };
            if last {
                let untouched = now.as_ref().is_ok_and(|now| {
                    let now = now.left();
                    now == left || now == file.was.left()
                });
                if !untouched {
                    self.foreign.push(ForeignEdit { path: file.path.clone(), diff: diff.clone() });
                } else if traced.ended.is_none() && now.is_ok_and(|now| now == file.was) {
                    continue;
                }
            }
            let kept =
                || Template::default().secret(name(&self.run, &change.id, &n.to_string()), SecretForm::File);
            let to = file.was.attributes().map(|attributes| (kept(), attributes));
            let title = match to {
                Some(_) => format!("put {} back", file.path.display()),
                None => format!("remove {}", file.path.display()),
            };
            let action = Action::Restore { path: file.path.clone(), left, to };
            let part = if n == 0 { String::new() } else { format!(".{n}") };
            self.push(change, &part, title, action, Undo::Files);
            if let Some(pushed) = self.plan.changes.last_mut() {
                pushed.diff = diff;
            }
        }
        Ok(())
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
