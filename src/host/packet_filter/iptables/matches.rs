//! What a rule of iptables asks of a packet.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::ipset::{self, Around, number};
use crate::host::packet_filter::{
    expression::{Expr, Field, Only, Part, Right, Test},
    set::{Set, Span},
};

/// The words of a rule, read one after the other.
pub(super) struct Words<'a> {
    words: &'a [String],
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &'a [String]) -> Self {
        Words { words }
    }

    /// The next word is left where it is.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.first().map(String::as_str)
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// What follows, up to the next match or target.
    fn options(&mut self) -> Vec<&'a str> {
        let mut options = Vec::new();
        while let Some(word) = self.peek().filter(|word| !matches!(*word, "-m" | "-j" | "-g")) {
            options.push(word);
            self.next();
        }
        options
    }
}

const UNKNOWN: Part = Part::Perhaps("something that iptables asks and this does not know");

/// All that a rule asks, up to its target.
pub(super) fn read(words: &mut Words<'_>, around: &Around<'_>) -> Vec<Part> {
    let v6 = around.v6;
    let mut parts = Vec::new();
    let mut not = false;
    while let Some(word) = words.peek().filter(|word| !matches!(*word, "-j" | "-g")) {
        words.next();
        match word {
            "!" => {
                not = true;
                continue;
            }
            "-s" => parts.push(address(Field::Source { v6 }, words.next().unwrap_or_default(), v6, not)),
            "-d" => parts.push(address(Field::Destination { v6 }, words.next().unwrap_or_default(), v6, not)),
            "-i" => parts.push(interface(Field::InterfaceIn, words.next().unwrap_or_default(), not)),
            "-o" => parts.push(interface(Field::InterfaceOut, words.next().unwrap_or_default(), not)),
            "-p" => parts.push(among(Field::Protocol, vec![protocol(words.next().unwrap_or_default())], not)),
            // The second and later pieces of a packet: none of those that are judged here.
            "-f" => parts.extend((!not).then_some(Part::Never)),
            "-m" => {
                let name = words.next().unwrap_or_default();
                parts.extend(extension(name, &words.options(), around));
            }
            _ => {
                parts.push(UNKNOWN);
                words.options();
            }
        }
        not = false;
    }
    parts
}

fn among(field: Field, spans: Vec<Span>, not: bool) -> Part {
    Test::among(Expr::Field(field), Set::of(spans), not)
}

fn equals(left: Expr, value: u128, not: bool) -> Part {
    Test::among(left, Set::of(vec![Span::one(value)]), not)
}

/// `10.0.0.0/8`, `1.0.3.0/255.0.255.0`.
fn address(field: Field, text: &str, v6: bool, not: bool) -> Part {
    let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let width: u32 = if v6 { 128 } else { 32 };
    let all = if v6 { u128::MAX } else { u32::MAX.into() };
    let mask = match mask.map(|mask| (mask, mask.parse::<u32>())) {
        None => Some(all),
        Some((_, Ok(length))) if length <= width => Some(all & !all.checked_shr(length).unwrap_or(0)),
        Some((_, Ok(_))) => None,
        Some((mask, Err(_))) => number(mask, v6),
    };
    let (Some(address), Some(mask)) = (number(address, v6), mask) else { return UNKNOWN };
    let others = all & !mask;
    if others & others.wrapping_add(1) == 0 {
        return among(field, vec![Span::Numbers(address & mask, (address & mask) | others)], not);
    }
    equals(Expr::Field(field).and(mask), address & mask, not)
}

fn interface(field: Field, name: &str, not: bool) -> Part {
    let span = match name.strip_suffix('+') {
        Some(begin) => Span::Begins(begin.to_owned()),
        None => Span::Name(name.to_owned()),
    };
    among(field, vec![span], not)
}

fn protocol(name: &str) -> Span {
    let number = match name {
        "all" | "0" => return Span::Any,
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmp" => Some(1),
        "igmp" => Some(2),
        "gre" => Some(47),
        "esp" => Some(50),
        "ah" => Some(51),
        "icmpv6" | "ipv6-icmp" => Some(58),
        "ospf" => Some(89),
        "vrrp" => Some(112),
        "sctp" => Some(132),
        "udplite" => Some(136),
        other => other.parse().ok(),
    };
    number.map_or(Span::Unknown, Span::one)
}

fn hex(text: &str) -> Option<u128> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok().map(Into::into),
        None => text.parse::<u32>().ok().map(Into::into),
    }
}

/// `0x1/0xff`: a value and the bits that count.
pub(super) fn masked(text: &str) -> Option<(u128, u128)> {
    match text.split_once('/') {
        Some((value, mask)) => Some((hex(value)?, hex(mask)?)),
        None => Some((hex(text)?, u32::MAX.into())),
    }
}

fn ports(text: &str) -> Vec<Span> {
    let port = |text: &str| text.parse::<u16>().ok().map(u128::from);
    let span = |part: &str| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        Some(Span::Numbers(port(from)?, port(to)?))
    };
    text.split(',').map(|part| span(part).unwrap_or(Span::Unknown)).collect()
}

/// Options with whether they are turned round, and their values.
fn pairs<'a>(options: &[&'a str]) -> Option<Vec<(bool, &'a str, &'a str)>> {
    let mut pairs = Vec::new();
    let mut options = options.iter().peekable();
    while let Some(option) = options.next() {
        let not = *option == "!";
        let name = if not { options.next()? } else { option };
        let value = options.next_if(|value| !value.starts_with("--") && **value != "!");
        pairs.push((not, *name, value.copied().unwrap_or_default()));
    }
    Some(pairs)
}

/// A match by name, with its options.
fn extension(name: &str, options: &[&str], around: &Around<'_>) -> Vec<Part> {
    match name {
        "comment" => return Vec::new(),
        "set" => return vec![ipset::part(options, around)],
        _ => {}
    }
    // The flags of TCP are the one option with two values.
    let (flags, options) = if name == "tcp" { tcp_flags(options) } else { (None, options.to_vec()) };
    let Some(pairs) = pairs(&options) else { return vec![UNKNOWN] };
    if name == "time" {
        return vec![time(&pairs, around.now)];
    }
    let own = match name {
        "tcp" => Some(equals(Expr::Field(Field::Protocol), 6, false)),
        "udp" => Some(equals(Expr::Field(Field::Protocol), 17, false)),
        _ if pairs.is_empty() => Some(one(name, "", "", false, around.v6)),
        _ => None,
    };
    let asked = pairs.into_iter().map(|(not, option, value)| one(name, option, value, not, around.v6));
    own.into_iter().chain(flags).chain(asked).collect()
}

fn tcp_flags<'a>(options: &[&'a str]) -> (Option<Part>, Vec<&'a str>) {
    let one = |flag: &str| match flag {
        "FIN" => Some(1),
        "SYN" => Some(2),
        "RST" => Some(4),
        "PSH" => Some(8),
        "ACK" => Some(16),
        "URG" => Some(32),
        "ALL" => Some(63),
        "NONE" => Some(0),
        _ => None,
    };
    let all = |text: &str| text.split(',').try_fold(0u128, |all, flag| Some(all | one(flag)?));
    let Some(at) = options.iter().position(|option| *option == "--tcp-flags") else {
        return (None, options.to_vec());
    };
    let (before, after) = options.split_at(at);
    let not = before.last() == Some(&"!");
    let [_, mask, set, after @ ..] = after else { return (Some(UNKNOWN), Vec::new()) };
    let part = match (all(mask), all(set)) {
        (Some(mask), Some(set)) => equals(Expr::Field(Field::TcpFlags).and(mask), set, not),
        _ => UNKNOWN,
    };
    let before = if not { before.split_last().map_or(before, |(_, before)| before) } else { before };
    (Some(part), [before, after].concat())
}

fn one(name: &str, option: &str, value: &str, not: bool, v6: bool) -> Part {
    let protocol = match name {
        "tcp" => Some(6),
        "udp" => Some(17),
        _ => None,
    };
    match (name, option) {
        ("tcp" | "udp", "--dport") | ("multiport", "--dports") => {
            among(Field::DestinationPort(protocol), ports(value), not)
        }
        ("tcp" | "udp", "--sport") | ("multiport", "--sports") => {
            among(Field::SourcePort(protocol), ports(value), not)
        }
        ("multiport", "--ports") => Part::Perhaps("the source port"),
        ("tcp", "--syn") => equals(Expr::Field(Field::TcpFlags).and(0x17), 2, not),
        ("tcp" | "tcpmss", _) => Part::Perhaps("the options of TCP"),
        ("conntrack", "--ctstate") | ("state", "--state") => state(value, not),
        ("conntrack", _) => {
            let field = Field::Untold(Only::Tracked, "the connection that it belongs to");
            among(field, vec![Span::Unknown], false)
        }
        ("mark", "--mark") => mark(Field::Mark, value, not),
        ("connmark", "--mark") => mark(Field::ConnectionMark, value, not),
        ("addrtype", "--dst-type") => kind(value, not),
        ("pkttype", "--pkt-type") => match value {
            "unicast" | "host" => among(Field::PacketType, vec![Span::one(0)], not),
            "broadcast" => among(Field::PacketType, vec![Span::one(1)], not),
            "multicast" => among(Field::PacketType, vec![Span::one(2)], not),
            _ => UNKNOWN,
        },
        ("iprange", "--src-range") => range(Field::Source { v6 }, value, v6, not),
        ("iprange", "--dst-range") => range(Field::Destination { v6 }, value, v6, not),
        // Headers that an ordinary packet of TCP or UDP has not, whatever is asked of them.
        ("icmp" | "icmp6" | "sctp" | "dccp" | "esp" | "ah" | "rt" | "frag" | "hbh" | "dst", _) => Part::Never,
        _ => Part::Perhaps(hangs_on(name)),
    }
}

/// What a match hangs on that is never decided.
fn hangs_on(name: &str) -> &'static str {
    match name {
        "ttl" | "hl" => "the time to live",
        "tos" | "dscp" | "ecn" => "the class of service",
        "length" => "the length of the packet",
        "mac" | "eui64" => "the Ethernet address",
        "limit" | "hashlimit" | "rateest" => "the rate",
        "recent" | "connlimit" | "quota" | "quota2" | "connbytes" => "what came before",
        "statistic" => "chance or a count",
        "string" | "u32" | "bpf" => "bytes of the packet",
        "owner" | "cgroup" | "socket" => "the program that has the socket",
        "geoip" => "a list of countries that this does not read",
        "physdev" => "the port of a bridge",
        "rpfilter" => "the routes of the host",
        "ipv6header" => "the headers of the packet",
        _ => "something that iptables asks and this does not know",
    }
}

fn state(value: &str, not: bool) -> Part {
    let one = |state: &str| match state {
        "INVALID" => Some(1),
        "ESTABLISHED" => Some(2),
        "RELATED" => Some(4),
        "NEW" => Some(8),
        "UNTRACKED" => Some(64),
        // Of the connection's addresses, which conntrack keeps beside its state.
        "SNAT" => Some(128),
        "DNAT" => Some(256),
        _ => None,
    };
    let left = Expr::Field(Field::State);
    match value.split(',').try_fold(0, |all, state| Some(all | one(state)?)) {
        Some(all) if not => Part::Test(Test { left, right: Right::NoneOf(all) }),
        Some(all) => Part::Test(Test { left, right: Right::AnyOf(all) }),
        None => UNKNOWN,
    }
}

fn mark(field: Field, value: &str, not: bool) -> Part {
    masked(value).map_or(UNKNOWN, |(value, mask)| equals(Expr::Field(field).and(mask), value, not))
}

fn kind(value: &str, not: bool) -> Part {
    let one = |kind: &str| match kind {
        "UNSPEC" => Span::one(0),
        "UNICAST" => Span::one(1),
        "LOCAL" => Span::one(2),
        "BROADCAST" => Span::one(3),
        "ANYCAST" => Span::one(4),
        "MULTICAST" => Span::one(5),
        _ => Span::Unknown,
    };
    among(Field::DestinationKind, value.split(',').map(one).collect(), not)
}

fn range(field: Field, value: &str, v6: bool, not: bool) -> Part {
    let (from, to) = value.split_once('-').unwrap_or((value, value));
    match (number(from, v6), number(to, v6)) {
        (Some(from), Some(to)) => among(field, vec![Span::Numbers(from, to)], not),
        _ => UNKNOWN,
    }
}

/// From a date, until a date: decided by the clock. Anything else about time is not.
fn time(pairs: &[(bool, &str, &str)], now: Timestamp) -> Part {
    let mut within = true;
    for (not, option, value) in pairs {
        let date = value.parse::<DateTime>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
        match (not, *option, date.map(|date| date.timestamp())) {
            (false, "--datestart", Some(date)) => within &= now >= date,
            (false, "--datestop", Some(date)) => within &= now <= date,
            _ => return Part::Perhaps("the time"),
        }
    }
    if within { among(Field::Protocol, vec![Span::Any], false) } else { Part::Never }
}
