//! A platform that finds what it is told to, judges nothing and commits nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use super::*;
use crate::{
    executor::{Command, Quiet},
    plan::Claim,
};

/// Holds the process of another one who applies.
pub(super) const AT_WORK: &str = "/run/at-work";

/// What its steps find.
pub(super) struct Fake(pub Vec<Finding>);

/// One whose steps find nothing.
pub(super) const UNSEEING: Fake = Fake(Vec::new());

impl Platform for Fake {
    fn title(&self, _: &dyn Executor) -> String {
        "fake".to_owned()
    }

    fn findings(&self, _: &StepId, _: &dyn Executor) -> Result<Vec<Finding>> {
        Ok(self.0.clone())
    }

    /// Of what a step finds well, the program `look` of the host tells.
    fn judge(&self, claim: &Claim, _: &Saved, _: &Secrets, host: &dyn Executor) -> Result<Seen> {
        let Claim::Well { .. } = claim else { anyhow::bail!("nobody judges {claim:?}") };
        let told = action::run(host, &Command::new("look", [""; 0]), &mut Quiet)?.text();
        match told.as_str() {
            "well" => Ok(Seen::yes(told)),
            "not known" => Ok(Seen::in_part(told)),
            _ => anyhow::bail!("{told}"),
        }
    }

    fn holds(&self, _: &Claim, _: &dyn Executor) -> Option<bool> {
        None
    }

    fn note(&self, _: &Claim, _: &dyn Executor) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn mend(&self, _: &Claim, _: &BTreeSet<String>, _: &dyn Executor) -> Vec<Command> {
        Vec::new()
    }

    fn configuration(&self) -> &dyn Configuration {
        self
    }
}

impl Configuration for Fake {
    fn tree(&self) -> &Path {
        Path::new("/etc/ngcp-config")
    }

    fn tool(&self) -> &'static str {
        "ngcpcfg"
    }

    fn cannot_apply(&self, _: &dyn Executor) -> Option<String> {
        None
    }

    fn at_work(&self, host: &dyn Executor) -> Option<u32> {
        String::from_utf8(host.read(AT_WORK.as_ref()).ok()?).ok()?.parse().ok()
    }

    fn uncommitted(&self, _: &dyn Executor) -> Result<Option<BTreeMap<String, Option<String>>>> {
        Ok(None)
    }

    fn apply(&self, message: &str) -> Command {
        Command::new(self.tool(), ["apply", message])
    }

    fn said(&self, printed: &str) -> Said {
        Said { reason: printed.to_owned(), ..Said::default() }
    }

    fn is_told(&self, _: &dyn Executor, _: &str, _: &[Command]) -> bool {
        false
    }

    fn generated(&self, _: &dyn Executor) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn error_in(&self, _: &[u8]) -> Option<String> {
        None
    }
}
