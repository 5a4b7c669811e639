//! What the step saw of the host, as plain data that form, pictures and plan are made from.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::ngcp::{database::BufferPool, kamailio::Instance};

/// Everything that form and plan need.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::steps) struct Facts {
    /// Why the configuration could not be read: then no option is known.
    pub(super) unread: Option<String>,
    /// The options of Table 10 that this release has, in the order of the table.
    pub(super) options: Vec<Now>,
    /// Figures of this host by the names in `names::figure`, none of which is guessed.
    pub(super) measured: BTreeMap<String, Measured>,
    /// The kamailio instances that run.
    pub(super) kamailio: Vec<Instance>,
    /// The buffer pool of the running server, where it could be asked.
    pub(super) buffer_pool: Option<BufferPool>,
    /// What tells how busy the disks are: I/O wait, how the database's disk is mounted.
    pub(super) disks: Vec<String>,
    /// What could not be looked at, each with the reason: "registered contacts: the database does not answer".
    pub(super) unseen: Vec<String>,
    /// Somebody else who decides about the same things.
    pub(super) owners: Vec<Owner>,
    /// Why not all of them could be looked for.
    pub(super) owners_unseen: Option<String>,
    /// Lines of kamailio's logs that say it ran out of memory: file, how many, the last one.
    pub(super) out_of_memory: Vec<OutOfMemory>,
    /// Logs of kamailio that could be looked through.
    pub(super) logs_read: Vec<PathBuf>,
    /// What is changed in the files and not applied yet.
    pub(super) waiting: Option<String>,
}

impl Facts {
    /// Takes a figure down, with at most two decimals.
    pub(super) fn put(&mut self, name: &str, value: f64, by: &str) {
        if value.is_finite() {
            let value = (value * 100.0).round() / 100.0;
            self.measured.insert(name.to_owned(), Measured { value, by: by.to_owned() });
        }
    }
}

/// An option on this host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Now {
    /// Its name in `assets/options.yml`.
    pub(super) name: String,
    /// Its keys in config.yml, where it is or would be.
    pub(super) path: Vec<String>,
    /// The value that is used, as it is written; `None` where no file has it.
    pub(super) text: Option<String>,
    /// The file and line that it comes from, even if no value stands there: "/etc/ngcp-config/config.yml line 12".
    pub(super) from: Option<String>,
    /// What config.yml itself has, which may be another value.
    pub(super) main: Option<String>,
    /// The file that decides it instead of config.yml.
    pub(super) shadow: Option<Shadow>,
    /// The value in force in the running service.
    pub(super) running: Running,
    /// What the profiles low and high have for it.
    pub(super) low: Option<String>,
    pub(super) high: Option<String>,
}

impl Now {
    /// Whether something stands there that is no value: nothing behind the key, a list, a map. Of constants.yml that
    /// is not known.
    pub(super) fn is_empty(&self) -> bool {
        let secret = self.shadow.as_ref().is_some_and(|shadow| !shadow.editable);
        let written = self.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        self.from.is_some() && !secret && !written
    }
}

/// A file that decides instead of config.yml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shadow {
    /// The file.
    pub(super) file: PathBuf,
    /// Counts from 1.
    pub(super) line: usize,
    /// It can be edited there: it is one of the configuration's own files, not constants.yml.
    pub(super) editable: bool,
}

/// The value in force, as far as it can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Running {
    /// Nothing tells it on any host.
    #[default]
    NotTold,
    /// It cannot be seen here, and why.
    Unseen(String),
    /// It is this, and who says so.
    Is {
        /// In the option's unit, as it would be written.
        value: String,
        /// "the running server".
        by: String,
    },
}

/// A figure of this host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// In the unit that its name says; at most two decimals.
    pub(super) value: f64,
    /// Where it comes from: "information_schema", "/proc/meminfo".
    pub(super) by: String,
}

/// Somebody else who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// `tuned`, `sysctl`, "MariaDB option file".
    pub(super) name: String,
    /// The option it decides, by name; `None` where it takes memory or changes the host in another way.
    pub(super) option: Option<String>,
    /// What was seen: file, line, value.
    pub(super) evidence: String,
}

/// Lines of a log that say that memory ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutOfMemory {
    /// `lb` or `proxy`.
    pub(super) instance: String,
    /// The log.
    pub(super) file: PathBuf,
    /// How many lines.
    pub(super) lines: u64,
    /// It was the memory of single processes (pkg), not what they share (shm).
    pub(super) private: bool,
    /// The last of them: time, process and known words, nothing else of the line.
    pub(super) last: String,
}
