//! `apply`: answers in, one run, one result out. Also goes on with a run that was cut off.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};

use super::{
    input::{answers_file, secrets_file},
    output::{complain, result, show_once},
};
use crate::{
    cli::{Apply, EXIT_FAILED, EXIT_INTERRUPTED, Format, Keeping},
    effects::{
        past,
        runs::{self, Place},
    },
    executor::{Attributes, Executor, FileChange, FileTo, System},
    plan::Plan,
    runner::{self, Control, Runs, State},
    secret::{Secrets, listed},
    unattended::{self, Applied, UncommittedChanges},
};

/// Applies the answers and returns the exit code.
pub(super) fn apply(host: &Arc<dyn Executor>, place: &Place, options: &Apply) -> Result<u8> {
    crate::terminal::end_on_signals(EXIT_INTERRUPTED)?;
    if let Place::Root(root) = place {
        let runs = Runs::look(root)?;
        if let Some(held) = runner::Lock::held(root)? {
            return Err(held.into());
        }
        match runs.newest(State::CutOff) {
            Some(run) if options.continue_run => return go_on(&**host, place, &runs, &run, options),
            Some(run) if !options.check => {
                complain(&format!("Run {run} was cut off before its end. Where each of its changes stands:"));
                complain(&super::runs::standing_text(&runner::assess(&runs, &run, &**host)?));
                complain("Go on with it: apply --continue. Take it back: undo. Leave it so: leave.");
                return Ok(EXIT_FAILED);
            }
            _ => ensure!(!options.continue_run, "no run was cut off; there is nothing to continue"),
        }
    }
    let path = options.answers.as_deref().context("--answers FILE is missing")?;
    let file = answers_file(path)?;
    let mut secrets = secrets_file(options.secrets.as_deref())?;
    let prepared = unattended::prepare(&**host, &file, &secrets)?;
    if prepared.plan.is_empty() || options.check {
        remind(prepared.plan.to_remember());
    }
    if prepared.plan.is_empty() {
        let outcome = if prepared.plan.partial { "warning" } else { "unchanged" };
        return say(&Applied { outcome: outcome.to_owned(), ..Applied::unchanged() }, options.format);
    }
    if options.check {
        return say(&Applied::check(&prepared.plan), options.format);
    }
    if let Some(foreign) = &prepared.plan.foreign {
        ensure!(
            file.uncommitted == UncommittedChanges::Include,
            "somebody left changes in /etc/ngcp-config uncommitted ({}); commit them, or answer 'apply.uncommitted: include'",
            foreign.files.join(", ")
        );
    }
    let mut plan = prepared.plan;
    keep(&mut plan, &options.keeping);
    let generated = runs::make_up(&**host, &plan, &mut secrets)?;
    let order = runs::order(&**host, plan, prepared.findings);
    // Before the first change: whatever becomes of this process, nobody is left without a password that was set.
    hand_over(&generated, options.save_generated.as_deref())?;
    let started = place.start(order, secrets, false, &Control::default());
    if started.is_err() && !generated.is_empty() {
        complain("The run did not start: what was made up was not set, nothing was changed.");
    }
    finish(started?, options.format)
}

/// How long guarded changes wait, if it was said.
pub(super) fn keep(plan: &mut Plan, keeping: &Keeping) {
    if keeping.confirm.is_some() || keeping.confirm_within.is_some() {
        runner::guard::wait_for(plan, keeping.confirm_within);
    }
}

/// Goes on with a run that was cut off.
fn go_on(host: &dyn Executor, place: &Place, runs: &Runs, run: &str, options: &Apply) -> Result<u8> {
    let known = secrets_file(options.secrets.as_deref())?;
    super::runs::wait(runs, run)?;
    let (mut order, secrets, generated) = past::continuation(runs, run, host, known)?;
    keep(&mut order.plan, &options.keeping);
    hand_over(&generated, options.save_generated.as_deref())?;
    finish(place.start(order, secrets, true, &Control::default())?, options.format)
}

/// Follows the run to its end and says what became of it.
pub(super) fn finish(following: runs::Following, format: Format) -> Result<u8> {
    let mut records = Vec::new();
    complain(&format!("Run {} goes on whatever happens to this terminal.", following.run));
    let mut waiting = None;
    following.tell(&mut |record| {
        if let runner::Event::Waiting { seconds, .. } = &record.event
            && !super::runs::told_already(&record.event, &mut waiting)
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
    let guarded = |record: &runner::Record| match &record.event {
        runner::Event::Started { plan, .. } => plan.changes.iter().any(|change| change.guard.is_some()),
        _ => false,
    };
    if records.iter().any(guarded) && !records.iter().any(settled) {
        complain("The run was cut off in the middle: what could cut you off is taken back by itself.");
    }
    // What was taken back leaves nothing to be done elsewhere.
    let report = runner::Report::of(&records);
    remind(report.iter().flat_map(|report| report.reminders.iter().map(String::as_str)));
    say(&Applied::of(&records), format)
}

fn remind<'a>(reminders: impl Iterator<Item = &'a str>) {
    for reminder in reminders {
        complain(&format!("Remember: {reminder}"));
    }
}

fn say(applied: &Applied, format: Format) -> Result<u8> {
    result(format, || applied.text(), applied)?;
    Ok(applied.exit_code())
}

/// What was made up goes into the new file that was asked for, else to the terminal, once. Nothing starts before it
/// is there: what nobody has must not be set.
fn hand_over(generated: &Secrets, file: Option<&Path>) -> Result<()> {
    let content = listed(generated.iter());
    match file {
        _ if content.is_empty() => Ok(()),
        Some(path) => {
            let (live, path) = (System::live()?, std::path::absolute(path)?);
            let free = live.metadata(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            ensure!(
                free,
                "{} is there already; --save-generated takes the name of a new file",
                path.display()
            );
            let attributes = Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None };
            let to = FileTo::File { content, attributes };
            live.change(&FileChange { path, to }).context("what was made up could not be stored")
        }
        None => show_once(&content),
    }
}
