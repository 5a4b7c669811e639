//! What a subcommand is: what it needs, and the host that it works on. Which there are is not known here.

use std::sync::Arc;

use anyhow::Result;

use crate::{effects::runs::Site, executor::Executor};

/// A subcommand that works on a host.
pub(super) trait Command {
    /// What has to be so before it begins.
    fn needs(&self) -> Needs;
    /// Does it; the exit code. An error ends it with one that [`super::exit::of`] decides.
    fn run(&self, target: &Target) -> Result<u8>;
}

/// What a subcommand needs.
pub(super) struct Needs {
    pub(super) access: Access,
    pub(super) demo: Demo,
}

/// What a subcommand may do to the host.
pub(super) enum Access {
    /// It only looks, and is held to it.
    Looks,
    /// It may change the host. `settles`: what nobody kept before a restart is taken back first.
    Changes { settles: bool },
}

/// Whether a subcommand works on the sample host. Whatever reads or changes runs that were recorded does not: those of
/// this machine are not the demo's own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Demo {
    Refused,
    Works,
    /// Somebody watches: programs take the time that they say they take.
    Watched,
}

/// The host that a subcommand works on.
pub(super) struct Target {
    pub(super) host: Arc<dyn Executor>,
    /// Where its runs are.
    pub(super) site: Site,
}
