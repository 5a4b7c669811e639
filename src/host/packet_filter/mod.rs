//! What the packet filters of a Debian host say, as data, and what becomes of a packet by them. Nothing is changed
//! here; who owns the rules and what they ought to be is not known here.

pub mod listing;
mod ruleset;

use std::net::IpAddr;

pub use ruleset::{Base, Chain, Family, Filter, Hook, Kind, Rule, Table};
use serde::{Deserialize, Serialize};

use crate::executor::Executor;

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

/// All packet filters of a host, as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// What could not be read, and why, for people. Everything is unknown then.
    pub unseen: Vec<String>,
    tables: Vec<Table>,
}

impl Filters {
    /// Reads them all. Never fails: what cannot be read is in `unseen`.
    pub fn read(_host: &dyn Executor) -> Self {
        Filters { unseen: vec!["the packet filters were not read".to_owned()], tables: Vec::new() }
    }

    /// What becomes of a packet, of its answer and of what follows.
    pub fn judge(&self, _arrival: &Arrival) -> Ruling {
        Ruling { verdict: Verdict::Unknown, rule: None, why: Some(self.unseen.join("; ")) }
    }

    /// One source for each class of addresses that the rules tell apart.
    pub fn sources(&self, _v6: bool) -> Sources {
        Sources { addresses: Vec::new(), complete: false }
    }

    /// SHA-256 over all rules without what changes by itself: counters, handles, elements that come and go, chains of
    /// fail2ban and Docker. `None` when something could not be read.
    pub fn sum(&self) -> Option<String> {
        None
    }

    /// All tables, as data.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// All rules with the table and chain that they are in.
    pub fn rules(&self) -> impl Iterator<Item = (&Table, &Chain, &Rule)> {
        let chains =
            self.tables.iter().flat_map(|table| table.chains.iter().map(move |chain| (table, chain)));
        chains.flat_map(|(table, chain)| chain.rules.iter().map(move |rule| (table, chain, rule)))
    }
}

/// Addresses that stand for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// One of each class; the first is an ordinary stranger, whom no rule names.
    pub addresses: Vec<IpAddr>,
    /// There is no class but these: false when there are too many, or when rules tell addresses apart by single bits.
    pub complete: bool,
}
