//! What is asked and answered: a packet that arrives, and what becomes of it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP: the first packet of a connection.
    Tcp,
    /// UDP: a datagram.
    Udp,
}

impl Protocol {
    /// `tcp`, `udp`.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// A new connection or datagram that arrives from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who sends it.
    pub from: IpAddr,
    /// The address of the host that it is for.
    pub to: IpAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The port that it is for.
    pub port: u16,
    /// The interface that it comes in by, where that is known.
    pub interface: Option<String>,
}

/// What becomes of it, and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It gets to whoever listens, and the answer gets back.
    Open,
    /// It does not, or the answer does not.
    Closed,
    /// It cannot be told. Never taken for closed.
    Unknown,
}

/// A verdict and what it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// What becomes of it.
    pub verdict: Verdict,
    /// The rule or policy that decides, in words of its own filter: "inet ngcp_warden input: tcp dport 22 accept".
    /// `None` when no rule says anything.
    pub rule: Option<String>,
    /// Why it is unknown.
    pub why: Option<String>,
}
