//! Options that several subcommands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{plan::Plan, runner::guard};

/// Options of every subcommand: which host.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Work on the host tree in DIR (a mounted image, a rescue system) instead of this machine
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "demo")]
    pub(super) root: Option<PathBuf>,
    /// Work on the sample host inside the program; nothing on this machine changes
    #[arg(long, global = true)]
    pub(super) demo: bool,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object on standard output
    Json,
}

/// How long what could cut the operator off waits for a confirmation.
#[derive(Debug, Args)]
pub(super) struct Confirming {
    /// How long a change that could cut you off waits for 'ngcp-warden confirm' before it is taken back
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(10..=3600))]
    confirm_within: Option<u64>,
    /// 'none' keeps such changes without asking
    #[arg(long, value_name = "none", conflicts_with = "confirm_within")]
    confirm: Option<Confirm>,
}

/// What `--confirm` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Confirm {
    /// Changes that could cut the operator off are kept without a confirmation
    None,
}

impl Confirming {
    /// Tells the plan, if it was said.
    pub(super) fn tell(&self, plan: &mut Plan) {
        if self.confirm.is_some() || self.confirm_within.is_some() {
            guard::wait_for(plan, self.confirm_within);
        }
    }
}
