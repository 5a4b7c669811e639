//! One base chain and all that it calls: what comes out of it, for every outcome of what cannot be told.

use super::packet::{Mark, Packet, State};
use crate::host::packet_filter::{
    expression::{Expr, NewAddress, Part, Redirect, Right, Test},
    ruleset::{Chain, Rule, Table},
    seen::{Seen, Tri},
    set::{Data, Found, Go, Set},
};

/// How deep chains may call each other; the kernel allows 16.
const DEEPEST: usize = 32;
/// The most states of a packet that are followed at once.
const MOST_STATES: usize = 64;

/// What happened on the way so far, over all outcomes.
#[derive(Debug, Default)]
pub(super) struct Ways<'r> {
    /// A rule, or the policy of a chain, that ends the way of some.
    pub(super) dropped: Option<Place<'r>>,
    /// The rule that let it through, in the chain that was walked last.
    pub(super) accepted: Option<Place<'r>>,
    /// The first rule of which nobody can tell whether it holds, and what it hangs on.
    pub(super) perhaps: Option<(Place<'r>, &'static str)>,
    /// Why nothing can be said of some outcome at all.
    pub(super) lost: Option<(Option<Place<'r>>, String)>,
    /// Rules that may still be asked.
    pub(super) steps: usize,
}

/// A rule, or the policy of a chain where there is no rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'r> {
    pub(super) table: &'r Table,
    pub(super) chain: &'r Chain,
    pub(super) rule: Option<&'r Rule>,
}

impl Place<'_> {
    /// In the words of the filter.
    pub(super) fn words(&self) -> String {
        let policy = match &self.chain.base {
            Some(base) if base.drops => "policy drop",
            _ => "policy accept",
        };
        let said = self.rule.map_or(policy, |rule| rule.text.as_str());
        let said: String = said.chars().take(300).collect();
        format!("{} {}: {said}", self.table.title(), self.chain.name)
    }
}

/// Where the states of a packet are after a chain.
#[derive(Default)]
struct After {
    accepted: Vec<State>,
    returned: Vec<State>,
}

/// What a base chain does beside letting through and dropping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Translates {
    /// Nothing: it is no chain of nat.
    No,
    /// A new connection from outside gets another destination.
    Destination,
    /// Something that leads away from what is followed here.
    Elsewhere,
}

/// Walks a base chain with every state; gives back those that go on.
pub(super) fn walk<'r>(
    table: &'r Table,
    chain: &'r Chain,
    packet: &Packet<'_>,
    states: Vec<State>,
    translates: Translates,
    ways: &mut Ways<'r>,
) -> Vec<State> {
    let mut walk = Walk { table, packet, translates, ways };
    let After { mut accepted, returned } = walk.chain(chain, states, 0);
    let drops = chain.base.as_ref().is_some_and(|base| base.drops);
    if drops && !returned.is_empty() {
        walk.ways.dropped.get_or_insert(Place { table, chain, rule: None });
    } else {
        returned.into_iter().for_each(|state| add(&mut accepted, state));
    }
    accepted
}

fn add(states: &mut Vec<State>, state: State) {
    if !states.contains(&state) {
        states.push(state);
    }
}

struct Walk<'r, 'w> {
    table: &'r Table,
    packet: &'w Packet<'w>,
    translates: Translates,
    ways: &'w mut Ways<'r>,
}

impl<'r> Walk<'r, '_> {
    fn chain(&mut self, chain: &'r Chain, mut states: Vec<State>, depth: usize) -> After {
        let mut after = After::default();
        for rule in &chain.rules {
            if states.is_empty() || self.ways.lost.is_some() {
                break;
            }
            if self.ways.steps == 0 || states.len() > MOST_STATES || depth > DEEPEST {
                self.lose(None, "the rules lead on too far to be followed".to_owned());
                return After::default();
            }
            self.ways.steps -= 1;
            if self.packet.comes_in
                && states.iter().all(|state| rule.gate.is_shut(self.packet.v6, self.packet.other, state.port))
            {
                continue;
            }
            // Most rules hold for nobody: nothing is moved then.
            if let [one] = states.as_slice()
                && self.ends_at_once(rule, one)
            {
                continue;
            }
            let place = Place { table: self.table, chain, rule: Some(rule) };
            let mut next = Vec::new();
            for state in std::mem::take(&mut states) {
                self.rule(place, rule, state, depth, &mut next, &mut after);
            }
            states = next;
        }
        states.into_iter().for_each(|state| add(&mut after.returned, state));
        after
    }

    fn lose(&mut self, place: Option<Place<'r>>, why: String) {
        self.ways.lost.get_or_insert((place, why));
    }

    /// Whether the first tests of a rule say no.
    fn ends_at_once(&self, rule: &Rule, state: &State) -> bool {
        for part in &rule.parts {
            match part {
                Part::Never => return true,
                Part::Test(test) => match self.test(test, state) {
                    Tri::No => return true,
                    Tri::Yes => {}
                    Tri::Perhaps(_) => return false,
                },
                _ => return false,
            }
        }
        false
    }

    fn test(&self, test: &Test, state: &State) -> Tri {
        let holds = |set: &Set, key: &[Seen<'_>]| match set.find(key) {
            Found::Nowhere => Tri::No,
            Found::There(_) => Tri::Yes,
            Found::Perhaps(why, _) => Tri::Perhaps(why),
        };
        let seen: &[Seen<'_>] = match &test.left {
            Expr::Field(field) => &[state.see(*field, self.packet)],
            other => &state.values(other, self.packet),
        };
        if seen.iter().any(|seen| matches!(seen, Seen::Absent)) {
            return Tri::No;
        }
        let bits = |bits: u128| match seen {
            [Seen::Bits { value, known, why }] => match () {
                () if value & known & bits != 0 => Tri::Yes,
                () if !known & bits == 0 => Tri::No,
                () => Tri::Perhaps(why),
            },
            [Seen::Obscure(why)] => Tri::Perhaps(why),
            _ => Tri::Perhaps("a value that is not known"),
        };
        let not = |tri| match tri {
            Tri::Yes => Tri::No,
            Tri::No => Tri::Yes,
            perhaps @ Tri::Perhaps(_) => perhaps,
        };
        // Where there is no interface, old and new kernels differ about "is not".
        let nowhere = seen.iter().any(|seen| matches!(seen, Seen::NoInterface));
        match &test.right {
            Right::In(set) => holds(set, seen),
            Right::NotIn(_) if nowhere => Tri::Perhaps("an interface that it has not at this point"),
            Right::NotIn(set) => not(holds(set, seen)),
            Right::AnyOf(wanted) => bits(*wanted),
            Right::NoneOf(wanted) => not(bits(*wanted)),
        }
    }

    /// A rule for one state.
    fn rule(
        &mut self,
        place: Place<'r>,
        rule: &'r Rule,
        mut state: State,
        depth: usize,
        next: &mut Vec<State>,
        after: &mut After,
    ) {
        for part in &rule.parts {
            match part {
                Part::Test(test) => match self.test(test, &state) {
                    Tri::Yes => {}
                    Tri::No => return add(next, state),
                    Tri::Perhaps(why) => {
                        self.ways.perhaps.get_or_insert((place, why));
                        add(next, state.clone());
                    }
                },
                Part::Perhaps(why) => {
                    self.ways.perhaps.get_or_insert((place, why));
                    add(next, state.clone());
                }
                Part::Never => return add(next, state),
                Part::Go(go) => return self.go(place, go, state, depth, next, after),
                Part::Choose(key, set) => {
                    let key = state.values(key, self.packet);
                    match set.find(&key) {
                        Found::Nowhere => return add(next, state),
                        Found::There(element) => {
                            return self.go(
                                place,
                                verdict(element.leads_to.as_ref()),
                                state,
                                depth,
                                next,
                                after,
                            );
                        }
                        Found::Perhaps(why, among) => {
                            self.ways.perhaps.get_or_insert((place, why));
                            if set.moves.is_some() {
                                return self.lose(Some(place), format!("it hangs on {why}"));
                            }
                            let mut tried: Vec<&Go> = Vec::new();
                            for element in among {
                                let go = verdict(element.leads_to.as_ref());
                                if !tried.contains(&go) {
                                    tried.push(go);
                                    self.go(place, go, state.clone(), depth, next, after);
                                }
                            }
                            return add(next, state);
                        }
                    }
                }
                Part::Mark(value) => match Mark::of(&state.value(value, self.packet)) {
                    Some(mark) => state.mark = mark,
                    None => return add(next, state),
                },
                Part::ConnectionMark(value) => match Mark::of(&state.value(value, self.packet)) {
                    Some(mark) => state.mark_connection(mark),
                    None => return add(next, state),
                },
                Part::Notrack => state.leave_alone(),
                Part::Redirect(redirect) => match self.redirect(redirect, &mut state) {
                    Ok(()) => return self.accept(place, state, after),
                    Err(why) => return self.lose(Some(place), why),
                },
                Part::Masquerade => {
                    return self.lose(Some(place), "it gets another source address".to_owned());
                }
                Part::Queue => {
                    self.ways.perhaps.get_or_insert((place, "a program of the host"));
                    self.ways.dropped.get_or_insert(place);
                    state.forget();
                    return self.accept(place, state, after);
                }
                Part::Unknown(what) => {
                    return self.lose(Some(place), format!("what this does is not known: {what}"));
                }
            }
        }
        add(next, state);
    }

    fn accept(&mut self, place: Place<'r>, state: State, after: &mut After) {
        self.ways.accepted.get_or_insert(place);
        add(&mut after.accepted, state);
    }

    fn go(
        &mut self,
        place: Place<'r>,
        go: &'r Go,
        state: State,
        depth: usize,
        next: &mut Vec<State>,
        after: &mut After,
    ) {
        match go {
            Go::Accept => self.accept(place, state, after),
            Go::Drop => {
                self.ways.dropped.get_or_insert(place);
            }
            Go::Return => add(&mut after.returned, state),
            Go::Continue => add(next, state),
            Go::Jump(name) | Go::Goto(name) => {
                let Some(chain) = self.table.chain(name) else {
                    return self.lose(Some(place), format!("it leads to a chain {name} that is not there"));
                };
                let inner = self.chain(chain, vec![state], depth + 1);
                inner.accepted.into_iter().for_each(|state| add(&mut after.accepted, state));
                let back = if matches!(go, Go::Jump(_)) { next } else { &mut after.returned };
                inner.returned.into_iter().for_each(|state| add(back, state));
            }
            Go::Unknown => self.lose(Some(place), "where this leads is not known".to_owned()),
        }
    }

    /// Another destination for a new connection.
    fn redirect(&self, redirect: &Redirect, state: &mut State) -> Result<(), String> {
        if self.translates != Translates::Destination {
            return Err("it is sent elsewhere on its way out".to_owned());
        }
        let before = (state.own, state.port);
        let number = |seen: Option<&Seen<'_>>| match seen {
            Some(Seen::Bits { value, known: u128::MAX, .. }) => Some(*value),
            _ => None,
        };
        match &redirect.address {
            NewAddress::Same => {}
            // The first address of the interface, whichever that is.
            NewAddress::Ours => state.own = None,
            NewAddress::Given(address) => {
                let address = state.values(address, self.packet);
                state.own = number(address.first());
                if state.own.is_none() {
                    return Err("which address it is sent on to is not known".to_owned());
                }
            }
            NewAddress::Pair(pair) => {
                let pair = state.values(pair, self.packet);
                state.own = number(pair.first());
                state.port = number(pair.get(1)).and_then(|port| u16::try_from(port).ok());
                if state.own.is_none() || state.port.is_none() {
                    return Err("which address it is sent on to is not known".to_owned());
                }
            }
        }
        if let Some(port) = &redirect.port {
            state.port =
                number(Some(&state.value(port, self.packet))).and_then(|port| u16::try_from(port).ok());
        }
        let changed = match (before, state.own, state.port) {
            ((_, Some(old)), _, Some(new)) if old != new => Some(true),
            ((Some(old), _), Some(new), Some(_)) => Some(old != new),
            _ => None,
        };
        state.send_on(changed);
        Ok(())
    }
}

fn verdict(data: Option<&Data>) -> &Go {
    match data {
        Some(Data::Go(go)) => go,
        _ => &Go::Unknown,
    }
}
