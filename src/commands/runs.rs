//! Runs of the past and of now: history, show, undo, attach, leave.

use std::{collections::BTreeMap, fmt::Write, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};

use super::{
    input::secrets_file,
    output::{complain, print, result},
};
use crate::{
    cli::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, Format, Undo},
    effects::runs::{self, Place},
    executor::Executor,
    finding::printable,
    runner::{self, Assessment, Control, Report, Runs, State, guard, undo},
    steps, terminal,
    unattended::{Applied, plan_text},
};

/// Takes back what was not confirmed before the host went down. A failure is told; it stops nobody. Whether all went
/// well.
pub(super) fn restore_overdue() -> bool {
    let failed =
        |error| complain(&format!("A change that nobody confirmed could not be taken back: {error:#}"));
    let settled = match runs::restore_overdue() {
        Ok(settled) => settled,
        Err(error) => {
            failed(error);
            return false;
        }
    };
    let mut well = true;
    for (run, back) in settled {
        well &= back.is_ok();
        match back {
            Ok(()) => complain(&format!(
                "Nobody confirmed the change of run {run} that could cut you off: it was taken back."
            )),
            Err(error) => failed(error),
        }
    }
    well
}

/// Lists all runs, the newest last.
pub(super) fn history(root: &Path, format: Format) -> Result<u8> {
    let runs = Runs::look(root)?;
    let reports = runs.reports();
    let untrusted = runs.untrusted();
    let text = || {
        let mut out = String::new();
        for (state, report) in &reports {
            let _ = writeln!(
                out,
                "{:<14} {}  {:<10} {:>3} changes  {}",
                report.run,
                report.started.strftime("%Y-%m-%d %H:%M"),
                state_word(*state, report),
                report.changes.len(),
                report.operator
            );
            if let Some(by) = undo::undone_by(&runs, &report.run) {
                let _ = writeln!(out, "{:<14} taken back by run {by}", "");
            }
        }
        for (_, why) in &untrusted {
            let _ = writeln!(out, "{why}");
        }
        if reports.is_empty() && untrusted.is_empty() {
            out.push_str("No run was recorded on this host.\n");
        }
        printable(&out)
    };
    let json: Vec<serde_json::Value> = reports
        .iter()
        .map(|(_, report)| {
            let mut told = serde_json::to_value(report)?;
            if let Some(by) = undo::undone_by(&runs, &report.run) {
                told["undone_by"] = by.into();
            }
            Ok(told)
        })
        .collect::<Result<_>>()?;
    let untrusted: Vec<_> =
        untrusted.iter().map(|(run, why)| serde_json::json!({"run": run, "why": why})).collect();
    result(format, text, &serde_json::json!({"schema": 1, "runs": json, "untrusted": untrusted}))?;
    Ok(EXIT_OK)
}

fn state_word(state: State, report: &Report) -> String {
    match (state, report.outcome) {
        (State::Live, _) => "goes on".to_owned(),
        (State::CutOff, _) => "cut off".to_owned(),
        (State::Finished, outcome) => {
            outcome.map_or_else(|| "?".to_owned(), |o| format!("{o:?}").to_lowercase())
        }
    }
}

/// Shows one run and where its changes stand now.
pub(super) fn show(root: &Path, host: &dyn Executor, run: Option<&str>, format: Format) -> Result<u8> {
    let runs = Runs::look(root)?;
    let run = runs.find(run)?;
    let history = runs.history(&run)?;
    let assessment = runner::assess(&runs, &run, host)?;
    let text = || {
        let report = Report::of(&history.records).map(|report| report.text()).unwrap_or_default();
        printable(&format!("{report}\nNow:\n{}", standing_text(&assessment)))
    };
    result(format, text, &serde_json::json!({"schema": 1, "run": run, "records": history.records}))?;
    Ok(EXIT_OK)
}

/// Where each change of a run stands, a line each.
pub(super) fn standing_text(assessment: &Assessment) -> String {
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

/// Takes a run back, as a run of its own.
pub(super) fn undo(host: &Arc<dyn Executor>, place: &Place, root: &Path, options: &Undo) -> Result<u8> {
    if let Some(held) = runner::Lock::held(root)? {
        return Err(held.into());
    }
    let runs = Runs::look(root)?;
    let run = match &options.run {
        Some(run) => runs.find(Some(run))?,
        None => match in_force(&runs)? {
            Some(run) => run,
            None => {
                complain("Nothing was changed.");
                return Ok(EXIT_FAILED);
            }
        },
    };
    wait(&runs, &run)?;
    let mut plan = undo::plan(&runs, &run, &**host)?;
    complain(&plan_text(&plan.plan));
    for (title, why) in &plan.impossible {
        complain(&format!("Cannot be taken back: {title}: {why}"));
    }
    if !plan.foreign.is_empty() {
        complain("Somebody changed these since; taking the run back would overwrite that:");
        for foreign in &plan.foreign {
            complain(&format!("{}\n{}", foreign.what, foreign.diff));
        }
        if !options.overwrite && !options.check {
            complain("Nothing was changed. To overwrite: undo --overwrite.");
            return Ok(EXIT_FAILED);
        }
    }
    if options.check || plan.plan.is_empty() {
        let applied = if plan.plan.is_empty() { Applied::unchanged() } else { Applied::check(&plan.plan) };
        // Of a run that was cut off before its first change nothing is left but its record.
        if !options.check && runs.state(&run)? == State::CutOff {
            runner::process::leave(root, &run, &**host)?;
        }
        result(options.format, || applied.text(), &applied)?;
        return Ok(EXIT_OK);
    }
    for (name, secret) in secrets_file(options.secrets.as_deref())?.iter() {
        plan.secrets.insert(name, secret.clone());
    }
    let missing: Vec<_> =
        plan.needs.iter().filter(|name| plan.secrets.get(name).is_none()).cloned().collect();
    ensure!(
        missing.is_empty(),
        "secrets: {} needed to take it back; passwords are never stored",
        missing.join(", ")
    );
    if options.overwrite {
        plan = plan.forced();
    }
    let findings = steps::REGISTRY.iter().flat_map(|step| steps::look(&**host, *step)).collect();
    super::apply::keep(&mut plan.plan, &options.keeping);
    let mut order = runs::order(&**host, plan.plan, findings);
    order.undoes = Some(run);
    super::apply::finish(place.start(order, plan.secrets, false, &Control::default())?, options.format)
}

/// The run that an undo without a name means. Where that would take an undo back, somebody is asked; `None` is their no.
fn in_force(runs: &Runs) -> Result<Option<String>> {
    let error = match undo::in_force(runs) {
        Ok(run) => return Ok(Some(run)),
        Err(error) => error,
    };
    let Some(undo::TakenBack { run, by }) = error.downcast_ref() else { return Err(error) };
    let question = format!(
        "Run {run} was taken back already, by run {by}. To undo run {by} makes the changes of run {run} again.\n\
         Undo run {by}?"
    );
    match terminal::ask(&question)? {
        None => Err(error),
        Some(yes) => Ok(yes.then(|| by.clone())),
    }
}

/// Follows a run line by line until it ends.
pub(super) fn attach(place: &Place, root: &Path, run: Option<&str>) -> Result<u8> {
    let run = Runs::look(root)?.find(run)?;
    terminal::end_without_output(EXIT_INTERRUPTED)?;
    let mut records = Vec::new();
    let (mut titles, mut waiting) = (BTreeMap::new(), None);
    place.follow(&run)?.tell(&mut |record| {
        if let runner::Event::Started { plan, .. } = &record.event {
            titles.extend(plan.changes.iter().map(|change| (change.id.clone(), change.title.clone())));
        }
        let again = told_already(&record.event, &mut waiting);
        if let Some(line) = record_line(&record.event, &titles).filter(|_| !again) {
            let _ = print(&printable(&format!("{line}\n")));
        }
        records.push(record);
    })?;
    let applied = Applied::of(&records);
    print(&format!("\n{}", applied.text()))?;
    Ok(applied.exit_code())
}

/// A countdown is told once: whether it goes on for the change that `waiting` holds.
pub(super) fn told_already(event: &runner::Event, waiting: &mut Option<String>) -> bool {
    let runner::Event::Waiting { change, .. } = event else { return false };
    waiting.replace(change.clone()).as_ref() == Some(change)
}

fn record_line(event: &runner::Event, titles: &BTreeMap<String, String>) -> Option<String> {
    use runner::Event;
    let title = |change: &String| titles.get(change).unwrap_or(change).clone();
    Some(match event {
        Event::Started { run, operator, .. } => format!("run {run}, started by {operator}"),
        Event::Before { change } => format!("begin     {}", title(change)),
        Event::Output { line, .. } => format!("          {line}"),
        Event::After { change, outcome, message, .. } => {
            let outcome = format!("{outcome:?}").to_lowercase();
            format!("{outcome:<9} {}  {message}", title(change)).trim_end().to_owned()
        }
        Event::Undone { change, message, .. } => format!("undone    {}  {message}", title(change)),
        Event::Waiting { change, seconds } => {
            format!(
                "waiting   {}: taken back in {seconds} s unless kept: log in again and type 'ngcp-warden confirm'",
                title(change)
            )
        }
        Event::Kept { change } => format!("kept      {}", title(change)),
        Event::Stopping => "stopping after this change".to_owned(),
        _ => return None,
    })
}

/// Closes the record of a run that was cut off; what it did stays.
pub(super) fn leave(root: &Path, host: &dyn Executor, run: Option<&str>) -> Result<u8> {
    let runs = Runs::look(root)?;
    let run = match run {
        Some(run) => runs.find(Some(run))?,
        None => runs.newest(State::CutOff).context("no run was cut off")?,
    };
    ensure!(runs.state(&run)? == State::CutOff, "run {run} was not cut off");
    complain(&standing_text(&runner::assess(&runs, &run, host)?));
    wait(&runs, &run)?;
    runner::process::leave(root, &run, host)?;
    complain(&format!("Run {run} is left as it is."));
    Ok(EXIT_OK)
}

/// Keeps the change that waits, if this login proves that one can still get in.
pub(super) fn confirm(root: &Path, host: &dyn Executor, run: Option<&str>) -> Result<u8> {
    match guard::confirm(&Runs::look(root)?, run, host) {
        Ok(run) => {
            complain(&format!("Run {run}: kept."));
            Ok(EXIT_OK)
        }
        Err(error) => {
            complain(&format!("Not kept: {error:#}"));
            Ok(EXIT_FAILED)
        }
    }
}

/// Takes the change that waits back at once.
pub(super) fn revert(root: &Path, run: Option<&str>) -> Result<u8> {
    let runs = Runs::look(root)?;
    let run = match run {
        Some(run) => Some(runs.find(Some(run))?),
        None => runs.newest(State::Live),
    };
    let asked = run.context("no change waits for a confirmation").and_then(|run| {
        guard::revert(&runs, &run)?;
        Ok(run)
    });
    let run = match asked {
        Ok(run) => run,
        Err(error) => {
            complain(&format!("Not taken back: {error:#}"));
            return Ok(EXIT_FAILED);
        }
    };
    complain(&format!("Run {run} takes the change that waits back."));
    Ok(EXIT_OK)
}
