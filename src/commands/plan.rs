//! `plan`: what apply would do, with diffs.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{
    exit, input,
    options::Format,
    output,
    subcommand::{Access, Command, Demo, Needs, Target},
};
use crate::unattended;

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The answers file
    #[arg(long, value_name = "FILE")]
    answers: PathBuf,
    /// Where passwords come from: a file of mode 0600, or - for standard input
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// How to print
    #[arg(long, default_value = "text")]
    format: Format,
}

impl Command for Plan {
    fn needs(&self) -> Needs {
        Needs { access: Access::Looks, demo: Demo::Works }
    }

    fn run(&self, target: &Target) -> Result<u8> {
        let file = input::answers_file(&self.answers)?;
        let secrets = input::secrets_file(self.secrets.as_deref())?;
        let prepared = unattended::prepare(&*target.host, &file, &secrets)?;
        let planned = unattended::Planned { schema: 1, plan: &prepared.plan };
        output::result(self.format, || unattended::plan_text(&prepared.plan), &planned)?;
        Ok(exit::OK)
    }
}
