//! The run itself: change by change, proof by proof, and what happens when one fails or somebody says stop.
//!
//! A failed change ends the run. The changes of its step are taken back; completed steps stay. Configuration that
//! completed steps edited is then still applied, so that nobody's later `ngcpcfg apply` brings it in unseen. When
//! the apply itself fails, or the run is stopped before it, those edits are taken back instead: a configuration
//! that is not in force must not lie about.

use std::{collections::BTreeMap, io, time::Duration};

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Control, Event, Journal, Look, Record, RunOutcome, Saved, SavedFile, Was,
    act::{self, Prepared},
    output::{Lines, Redactor},
    prove::{self, Sight},
};
use crate::{
    executor::{Command, Executor, Exit, Quiet, Stream},
    finding::{Finding, StepId},
    plan::{Action, Change, Outcome, Plan, Undo, unified},
    secret::{Secret, Secrets},
};

/// Everything below is in force only after `ngcpcfg apply`.
const CONFIGURATION: &str = "/etc/ngcp-config";
/// How long an apply may take.
const APPLY_LIMIT: Duration = Duration::from_secs(900);
/// A longer difference is cut.
const DIFF_LIMIT: usize = 64 * 1024;

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
    look: &dyn Look,
    journal: &mut dyn Journal,
    control: &Control,
) -> Result<RunOutcome> {
    let started = Event::Started {
        run: order.run.clone(),
        plan: Box::new(order.plan.clone()),
        operator: order.operator.clone(),
        findings: order.findings.clone(),
        undoes: order.undoes.clone(),
    };
    journal.record(host.now(), started)?;
    Runner::new(order, secrets, host, look, journal, control).go()
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
    look: &dyn Look,
    journal: &mut dyn Journal,
    control: &Control,
) -> Result<RunOutcome> {
    journal.record(host.now(), Event::Resumed { operator: order.operator.clone() })?;
    let mut runner = Runner::new(order, secrets, host, look, journal, control);
    for record in past {
        runner.remember(&record.event);
    }
    runner.go()
}

/// What is known of one change of this run.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    begun: bool,
    ended: Option<Outcome>,
    undone: bool,
}

struct Runner<'a> {
    plan: &'a Plan,
    secrets: &'a Secrets,
    sight: Sight<'a>,
    journal: &'a mut dyn Journal,
    control: &'a Control,
    redactor: Redactor,
    known: BTreeMap<String, Known>,
    stopped: bool,
}

impl<'a> Runner<'a> {
    fn new(
        order: &'a Order,
        secrets: &'a Secrets,
        host: &'a dyn Executor,
        look: &'a dyn Look,
        journal: &'a mut dyn Journal,
        control: &'a Control,
    ) -> Self {
        Runner {
            plan: &order.plan,
            secrets,
            sight: Sight { host, look, secrets },
            journal,
            control,
            redactor: Redactor::new(secrets),
            known: BTreeMap::new(),
            stopped: false,
        }
    }

    fn host(&self) -> &'a dyn Executor {
        self.sight.host
    }

    fn record(&mut self, event: Event) -> io::Result<()> {
        self.remember(&event);
        self.journal.record(self.sight.host.now(), event)
    }

    fn remember(&mut self, event: &Event) {
        match event {
            Event::Before { change } => self.known_mut(change).begun = true,
            Event::After { change, outcome, .. } => self.known_mut(change).ended = Some(*outcome),
            Event::Undone { change, .. } => self.known_mut(change).undone = true,
            Event::Stopping => self.stopped = true,
            _ => {}
        }
    }

    fn known_mut(&mut self, change: &str) -> &mut Known {
        self.known.entry(change.to_owned()).or_default()
    }

    fn known(&self, change: &Change) -> Known {
        self.known.get(&change.id).copied().unwrap_or_default()
    }

    /// Whether the change may have altered the host and is not taken back yet.
    fn stands(&self, change: &Change) -> bool {
        let known = self.known(change);
        known.begun && !known.undone && !matches!(known.ended, Some(Outcome::Unchanged | Outcome::Skipped))
    }

    fn go(mut self) -> Result<RunOutcome> {
        let plan = self.plan;
        let mut failed = None;
        for change in &plan.changes {
            let outcome = match self.known(change).ended {
                Some(outcome) => outcome,
                None if self.stopping()? => break,
                None => self.change(change)?,
            };
            if outcome == Outcome::Failed {
                failed = Some(change);
                break;
            }
        }
        let reason = match failed {
            Some(failed) => {
                self.settle(failed)?;
                format!("not tried: \"{}\" failed before it", failed.title)
            }
            None => {
                if self.stopped
                    && plan
                        .changes
                        .iter()
                        .any(|change| is_apply(change) && self.known(change).ended.is_none())
                {
                    let pending: Vec<&Change> = plan.changes.iter().filter(|c| configures(c)).collect();
                    self.take_back(&pending)?;
                }
                "not tried: the run was stopped before it".to_owned()
            }
        };
        for change in
            plan.changes.iter().filter(|change| self.known(change).ended.is_none()).collect::<Vec<_>>()
        {
            self.end(change, Outcome::Skipped, &reason, String::new(), self.host().now())?;
        }
        let outcome = self.outcome();
        let findings = self.findings();
        let report = self.journal.report();
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
            () if any(Outcome::Warning) => RunOutcome::Warning,
            () if any(Outcome::Done) => RunOutcome::Done,
            () => RunOutcome::Unchanged,
        }
    }

    /// What every step of the plan sees now; a step that cannot look is left out.
    fn findings(&self) -> Vec<Finding> {
        let mut steps: Vec<StepId> = self.plan.changes.iter().map(|change| change.step.clone()).collect();
        steps.sort();
        steps.dedup();
        steps.iter().filter_map(|step| self.sight.look.findings(step).ok()).flatten().collect()
    }

    /// After a failure: takes back what must not stay, and applies the configuration that stays.
    fn settle(&mut self, failed: &Change) -> Result<()> {
        let plan = self.plan;
        if !is_apply(failed) {
            let step: Vec<&Change> = plan.changes.iter().filter(|c| c.step == failed.step).collect();
            self.take_back(&step)?;
            let Some(apply) = plan.changes.iter().find(|change| is_apply(change)) else { return Ok(()) };
            let pending = plan.changes.iter().any(|change| configures(change) && self.stands(change));
            match self.known(apply).ended {
                Some(Outcome::Failed) => {}
                None if pending && self.change(apply)? == Outcome::Failed => {}
                _ => return Ok(()),
            }
        }
        let unapplied: Vec<&Change> = plan.changes.iter().filter(|c| configures(c) || is_apply(c)).collect();
        self.take_back(&unapplied)
    }

    /// Takes changes back, the last one first; what must be done again afterwards comes at the end.
    fn take_back(&mut self, changes: &[&Change]) -> Result<()> {
        let again = |change: &&&Change| change.undo == Undo::Again;
        let first = changes.iter().rev().filter(|change| !again(change));
        for change in first.chain(changes.iter().filter(again)) {
            if self.stands(change) {
                let (outcome, message) = match self.undo(change) {
                    Ok(message) => (Outcome::Done, message),
                    Err(error) => (Outcome::Failed, format!("{error:#}")),
                };
                let message = self.redactor.clean(&message);
                self.record(Event::Undone { change: change.id.clone(), outcome, message })?;
            }
        }
        Ok(())
    }

    fn undo(&mut self, change: &Change) -> Result<String> {
        let saved = self.journal.saved(&change.id)?;
        let saved = || saved.as_ref().ok_or_else(|| anyhow::anyhow!("nothing was kept to take it back with"));
        match &change.undo {
            Undo::Files => {
                let mut back = Vec::new();
                for file in &saved()?.files {
                    if file.was.put_back(self.sight.host, &file.path)? {
                        back.push(file.path.display().to_string());
                    }
                }
                Ok(if back.is_empty() {
                    "it had changed nothing".to_owned()
                } else {
                    format!("put back: {}", back.join(", "))
                })
            }
            Undo::Run(line) => {
                let command = act::command(line, self.secrets)?;
                self.must(change, &command)?;
                Ok(format!("ran: {line}"))
            }
            Undo::Captured { restore, .. } => {
                let mut command = act::command(restore, self.secrets)?;
                command.stdin.clone_from(&saved()?.captured);
                self.must(change, &command)?;
                Ok(format!("put back with {}", restore.program))
            }
            Undo::Again => match &change.action {
                Action::Run(line) => {
                    let command = act::command(line, self.secrets)?;
                    self.must(change, &command)?;
                    Ok(format!("ran again: {line}"))
                }
                Action::Apply { message } => {
                    self.must(change, &apply_command(&format!("{message} (taken back)")))?;
                    Ok("the old configuration was applied again".to_owned())
                }
                _ => anyhow::bail!("only a command can be run again"),
            },
            Undo::Nothing => Ok("there was nothing to take back".to_owned()),
            Undo::Impossible(why) => anyhow::bail!("{why}"),
        }
    }

    /// Runs a program that has to succeed.
    fn must(&mut self, change: &Change, command: &Command) -> Result<()> {
        let exit = self.stream(&change.id, command)?;
        anyhow::ensure!(exit.ok(), "{}: {}", command.program, exit.reason());
        Ok(())
    }

    /// One change, from looking to seeing.
    fn change(&mut self, change: &Change) -> Result<Outcome> {
        let host = self.host();
        let began = host.now();
        let cut_off = self.known(change).begun;
        let prepared = match self.sight.already(change) {
            true => Ok(Prepared::Nothing),
            false => act::prepare(&change.action, self.secrets, host),
        };
        let prepared = match prepared {
            Ok(Prepared::Nothing) if cut_off => {
                let message = "it had been done when the run was cut off";
                return self.end(change, Outcome::Done, message, String::new(), began);
            }
            Ok(Prepared::Nothing) => {
                return self.end(change, Outcome::Unchanged, "it was so already", String::new(), began);
            }
            Ok(prepared) => prepared,
            Err(error) => {
                return self.end(change, Outcome::Failed, &format!("{error:#}"), String::new(), began);
            }
        };
        let kept = match cut_off {
            true => self.journal.saved(&change.id)?,
            false => None,
        };
        let saved = match kept {
            Some(saved) => saved,
            None => match self.keep(change, &prepared) {
                Ok(saved) => saved,
                Err(error) => {
                    let message =
                        format!("nothing was changed, because it could not have been taken back: {error:#}");
                    return self.end(change, Outcome::Failed, &message, String::new(), began);
                }
            },
        };
        self.record(Event::Before { change: change.id.clone() })?;
        let (outcome, message) = match self.perform(change, &prepared, &saved) {
            Ok(done) => done,
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        };
        let (left, diff) = self.compare(change, &saved);
        self.journal.left(&change.id, &left)?;
        let command = matches!(prepared, Prepared::Run(_));
        let same = command
            && !left.is_empty()
            && saved.files.iter().all(|f| left.contains(&(f.path.clone(), f.was.left())));
        let outcome = match outcome {
            Outcome::Done if same && change.undo == Undo::Files => Outcome::Unchanged,
            outcome => outcome,
        };
        self.end(change, outcome, &message, diff, began)
    }

    /// Keeps what is needed to take the change back.
    fn keep(&mut self, change: &Change, prepared: &Prepared) -> Result<Saved> {
        let host = self.host();
        let mut saved = Saved::default();
        for path in act::paths(change) {
            let was = Was::read(host, path)?;
            saved.files.push(SavedFile { path: path.to_owned(), was, expected: prepared.leaves(path) });
        }
        if let Undo::Captured { capture, .. } = &change.undo {
            let exit = act::run(host, &act::command(capture, self.secrets)?, &mut Quiet)?;
            anyhow::ensure!(exit.ok(), "{}: {}", capture.program, exit.reason());
            let whole = exit.stdout.len() < crate::executor::OUTPUT_LIMIT;
            anyhow::ensure!(whole, "{} printed more than can be kept", capture.program);
            saved.captured = Some(Secret::new(exit.stdout));
        }
        if change.proofs.contains(&crate::plan::Proof::Services) {
            saved.services = prove::services(host)?;
        }
        self.journal.save(&change.id, &saved)?;
        Ok(saved)
    }

    fn perform(&mut self, change: &Change, prepared: &Prepared, saved: &Saved) -> Result<(Outcome, String)> {
        let exit = match prepared {
            Prepared::Run(command) => self.stream(&change.id, command)?,
            Prepared::Apply(message) => self.stream(&change.id, &apply_command(message))?,
            prepared => {
                act::put(self.sight.host, prepared)?;
                return Ok((Outcome::Done, self.sight.all(change, "", &saved.services)?));
            }
        };
        let printed = exit.text() + &exit.error_text();
        let seen = self.sight.all(change, &printed, &saved.services);
        Ok(match (exit.ok(), seen) {
            (true, Ok(seen)) => (Outcome::Done, seen),
            (false, Ok(seen))
                if !seen.is_empty() && matches!(exit.status, crate::executor::Status::Code(_)) =>
            {
                (Outcome::Warning, format!("{seen}; yet: {}", exit.reason()))
            }
            (false, _) => (Outcome::Failed, exit.reason()),
            (true, Err(error)) => (Outcome::Failed, format!("{error:#}")),
        })
    }

    /// Runs a program and records what it prints as it does.
    fn stream(&mut self, change: &str, command: &Command) -> Result<Exit> {
        let host = self.sight.host;
        let journal = &mut *self.journal;
        let mut emit = |stream: Stream, line: String| {
            // What a program printed may be lost when the disk is full; what was changed may not.
            let _ = journal.record(host.now(), Event::Output { change: change.to_owned(), stream, line });
        };
        let mut lines = Lines::new(&self.redactor, &mut emit);
        let exit = act::run(host, command, &mut lines);
        lines.finish();
        exit
    }

    /// What the change left at its files, and the difference in those that a command touched.
    fn compare(
        &self,
        change: &Change,
        saved: &Saved,
    ) -> (Vec<(std::path::PathBuf, crate::plan::Left)>, String) {
        let (mut left, mut diff) = (Vec::new(), String::new());
        for file in &saved.files {
            let Ok(now) = Was::read(self.sight.host, &file.path) else { continue };
            left.push((file.path.clone(), now.left()));
            let shown = change.touches.iter().any(|touched| touched.path == file.path && !touched.secret);
            if let (true, Some(old), Some(new)) = (shown && now != file.was, file.was.text(), now.text()) {
                let lines = unified(old, new);
                if !lines.is_empty() {
                    diff += &format!("{}\n{lines}", file.path.display());
                }
            }
        }
        if diff.len() > DIFF_LIMIT {
            let end = (0..=DIFF_LIMIT).rev().find(|at| diff.is_char_boundary(*at)).unwrap_or(0);
            diff.truncate(end);
            diff += "\n… the rest of the difference is not shown\n";
        }
        (left, diff)
    }

    fn end(
        &mut self,
        change: &Change,
        outcome: Outcome,
        message: &str,
        diff: String,
        began: Timestamp,
    ) -> Result<Outcome> {
        let took = self.host().now().as_millisecond().saturating_sub(began.as_millisecond());
        self.record(Event::After {
            change: change.id.clone(),
            outcome,
            message: self.redactor.clean(message),
            diff: self.redactor.clean(&diff),
            took: u64::try_from(took).unwrap_or(0),
        })?;
        Ok(outcome)
    }
}

fn is_apply(change: &Change) -> bool {
    matches!(change.action, Action::Apply { .. })
}

/// Whether it alters configuration that is in force only after an apply.
fn configures(change: &Change) -> bool {
    act::paths(change).iter().any(|path| path.starts_with(CONFIGURATION))
}

fn apply_command(message: &str) -> Command {
    Command::new("ngcpcfg", ["apply", message]).limit(APPLY_LIMIT)
}
