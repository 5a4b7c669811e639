//! What nft calls things: names of values and the numbers behind them, names of headers and fields.

use std::net::IpAddr;

use serde_json::Value;

use crate::host::packet_filter::{
    expression::{Expr, Field, Only},
    set::Span,
};

/// What sort of values something has: tells how its words are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Addresses of one family.
    Address { v6: bool },
    /// Numbers without names: ports, marks.
    Number,
    /// Protocols above IP.
    Protocol,
    /// `ipv4`, `ipv6`.
    NetfilterProtocol,
    /// `ip`, `ip6`.
    EtherType,
    /// `new`, `established`.
    State,
    /// `dnat`, `assured`.
    Status,
    /// `original`, `reply`.
    Direction,
    /// `syn`, `ack`.
    Flags,
    /// Names of interfaces.
    Interface,
    /// `host`, `broadcast`.
    PacketType,
    /// `local`, `unicast`.
    AddressKind,
    /// Values that the reader does not know.
    Other,
}

const NAMES: &[(Sort, &[(&str, u128)])] = &[
    (
        Sort::Protocol,
        &[
            ("icmp", 1),
            ("igmp", 2),
            ("tcp", 6),
            ("udp", 17),
            ("dccp", 33),
            ("gre", 47),
            ("esp", 50),
            ("ah", 51),
            ("icmpv6", 58),
            ("ipv6-icmp", 58),
            ("ospf", 89),
            ("comp", 108),
            ("vrrp", 112),
            ("sctp", 132),
            ("udplite", 136),
        ],
    ),
    (Sort::NetfilterProtocol, &[("ipv4", 2), ("ipv6", 10)]),
    (Sort::EtherType, &[("ip", 0x800), ("arp", 0x806), ("ip6", 0x86dd), ("vlan", 0x8100), ("8021q", 0x8100)]),
    (Sort::State, &[("invalid", 1), ("established", 2), ("related", 4), ("new", 8), ("untracked", 64)]),
    (
        Sort::Status,
        &[
            ("expected", 1),
            ("seen-reply", 2),
            ("assured", 4),
            ("confirmed", 8),
            ("snat", 16),
            ("dnat", 32),
            ("dying", 512),
        ],
    ),
    (Sort::Direction, &[("original", 0), ("reply", 1)]),
    (
        Sort::Flags,
        &[
            ("fin", 1),
            ("syn", 2),
            ("rst", 4),
            ("psh", 8),
            ("ack", 16),
            ("urg", 32),
            ("ecn", 64),
            ("cwr", 128),
        ],
    ),
    (Sort::PacketType, &[("host", 0), ("unicast", 0), ("broadcast", 1), ("multicast", 2), ("other", 3)]),
    (
        Sort::AddressKind,
        &[("unspec", 0), ("unicast", 1), ("local", 2), ("broadcast", 3), ("anycast", 4), ("multicast", 5)],
    ),
];

/// Types of sets by name.
const TYPES: &[(&str, Sort)] = &[
    ("ipv4_addr", Sort::Address { v6: false }),
    ("ipv6_addr", Sort::Address { v6: true }),
    ("inet_service", Sort::Number),
    ("mark", Sort::Number),
    ("inet_proto", Sort::Protocol),
    ("nf_proto", Sort::NetfilterProtocol),
    ("ether_type", Sort::EtherType),
    ("ct_state", Sort::State),
    ("ct_status", Sort::Status),
    ("ct_dir", Sort::Direction),
    ("tcp_flag", Sort::Flags),
    ("ifname", Sort::Interface),
    ("pkt_type", Sort::PacketType),
    ("fib_addrtype", Sort::AddressKind),
];

impl Sort {
    /// The sort that a type of a set names.
    pub(super) fn of_type(name: &str) -> Self {
        TYPES.iter().find(|(known, _)| *known == name).map_or(Sort::Other, |(_, sort)| *sort)
    }

    /// The sort of what an expression gives.
    pub(super) fn of(expr: &Expr) -> Self {
        match expr {
            Expr::Field(field) => Sort::of_field(*field),
            Expr::And(a, _) | Expr::Or(a, _) | Expr::Xor(a, _) => Sort::of(a),
            Expr::Number(_) => Sort::Number,
            Expr::Map(..) | Expr::All(_) => Sort::Other,
        }
    }

    fn of_field(field: Field) -> Self {
        match field {
            Field::Source { v6 } | Field::Destination { v6 } => Sort::Address { v6 },
            Field::SourcePort(_)
            | Field::DestinationPort(_)
            | Field::Version { .. }
            | Field::Fragment
            | Field::Mark
            | Field::ConnectionMark
            | Field::FirstPort => Sort::Number,
            Field::Protocol | Field::HeaderProtocol { .. } => Sort::Protocol,
            Field::NetfilterProtocol => Sort::NetfilterProtocol,
            Field::EtherType => Sort::EtherType,
            Field::TcpFlags => Sort::Flags,
            Field::State => Sort::State,
            Field::Status => Sort::Status,
            Field::Direction => Sort::Direction,
            Field::InterfaceIn | Field::InterfaceOut => Sort::Interface,
            Field::PacketType => Sort::PacketType,
            Field::DestinationKind => Sort::AddressKind,
            Field::Nothing | Field::Untold(..) => Sort::Other,
        }
    }

    /// The number that a word or number stands for.
    pub(super) fn number(self, value: &Value) -> Option<u128> {
        if let Some(number) = value.as_u64() {
            // An interface by its number is another interface after a restart: only names are compared.
            return (!matches!(self, Sort::Address { .. } | Sort::Interface | Sort::Other))
                .then_some(number.into());
        }
        if let Some(flags) = value.as_array() {
            return flags.iter().try_fold(0, |all, flag| Some(all | self.number(flag)?));
        }
        if let Some(Value::Array(flags)) = value.get("|") {
            return flags.iter().try_fold(0, |all, flag| Some(all | self.number(flag)?));
        }
        let word = value.as_str()?;
        match self {
            Sort::Address { v6 } => address(word).filter(|(_, six)| *six == v6).map(|(number, _)| number),
            Sort::Number => number(word),
            Sort::Interface | Sort::Other => None,
            _ => {
                let names = NAMES.iter().find(|(sort, _)| *sort == self).map(|(_, names)| *names)?;
                names
                    .iter()
                    .find(|(name, _)| *name == word)
                    .map(|(_, number)| *number)
                    .or_else(|| number(word))
            }
        }
    }

    /// Bits of a value of this sort.
    fn width(self) -> u32 {
        match self {
            Sort::Address { v6: false } => 32,
            Sort::Address { v6: true } => 128,
            _ => 64,
        }
    }

    /// A value, a network, a range or everything.
    pub(super) fn span(self, value: &Value) -> Span {
        self.known_span(value).unwrap_or(Span::Unknown)
    }

    fn known_span(self, value: &Value) -> Option<Span> {
        if value.as_str() == Some("*") {
            return Some(Span::Any);
        }
        if self == Sort::Interface {
            let name = value.as_str()?;
            return Some(match name.strip_suffix('*') {
                Some(begin) if !begin.ends_with('\\') => Span::Begins(begin.to_owned()),
                _ => Span::Name(name.to_owned()),
            });
        }
        if let Some(prefix) = value.get("prefix") {
            let length = u32::try_from(prefix.get("len")?.as_u64()?).ok()?;
            let from = self.number(prefix.get("addr")?)?;
            let hosts = self.width().checked_sub(length).filter(|_| matches!(self, Sort::Address { .. }))?;
            let last = if hosts == 128 { u128::MAX } else { (1u128 << hosts) - 1 };
            return Some(Span::Numbers(from & !last, from | last));
        }
        if let Some(Value::Array(range)) = value.get("range") {
            let [from, to] = range.as_slice() else { return None };
            return Some(Span::Numbers(self.number(from)?, self.number(to)?));
        }
        self.number(value).map(Span::one)
    }
}

fn number(word: &str) -> Option<u128> {
    match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(Into::into),
        None => word.parse::<u64>().ok().map(Into::into),
    }
}

/// An address as a number, and whether it is one of IPv6.
pub(super) fn address(word: &str) -> Option<(u128, bool)> {
    match word.parse().ok()? {
        IpAddr::V4(address) => Some((u32::from(address).into(), false)),
        IpAddr::V6(address) => Some((address.into(), true)),
    }
}

/// A field of a header.
pub(super) fn payload(protocol: &str, field: &str) -> Field {
    let v6 = protocol == "ip6";
    let number = match protocol {
        "tcp" => Some(6),
        "udp" => Some(17),
        _ => None,
    };
    match (protocol, field) {
        ("ip" | "ip6", "saddr") => Field::Source { v6 },
        ("ip" | "ip6", "daddr") => Field::Destination { v6 },
        ("ip", "protocol") | ("ip6", "nexthdr") => Field::HeaderProtocol { v6 },
        ("ip" | "ip6", "version") => Field::Version { v6 },
        ("ip", "frag-off") => Field::Fragment,
        ("ip" | "ip6", "ttl" | "hoplimit") => Field::Untold(Only::Family { v6 }, "the time to live"),
        ("ip" | "ip6", "dscp" | "ecn") => Field::Untold(Only::Family { v6 }, "the class of service"),
        ("ip" | "ip6", _) => Field::Untold(Only::Family { v6 }, "the header of the packet"),
        ("tcp" | "udp" | "th", "sport") => Field::SourcePort(number),
        ("tcp" | "udp" | "th", "dport") => Field::DestinationPort(number),
        ("tcp", "flags") => Field::TcpFlags,
        ("tcp", _) => Field::Untold(Only::Protocol(6), "the header of the packet"),
        ("udp", _) => Field::Untold(Only::Protocol(17), "the header of the packet"),
        (
            "icmp" | "icmpv6" | "igmp" | "sctp" | "dccp" | "udplite" | "esp" | "ah" | "comp" | "gre" | "arp",
            _,
        ) => Field::Nothing,
        ("ether", "type") => Field::EtherType,
        ("ether", _) => Field::Untold(Only::All, "the Ethernet address"),
        _ => Field::Untold(Only::All, "the header of the packet"),
    }
}

/// Something about a packet.
pub(super) fn meta(key: &str) -> Field {
    match key {
        "l4proto" => Field::Protocol,
        "nfproto" => Field::NetfilterProtocol,
        "protocol" => Field::EtherType,
        "mark" => Field::Mark,
        "iif" | "iifname" => Field::InterfaceIn,
        "oif" | "oifname" => Field::InterfaceOut,
        "pkttype" => Field::PacketType,
        "length" => Field::Untold(Only::All, "the length of the packet"),
        "hour" | "day" | "time" => Field::Untold(Only::All, "the time"),
        "random" => Field::Untold(Only::All, "chance"),
        "skuid" | "skgid" | "cgroup" => Field::Untold(Only::All, "the program that has the socket"),
        "iifgroup" | "oifgroup" | "iiftype" | "oiftype" => Field::Untold(Only::All, "the kind of interface"),
        _ => Field::Untold(Only::All, "something about the packet that is not known beforehand"),
    }
}

/// Something about a connection.
pub(super) fn connection(key: &str, direction: Option<&str>) -> Field {
    match (key, direction) {
        ("state", None) => Field::State,
        ("status", None) => Field::Status,
        ("direction", None) => Field::Direction,
        ("mark", None) => Field::ConnectionMark,
        ("proto-dst", Some("original")) => Field::FirstPort,
        _ => Field::Untold(Only::Tracked, "the connection that it belongs to"),
    }
}
