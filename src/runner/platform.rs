//! What the runner asks of the platform that it runs on, and nothing else. Whoever starts a run lends it one. No
//! knowledge of a platform may live in this room.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{Saved, Seen};
use crate::{
    executor::{Command, Executor},
    finding::{Finding, StepId},
    plan::Claim,
    secret::Secrets,
};

/// A platform on any host: what its steps find, what it judges, how its configuration is brought into force.
pub trait Platform: Sync {
    /// Host name and release, for the head of a run: "spce · mr13.5.1".
    fn title(&self, host: &dyn Executor) -> String;

    /// What a step finds now.
    ///
    /// # Errors
    /// When the step could not look at all.
    fn findings(&self, step: &StepId, host: &dyn Executor) -> Result<Vec<Finding>>;

    /// Looks whether a claim is so; `before` is what was kept before the change.
    ///
    /// # Errors
    /// When it is not so, or cannot be seen.
    fn judge(&self, claim: &Claim, before: &Saved, secrets: &Secrets, host: &dyn Executor) -> Result<Seen>;

    /// Whether it is so, where that can be seen without a password and belongs to one change alone.
    fn holds(&self, claim: &Claim, host: &dyn Executor) -> Option<bool>;

    /// For a claim that compares: what is to be noted before the change.
    fn note(&self, claim: &Claim, host: &dyn Executor) -> BTreeSet<String>;

    /// Commands that bring such a claim about where the change alone did not.
    fn mend(&self, claim: &Claim, noted: &BTreeSet<String>, host: &dyn Executor) -> Vec<Command>;

    /// Its configuration.
    fn configuration(&self) -> &dyn Configuration;
}

/// The configuration of a platform: one tree, which one tool brings into force.
pub trait Configuration {
    /// Where it lies.
    fn tree(&self) -> &Path;

    /// What the tool is called.
    fn tool(&self) -> &str;

    /// Why it cannot be applied at all.
    fn cannot_apply(&self, host: &dyn Executor) -> Option<String>;

    /// The process of another one who applies it at this moment.
    fn at_work(&self, host: &dyn Executor) -> Option<u32>;

    /// Files below the tree that nobody committed, with the SHA-256 of what lies there, `None` where nothing does; no
    /// list at all where nothing is ever committed.
    ///
    /// # Errors
    /// When that cannot be seen.
    fn uncommitted(&self, host: &dyn Executor) -> Result<Option<BTreeMap<String, Option<String>>>>;

    /// The command that applies it with this message.
    fn apply(&self, message: &str) -> Command;

    /// What such a command said.
    fn said(&self, printed: &str) -> Said;

    /// Whether everything that one of these scripts restarts was told again by these commands.
    fn is_told(&self, host: &dyn Executor, script: &str, commands: &[Command]) -> bool;

    /// The files that an apply makes.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn generated(&self, host: &dyn Executor) -> io::Result<Vec<PathBuf>>;

    /// The error that stands in such a file in place of its content.
    fn error_in(&self, content: &[u8]) -> Option<String>;
}

/// What an apply said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What does not fail it, but is to be looked at.
    pub remarks: Vec<String>,
    /// Scripts that it ran: whatever they restarted runs with the new configuration, and nobody but the tool tells it.
    pub executed: BTreeSet<String>,
    /// Why it failed, if it did.
    pub reason: String,
}
