//! Who reaches a port, by the packet filters: strangers, only some networks, nobody. What they cannot decide is unknown.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    host::{
        addresses::Own,
        listeners::Listener,
        network::Network,
        packet_filter::{Arrival, Filters, Protocol, Ruling, Sources, Verdict},
    },
    ngcp::reachable::Ports,
    steps::firewall::facts::{Exposure, Reach},
};

/// More addresses of one family and ports of one range are not tried.
const MOST_ADDRESSES: usize = 8;
const MOST_PORTS: usize = 24;
/// So many rules are asked for one port, so that a look at thousands of rules does not take its time.
const MOST_ASKED: usize = 100_000;
/// A port that nothing is known to use: what becomes of it becomes of everything that nobody named.
const NOBODYS: u16 = 47_823;

/// Judges by the filters of the host.
pub(super) struct Judge<'a> {
    filters: &'a Filters,
    own: &'a [Own],
    trusted: &'a [Network],
    /// Why nothing can be told here.
    unknown: Option<String>,
    /// Whom the rules tell apart, of IPv4 and of IPv6.
    senders: [Sources; 2],
    /// So many of them are tried.
    most: usize,
    /// The ports that rules name, and their neighbours.
    named: BTreeSet<u16>,
}

/// What one port is to strangers and others.
struct Seen {
    at: (Protocol, u16),
    who: Reach,
    trusted: Option<bool>,
    by: String,
}

impl<'a> Judge<'a> {
    /// By these filters, for a host with these addresses; `unknown` is why nothing can be told here.
    pub(super) fn new(
        filters: &'a Filters,
        own: &'a [Own],
        trusted: &'a [Network],
        unknown: Option<String>,
    ) -> Self {
        let senders = [false, true].map(|v6| filters.sources(v6));
        let most = (MOST_ASKED / filters.rules().count().max(1)).clamp(16, 4096);
        let numbers = filters.rules().flat_map(|(_, _, rule)| numbers(&rule.text));
        let around = numbers.flat_map(|number| [number.saturating_sub(1), number, number.saturating_add(1)]);
        Judge { filters, own, trusted, unknown, senders, most, named: around.collect() }
    }

    /// Of a service on these ports: on the addresses where somebody listens, or on all where nobody does.
    pub(super) fn service(
        &self,
        ports: &[Ports],
        fault: Option<&str>,
        here: &[&Listener],
        v6: bool,
    ) -> Exposure {
        if let Some(fault) = fault {
            return unknown(fault.to_owned());
        }
        let seen = ports.iter().flat_map(|range| {
            let to = here.iter().filter(|one| range.has(one.protocol, one.at.port()));
            let to: Vec<&Listener> = to.copied().collect();
            self.samples(range).into_iter().map(move |port| (range.protocol, port, to.clone()))
        });
        let seen: Vec<Seen> = seen
            .filter_map(|(protocol, port, to)| self.port(&self.addresses(&to, v6)?, protocol, port, v6))
            .collect();
        self.summed(&seen, v6)
    }

    /// Of one listener.
    pub(super) fn listener(&self, one: &Listener) -> Exposure {
        let families = [false, true].into_iter().filter(|v6| one.takes(*v6));
        let seen = families
            .filter_map(|v6| self.port(&self.addresses(&[one], v6)?, one.protocol, one.at.port(), v6));
        self.summed(&seen.collect::<Vec<_>>(), one.at.is_ipv6())
    }

    /// Of a port that nothing is known of; `None` where the host has no such address.
    pub(super) fn unasked(&self, v6: bool) -> Option<Exposure> {
        let has = self.unknown.is_some()
            || self.own.iter().any(|own| own.is_outside() && own.address.is_ipv6() == v6);
        let all = self.addresses(&[], v6).unwrap_or_default();
        let tried = [Protocol::Tcp, Protocol::Udp].into_iter();
        let seen = tried.filter_map(|protocol| self.port(&all, protocol, NOBODYS, v6));
        has.then(|| self.summed(&seen.collect::<Vec<_>>(), v6))
    }

    /// Where packets for these listeners are sent to; `None` when none of them takes this family.
    fn addresses(&self, listeners: &[&Listener], v6: bool) -> Option<Vec<&Own>> {
        let here: Vec<&&Listener> = listeners.iter().filter(|one| one.takes(v6)).collect();
        if here.is_empty() && !listeners.is_empty() {
            return None;
        }
        let waits = |own: &&Own| {
            here.is_empty()
                || here.iter().any(|one| one.at.ip().is_unspecified() || one.at.ip() == own.address)
        };
        let of_family = self.own.iter().filter(|own| own.address.is_ipv6() == v6 && own.is_outside());
        Some(of_family.filter(waits).take(MOST_ADDRESSES).collect())
    }

    /// The ports of a range that rules may tell apart: its ends, and what is named in a rule.
    fn samples(&self, range: &Ports) -> Vec<u16> {
        let mut ports = BTreeSet::from([range.from, range.to]);
        if range.to - range.from > 1 {
            ports.insert(range.from + (range.to - range.from) / 2);
            ports.extend(self.named.range(range.from..=range.to).take(MOST_PORTS));
        }
        ports.into_iter().collect()
    }

    fn port(&self, to: &[&Own], protocol: Protocol, port: u16, v6: bool) -> Option<Seen> {
        let [v4, six] = &self.senders;
        let senders = if v6 { six } else { v4 };
        let each =
            to.iter().map(|own| self.address(own, protocol, port, &senders.addresses, senders.complete));
        // The address by which most get through counts.
        each.min_by_key(|seen| rank(seen.who))
    }

    fn address(&self, own: &Own, protocol: Protocol, port: u16, senders: &[IpAddr], complete: bool) -> Seen {
        let judge = |from: IpAddr| {
            let interface = Some(own.interface.clone());
            self.filters.judge(&Arrival { from, to: own.address, protocol, port, interface })
        };
        let Some(stranger) = senders.first() else {
            let by =
                self.filters.unseen.first().cloned().unwrap_or_else(|| "no sender can be tried".to_owned());
            return Seen { at: (protocol, port), who: Reach::Unknown, trusted: None, by };
        };
        let ruling = judge(*stranger);
        let most = self.most;
        let others = || senders.iter().skip(1).take(most).any(|from| judge(*from).verdict == Verdict::Open);
        let (who, by) = match ruling.verdict {
            Verdict::Open => (Reach::Everyone, said(&ruling)),
            Verdict::Unknown => (Reach::Unknown, said(&ruling)),
            Verdict::Closed if others() => (Reach::Some, said(&ruling)),
            Verdict::Closed if complete && senders.len() <= most => (Reach::Nobody, said(&ruling)),
            Verdict::Closed => {
                // Strangers are out, whoever else may be in.
                (Reach::Some, format!("{}; not every sender that rules name was tried", said(&ruling)))
            }
        };
        let networks = self.trusted.iter().filter(|network| network.is_ipv6() == own.address.is_ipv6());
        let networks: Vec<&Network> = networks.collect();
        let tried = networks.iter().take(most);
        let verdicts: Vec<Verdict> =
            tried.map(|network| judge(network.somebody(&[own.address])).verdict).collect();
        let trusted = match () {
            () if verdicts.contains(&Verdict::Unknown) || verdicts.is_empty() => None,
            () if verdicts.contains(&Verdict::Closed) => Some(false),
            // All of them, or it is not known.
            () => (networks.len() <= most).then_some(true),
        };
        Seen { at: (protocol, port), who, trusted, by }
    }

    /// One word for all ports: the most open one, and beside it what is less so.
    fn summed(&self, seen: &[Seen], v6: bool) -> Exposure {
        if let Some(why) = &self.unknown {
            return unknown(why.clone());
        }
        let Some(first) = seen.iter().min_by_key(|one| rank(one.who)) else {
            let family = if v6 { "IPv6" } else { "IPv4" };
            let by = format!("nothing waits there on an address that others reach over {family}");
            return Exposure { who: Reach::Nobody, trusted: None, by, but: None };
        };
        let but = seen.iter().find(|one| one.who != first.who).map(|one| {
            let (protocol, port) = one.at;
            let who = match one.who {
                Reach::Everyone => "everyone",
                Reach::Some => "some networks only",
                Reach::Nobody => "nobody",
                Reach::Unknown => "not known who",
            };
            format!("{port}/{}: {who}, by {}", protocol.word(), one.by)
        });
        let trusted = match () {
            () if seen.iter().any(|one| one.trusted.is_none()) => None,
            () => Some(seen.iter().all(|one| one.trusted == Some(true))),
        };
        Exposure { who: first.who, trusted, by: first.by.clone(), but }
    }
}

/// The most open first; what is unknown may be open.
fn rank(who: Reach) -> u8 {
    match who {
        Reach::Everyone => 0,
        Reach::Unknown => 1,
        Reach::Some => 2,
        Reach::Nobody => 3,
    }
}

/// What a ruling stands on.
pub(in super::super) fn said(ruling: &Ruling) -> String {
    match (&ruling.rule, &ruling.why) {
        (_, Some(why)) if ruling.verdict == Verdict::Unknown => why.clone(),
        (Some(rule), _) => rule.clone(),
        (None, Some(why)) => why.clone(),
        (None, None) => "no rule says anything".to_owned(),
    }
}

fn unknown(by: String) -> Exposure {
    Exposure { who: Reach::Unknown, trusted: None, by, but: None }
}

fn numbers(text: &str) -> impl Iterator<Item = u16> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok())
}
