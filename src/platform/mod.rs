//! The sip:provider CE as the runner asks about it: what its steps find, what it judges, its configuration. Only what
//! `runner::Platform` asks for may live here; how the platform works is known in `ngcp` and `host`.

mod claims;
mod connection;
mod title;
mod values;

pub use connection::own_connection;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    executor::{Command, Executor},
    finding::{Finding, StepId},
    ngcp::{config::DIRECTORY, ngcpcfg},
    plan::Claim,
    runner::{Configuration, Platform, Said, Saved, Seen},
    secret::Secrets,
    steps,
};

/// The platform.
pub struct Ngcp;

impl Platform for Ngcp {
    fn title(&self, host: &dyn Executor) -> String {
        title::of(host)
    }

    fn findings(&self, step: &StepId, host: &dyn Executor) -> Result<Vec<Finding>> {
        steps::find(step.as_str()).map_or_else(|| Ok(Vec::new()), |step| step.findings(host))
    }

    fn judge(&self, claim: &Claim, before: &Saved, secrets: &Secrets, host: &dyn Executor) -> Result<Seen> {
        claims::judge(claim, before, secrets, host)
    }

    fn holds(&self, claim: &Claim, host: &dyn Executor) -> Option<bool> {
        claims::holds(claim, host)
    }

    fn note(&self, claim: &Claim, host: &dyn Executor) -> BTreeSet<String> {
        claims::note(claim, host)
    }

    fn mend(&self, claim: &Claim, noted: &BTreeSet<String>, host: &dyn Executor) -> Vec<Command> {
        claims::mend(claim, noted, host)
    }

    fn configuration(&self) -> &dyn Configuration {
        self
    }
}

impl Configuration for Ngcp {
    fn tree(&self) -> &Path {
        Path::new(DIRECTORY)
    }

    fn tool(&self) -> &'static str {
        "ngcpcfg"
    }

    fn cannot_apply(&self, host: &dyn Executor) -> Option<String> {
        ngcpcfg::cannot_run(host)
    }

    fn at_work(&self, host: &dyn Executor) -> Option<u32> {
        ngcpcfg::running(host)
    }

    fn uncommitted(&self, host: &dyn Executor) -> Result<Option<BTreeMap<String, Option<String>>>> {
        let versioned = host.metadata(&self.tree().join(".git")).is_ok();
        versioned.then(|| ngcpcfg::uncommitted_files(host)).transpose()
    }

    fn apply(&self, message: &str) -> Command {
        ngcpcfg::apply_command(message)
    }

    fn said(&self, printed: &str) -> Said {
        let said = ngcpcfg::said(printed);
        let failed = (!said.failed_scripts.is_empty())
            .then(|| format!("these did not restart well: {}", said.failed_scripts.join(", ")));
        // The SSH server is told by its own step, and looked at.
        let executed = said.executed.into_iter().filter(|script| !script.contains("/etc/ssh/")).collect();
        let remarks = failed.into_iter().chain(said.errors).collect();
        Said { remarks, executed, reason: ngcpcfg::reason(printed) }
    }

    fn generated(&self, host: &dyn Executor) -> io::Result<Vec<PathBuf>> {
        ngcpcfg::generated(host)
    }

    fn error_in(&self, content: &[u8]) -> Option<String> {
        ngcpcfg::template_error(content)
    }
}
