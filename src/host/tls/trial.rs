//! A second nginx or kamailio of the host that loads a certificate and its key, before the live one is told of them.
//! It listens on loopback alone, shares nothing with the live one, and is ended as soon as a handshake was tried.

mod candidate;
mod kamailio;
mod nginx;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{
    Served,
    served::{fingerprints, handshake},
};
use crate::{
    executor::{Executor, Exit, FileChange, FileTo, Sink, Status, Stream},
    host::listeners,
    secret::hide_in_output,
};
use candidate::Candidate;

/// How long a daemon gets to start and to answer a handshake.
const LIMIT: Duration = Duration::from_secs(15);

/// A program that serves TLS and can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Daemon {
    /// The web server.
    Nginx,
    /// The SIP proxy.
    Kamailio,
}

impl Daemon {
    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Daemon::Nginx => "nginx",
            Daemon::Kamailio => "kamailio",
        }
    }
}

/// A daemon to be tried, with the settings of the live one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Which.
    pub daemon: Daemon,
    /// `ssl_protocols` of nginx, `tls_method` of kamailio; its own default when `None`.
    pub protocols: Option<String>,
    /// Its list of ciphers; its own default when `None`.
    pub ciphers: Option<String>,
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It served the certificate; by which protocol.
    Serves(String),
    /// It does not; why, in its own words.
    Refused(String),
    /// Nobody knows: it could not be tried; why.
    NotTried(String),
}

impl Trial {
    /// Lets the daemon load the files and serve them once.
    pub fn run(&self, host: &dyn Executor, certificate: &Path, key: &Path) -> Tried {
        let program = self.daemon.program();
        if !host.world().is_running() {
            return Tried::NotTried("this host does not run".to_owned());
        }
        if host.find_program(program).is_none() {
            return Tried::NotTried(format!("{program} is not on this host"));
        }
        self.tried(host, certificate, key).unwrap_or_else(|error| Tried::NotTried(format!("{error:#}")))
    }

    fn tried(&self, host: &dyn Executor, certificate: &Path, key: &Path) -> Result<Tried> {
        let wanted = match host.read(certificate) {
            Ok(bytes) => fingerprints(&String::from_utf8_lossy(&bytes)).into_iter().next(),
            Err(error) => return Ok(Tried::Refused(error.to_string())),
        };
        let Some(wanted) = wanted else {
            return Ok(Tried::Refused(format!("{} holds no certificate", certificate.display())));
        };
        let candidate = Candidate {
            certificate: plain(certificate.to_str())?,
            key: plain(key.to_str())?,
            protocols: setting(self.protocols.as_deref())?,
            ciphers: setting(self.ciphers.as_deref())?,
            port: listeners::free_port(host)?,
        };
        let start = match self.daemon {
            Daemon::Nginx => nginx::start(&candidate, host),
            Daemon::Kamailio => kamailio::start(&candidate),
        };
        let mut meeting = Meeting { host, port: candidate.port, seen: None, answered: false };
        let exit = host.run(&start.command.reads_only().limit(LIMIT), &mut meeting);
        for path in start.leaves {
            let _ = host.change(&FileChange { path, to: FileTo::Absent });
        }
        let exit = exit?;
        Ok(match meeting.seen {
            Some(seen) if meeting.answered => judged(seen, &wanted),
            seen => ended(&exit, seen, start.reason, self.daemon.program()),
        })
    }
}

/// A handshake with the second daemon, made while it runs: asked whether it is to be stopped, this looks whether it
/// listens already.
struct Meeting<'a> {
    host: &'a dyn Executor,
    port: u16,
    /// The last try.
    seen: Option<Served>,
    /// That was an answer. kamailio listens before it has loaded anything: one that is not there yet, or ends at this
    /// moment, gives none.
    answered: bool,
}

impl Sink for Meeting<'_> {
    fn output(&mut self, _: Stream, _: &[u8]) {}

    fn cancelled(&mut self) -> bool {
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        if !self.answered && listeners::tcp(self.host).is_ok_and(|all| all.contains(&at)) {
            let seen = handshake(self.host, at, None);
            self.answered = match &seen {
                Served::Chain { .. } | Served::Unknown(_) => true,
                Served::Refused(why) => why.contains("alert"),
                Served::Nothing => false,
            };
            self.seen = Some(seen);
        }
        self.answered
    }
}

fn judged(seen: Served, wanted: &str) -> Tried {
    match seen {
        Served::Chain { chain, protocol: Some(protocol) }
            if chain.first().is_some_and(|leaf| fingerprints(leaf) == [wanted]) =>
        {
            Tried::Serves(protocol)
        }
        Served::Chain { .. } => {
            Tried::Refused("the handshake showed another certificate or broke off".to_owned())
        }
        Served::Refused(why) => Tried::Refused(format!("it loads them, but no handshake succeeds: {why}")),
        Served::Nothing => Tried::NotTried("it stopped listening".to_owned()),
        Served::Unknown(why) => Tried::NotTried(why),
    }
}

/// It ended before it had answered anybody.
fn ended(exit: &Exit, seen: Option<Served>, reason: fn(&str) -> Option<String>, program: &str) -> Tried {
    let said = exit.error_text();
    // Not of the certificate: its options, this host's memory or accounts.
    let own =
        ["invalid option", "unknown option", "Address already in use", "shared memory pool", "bad user name"];
    match exit.status {
        _ if own.iter().any(|words| said.to_lowercase().contains(&words.to_lowercase())) => {
            Tried::NotTried(format!("{program}: {}", exit.reason()))
        }
        Status::TimedOut => Tried::Refused(match seen {
            Some(Served::Refused(why)) => format!("it listens, but no handshake succeeds: {why}"),
            _ => format!("it did not listen within {} seconds", LIMIT.as_secs()),
        }),
        _ => Tried::Refused(reason(&said).map_or_else(|| exit.reason(), |words| hide_in_output(&words))),
    }
}

/// What can stand in quotes in the settings of either daemon.
fn plain(path: Option<&str>) -> Result<&str> {
    let odd = |c: char| c.is_control() || "\"'\\$;{}#".contains(c);
    let path = path.filter(|path| path.starts_with('/') && !path.contains(odd));
    path.context("the name of a file cannot be written into the settings of a daemon")
}

/// Words of the host's own settings, if they are such.
fn setting(value: Option<&str>) -> Result<Option<&str>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " :+-_.,!@=".contains(c);
    match value.map(str::trim).filter(|value| !value.is_empty()) {
        Some(value) if !value.chars().all(is_plain) => {
            bail!(
                "its protocols or ciphers are written in a way that is not understood: {}",
                hide_in_output(value)
            )
        }
        value => Ok(value),
    }
}
