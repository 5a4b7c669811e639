//! What is armed: the guarded change that is taken back when its time is over, as it stands in the directory of the run.

use std::{fs, io, path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    control::{KEEP, REVERT, is_kept},
    journal::{durable, sync, trusted},
    proc_stat::boot,
};
use crate::executor::Executor;

const ARMED: &str = "guard.json";

/// A guarded change that waits for its confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Armed {
    /// The change.
    pub change: String,
    /// Time since boot when it took effect; `None` while it is still being made.
    pub since: Option<Duration>,
    /// Time since boot when it is taken back.
    pub deadline: Duration,
    /// The boot that these times count from.
    pub boot: String,
}

impl Armed {
    pub(super) fn new(change: &str, deadline: Duration, host: &dyn Executor) -> Self {
        Armed { change: change.to_owned(), since: None, deadline, boot: boot(host) }
    }

    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        durable(&dir.join(ARMED), &serde_json::to_vec(self)?)?;
        sync(dir)
    }

    /// `None` when nothing is armed.
    pub(super) fn read(dir: &Path) -> io::Result<Option<Self>> {
        match trusted::read(dir, ARMED, trusted::NOTE) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The change that waits and that somebody wished to keep: whoever settles the run takes it for confirmed.
    pub(super) fn kept(dir: &Path) -> io::Result<Option<String>> {
        Ok(Self::read(dir)?.map(|armed| armed.change).filter(|change| is_kept(dir, change)))
    }

    /// Ends the wait, however it ended.
    pub(super) fn disarm(dir: &Path) {
        for wish in [ARMED, KEEP, REVERT] {
            let _ = fs::remove_file(dir.join(wish));
        }
    }
}
