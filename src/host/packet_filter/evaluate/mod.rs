//! What becomes of a connection or datagram: its first packet, the answer, and what follows a handshake, each through
//! every hook of the kernel, for every outcome of what cannot be told.

mod chain;
mod hooks;
mod packet;

use std::{net::IpAddr, ops::RangeInclusive};

use self::{
    chain::{Place, Ways},
    hooks::Path,
    packet::{Mark, Packet, State, Tracking, number},
};
pub(super) use hooks::Host;

use super::{
    arrival::{Arrival, Protocol, Ruling, Verdict},
    ruleset::{Hook, Table},
};

/// The most rules that are asked for one verdict.
const MOST_STEPS: usize = 2_000_000;
/// The most interfaces that are tried, one after the other.
const MOST_INTERFACES: usize = 32;

/// The way in and the way out.
const IN: [Hook; 3] = [Hook::Ingress, Hook::Prerouting, Hook::Input];
const OUT: [Hook; 3] = [Hook::Output, Hook::Postrouting, Hook::Egress];

/// One packet of a conversation: whether it comes in, flags of TCP, those that are told, what it is.
type Turn = (bool, u8, u8, &'static str);
const TCP: [Turn; 4] = [
    (true, 0x02, 0x3f, ""),
    (false, 0x12, 0x3f, " (for the answer)"),
    (true, 0x10, 0x37, " (for what follows the handshake)"),
    (false, 0x10, 0x37, " (for the answer to what follows the handshake)"),
];
const UDP: [Turn; 2] = [(true, 0, 0xff, ""), (false, 0, 0xff, " (for the answer)")];

/// Judges an arrival by all tables: whether it gets to one of these ports.
pub(super) fn judge(tables: &[Table], host: &Host, arrival: &Arrival, ports: &RangeInclusive<u16>) -> Ruling {
    if arrival.from.is_ipv4() != arrival.to.is_ipv4() {
        return unknown(None, "the two addresses are of different families");
    }
    if let Some(ruling) = strange(arrival) {
        return ruling;
    }
    let one = |interface: Option<&str>| converse(tables, host, arrival, ports, interface);
    match (&arrival.interface, host.interfaces.as_slice()) {
        (Some(interface), _) => one(Some(interface)),
        (None, interfaces) if interfaces.is_empty() || interfaces.len() > MOST_INTERFACES => one(None),
        (None, interfaces) => {
            let mut rulings = interfaces.iter().map(|interface| one(Some(interface)));
            let Some(first) = rulings.next() else { return one(None) };
            match rulings.find(|ruling| ruling.verdict != first.verdict) {
                Some(other) if other.verdict == Verdict::Unknown => other,
                Some(other) => unknown(other.rule.or(first.rule), "it hangs on the interface"),
                None => first,
            }
        }
    }
}

/// What becomes of a packet with addresses that none from outside has, whatever the rules say.
fn strange(arrival: &Arrival) -> Option<Ruling> {
    let (from, to) = (arrival.from, arrival.to);
    // The whole of 0.0.0.0/8 is nobody's.
    let nobodys =
        |one: IpAddr| one.is_unspecified() || matches!(one, IpAddr::V4(one) if one.octets()[0] == 0);
    let several = |one: IpAddr| one.is_multicast() || matches!(one, IpAddr::V4(one) if one.is_broadcast());
    let closed = |why: &str| {
        let why = Some(format!("the kernel drops it: {why}"));
        Some(Ruling { verdict: Verdict::Closed, rule: None, why })
    };
    match () {
        () if from.is_loopback() => closed("its source is an address of the loopback interface"),
        () if several(from) => closed("its source is an address of several hosts"),
        () if nobodys(from) => closed("its source is nobody's address"),
        // A setting of the kernel lets such packets in over IPv4.
        () if to.is_loopback() && to.is_ipv4() => Some(unknown(
            None,
            "the kernel drops it unless route_localnet is set: it is for the loopback interface",
        )),
        () if to.is_loopback() => closed("it is for the loopback interface"),
        () if nobodys(to) => closed("it is for nobody's address"),
        () if several(to) => Some(unknown(None, "it is for several hosts: who takes it cannot be told")),
        () => None,
    }
}

fn unknown(rule: Option<String>, why: &str) -> Ruling {
    Ruling { verdict: Verdict::Unknown, rule, why: Some(why.to_owned()) }
}

/// All packets of one conversation.
fn converse(
    tables: &[Table],
    host: &Host,
    arrival: &Arrival,
    ports: &RangeInclusive<u16>,
    interface: Option<&str>,
) -> Ruling {
    let to = number(arrival.to);
    let path = Path { tables, host, sent_to: (to, arrival.port) };
    let mut ways = Ways { steps: MOST_STEPS, ..Ways::default() };
    let mut states = vec![State {
        own: Some(to),
        port: Some(arrival.port),
        mark: Mark::NONE,
        tracking: Tracking::Invalid,
        connection: None,
    }];
    let mut decides = None;
    let mut dropped = None;
    let turns: &[Turn] = if arrival.protocol == Protocol::Tcp { &TCP } else { &UDP };
    for (turn, (comes_in, flags, flags_known, what)) in turns.iter().enumerate() {
        for state in &mut states {
            state.mark = Mark::NONE;
            state.tracking = Tracking::Invalid;
            if *comes_in {
                (state.own, state.port) = (Some(to), Some(arrival.port));
            }
        }
        for hook in if *comes_in { IN } else { OUT } {
            let packet = Packet {
                v6: arrival.to.is_ipv6(),
                protocol: if arrival.protocol == Protocol::Tcp { 6 } else { 17 },
                other: number(arrival.from),
                comes_in: *comes_in,
                flags: *flags,
                flags_known: *flags_known,
                interface: interface.filter(|_| *comes_in || host.interfaces.len() == 1),
                first_port: arrival.port,
                hook,
            };
            ways.accepted = None;
            states = path.hook(&packet, states, &mut ways);
            if turn == 0 && hook == Hook::Input {
                decides = ways.accepted;
            }
            if hook == Hook::Prerouting {
                elsewhere(&states, arrival, host, &mut ways);
                let all = states.len();
                states.retain(|state| state.port.is_none_or(|port| ports.contains(&port)));
                if states.len() < all {
                    // Where not all of them go elsewhere, that hangs on something.
                    ways.dropped =
                        ways.dropped.or(ways.accepted).or_else(|| ways.perhaps.map(|(place, _)| place));
                }
            }
        }
        if !*comes_in {
            states.retain(|state| comes_back(state, path.sent_to, &mut ways));
        }
        if let Some(place) = ways.dropped.take() {
            dropped.get_or_insert((place, *what));
        }
        if let Some((place, why)) = &ways.lost {
            return unknown(place.map(|place| place.words()), why);
        }
        if states.is_empty() {
            let rule = dropped.map(|(place, what)| format!("{}{what}", place.words()));
            return Ruling { verdict: Verdict::Closed, rule, why: None };
        }
    }
    if let Some((place, _)) = dropped {
        let (place, why) = ways.perhaps.unwrap_or((place, "what cannot be told"));
        return unknown(Some(place.words()), &format!("it hangs on {why}"));
    }
    let decides = decides.or_else(|| policy(tables, arrival));
    Ruling { verdict: Verdict::Open, rule: decides.map(|place| place.words()), why: None }
}

/// The policy that lets it in, where no rule does.
fn policy<'r>(tables: &'r [Table], arrival: &Arrival) -> Option<Place<'r>> {
    let seen = tables.iter().filter(|table| !table.dormant && table.family.sees(arrival.to.is_ipv6()));
    let chains = seen.flat_map(|table| table.chains.iter().map(move |chain| (table, chain)));
    let input = chains.filter(|(_, chain)| chain.base.as_ref().is_some_and(|base| base.hook == Hook::Input));
    let (table, chain) =
        input.max_by_key(|(_, chain)| (chain.rules.len(), chain.base.as_ref().map(|base| base.priority)))?;
    Some(Place { table, chain, rule: None })
}

/// What is sent on to an address that is not of this host is somebody else's to answer.
fn elsewhere(states: &[State], arrival: &Arrival, host: &Host, ways: &mut Ways<'_>) {
    for own in states.iter().filter_map(|state| state.own).filter(|own| *own != number(arrival.to)) {
        let here = host
            .addresses
            .iter()
            .any(|address| address.is_ipv4() == arrival.to.is_ipv4() && number(*address) == own);
        if !here {
            let address = match arrival.to {
                IpAddr::V4(_) => u32::try_from(own)
                    .map_or_else(|_| own.to_string(), |own| IpAddr::from(own.to_be_bytes()).to_string()),
                IpAddr::V6(_) => IpAddr::from(own.to_be_bytes()).to_string(),
            };
            ways.lost.get_or_insert((ways.accepted, format!("it is sent on to {address}")));
        }
    }
}

/// An answer from another address or port than the one that was asked is none.
fn comes_back(state: &State, (to, port): (u128, u16), ways: &mut Ways<'_>) -> bool {
    match (state.own, state.port) {
        (Some(own), Some(from)) => own == to && from == port,
        _ => {
            ways.lost.get_or_insert((
                None,
                "which address or port the answer comes from cannot be told".to_owned(),
            ));
            true
        }
    }
}
