//! Our rules for `iptables-restore --noflush`: chains of our own that only refuse. What they let pass goes on through
//! the rules of others as if ours were not there, so nothing of theirs is bypassed.
//!
//! They are written as `iptables -S` lists them, so that what is loaded can be compared.

use std::fmt::Write;

use super::{
    LOG_PREFIX, LOG_RATE, Lasting,
    openings::{Opening, Openings},
};
use crate::plan::UNTIL;

/// Everybody's packets.
pub(crate) const CHAIN: &str = "ngcp-warden";
/// Packets from trusted networks that are for nobody else.
pub(crate) const TRUSTED: &str = "ngcp-warden-trusted";
/// In the table `raw`: media that is sent.
pub(crate) const SENT: &str = "ngcp-warden-sent";

/// One of the two families, each with programs of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Family; 2] = [Family::V4, Family::V6];

    /// "IPv4", "IPv6".
    pub(crate) fn label(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }

    /// `iptables-legacy` or `ip6tables-legacy`.
    pub(crate) fn program(self, v4: &str) -> String {
        match self {
            Family::V4 => v4.to_owned(),
            Family::V6 => format!("ip6{}", v4.strip_prefix("ip").unwrap_or(v4)),
        }
    }
}

/// A chain of ours with its rules and what jumps to it.
pub(crate) struct Chain {
    pub(crate) table: &'static str,
    pub(crate) name: &'static str,
    /// The chain of everybody that jumps to it; `None` for one of ours that does.
    pub(crate) from: Option<&'static str>,
    pub(crate) rules: Vec<String>,
}

impl Chain {
    /// Its rules as they are listed.
    pub(crate) fn listed(&self) -> String {
        self.rules.iter().map(|rule| format!("-A {} {rule}\n", self.name)).collect()
    }
}

/// All our chains of a family.
pub(crate) fn chains(open: &Openings, family: Family, lasting: Lasting) -> Vec<Chain> {
    let mut chains = Vec::new();
    if !open.untracked.is_empty() {
        let rules = |side: &str| {
            let rule =
                |range: &(u16, u16)| format!("-p udp -m udp --{side} {} -j CT --notrack", port(*range));
            open.untracked.iter().map(rule).collect()
        };
        let raw = |name, from, rules| Chain { table: "raw", name, from: Some(from), rules };
        chains.push(raw(CHAIN, "PREROUTING", rules("dport")));
        chains.push(raw(SENT, "OUTPUT", rules("sport")));
    }
    let refuse = refuse(open, lasting);
    let all = [
        general(family),
        open.everyone.iter().flat_map(passes).collect(),
        trusted(open, family),
        refuse.clone(),
    ];
    chains.push(Chain { table: "filter", name: CHAIN, from: Some("INPUT"), rules: all.concat() });
    let rules = [open.trusted.iter().flat_map(passes).collect(), refuse].concat();
    chains.push(Chain { table: "filter", name: TRUSTED, from: None, rules });
    chains
}

/// These chains in place of older ones of the same names. Who jumps to them is not touched.
pub(crate) fn text(chains: &[Chain]) -> String {
    let mut out = String::new();
    for table in ["raw", "filter"] {
        let own = || chains.iter().filter(|chain| chain.table == table);
        if own().next().is_none() {
            continue;
        }
        let _ = writeln!(out, "*{table}");
        out.extend(own().map(|chain| format!(":{} - [0:0]\n", chain.name)));
        out.extend(own().map(Chain::listed));
        out += "COMMIT\n";
    }
    out
}

/// These chains without a rule, whether or not they were there.
pub(crate) fn emptied<'a>(chains: impl IntoIterator<Item = &'a Chain>) -> String {
    declared(chains, false)
}

/// Removes these chains, to which nobody jumps any more, whether or not they are there.
pub(crate) fn removal<'a>(chains: impl IntoIterator<Item = &'a Chain>) -> String {
    declared(chains, true)
}

/// Declared they are there and empty, and none refers to another.
fn declared<'a>(chains: impl IntoIterator<Item = &'a Chain>, away: bool) -> String {
    let chains: Vec<&Chain> = chains.into_iter().collect();
    let mut out = String::new();
    for table in ["filter", "raw"] {
        let own: Vec<&str> =
            chains.iter().filter(|chain| chain.table == table).map(|chain| chain.name).collect();
        if own.is_empty() {
            continue;
        }
        let _ = writeln!(out, "*{table}");
        out.extend(own.iter().map(|name| format!(":{name} - [0:0]\n")));
        out.extend(own.iter().filter(|_| away).map(|name| format!("-X {name}\n")));
        out += "COMMIT\n";
    }
    out
}

/// Which number a jump gets in a chain of everybody: behind the rule of rtpengine, where the kernel hands on media that
/// needs none of our rules; else the first.
pub(crate) fn place(listing: &str) -> usize {
    let rules = listing.lines().filter(|line| line.starts_with("-A "));
    let target = |line: &str| {
        let mut words = line.split_whitespace().skip_while(|word| !matches!(*word, "-j" | "-g"));
        words.nth(1).is_some_and(|target| target == "RTPENGINE" || target.starts_with("rtpengine"))
    };
    rules.enumerate().filter(|(_, line)| target(line)).last().map_or(1, |(at, _)| at + 2)
}

pub(super) fn general(family: Family) -> Vec<String> {
    let lines: &[&str] = match family {
        Family::V4 => &[
            "-p icmp -m icmp --icmp-type 3 -j RETURN",
            "-p icmp -m icmp --icmp-type 8 -j RETURN",
            "-p icmp -m icmp --icmp-type 11 -j RETURN",
            "-p icmp -m icmp --icmp-type 12 -j RETURN",
            "-p udp -m udp --sport 67 --dport 68 -j RETURN",
        ],
        Family::V6 => &["-s fe80::/10 -p udp -m udp --sport 547 --dport 546 -j RETURN"],
    };
    let icmpv6 = [1, 2, 3, 4, 128, 130, 131, 132, 133, 134, 135, 136, 143]
        .map(|kind| format!("-p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j RETURN"));
    let first = [
        "-i lo -j RETURN",
        "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        // A connection that stood before anything was tracked goes on.
        "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j RETURN",
    ];
    let icmpv6 = icmpv6.into_iter().filter(|_| family == Family::V6);
    first.iter().chain(lines).map(|line| (*line).to_owned()).chain(icmpv6).collect()
}

fn trusted(open: &Openings, family: Family) -> Vec<String> {
    let all = |network: &str| network.ends_with("/0");
    let whole = |network: String| match (network.contains('/'), family) {
        (true, _) => network,
        (false, Family::V4) => format!("{network}/32"),
        (false, Family::V6) => format!("{network}/128"),
    };
    let from = |network: String| if all(&network) { String::new() } else { format!("-s {network} ") };
    let networks = open.networks[usize::from(family == Family::V6)].iter();
    networks.map(|network| format!("{}-g {TRUSTED}", from(whole(network.to_string())))).collect()
}

fn passes(Opening { name, protocol, ports }: &Opening) -> Vec<String> {
    let protocol = protocol.word();
    let rule = |range: &(u16, u16)| {
        format!("-p {protocol} -m {protocol} --dport {} -m comment --comment {name} -j RETURN", port(*range))
    };
    ports.iter().map(rule).collect()
}

fn refuse(open: &Openings, lasting: Lasting) -> Vec<String> {
    let (rate, burst) = LOG_RATE;
    let log =
        format!("-m limit --limit {rate}/min --limit-burst {burst} -j LOG --log-prefix \"{LOG_PREFIX}\"");
    let last = match lasting {
        Lasting::Armed => format!("-m time --datestop {UNTIL} -j DROP"),
        Lasting::Permanent => "-j DROP".to_owned(),
    };
    Some(log).filter(|_| open.logging).into_iter().chain([last]).collect()
}

pub(super) fn port((from, to): (u16, u16)) -> String {
    if from == to { from.to_string() } else { format!("{from}:{to}") }
}
