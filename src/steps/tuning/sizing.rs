//! What each option becomes: its proposal by the formula of `assets/options.yml`, or the operator's own value. Pure.

use super::{
    amount::Amount,
    budget, days,
    expected::Expected,
    facts::{Facts, Now, Running},
    guard,
    names::{asks, by, figure},
};
use crate::{
    ngcp::options::{
        self, Setting,
        formula::{Figures, Formula},
        tuning::{Tuning, Unit},
    },
    steps::Answers,
};

/// What becomes of one option.
#[derive(Debug, Clone)]
pub(super) struct Becoming<'a> {
    /// What is so now.
    pub(super) now: &'a Now,
    /// What is known of it.
    pub(super) option: &'static Tuning,
    /// What a fresh installation has; empty where that depends on the host.
    pub(super) default: &'static str,
    /// The value that it has; an error says why what is written is none. `None` where no file has one.
    pub(super) has: Option<Result<Amount, String>>,
    /// The value that it will have; `None` where it has none and gets none.
    pub(super) value: Option<Amount>,
    /// The value that its formula proposes; `None` without a formula, or where a figure of it is not known.
    pub(super) proposed: Option<Amount>,
    /// The formula with the numbers in it, or why there is none.
    pub(super) rule: Option<String>,
    /// What nobody told, so that the formula could not be worked out: "how many subscribers there are".
    pub(super) unknown: Option<&'static str>,
    /// How many workers the load needs, where that is more than are proposed for these processors.
    pub(super) needs: Option<f64>,
    /// What is easily overlooked of the value that it will have.
    pub(super) warned: Option<&'static str>,
    /// Why it cannot be: by its own range or beside the others.
    pub(super) refused: Option<String>,
    /// How it was answered.
    answered: Answered,
}

/// How the row of an option was answered.
#[derive(Debug, Clone, PartialEq)]
enum Answered {
    Auto,
    Keep,
    /// With a value; an error says why it is none.
    Own(Result<Amount, String>),
}

/// All values together.
#[derive(Debug, Clone)]
pub(super) struct Sized<'a> {
    /// In the order of the facts.
    pub(super) options: Vec<Becoming<'a>>,
    /// The figures of host and answers, with the values that the options will have.
    pub(super) planned: Figures,
    /// The same with the values that they have now.
    pub(super) today: Figures,
    /// What is so now: the values that they have now under the load that the host tells, whatever is answered.
    pub(super) present: Figures,
    /// Why all of it together cannot be, with the key of the question to change: memory, keepalives.
    pub(super) refused: Option<(String, String)>,
}

impl Becoming<'_> {
    /// Whether it is another value than config.yml uses now.
    pub(super) fn changes(&self) -> bool {
        self.value.as_ref().is_some_and(|value| !matches!(&self.has, Some(Ok(has)) if has == value))
    }

    /// Whether it becomes a smaller value than it is now. Where 0 means no end, it is the largest.
    pub(super) fn is_less(&self) -> bool {
        let now = self.has.as_ref().and_then(|has| self.figure(has.as_ref().ok()?));
        let becomes = self.value.as_ref().and_then(|value| self.figure(value));
        now.zip(becomes).is_some_and(|(now, becomes)| becomes < now)
    }

    /// Whether it is to be as it is proposed.
    pub(super) fn is_automatic(&self) -> bool {
        self.answered == Answered::Auto
    }

    /// The value that it will have as it is written there.
    pub(super) fn text(&self) -> Option<String> {
        let style = self.now.text.as_deref().unwrap_or(self.default);
        self.value.as_ref().map(|value| value.written(Some(style)))
    }

    fn figure(&self, value: &Amount) -> Option<f64> {
        value.number().map(|number| if self.option.endless && number == 0.0 { f64::INFINITY } else { number })
    }

    /// The value that a fresh installation has.
    fn fresh(&self) -> Option<Amount> {
        Amount::read(&self.option.unit, self.default).ok().filter(|_| !self.default.is_empty())
    }

    /// The value of today: that in force, or of a fresh installation, where no file has one.
    fn today(&self) -> Option<Amount> {
        match (&self.has, &self.now.running) {
            (Some(has), _) => has.clone().ok(),
            (None, Running::Is { value, .. }) => Amount::read(&self.option.unit, value).ok(),
            (None, _) => self.fresh(),
        }
    }

    /// The value of today where it is legal, otherwise that of a fresh installation: what `now` is in formulas.
    fn sane(&self) -> Option<Amount> {
        self.today().filter(|value| value.is_legal(&self.option.unit).is_ok()).or_else(|| self.fresh())
    }

    /// What its formula says, when all figures for it are there.
    fn propose(&mut self, figures: &Figures) {
        let Some(formula) = &self.option.sized else { return };
        let mut figures = figures.clone();
        let now = self.sane().and_then(|sane| self.figure(&sane));
        figures.extend(now.map(|now| (figure::NOW.to_owned(), now)));
        figures.insert(figure::HAD.into(), now.unwrap_or(0.0));
        let Some(figure) = formula.value(&figures) else { return };
        self.rule = if formula.text() == figure::NOW { None } else { formula.told(&figures) };
        let unlimited = |had: f64| {
            let free = [(figure::WORKERS_MOST.to_owned(), f64::INFINITY), (figure::HAD.to_owned(), had)];
            formula.value(&figures.clone().into_iter().chain(free).collect())
        };
        let beyond = |wanted: &f64| *wanted > figure;
        if unlimited(now.unwrap_or(0.0)).as_ref().is_some_and(beyond) {
            self.rule = self.rule.take().map(|told| format!("{told}: 2 for each processor, or 8"));
        }
        self.needs = unlimited(0.0).filter(beyond);
        self.proposed = match figure {
            endless if endless.is_infinite() => self.option.endless.then_some(Amount::Number(0)),
            figure => Amount::of(&self.option.unit, figure),
        };
        let asks_it = [figure::NOW, figure::HAD].iter().any(|name| formula.names().contains(name));
        let kept = asks_it && self.proposed == self.sane();
        self.rule = self.rule.take().map(|told| if kept { format!("{told}, as now") } else { told });
        let clamped = self.proposed.as_ref().and_then(Amount::number).filter(|_| figure.is_finite());
        if let Some(clamped) = clamped.filter(|clamped| (clamped - figure).abs() >= 1.0) {
            let told = self.rule.take().unwrap_or_default();
            self.rule = Some(format!("{told}, legal is {}", options::formula::shown(clamped)));
        }
    }

    /// Which figure of the host its formula waits for.
    fn waits_for(&self, figures: &Figures) -> Option<&'static str> {
        let names = self.option.sized.as_ref().map(Formula::names).unwrap_or_default();
        names.into_iter().filter(|name| !figures.contains_key(*name)).find_map(|name| match name {
            figure::SUBSCRIBERS | figure::CALLS => Some("how many subscribers there are"),
            figure::NATED => Some("how many phones are behind NAT"),
            figure::DATA => Some("how large the tables are"),
            figure::LOG_FIT => Some("what a day of logs takes, or what is free for them,"),
            figure::BINLOG_FIT => Some("what a day of binary logs takes, or what is free for them,"),
            figure::MEMORY => Some("how much memory there is"),
            figure::CORES | figure::WORKERS_MOST => Some("how many processors there are"),
            // What is worked out from those.
            _ => None,
        })
    }

    /// Without a proposal.
    fn leave(&mut self, unknown: Option<&'static str>) {
        self.unknown = unknown;
        self.rule = Some(match unknown {
            Some(unknown) => format!("not worked out: {unknown} is not known"),
            None => "not worked out: it has no value to begin with".into(),
        });
        // What is not legal is not left so because nobody told how many subscribers there are.
        if self.has.is_some() && self.today() != self.sane() {
            self.proposed = self.fresh();
        }
        self.decide();
    }

    /// Lets formulas count with what it will have.
    fn count_in(&self, figures: &mut Figures) {
        if let Some(figure) = self.counts() {
            figures.insert(self.now.name.clone(), figure);
        }
    }

    /// What it will have.
    fn decide(&mut self) {
        let kept = || self.has.clone().and_then(Result::ok);
        self.value = match &self.answered {
            Answered::Keep => kept(),
            Answered::Own(own) => own.clone().ok(),
            // A key that no file has is not added to say what is so without it.
            Answered::Auto if self.has.is_none() && self.proposed == self.fresh() => None,
            Answered::Auto => self.proposed.clone().or_else(kept),
        };
    }

    /// What it would have if nothing were short.
    fn wanted(&self) -> Option<f64> {
        let value = match &self.answered {
            Answered::Auto => self.sane(),
            Answered::Keep => self.today(),
            Answered::Own(own) => own.clone().ok(),
        };
        self.figure(&value?)
    }

    /// What formulas of other options count with.
    fn counts(&self) -> Option<f64> {
        let value = self.value.clone().or_else(|| self.today())?;
        self.figure(&value)
    }
}

impl Sized<'_> {
    /// What is to be said of all values together: what does not fit, and what these processors are too few for.
    pub(super) fn said(&self) -> Vec<String> {
        let mut said = guard::said(&self.planned);
        let automatic = self.options.iter().filter(|one| one.is_automatic());
        said.extend(automatic.filter_map(|one| {
            let (needs, most) = (options::formula::shown(one.needs?), one.value.as_ref()?);
            let label = &one.option.label;
            Some(format!("Tuning: {label}: {needs} by these figures, {most} at most for these processors."))
        }));
        said
    }
}

/// What the options become with these answers.
pub(super) fn sized<'a>(facts: &'a Facts, answers: &Answers) -> Sized<'a> {
    let proposed = answers.choice(asks::VALUES).ok().flatten() == Some(by::PROPOSED);
    let mut options: Vec<Becoming> = facts.options.iter().filter_map(|now| becoming(now, answers)).collect();
    let measured = || facts.measured.iter().map(|(name, one)| (name.clone(), one.value));
    let mut host = Expected::new(facts, answers).figures();
    host.extend(measured());
    let wanted = with(&host, &options, Becoming::wanted);
    let automatic = |name: &str| options.iter().any(|one| one.now.name == name && one.is_automatic());
    host.extend(days::fitting(&wanted, automatic));
    let now = |one: &Becoming| one.today().and_then(|value| one.figure(&value));
    let today = with(&host, &options, now);
    let mut present = Expected::of(facts).figures();
    present.extend(measured());
    let present = with(&present, &options, now);
    propose(&mut options, &host);
    relieve(&mut options, &host);
    if !proposed {
        for option in &mut options {
            option.answered = Answered::Keep;
            option.decide();
        }
    }
    let planned = with(&host, &options, Becoming::counts);
    refuse(&mut options);
    let refused = if proposed { guard::together(&planned, &today) } else { None };
    Sized { options, planned, today, present, refused }
}

fn becoming<'a>(now: &'a Now, answers: &Answers) -> Option<Becoming<'a>> {
    let Setting { default, tuning, .. } = options::find(&now.name)?;
    let option = tuning.as_ref()?;
    let written = now.text.as_deref().map(str::trim).filter(|text| !text.is_empty() && *text != "~");
    let answered = match answers.values.get(&now.name).map(ToString::to_string) {
        None => Answered::Auto,
        Some(word) if word == by::AUTO => Answered::Auto,
        Some(word) if word == by::KEEP => Answered::Keep,
        Some(own) => Answered::Own(Amount::read(&option.unit, &own)),
    };
    Some(Becoming {
        now,
        option,
        default,
        has: match written {
            Some(text) => Some(Amount::read(&option.unit, text)),
            // Without a log server nothing is sent, that is none of its faults.
            None if now.is_empty() && option.unit != Unit::Host => {
                Some(Err("no value stands there".to_owned()))
            }
            None => None,
        },
        value: None,
        proposed: None,
        rule: None,
        unknown: None,
        needs: None,
        warned: None,
        refused: None,
        answered,
    })
}

/// The figures of the host with those of the options.
fn with<'a>(
    host: &Figures,
    options: &[Becoming<'a>],
    figure: impl Fn(&Becoming<'a>) -> Option<f64>,
) -> Figures {
    let each = options.iter().filter_map(|one| Some((one.now.name.clone(), figure(one)?)));
    host.iter().map(|(name, figure)| (name.clone(), *figure)).chain(each).collect()
}

/// Works out the proposals in an order in which each finds the values that it needs.
fn propose(options: &mut [Becoming], host: &Figures) {
    let mut figures = host.clone();
    // What does not wait for a proposal is decided first.
    for option in options.iter_mut().filter(|one| one.option.sized.is_none() || !one.is_automatic()) {
        option.decide();
        option.count_in(&mut figures);
    }
    let mut open: Vec<&mut Becoming> = options.iter_mut().filter(|one| one.option.sized.is_some()).collect();
    while !open.is_empty() {
        budget::complete(&mut figures);
        let before = open.len();
        open.retain_mut(|option| {
            option.propose(&figures);
            let worked_out = option.proposed.is_some();
            if worked_out {
                option.decide();
                option.count_in(&mut figures);
            }
            !worked_out
        });
        if open.len() < before {
            continue;
        }
        // Those for which nobody told a figure stay as they are, and others count with that.
        let any = open.iter().any(|option| option.waits_for(&figures).is_some());
        open.retain_mut(|option| {
            let unknown = option.waits_for(&figures);
            if any && unknown.is_none() {
                return true;
            }
            option.leave(unknown);
            option.count_in(&mut figures);
            false
        });
    }
}

/// On a host that is too small for what is proposed no option is proposed to take more memory than it takes today.
fn relieve(options: &mut [Becoming], host: &Figures) {
    let planned = with(host, options, Becoming::counts);
    if budget::memory(&planned).excess().is_none_or(|excess| excess <= 0.0) {
        return;
    }
    // What is not legal today is not what it goes back to.
    let sane = with(host, options, |one| one.sane().and_then(|value| one.figure(&value)));
    for option in options.iter_mut().filter(|option| option.is_automatic()) {
        if !guard::takes_more_memory(&option.now.name, &planned, &sane) {
            continue;
        }
        let told = option.rule.take().map(|told| format!("{told}, ")).unwrap_or_default();
        option.rule = Some(format!("{told}no more than now: memory is short"));
        option.proposed = option.sane();
        option.decide();
    }
}

/// Says why values that are answered or proposed cannot be.
fn refuse(options: &mut [Becoming]) {
    for option in options.iter_mut() {
        option.refused = match &option.answered {
            Answered::Own(Err(why)) => Some(why.clone()),
            Answered::Own(Ok(own)) => guard::alone(option.option, own),
            _ if option.changes() => {
                option.value.as_ref().and_then(|value| guard::alone(option.option, value))
            }
            _ => None,
        };
        let number = option.value.as_ref().and_then(Amount::number);
        let warned = option.option.warned.as_ref();
        option.warned = warned
            .filter(|warned| number.is_some_and(|number| number > warned.above as f64))
            .map(|warned| warned.words.as_str());
    }
    let find = |name: &str| options.iter().find(|option| option.now.name == name);
    let refused = guard::beside(
        |name| find(name).and_then(|option| option.value.as_ref()),
        |name| find(name).is_some_and(Becoming::changes),
    );
    for (key, why) in refused {
        if let Some(option) = options.iter_mut().find(|option| option.now.name == key) {
            option.refused.get_or_insert(why);
        }
    }
}
