//! `attach`: follows a run line by line until it ends.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{
    exit, follow,
    output::print,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    finding::printable,
    runner::{self, RunState},
    terminal,
    unattended::Applied,
    wizard::page::progress_words,
};

/// How often it is told how far a long job is.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Attach {
    /// The run
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

impl Command for Attach {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let run = target.site.runs()?.find(self.run.as_deref())?;
        terminal::end_without_output(exit::INTERRUPTED)?;
        let mut records = Vec::new();
        let (mut titles, mut waiting) = (BTreeMap::new(), None);
        let (mut state, mut told) = (RunState::default(), None::<Timestamp>);
        target.site.follow(&run)?.tell(&mut |record| {
            if let runner::Event::Started { plan, .. } = &record.event {
                titles.extend(plan.changes.iter().map(|change| (change.id.clone(), change.title.clone())));
            }
            let again = follow::told_already(&record.event, &mut waiting);
            if let Some(line) = record_line(&record.event, &titles).filter(|_| !again) {
                let _ = print(&printable(&format!("{line}\n")));
            }
            state.take(&record);
            let due = told.is_none_or(|told| record.at.duration_since(told) >= PAUSE);
            if let (runner::Event::Progress { .. }, Some(job), true) = (&record.event, &state.progress, due) {
                let _ = print(&printable(&format!("          {}\n", progress_words(job))));
                told = Some(record.at);
            }
            records.push(record);
        })?;
        let applied = Applied::of(&records);
        print(&format!("\n{}", applied.text()))?;
        Ok(exit::of_run(&applied))
    }
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
