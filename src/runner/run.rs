//! The run itself: change by change, proof by proof, and what happens when one fails or somebody says stop.
//!
//! A failed change ends the run. The changes of its step are taken back; completed steps stay. Configuration that
//! completed steps edited is then still applied, so that nobody's later `ngcpcfg apply` brings it in unseen. When
//! the apply itself fails, or the run is stopped before it, those edits are taken back instead: a configuration
//! that is not in force must not lie about. What is guarded and nobody kept never stays, however the run ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Journal, NotKept, Platform, Record, RunOutcome, armed::Armed, orphan::Session,
    output::Redactor, proof::Sight,
};
use crate::{
    executor::Executor,
    finding::{Finding, StepId},
    plan::{Change, Left, Outcome, Phase, Plan, Undo},
    secret::Secrets,
};

/// A plan and what the journal tells about its run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Name of the run: `20261122-1`.
    pub run: String,
    /// What to do.
    pub plan: Plan,
    /// Who: user name and where from.
    pub operator: String,
    /// What was found before.
    pub findings: Vec<Finding>,
    /// The run that this one takes back.
    pub undoes: Option<String>,
}

/// Runs a plan to its end and records everything that happens.
///
/// # Errors
/// When the journal cannot be written any more; nothing is changed after that.
pub fn run(
    order: &Order,
    secrets: &Secrets,
    host: &dyn Executor,
    platform: &dyn Platform,
    journal: &mut dyn Journal,
    control: &Control,
) -> Result<RunOutcome> {
    let started = Event::Started {
        run: order.run.clone(),
        plan: Box::new(order.plan.clone()),
        operator: order.operator.clone(),
        findings: order.findings.clone(),
        undoes: order.undoes.clone(),
        host: platform.title(host),
    };
    journal.record(host.now(), started)?;
    Runner::new(order, secrets, host, platform, journal, control).go()
}

/// Goes on with a run that was cut off, from what its journal tells.
///
/// # Errors
/// As [`run`].
pub fn resume(
    order: &Order,
    past: &[Record],
    secrets: &Secrets,
    host: &dyn Executor,
    platform: &dyn Platform,
    journal: &mut dyn Journal,
    control: &Control,
) -> Result<RunOutcome> {
    journal.record(host.now(), Event::Resumed { operator: order.operator.clone() })?;
    let mut runner = Runner::new(order, secrets, host, platform, journal, control);
    for record in past {
        runner.remember(&record.event);
    }
    runner.recall()?;
    if let Some(dir) = runner.journal.dir().map(Path::to_owned)
        && let Some(change) = Armed::kept(&dir)?
    {
        runner.record(Event::Kept { change })?;
        Armed::disarm(&dir);
    }
    runner.go()
}

/// Takes back a guarded change that nobody confirmed, in place of a runner that is gone, and ends its run. `asked`:
/// somebody was asked to confirm it; a power cut may have taken the record of that.
pub(super) fn restore(
    order: &Order,
    past: &[Record],
    (change, asked): (&str, bool),
    secrets: &Secrets,
    host: &dyn Executor,
    platform: &dyn Platform,
    journal: &mut dyn Journal,
) -> Result<RunOutcome> {
    let control = Control::default();
    let mut runner = Runner::new(order, secrets, host, platform, journal, &control);
    for record in past {
        runner.remember(&record.event);
    }
    runner.recall()?;
    let asked = asked || past.iter().any(|record| matches!(&record.event, Event::Waiting { .. }));
    for open in &order.plan.changes {
        let why = match runner.known(open) {
            Known { ended: Some(_), .. } => continue,
            _ if open.id == change && asked => {
                let why = NotKept::Unconfirmed;
                runner.record(Event::NotKept { change: open.id.clone(), why })?;
                why.words()
            }
            Known { begun: false, .. } if open.id == change => CUT_OFF_BEFORE,
            Known { begun: true, .. } => CUT_OFF,
            _ => continue,
        };
        runner.end(open, Outcome::Failed, why, "", host.uptime())?;
    }
    runner.go()
}

/// Said of the guarded change itself when it never began.
const CUT_OFF_BEFORE: &str = "the run was cut off before it; what could cut you off is taken back";
/// Said of a change in whose middle the runner ended, when the whole run is taken back.
const CUT_OFF: &str = "the run was cut off in the middle of it; it is taken back";

/// What is known of one change of this run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    pub(super) begun: bool,
    pub(super) ended: Option<Outcome>,
    pub(super) undone: bool,
    /// Somebody confirmed it from a new login.
    pub(super) kept: bool,
}

/// A run that goes on.
pub(super) struct Runner<'a> {
    pub(super) plan: &'a Plan,
    pub(super) secrets: &'a Secrets,
    pub(super) sight: Sight<'a>,
    pub(super) journal: &'a mut dyn Journal,
    pub(super) control: &'a Control,
    pub(super) redactor: Redactor,
    pub(super) known: BTreeMap<String, Known>,
    /// What the changes of this run left at their files.
    pub(super) left: BTreeMap<PathBuf, Vec<Left>>,
    /// Files that a program of this run was rewriting when it was cut off: whatever is there is taken for its own.
    pub(super) unsure: BTreeSet<PathBuf>,
    /// Scripts of the platform that its tool ran: they restarted services.
    pub(super) executed: BTreeSet<String>,
    pub(super) stopped: bool,
    /// The watcher of a guarded change was started.
    pub(super) watched: bool,
}

impl<'a> Runner<'a> {
    fn new(
        order: &'a Order,
        secrets: &'a Secrets,
        host: &'a dyn Executor,
        platform: &'a dyn Platform,
        journal: &'a mut dyn Journal,
        control: &'a Control,
    ) -> Self {
        Runner {
            plan: &order.plan,
            secrets,
            sight: Sight { host, platform, secrets },
            journal,
            control,
            redactor: Redactor::new(secrets),
            known: BTreeMap::new(),
            left: BTreeMap::new(),
            unsure: BTreeSet::new(),
            executed: BTreeSet::new(),
            stopped: false,
            watched: false,
        }
    }

    pub(super) fn host(&self) -> &'a dyn Executor {
        self.sight.host
    }

    pub(super) fn record(&mut self, event: Event) -> io::Result<()> {
        self.remember(&event);
        self.journal.record(self.sight.host.now(), event)
    }

    fn remember(&mut self, event: &Event) {
        match event {
            Event::Before { change } => self.known_mut(change).begun = true,
            Event::After { change, outcome, .. } => self.known_mut(change).ended = Some(*outcome),
            Event::Undone { change, .. } => self.known_mut(change).undone = true,
            Event::Kept { change } => self.known_mut(change).kept = true,
            Event::Stopping => self.stopped = true,
            Event::Output { line, .. } => {
                self.executed.extend(self.sight.platform.configuration().said(line).executed);
            }
            _ => {}
        }
    }

    /// What the changes of an earlier process left at their files, from what its journal kept.
    fn recall(&mut self) -> Result<()> {
        let plan = self.plan;
        for change in &plan.changes {
            let known = self.known(change);
            if !known.begun {
                continue;
            }
            let saved = self.journal.saved(&change.id)?;
            let left = self.journal.left_by(&change.id)?;
            for file in saved.into_iter().flat_map(|saved| saved.files) {
                let noted = left.iter().flat_map(|left| &left.files).find(|(path, _)| *path == file.path);
                let noted = noted.map(|(_, left)| left.clone()).or(file.expected);
                match noted {
                    Some(left) => self.left.entry(file.path.clone()).or_default().push(left),
                    None => drop(self.unsure.insert(file.path.clone())),
                }
                if known.undone && change.undo == Undo::Files {
                    self.unsure.remove(&file.path);
                    self.left.entry(file.path).or_default().push(file.was.left());
                }
            }
        }
        Ok(())
    }

    fn known_mut(&mut self, change: &str) -> &mut Known {
        self.known.entry(change.to_owned()).or_default()
    }

    pub(super) fn known(&self, change: &Change) -> Known {
        self.known.get(&change.id).copied().unwrap_or_default()
    }

    /// Whether the change may have altered the host and is not taken back yet.
    pub(super) fn stands(&self, change: &Change) -> bool {
        let known = self.known(change);
        known.begun && !known.undone && !matches!(known.ended, Some(Outcome::Unchanged | Outcome::Skipped))
    }

    fn go(mut self) -> Result<RunOutcome> {
        let plan = self.plan;
        let mut failed = plan.changes.iter().find(|change| self.failed(change));
        let next = plan.changes.iter().find(|change| self.known(change).ended.is_none());
        if let (None, Some(next), false) = (failed, next, self.stopping()?)
            && let Err(error) = self.clear_to_start()
        {
            let begun = plan.changes.iter().any(|change| self.known(change).begun);
            let message = format!("nothing {}was changed: {error:#}", if begun { "more " } else { "" });
            self.end(next, Outcome::Failed, &message, "", self.host().uptime())?;
            failed = Some(next);
        }
        for change in &plan.changes {
            if failed.is_some() || self.known(change).ended.is_none() && self.stopping()? {
                break;
            }
            if self.known(change).ended.is_none() && self.change(change)? == Outcome::Failed {
                failed = Some(change);
            }
        }
        let reason = match failed {
            Some(failed) => {
                self.settle()?;
                format!("not tried: \"{}\" failed before it", failed.title)
            }
            None => {
                if self.stopped {
                    let open = plan.changes.iter().any(|c| c.is_apply() && self.known(c).ended.is_none());
                    self.take_back_open(open)?;
                }
                "not tried: the run was stopped before it".to_owned()
            }
        };
        for change in
            plan.changes.iter().filter(|change| self.known(change).ended.is_none()).collect::<Vec<_>>()
        {
            self.end(change, Outcome::Skipped, &reason, "", self.host().uptime())?;
        }
        let outcome = self.outcome();
        let findings = self.findings();
        let report = self.journal.report();
        if let Some(dir) = self.journal.dir() {
            Armed::disarm(dir);
            Session::forget(dir);
        }
        self.record(Event::Finished { outcome, findings, report })?;
        Ok(outcome)
    }

    fn stopping(&mut self) -> io::Result<bool> {
        if !self.stopped && self.control.is_stopping() {
            self.record(Event::Stopping)?;
        }
        Ok(self.stopped)
    }

    fn outcome(&self) -> RunOutcome {
        let ended: Vec<Outcome> = self.plan.changes.iter().filter_map(|c| self.known(c).ended).collect();
        let any = |outcome| ended.contains(&outcome);
        match () {
            () if any(Outcome::Failed) => RunOutcome::Failed,
            () if any(Outcome::Skipped) => RunOutcome::Stopped,
            () if any(Outcome::Warning) || self.plan.partial => RunOutcome::Warning,
            () if any(Outcome::Done) => RunOutcome::Done,
            () => RunOutcome::Unchanged,
        }
    }

    /// What every step of the plan sees now; a step that cannot look is left out.
    fn findings(&self) -> Vec<Finding> {
        let mut steps: Vec<StepId> = self.plan.changes.iter().map(|change| change.step.clone()).collect();
        steps.sort();
        steps.dedup();
        steps.iter().filter_map(|step| self.sight.findings(step).ok()).flatten().collect()
    }

    /// After a failure: takes back what must not stay, and applies the configuration that stays.
    fn settle(&mut self) -> Result<()> {
        let plan = self.plan;
        let apply = plan.changes.iter().find(|change| change.is_apply());
        let mut unapplied = apply.is_some_and(|apply| self.failed(apply));
        if !unapplied {
            self.take_back_open(false)?;
            let pending = plan.changes.iter().any(|c| c.phase == Phase::Configure && self.stands(c));
            let apply = apply.filter(|apply| pending && self.known(apply).ended.is_none());
            unapplied = apply.map(|apply| self.change(apply)).transpose()? == Some(Outcome::Failed);
        }
        if unapplied { self.take_back_open(true) } else { Ok(()) }
    }

    /// Takes back steps that failed or that nobody kept, and the configuration of all steps when it is not in force,
    /// or when theirs is in force or lies below that of others.
    fn take_back_open(&mut self, unapplied: bool) -> Result<()> {
        let plan = self.plan;
        let running = self.host().world().is_running();
        let goes = |c: &Change| {
            let fails = |other: &Change| other.step == c.step && self.failed(other);
            let unkept = |other: &Change| other.guards(c) && !self.known(other).kept && running;
            plan.changes.iter().any(|other| fails(other) || unkept(other))
        };
        let open = plan.taken_back(&goes, &|c| self.stands(c), unapplied);
        self.take_back(&open)
    }

    fn failed(&self, change: &Change) -> bool {
        self.known(change).ended == Some(Outcome::Failed)
    }
}
