//! `history`: all runs of this host.

use std::fmt::Write;

use anyhow::Result;
use clap::Args;

use super::{
    exit,
    options::Format,
    output::result,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    finding::printable,
    runner::{Report, State, taken_back_by},
};

#[derive(Debug, Args)]
pub(super) struct History {
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Command for History {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let runs = target.site.runs()?;
        let reports = runs.reports();
        let untrusted = runs.untrusted();
        let text = || {
            let mut out = String::new();
            for (state, report) in &reports {
                let _ = writeln!(
                    out,
                    "{:<14} {}  {:<10} {:>3} {} {}",
                    report.run,
                    report.started.strftime("%Y-%m-%d %H:%M"),
                    state_word(*state, report),
                    report.changes.len(),
                    if report.changes.len() == 1 { "change  " } else { "changes " },
                    report.operator
                );
                if let Some(by) = taken_back_by(&reports, &report.run) {
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
                if let Some(by) = taken_back_by(&reports, &report.run) {
                    told["undone_by"] = by.into();
                }
                Ok(told)
            })
            .collect::<Result<_>>()?;
        let untrusted: Vec<_> =
            untrusted.iter().map(|(run, why)| serde_json::json!({"run": run, "why": why})).collect();
        result(self.format, text, &serde_json::json!({"schema": 1, "runs": json, "untrusted": untrusted}))?;
        Ok(exit::OK)
    }
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
