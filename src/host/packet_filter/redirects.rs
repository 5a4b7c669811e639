//! Rules that send new connections from outside on to another port of the host.

use std::ops::RangeInclusive;

use super::{
    evaluate::Host,
    expression::{Expr, Field, NewAddress, Part, Redirect, Right, Test},
    ruleset::{Chain, Hook, Rule, Table},
    set::{Set, Span},
};

/// A rule that sends on what was for other ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detour {
    /// The rule, with the table and chain that it is in.
    pub rule: String,
    /// For packets of IPv6, or of IPv4; `None` for both.
    pub v6: Option<bool>,
    /// The port that it sends to; `None` when that hangs on the packet.
    pub to: Option<u16>,
    /// The ports whose packets it sends on, those at the ends of ranges; empty when the rule itself names none.
    pub of: Vec<u16>,
}

impl Detour {
    /// Whether it may send to one of these ports.
    pub fn may_lead_to(&self, ports: &RangeInclusive<u16>) -> bool {
        self.to.is_none_or(|to| ports.contains(&to))
    }
}

/// All of them.
pub(super) fn detours(tables: &[Table], host: &Host) -> Vec<Detour> {
    let awake = tables.iter().filter(|table| !table.dormant);
    let chains = awake.flat_map(|table| table.chains.iter().map(move |chain| (table, chain)));
    let early =
        chains.filter(|(_, chain)| chain.base.as_ref().is_none_or(|base| base.hook == Hook::Prerouting));
    let rules = early.flat_map(|(table, chain)| chain.rules.iter().map(move |rule| (table, chain, rule)));
    rules.filter_map(|(table, chain, rule)| detour(table, chain, rule, host)).collect()
}

fn detour(table: &Table, chain: &Chain, rule: &Rule, host: &Host) -> Option<Detour> {
    let redirect = rule.parts.iter().find_map(|part| match part {
        Part::Redirect(redirect) => Some(redirect),
        _ => None,
    })?;
    let to = match redirect {
        Redirect { address: NewAddress::Given(Expr::Number(address)), .. } if !host.has(*address) => {
            return None;
        }
        Redirect { port: Some(Expr::Number(port)), .. } => Some(u16::try_from(*port).ok()?),
        // The port stays as it is.
        Redirect { port: None, address } if !matches!(address, NewAddress::Pair(_)) => return None,
        _ => None,
    };
    let v6 = match (table.family.sees(false), table.family.sees(true)) {
        (true, true) => None,
        (_, v6) => Some(v6),
    };
    // A port that it leaves out is none whose packets it sends on.
    let asks = |part: &&Part| !matches!(part, Part::Test(Test { right: Right::NotIn(_), .. }));
    let sets = rule.parts.iter().filter(asks).flat_map(Part::sets);
    let named = sets.filter(|(key, _)| matches!(key, Expr::Field(Field::DestinationPort(_))));
    let mut of: Vec<u16> = named.flat_map(|(_, set)| ends(set)).collect();
    of.sort_unstable();
    of.dedup();
    Some(Detour { rule: format!("{} {}: {}", table.title(), chain.name, rule.text), v6, to, of })
}

/// The ends of all ranges of ports in a set.
fn ends(set: &Set) -> Vec<u16> {
    let ends = set.elements().iter().flat_map(|element| match element.key.as_slice() {
        [Span::Numbers(from, to)] => vec![*from, *to],
        _ => Vec::new(),
    });
    ends.filter_map(|port| u16::try_from(port).ok()).collect()
}
