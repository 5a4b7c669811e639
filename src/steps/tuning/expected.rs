//! What the values must be good for: subscribers, phones behind NAT, registrations, calls, growth; from the answers,
//! or from what the host told. Values of options are not worked out here.

use super::{
    facts::Facts,
    names::{asks, by, figure},
};
use crate::{
    ngcp::options::{self, formula::Figures},
    steps::Answers,
};

/// What the operator gives or confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// Accounts, 0 for a test system; `None` where nobody told: then nothing that depends on it is proposed.
    pub(super) subscribers: Option<i64>,
    /// Of 100 phones; `None` as with subscribers.
    pub(super) behind_nat: Option<i64>,
    /// Phones behind NAT; `None` as with subscribers.
    pub(super) nated: Option<i64>,
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
    /// As far as the host tells: what the questions start with, and what is so today. That nobody is there yet tells
    /// nothing of who will be.
    pub(super) fn of(facts: &Facts) -> Self {
        let counted = nated_of_registered(facts);
        let share = |(part, all): (f64, f64)| (100.0 * part / all).ceil().clamp(0.0, 100.0) as i64;
        let subscribers = counts(facts, figure::SUBSCRIBERS_NOW).map(|all| all as i64);
        Expected {
            subscribers,
            behind_nat: counted.map(share),
            nated: counted.map(|(part, _)| part as i64),
            register_every: register_every(facts),
            calls: subscribers.map(calls),
            growth: 0,
        }
    }

    /// As it is answered, and otherwise as the host tells.
    pub(super) fn new(facts: &Facts, answers: &Answers) -> Self {
        let answered = |key: &str| answers.number(key).ok().flatten().filter(|number| *number >= 0);
        let is_unknown = |key: &str| answers.choice(key).ok().flatten() == Some(by::UNKNOWN);
        let or_told =
            |key: &str, told: Option<i64>| answered(key).or_else(|| told.filter(|_| !is_unknown(key)));
        let told = Expected::of(facts);
        let subscribers = or_told(asks::SUBSCRIBERS, told.subscribers);
        let behind_nat = or_told(asks::BEHIND_NAT, told.behind_nat).map(|share| share.min(100));
        Expected {
            subscribers,
            behind_nat,
            nated: behind_nat.and_then(|share| nated(facts, subscribers, share)),
            register_every: answered(asks::REGISTER_EVERY).filter(|s| *s > 0).unwrap_or(told.register_every),
            calls: answered(asks::CALLS).or_else(|| subscribers.map(calls)),
            growth: answered(asks::GROWTH).unwrap_or(told.growth),
        }
    }

    /// As formulas count with it.
    pub(super) fn figures(&self) -> Figures {
        let all = [
            (figure::SUBSCRIBERS, self.subscribers.map(|all| all as f64)),
            (figure::NATED, self.nated.map(|phones| phones as f64)),
            (figure::REGISTER_EVERY, Some(self.register_every as f64)),
            (figure::CALLS, self.calls.map(|calls| calls as f64)),
            (figure::GROWTH, Some(1.0 + self.growth as f64 / 100.0)),
        ];
        all.into_iter().filter_map(|(name, figure)| Some((name.to_owned(), figure?))).collect()
    }
}

/// What was counted, where that is more than nothing.
fn counts(facts: &Facts, name: &str) -> Option<f64> {
    facts.measured.get(name).map(|one| one.value).filter(|all| *all > 0.0)
}

/// Registered phones behind NAT, and all that are registered.
fn nated_of_registered(facts: &Facts) -> Option<(f64, f64)> {
    let nated = facts.measured.get(figure::NATED_NOW)?.value;
    Some((nated, counts(facts, figure::REGISTERED_NOW)?))
}

/// Phones behind NAT when so many of 100 are. A phone is what is registered, of which an account may have several or
/// none: for other subscribers than were counted there are as many times more or less of them. Only where none is
/// registered each account counts as one.
fn nated(facts: &Facts, subscribers: Option<i64>, share: i64) -> Option<i64> {
    let Some(registered) = counts(facts, figure::REGISTERED_NOW) else {
        return subscribers.map(|all| (all as f64 * share as f64 / 100.0).ceil() as i64);
    };
    let counted = counts(facts, figure::SUBSCRIBERS_NOW);
    let times = subscribers.zip(counted).map_or(1.0, |(all, counted)| all as f64 / counted);
    // The share that was counted is rounded: the phones are not.
    let nated = match nated_of_registered(facts) {
        Some((nated, _)) if Expected::of(facts).behind_nat == Some(share) => nated,
        _ => registered * share as f64 / 100.0,
    };
    Some((nated * times).ceil() as i64)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{
        answers::Answer,
        form::Kind,
        tuning::{facts::Measured, questions},
    };

    fn facts(measured: &[(&str, f64)]) -> Facts {
        let one = |(name, value): &(&str, f64)| {
            ((*name).to_owned(), Measured { value: *value, by: "a test".to_owned() })
        };
        let options = options::all().iter().filter(|option| option.tuning.is_some());
        let now = |option: &options::Setting| crate::steps::tuning::facts::Now {
            name: option.name.clone(),
            text: Some(option.default.clone()),
            ..Default::default()
        };
        Facts {
            measured: measured.iter().map(one).collect(),
            options: options.map(now).collect(),
            ..Facts::default()
        }
    }

    fn with(measured: &[(&str, f64)], answers: &[(&str, Answer)]) -> Expected {
        let values = answers.iter().map(|(key, answer)| ((*key).to_owned(), answer.clone())).collect();
        Expected::new(&facts(measured), &Answers { values, ..Answers::default() })
    }

    fn counted(subscribers: f64, registered: f64, nated: f64) -> [(&'static str, f64); 3] {
        [
            (figure::SUBSCRIBERS_NOW, subscribers),
            (figure::REGISTERED_NOW, registered),
            (figure::NATED_NOW, nated),
        ]
    }

    /// Keepalives go to phones that are registered, not to every account.
    #[test]
    fn phones_behind_nat_are_those_that_are_registered() {
        let subscribers = |all| (asks::SUBSCRIBERS, Answer::Number(all));
        let share = |of| (asks::BEHIND_NAT, Answer::Number(of));
        let unknown = |key| (key, Answer::Choice(by::UNKNOWN.to_owned()));
        let host = counted(100_000.0, 20_000.0, 20_000.0);
        for (host, answers, nated) in [
            (&host[..], vec![], Some(20_000)),
            (&host, vec![subscribers(100_000), share(100)], Some(20_000)),
            (&host, vec![subscribers(200_000)], Some(40_000)),
            (&host, vec![share(50)], Some(10_000)),
            (&host, vec![subscribers(0)], Some(0)),
            (&host, vec![unknown(asks::BEHIND_NAT)], None),
            (&host, vec![unknown(asks::SUBSCRIBERS)], Some(20_000)),
            (&counted(9.0, 30_001.0, 10_000.0), vec![], Some(10_000)),
            (&host[..2], vec![], None),
            (&host[..2], vec![share(10)], Some(2_000)),
            (&[], vec![subscribers(50_000)], None),
            (&[], vec![subscribers(50_000), share(50)], Some(25_000)),
            (&counted(0.0, 0.0, 0.0), vec![subscribers(50_000), share(100)], Some(50_000)),
        ] {
            assert_eq!(with(host, &answers).nated, nated, "{host:?} {answers:?}");
        }
    }

    #[test]
    fn nobody_yet_is_not_known_and_an_answered_0_is_none() {
        let fresh = counted(0.0, 0.0, 0.0);
        let told = with(&fresh, &[]);
        assert_eq!((told.subscribers, told.behind_nat, told.nated), (None, None, None));
        assert_eq!(with(&fresh, &[(asks::SUBSCRIBERS, Answer::Number(0))]).subscribers, Some(0));
        let unknown = (asks::SUBSCRIBERS, Answer::Choice(by::UNKNOWN.to_owned()));
        assert_eq!(with(&counted(500.0, 0.0, 0.0), &[unknown]).subscribers, None);
    }

    #[test]
    fn questions_begin_with_what_was_counted_or_with_unknown() {
        let default = |measured: &[(&str, f64)], key: &str| {
            questions::form(&[], &facts(measured)).field(key).and_then(|field| field.kind.default())
        };
        let unknown = Some(Answer::Choice(by::UNKNOWN.to_owned()));
        assert_eq!(default(&counted(0.0, 0.0, 0.0), asks::SUBSCRIBERS), unknown);
        assert_eq!(default(&counted(0.0, 0.0, 0.0), asks::BEHIND_NAT), unknown);
        let host = counted(100.0, 40.0, 10.0);
        assert_eq!(default(&host, asks::SUBSCRIBERS), Some(Answer::Number(100)));
        assert_eq!(default(&host, asks::BEHIND_NAT), Some(Answer::Number(25)));
    }

    /// A registration that holds for a week is not made shorter because the question ended at a day.
    #[test]
    fn registrations_may_hold_as_long_as_they_do() {
        let mut facts = facts(&[]);
        for now in facts.options.iter_mut().filter(|now| now.name == "proxy-default-expires") {
            now.text = Some("604800".to_owned());
        }
        let form = questions::form(&[], &facts);
        let field = form.field(asks::REGISTER_EVERY).unwrap();
        assert!(matches!(field.kind, Kind::Number { default: 604_800, max: 31_536_000, .. }));
    }
}
