//! Hidden `restore-on-silence`: the process that takes a change back unless somebody keeps it.

use anyhow::Result;
use clap::Args;

use super::exit;
use crate::effects::runs;

#[derive(Debug, Args)]
pub(super) struct RestoreOnSilence {
    /// The run it watches
    run: String,
}

impl RestoreOnSilence {
    pub(super) fn run(&self) -> Result<u8> {
        runs::watch(&self.run).map(|()| exit::OK)
    }
}
