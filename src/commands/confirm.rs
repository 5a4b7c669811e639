//! `confirm`: keeps the change that waits, if this login proves that one can still get in.

use anyhow::Result;
use clap::Args;

use super::{
    exit,
    output::complain,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::{platform::own_connection, runner::guard};

#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// The run; the one that waits when not named
    #[arg(value_name = "RUN")]
    run: Option<String>,
}

impl Command for Confirm {
    fn needs(&self) -> Needs {
        Needs { access: Access::Changes { settles: false }, demo: Demo::Refused }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let host = &*target.host;
        match guard::confirm(&target.site.runs()?, self.run.as_deref(), own_connection(host), host) {
            Ok(run) => {
                complain(&format!("Run {run}: kept."));
                Ok(exit::OK)
            }
            Err(error) => {
                complain(&format!("Not kept: {error:#}"));
                Ok(exit::FAILED)
            }
        }
    }
}
