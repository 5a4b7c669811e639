//! Sets and maps: which values are in them, and what those lead to.

use super::seen::{Seen, Tri};

/// A set or map.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Set {
    elements: Vec<Element>,
    /// For sets of single numbers, by number and without overlaps: from, to, which element.
    sorted: Option<Vec<(u128, u128, usize)>>,
    /// Rules or programs put elements in and take them out as packets come: what hangs on it cannot be told.
    pub(super) moves: Option<&'static str>,
    /// Its elements have a time after which they leave.
    pub(super) times_out: bool,
}

/// An element: a value for each part of the key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Element {
    /// In the order of the key.
    pub(super) key: Vec<Span>,
    /// What it leads to, in a map.
    pub(super) leads_to: Option<Data>,
    /// It is about to leave.
    pub(super) leaves: bool,
}

/// Values next to each other.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Span {
    /// From, to.
    Numbers(u128, u128),
    /// A name.
    Name(String),
    /// Names that begin so.
    Begins(String),
    /// Everything.
    Any,
    /// The reader does not know it.
    Unknown,
}

/// Where a rule leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Go {
    /// Done with this base chain.
    Accept,
    /// Gone, silently or with a refusal.
    Drop,
    /// Back to the calling chain.
    Return,
    /// On with the next rule.
    Continue,
    /// Into that chain, and back here.
    Jump(String),
    /// Into that chain, and back to who called this one.
    Goto(String),
    /// The reader does not know.
    Unknown,
}

/// What an element of a map leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// A verdict.
    Go(Go),
    /// A number for each part; `None` where the reader does not know it.
    Numbers(Vec<Option<u128>>),
}

/// What a look into a set gives.
pub(super) enum Found<'a> {
    /// It is in none.
    Nowhere,
    /// It is in this one.
    There(&'a Element),
    /// It may be in one of these or in none, and what that hangs on.
    Perhaps(&'static str, Vec<&'a Element>),
}

impl Span {
    /// One number.
    pub(super) fn one(number: u128) -> Self {
        Span::Numbers(number, number)
    }

    fn holds(&self, seen: &Seen<'_>) -> Tri {
        match (self, seen) {
            (_, Seen::Absent) => Tri::No,
            (_, Seen::Obscure(why)) => Tri::Perhaps(why),
            (Span::Any, _) => Tri::Yes,
            (Span::Numbers(from, to), Seen::Bits { value, known, why }) => {
                let (least, most) = (value & known, value | !known);
                if from == to {
                    return match (value ^ from) & known {
                        0 if *known == u128::MAX => Tri::Yes,
                        0 => Tri::Perhaps(why),
                        _ => Tri::No,
                    };
                }
                match () {
                    () if most < *from || least > *to => Tri::No,
                    () if least >= *from && most <= *to => Tri::Yes,
                    () => Tri::Perhaps(why),
                }
            }
            (Span::Name(name), Seen::Interface(Some(interface))) => (name == interface).into(),
            (Span::Begins(begin), Seen::Interface(Some(interface))) => {
                interface.starts_with(begin.as_str()).into()
            }
            // What comes from outside or goes there is never on the loopback interface.
            (Span::Name(name), Seen::Interface(None)) if name == "lo" => Tri::No,
            (Span::Name(_) | Span::Begins(_), Seen::Interface(None)) => Tri::Perhaps("the interface"),
            (Span::Name(_), Seen::NoInterface) => Tri::No,
            (Span::Begins(begin), Seen::NoInterface) if !begin.is_empty() => Tri::No,
            _ => Tri::Perhaps("a value that is not known"),
        }
    }
}

impl Set {
    /// A set of these.
    pub(super) fn new(elements: Vec<Element>) -> Self {
        let simple = |(at, element): (usize, &Element)| match (element.key.as_slice(), element.leaves) {
            ([Span::Numbers(from, to)], false) => Some((*from, *to, at)),
            _ => None,
        };
        let mut sorted: Option<Vec<_>> = elements.iter().enumerate().map(simple).collect();
        if let Some(all) = &mut sorted {
            all.sort_unstable();
            // Where some overlap, they are asked one after the other.
            let apart = all.windows(2).all(|two| matches!(two, [a, b] if a.1 < b.0));
            if !apart {
                sorted = None;
            }
        }
        Set { elements, sorted, moves: None, times_out: false }
    }

    /// A set of single values that lead nowhere.
    pub(super) fn of(spans: Vec<Span>) -> Self {
        Set::new(spans.into_iter().map(|span| Element::of(vec![span])).collect())
    }

    /// What is in it.
    pub(super) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Whether what is in it changes by itself.
    pub(super) fn comes_and_goes(&self) -> bool {
        self.moves.is_some() || self.times_out
    }

    /// Looks for a key.
    pub(super) fn find(&self, key: &[Seen<'_>]) -> Found<'_> {
        if key.iter().any(|seen| matches!(seen, Seen::Absent)) {
            return Found::Nowhere;
        }
        if let Some(why) = self.moves {
            return Found::Perhaps(why, self.elements.iter().collect());
        }
        if let ([Seen::Bits { value, known: u128::MAX, .. }], Some(sorted)) = (key, &self.sorted) {
            let after = sorted.partition_point(|(from, ..)| from <= value);
            let last = after.checked_sub(1).and_then(|at| sorted.get(at));
            return match last {
                Some((_, to, at)) if value <= to => {
                    self.elements.get(*at).map_or(Found::Nowhere, Found::There)
                }
                _ => Found::Nowhere,
            };
        }
        self.search(key)
    }

    fn search(&self, key: &[Seen<'_>]) -> Found<'_> {
        let mut perhaps = Vec::new();
        let mut why = None;
        let mut rest = None;
        for element in &self.elements {
            // A catch-all counts where nothing else does.
            if element.key.len() == 1 && element.key.iter().all(|span| *span == Span::Any) {
                rest = Some(element);
                continue;
            }
            match element.holds(key) {
                Tri::No => {}
                Tri::Yes if perhaps.is_empty() => return Found::There(element),
                Tri::Yes => {
                    // In a set without data it does not matter which one it is in.
                    if element.leads_to.is_none() {
                        return Found::There(element);
                    }
                    perhaps.push(element);
                }
                Tri::Perhaps(reason) => {
                    why = why.or(Some(reason));
                    perhaps.push(element);
                }
            }
        }
        match (why, rest) {
            (None, Some(rest)) => Found::There(rest),
            (None, None) => Found::Nowhere,
            (Some(why), rest) => {
                perhaps.extend(rest);
                Found::Perhaps(why, perhaps)
            }
        }
    }
}

impl Element {
    /// One that leads nowhere.
    pub(super) fn of(key: Vec<Span>) -> Self {
        Element { key, leads_to: None, leaves: false }
    }

    fn holds(&self, key: &[Seen<'_>]) -> Tri {
        if self.key.len() != key.len() {
            return Tri::Perhaps("a value that is not known");
        }
        let mut all = if self.leaves { Tri::Perhaps("an element that is about to leave") } else { Tri::Yes };
        for (span, seen) in self.key.iter().zip(key) {
            match span.holds(seen) {
                Tri::No => return Tri::No,
                Tri::Perhaps(why) => all = Tri::Perhaps(why),
                Tri::Yes => {}
            }
        }
        all
    }
}
