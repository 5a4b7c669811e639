//! `leave`: closes the record of a run that was cut off; what it did stays.

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{
    exit, follow,
    output::complain,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::runner::{self, State};

#[derive(Debug, Args)]
pub(super) struct Leave {
    /// The run
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

impl Command for Leave {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, Target { host, site }: &Target) -> Result<u8> {
        let runs = site.runs()?;
        let run = match self.run.as_deref() {
            Some(run) => runs.find(Some(run))?,
            None => runs.newest(State::CutOff).context("no run was cut off")?,
        };
        ensure!(runs.state(&run)? == State::CutOff, "run {run} was not cut off");
        complain(&follow::standing(&runner::assess(&runs, &run, &**host)?));
        follow::wait(&runs, &run)?;
        runner::process::leave(site.root()?, &run, &**host)?;
        complain(&format!("Run {run} is left as it is."));
        Ok(exit::OK)
    }
}
