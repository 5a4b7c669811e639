//! Our rules as one transaction for `nft -f -`: a table of our own, everything else is left as it is.
//!
//! They are written as nft lists them, so that what is loaded can be compared (`host::packet_filter::listing`).

use std::fmt::Write;

use super::{
    LOG_PREFIX, LOG_RATE, Lasting, NFT_TABLE,
    openings::{Opening, Openings},
};
use crate::plan::SECONDS;

/// Removes our table, whether or not it is there.
pub(crate) fn removal() -> String {
    format!("add table inet {NFT_TABLE}\ndelete table inet {NFT_TABLE}\n")
}

/// Our table in place of an older one.
pub(crate) fn text(open: &Openings, lasting: Lasting) -> String {
    let mut out = removal();
    let _ = writeln!(out, "table inet {NFT_TABLE} {{");
    if lasting == Lasting::Armed {
        out += &set(
            "Until somebody confirms: what refuses is gone when these two are.",
            "armed",
            "nf_proto",
            "timeout",
            &format!("ipv4 timeout {SECONDS}s, ipv6 timeout {SECONDS}s"),
        );
    }
    for (name, kind, networks) in families(open) {
        let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
        out += &set("Trusted networks.", name, kind, "interval", &networks.join(", "));
    }
    if !open.untracked.is_empty() {
        let ports = ports(&open.untracked);
        let rule = |side: &str| format!("udp {side} {ports} notrack");
        out += "  # Media is not tracked: a call has no connection to remember.\n";
        out += &chain("prerouting", "prerouting priority -300; policy accept;", &[rule("dport")]);
        out += &chain("output", "output priority -300; policy accept;", &[rule("sport")]);
    }
    out += "  # Behind priority filter: the rule of rtpengine comes first, and nobody's accept opens what is closed here.\n";
    let (policy, last) = match lasting {
        Lasting::Armed => ("accept", vec!["meta nfproto @armed drop".to_owned()]),
        Lasting::Permanent => ("drop", Vec::new()),
    };
    let hook = format!("input priority 10; policy {policy};");
    out += &chain("input", &hook, &[rules(open), last].concat());
    out + "}\n"
}

fn families(
    open: &Openings,
) -> impl Iterator<Item = (&'static str, &'static str, &[crate::host::network::Network])> {
    let [v4, v6] = &open.networks;
    [("trusted4", "ipv4_addr", v4.as_slice()), ("trusted6", "ipv6_addr", v6.as_slice())]
        .into_iter()
        .filter(|(_, _, networks)| !networks.is_empty())
}

fn rules(open: &Openings) -> Vec<String> {
    let mut all: Vec<String> = [
        "iif \"lo\" accept",
        "ct state established,related accept",
        "# A connection that stood before anything was tracked goes on; a new one begins with SYN alone.",
        "tcp flags & (fin | syn | rst | ack) != syn accept",
        "# ICMP: unreachable, ping, time exceeded, parameter problem.",
        "icmp type { 3, 8, 11, 12 } accept",
        "# ICMPv6: the same, packet too big, multicast listeners, routers and neighbours.",
        "icmpv6 type { 1, 2, 3, 4, 128, 130, 131, 132, 133, 134, 135, 136, 143 } accept",
        "# Answers of a DHCP server.",
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend(open.everyone.iter().map(|opening| accept("", opening)));
    for opening in &open.trusted {
        let of = |name: &str| if name == "trusted4" { "ip saddr @trusted4 " } else { "ip6 saddr @trusted6 " };
        all.extend(families(open).map(|(name, ..)| accept(of(name), opening)));
    }
    if open.logging {
        let (rate, burst) = LOG_RATE;
        all.push(format!("limit rate {rate}/minute burst {burst} packets log prefix \"{LOG_PREFIX}\""));
    }
    all
}

fn accept(from: &str, Opening { name, protocol, ports: open }: &Opening) -> String {
    format!("{from}{} dport {} accept comment \"{name}\"", protocol.word(), ports(open))
}

fn ports(ranges: &[(u16, u16)]) -> String {
    let all: Vec<String> = ranges
        .iter()
        .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}-{to}") })
        .collect();
    match all.as_slice() {
        [one] => one.clone(),
        several => format!("{{ {} }}", several.join(", ")),
    }
}

fn set(why: &str, name: &str, kind: &str, flags: &str, elements: &str) -> String {
    format!(
        "  # {why}\n  set {name} {{\n    type {kind}\n    flags {flags}\n    elements = {{ {elements} }}\n  }}\n"
    )
}

fn chain(name: &str, hook: &str, rules: &[String]) -> String {
    let rules: String = rules.iter().map(|rule| format!("    {rule}\n")).collect();
    format!("  chain {name} {{\n    type filter hook {hook}\n{rules}  }}\n")
}
