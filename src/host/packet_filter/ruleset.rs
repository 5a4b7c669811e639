//! The rules of packet filters as data: tables, chains, rules, sets. Filled by the readers beside it, judged elsewhere.

use std::{collections::BTreeMap, sync::Arc};

use super::{expression::Part, gate::Gate, set::Set};

/// A table of one filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Which filter it belongs to.
    pub filter: Filter,
    /// `ip`, `ip6`, `inet`, `netdev`, `bridge`: which packets go through it.
    pub family: Family,
    /// `filter`, `ngcp_warden`.
    pub name: String,
    /// It is there, but no packet goes through it.
    pub dormant: bool,
    /// In the order in which the filter prints them.
    pub chains: Vec<Chain>,
    /// Named sets and maps.
    pub(super) sets: BTreeMap<String, Arc<Set>>,
}

impl Table {
    /// `inet ngcp_warden`, `iptables-legacy filter`, `ip6tables-legacy raw`.
    pub fn title(&self) -> String {
        match (self.filter, self.family) {
            (Filter::Nft, family) => format!("{} {}", family.word(), self.name),
            (Filter::Legacy, Family::Ip6) => format!("ip6tables-legacy {}", self.name),
            (Filter::Legacy, _) => format!("iptables-legacy {}", self.name),
        }
    }

    /// A table whose rules are known by their words only, for tests of whoever looks for one of them.
    #[cfg(test)]
    pub(crate) fn of_words(filter: Filter, family: Family, name: &str, chains: Vec<Chain>) -> Self {
        Table { filter, family, name: name.to_owned(), dormant: false, chains, sets: BTreeMap::new() }
    }

    /// The chain of that name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.name == name)
    }
}

/// The filters of the kernel. What iptables-nft makes is in nft's tables `ip` and `ip6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// nf_tables.
    Nft,
    /// ip_tables and ip6_tables.
    Legacy,
}

/// Which packets go through a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// Both.
    Inet,
    /// Everything that comes in or goes out by a device.
    Netdev,
    /// What crosses a bridge.
    Bridge,
}

impl Family {
    /// As nft writes it.
    pub fn word(self) -> &'static str {
        match self {
            Family::Ip => "ip",
            Family::Ip6 => "ip6",
            Family::Inet => "inet",
            Family::Netdev => "netdev",
            Family::Bridge => "bridge",
        }
    }

    /// Whether packets of IPv6, or of IPv4, go through such a table.
    pub fn sees(self, v6: bool) -> bool {
        match self {
            Family::Ip => !v6,
            Family::Ip6 => v6,
            Family::Inet | Family::Netdev | Family::Bridge => true,
        }
    }
}

/// A chain of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// `INPUT`, `input`, `rtpengine`.
    pub name: String,
    /// Where the kernel calls it; `None` when only other chains do.
    pub base: Option<Base>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// Where the kernel calls a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// `filter`, `nat`, `route`.
    pub kind: Kind,
    /// At which point of a packet's way.
    pub hook: Hook,
    /// Lower ones are called earlier.
    pub priority: i32,
    /// The policy is to drop.
    pub drops: bool,
    /// The devices it is bound to (hooks ingress and egress only); `None` when they cannot be told.
    pub devices: Option<Vec<String>>,
}

/// What a base chain is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every packet.
    Filter,
    /// The first packet of each tracked connection.
    Nat,
    /// Every packet that leaves; its route is looked up again when it was changed.
    Route,
}

/// The points at which the kernel calls chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// As it comes from the device.
    Ingress,
    /// Before it is known whether it is for this host.
    Prerouting,
    /// For this host.
    Input,
    /// For another host.
    Forward,
    /// From this host.
    Output,
    /// After its way is known.
    Postrouting,
    /// As it goes to the device.
    Egress,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// As its filter writes it, without counters: `tcp dport 22 accept`, `-p udp -j RTPENGINE --id 0`.
    pub text: String,
    /// Where it leads when it matches: `accept`, `DROP`, a target such as `RTPENGINE`, or the chain that it jumps to.
    /// `None` when it only counts, logs, marks, or asks a map.
    pub target: Option<String>,
    /// What it asks and does, in order.
    pub(super) parts: Vec<Part>,
    /// What it surely asks.
    pub(super) gate: Gate,
}

impl Rule {
    /// A rule that asks and does this.
    pub(super) fn new(text: String, target: Option<String>, parts: Vec<Part>) -> Self {
        let gate = Gate::of(&parts);
        Rule { text, target, parts, gate }
    }

    /// A rule of which nothing is known but its words.
    #[cfg(test)]
    pub(crate) fn of_words(text: &str, target: Option<&str>) -> Self {
        let parts = vec![Part::Unknown(text.to_owned())];
        Rule::new(text.to_owned(), target.map(str::to_owned), parts)
    }
}
