//! Seen done, never believed: looks for what a change was to bring about.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail};

use super::{Look, action, captured, journal::pause};
use crate::{
    executor::{Command, Executor, Quiet, Status as Exited, World},
    finding::{Status, StepId},
    host::{
        mounts,
        shadow::{self, PasswordState},
        sshd,
    },
    ngcp::services,
    plan::{Change, CommandLine, Outcome, Proof},
    secret::{Secrets, credentials},
};

/// Seconds that a restarted service may take until it runs.
const RESTART_TRIES: u32 = 30;
/// Tenths of a second that the SSH server may take until it listens again.
const REREAD_TRIES: u32 = 50;

/// Said of a change that was taken back by a command whose effect nobody could look at.
const NOT_LOOKED_AT: &str = "its command succeeded; whether it is as before was not looked at";

/// What became of the look for a change, in words.
pub(super) enum Seen {
    /// Everything that was looked for was seen; no words when nothing was.
    Yes(String),
    /// Nobody could look at some of it: its command succeeded, and that is all.
    NotLookedAt(String),
}

impl Seen {
    /// The same, with other words around what was seen.
    pub(super) fn map(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Seen::Yes(seen) => Seen::Yes(words(seen)),
            Seen::NotLookedAt(seen) => Seen::NotLookedAt(words(seen)),
        }
    }

    /// What may be said of a change with it.
    pub(super) fn told(self) -> (Outcome, String) {
        match self {
            Seen::Yes(words) => (Outcome::Done, words),
            Seen::NotLookedAt(words) => (Outcome::Warning, words),
        }
    }
}

/// What proofs are judged by.
pub(super) struct Sight<'a> {
    pub host: &'a dyn Executor,
    pub look: &'a dyn Look,
    pub secrets: &'a Secrets,
}

impl Sight<'_> {
    /// Whether the change is done already: only what can be seen without doing it counts.
    pub(super) fn already(&self, change: &Change) -> bool {
        let visible = |proof: &Proof| {
            matches!(
                proof,
                Proof::Password { .. }
                    | Proof::WebPassword { .. }
                    | Proof::Mounted { .. }
                    | Proof::Answers { .. }
                    | Proof::Restored(_)
            ) || matches!(proof, Proof::NoLonger(of) if self.is_gone(of))
        };
        !change.proofs.is_empty()
            && change.proofs.iter().all(visible)
            && change.proofs.iter().all(|proof| self.seen(change, proof, "", &BTreeSet::new()).is_ok())
    }

    /// What was seen, in a few words; an error says what was not.
    pub(super) fn all(&self, change: &Change, printed: &str, ran: &BTreeSet<String>) -> Result<Seen> {
        let (mut all, mut looked) = (Vec::new(), true);
        for proof in &change.proofs {
            let words = match proof {
                Proof::NoLonger(of) => match self.no_longer(&change.step, of)? {
                    Seen::Yes(words) => words,
                    Seen::NotLookedAt(words) => {
                        looked = false;
                        words
                    }
                },
                proof => self.seen(change, proof, printed, ran)?,
            };
            all.extend(Some(words).filter(|words| !words.is_empty()));
        }
        let words = all.join(", ");
        Ok(if looked { Seen::Yes(words) } else { Seen::NotLookedAt(words) })
    }

    fn seen(&self, change: &Change, proof: &Proof, printed: &str, ran: &BTreeSet<String>) -> Result<String> {
        match proof {
            Proof::Printed(text) if printed.contains(text.as_str()) => Ok(format!("said \"{text}\"")),
            Proof::Printed(text) => bail!("it did not say \"{text}\""),
            Proof::Password { account, password } => self.password(account, password),
            Proof::WebPassword { command, password } => self.web_password(command, password),
            Proof::Mounted { target, option } => {
                let mounts = mounts::mounts(self.host)?;
                match mounts::at(&mounts, target) {
                    None => bail!("{} is not mounted", target.display()),
                    Some(mount) if mount.has_option(option) => Ok(format!("seen mounted with {option}")),
                    Some(mount) => {
                        bail!(
                            "{} is mounted with {}, not {option}",
                            target.display(),
                            mount.options.join(",")
                        )
                    }
                }
            }
            Proof::Answers { command, prints } => {
                let exit = action::run(self.host, &command.resolve(self.secrets)?, &mut Quiet)?;
                let answer = exit.text();
                match exit.ok() && answer.trim() == prints.trim() {
                    true => Ok(format!("seen by {}", command.program)),
                    false if exit.ok() => bail!("{} shows something else than was set", command.program),
                    false => bail!("{}: {}", command.program, exit.reason()),
                }
            }
            Proof::Finding(id) => {
                let findings = self.look.findings(&change.step).context("could not be checked")?;
                match findings.iter().find(|finding| finding.id == *id) {
                    Some(finding) if finding.status == Status::Pass => Ok("checked".to_owned()),
                    Some(finding) => bail!("checked: {}: {}", finding.title, finding.evidence),
                    None => bail!("checked: nothing was found under {id}"),
                }
            }
            // Judged by the apply itself, which knows what it made.
            Proof::InForce { .. } => Ok(String::new()),
            // Judged beside what was there before: see `values`.
            Proof::Values { .. } => Ok(String::new()),
            Proof::Restored(kept) => {
                let kept = self.secrets.get(kept).context("what was kept is not at hand")?;
                captured::is_restored(&change.undo, kept, self.secrets, self.host)?;
                Ok("seen as it was before".to_owned())
            }
            Proof::NoLonger(of) => match self.no_longer(&change.step, of)? {
                Seen::Yes(words) | Seen::NotLookedAt(words) => Ok(words),
            },
            Proof::Reread => self.reread(ran),
            Proof::Services => match self.lost(ran).as_slice() {
                [] => Ok(format!("{} services still run", ran.len())),
                lost => bail!("no longer running: {}", lost.join(", ")),
            },
        }
    }

    /// Whether it can be seen that these hold no longer.
    pub(super) fn is_gone(&self, proofs: &[Proof]) -> bool {
        proofs.iter().any(|proof| self.holds(proof) == Some(false))
    }

    /// Looks whether what these proved is gone.
    pub(super) fn no_longer(&self, step: &StepId, proofs: &[Proof]) -> Result<Seen> {
        let failing = |proof: &Proof| match proof {
            Proof::Finding(id) => {
                let findings = self.look.findings(step).unwrap_or_default();
                findings.iter().any(|finding| finding.id == *id && finding.status == Status::Fail)
            }
            _ => false,
        };
        if self.is_gone(proofs) || proofs.iter().any(failing) {
            return Ok(Seen::Yes("seen taken back".to_owned()));
        }
        match proofs.iter().any(|proof| self.holds(proof) == Some(true)) {
            true => bail!("it still stands, although the command succeeded"),
            false => Ok(Seen::NotLookedAt(NOT_LOOKED_AT.to_owned())),
        }
    }

    /// Whether it is so, where that can be seen without a password and belongs to this change alone.
    fn holds(&self, proof: &Proof) -> Option<bool> {
        match proof {
            Proof::Mounted { target, option } => {
                let mounts = mounts::mounts(self.host).ok()?;
                Some(mounts::at(&mounts, target).is_some_and(|mount| mount.has_option(option)))
            }
            Proof::Answers { command, prints } => {
                let command = command.resolve(self.secrets).ok()?.reads_only();
                let exit = action::run(self.host, &command, &mut Quiet).ok()?;
                match exit.status {
                    Exited::Code(0) => Some(exit.text().trim() == prints.trim()),
                    Exited::Code(_) => Some(false),
                    _ => None,
                }
            }
            Proof::NoLonger(of) if self.is_gone(of) => Some(true),
            Proof::NoLonger(of) if of.iter().any(|proof| self.holds(proof) == Some(true)) => Some(false),
            _ => None,
        }
    }

    /// It is told by a signal, which nobody sees arrive.
    pub(super) fn reread(&self, before: &BTreeSet<String>) -> Result<String> {
        for _ in 0..REREAD_TRIES {
            let now = sockets(self.host);
            if !now.is_empty() && now.is_disjoint(before) {
                return Ok("the server read its settings".to_owned());
            }
            pause(Duration::from_millis(100));
        }
        bail!(
            "the SSH server did not read its settings again (is PidFile set to none?); restart it, then try again"
        )
    }

    /// Services that ran and do not any more; a restart gets a little time on a real host.
    pub(super) fn lost(&self, ran: &BTreeSet<String>) -> Vec<String> {
        let before: Vec<(String, Option<bool>)> = ran.iter().map(|name| (name.clone(), Some(true))).collect();
        let mut tries = if self.host.world() == World::Live { RESTART_TRIES } else { 0 };
        loop {
            let lost = services::lost(&before, &services::look(self.host));
            if lost.is_empty() || tries == 0 {
                return lost;
            }
            tries -= 1;
            pause(Duration::from_secs(1));
        }
    }

    fn web_password(&self, command: &CommandLine, name: &str) -> Result<String> {
        let exit = action::run(self.host, &command.resolve(self.secrets)?, &mut Quiet)?;
        if !exit.ok() {
            bail!("{}: {}", command.program, exit.reason());
        }
        let password = self.secrets.get(name).with_context(|| format!("no password was given for {name}"))?;
        match password.expose_str().and_then(|word| credentials::panel_matches(exit.text().trim(), word)) {
            Some(true) => Ok("seen in the database".to_owned()),
            Some(false) => bail!("the password in the database is not the new one"),
            None => bail!("the password in the database is of a kind that cannot be checked"),
        }
    }

    fn password(&self, account: &str, name: &str) -> Result<String> {
        let PasswordState::Hash(hash) = shadow::state(self.host, account)? else {
            bail!("{account} has no password in {}", shadow::SHADOW);
        };
        let password = self.secrets.get(name).with_context(|| format!("no password was given for {name}"))?;
        match shadow::verify(&hash, password) {
            Some(true) => Ok("seen in /etc/shadow".to_owned()),
            Some(false) => bail!("the password of {account} in /etc/shadow is not the new one"),
            None => bail!("the password of {account} in /etc/shadow is of a kind that cannot be checked"),
        }
    }
}

/// What the SSH server listens on.
pub(super) fn sockets(host: &dyn Executor) -> BTreeSet<String> {
    sshd::listeners(host).first().map(|server| server.sockets(host)).unwrap_or_default()
}

/// Tells the SSH server itself to read its files again.
pub(super) fn hang_up(host: &dyn Executor) -> Option<Command> {
    let pid = sshd::listeners(host).first()?.pid.to_string();
    Some(Command::new("kill", ["-s", "HUP", &pid]))
}

/// Names of the platform's services that run.
pub(super) fn services(host: &dyn Executor) -> BTreeSet<String> {
    let look = services::look(host).into_iter();
    look.filter(|(_, runs)| *runs == Some(true)).map(|(name, _)| name).collect()
}
