//! How the operator came in: the console or SSH, from where, with which key. Only what no local user can make up
//! counts: the kernel's word on the processes above ours and on their connection, and what the journal got from that
//! very process. A line in a log file does not: everybody can write one.

use std::{path::Path, time::Duration};

use super::peer::{self, Connection};
use crate::executor::{Command, Executor, Exit, Quiet};

/// How many processes are looked at on the way up.
const MOST_PARENTS: usize = 32;

/// How the operator came in.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Session {
    /// A terminal of the machine itself.
    Console,
    /// Over SSH from this address.
    Ssh {
        /// Where from.
        address: String,
        /// Which of the server's addresses and ports took the connection.
        server: (String, String),
        /// How, as the server's log has it.
        login: Option<Login>,
    },
    /// It could not be seen.
    #[default]
    Unknown,
}

/// An accepted login of the server's log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Login {
    /// Whose account.
    pub account: String,
    /// `publickey`, `password`.
    pub method: String,
    /// The key's fingerprint.
    pub fingerprint: Option<String>,
}

impl Session {
    /// Where the operator comes from, if over SSH.
    pub fn address(&self) -> Option<&str> {
        match self {
            Session::Ssh { address, .. } => Some(address),
            _ => None,
        }
    }

    /// The login, as far as the log knows it.
    pub fn login(&self) -> Option<&Login> {
        match self {
            Session::Ssh { login, .. } => login.as_ref(),
            _ => None,
        }
    }
}

/// A connection that the server serves.
#[derive(Debug)]
pub struct Served {
    /// The server's process for it.
    pub process: u32,
    connection: Connection,
}

impl Served {
    /// Whether it comes from the host itself. `None` when that is not known.
    pub fn is_from_itself(&self, host: &dyn Executor) -> Option<bool> {
        peer::is_own(host, &self.process.to_string(), self.connection.address)
    }
}

/// The connection that a process was started over.
pub fn served(host: &dyn Executor, process: &str) -> Option<Served> {
    above(host, process).filter(|one| one.root && peer::is_server(host, &one.process)).find_map(|one| {
        let connection = peer::connection(host, &one.process)?;
        Some(Served { process: one.process.parse().ok()?, connection })
    })
}

/// Looks how the operator who runs us came in.
pub fn session(host: &dyn Executor) -> Session {
    if !host.world().is_running() {
        return Session::Unknown;
    }
    if let Some(served) = served(host, "self") {
        let login = logged(host, &served);
        let Connection { address, server, .. } = served.connection;
        return Session::Ssh { address: address.to_string(), server, login };
    }
    // Inside tmux and the like no server stands above us: how such a login was made is not known.
    if let Some(said) = above(host, "self").find_map(|one| variable(host, &one.process, "SSH_CONNECTION")) {
        return over_ssh(&said);
    }
    let greets = |one: &Seen| one.root && ["login", "agetty", "getty"].contains(&one.name.as_str());
    if above(host, "self").any(|one| greets(&one)) { Session::Console } else { Session::Unknown }
}

fn variable(host: &dyn Executor, process: &str, name: &str) -> Option<String> {
    let environment = host.read(Path::new(&format!("/proc/{process}/environ"))).ok()?;
    let mut entries = environment.split(|b| *b == 0).filter_map(|entry| std::str::from_utf8(entry).ok());
    entries.find_map(|entry| entry.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// What the kernel says of a process.
struct Seen {
    process: String,
    name: String,
    parent: String,
    /// Root's, really and in effect.
    root: bool,
}

/// A process and those above it, up to what the system started.
fn above(host: &dyn Executor, process: &str) -> impl Iterator<Item = Seen> {
    let next = |one: &Seen| {
        let parent = one.parent.as_str();
        if ["0", "1"].contains(&parent) { None } else { seen(host, parent) }
    };
    std::iter::successors(seen(host, process), next).take(MOST_PARENTS)
}

fn seen(host: &dyn Executor, process: &str) -> Option<Seen> {
    let text = host.read(Path::new(&format!("/proc/{process}/status"))).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim().to_owned());
    let users = field("Uid:")?;
    let root = users.split_whitespace().take(2).eq(["0", "0"]);
    Some(Seen { process: process.to_owned(), name: field("Name:")?, parent: field("PPid:")?, root })
}

fn over_ssh(connection: &str) -> Session {
    let words: Vec<&str> = connection.split(' ').collect();
    let [address, port, at, at_port] = words[..] else { return Session::Unknown };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let is_address = |address: &str| address.parse::<std::net::IpAddr>().is_ok();
    if !(is_address(address) && is_port(port) && is_address(at) && is_port(at_port)) {
        return Session::Unknown;
    }
    Session::Ssh { address: address.to_owned(), server: (at.to_owned(), at_port.to_owned()), login: None }
}

/// The login of that connection, as its own server process told the journal. The fields that begin with `_` are the
/// journal's: it asks the kernel who writes.
fn logged(host: &dyn Executor, served: &Served) -> Option<Login> {
    let Served { process, connection } = served;
    let own = format!("_PID={process}");
    let args =
        ["-q", "-b", "-o", "cat", "-n", "200", "--no-pager", "_UID=0", "_COMM=sshd", "_COMM=sshd-session"];
    let args = args.into_iter().chain([own.as_str()]);
    let command = Command::new("journalctl", args).reads_only().limit(Duration::from_secs(5));
    let journal = host.run(&command, &mut Quiet).ok().filter(Exit::ok)?;
    let from = format!(" from {} port {} ", connection.address, connection.port);
    accepted(&journal.text(), &from)
}

/// The last accepted login from there: `Accepted publickey for root from 10.0.0.5 port 51234 ssh2: ED25519 SHA256:…`.
fn accepted(log: &str, from: &str) -> Option<Login> {
    log.lines().rev().find_map(|line| {
        let (who, rest) = line.strip_prefix("Accepted ")?.split_once(from)?;
        let (method, account) = who.split_once(" for ")?;
        let fingerprint = rest.split(' ').find(|word| word.starts_with("SHA256:")).map(str::to_owned);
        Some(Login { account: account.to_owned(), method: method.to_owned(), fingerprint })
    })
}
