//! How the operator came in: the console or SSH, from where, with which key. Read from the processes above ours and
//! from the server's own log; never guessed.

use std::{path::Path, time::Duration};

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

/// Looks how the operator who runs us came in.
pub fn session(host: &dyn Executor) -> Session {
    if !host.world().is_running() {
        return Session::Unknown;
    }
    let mut process = "self".to_owned();
    for _ in 0..MOST_PARENTS {
        if let Some(connection) = variable(host, &process, "SSH_CONNECTION") {
            return over_ssh(host, &connection);
        }
        let Some((name, parent)) = status(host, &process) else { return Session::Unknown };
        match name.as_str() {
            "login" | "agetty" | "getty" => return Session::Console,
            _ if parent == "0" || parent == "1" => return Session::Unknown,
            _ => process = parent,
        }
    }
    Session::Unknown
}

fn variable(host: &dyn Executor, process: &str, name: &str) -> Option<String> {
    let environment = host.read(Path::new(&format!("/proc/{process}/environ"))).ok()?;
    let mut entries = environment.split(|b| *b == 0).filter_map(|entry| std::str::from_utf8(entry).ok());
    entries.find_map(|entry| entry.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// Name and parent of a process.
fn status(host: &dyn Executor, process: &str) -> Option<(String, String)> {
    let text = host.read(Path::new(&format!("/proc/{process}/status"))).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim().to_owned());
    Some((field("Name:")?, field("PPid:")?))
}

fn over_ssh(host: &dyn Executor, connection: &str) -> Session {
    let words: Vec<&str> = connection.split(' ').collect();
    let [address, port, at, at_port] = words[..] else { return Session::Unknown };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let is_address = |address: &str| address.parse::<std::net::IpAddr>().is_ok();
    if !(is_address(address) && is_port(port) && is_address(at) && is_port(at_port)) {
        return Session::Unknown;
    }
    let from = format!(" from {address} port {port} ");
    let login = accepted(&log(host), &from);
    Session::Ssh { address: address.to_owned(), server: (at.to_owned(), at_port.to_owned()), login }
}

/// What the server logged lately.
fn log(host: &dyn Executor) -> String {
    let args = ["-q", "-o", "cat", "-t", "sshd", "-t", "sshd-session", "-n", "4000", "--no-pager"];
    let command = Command::new("journalctl", args).reads_only().limit(Duration::from_secs(5));
    let journal = host.run(&command, &mut Quiet).ok().filter(Exit::ok).map(|exit| exit.text());
    let file = || host.read(Path::new("/var/log/auth.log")).unwrap_or_default();
    match journal {
        Some(text) if text.contains("Accepted ") => text,
        _ => String::from_utf8_lossy(&file()).into_owned(),
    }
}

/// The last accepted login from there: `Accepted publickey for root from 10.0.0.5 port 51234 ssh2: ED25519 SHA256:…`.
fn accepted(log: &str, from: &str) -> Option<Login> {
    log.lines().rev().find_map(|line| {
        // Names that others try to log in with stand in the log, too: only the beginning is the server's own.
        let (before, said) = line.split_once("Accepted ")?;
        if !before.is_empty() && !before.ends_with("]: ") {
            return None;
        }
        let (who, rest) = said.split_once(from)?;
        let (method, account) = who.split_once(" for ")?;
        let fingerprint = rest.split(' ').find(|word| word.starts_with("SHA256:")).map(str::to_owned);
        Some(Login { account: account.to_owned(), method: method.to_owned(), fingerprint })
    })
}
