//! What a run was, for people and programs: made of what its records tell, kept beside its journal, without secrets.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::{ChangeState, NotKept, Record, RunOutcome, RunState};
use crate::{
    finding::{Finding, Severity, Status, StepId, printable, score},
    plan::Outcome,
};

/// A run, told afterwards.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of this shape: 1.
    pub schema: u32,
    /// Name of the run.
    pub run: String,
    /// Host and release.
    pub host: String,
    /// Who, and where from.
    pub operator: String,
    /// When it began.
    pub started: Timestamp,
    /// When its last record was written.
    pub ended: Timestamp,
    /// How it ended; `None` when it did not.
    pub outcome: Option<RunOutcome>,
    /// The run it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// Hardening score before, 0 to 100.
    pub score_before: u8,
    /// Hardening score afterwards; `None` when nobody looked.
    pub score_after: Option<u8>,
    /// Each change, in order.
    pub changes: Vec<ReportedChange>,
    /// What is to be done elsewhere.
    pub reminders: Vec<String>,
    /// What was found before.
    pub findings_before: Vec<Finding>,
    /// What was found afterwards.
    pub findings_after: Vec<Finding>,
}

/// One change of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportedChange {
    /// Its id in the plan.
    pub id: String,
    /// Whose.
    pub step: StepId,
    /// For people.
    pub title: String,
    /// How it ended; `None` when it did not begin or was cut off.
    pub outcome: Option<Outcome>,
    /// Whether it began.
    pub begun: bool,
    /// What was seen, or went wrong.
    pub message: String,
    /// Milliseconds.
    pub took: u64,
    /// Why it was not kept, when it was guarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_kept: Option<NotKept>,
    /// How taking it back ended, and what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<(Outcome, String)>,
}

impl Report {
    /// What the records tell; `None` when the first one is missing.
    pub fn of(records: &[Record]) -> Option<Self> {
        let state = RunState::of(records)?;
        let ((started, ended), plan) = (state.times?, state.plan.as_ref()?);
        let bound = plan.changes.iter().zip(&state.changes).filter(|(_, told)| told.stands());
        let bound = bound.filter_map(|(change, _)| change.reminder.clone());
        // Of what was not done or was taken back nothing is left to remember.
        let in_vain = matches!(state.outcome, Some(RunOutcome::Failed | RunOutcome::Stopped))
            && !state.changes.iter().any(ChangeState::stands);
        let others = plan.reminders.iter().filter(|_| !in_vain).cloned();
        Some(Report {
            schema: 1,
            started,
            ended,
            outcome: state.outcome,
            score_before: score(&state.before),
            score_after: (!state.after.is_empty()).then(|| score(&state.after)),
            reminders: others.chain(bound).collect(),
            changes: state.changes.into_iter().map(ReportedChange::from).collect(),
            run: state.run,
            host: state.host,
            operator: state.operator,
            undoes: state.undoes,
            findings_before: state.before,
            findings_after: state.after,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("ngcp-warden: run {}\n\n", self.run);
        let outcome = self.outcome.map_or("it did not come to its end", outcome_words);
        let score = match self.score_after {
            Some(after) => format!("{} of 100 before, {after} after", self.score_before),
            None => format!("{} of 100 before", self.score_before),
        };
        let time = format!("{} to {}", stamp(self.started), stamp(self.ended));
        for (name, value) in
            [("Host", &self.host), ("Operator", &self.operator), ("Time", &time), ("Score", &score)]
        {
            let _ = writeln!(text, "{name:<9} {value}");
        }
        if let Some(undone) = &self.undoes {
            let _ = writeln!(text, "Undoes    run {undone}");
        }
        let _ = writeln!(text, "Outcome   {outcome}");
        let mut step = None;
        for change in &self.changes {
            if step != Some(&change.step) {
                let _ = writeln!(text, "\n{}", change.step);
                step = Some(&change.step);
            }
            let seconds = change.took / 1000;
            let tenths = change.took % 1000 / 100;
            let _ = writeln!(text, "  {:<11} {} ({seconds}.{tenths} s)", change.word(), change.title);
            for line in change.message.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(text, "              {line}");
            }
            if let Some((outcome, message)) = &change.undone {
                let how = match outcome {
                    Outcome::Failed => "NOT taken back",
                    Outcome::Warning => "taken back, look at it",
                    _ => "taken back",
                };
                let _ = writeln!(text, "              {how}: {message}");
            }
        }
        let failing = |finding: &&Finding| finding.status == Status::Fail;
        let mut failing: Vec<&Finding> = self.findings_after.iter().filter(failing).collect();
        failing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if !failing.is_empty() {
            text += "\nStill to be done\n";
        }
        for finding in failing {
            let severity = severity_word(finding.severity);
            let _ = writeln!(text, "  {severity:<11} {} [{}]", finding.title, finding.id);
            let _ = writeln!(text, "              {}", finding.remedy);
        }
        if !self.reminders.is_empty() {
            text += "\nRemember\n";
        }
        for reminder in &self.reminders {
            let _ = writeln!(text, "  {reminder}");
        }
        printable(&text)
    }
}

impl From<ChangeState> for ReportedChange {
    fn from(told: ChangeState) -> Self {
        let (outcome, begun, not_kept) = (told.outcome(), told.begun.is_some(), told.not_kept());
        let (message, took) = told.ended.map(|ended| (ended.message, ended.took)).unwrap_or_default();
        let ChangeState { id, step, title, undone, .. } = told;
        ReportedChange { id, step, title, outcome, begun, message, took, not_kept, undone }
    }
}

impl ReportedChange {
    fn word(&self) -> &'static str {
        match self.outcome {
            Some(Outcome::Done) => "done",
            Some(Outcome::Unchanged) => "unchanged",
            Some(Outcome::Warning) => "look at it",
            Some(Outcome::Failed) => "FAILED",
            Some(Outcome::Skipped) => "not tried",
            None if self.begun => "CUT OFF",
            None => "not tried",
        }
    }
}

fn outcome_words(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Done => "done: every change was made and seen",
        RunOutcome::Unchanged => "unchanged: everything was so already",
        RunOutcome::Warning => "done, but something is to be looked at",
        RunOutcome::Failed => "FAILED: a change failed; its step was taken back, completed steps stay",
        RunOutcome::Stopped => "stopped before the end; what was not tried is marked",
    }
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
