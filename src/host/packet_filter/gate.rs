//! What a rule surely asks of a packet, in a form that is looked at quickly: most of thousands of rules are passed by.

use super::{
    expression::{Expr, Field, Part, Right, Test},
    set::{Set, Span},
};

/// Larger sets have no bounds here: thousands of rules may ask the same one.
const MOST_ELEMENTS: usize = 64;

/// The bounds of what a rule holds for, among packets that come in. Small: it is looked at for each packet and rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gate {
    /// Of the source address, of IPv6 its first half.
    from: (u64, u64),
    /// Of the destination port.
    port: (u16, u16),
    /// The one family of the source address, where one is asked for: whether that is IPv6.
    v6: Option<bool>,
}

impl Gate {
    /// The gate of a rule: only what it asks before it does anything.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut gate = Gate { from: (0, u64::MAX), port: (0, u16::MAX), v6: None };
        for part in parts {
            match part {
                Part::Test(Test { left: Expr::Field(field), right: Right::In(set) }) => {
                    gate.narrow(*field, set);
                }
                Part::Test(_) | Part::Perhaps(_) => {}
                _ => break,
            }
        }
        gate
    }

    fn narrow(&mut self, field: Field, set: &Set) {
        let Some((least, most)) = bounds(set) else { return };
        match field {
            Field::DestinationPort(_) => {
                if let (Ok(least), Ok(most)) = (u16::try_from(least), u16::try_from(most)) {
                    self.port = (least, most);
                }
            }
            Field::Source { v6 } => {
                self.from = (half(v6, least), half(v6, most));
                self.v6 = Some(v6);
            }
            _ => {}
        }
    }

    /// Whether the rule surely does not hold for a packet that comes in from there, for that port.
    pub(super) fn is_shut(&self, v6: bool, from: u128, port: Option<u16>) -> bool {
        let from = half(v6, from);
        port.is_some_and(|port| port < self.port.0 || port > self.port.1)
            || self.v6.is_some_and(|six| six != v6 || from < self.from.0 || from > self.from.1)
    }
}

fn half(v6: bool, address: u128) -> u64 {
    u64::try_from(if v6 { address >> 64 } else { address }).unwrap_or(u64::MAX)
}

/// The least and the most of a set of numbers; `None` where that cannot be told.
fn bounds(set: &Set) -> Option<(u128, u128)> {
    if set.comes_and_goes() || set.elements().len() > MOST_ELEMENTS {
        return None;
    }
    let mut all = set.elements().iter().map(|element| match element.key.as_slice() {
        [Span::Numbers(from, to)] => Some((*from, *to)),
        _ => None,
    });
    let first = all.next()??;
    all.try_fold(first, |(least, most), one| one.map(|(from, to)| (least.min(from), most.max(to))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(field: Field, from: u128, to: u128, not: bool) -> Part {
        Test::among(Expr::Field(field), Set::of(vec![Span::Numbers(from, to)]), not)
    }

    #[test]
    fn only_what_a_rule_surely_asks_shuts_its_gate() {
        let port = || among(Field::DestinationPort(Some(6)), 80, 90, false);
        let from = || among(Field::Source { v6: false }, 10, 20, false);
        let both = Gate::of(&[Part::Perhaps("the rate"), from(), port()]);
        assert!(!both.is_shut(false, 15, Some(85)) && !both.is_shut(false, 15, None));
        assert!(both.is_shut(false, 15, Some(91)) && both.is_shut(false, 21, None));
        assert!(both.is_shut(true, 15, Some(85)));
        let late = Gate::of(&[Part::Notrack, port()]);
        let other = Gate::of(&[among(Field::DestinationPort(None), 80, 90, true)]);
        assert!(!late.is_shut(false, 15, Some(91)) && !other.is_shut(false, 15, Some(91)));
        let mut moves = Set::of(vec![Span::one(80)]);
        moves.moves = Some("a set that packets fill");
        let moves = Gate::of(&[Test::among(Expr::Field(Field::DestinationPort(None)), moves, false)]);
        assert!(!moves.is_shut(false, 15, Some(91)));
    }
}
