//! What is served on a port right now: a handshake by the host's own `openssl s_client`, so that what the host's
//! library accepts decides. Nothing is judged here.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use base64::Engine;

use super::reached::reached;
use crate::{
    executor::{Command, Executor, Exit, Quiet, Status},
    host::listeners,
    secret::{hide_in_output, sha256},
};

/// How long a handshake may take. A SIP port without TLS never answers one.
const LIMIT: Duration = Duration::from_secs(4);
/// Said where nobody took the connection.
const NO_CONNECTION: &str = "no connection";
/// More certificates than this are no chain.
const MOST: usize = 20;

/// Which port is asked, and for which name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The port.
    pub port: u16,
    /// What the client calls the server; nothing when `None`, as most phones do.
    pub name: Option<String>,
}

/// What a port serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// These certificates, as they came.
    Chain {
        /// PEM, the server's own first.
        chain: Vec<String>,
        /// `TLSv1.3`; `None` when the handshake did not come to its end.
        protocol: Option<String>,
    },
    /// Nothing listens there.
    Nothing,
    /// Somebody listens and shows no certificate; why.
    Refused(String),
    /// It could not be asked; why.
    Unknown(String),
}

/// What is served, in the order asked. All are asked at once, the same only once.
pub fn served(host: &dyn Executor, questions: &[Question]) -> Vec<Served> {
    let unknown = |why: &str| vec![Served::Unknown(why.to_owned()); questions.len()];
    if !host.world().is_running() {
        return unknown("this host does not run");
    }
    if questions.is_empty() {
        return Vec::new();
    }
    let listeners = match listeners::tcp(host) {
        Ok(listeners) => listeners,
        Err(error) => return unknown(&format!("{error:#}")),
    };
    let mut answers: BTreeMap<&Question, Served> =
        questions.iter().map(|question| (question, Served::Nothing)).collect();
    std::thread::scope(|scope| {
        for (question, answer) in &mut answers {
            let at = reached(&listeners, question.port);
            if !at.is_empty() {
                scope.spawn(move || *answer = first_reached(host, &at, question.name.as_deref()));
            }
        }
    });
    questions.iter().filter_map(|question| answers.get(question).cloned()).collect()
}

/// A handshake with the first of these that takes a connection.
fn first_reached(host: &dyn Executor, at: &[SocketAddr], name: Option<&str>) -> Served {
    let mut seen = Served::Nothing;
    for at in at {
        seen = handshake(host, *at, name);
        if !matches!(&seen, Served::Refused(why) if why.starts_with(NO_CONNECTION)) {
            break;
        }
    }
    seen
}

/// One handshake with whoever listens at that address.
pub(super) fn handshake(host: &dyn Executor, at: SocketAddr, name: Option<&str>) -> Served {
    let mut args =
        vec!["s_client".to_owned(), "-connect".to_owned(), at.to_string(), "-showcerts".to_owned()];
    // Without a name none is sent: the server is called by its address.
    if let Some(name) = name {
        if !is_name(name) {
            return Served::Unknown(format!("{} is no name of a server", hide_in_output(name)));
        }
        args.extend(["-servername".to_owned(), name.to_owned()]);
    }
    let command = Command::new("openssl", args).reads_only().limit(LIMIT);
    match host.run(&command, &mut Quiet) {
        Ok(exit) => read(&exit),
        Err(error) => Served::Unknown(error.to_string()),
    }
}

/// Whether a server can be asked for by this name: nothing that `openssl` could take for an option or an address.
pub fn is_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        && name.parse::<IpAddr>().is_err()
}

fn read(exit: &Exit) -> Served {
    let (said, error) = (exit.text(), exit.error_text());
    let chain = blocks(&said);
    if !chain.is_empty() {
        let protocol = said.lines().find_map(|line| line.strip_prefix("New, ")?.split_once(", Cipher is "));
        let protocol = protocol.filter(|(_, cipher)| !cipher.starts_with("(NONE)"));
        return Served::Chain { chain, protocol: protocol.map(|(protocol, _)| protocol.to_owned()) };
    }
    if exit.status == Status::TimedOut {
        return Served::Refused(format!("no TLS handshake within {} seconds", LIMIT.as_secs()));
    }
    // A program that knows less than we ask says how it is used.
    if !said.contains("CONNECTED(") && !error.contains("connect:errno=") {
        return Served::Unknown(format!("openssl s_client: {}", exit.reason()));
    }
    Served::Refused(reason(&error).unwrap_or_else(|| "it closed the connection".to_owned()))
}

/// The certificates in what was printed, whole ones only.
fn blocks(text: &str) -> Vec<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let after = text.split(BEGIN).skip(1);
    let whole = after.filter_map(|rest| Some(format!("{BEGIN}{}{END}\n", rest.split_once(END)?.0)));
    whole.take(MOST).collect()
}

/// SHA-256 of each certificate in a text, in its order, in hexadecimal.
pub fn fingerprints(text: &str) -> Vec<String> {
    blocks(text).iter().filter_map(|pem| fingerprint(pem)).collect()
}

fn fingerprint(pem: &str) -> Option<String> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).ok()?;
    Some(sha256(&der))
}

/// Why it did not come to a handshake.
fn reason(error: &str) -> Option<String> {
    if let Some(number) = error.lines().find_map(|line| line.strip_prefix("connect:errno=")) {
        return Some(format!("{NO_CONNECTION} (error {number})"));
    }
    error.lines().find_map(|line| {
        Some(match library_reason(line)? {
            words @ ("wrong version number"
            | "unknown protocol"
            | "packet length too long"
            | "record layer failure") => {
                format!("it does not speak TLS ({words})")
            }
            words => hide_in_output(words),
        })
    })
}

/// The library's own words: `…error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:…`.
pub(super) fn library_reason(text: &str) -> Option<&str> {
    let words = text.split_once("error:")?.1.split(':').nth(3)?;
    Some(words.split(" (").next()?.trim_end_matches(')').trim())
}
