//! Taking a run back: a plan like any other, made of what was kept before each change, run as a run of its own and
//! itself kept for an undo. What somebody else changed since is not overwritten without a yes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use anyhow::{Result, bail, ensure};

use super::{
    History, Runs, State, Was,
    assess::{Traced, trace},
    captured,
    guard::wait_for,
    output::FILES,
    settle,
    shared::{self, Way, way_back},
    taken_back_by,
    targets::{FileTarget, RowsTarget, files, rows},
};
use crate::{
    executor::{Attributes, Executor},
    finding::{Finding, Severity, Status},
    plan::{Action, Change, CommandLine, Edit, Left, Outcome, Plan, Proof, Template, Undo, unified_in},
    secret::{Secret, SecretForm, Secrets},
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
    /// What is there now where only a part of a file may be overwritten.
    now: BTreeMap<PathBuf, Left>,
}

/// Something that somebody else changed after the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignEdit {
    /// The file, or what else was changed.
    pub what: String,
    /// From what is there now to what would be put back; empty when it may not be shown.
    pub diff: String,
}

impl UndoPlan {
    /// The same, overwriting what somebody else changed since.
    #[must_use]
    pub fn forced(mut self) -> Self {
        for change in &mut self.plan.changes {
            change.found = None;
            if let Action::Restore { path, left, .. } = &mut change.action {
                *left = self.now.get(path).cloned().unwrap_or(Left::Anything);
            }
        }
        self
    }
}

/// Plans how to take a run back. Changes nothing, but for a program that works past its limit: it is ended.
///
/// # Errors
/// When the run or a program of it lives ([`super::AtWork`]), when it was taken back already, or when its record or what it kept cannot be trusted.
pub fn plan(runs: &Runs, run: &str, host: &dyn Executor) -> Result<UndoPlan> {
    ensure!(runs.state(run)? != State::Live, "run {run} goes on; ngcp-warden attach shows it");
    if let Some(by) = taken_back_by(&runs.reports(), run) {
        bail!("run {run} was taken back already, by run {by}");
    }
    settle(runs, run)?;
    let (history, traced) = trace(runs, run)?;
    ensure!(!history.damaged, "the record of run {run} is damaged; it cannot be taken back safely");
    let mut undo = UndoPlan {
        run: run.to_owned(),
        plan: Plan::default(),
        secrets: secrets_of(run, &traced, host),
        foreign: Vec::new(),
        impossible: Vec::new(),
        needs: BTreeSet::new(),
        now: BTreeMap::new(),
    };
    let (files, rows) = (files(&traced), rows(&traced));
    for (n, traced) in traced.iter().enumerate().rev() {
        if traced.stands() {
            undo.take_back(traced);
        }
        for rows in rows.iter().filter(|rows| rows.first == n && rows.stands) {
            undo.restore(traced, rows, host);
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
        traced.change.undo == Undo::Again && traced.told.begun.is_some() && (needed || traced.stands())
    };
    for traced in traced.iter().filter(again) {
        undo.again(&traced.change);
    }
    ask_last(&mut undo.plan.changes);
    if traced.iter().any(|traced| traced.change.waived.is_some()) {
        wait_for(&mut undo.plan, None);
    }
    let names = undo.plan.changes.iter().flat_map(needed_by).filter(|name| !name.starts_with(FILES));
    undo.needs = names.collect();
    undo.plan.reminders.extend(opens(&history, &undo.plan));
    Ok(undo)
}

/// Taken back in another order, what could cut the operator off may come after its guard: it moves to the last of it.
fn ask_last(changes: &mut [Change]) {
    for at in 0..changes.len() {
        let last = changes.iter().rposition(|other| changes[at].guards(other)).filter(|last| *last > at);
        let (Some(last), Some(mut guard)) = (last, changes[at].guard.clone()) else { continue };
        guard.steps.push(changes[at].step.clone());
        changes[at].guard = None;
        changes[last].guard = Some(guard);
    }
}

/// What the run had closed and its undo opens again: said before it is done.
fn opens(history: &History, plan: &Plan) -> Vec<String> {
    let Some(report) = super::Report::of(&history.records) else { return Vec::new() };
    let open = |finding: &&Finding| {
        let after = report.findings_after.iter().find(|after| after.id == finding.id);
        finding.status == Status::Fail
            && finding.severity >= Severity::High
            && plan.changes.iter().any(|change| change.step == finding.step)
            && match after {
                Some(after) => after.status == Status::Pass,
                None => report.outcome.is_none(),
            }
    };
    // Of a run that was cut off nobody looked what it had closed.
    let words = if report.outcome.is_none() { "This may open again" } else { "This opens again" };
    let told = |finding: &Finding| format!("{words}: {} [{}]", finding.title, finding.id);
    report.findings_before.iter().filter(open).map(told).collect()
}

/// The newest run took another one back: to take it back would make the changes of that one again.
#[derive(Debug)]
pub struct TakenBack {
    /// The run that was taken back.
    pub run: String,
    /// The run that did it.
    pub by: String,
}

impl fmt::Display for TakenBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TakenBack { run, by } = self;
        write!(
            f,
            "run {run} was taken back already, by run {by}; to make its changes again: ngcp-warden undo {by}"
        )
    }
}

impl std::error::Error for TakenBack {}

/// The run that an undo without a name means: the newest one; where that is an undo that failed or was stopped, the
/// run that it was to take back.
///
/// # Errors
/// When there is none; [`TakenBack`] when the newest is an undo that succeeded.
pub fn in_force(runs: &Runs) -> Result<String> {
    let newest = runs.find(None)?;
    let report = runs.history(&newest).ok().and_then(|history| super::Report::of(&history.records));
    let Some(report) = report else { return Ok(newest) };
    match (report.undoes, report.outcome) {
        (Some(run), Some(super::RunOutcome::Failed | super::RunOutcome::Stopped)) => Ok(run),
        (Some(run), Some(_)) => Err(TakenBack { run, by: newest }.into()),
        _ => Ok(newest),
    }
}

/// The kept files of a run by the names that its undo calls them: for an undo that was cut off.
///
/// # Errors
/// When what was kept cannot be read or trusted.
pub fn kept_secrets(runs: &Runs, run: &str, host: &dyn Executor) -> Result<Secrets> {
    Ok(secrets_of(run, &trace(runs, run)?.1, host))
}

/// Names of the secrets that a change needs to be carried out.
pub(super) fn needed_by(change: &Change) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut template = |template: &Template| names.extend(template.names().map(str::to_owned));
    let mut lines: Vec<&CommandLine> = Vec::new();
    match &change.action {
        Action::Edit { edits, .. } => edits.iter().for_each(|edit| match edit {
            Edit::Yaml { to, .. } | Edit::Line { to: Some(to), .. } => template(to),
            Edit::Line { to: None, .. } | Edit::List { .. } => {}
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

fn secrets_of(run: &str, all: &[Traced], host: &dyn Executor) -> Secrets {
    let mut secrets = Secrets::default();
    for file in files(all).values() {
        // What an undo that was cut off has put back already is found so again.
        let Ok(now) = Was::read(host, file.path) else { continue };
        let part = |force| shared::part(file.path, file.accounts, file.was, &now, &file.left, force);
        if let (Some(first), Some(part)) = (all.get(file.first), part(false).or_else(|| part(true))) {
            secrets.insert(&name(run, &first.change.id, &file.part()), Secret::new(part));
        }
    }
    for traced in all {
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
    fn take_back(&mut self, traced: &Traced) {
        let change = &traced.change;
        match &change.undo {
            Undo::Run(line) => {
                let back = match &change.action {
                    Action::Run(line) if change.secrets().next().is_none() => Undo::Run(line.clone()),
                    _ => Undo::Impossible("the password it was made with was not kept".to_owned()),
                };
                let title = format!("take back: {}", change.title);
                // Where it is seen to be so no longer, it is not run. What takes an undo back makes the change again,
                // and is proven as the change was.
                let proofs = match change.proofs.as_slice() {
                    [Proof::NoLonger(of)] if !of.is_empty() => of.clone(),
                    of => vec![Proof::NoLonger(of.to_vec())],
                };
                self.push(change, "", title, Action::Run(line.clone()), back).proofs = proofs;
            }
            Undo::Impossible(why) => self.impossible.push((change.title.clone(), why.clone())),
            Undo::Files | Undo::Captured { .. } | Undo::Again | Undo::Nothing => {}
        }
    }

    /// Restores rows to what they were before the run, from whatever state the run left them in.
    fn restore(&mut self, first: &Traced, rows: &RowsTarget<'_>, host: &dyn Executor) {
        let change = &first.change;
        let Undo::Captured { capture, restore } = rows.undo else { return };
        let now = captured::look(rows.undo, &Secrets::default(), host).ok();
        let now = now.map(|now| Left::File(captured::sum(&now)));
        if now.as_ref() == Some(&rows.was) {
            return;
        }
        let ours = now.as_ref().is_some_and(|now| rows.is_ours(now));
        if now.is_some() && !ours {
            let what = format!("\"{}\": it was changed again, or is gone", change.title);
            self.foreign.push(ForeignEdit { what, diff: String::new() });
        }
        let kept = name(&self.run, &change.id, "captured");
        let mut line = restore.clone();
        line.stdin = Some(Template::default().secret(kept.clone(), SecretForm::File));
        let title = format!("take back: {}", change.title);
        let mut back = rows.undo.clone();
        if capture.program == restore.program {
            // The logins change places: the one that works now is the one that takes the change back.
            back = Undo::Captured {
                capture: captured::with_login_of(capture, restore),
                restore: CommandLine { stdin: None, ..capture.clone() },
            };
        }
        let pushed = self.push(change, "", title, Action::Run(line), back);
        pushed.found = if ours { now } else { rows.states.first().cloned().flatten() };
        pushed.proofs = vec![Proof::Restored(kept)];
    }

    fn again(&mut self, change: &Change) {
        let (title, action) = match &change.action {
            Action::Apply { .. } => {
                let message = format!("ngcp-warden: run {} taken back", self.run);
                ("apply the configuration of before".to_owned(), Action::Apply { message })
            }
            action => (format!("again: {}", change.title), action.clone()),
        };
        let pushed = self.push(change, "", title, action, Undo::Again);
        pushed.proofs.extend(change.noted().cloned().map(Proof::Claim));
    }

    /// Puts a file back to what it was before the run, from whatever state the run left it in.
    fn put_back(&mut self, first: &Traced, file: &FileTarget<'_>, host: &dyn Executor) {
        let now = Was::read(host, file.path).ok();
        let ours = now.as_ref().is_some_and(|now| file.is_ours(now));
        let way = now
            .as_ref()
            .map_or(Way::Theirs, |now| way_back(file.path, file.accounts, file.was, now, ours, &file.left));
        let left = match (&way, &now) {
            (Way::Nothing, _) => return,
            (Way::Theirs, _) | (_, None) => file.states.first().cloned().flatten(),
            (_, Some(now)) => Some(now.left()),
        };
        let id = &first.change.id;
        let kept = |part: &str| Template::default().secret(name(&self.run, id, part), SecretForm::File);
        let whole = |attributes| (kept(&file.copy.to_string()), attributes);
        let forced = || match &now {
            Some(now) if file.accounts => {
                shared::part(file.path, file.accounts, file.was, now, &file.left, true)
            }
            _ => None,
        };
        let path = file.path.display();
        let mut becomes = file.was.text().map(str::to_owned);
        let (title, to) = match &way {
            Way::Part(part) => {
                becomes = part.expose_str().map(str::to_owned);
                let title = format!("put {path} back, but for what others changed in it since");
                (title, Some((kept(&file.part()), Attributes::Keep)))
            }
            Way::Content(_) => {
                let title = format!("put {path} back; its mode and owner were changed since and stay");
                (title, Some(whole(Attributes::Keep)))
            }
            Way::Theirs if let Some(part) = forced() => {
                becomes = String::from_utf8(part).ok();
                self.now.extend(now.as_ref().map(|now| (file.path.to_owned(), now.left())));
                (format!("put accounts in {path} back"), Some((kept(&file.part()), Attributes::Keep)))
            }
            _ => match file.was.attributes() {
                Some(attributes) => (format!("put {path} back"), Some(whole(attributes))),
                None => (format!("remove {path}"), None),
            },
        };
        let diff = match (now.as_ref().and_then(Was::text), becomes) {
            (Some(now), Some(becomes)) if !file.secret => unified_in(file.path, now, &becomes),
            _ => String::new(),
        };
        if matches!(way, Way::Theirs) {
            self.foreign.push(ForeignEdit { what: path.to_string(), diff: diff.clone() });
        }
        let action = Action::Restore { path: file.path.to_owned(), left: left.unwrap_or(Left::Absent), to };
        let part = if file.copy == 0 { String::new() } else { format!(".{}", file.copy) };
        self.push(&first.change, &part, title, action, Undo::Files).diff = diff;
    }

    fn push(&mut self, of: &Change, part: &str, title: String, action: Action, undo: Undo) -> &mut Change {
        let mut change = Change::new(&of.step, "", title, action, undo);
        change.id = format!("undo.{}{part}", of.id);
        change.phase = of.phase;
        change.interrupts = of.interrupts.clone().map(|noticed| match change.undo {
            Undo::Again => noticed,
            _ => "interrupts again what it interrupted when it was made".to_owned(),
        });
        change.guard = of.guard.clone().or_else(|| of.waived.clone());
        if change.undo != Undo::Files {
            change.touches.clone_from(&of.touches);
        }
        let at = self.plan.changes.len();
        self.plan.changes.push(change);
        &mut self.plan.changes[at]
    }
}

/// Names of passwords that the rest of a run that was cut off needs again; they were never stored.
///
/// # Errors
/// When its record cannot be read.
pub fn needed_to_continue(runs: &Runs, run: &str) -> Result<BTreeSet<String>> {
    let open = |traced: &&Traced| match traced.told.outcome() {
        None => true,
        Some(outcome) => outcome == Outcome::Failed && !traced.told.is_undone(),
    };
    let (_, traced) = trace(runs, run)?;
    let names = traced.iter().filter(open).flat_map(|traced| needed_by(&traced.change));
    Ok(names.filter(|name| !name.starts_with(FILES)).collect())
}
