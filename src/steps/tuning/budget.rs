//! What values take of memory, disk and wire, part by part, by the formulas of `assets/budget.yml`. Pure; nothing of
//! it is drawn here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    known::Table,
    ngcp::options::{
        self,
        formula::{Figures, Formula, shown},
    },
};

/// One budget.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Budget {
    /// Of what: "memory", "logs and binary logs".
    pub(super) title: String,
    /// Each part with its name, in MB or requests a second.
    pub(super) parts: Vec<(String, f64)>,
    /// Parts that are not in it, with the figure that nobody told: "binary logs: binlog-day not known".
    pub(super) unknown: Vec<String>,
    /// Parts that are never cleared and grow until the disk is full; in it as large as they are now.
    pub(super) endless: Vec<String>,
    /// What there is of it; `None` where that is not known.
    pub(super) limit: Option<f64>,
    /// What must stay free of it.
    pub(super) reserve: f64,
    /// How much more it is if every worker takes all that it may. Not in the parts.
    pub(super) besides: Option<f64>,
    /// What was assumed because the host does not tell it: "4 MB for each process of the load balancer".
    pub(super) assumed: Vec<String>,
}

impl Budget {
    /// All parts.
    pub(super) fn total(&self) -> f64 {
        self.parts.iter().map(|(_, amount)| amount).sum()
    }

    /// How much too much it is with its reserve, below 0 when it fits; `None` where it is not known what there is.
    pub(super) fn excess(&self) -> Option<f64> {
        self.limit.map(|limit| self.total() + self.reserve - limit)
    }

    /// Whether it leaves the reserve; `None` where that is not known.
    pub(super) fn fits(&self) -> Option<bool> {
        let fits = self.excess()? <= 0.0 && self.endless.is_empty();
        (self.unknown.is_empty() || !fits).then_some(fits)
    }
}

/// The content of `assets/budget.yml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::steps) struct Budgets {
    derived: BTreeMap<String, Formula>,
    assumed: Vec<Assumed>,
    memory: Sum,
    load: Sum,
    keepalives: Sum,
    disk: Vec<Kept>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assumed {
    figure: String,
    value: Formula,
    of: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    #[serde(default)]
    limit: Option<Formula>,
    #[serde(default)]
    reserve: Option<Formula>,
    parts: Vec<Part>,
    #[serde(default)]
    besides: Option<Formula>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    takes: Formula,
}

/// What is kept on disk for some days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    takes: Formula,
    there: Formula,
    free: Formula,
}

/// What the values take.
pub(in crate::steps) static BUDGETS: Table<Budgets> =
    Table::new("assets/budget.yml", include_str!("../../../assets/budget.yml"), whole);

/// Whether it has all budgets, none of them worked out from itself.
fn whole(budgets: &Budgets) -> bool {
    let sums = [&budgets.memory, &budgets.load, &budgets.keepalives];
    sums.iter().all(|sum| !sum.parts.is_empty()) && !budgets.disk.is_empty() && !in_a_circle(budgets)
}

/// Whether a figure is worked out from itself, here or through an option.
fn in_a_circle(budgets: &Budgets) -> bool {
    let derived = budgets.derived.iter().map(|(name, formula)| (name.as_str(), formula));
    let assumed = budgets.assumed.iter().map(|one| (one.figure.as_str(), &one.value));
    let sized = options::all().iter().filter_map(|option| {
        let sized = option.tuning.as_ref()?.sized.as_ref()?;
        Some((option.name.as_str(), sized))
    });
    let needs: Vec<(&str, Vec<&str>)> =
        derived.chain(assumed).chain(sized).map(|(name, formula)| (name, formula.names())).collect();
    let mut open: BTreeSet<&str> = needs.iter().map(|(name, _)| *name).collect();
    while !open.is_empty() {
        let waits = |name: &&str| {
            needs.iter().any(|(one, names)| one == name && names.iter().any(|name| open.contains(name)))
        };
        let still: BTreeSet<&str> = open.iter().filter(|name| waits(name)).copied().collect();
        if still.len() == open.len() {
            return true;
        }
        open = still;
    }
    false
}

/// Adds the figures that can be worked out from those there are, and those that are assumed for want of a measured
/// one.
pub(super) fn complete(figures: &mut Figures) {
    let budgets = BUDGETS.get();
    let assumed = budgets.assumed.iter().map(|one| (&one.figure, &one.value));
    let all: Vec<(&String, &Formula)> = assumed.chain(&budgets.derived).collect();
    loop {
        let before = figures.len();
        for (name, formula) in &all {
            if !figures.contains_key(*name)
                && let Some(value) = formula.value(figures)
            {
                figures.insert((*name).clone(), value);
            }
        }
        if figures.len() == before {
            return;
        }
    }
}

/// Memory in MB: system, database, workers, shared memory.
pub(super) fn memory(figures: &Figures) -> Budget {
    BUDGETS.get().memory.with("memory", figures)
}

/// What begins in a second: keepalives, REGISTER requests, calls. There is no limit that is known.
pub(super) fn load(figures: &Figures) -> Budget {
    BUDGETS.get().load.with("load", figures)
}

/// Keepalives in a second; the limit is what their processes can send.
pub(super) fn keepalives(figures: &Figures) -> Budget {
    BUDGETS.get().keepalives.with("keepalives", figures)
}

/// Disk in MB that logs, and binary logs, take when all days are full: one budget where they share a disk; none of
/// what was not measured.
pub(super) fn disk(figures: &Figures) -> Vec<Budget> {
    let mut disks: Vec<(Option<f64>, Vec<&Kept>)> = Vec::new();
    for one in &BUDGETS.get().disk {
        // What is free was told of all disks at once: the same to the MB is the same disk.
        let free = one.free.value(figures).map(f64::round);
        match disks.iter_mut().find(|(other, _)| free.is_some() && *other == free) {
            Some((_, group)) => group.push(one),
            None => disks.push((free, vec![one])),
        }
    }
    let budgets = disks.into_iter().map(|(free, group)| kept(&group, free, figures));
    budgets.filter(|budget| !budget.parts.is_empty()).collect()
}

/// The budgets that have a limit.
pub(super) fn limited(figures: &Figures) -> Vec<Budget> {
    [memory(figures), keepalives(figures)].into_iter().chain(disk(figures)).collect()
}

/// One disk: what is on it now and what is free are all there is for it.
fn kept(group: &[&Kept], free: Option<f64>, figures: &Figures) -> Budget {
    const RESERVE: f64 = 0.1;
    let mut budget = Budget::default();
    let mut there = 0.0;
    for one in group {
        let (Some(takes), Some(now)) = (one.takes.value(figures), one.there.value(figures)) else {
            budget.unknown.push(unknown(&one.name, &[&one.takes, &one.there], figures));
            continue;
        };
        there += now;
        if takes.is_infinite() {
            budget.endless.push(one.name.clone());
        }
        budget.parts.push((one.name.clone(), if takes.is_infinite() { now } else { takes }));
    }
    let names: Vec<&str> = budget.parts.iter().map(|(name, _)| name.as_str()).collect();
    budget.title = names.join(" and ");
    budget.limit = free.map(|free| there + free);
    budget.reserve = budget.limit.unwrap_or_default() * RESERVE;
    budget
}

/// Which figure is missing for a part.
fn unknown(name: &str, formulas: &[&Formula], figures: &Figures) -> String {
    let names = formulas.iter().flat_map(|formula| formula.names());
    let missing: BTreeSet<&str> = names.filter(|name| !figures.contains_key(*name)).collect();
    let missing: Vec<&str> = missing.into_iter().collect();
    format!("{name}: {} not known", missing.join(", "))
}

impl Sum {
    fn with(&self, title: &str, told: &Figures) -> Budget {
        let mut figures = told.clone();
        complete(&mut figures);
        let mut budget = Budget { title: title.into(), ..Budget::default() };
        let mut used: Vec<&Formula> = self.limit.iter().chain(&self.reserve).collect();
        for part in &self.parts {
            used.push(&part.takes);
            match part.takes.value(&figures).filter(|takes| takes.is_finite()) {
                Some(takes) => budget.parts.push((part.name.clone(), takes.max(0.0))),
                None => budget.unknown.push(unknown(&part.name, &[&part.takes], &figures)),
            }
        }
        budget.limit = self.limit.as_ref().and_then(|limit| limit.value(&figures));
        budget.reserve =
            self.reserve.as_ref().and_then(|reserve| reserve.value(&figures)).unwrap_or_default();
        budget.besides = self.besides.as_ref().and_then(|besides| besides.value(&figures));
        budget.assumed = assumed(&used, told, &figures);
        budget
    }
}

/// The figures in these formulas that the host did not tell, and what stands for them.
fn assumed(formulas: &[&Formula], told: &Figures, figures: &Figures) -> Vec<String> {
    let budgets = BUDGETS.get();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = formulas.iter().flat_map(|formula| formula.names()).collect();
    while let Some(name) = open.pop() {
        if names.insert(name)
            && let Some(formula) = budgets.derived.get(name)
        {
            open.extend(formula.names());
        }
    }
    let assumed = budgets.assumed.iter().filter(|one| names.contains(one.figure.as_str()));
    let assumed = assumed.filter(|one| !told.contains_key(&one.figure));
    let words = |one: &Assumed| Some(format!("{} {}", shown(*figures.get(&one.figure)?), one.of));
    assumed.filter_map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::tuning::names::figure;

    #[test]
    fn figures_that_need_each_other_are_a_fault_of_the_table() {
        let table = |reserve: &str| {
            let text = include_str!("../../../assets/budget.yml");
            let text =
                text.replace("memory-reserve: max(memory / 16, 32)", &format!("memory-reserve: {reserve}"));
            Table::new("assets/budget.yml", String::leak(text), whole)
        };
        table("memory / 8").check().unwrap();
        for reserve in ["room", "memory-reserve", "buffer-pool-size"] {
            let error = table(reserve).check().unwrap_err().to_string();
            assert!(error.contains("assets/budget.yml"), "{reserve}: {error}");
        }
    }

    /// The table is worked out from figures that somebody gives, and from no other.
    #[test]
    fn every_name_in_a_formula_is_a_figure() {
        BUDGETS.check().unwrap();
        let mut all: Figures = options::all().iter().map(|option| (option.name.clone(), 1.0)).collect();
        for name in [
            figure::SUBSCRIBERS,
            figure::NATED,
            figure::REGISTER_EVERY,
            figure::CALLS,
            figure::GROWTH,
            figure::NOW,
            figure::HAD,
            figure::MEMORY,
            figure::CORES,
            figure::DATA,
            figure::LOG_DAY,
            figure::BINLOG_DAY,
            figure::LOG_NOW,
            figure::BINLOG_NOW,
            figure::LOG_FREE,
            figure::BINLOG_FREE,
            figure::LOG_FIT,
            figure::BINLOG_FIT,
        ] {
            all.insert(name.into(), 1.0);
        }
        complete(&mut all);
        for option in options::all() {
            for formula in option.tuning.iter().filter_map(|tuning| tuning.sized.as_ref()) {
                assert!(formula.value(&all).is_some(), "{}: {}", option.name, formula.text());
            }
        }
        for budget in [memory(&all), load(&all), keepalives(&all)] {
            assert!(budget.unknown.is_empty(), "{:?}", budget.unknown);
        }
        assert!(memory(&all).besides.is_some());
    }
}
