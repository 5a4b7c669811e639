//! `revert`: takes the change that waits back at once.

use anyhow::{Context, Result};
use clap::Args;

use super::{
    exit,
    output::complain,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::runner::{State, guard};

#[derive(Debug, Args)]
pub(super) struct Revert {
    /// The run; the newest when not named
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

impl Command for Revert {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let runs = target.site.runs()?;
        let run = match self.run.as_deref() {
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
                return Ok(exit::FAILED);
            }
        };
        complain(&format!("Run {run} takes the change that waits back."));
        Ok(exit::OK)
    }
}
