//! How a change is seen done. What only the platform can judge is a claim: the runner hands it on unread.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{CommandLine, Template, timed::passing};
use crate::{finding::StepId, host::tls::Trial};

/// How a change is seen done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The command printed this.
    Printed(String),
    /// The command exits 0 and its output, trimmed, is `prints`.
    Answers {
        /// The command.
        command: CommandLine,
        /// Its whole output.
        prints: String,
    },
    /// The step's own inspection afterwards says `pass` for this finding.
    Finding(String),
    /// What its [`super::Undo::Captured`] captures is what the secret of this name holds.
    Restored(String),
    /// What these proved, of a change that is taken back, is so no longer.
    NoLonger(Vec<Proof>),
    /// The platform judges it.
    #[serde(untagged)]
    Claim(Claim),
}

impl Proof {
    /// Whether it is about the list of a program.
    pub fn lists(&self) -> bool {
        matches!(self, Proof::Claim(Claim::Listed { .. }))
    }

    /// Whether it is about a list that is gone or replaced.
    pub fn unlists(&self) -> bool {
        matches!(self, Proof::NoLonger(of) if of.iter().any(Proof::lists))
    }
}

/// What the platform judges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// The hash of `account` in `/etc/shadow` is that of the secret named `password`.
    Password {
        /// Account name.
        account: String,
        /// Name of the secret.
        password: String,
    },
    /// The command prints a `saltedpass` of the panel, and the secret named `password` opens it.
    WebPassword {
        /// The command.
        command: CommandLine,
        /// Name of the secret.
        password: String,
    },
    /// `/proc/self/mountinfo` shows `target` with `option`.
    Mounted {
        /// Mount point.
        target: PathBuf,
        /// Option such as `noatime`.
        option: String,
    },
    /// For an apply: a file that it made, and that held `gone` before, holds this now, and none holds `gone`.
    InForce {
        /// For people: "password of ngcpsoap".
        what: String,
        /// What must be in such a file.
        holds: Template,
        /// What stood there before; no secret, for everybody knows it.
        gone: String,
    },
    /// These values of a YAML file, one of `touches`, were set, and but for values it is the file it was: a plain one
    /// of the same owner and mode, with every key it had.
    Values {
        /// The file.
        path: PathBuf,
        /// Keys with dots between, and what each is to be.
        values: Vec<(String, String)>,
    },
    /// Daemons of the host serve this certificate with this key: a second one of each was tried.
    Loads {
        /// File with the certificate and what belongs to it.
        certificate: PathBuf,
        /// File with the key.
        key: PathBuf,
        /// Which, and with which settings.
        by: Vec<Trial>,
    },
    /// These places of certificates, as the configuration has them now, show on their ports what it names now: after a
    /// change the new certificate, and the old one when the change was taken back.
    Served {
        /// Their names.
        places: Vec<String>,
    },
    /// All packet filters of the host are what they were when this sum was made over them.
    PacketFilters {
        /// SHA-256 in hexadecimal, as `host::packet_filter` makes it.
        sum: String,
    },
    /// The command lists these rules, in this order, and no others; counters and times that run off do not matter.
    Listed {
        /// The command.
        command: CommandLine,
        /// The rules, as they were given to the same program.
        rules: String,
    },
    /// The command prints this line.
    Line {
        /// The command.
        command: CommandLine,
        /// The line, whatever stands before and behind it.
        line: String,
    },
    /// What this step finds by itself under this name, and under those that begin so, is well: for an apply, which
    /// is of no step.
    Well {
        /// The step.
        step: StepId,
        /// Id of the finding.
        finding: String,
        /// Seconds that services may take to start again: what is not known yet is waited for, too. `None` for what
        /// is so, or not known, as soon as the apply ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<u64>,
    },
    /// The services that ran before the change still run.
    Services,
    /// The SSH server started itself again and listens, which it does to read its settings.
    Reread,
}

impl Claim {
    /// Whether it can be judged without having seen what was there before the change.
    pub fn is_lasting(&self) -> bool {
        match self {
            Claim::Password { .. } | Claim::WebPassword { .. } | Claim::Mounted { .. } => true,
            // Rules that lift themselves stand in the list to the end: they are loaded again.
            Claim::Listed { rules, .. } => !passing(rules),
            Claim::PacketFilters { .. } | Claim::Line { .. } => true,
            Claim::InForce { .. }
            | Claim::Values { .. }
            | Claim::Loads { .. }
            | Claim::Served { .. }
            | Claim::Well { .. }
            | Claim::Services
            | Claim::Reread => false,
        }
    }

    /// Whether what is noted before the change decides it.
    pub fn is_noted(&self) -> bool {
        matches!(self, Claim::Served { .. } | Claim::Services | Claim::Reread)
    }

    /// Whether what nobody can tell at this moment may be told a little later, within [`Self::patience`].
    pub fn waits_to_be_told(&self) -> bool {
        matches!(self, Claim::Well { within: Some(_), .. })
    }

    /// How long it may take on a real host until it is so.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(match self {
            Claim::Services | Claim::Served { .. } => 30,
            // At a boot the server is still busy with its start.
            Claim::Reread => 20,
            Claim::Well { within, .. } => within.unwrap_or(5),
            _ => 0,
        })
    }
}
