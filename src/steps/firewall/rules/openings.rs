//! What is wanted, in the order and the form in which every kind of rules needs it.

use std::{collections::BTreeMap, net::IpAddr};

use super::super::{facts::Wanted, names::by};
use crate::{
    host::{network::Network, packet_filter::Protocol},
    ngcp::reachable::Ports,
};

/// Ports that are open, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Openings {
    /// For everyone: name of the service, ports.
    pub(crate) everyone: Vec<Opening>,
    /// For the trusted networks besides.
    pub(crate) trusted: Vec<Opening>,
    /// The trusted networks of IPv4 and of IPv6; none lies in another.
    pub(crate) networks: [Vec<Network>; 2],
    /// UDP ports of media that are kept out of connection tracking.
    pub(crate) untracked: Vec<(u16, u16)>,
    /// Refused packets are logged.
    pub(crate) logging: bool,
}

/// Ports of one protocol for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// Name of the service.
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    /// First and last, ascending; none touches another.
    pub(crate) ports: Vec<(u16, u16)>,
}

impl Openings {
    /// All that was answered.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let [everyone, trusted] = [by::EVERYONE, by::TRUSTED].map(|who| {
            let services = wanted.services.iter().filter(|(_, (whom, _))| whom == who);
            services.flat_map(|(name, (_, ports))| openings(name, ports)).collect::<Vec<_>>()
        });
        let [more, more_trusted] = [0, 1].map(|at| openings("extra", &wanted.extra[at]));
        let everyone: Vec<Opening> = everyone.into_iter().chain(more).collect();
        let trusted: Vec<Opening> = trusted.into_iter().chain(more_trusted).collect();
        // An answer to a question that the host asked may come to such a port: it is known by its tracking, unless
        // the port is open anyway.
        let for_all = |from: u16, to: u16| {
            let mut open =
                everyone.iter().filter(|one| one.protocol == Protocol::Udp).flat_map(|one| &one.ports);
            open.any(|(first, last)| *first <= from && to <= *last)
        };
        let udp = wanted.untracked.iter().filter(|ports| ports.protocol == Protocol::Udp);
        let mut untracked = merged(udp.map(|ports| (ports.from, ports.to)).collect());
        untracked.retain(|(from, to)| for_all(*from, *to));
        Openings {
            everyone,
            trusted,
            networks: networks(&wanted.trusted),
            untracked,
            logging: wanted.logging,
        }
    }

    /// The least: SSH for those who were to reach it, when everything else could not be loaded.
    pub(crate) fn last_resort(wanted: &Wanted) -> Self {
        let ports = wanted.ssh.iter().map(|port| Ports { protocol: Protocol::Tcp, from: *port, to: *port });
        let whom = wanted.services.get("ssh").map_or(by::TRUSTED, |(whom, _)| whom.as_str());
        // Nobody at all would be let in.
        let whom = if wanted.trusted.is_empty() { by::EVERYONE } else { whom };
        let whom = if whom == by::EVERYONE { by::EVERYONE } else { by::TRUSTED };
        let services = BTreeMap::from([("ssh".to_owned(), (whom.to_owned(), ports.collect()))]);
        Openings::of(&Wanted { services, trusted: wanted.trusted.clone(), ..Wanted::default() })
    }
}

/// One for each protocol.
fn openings(name: &str, ports: &[Ports]) -> impl Iterator<Item = Opening> {
    // It becomes a comment: nothing else may be said by it.
    let plain = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect::<String>();
    let plain = plain.trim_start_matches('-');
    let name = if plain.is_empty() { "other".to_owned() } else { plain.to_owned() };
    [Protocol::Tcp, Protocol::Udp]
        .map(|protocol| {
            let own = ports.iter().filter(|ports| ports.protocol == protocol);
            let ports = merged(own.map(|ports| (ports.from, ports.to)).collect());
            Opening { name: name.clone(), protocol, ports }
        })
        .into_iter()
        .filter(|opening| !opening.ports.is_empty())
}

/// Ranges that overlap or touch as one. A range that is none is left out.
fn merged(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.retain(|(from, to)| *from > 0 && from <= to);
    ranges.sort_unstable();
    let mut all: Vec<(u16, u16)> = Vec::new();
    for (from, to) in ranges {
        match all.last_mut().filter(|(_, last)| from <= last.saturating_add(1)) {
            Some((_, last)) => *last = to.max(*last),
            None => all.push((from, to)),
        }
    }
    all
}

/// Those of IPv4 and those of IPv6, ascending, without any that lies in another: a set of intervals takes no such.
fn networks(all: &[Network]) -> [Vec<Network>; 2] {
    let mut sorted = all.to_vec();
    // A network comes right before what lies in it.
    sorted.sort_unstable();
    let mut out: [Vec<Network>; 2] = Default::default();
    for network in sorted {
        let own = &mut out[usize::from(!is_v4(&network))];
        if !own.last().is_some_and(|last| last.covers(&network)) {
            own.push(network);
        }
    }
    out
}

fn is_v4(network: &Network) -> bool {
    let all: Network = IpAddr::from([0, 0, 0, 0]).into();
    "0.0.0.0/0".parse().unwrap_or(all).covers(network)
}
