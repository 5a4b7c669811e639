//! Who reaches a port, by the packet filters: strangers, only some networks, nobody. What they cannot decide is unknown.

use std::{collections::BTreeSet, net::IpAddr, ops::RangeInclusive};

use crate::{
    host::{
        addresses::Own,
        listeners::Listener,
        network::Network,
        packet_filter::{Arrival, Detour, Filters, Protocol, Ruling, Sources, Verdict},
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
    /// Rules that send on to another port.
    detours: Vec<Detour>,
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
        Judge {
            filters,
            own,
            trusted,
            unknown,
            senders,
            most,
            named: around.collect(),
            detours: filters.detours(),
        }
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
        let mut seen: Vec<Seen> = seen
            .filter_map(|(protocol, port, to)| self.port(&self.addresses(&to, v6)?, protocol, port, v6))
            .collect();
        if here.is_empty() || here.iter().any(|one| one.takes(v6)) {
            seen.extend(
                ports.iter().flat_map(|range| self.round(range.protocol, &(range.from..=range.to), v6)),
            );
        }
        self.summed(&seen, v6)
    }

    /// Of one listener.
    pub(super) fn listener(&self, one: &Listener) -> Exposure {
        let families = || [false, true].into_iter().filter(|v6| one.takes(*v6));
        let port = one.at.port();
        let seen =
            families().filter_map(|v6| self.port(&self.addresses(&[one], v6)?, one.protocol, port, v6));
        let round = families().flat_map(|v6| self.round(one.protocol, &(port..=port), v6));
        self.summed(&seen.chain(round).collect::<Vec<_>>(), one.at.is_ipv6())
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
        self.port_at(to, protocol, port, &(0..=u16::MAX), v6)
    }

    /// Of what is sent to a port, and gets to one of those.
    fn port_at(
        &self,
        to: &[&Own],
        protocol: Protocol,
        port: u16,
        at: &RangeInclusive<u16>,
        v6: bool,
    ) -> Option<Seen> {
        let [v4, six] = &self.senders;
        let senders = if v6 { six } else { v4 };
        let each =
            to.iter().map(|own| self.address(own, protocol, port, at, &senders.addresses, senders.complete));
        // The address by which most get through counts.
        each.min_by_key(|seen| rank(seen.who))
    }

    /// Who gets to these ports by another one, which a rule sends on to them.
    fn round(&self, protocol: Protocol, ports: &RangeInclusive<u16>, v6: bool) -> Vec<Seen> {
        let to = self.addresses(&[], v6).unwrap_or_default();
        let leads = |one: &&Detour| one.v6.is_none_or(|six| six == v6) && one.may_lead_to(ports);
        let mut all = Vec::new();
        for detour in self.detours.iter().filter(leads) {
            // Where it names no port itself, a chain before it may.
            let (tried, few) = if detour.of.is_empty() {
                (self.named.iter().copied().chain([NOBODYS]).collect(), self.named.len() < MOST_PORTS)
            } else {
                (detour.of.clone(), detour.of.len() <= MOST_PORTS)
            };
            let others = tried.into_iter().filter(|port| !ports.contains(port)).take(MOST_PORTS);
            let seen = others.filter_map(|port| self.port_at(&to, protocol, port, ports, v6));
            // Those whom it is to reach are asked by its own port.
            let seen = seen.filter(|one| one.who != Reach::Nobody).map(|one| Seen {
                trusted: Some(true),
                by: format!("{} ({})", detour.rule, one.by),
                ..one
            });
            all.extend(seen);
            if !few {
                let by = format!("not every port is tried that this may send on: {}", detour.rule);
                all.push(Seen {
                    at: (protocol, *ports.start()),
                    who: Reach::Unknown,
                    trusted: Some(true),
                    by,
                });
            }
        }
        all
    }

    fn address(
        &self,
        own: &Own,
        protocol: Protocol,
        port: u16,
        at: &RangeInclusive<u16>,
        senders: &[IpAddr],
        complete: bool,
    ) -> Seen {
        let judge = |from: IpAddr| {
            let interface = Some(own.interface.clone());
            self.filters.judge_at(&Arrival { from, to: own.address, protocol, port, interface }, at)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::simulated::{Answer, Simulated};

    /// Who gets to a database, on a host with these rules of nat.
    fn database(nat: &'static str) -> Exposure {
        let save = format!(
            "*mangle\n:PREROUTING ACCEPT\n-A PREROUTING -p tcp -m tcp --dport 3306 -j DROP\nCOMMIT\n*nat\n:PREROUTING ACCEPT\n:own - [0:0]\n{nat}COMMIT\n"
        );
        let host = Simulated::new()
            .file("/proc/net/ip_tables_names", "nat\nmangle\n")
            .on("nft", |_, command| {
                Answer::from(if command.args.contains(&"-j".to_owned()) { r#"{"nftables": []}"# } else { "" })
            })
            .on("iptables-legacy-save", move |_, _| Answer::from(save.as_str()));
        let filters = Filters::read(&host);
        assert_eq!(filters.unseen, Vec::<String>::new());
        let address: IpAddr = "198.51.100.7".parse().unwrap();
        let own = [Own { address, network: address.into(), interface: "eth0".to_owned() }];
        let listener = Listener {
            at: "0.0.0.0:3306".parse().unwrap(),
            protocol: Protocol::Tcp,
            both: false,
            program: None,
        };
        let judge = Judge::new(&filters, &own, &[], None);
        let seen = judge.listener(&listener);
        let ports = [Ports { protocol: Protocol::Tcp, from: 3306, to: 3306 }];
        assert_eq!(judge.service(&ports, None, &[&listener], false).who, seen.who);
        seen
    }

    #[test]
    fn who_gets_there_by_another_port_gets_there() {
        assert_eq!(database("").who, Reach::Nobody);
        let by = "-A PREROUTING -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 3306\n";
        let seen = database(by);
        assert_eq!(seen.who, Reach::Everyone);
        assert!(seen.by.contains("--dport 8888 -j REDIRECT --to-ports 3306"), "{}", seen.by);
        let chain = "-A PREROUTING -p tcp -m tcp --dport 8888 -j own\n-A own -p tcp -j DNAT --to-destination 198.51.100.7:3306\n";
        assert_eq!(database(chain).who, Reach::Everyone);
        let some = "-A PREROUTING -s 10.0.0.0/8 -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 3306\n";
        assert_eq!(database(some).who, Reach::Some);
        let within = "-A PREROUTING -p tcp -m tcp --dport 8888 -j DNAT --to-destination 127.0.0.1:3306\n";
        assert_eq!(database(within).who, Reach::Unknown);
        let other = "-A PREROUTING -p tcp -m tcp --dport 8888 -j REDIRECT --to-ports 3307\n";
        assert_eq!(database(other).who, Reach::Nobody);
    }
}
