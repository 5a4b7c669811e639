//! What the values must be good for: subscribers, phones behind NAT, registrations, calls, growth; from the answers,
//! or from what the host told. Values of options are not worked out here.

use super::{
    facts::Facts,
    names::{asks, figure},
};
use crate::{
    ngcp::options::{self, formula::Figures},
    steps::Answers,
};

/// What the operator gives or confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// Accounts; `None` where nobody told: then nothing that depends on it is proposed.
    pub(super) subscribers: Option<i64>,
    /// Of 100.
    pub(super) behind_nat: i64,
    /// Seconds between two registrations of a phone.
    pub(super) register_every: i64,
    /// That begin in a second of the busy hour; `None` where the subscribers are.
    pub(super) calls: Option<i64>,
    /// More, of 100.
    pub(super) growth: i64,
}

/// Of so many subscribers one begins a call each second in the busy hour, where nobody tells another number.
const SUBSCRIBERS_PER_CALL: i64 = 1000;

impl Expected {
    /// As far as the host tells: what the questions start with. Where it does not tell how many of the registered
    /// phones are behind NAT, all are: too many keepalive processes are better than too few.
    pub(super) fn of(facts: &Facts) -> Self {
        let told = |name: &str| facts.measured.get(name).map(|one| one.value);
        let share = |part: f64, all: f64| (100.0 * part / all).ceil().clamp(0.0, 100.0) as i64;
        let registered = told(figure::REGISTERED_NOW).filter(|all| *all > 0.0);
        let behind_nat = told(figure::NATED_NOW).zip(registered).map(|(part, all)| share(part, all));
        let subscribers = told(figure::SUBSCRIBERS_NOW).map(|all| all as i64);
        Expected {
            subscribers,
            behind_nat: behind_nat.unwrap_or(100),
            register_every: register_every(facts),
            calls: subscribers.map(calls),
            growth: 0,
        }
    }

    /// As it is answered, and otherwise as the host tells.
    pub(super) fn new(facts: &Facts, answers: &Answers) -> Self {
        let answered = |key: &str| answers.number(key).ok().flatten().filter(|number| *number >= 0);
        let told = Expected::of(facts);
        // Where the host does not tell it, the question begins with 0: that is no answer.
        let subscribers = answered(asks::SUBSCRIBERS).filter(|all| *all > 0).or(told.subscribers);
        Expected {
            subscribers,
            behind_nat: answered(asks::BEHIND_NAT).unwrap_or(told.behind_nat).min(100),
            register_every: answered(asks::REGISTER_EVERY).filter(|s| *s > 0).unwrap_or(told.register_every),
            calls: answered(asks::CALLS).or_else(|| subscribers.map(calls)),
            growth: answered(asks::GROWTH).unwrap_or(told.growth),
        }
    }

    /// As formulas count with it.
    pub(super) fn figures(&self) -> Figures {
        let nated = self.subscribers.map(|all| (all as f64 * self.behind_nat as f64 / 100.0).ceil());
        let all = [
            (figure::SUBSCRIBERS, self.subscribers.map(|all| all as f64)),
            (figure::NATED, nated),
            (figure::REGISTER_EVERY, Some(self.register_every as f64)),
            (figure::CALLS, self.calls.map(|calls| calls as f64)),
            (figure::GROWTH, Some(1.0 + self.growth as f64 / 100.0)),
        ];
        all.into_iter().filter_map(|(name, figure)| Some((name.to_owned(), figure?))).collect()
    }
}

/// Calls a second.
fn calls(subscribers: i64) -> i64 {
    (subscribers / SUBSCRIBERS_PER_CALL).max(1)
}

/// What phones are told that ask for nothing.
fn register_every(facts: &Facts) -> i64 {
    const OPTION: &str = "proxy-default-expires";
    let there = facts.options.iter().find(|now| now.name == OPTION).and_then(|now| now.text.as_deref());
    let default = options::find(OPTION).map(|option| option.default.as_str());
    let seconds = |text: &str| text.trim().parse().ok().filter(|seconds| *seconds > 0);
    there.and_then(seconds).or(default.and_then(seconds)).unwrap_or(3600)
}
