//! A packet on its way: what is told of it, what tracking and rules made of it so far, and what a rule sees of it.

use std::net::IpAddr;

use crate::host::packet_filter::{
    expression::{Expr, Field, Only},
    ruleset::Hook,
    seen::Seen,
    set::{Data, Found},
};

/// An address as rules compare it.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// One of the packets of a conversation, with what stays the same on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    /// IPv6.
    pub(super) v6: bool,
    /// 6 or 17.
    pub(super) protocol: u8,
    /// The other side's address.
    pub(super) other: u128,
    /// Comes in; else goes out.
    pub(super) comes_in: bool,
    /// Flags of TCP that are set.
    pub(super) flags: u8,
    /// Flags of TCP that are told.
    pub(super) flags_known: u8,
    /// The interface of the other side, where it is known. Never the loopback one.
    pub(super) interface: Option<&'a str>,
    /// Port that it was first sent to.
    pub(super) first_port: u16,
    /// Where it is.
    pub(super) hook: Hook,
}

/// Two numbers, each with its known bits, into one.
type Combine = fn((u128, u128), (u128, u128)) -> (u128, u128);

/// What was made of a packet so far. `None` is what nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// Our own address, as rules see it.
    pub(super) own: Option<u128>,
    /// Our own port, as rules see it.
    pub(super) port: Option<u16>,
    /// The mark of the packet.
    pub(super) mark: Mark,
    /// What tracking says of it.
    pub(super) tracking: Tracking,
    /// The connection, as tracking knows it.
    pub(super) connection: Option<Connection>,
}

/// A mark: its bits, and which of them are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its bits.
    pub(super) value: u32,
    /// Those that are known.
    pub(super) known: u32,
}

impl Mark {
    /// No mark.
    pub(super) const NONE: Mark = Mark { value: 0, known: u32::MAX };
}

/// What connection tracking says of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracking {
    /// It was not asked yet, or can make nothing of it.
    Invalid,
    /// It was told to leave it alone.
    Untracked,
    /// The first of a connection, or nobody answered yet.
    New,
    /// There was an answer.
    Established,
}

/// An entry of connection tracking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    /// The other side began it.
    pub(super) from_outside: bool,
    /// There was an answer.
    pub(super) answered: bool,
    /// It began with a SYN.
    pub(super) by_syn: bool,
    /// Its mark.
    pub(super) mark: Mark,
    /// The rules of nat were asked.
    pub(super) asked: bool,
    /// Its destination was changed; `None` when that cannot be told.
    pub(super) changed: Option<bool>,
    /// Where it goes to.
    pub(super) own: Option<u128>,
    /// Which port it goes to.
    pub(super) port: Option<u16>,
}

impl State {
    fn tracked(&self) -> Option<&Connection> {
        match self.tracking {
            Tracking::New | Tracking::Established => self.connection.as_ref(),
            Tracking::Invalid | Tracking::Untracked => None,
        }
    }

    /// What a rule sees of a packet.
    pub(super) fn see<'a>(&self, field: Field, packet: &Packet<'a>) -> Seen<'a> {
        const ADDRESS: &str = "the address that it was sent on to";
        const PORT: &str = "the port that it was sent on to";
        let only = |there: bool, seen: Seen<'a>| if there { seen } else { Seen::Absent };
        let protocol = packet.protocol.into();
        let of = |asked: Option<u8>| asked.is_none_or(|asked| asked == packet.protocol);
        match field {
            Field::Source { v6 } | Field::Destination { v6 } => {
                let others = matches!(field, Field::Source { .. }) == packet.comes_in;
                let seen = if others { Seen::number(packet.other) } else { Seen::perhaps(self.own, ADDRESS) };
                only(v6 == packet.v6, seen)
            }
            Field::SourcePort(asked) | Field::DestinationPort(asked) => {
                let others = matches!(field, Field::SourcePort(_)) == packet.comes_in;
                let seen = if others {
                    Seen::untold("the source port")
                } else {
                    Seen::perhaps(self.port.map(u128::from), PORT)
                };
                // Ports have 16 bits.
                only(of(asked), ported(seen))
            }
            Field::Protocol => Seen::number(protocol),
            Field::HeaderProtocol { v6 } => only(v6 == packet.v6, Seen::number(protocol)),
            Field::NetfilterProtocol => Seen::number(if packet.v6 { 10 } else { 2 }),
            Field::EtherType => Seen::number(if packet.v6 { 0x86dd } else { 0x800 }),
            Field::Version { v6 } => only(v6 == packet.v6, Seen::number(if v6 { 6 } else { 4 })),
            Field::TcpFlags => {
                let known = u128::MAX << 8 | u128::from(packet.flags_known);
                let seen =
                    Seen::Bits { value: packet.flags.into(), known, why: "flags of TCP that nobody told" };
                only(packet.protocol == 6, seen)
            }
            Field::Fragment => {
                let seen = Seen::Bits { value: 0, known: !0x4000, why: "whether it may be fragmented" };
                only(!packet.v6, seen)
            }
            Field::Mark => self.mark.seen(),
            Field::ConnectionMark => self.tracked().map_or(Seen::Absent, |connection| connection.mark.seen()),
            Field::State => self.state(),
            Field::Status => match self.tracked() {
                None => Seen::Absent,
                Some(Connection { changed: Some(changed), .. }) => Seen::Bits {
                    value: if *changed { 32 } else { 0 },
                    known: 48,
                    why: "what happened to its connection",
                },
                Some(_) => Seen::untold("what happened to its connection"),
            },
            Field::Direction => self.tracked().map_or(Seen::Absent, |connection| {
                Seen::number(u128::from(connection.from_outside != packet.comes_in))
            }),
            Field::FirstPort => self.tracked().map_or(Seen::Absent, |connection| {
                if connection.from_outside {
                    Seen::number(packet.first_port.into())
                } else {
                    Seen::Obscure("the connection that it belongs to")
                }
            }),
            Field::InterfaceIn if packet.comes_in => Seen::Interface(packet.interface),
            Field::InterfaceOut if !packet.comes_in => Seen::Interface(packet.interface),
            Field::InterfaceIn | Field::InterfaceOut => Seen::NoInterface,
            Field::PacketType if packet.comes_in => Seen::number(0),
            Field::PacketType => Seen::Obscure("the kind of packet"),
            Field::DestinationKind => Seen::number(if packet.comes_in { 2 } else { 1 }),
            Field::Nothing => Seen::Absent,
            Field::Untold(there, what) => {
                let there = match there {
                    Only::All => true,
                    Only::Family { v6 } => v6 == packet.v6,
                    Only::Protocol(asked) => asked == packet.protocol,
                    Only::Tracked => self.tracked().is_some(),
                };
                only(there, Seen::Obscure(what))
            }
        }
    }

    fn state(&self) -> Seen<'static> {
        let (bit, changed) = match self.tracking {
            Tracking::Invalid => (1, Some(false)),
            Tracking::Untracked => (64, Some(false)),
            Tracking::New => (8, self.connection.as_ref().and_then(|connection| connection.changed)),
            Tracking::Established => (2, self.connection.as_ref().and_then(|connection| connection.changed)),
        };
        // 256 is not of the state; iptables asks for it in the same breath.
        match changed {
            Some(changed) => Seen::number(bit | if changed { 256 } else { 0 }),
            None => Seen::Bits { value: bit, known: !256, why: "what happened to its connection" },
        }
    }

    /// The values that an expression gives: one, or one for each part.
    pub(super) fn values<'a>(&self, expr: &Expr, packet: &Packet<'a>) -> Vec<Seen<'a>> {
        match expr {
            Expr::All(parts) => parts.iter().map(|part| self.value(part, packet)).collect(),
            Expr::Map(key, set) => {
                let key = self.values(key, packet);
                match set.find(&key) {
                    Found::Nowhere => vec![Seen::Absent],
                    Found::There(element) => match &element.leads_to {
                        Some(Data::Numbers(numbers)) => {
                            numbers.iter().map(|number| Seen::perhaps(*number, "what a map says")).collect()
                        }
                        _ => vec![Seen::Obscure("what a map says")],
                    },
                    Found::Perhaps(why, _) => vec![Seen::Obscure(why)],
                }
            }
            one => vec![self.value(one, packet)],
        }
    }

    /// The one value that an expression gives.
    pub(super) fn value<'a>(&self, expr: &Expr, packet: &Packet<'a>) -> Seen<'a> {
        let both = |a: &Expr, b: &Expr, how: Combine| match (self.value(a, packet), self.value(b, packet)) {
            (Seen::Bits { value: a, known: ka, why }, Seen::Bits { value: b, known: kb, why: other }) => {
                let (value, known) = how((a & ka, ka), (b & kb, kb));
                Seen::Bits { value: value & known, known, why: if ka == u128::MAX { other } else { why } }
            }
            (Seen::Absent, _) | (_, Seen::Absent) => Seen::Absent,
            (Seen::Obscure(why), _) | (_, Seen::Obscure(why)) => Seen::Obscure(why),
            _ => Seen::Obscure("a value that is not known"),
        };
        match expr {
            Expr::Field(field) => self.see(*field, packet),
            Expr::Number(number) => Seen::number(*number),
            // A bit is known where both are, or where one is known to be 0 (or 1).
            Expr::And(a, b) => both(a, b, |(a, ka), (b, kb)| (a & b, (ka & kb) | (ka & !a) | (kb & !b))),
            Expr::Or(a, b) => both(a, b, |(a, ka), (b, kb)| (a | b, (ka & kb) | (ka & a) | (kb & b))),
            Expr::Xor(a, b) => both(a, b, |(a, ka), (b, kb)| (a ^ b, ka & kb)),
            Expr::Map(..) => match self.values(expr, packet).as_slice() {
                [one] => one.clone(),
                _ => Seen::Obscure("what a map says"),
            },
            Expr::All(_) => Seen::Obscure("a value that is not known"),
        }
    }

    /// Nothing that rules may change is known any more.
    pub(super) fn forget(&mut self) {
        let unknown = Mark { value: 0, known: 0 };
        self.mark = unknown;
        if let Some(connection) = &mut self.connection {
            connection.mark = unknown;
        }
        self.own = None;
        self.port = None;
    }
}

impl Mark {
    fn seen(self) -> Seen<'static> {
        let known = u128::MAX << 32 | u128::from(self.known);
        Seen::Bits { value: (self.value & self.known).into(), known, why: "a mark that cannot be told" }
    }

    /// What a value makes of it; `None` where there is no value.
    pub(super) fn of(seen: &Seen<'_>) -> Option<Mark> {
        match seen {
            Seen::Bits { value, known, .. } => {
                let low = |bits: u128| u32::try_from(bits & u128::from(u32::MAX)).unwrap_or(0);
                Some(Mark { value: low(value & known), known: low(*known) })
            }
            Seen::Absent => None,
            _ => Some(Mark { value: 0, known: 0 }),
        }
    }
}

fn ported(seen: Seen<'_>) -> Seen<'_> {
    match seen {
        Seen::Bits { value, known, why } => Seen::Bits { value, known: known | u128::MAX << 16, why },
        other => other,
    }
}

impl State {
    /// Marks its connection, where it has one.
    pub(super) fn mark_connection(&mut self, mark: Mark) {
        if let (Tracking::New | Tracking::Established, Some(connection)) =
            (self.tracking, &mut self.connection)
        {
            connection.mark = mark;
        }
    }

    /// Keeps it out of tracking, unless it is tracked already.
    pub(super) fn leave_alone(&mut self) {
        if self.tracking == Tracking::Invalid {
            self.tracking = Tracking::Untracked;
        }
    }

    /// Keeps in its connection where it was sent on to.
    pub(super) fn send_on(&mut self, changed: Option<bool>) {
        if let Some(connection) = &mut self.connection {
            connection.own = self.own;
            connection.port = self.port;
            connection.changed = changed;
        }
    }
}
