//! `show`: what a run did and where each of its changes stands now.

use anyhow::Result;
use clap::Args;

use super::{
    exit, follow,
    options::Format,
    output::result,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{
    finding::printable,
    runner::{self, Report},
};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The run; the newest when not named
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Command for Show {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let runs = target.site.runs()?;
        let run = runs.find(self.run.as_deref())?;
        let history = runs.history(&run)?;
        let assessment = runner::assess(&runs, &run, &*target.host)?;
        let text = || {
            let report = Report::of(&history.records).map(|report| report.text()).unwrap_or_default();
            printable(&format!("{report}\nNow:\n{}", follow::standing(&assessment)))
        };
        result(self.format, text, &serde_json::json!({"schema": 1, "run": run, "records": history.records}))?;
        Ok(exit::OK)
    }
}
