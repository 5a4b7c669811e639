//! Our rules as the platform takes them in `security.firewall` of config.yml: words of iptables for INPUT, behind those
//! of others, which stay.

use super::{
    iptables::{Family, general, port},
    openings::{Opening, Openings},
};

/// Begins the remark by which ours are known among those of others.
const MARK: &str = "--comment ngcp-warden:";

/// Whether this entry of the list is one of ours.
pub(crate) fn is_ours(rule: &str) -> bool {
    rule.contains(MARK)
}

/// The list with ours at its end, in place of older ones of ours.
pub(crate) fn list(now: &[String], open: Option<&Openings>, family: Family) -> Vec<String> {
    let theirs = now.iter().filter(|rule| !is_ours(rule)).cloned();
    theirs.chain(open.into_iter().flat_map(|open| rules(open, family))).collect()
}

fn rules(open: &Openings, family: Family) -> Vec<String> {
    let rule = |name: &str, what: &str| format!("-A INPUT {what} -m comment {MARK}{name} -j ACCEPT");
    let mut all: Vec<String> = general(family)
        .iter()
        .map(|line| rule("general", line.strip_suffix(" -j RETURN").unwrap_or(line)))
        .collect();
    for Opening { name, protocol, ports } in &open.everyone {
        let word = protocol.word();
        all.extend(
            ports.iter().map(|range| rule(name, &format!("-p {word} -m {word} --dport {}", port(*range)))),
        );
    }
    for network in &open.networks[usize::from(family == Family::V6)] {
        for Opening { name, protocol, ports } in &open.trusted {
            let word = protocol.word();
            let what = |range| format!("-s {network} -p {word} -m {word} --dport {}", port(range));
            all.extend(ports.iter().map(|range| rule(name, &what(*range))));
        }
    }
    all
}
