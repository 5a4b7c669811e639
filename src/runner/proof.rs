//! Seen done, never believed: looks for what a change was to bring about.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Platform, Saved, Seen, action, captured, journal::pause};
use crate::{
    executor::{Command, Executor, Quiet, Status as Exited, World},
    finding::{Finding, Status, StepId},
    plan::{Change, Claim, Proof},
    secret::Secrets,
};

/// What may take a while is looked for at once and often, later less often.
const TICK: Duration = Duration::from_millis(100);
const SLOW: Duration = Duration::from_secs(1);
/// So often is looked before it is said that what was confirmed is no longer so.
const LOOKS: usize = 3;
/// Said of a change that was taken back by a command whose effect nobody could look at.
const NOT_LOOKED_AT: &str = "its command succeeded; whether it is as before was not looked at";

/// What proofs are judged by.
pub(super) struct Sight<'a> {
    pub host: &'a dyn Executor,
    pub platform: &'a dyn Platform,
    pub secrets: &'a Secrets,
}

impl Sight<'_> {
    /// Whether the change is done already: only what can be seen without doing it counts.
    pub(super) fn already(&self, change: &Change) -> bool {
        let visible = |proof: &Proof| match proof {
            Proof::Answers { .. } | Proof::Restored(_) => true,
            Proof::Claim(claim) => claim.is_lasting(),
            // A list that differs is not gone: somebody may have added to it.
            Proof::NoLonger(of) => !proof.unlists() && self.is_gone(of),
            Proof::Printed(_) | Proof::Finding(_) => false,
        };
        !change.proofs.is_empty()
            && change.proofs.iter().all(visible)
            && self.all(change, "", &Saved::default()).is_ok()
    }

    /// What was seen; an error says what was not. `before`: what was kept before the change.
    pub(super) fn all(&self, change: &Change, printed: &str, before: &Saved) -> Result<Seen> {
        let mut all = change.proofs.iter().map(|proof| self.seen(change, proof, printed, before));
        all.try_fold(Seen::nothing(), |all, seen| Ok(all.and(seen?)))
    }

    fn seen(&self, change: &Change, proof: &Proof, printed: &str, before: &Saved) -> Result<Seen> {
        match proof {
            Proof::Printed(text) if printed.contains(text.as_str()) => {
                Ok(Seen::yes(format!("said \"{text}\"")))
            }
            Proof::Printed(text) => bail!("it did not say \"{text}\""),
            Proof::Answers { command, prints } => {
                let exit = action::run(self.host, &command.resolve(self.secrets)?, &mut Quiet)?;
                let answer = exit.text();
                match exit.ok() && answer.trim() == prints.trim() {
                    true => Ok(Seen::yes(format!("seen by {}", command.program))),
                    false if exit.ok() => bail!("{} shows something else than was set", command.program),
                    false => bail!("{}: {}", command.program, exit.reason()),
                }
            }
            Proof::Finding(id) => {
                let findings = self.findings(&change.step).context("could not be checked")?;
                match findings.iter().find(|finding| finding.id == *id) {
                    Some(finding) if finding.status == Status::Pass => Ok(Seen::yes("checked")),
                    Some(finding) => bail!("checked: {}: {}", finding.title, finding.evidence),
                    None => bail!("checked: nothing was found under {id}"),
                }
            }
            Proof::Restored(kept) => {
                let kept = self.secrets.get(kept).context("what was kept is not at hand")?;
                captured::is_restored(&change.undo, kept, self.secrets, self.host)?;
                Ok(Seen::yes("seen as it was before"))
            }
            Proof::NoLonger(of) => self.no_longer(&change.step, of),
            Proof::Claim(claim) => self.judge(claim, before),
        }
    }

    /// What the platform says of a claim, once it is so or should be.
    pub(super) fn judge(&self, claim: &Claim, before: &Saved) -> Result<Seen> {
        let live = self.host.world() == World::Live;
        let until = self.host.uptime() + claim.patience();
        let mut tick = TICK;
        loop {
            let seen = self.look(claim, before);
            let settled = seen.as_ref().is_ok_and(|seen| seen.is_whole() || !claim.waits_to_be_told());
            if settled || !live || self.host.uptime() >= until {
                return seen;
            }
            pause(tick);
            tick = (tick * 2).min(SLOW);
        }
    }

    /// What the platform says of a claim at this moment.
    pub(super) fn look(&self, claim: &Claim, before: &Saved) -> Result<Seen> {
        self.platform.judge(claim, before, self.secrets, self.host)
    }

    /// What a step finds now.
    pub(super) fn findings(&self, step: &StepId) -> Result<Vec<Finding>> {
        self.platform.findings(step, self.host)
    }

    /// Does what brings a claim about where the change alone did not; what was run well. Whether it helped is looked at
    /// afterwards.
    pub(super) fn mend(&self, claim: &Claim, before: &Saved) -> Vec<Command> {
        let mut commands = self.platform.mend(claim, &before.noted, self.host);
        commands.retain(|command| action::run(self.host, command, &mut Quiet).is_ok_and(|exit| exit.ok()));
        commands
    }

    /// Whether it can be seen that these hold no longer.
    pub(super) fn is_gone(&self, proofs: &[Proof]) -> bool {
        proofs.iter().any(|proof| self.holds(proof) == Some(false))
    }

    /// The same where the command that was to bring it about failed: of a list that differs nobody knows whether it
    /// was another one before.
    pub(super) fn is_absent(&self, proofs: &[Proof]) -> bool {
        let absent = |proof: &Proof| match proof {
            Proof::Claim(Claim::Listed { command, .. }) => {
                let none = Claim::Listed { command: command.clone(), rules: String::new() };
                self.platform.holds(&none, self.host) == Some(true)
            }
            proof => self.holds(proof) == Some(false),
        };
        proofs.iter().any(absent)
    }

    /// Whether these changes, in the order they were made, are seen to be so no longer, as far as a program can be asked
    /// again. What a later one made of the same is looked at.
    pub(super) fn is_overtaken<'c>(&self, changes: impl DoubleEndedIterator<Item = &'c Change>) -> bool {
        let mut asked = Vec::new();
        changes.rev().flat_map(|change| &change.proofs).any(|proof| {
            let (Proof::Answers { command, .. }
            | Proof::Claim(Claim::Listed { command, .. } | Claim::Line { command, .. })) = proof
            else {
                return false;
            };
            if asked.contains(&command) {
                return false;
            }
            asked.push(command);
            // A program that waits for another one's lock may fail once.
            !(0..LOOKS).any(|look| {
                if look > 0 {
                    pause(TICK);
                }
                self.holds(proof) != Some(false)
            })
        })
    }

    /// Looks whether what these proved is gone.
    pub(super) fn no_longer(&self, step: &StepId, proofs: &[Proof]) -> Result<Seen> {
        let failing = |proof: &Proof| match proof {
            Proof::Finding(id) => {
                let findings = self.findings(step).unwrap_or_default();
                findings.iter().any(|finding| finding.id == *id && finding.status == Status::Fail)
            }
            _ => false,
        };
        if self.is_gone(proofs) || proofs.iter().any(failing) {
            return Ok(Seen::yes("seen taken back"));
        }
        match proofs.iter().any(|proof| self.holds(proof) == Some(true)) {
            true => bail!("it still stands, although the command succeeded"),
            false => Ok(Seen::in_part(NOT_LOOKED_AT)),
        }
    }

    /// Whether it is so, where that can be seen without a password and belongs to this change alone.
    fn holds(&self, proof: &Proof) -> Option<bool> {
        match proof {
            Proof::Claim(claim) => self.platform.holds(claim, self.host),
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
}
