//! The sip:provider CE as the runner asks about it: what its steps find, what it judges, its configuration. Only what
//! `runner::Platform` asks for may live here; how the platform works is known in `ngcp` and `host`.

mod claims;
mod connection;
mod filters;
mod tls;
mod values;

pub use connection::own_connection;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail, ensure};

use crate::{
    executor::{Command, Executor},
    finding::{Finding, StepId},
    host::{mounts, sshd},
    ngcp::{config::DIRECTORY, ngcpcfg, release::Release, services},
    plan::Claim,
    runner::{Configuration, Platform, Said, Saved, Seen},
    secret::Secrets,
    steps,
};

/// The platform.
pub struct Ngcp;

impl Platform for Ngcp {
    fn title(&self, host: &dyn Executor) -> String {
        let name = host.read("/etc/hostname".as_ref()).unwrap_or_default();
        let release = Release::read(host);
        let name = String::from_utf8_lossy(&name).trim().to_owned();
        let parts = [name, release.edition_text(), release.version_text()];
        let plain = |part: String| part.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let known = parts.map(plain).into_iter().filter(|part| !part.is_empty() && part != "unknown");
        known.collect::<Vec<_>>().join(" · ")
    }

    fn findings(&self, step: &StepId, host: &dyn Executor) -> Result<Vec<Finding>> {
        steps::find(step.as_str()).map_or_else(|| Ok(Vec::new()), |step| step.findings(host))
    }

    fn judge(&self, claim: &Claim, before: &Saved, secrets: &Secrets, host: &dyn Executor) -> Result<Seen> {
        match claim {
            Claim::Password { account, password } => {
                claims::shadow_password(account, password, secrets, host)
            }
            Claim::WebPassword { command, password } => {
                claims::web_password(command, password, secrets, host)
            }
            Claim::Mounted { target, option } => claims::mounted(target, option, host),
            Claim::InForce { what, holds, gone } => {
                claims::in_force(what, holds, gone, before, secrets, host)
            }
            Claim::Values { path, values } => values::seen(path, values, before, host),
            Claim::Loads { certificate, key, by } => tls::loads(certificate, key, by, host),
            Claim::Served { places } => tls::served(places, before, host),
            Claim::PacketFilters { sum } => filters::unchanged(sum, host),
            Claim::Listed { command, rules } => filters::listed(command, rules, host),
            Claim::Line { command, line } => filters::printed(command, line, host),
            Claim::Well { step, finding, .. } => claims::well(&self.findings(step, host)?, finding),
            Claim::Services => match claims::lost(&before.noted, host).as_slice() {
                [] => Ok(Seen::yes(format!("{} services still run", claims::ran(&before.noted)))),
                lost => bail!("no longer running: {}", lost.join(", ")),
            },
            Claim::Reread => {
                let now = claims::sockets(host);
                ensure!(
                    !now.is_empty() && now.is_disjoint(&before.noted),
                    "the SSH server did not read its settings again (is PidFile set to none?); restart it, then try again"
                );
                Ok(Seen::yes("the server read its settings"))
            }
        }
    }

    fn holds(&self, claim: &Claim, host: &dyn Executor) -> Option<bool> {
        match claim {
            Claim::Mounted { target, option } => {
                let mounts = mounts::mounts(host).ok()?;
                Some(mounts::at(&mounts, target).is_some_and(|mount| mount.has_option(option)))
            }
            Claim::Listed { command, rules } => filters::lists(command, rules, host),
            Claim::Line { command, line } => filters::prints(command, line, host),
            _ => None,
        }
    }

    fn note(&self, claim: &Claim, host: &dyn Executor) -> BTreeSet<String> {
        match claim {
            Claim::Services => {
                let look = services::look(host).into_iter();
                look.filter(|(_, runs)| *runs == Some(true)).map(|(name, _)| name).collect()
            }
            Claim::Reread => claims::sockets(host),
            Claim::Served { places } => tls::noted(places, host),
            _ => BTreeSet::new(),
        }
    }

    fn mend(&self, claim: &Claim, noted: &BTreeSet<String>, host: &dyn Executor) -> Vec<Command> {
        match claim {
            Claim::Services => {
                let lost = claims::lost(noted, host).into_iter();
                lost.filter_map(|name| services::start_command(host, &name)).collect()
            }
            Claim::Reread => {
                let hang_up =
                    |server: &sshd::Listener| Command::new("kill", ["-s", "HUP", &server.pid.to_string()]);
                sshd::listeners(host).first().map(hang_up).into_iter().collect()
            }
            Claim::Served { places } => tls::told_again(places, noted, host),
            _ => Vec::new(),
        }
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

    fn is_told(&self, host: &dyn Executor, script: &str, commands: &[Command]) -> bool {
        let text = host.read(script.as_ref()).unwrap_or_default();
        let restarted = services::restarted_by(&String::from_utf8_lossy(&text)).filter(|all| !all.is_empty());
        let told = |service: &String| commands.iter().any(|command| command.args.contains(service));
        restarted.is_some_and(|all| all.iter().all(told))
    }

    fn generated(&self, host: &dyn Executor) -> io::Result<Vec<PathBuf>> {
        let beside = |path: &PathBuf| PathBuf::from(format!("{}{}", path.display(), ngcpcfg::UNFINISHED));
        let files = ngcpcfg::generated(host)?;
        Ok(files.iter().map(beside).collect::<Vec<_>>().into_iter().chain(files).collect())
    }

    fn error_in(&self, content: &[u8]) -> Option<String> {
        ngcpcfg::template_error(content)
    }
}
