//! How ports, and who reaches them, are said. Words only.

use super::{
    facts::{Exposure, Reach},
    names::by,
};
use crate::ngcp::reachable::Ports;

/// "5060 tcp,udp", "5222, 5269 tcp": those of the same protocols together, and the same numbers once.
pub(super) fn ports(all: &[Ports]) -> String {
    let mut numbers: Vec<(String, Vec<&'static str>)> = Vec::new();
    for ports in all {
        let range = range(ports);
        match numbers.iter_mut().find(|(number, _)| *number == range) {
            Some((_, protocols)) => protocols.push(ports.protocol.word()),
            None => numbers.push((range, vec![ports.protocol.word()])),
        }
    }
    let mut groups: Vec<(Vec<String>, Vec<&'static str>)> = Vec::new();
    for (number, protocols) in numbers {
        match groups.iter_mut().find(|(_, known)| *known == protocols) {
            Some((numbers, _)) => numbers.push(number),
            None => groups.push((vec![number], protocols)),
        }
    }
    let said =
        groups.iter().map(|(numbers, protocols)| format!("{} {}", numbers.join(", "), protocols.join(",")));
    said.collect::<Vec<_>>().join("; ")
}

fn range(ports: &Ports) -> String {
    match ports.from == ports.to {
        true => ports.from.to_string(),
        false => format!("{}-{}", ports.from, ports.to),
    }
}

/// Who reaches it over one family, as the answer that leaves it so; "some" and "unknown" are none.
fn who(exposure: &Exposure) -> &'static str {
    match (exposure.who, exposure.trusted) {
        (Reach::Everyone, _) => by::EVERYONE,
        (Reach::Unknown, _) => "unknown",
        (_, Some(true)) => by::TRUSTED,
        (Reach::Some, _) => "some",
        (Reach::Nobody, _) => by::NOBODY,
    }
}

/// Whether anything of the host takes packets over that family at all.
fn waits(exposure: &Exposure) -> bool {
    !exposure.by.starts_with("nothing waits")
}

/// The families that count: both, or the one over which something waits.
fn families<'a>(v4: &'a Exposure, v6: &'a Exposure) -> [&'a Exposure; 2] {
    match (waits(v4), waits(v6)) {
        (true, false) => [v4, v4],
        (false, true) => [v6, v6],
        _ => [v4, v6],
    }
}

/// Who reaches it today: "everyone", or the more open of the two families where they differ, "everyone v6".
pub(super) fn today(v4: &Exposure, v6: &Exposure) -> String {
    let [four, six] = families(v4, v6).map(who);
    let open = |who: &str| [by::EVERYONE, "unknown", "some", by::TRUSTED].iter().position(|one| *one == who);
    let open = |who| open(who).unwrap_or(usize::MAX);
    match () {
        () if four == six => four.to_owned(),
        () if open(four) < open(six) => format!("{four} v4"),
        () => format!("{six} v6"),
    }
}

/// The answer that leaves it as it is; `None` when it is not known, another text when no one answer does.
pub(super) fn as_it_is(v4: &Exposure, v6: &Exposure) -> Option<String> {
    let unknown = families(v4, v6).iter().any(|one| one.who == Reach::Unknown);
    (!unknown).then(|| today(v4, v6))
}

/// What decides for strangers, each family for itself where they differ.
pub(super) fn decided_by(v4: &Exposure, v6: &Exposure) -> String {
    let [v4, v6] = families(v4, v6);
    match v4.by == v6.by {
        true => v4.by.clone(),
        false => format!("IPv4: {}; IPv6: {}", v4.by, v6.by),
    }
}
