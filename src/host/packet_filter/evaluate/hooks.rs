//! The points of the kernel through which one packet goes, in order: chains by priority, connection tracking, nat.

use super::{
    chain::{Place, Translates, Ways, walk},
    packet::{Connection, Mark, Packet, State, Tracking, number},
};
use crate::host::packet_filter::{
    expression::Part,
    ruleset::{Chain, Family, Hook, Kind, Table},
};

/// What the host is, beside its rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::host::packet_filter) struct Host {
    /// Connection tracking takes up connections in their middle; `None` when that cannot be told.
    pub(in crate::host::packet_filter) loose: Option<bool>,
    /// Interfaces but the loopback one; empty when they cannot be told.
    pub(in crate::host::packet_filter) interfaces: Vec<String>,
    /// Its own addresses, those of the loopback interface left out.
    pub(in crate::host::packet_filter) addresses: Vec<std::net::IpAddr>,
}

impl Host {
    /// Whether this may be an address of the host.
    pub(in crate::host::packet_filter) fn has(&self, address: u128) -> bool {
        let is_local = address >> 24 == 127 || address == 1;
        is_local || self.addresses.is_empty() || self.addresses.iter().any(|own| number(*own) == address)
    }
}

/// When connection tracking looks at a packet.
const TRACKING: i32 = -200;
/// When nat changes destinations, whatever the priority of its chains.
const DESTINATIONS: i32 = -100;
/// When nat changes sources.
const SOURCES: i32 = 100;

/// Something that is called at a hook.
enum Unit<'r> {
    Chain(&'r Table, &'r Chain),
    Tracking,
    Nat(Vec<(&'r Table, &'r Chain)>),
}

impl Unit<'_> {
    /// Whether later ones see another packet.
    fn changes(&self) -> bool {
        match self {
            Unit::Chain(table, _) => {
                let rules = table.chains.iter().flat_map(|chain| &chain.rules);
                rules.flat_map(|rule| &rule.parts).any(Part::changes)
            }
            Unit::Tracking | Unit::Nat(_) => true,
        }
    }
}

/// The rules, the host and what was sent: what stays the same for all packets of a conversation.
pub(super) struct Path<'r> {
    pub(super) tables: &'r [Table],
    pub(super) host: &'r Host,
    /// Our address and port as the other side knows them.
    pub(super) sent_to: (u128, u16),
}

impl<'r> Path<'r> {
    /// Walks all that is called at a hook.
    pub(super) fn hook(
        &self,
        packet: &Packet<'_>,
        mut states: Vec<State>,
        ways: &mut Ways<'r>,
    ) -> Vec<State> {
        for group in self.groups(packet) {
            if states.is_empty() || ways.lost.is_some() {
                break;
            }
            let mixed = group.len() > 1 && group.iter().any(Unit::changes);
            let reverse = mixed.then(|| {
                let reversed = group.iter().rev();
                reversed.fold(states.clone(), |states, unit| self.unit(unit, packet, states, ways))
            });
            states = group.iter().fold(states, |states, unit| self.unit(unit, packet, states, ways));
            // Which of those with the same priority comes first depends on which was there first.
            for state in reverse.into_iter().flatten() {
                if states.contains(&state) {
                    continue;
                }
                if group.len() > 2 {
                    ways.lost
                        .get_or_insert((None, "several chains of one priority change the packet".to_owned()));
                    break;
                }
                states.push(state);
            }
        }
        states
    }

    /// What is called at a hook, by priority.
    fn groups(&self, packet: &Packet<'_>) -> Vec<Vec<Unit<'r>>> {
        let hook = packet.hook;
        let mut units: Vec<(i32, Unit<'r>)> = Vec::new();
        let mut nat: Vec<(i32, &Table, &Chain)> = Vec::new();
        for table in self.tables.iter().filter(|table| !table.dormant && table.family.sees(packet.v6)) {
            for chain in &table.chains {
                let Some(base) = chain.base.as_ref().filter(|base| base.hook == hook) else { continue };
                match base.kind {
                    Kind::Nat => nat.push((base.priority, table, chain)),
                    Kind::Filter | Kind::Route => units.push((base.priority, Unit::Chain(table, chain))),
                }
            }
        }
        if matches!(hook, Hook::Prerouting | Hook::Output) {
            units.push((TRACKING, Unit::Tracking));
        }
        if matches!(hook, Hook::Prerouting | Hook::Input | Hook::Output | Hook::Postrouting) {
            nat.sort_by_key(|(priority, ..)| *priority);
            let at = if matches!(hook, Hook::Prerouting | Hook::Output) { DESTINATIONS } else { SOURCES };
            units.push((at, Unit::Nat(nat.into_iter().map(|(_, table, chain)| (table, chain)).collect())));
        }
        units.sort_by_key(|(priority, _)| *priority);
        let mut groups: Vec<Vec<Unit<'r>>> = Vec::new();
        let mut last = None;
        for (priority, unit) in units {
            match groups.last_mut().filter(|_| last == Some(priority)) {
                Some(group) => group.push(unit),
                None => groups.push(vec![unit]),
            }
            last = Some(priority);
        }
        groups
    }

    fn unit(
        &self,
        unit: &Unit<'r>,
        packet: &Packet<'_>,
        states: Vec<State>,
        ways: &mut Ways<'r>,
    ) -> Vec<State> {
        match unit {
            Unit::Chain(table, chain) => chain_of(table, chain, packet, states, ways),
            Unit::Tracking => {
                let mut after: Vec<State> = Vec::new();
                for mut state in states {
                    match track(&mut state, packet, self.host.loose) {
                        Ok(()) => after.push(state),
                        Err(why) => {
                            ways.lost.get_or_insert((None, why.to_owned()));
                        }
                    }
                }
                after
            }
            Unit::Nat(chains) => self.nat(chains, packet, states, ways),
        }
    }

    fn nat(
        &self,
        chains: &[(&'r Table, &'r Chain)],
        packet: &Packet<'_>,
        states: Vec<State>,
        ways: &mut Ways<'r>,
    ) -> Vec<State> {
        let mut done = Vec::new();
        let mut open = Vec::new();
        // Without an entry of connection tracking a packet passes by the chains of nat.
        let mut unasked = Vec::new();
        for mut state in states {
            let tracking = state.tracking;
            let Some(connection) = &mut state.connection else {
                done.push(state);
                continue;
            };
            let known = connection.asked || tracking == Tracking::Established;
            match (tracking, packet.hook) {
                (Tracking::Invalid | Tracking::Untracked, _) => done.push(state),
                (_, Hook::Prerouting) if known && connection.from_outside => {
                    (state.own, state.port) = (connection.own, connection.port);
                    done.push(state);
                }
                (Tracking::Established, Hook::Postrouting) if connection.from_outside => {
                    (state.own, state.port) = (Some(self.sent_to.0), Some(self.sent_to.1));
                    done.push(state);
                }
                (Tracking::New, hook) if hook != Hook::Prerouting || !known => open.push(state),
                _ => done.push(state),
            }
        }
        let translates =
            if packet.hook == Hook::Prerouting { Translates::Destination } else { Translates::Elsewhere };
        for (table, chain) in chains {
            if open.is_empty() {
                break;
            }
            let before = open.clone();
            let dropped = ways.dropped.take();
            // The first chain that translates a connection is the last one that is asked.
            let after = walk(table, chain, packet, open, translates, ways);
            if after != before && !self.is_tracking(packet.v6) {
                let place = ways.dropped.unwrap_or(Place { table, chain, rule: None });
                ways.perhaps.get_or_insert((place, "whether connections are tracked at all"));
                unasked.extend(before);
            }
            ways.dropped = dropped.or(ways.dropped);
            let asked = |state: &State| state.connection.as_ref().is_some_and(|connection| connection.asked);
            let (translated, rest): (Vec<_>, Vec<_>) = after.into_iter().partition(asked);
            done.extend(translated);
            open = rest;
        }
        for mut state in open.into_iter().chain(unasked) {
            if let (Hook::Prerouting, Some(connection)) = (packet.hook, &mut state.connection) {
                connection.asked = true;
            }
            done.push(state);
        }
        done
    }

    /// Whether connections are tracked for sure: the kernel does so in a network only once a rule needs it.
    fn is_tracking(&self, v6: bool) -> bool {
        let families = [Family::Inet, if v6 { Family::Ip6 } else { Family::Ip }];
        let seen = self.tables.iter().filter(|table| families.contains(&table.family));
        let rules = seen.flat_map(|table| &table.chains).flat_map(|chain| &chain.rules);
        rules.flat_map(|rule| &rule.parts).any(Part::tracks)
    }
}

/// A base chain, where it is called at all.
fn chain_of<'r>(
    table: &'r Table,
    chain: &'r Chain,
    packet: &Packet<'_>,
    states: Vec<State>,
    ways: &mut Ways<'r>,
) -> Vec<State> {
    let devices = chain.base.as_ref().and_then(|base| base.devices.as_ref());
    let called = match (packet.hook, devices, packet.interface) {
        _ if table.family == Family::Bridge => None,
        (Hook::Ingress | Hook::Egress, Some(devices), Some(interface)) => {
            let is = |device: &String| match device.strip_suffix('*') {
                Some(begin) => interface.starts_with(begin),
                None => device == interface,
            };
            Some(devices.iter().any(is))
        }
        (Hook::Ingress | Hook::Egress, Some(devices), None)
            if devices.iter().all(|device| device == "lo") =>
        {
            Some(false)
        }
        (Hook::Ingress | Hook::Egress, ..) => None,
        _ => Some(true),
    };
    let empty = chain.rules.is_empty() && chain.base.as_ref().is_some_and(|base| !base.drops);
    match called {
        Some(false) => states,
        Some(true) => walk(table, chain, packet, states, Translates::No, ways),
        None if empty => states,
        None => {
            let why =
                if table.family == Family::Bridge { "whether it crosses a bridge" } else { "the interface" };
            ways.perhaps.get_or_insert((Place { table, chain, rule: None }, why));
            let mut both = states.clone();
            for state in walk(table, chain, packet, states, Translates::No, ways) {
                if !both.contains(&state) {
                    both.push(state);
                }
            }
            both
        }
    }
}

/// Connection tracking looks at a packet.
fn track(state: &mut State, packet: &Packet<'_>, loose: Option<bool>) -> Result<(), &'static str> {
    const SYN: u8 = 2;
    const ACK: u8 = 16;
    if state.tracking == Tracking::Untracked {
        return Ok(());
    }
    let tcp = packet.protocol == 6;
    let flags = packet.flags & (SYN | ACK);
    let Some(connection) = &mut state.connection else {
        let begins = match flags {
            _ if !tcp => true,
            SYN => true,
            ACK => loose.ok_or("whether connections are taken up in their middle cannot be read")?,
            _ => false,
        };
        if begins {
            state.tracking = Tracking::New;
            state.connection = Some(Connection {
                from_outside: packet.comes_in,
                answered: false,
                by_syn: tcp && flags == SYN,
                mark: Mark::NONE,
                asked: false,
                changed: Some(false),
                own: state.own,
                port: state.port,
            });
        }
        return Ok(());
    };
    state.tracking = match () {
        () if connection.from_outside != packet.comes_in => {
            connection.answered = true;
            Tracking::Established
        }
        () if connection.answered => Tracking::Established,
        // It saw a SYN and no answer: what is no SYN does not belong there.
        () if connection.by_syn && flags != SYN => Tracking::Invalid,
        () => Tracking::New,
    };
    Ok(())
}
