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
    ChangeState, Control, Event, Journal, NotKept, Platform, Record, RunOutcome, RunState, armed::Armed,
    orphan::Session, output::Redactor, proof::Sight,
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
    let mut runner = Runner::new(order, &[], secrets, host, platform, journal, control);
    runner.record(started)?;
    runner.go()
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
    let mut runner = Runner::new(order, past, secrets, host, platform, journal, control);
    runner.record(Event::Resumed { operator: order.operator.clone() })?;
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
    let mut runner = Runner::new(order, past, secrets, host, platform, journal, &control);
    runner.recall()?;
    let asked = asked || past.iter().any(|record| matches!(&record.event, Event::Waiting { .. }));
    for open in &order.plan.changes {
        let now = host.uptime();
        match (open.id == change, runner.begun(open)) {
            _ if runner.ended(open).is_some() => continue,
            (true, _) if asked => {
                let why = NotKept::Unconfirmed;
                runner.record_end(open, (Outcome::Failed, why.words()), "", now, Some(why))?
            }
            (_, true) => runner.end(open, Outcome::Failed, CUT_OFF, "", now)?,
            (true, false) => runner.end(open, Outcome::Failed, CUT_OFF_BEFORE, "", now)?,
            (false, false) => continue,
        };
    }
    runner.go()
}

/// Said of the guarded change itself when it never began.
const CUT_OFF_BEFORE: &str = "the run was cut off before it; what could cut you off is taken back";
/// Said of a change in whose middle the runner ended, when the whole run is taken back.
const CUT_OFF: &str = "the run was cut off in the middle of it; it is taken back";

/// A run that goes on.
pub(super) struct Runner<'a> {
    pub(super) plan: &'a Plan,
    pub(super) secrets: &'a Secrets,
    pub(super) sight: Sight<'a>,
    pub(super) journal: &'a mut dyn Journal,
    pub(super) control: &'a Control,
    pub(super) redactor: Redactor,
    /// What its records tell.
    state: RunState,
    /// What the changes of this run left at their files.
    pub(super) left: BTreeMap<PathBuf, Vec<Left>>,
    /// Files that a program of this run was rewriting when it was cut off: whatever is there is taken for its own.
    pub(super) unsure: BTreeSet<PathBuf>,
    /// Scripts of the platform that its tool ran: they restarted services.
    pub(super) executed: BTreeSet<String>,
    /// The watcher of a guarded change was started.
    pub(super) watched: bool,
}

impl<'a> Runner<'a> {
    fn new(
        order: &'a Order,
        past: &[Record],
        secrets: &'a Secrets,
        host: &'a dyn Executor,
        platform: &'a dyn Platform,
        journal: &'a mut dyn Journal,
        control: &'a Control,
    ) -> Self {
        let printed = past.iter().filter_map(|record| match &record.event {
            Event::Output { line, .. } => Some(platform.configuration().said(line).executed),
            _ => None,
        });
        Runner {
            plan: &order.plan,
            secrets,
            sight: Sight { host, platform, secrets },
            journal,
            control,
            redactor: Redactor::new(secrets),
            state: RunState::of(past).unwrap_or_default(),
            left: BTreeMap::new(),
            unsure: BTreeSet::new(),
            executed: printed.flatten().collect(),
            watched: false,
        }
    }

    pub(super) fn host(&self) -> &'a dyn Executor {
        self.sight.host
    }

    /// Whether this run takes another one back.
    pub(super) fn takes_back(&self) -> bool {
        self.state.undoes.is_some()
    }

    pub(super) fn record(&mut self, event: Event) -> io::Result<()> {
        let now = self.sight.host.now();
        self.state.happens(&event, now);
        self.journal.record(now, event)
    }

    /// What the changes of an earlier process left at their files, from what its journal kept.
    fn recall(&mut self) -> Result<()> {
        let plan = self.plan;
        for change in &plan.changes {
            if !self.begun(change) {
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
                if self.undone(change) && change.undo == Undo::Files {
                    self.unsure.remove(&file.path);
                    self.left.entry(file.path).or_default().push(file.was.left());
                }
            }
        }
        Ok(())
    }

    fn known(&self, change: &Change) -> Option<&ChangeState> {
        self.state.changes.iter().find(|known| known.id == change.id)
    }

    pub(super) fn begun(&self, change: &Change) -> bool {
        self.known(change).is_some_and(|known| known.begun.is_some())
    }

    pub(super) fn ended(&self, change: &Change) -> Option<Outcome> {
        self.known(change)?.outcome()
    }

    /// Whether somebody confirmed it from a new login.
    pub(super) fn kept(&self, change: &Change) -> bool {
        self.known(change).is_some_and(|known| known.kept)
    }

    /// Whether it was tried to take it back.
    pub(super) fn undone(&self, change: &Change) -> bool {
        self.known(change).is_some_and(|known| known.undone.is_some())
    }

    /// Whether the change may have altered the host and is not taken back yet.
    pub(super) fn stands(&self, change: &Change) -> bool {
        self.known(change).is_some_and(ChangeState::changed) && !self.undone(change)
    }

    fn go(mut self) -> Result<RunOutcome> {
        let plan = self.plan;
        let mut failed = plan.changes.iter().find(|change| self.failed(change));
        let next = plan.changes.iter().find(|change| self.ended(change).is_none());
        if let (None, Some(next), false) = (failed, next, self.stopping()?)
            && let Err(error) = self.clear_to_start()
        {
            let begun = plan.changes.iter().any(|change| self.begun(change));
            let message = format!("nothing {}was changed: {error:#}", if begun { "more " } else { "" });
            self.end(next, Outcome::Failed, &message, "", self.host().uptime())?;
            failed = Some(next);
        }
        for change in &plan.changes {
            if failed.is_some() || self.ended(change).is_none() && self.stopping()? {
                break;
            }
            if self.ended(change).is_none() && self.change(change)? == Outcome::Failed {
                failed = Some(change);
            }
        }
        let reason = match failed {
            Some(failed) => {
                self.settle()?;
                format!("not tried: \"{}\" failed before it", failed.title)
            }
            None => {
                if self.state.stopping {
                    let open = plan.changes.iter().any(|c| c.is_apply() && self.ended(c).is_none());
                    self.take_back_open(open)?;
                }
                "not tried: the run was stopped before it".to_owned()
            }
        };
        for change in plan.changes.iter().filter(|change| self.ended(change).is_none()).collect::<Vec<_>>() {
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
        if !self.state.stopping && self.control.is_stopping() {
            self.record(Event::Stopping)?;
        }
        Ok(self.state.stopping)
    }

    fn outcome(&self) -> RunOutcome {
        let ended: Vec<Outcome> = self.plan.changes.iter().filter_map(|c| self.ended(c)).collect();
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
            let apply = apply.filter(|apply| pending && self.ended(apply).is_none());
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
            let unkept = |other: &Change| other.guards(c) && !self.kept(other) && running;
            plan.changes.iter().any(|other| fails(other) || unkept(other))
        };
        let open = plan.taken_back(&goes, &|c| self.stands(c), unapplied);
        self.take_back(&open)
    }

    fn failed(&self, change: &Change) -> bool {
        self.ended(change) == Some(Outcome::Failed)
    }
}
