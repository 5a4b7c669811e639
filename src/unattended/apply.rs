//! `plan` and `apply`: answers become the one plan, the runner's records become one result.

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::Serialize;

use super::AnswersFile;
use crate::{
    executor::Executor,
    finding::{Finding, StepId, one_line, printable},
    plan::{Action, Outcome, Plan},
    runner::{Record, RunOutcome, RunState},
    secret::Secrets,
    steps,
};

/// What the answers mean on this host today.
#[derive(Debug)]
pub struct Prepared {
    /// What will be done.
    pub plan: Plan,
    /// What was found before.
    pub findings: Vec<Finding>,
}

/// Inspects, fits the answers and plans, in the order of the registry. Changes nothing.
///
/// # Errors
/// Names the answer that does not fit, or what could not be read.
pub fn prepare(host: &dyn Executor, file: &AnswersFile, secrets: &Secrets) -> Result<Prepared> {
    let mut plans = Vec::new();
    let mut findings = Vec::new();
    for step in steps::REGISTRY {
        let id = step.about().id.as_str();
        if !file.steps.contains_key(id) {
            findings.extend(steps::look(host, *step));
            continue;
        }
        let found = step.inspect(host).with_context(|| format!("step {id} could not look at the host"))?;
        let form = step.form(&found)?;
        let answers = file.fit(id, &form, secrets)?;
        let plan = steps::plan(host, *step, &found, &answers, secrets);
        plans.push(plan.with_context(|| format!("step {id}"))?);
        findings.extend(found.items);
    }
    Ok(Prepared { plan: steps::assemble(host, plans)?, findings })
}

/// What `plan --format json` prints.
#[derive(Debug, Serialize)]
pub struct Planned<'a> {
    /// Version of this contract: 1.
    pub schema: u32,
    /// The plan.
    #[serde(flatten)]
    pub plan: &'a Plan,
}

/// What `apply --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Applied {
    /// Version of this contract: 1.
    pub schema: u32,
    /// Name of the run; empty when there was nothing to run.
    pub run: String,
    /// Whether anything on the host is different now.
    pub changed: bool,
    /// How it ended, or that nothing was run.
    pub outcome: Verdict,
    /// In the order of the plan.
    pub steps: Vec<StepResult>,
    /// Where the report is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// How an `apply` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All changes done and seen.
    Done,
    /// Nothing needed changing.
    Unchanged,
    /// Done, something is to be looked at.
    Warning,
    /// A change failed, or the run did not come to its end.
    Failed,
    /// Stopped on request.
    Stopped,
    /// Nothing was run: this is what would be done.
    Check,
}

impl From<Option<RunOutcome>> for Verdict {
    fn from(outcome: Option<RunOutcome>) -> Self {
        match outcome {
            Some(RunOutcome::Done) => Verdict::Done,
            Some(RunOutcome::Unchanged) => Verdict::Unchanged,
            Some(RunOutcome::Warning) => Verdict::Warning,
            Some(RunOutcome::Stopped) => Verdict::Stopped,
            Some(RunOutcome::Failed) | None => Verdict::Failed,
        }
    }
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepResult {
    /// Which.
    pub step: StepId,
    /// The worst outcome of its changes.
    pub outcome: Outcome,
    /// Its changes.
    pub changes: Vec<ChangeResult>,
    /// What to look at; empty when all is well.
    pub message: String,
}

/// How one change ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeResult {
    /// Its name in the plan.
    pub id: String,
    /// For people.
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, or what went wrong.
    pub message: String,
    /// What was really changed, as a diff.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// Milliseconds.
    pub took: u64,
    /// It was taken back afterwards.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

impl Applied {
    /// Nothing was needed.
    pub fn unchanged() -> Self {
        Applied {
            schema: 1,
            run: String::new(),
            changed: false,
            outcome: Verdict::Unchanged,
            steps: vec![],
            report: None,
        }
    }

    /// What would happen: every change is `skipped`.
    pub fn check(plan: &Plan) -> Self {
        let mut result =
            Applied { outcome: Verdict::Check, changed: !plan.is_empty(), ..Applied::unchanged() };
        result.plan(plan);
        result
    }

    /// What the records of a run tell.
    pub fn of(records: &[Record]) -> Self {
        let state = RunState::of(records).unwrap_or_default();
        let (run, report) = (state.run, state.report);
        let mut result = Applied { outcome: state.outcome.into(), run, report, ..Applied::unchanged() };
        if let Some(plan) = &state.plan {
            result.plan(plan);
        }
        for told in state.changes {
            let Some(entry) = result.entry(&told.id) else { continue };
            entry.undone = told.is_undone();
            if told.begun.is_some() && told.ended.is_none() && state.outcome.is_none() {
                entry.outcome = Outcome::Warning;
                "the run was cut off in the middle of it; whether it is done was not seen"
                    .clone_into(&mut entry.message);
            }
            if let Some(ended) = told.ended {
                (entry.outcome, entry.took) = (ended.outcome, ended.took);
                (entry.message, entry.diff) = (ended.message, ended.diff);
            }
            if let Some((_, message)) = &told.undone {
                let also = if entry.message.is_empty() { "" } else { "; " };
                let _ = write!(entry.message, "{also}{message}");
            }
        }
        result.judge();
        result
    }

    fn plan(&mut self, plan: &Plan) {
        for change in &plan.changes {
            // A reload of a step may come behind the apply.
            let place = self.steps.iter().position(|one| one.step == change.step);
            let place = place.unwrap_or(self.steps.len());
            if place == self.steps.len() {
                let step = change.step.clone();
                self.steps.push(StepResult {
                    step,
                    outcome: Outcome::Skipped,
                    changes: vec![],
                    message: String::new(),
                });
            }
            if let Some(step) = self.steps.get_mut(place) {
                step.changes.push(ChangeResult {
                    id: change.id.clone(),
                    title: change.title.clone(),
                    outcome: Outcome::Skipped,
                    message: String::new(),
                    diff: change.diff.clone(),
                    took: 0,
                    undone: false,
                });
            }
        }
    }

    fn entry(&mut self, id: &str) -> Option<&mut ChangeResult> {
        self.steps.iter_mut().flat_map(|step| &mut step.changes).find(|change| change.id == id)
    }

    fn judge(&mut self) {
        for step in &mut self.steps {
            // What was taken back is not done, whatever was seen before that.
            let result = |change: &ChangeResult| match change.outcome {
                Outcome::Done | Outcome::Warning if change.undone => Outcome::Failed,
                outcome => outcome,
            };
            let worst = |change: &&ChangeResult| match result(change) {
                Outcome::Failed => 4,
                Outcome::Warning => 3,
                Outcome::Skipped => 2,
                Outcome::Done => 1,
                Outcome::Unchanged => 0,
            };
            if let Some(change) = step.changes.iter().max_by_key(worst) {
                step.outcome = result(change);
                if matches!(step.outcome, Outcome::Failed | Outcome::Warning) {
                    step.message = format!("{}: {}", change.title, change.message);
                }
            }
        }
        let changes = || self.steps.iter().flat_map(|step| &step.changes);
        self.changed = changes().any(|c| matches!(c.outcome, Outcome::Done | Outcome::Warning) && !c.undone);
    }

    /// Whether it is an end to be content with.
    pub fn went_well(&self) -> bool {
        matches!(self.outcome, Verdict::Done | Verdict::Unchanged | Verdict::Check | Verdict::Warning)
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            let _ = writeln!(out, "{}", step.step);
            for change in &step.changes {
                let undone = if change.undone { ", taken back" } else { "" };
                let word = format!("{:?}", change.outcome).to_lowercase();
                let _ = writeln!(out, "  {word:<9} {}{undone}", one_line(&change.title));
                for line in change.message.lines() {
                    let _ = writeln!(out, "            {}", printable(line));
                }
            }
        }
        let _ = match self.outcome {
            Verdict::Unchanged => writeln!(out, "Nothing needed changing."),
            outcome => writeln!(out, "Outcome: {}.", format!("{outcome:?}").to_lowercase()),
        };
        if let Some(report) = &self.report {
            let _ = writeln!(out, "Report: {report}");
        }
        out
    }
}

/// The plan for people: what will happen, word for word.
pub fn plan_text(plan: &Plan) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        let _ = writeln!(out, "{}  {}", change.step, one_line(&change.title));
        let lines = match &change.action {
            Action::Edit { path, .. } | Action::Write { path, .. } => {
                format!("{}\n{}", path.display(), change.diff)
            }
            Action::Remove { path } => format!("remove {}", path.display()),
            Action::Restore { path, to: None, .. } => format!("remove {}\n{}", path.display(), change.diff),
            Action::Restore { .. } => change.diff.clone(),
            Action::Run(command) => {
                let input = command.long_input().unwrap_or_default();
                let input: String = input.lines().map(|line| format!("    {line}\n")).collect();
                format!("run  {command}\n{input}")
            }
            Action::Apply { message } => format!("run  ngcpcfg apply '{message}'"),
        };
        for line in lines.lines() {
            let _ = writeln!(out, "    {}", printable(line));
        }
        if let Some(interrupts) = &change.interrupts {
            let _ = writeln!(out, "    interrupts: {interrupts}");
        }
        if let Some(who) = &change.opens {
            let _ = writeln!(out, "    opens a way in: {}", one_line(who));
        }
        if let crate::plan::Undo::Impossible(why) = &change.undo {
            let _ = writeln!(out, "    cannot be taken back: {why}");
        }
    }
    for generated in &plan.generated {
        let _ = writeln!(out, "{}", generated.words());
    }
    if let Some(foreign) = &plan.foreign {
        let _ = writeln!(
            out,
            "Somebody left changes in /etc/ngcp-config uncommitted; the apply would take them along:"
        );
        for line in foreign.files.iter().map(String::as_str).chain(foreign.diff.lines()) {
            let _ = writeln!(out, "    {}", printable(line));
        }
    }
    for reminder in plan.to_remember() {
        let _ = writeln!(out, "Remember: {reminder}");
    }
    if plan.is_empty() {
        out.push_str("Nothing needs changing.\n");
    }
    out
}
