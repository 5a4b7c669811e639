//! Sets of `ipset`, as `ipset save` prints them, and the match that asks them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use jiff::Timestamp;

use crate::host::packet_filter::{
    expression::{Expr, Field, Part, Right, Test},
    set::{Element, Set, Span},
};

/// What reading rules needs besides their text.
pub(in crate::host::packet_filter) struct Around<'a> {
    /// The tables are those of IPv6.
    pub(in crate::host::packet_filter) v6: bool,
    /// Sets of `ipset`.
    pub(in crate::host::packet_filter) sets: &'a IpSets,
    /// The time, for rules that count until a date.
    pub(in crate::host::packet_filter) now: Timestamp,
}

/// Sets by name.
#[derive(Debug, Default)]
pub(in crate::host::packet_filter) struct IpSets {
    sets: BTreeMap<String, IpSet>,
}

#[derive(Debug)]
struct IpSet {
    pieces: Vec<Piece>,
    v6: bool,
    set: Arc<Set>,
}

/// What a part of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Address,
    Port,
}

/// An address of that family as a number.
pub(super) fn number(text: &str, v6: bool) -> Option<u128> {
    match text.parse().ok()? {
        IpAddr::V4(address) if !v6 => Some(u32::from(address).into()),
        IpAddr::V6(address) if v6 => Some(address.into()),
        _ => None,
    }
}

/// A set while it is read.
struct Open {
    pieces: Vec<Piece>,
    v6: bool,
    entries: Vec<Entry>,
    /// All of it could be read.
    known: bool,
}

/// Reads the text of `ipset save`. What asks a set that is not known, or that rules fill, is unknown.
pub(in crate::host::packet_filter) fn read(text: &str, filled: &BTreeSet<&str>) -> IpSets {
    let mut open: BTreeMap<&str, Open> = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["create", name, kind, options @ ..] => {
                let v6 = options.windows(2).any(|two| two == ["family", "inet6"]);
                // The kernel cuts packets' addresses down by those before it looks for them.
                let cut = options.iter().any(|option| matches!(*option, "netmask" | "bitmask" | "markmask"));
                let known = !cut && !filled.contains(name);
                if let Some(pieces) = pieces(kind) {
                    open.insert(*name, Open { pieces, v6, entries: Vec::new(), known });
                }
            }
            ["add", name, entry, options @ ..] => {
                if let Some(set) = open.get_mut(name) {
                    match Entry::read(entry, options, &set.pieces, set.v6) {
                        Some(entry) => set.entries.push(entry),
                        None => set.known = false,
                    }
                }
            }
            _ => {}
        }
    }
    let known = open.into_iter().filter(|(_, set)| set.known);
    let sets = known.map(|(name, Open { pieces, v6, entries, .. })| {
        (name.to_owned(), IpSet { pieces, v6, set: Arc::new(Set::new(flat(entries))) })
    });
    IpSets { sets: sets.collect() }
}

fn pieces(kind: &str) -> Option<Vec<Piece>> {
    let one = |piece: &str| match piece {
        "ip" | "net" => Some(Piece::Address),
        "port" => Some(Piece::Port),
        _ => None,
    };
    let (_, pieces) = kind.split_once(':').filter(|(how, _)| matches!(*how, "hash" | "bitmap"))?;
    pieces.split(',').map(one).collect()
}

/// An element. One that says `nomatch` takes a narrower network out of a wider one.
#[derive(Debug)]
struct Entry {
    key: Vec<Span>,
    not: bool,
    leaves: bool,
}

impl Entry {
    fn read(entry: &str, options: &[&str], pieces: &[Piece], v6: bool) -> Option<Self> {
        let values: Vec<_> = entry.split(',').collect();
        let mut key = Vec::new();
        for (value, piece) in values.iter().zip(pieces).filter(|_| values.len() == pieces.len()) {
            match piece {
                Piece::Address => key.push(network(value, v6)?),
                Piece::Port => {
                    let (protocol, port) =
                        value.split_once(':').map_or((None, *value), |(of, port)| (Some(of), port));
                    key.push(match protocol {
                        Some("tcp") => Span::one(6),
                        Some("udp") => Span::one(17),
                        // A bitmap of ports asks for no protocol.
                        None if pieces.len() == 1 => Span::Numbers(6, 17),
                        _ => return None,
                    });
                    let (from, to) = port.split_once('-').unwrap_or((port, port));
                    key.push(Span::Numbers(from.parse::<u16>().ok()?.into(), to.parse::<u16>().ok()?.into()));
                }
            }
        }
        let timeout =
            options.windows(2).find(|two| two.first() == Some(&"timeout")).and_then(|two| two.last());
        // 0 is for ever; the last second may be over.
        let leaves = timeout.is_some_and(|seconds| *seconds == "1");
        (!key.is_empty()).then(|| Entry { key, not: options.contains(&"nomatch"), leaves })
    }

    /// The first network, and how many addresses it has but one.
    fn network(&self) -> Option<(u128, u128, u128)> {
        match self.key.first() {
            Some(Span::Numbers(from, to)) => Some((*from, *to, to - from)),
            _ => None,
        }
    }
}

fn network(text: &str, v6: bool) -> Option<Span> {
    if let Some((from, to)) = text.split_once('-') {
        return Some(Span::Numbers(number(from, v6)?, number(to, v6)?));
    }
    let width: u32 = if v6 { 128 } else { 32 };
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, length.parse().ok()?),
        None => (text, width),
    };
    let hosts = width.checked_sub(length)?;
    let last = if hosts == 128 { u128::MAX } else { (1u128 << hosts) - 1 };
    let from = number(address, v6)? & !last;
    Some(Span::Numbers(from, from | last))
}

/// Elements without `nomatch`: the narrowest network that holds an address decides.
fn flat(entries: Vec<Entry>) -> Vec<Element> {
    let (holes, kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.not);
    let mut elements = Vec::new();
    for entry in kept {
        let size = entry.network().map_or(0, |(.., size)| size);
        let mut pieces = vec![Element { key: entry.key, leads_to: None, leaves: entry.leaves }];
        // What is in there once more and narrower is an element of its own.
        for hole in holes.iter().filter(|hole| hole.network().is_some_and(|(.., narrow)| narrow < size)) {
            pieces = pieces.into_iter().flat_map(|piece| without(piece, hole)).collect();
        }
        elements.extend(pieces);
    }
    elements
}

/// An element without what a narrower one takes out of its network. What else the two ask must be the same.
fn without(element: Element, hole: &Entry) -> Vec<Element> {
    let (Some((Span::Numbers(from, to), rest)), Some((first, last, _))) =
        (element.key.split_first(), hole.network())
    else {
        return vec![element];
    };
    if last < *from || first > *to || hole.key.get(1..) != Some(rest) {
        return vec![element];
    }
    let piece = |from: u128, to: u128| {
        let key = [vec![Span::Numbers(from, to)], rest.to_vec()].concat();
        Element { key, leads_to: None, leaves: element.leaves }
    };
    let before = first.checked_sub(1).filter(|end| from <= end).map(|end| piece(*from, end));
    let after = last.checked_add(1).filter(|begin| begin <= to).map(|begin| piece(begin, *to));
    before.into_iter().chain(after).collect()
}

/// `-m set --match-set NAME src,dst`.
pub(super) fn part(options: &[&str], around: &Around<'_>) -> Part {
    const UNKNOWN: Part = Part::Perhaps("a set of ipset that this cannot read");
    let (not, name, sides) = match options {
        ["--match-set", name, sides] => (false, name, sides),
        ["!", "--match-set", name, sides] => (true, name, sides),
        _ => return UNKNOWN,
    };
    let Some(IpSet { pieces, v6, set }) = around.sets.sets.get(*name) else { return UNKNOWN };
    if *v6 != around.v6 && pieces.contains(&Piece::Address) {
        return UNKNOWN;
    }
    let mut sides = sides.split(',');
    let mut key = Vec::new();
    for piece in pieces {
        let source = match sides.next() {
            Some("src") => true,
            Some("dst") => false,
            _ => return UNKNOWN,
        };
        match (piece, source) {
            (Piece::Address, true) => key.push(Field::Source { v6: around.v6 }),
            (Piece::Address, false) => key.push(Field::Destination { v6: around.v6 }),
            (Piece::Port, true) => key.extend([Field::Protocol, Field::SourcePort(None)]),
            (Piece::Port, false) => key.extend([Field::Protocol, Field::DestinationPort(None)]),
        }
    }
    let left = match key.as_slice() {
        [one] => Expr::Field(*one),
        _ => Expr::All(key.into_iter().map(Expr::Field).collect()),
    };
    let set = Arc::clone(set);
    Part::Test(Test { left, right: if not { Right::NotIn(set) } else { Right::In(set) } })
}
