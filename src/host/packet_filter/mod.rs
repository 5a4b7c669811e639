//! What the packet filters of a Debian host say, as data, and what becomes of a packet by them. Nothing is changed
//! here; who owns the rules and what they ought to be is not known here.

mod arrival;
mod evaluate;
mod expression;
mod gate;
mod iptables;
pub mod listing;
mod nft;
mod reading;
mod redirects;
mod ruleset;
mod seen;
mod set;
mod sources;
mod sum;
#[cfg(test)]
mod tests;

pub use arrival::{Arrival, Protocol, Ruling, Verdict};
pub use redirects::Detour;
pub use ruleset::{Base, Chain, Family, Filter, Hook, Kind, Rule, Table};
pub use sources::Sources;

use std::ops::RangeInclusive;

use self::evaluate::Host;
use crate::executor::Executor;

/// All packet filters of a host, as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// What could not be read, and why, for people. Everything is unknown then.
    pub unseen: Vec<String>,
    tables: Vec<Table>,
    host: Host,
}

impl Filters {
    /// Reads them all. Never fails: what cannot be read is in `unseen`.
    pub fn read(host: &dyn Executor) -> Self {
        let reading::Reading { tables, unseen, host } = reading::read(host);
        Filters { unseen, tables, host }
    }

    /// What becomes of a connection or datagram: whether it gets in, and its answer out.
    pub fn judge(&self, arrival: &Arrival) -> Ruling {
        self.judge_at(arrival, &(0..=u16::MAX))
    }

    /// The same, where only what gets to one of these ports counts as let in, whichever port it was sent to.
    pub fn judge_at(&self, arrival: &Arrival, ports: &RangeInclusive<u16>) -> Ruling {
        if self.unseen.is_empty() {
            evaluate::judge(&self.tables, &self.host, arrival, ports)
        } else {
            Ruling { verdict: Verdict::Unknown, rule: None, why: Some(self.unseen.join("; ")) }
        }
    }

    /// The rules that send what comes from outside on to another port of the host.
    pub fn detours(&self) -> Vec<Detour> {
        redirects::detours(&self.tables, &self.host)
    }

    /// One source for each class of addresses that the rules tell apart; the first one is a stranger.
    pub fn sources(&self, v6: bool) -> Sources {
        sources::sources(&self.tables, v6)
    }

    /// SHA-256 over all rules without what changes by itself: counters, handles, elements that come and go, chains of
    /// fail2ban and Docker. `None` when something could not be read.
    pub fn sum(&self) -> Option<String> {
        self.unseen.is_empty().then(|| sum::sum(&self.tables))
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
