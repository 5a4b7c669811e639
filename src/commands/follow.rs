//! Following a run to its end and saying what became of it: for the subcommands that start, follow or judge one.

use std::fmt::Write;

use anyhow::Result;

use super::{
    exit,
    options::Format,
    output::{complain, result},
};
use crate::{
    effects::runs::Following,
    plan::Plan,
    runner::{self, Assessment, Runs},
    unattended::Applied,
};

/// Follows the run to its end and says what became of it.
pub(super) fn to_the_end(following: Following, format: Format) -> Result<u8> {
    let mut records = Vec::new();
    complain(&format!("Run {} goes on whatever happens to this terminal.", following.run));
    let mut waiting = None;
    following.tell(&mut |record| {
        if let runner::Event::Waiting { seconds, .. } = &record.event
            && !told_already(&record.event, &mut waiting)
        {
            complain(&format!(
                "This could cut you off. Log in again from where you work and type 'ngcp-warden confirm' within {seconds} s; else it is taken back."
            ));
        }
        records.push(record);
    })?;
    let settled = |record: &runner::Record| {
        matches!(record.event, runner::Event::Finished { .. } | runner::Event::Kept { .. })
    };
    let state = runner::RunState::of(&records).unwrap_or_default();
    let covered = |plan: &Plan| {
        let begun = plan.changes.iter().zip(&state.changes).filter(|(_, told)| told.begun.is_some());
        begun.into_iter().any(|(change, _)| plan.guard_over(change).is_some())
    };
    if state.plan.as_deref().is_some_and(covered) && !records.iter().any(settled) {
        complain("The run was cut off in the middle: what could cut you off is taken back by itself.");
    }
    // What was taken back leaves nothing to be done elsewhere.
    let report = runner::Report::of(&records);
    remind(report.iter().flat_map(|report| report.reminders.iter().map(String::as_str)));
    say(&Applied::of(&records), format)
}

pub(super) fn remind<'a>(reminders: impl Iterator<Item = &'a str>) {
    for reminder in reminders {
        complain(&format!("Remember: {reminder}"));
    }
}

pub(super) fn say(applied: &Applied, format: Format) -> Result<u8> {
    result(format, || applied.text(), applied)?;
    Ok(exit::of_run(applied))
}

/// A countdown is told once: whether it goes on for the change that `waiting` holds.
pub(super) fn told_already(event: &runner::Event, waiting: &mut Option<String>) -> bool {
    let runner::Event::Waiting { change, .. } = event else { return false };
    waiting.replace(change.clone()).as_ref() == Some(change)
}

/// Where each change of a run stands, a line each.
pub(super) fn standing(assessment: &Assessment) -> String {
    let mut out = String::new();
    for change in &assessment.changes {
        let _ = writeln!(out, "  {}: {}", change.title, change.stands.words());
    }
    if assessment.damaged {
        out.push_str("  The record is damaged; what came after that is unknown.\n");
    }
    out
}

/// Waits for a program that a run which was cut off left at work, and says so.
pub(super) fn wait(runs: &Runs, run: &str) -> Result<()> {
    runner::wait(runs, run, &|at_work| complain(&format!("Waiting: {at_work}.")))
}
