//! Which source addresses the rules tell apart: one representative of each class.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use super::{
    expression::{Expr, Field, Part},
    ruleset::Table,
    set::{Set, Span},
};

/// The most classes that are told.
const MOST_CLASSES: usize = 64;

/// Addresses that stand for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// One of each class; the first is an ordinary stranger, whom no rule names. The larger classes come first.
    pub addresses: Vec<IpAddr>,
    /// There is no class but these: false when there are too many, or when rules tell addresses apart by single bits.
    pub complete: bool,
}

/// Blocks of addresses that strangers have, those that are for documents first: from, length.
const STRANGERS_V4: &[(&str, u32)] = &[
    ("203.0.113.0", 24),
    ("198.51.100.0", 24),
    ("192.0.2.0", 24),
    ("193.0.0.0", 8),
    ("80.0.0.0", 4),
    ("1.0.0.0", 8),
    ("2.0.0.0", 7),
    ("4.0.0.0", 6),
    ("8.0.0.0", 7),
    ("11.0.0.0", 8),
    ("12.0.0.0", 6),
    ("16.0.0.0", 4),
    ("32.0.0.0", 3),
    ("64.0.0.0", 3),
    ("96.0.0.0", 6),
    ("101.0.0.0", 8),
    ("104.0.0.0", 5),
    ("112.0.0.0", 5),
    ("128.0.0.0", 3),
    ("173.0.0.0", 8),
    ("176.0.0.0", 4),
    ("194.0.0.0", 7),
    ("196.0.0.0", 7),
    ("199.0.0.0", 8),
    ("200.0.0.0", 5),
    ("208.0.0.0", 4),
];
const STRANGERS_V6: &[(&str, u32)] = &[("2001:db8::", 32), ("2a00::", 12), ("2000::", 3)];

/// The first and last address of each block.
fn strangers(v6: bool) -> Vec<(u128, u128)> {
    let (blocks, width) = if v6 { (STRANGERS_V6, 128) } else { (STRANGERS_V4, 32) };
    let ends = |(address, length): &(&str, u32)| {
        let begin = address.parse().map_or(0, number);
        (begin, begin + ((1u128 << (width - length)) - 1))
    };
    blocks.iter().map(ends).collect()
}

/// Finds the classes.
pub(super) fn sources(tables: &[Table], v6: bool) -> Sources {
    let mut found = Found::default();
    let seen = tables.iter().filter(|table| table.family.sees(v6));
    let parts =
        seen.flat_map(|table| &table.chains).flat_map(|chain| &chain.rules).flat_map(|rule| &rule.parts);
    for (key, set) in parts.flat_map(Part::sets) {
        found.look(key, set, v6);
    }
    found.classes(v6)
}

/// Edges at which a set begins or ends, by set.
#[derive(Default)]
struct Found {
    /// Address, set, 1 or -1.
    edges: Vec<(u128, usize, i32)>,
    /// Sets that were looked at: the same ranges are the same set.
    sets: BTreeMap<Vec<(u128, u128)>, usize>,
    /// Something tells addresses apart in another way.
    partial: bool,
}

fn is_source(expr: &Expr, v6: bool) -> bool {
    matches!(expr, Expr::Field(Field::Source { v6: six }) if *six == v6)
}

fn names_source(expr: &Expr, v6: bool) -> bool {
    match expr {
        Expr::And(a, b) | Expr::Or(a, b) | Expr::Xor(a, b) => names_source(a, v6) || names_source(b, v6),
        Expr::Map(key, _) => names_source(key, v6),
        Expr::All(parts) => parts.iter().any(|part| names_source(part, v6)),
        one => is_source(one, v6),
    }
}

impl Found {
    fn look(&mut self, key: &Expr, set: &Set, v6: bool) {
        let at = match key {
            Expr::All(parts) => parts.iter().position(|part| is_source(part, v6)),
            one => is_source(one, v6).then_some(0),
        };
        let Some(at) = at else {
            self.partial |= names_source(key, v6);
            return;
        };
        let leads =
            set.elements().iter().any(|element| element.leads_to.is_some()) || matches!(key, Expr::All(_));
        let mut all = Vec::new();
        for element in set.elements() {
            match element.key.get(at) {
                Some(Span::Numbers(from, to)) if from <= to => all.push((*from, *to)),
                Some(Span::Any) => {}
                _ => self.partial = true,
            }
        }
        // Where each element leads elsewhere, each is a set of its own.
        if leads {
            all.into_iter().for_each(|one| self.set(vec![one]));
        } else {
            self.set(all);
        }
    }

    fn set(&mut self, mut ranges: Vec<(u128, u128)>) {
        ranges.sort_unstable();
        let next = self.sets.len();
        if *self.sets.entry(ranges.clone()).or_insert(next) != next || self.sets.len() == next {
            return;
        }
        for (from, to) in ranges {
            self.edges.push((from, next, 1));
            if let Some(after) = to.checked_add(1) {
                self.edges.push((after, next, -1));
            }
        }
    }

    /// Goes through all addresses from edge to edge.
    fn classes(mut self, v6: bool) -> Sources {
        let last = if v6 { u128::MAX } else { u32::MAX.into() };
        self.edges.sort_unstable();
        let blocks = strangers(v6);
        // Ranges of the same class, by what they are in.
        let mut classes: HashMap<u64, Class> = HashMap::new();
        let mut inside: HashMap<usize, i32> = HashMap::new();
        let mut signature = 0;
        let mut from = 0;
        let mut edges = self.edges.iter().peekable();
        while from <= last {
            while let Some((_, set, step)) = edges.next_if(|(at, ..)| *at <= from) {
                let depth = inside.entry(*set).or_insert(0);
                let was = *depth > 0;
                *depth += step;
                if was != (*depth > 0) {
                    signature ^= mixed(*set);
                }
            }
            let to = edges.peek().map_or(last, |(at, ..)| (at - 1).min(last));
            classes.entry(signature).or_default().add(from, to, &blocks);
            match to.checked_add(1) {
                Some(next) => from = next,
                None => break,
            }
        }
        let mut classes: Vec<_> = classes.into_iter().collect();
        // Whom no rule names comes first, then whoever are most.
        classes.sort_by_key(|(signature, class)| {
            (*signature != 0 || class.size == 0, std::cmp::Reverse(class.size), class.first)
        });
        let complete = !self.partial && classes.len() <= MOST_CLASSES;
        let addresses = classes.into_iter().take(MOST_CLASSES).map(|(_, class)| class.address(v6)).collect();
        Sources { addresses, complete }
    }
}

/// A number of its own for each set (splitmix64): which sets an address is in is told by all of them together.
fn mixed(set: usize) -> u64 {
    let mut mixed = (set as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Addresses that are in the same sets.
#[derive(Default)]
struct Class {
    /// How many addresses of strangers.
    size: u128,
    /// The best one so far, by the place of its block: an address that a stranger has.
    best: Option<(usize, u128)>,
    /// The first one of all.
    first: Option<u128>,
}

impl Class {
    fn add(&mut self, from: u128, to: u128, blocks: &[(u128, u128)]) {
        // 0 is nobody's address.
        self.first = self.first.or(if from == 0 { Some(to.min(1)) } else { Some(from) });
        for (at, (begin, end)) in blocks.iter().enumerate() {
            let (least, most) = (from.max(*begin), to.min(*end));
            if least > most {
                continue;
            }
            self.size += most - least + 1;
            // Not the first ones of a network, where there are others.
            let address = (least + 77).min(most);
            if self.best.is_none_or(|(best, _)| at < best) {
                self.best = Some((at, address));
            }
        }
    }

    fn address(&self, v6: bool) -> IpAddr {
        let number = self.best.map(|(_, address)| address).or(self.first).unwrap_or(1);
        if v6 {
            IpAddr::V6(number.into())
        } else {
            IpAddr::V4(u32::try_from(number).unwrap_or(u32::MAX).into())
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}
