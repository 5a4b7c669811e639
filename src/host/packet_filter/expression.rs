//! What a rule asks of a packet and does to it, the same for every filter.

use std::sync::Arc;

use super::set::{Go, Set};

/// One step of a rule. A rule ends at the first test that does not hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Holds or not.
    Test(Test),
    /// Nobody can tell whether this holds: what it hangs on.
    Perhaps(&'static str),
    /// Holds for no packet that is judged here: it asks for another protocol, or for fragments.
    Never,
    /// Ends the rule.
    Go(Go),
    /// Ends the rule as the element says that the key is in, or goes on when it is in none.
    Choose(Expr, Arc<Set>),
    /// Sets the mark of the packet.
    Mark(Expr),
    /// Sets the mark of the connection, where there is one.
    ConnectionMark(Expr),
    /// Keeps the packet out of connection tracking.
    Notrack,
    /// Sends it to another address or port of its destination; ends the chain.
    Redirect(Redirect),
    /// Gives it another source; ends the chain.
    Masquerade,
    /// A program of the host decides, and may change it.
    Queue,
    /// The reader does not know what this does, by its own words.
    Unknown(String),
}

/// A new destination.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Redirect {
    /// Where to.
    pub(super) address: NewAddress,
    /// The port; `None` when it stays.
    pub(super) port: Option<Expr>,
}

/// A new destination address.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NewAddress {
    /// An address of this host on the interface it came in by.
    Ours,
    /// It stays.
    Same,
    /// This one.
    Given(Expr),
    /// Address and port together come out of a map.
    Pair(Expr),
}

/// A test of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    /// What is looked at.
    pub(super) left: Expr,
    /// Whether it is one of these.
    pub(super) right: Right,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Right {
    /// It is in the set.
    In(Arc<Set>),
    /// It is there and not in the set.
    NotIn(Arc<Set>),
    /// One of these bits is set.
    AnyOf(u128),
    /// It is there and none of these bits is set.
    NoneOf(u128),
}

/// A value that a rule makes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// Something of the packet or of its connection.
    Field(Field),
    /// A number.
    Number(u128),
    /// Bits of both.
    And(Box<Expr>, Box<Expr>),
    /// Bits of one or both.
    Or(Box<Expr>, Box<Expr>),
    /// Bits of one.
    Xor(Box<Expr>, Box<Expr>),
    /// What a map says for a key.
    Map(Box<Expr>, Arc<Set>),
    /// Several, one after the other.
    All(Vec<Expr>),
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The source address; for one family only.
    Source { v6: bool },
    /// The destination address; for one family only.
    Destination { v6: bool },
    /// The source port, of that protocol (6, 17) or of whichever.
    SourcePort(Option<u8>),
    /// The destination port, of that protocol or of whichever.
    DestinationPort(Option<u8>),
    /// TCP or UDP, by number.
    Protocol,
    /// TCP or UDP by number, in the header of that family.
    HeaderProtocol { v6: bool },
    /// IPv4 or IPv6, as netfilter counts.
    NetfilterProtocol,
    /// IPv4 or IPv6, as Ethernet counts.
    EtherType,
    /// 4 or 6, in the header of that family.
    Version { v6: bool },
    /// Flags of TCP.
    TcpFlags,
    /// Place of a fragment, with its flags, of IPv4.
    Fragment,
    /// The mark of the packet.
    Mark,
    /// The mark of the connection.
    ConnectionMark,
    /// What connection tracking says of it.
    State,
    /// What happened to its connection.
    Status,
    /// 0 for who began it, 1 for the other one.
    Direction,
    /// The port that the connection was first meant for.
    FirstPort,
    /// The interface that it came in by, by name.
    InterfaceIn,
    /// The interface that it goes out by, by name.
    InterfaceOut,
    /// For this host, for several, for others.
    PacketType,
    /// What kind of address its destination is.
    DestinationKind,
    /// Is not there in any packet that is judged here.
    Nothing,
    /// Was not told: what that is. There only in such packets.
    Untold(Only, &'static str),
}

/// In which packets something is there at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// In all.
    All,
    /// In those of one family.
    Family { v6: bool },
    /// In those of TCP or of UDP.
    Protocol(u8),
    /// In those that are tracked.
    Tracked,
}

impl Part {
    /// Whether what comes later sees another packet.
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Part::Test(_) | Part::Perhaps(_) | Part::Never | Part::Go(_) | Part::Choose(..))
    }

    /// Whether it needs connection tracking: the kernel starts that for such a rule.
    pub(super) fn tracks(&self) -> bool {
        match self {
            Part::Test(test) => test.left.tracks(),
            Part::Choose(key, _) => key.tracks(),
            Part::Mark(value) => value.tracks(),
            Part::ConnectionMark(_) | Part::Redirect(_) | Part::Masquerade => true,
            Part::Perhaps(_) | Part::Never | Part::Go(_) | Part::Notrack | Part::Queue | Part::Unknown(_) => {
                false
            }
        }
    }

    /// The sets that it asks.
    pub(super) fn sets(&self) -> Vec<(&Expr, &Set)> {
        match self {
            Part::Test(Test { left, right: Right::In(set) | Right::NotIn(set) }) => vec![(left, set)],
            Part::Choose(left, set) => vec![(left, set)],
            Part::Mark(expr) | Part::ConnectionMark(expr) => expr.maps(),
            Part::Redirect(redirect) => match &redirect.address {
                NewAddress::Given(expr) | NewAddress::Pair(expr) => expr.maps(),
                NewAddress::Ours | NewAddress::Same => {
                    redirect.port.as_ref().map(Expr::maps).unwrap_or_default()
                }
            },
            _ => Vec::new(),
        }
    }
}

impl Expr {
    /// Whether it looks at the connection.
    fn tracks(&self) -> bool {
        match self {
            Expr::Field(field) => matches!(
                field,
                Field::State
                    | Field::Status
                    | Field::Direction
                    | Field::FirstPort
                    | Field::ConnectionMark
                    | Field::Untold(Only::Tracked, _)
            ),
            Expr::Number(_) => false,
            Expr::And(a, b) | Expr::Or(a, b) | Expr::Xor(a, b) => a.tracks() || b.tracks(),
            Expr::Map(key, _) => key.tracks(),
            Expr::All(parts) => parts.iter().any(Expr::tracks),
        }
    }

    fn maps(&self) -> Vec<(&Expr, &Set)> {
        match self {
            Expr::Map(key, set) => vec![(key.as_ref(), set.as_ref())],
            Expr::And(a, b) | Expr::Or(a, b) | Expr::Xor(a, b) => [a.maps(), b.maps()].concat(),
            _ => Vec::new(),
        }
    }

    /// Something that was not told.
    pub(super) fn untold(what: &'static str) -> Self {
        Expr::Field(Field::Untold(Only::All, what))
    }

    /// (expr & mask).
    pub(super) fn and(self, mask: u128) -> Self {
        Expr::And(Box::new(self), Box::new(Expr::Number(mask)))
    }

    /// (expr ^ other).
    pub(super) fn xor(self, other: Expr) -> Self {
        Expr::Xor(Box::new(self), Box::new(other))
    }
}

impl Test {
    /// A part that holds where `left` is, or is not, in a set.
    pub(super) fn among(left: Expr, set: Set, not: bool) -> Part {
        let set = Arc::new(set);
        Part::Test(Test { left, right: if not { Right::NotIn(set) } else { Right::In(set) } })
    }
}
