//! What a rule surely asks of a packet, in a form that is looked at quickly: most of thousands of rules are passed by.

use super::{
    expression::{Expr, Field, Part, Right, Test},
    set::{Set, Span},
};

/// From, to: nothing outside gets through the rule's tests.
type Bounds = (u128, u128);

/// The bounds of what a rule holds for, among packets that come in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Gate {
    /// Of the destination port.
    port: Option<Bounds>,
    /// Of the source address, of that family.
    from: Option<(bool, Bounds)>,
}

impl Gate {
    /// The gate of a rule: only what it asks before it does anything.
    pub(super) fn of(parts: &[Part]) -> Self {
        let mut gate = Gate::default();
        for part in parts {
            match part {
                Part::Test(Test { left: Expr::Field(field), right: Right::In(set) }) => match field {
                    Field::DestinationPort(_) => gate.port = gate.port.or_else(|| bounds(set)),
                    Field::Source { v6 } => {
                        gate.from = gate.from.or_else(|| bounds(set).map(|bounds| (*v6, bounds)));
                    }
                    _ => {}
                },
                Part::Test(_) | Part::Perhaps(_) => {}
                _ => break,
            }
        }
        gate
    }

    /// Whether the rule surely does not hold for a packet that comes in from there, for that port.
    pub(super) fn is_shut(&self, v6: bool, from: u128, port: Option<u16>) -> bool {
        let outside = |(least, most): Bounds, value: u128| value < least || value > most;
        self.port.zip(port).is_some_and(|(bounds, port)| outside(bounds, port.into()))
            || self.from.is_some_and(|(six, bounds)| six != v6 || outside(bounds, from))
    }
}

/// The least and the most of a set of numbers; `None` where that cannot be told.
fn bounds(set: &Set) -> Option<Bounds> {
    if set.comes_and_goes() {
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
