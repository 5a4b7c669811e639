//! What of our rules lies on the disk, for a restart and for the next look: where, and how it is written and read.

use std::{io, path::PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::super::facts::{Backend, Wanted};
use crate::executor::Executor;

/// Where all of it lies.
pub(crate) const FOLDER: &str = "/etc/ngcp-warden";
/// The unit that loads it.
pub(crate) const UNIT: &str = "ngcp-warden-firewall.service";
/// Endings of the files with rules: for nft, for iptables of IPv4 and of IPv6.
pub(crate) const ENDINGS: [&str; 3] = ["nft", "4", "6"];
const SCHEMA: u32 = 1;

/// What the rules were made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    schema: u32,
    /// What loads them.
    pub(crate) backend: Backend,
    /// What they are to do.
    pub(crate) wanted: Wanted,
}

/// The file with rules of this ending.
pub(crate) fn rules(ending: &str) -> PathBuf {
    PathBuf::from(format!("{FOLDER}/firewall.{ending}"))
}

/// The file with what they were made from.
pub(crate) fn wanted() -> PathBuf {
    PathBuf::from(format!("{FOLDER}/firewall.json"))
}

/// The content of that file.
pub(crate) fn written(backend: &Backend, wanted: &Wanted) -> String {
    let stored = Stored { schema: SCHEMA, backend: backend.clone(), wanted: wanted.clone() };
    // Plain data: it can always be written.
    serde_json::to_string_pretty(&stored).unwrap_or_default() + "\n"
}

/// What is stored; `None` when nothing is.
///
/// # Errors
/// When it cannot be read or is of another release.
pub(crate) fn read(host: &dyn Executor) -> Result<Option<Stored>> {
    let path = wanted();
    let bytes = match host.read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| path.display().to_string())?,
    };
    let stored: Stored = serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
    ensure!(stored.schema == SCHEMA, "{} is of another release of this program", path.display());
    Ok(Some(stored))
}
