//! The pictures: what the values take of memory, disk and wire, today and as answered, against what there is. Pure.

use super::{
    budget::{self, Budget},
    facts::Facts,
    names::{asks, by},
    questions::{HEADS, UNSET, proposing, sorted},
    sizing::{Sized, sized},
    words,
};
use crate::{
    ngcp::options::{
        self,
        formula::Figures,
        tuning::{Group, Range, Unit},
    },
    steps::{
        Answers, Figure,
        figure::{Bar, Bars, Table},
    },
};

/// All pictures, that of the group in focus first.
pub(super) fn figures(facts: &Facts, answers: &Answers) -> Vec<Figure> {
    if facts.options.is_empty() {
        return Vec::new();
    }
    let leaves = answers.choice(asks::VALUES).ok().flatten() != Some(by::PROPOSED);
    let then = sized(facts, &proposing(answers.clone()));
    let label = if leaves { "proposed" } else { "planned" };
    let keys = |groups: &[Group], also: &[&str]| {
        let options = then.options.iter().filter(|one| groups.contains(&one.option.group));
        let also = also.iter().map(|key| (*key).to_owned());
        also.chain(options.map(|one| one.now.name.clone())).collect::<Vec<_>>()
    };
    let both = |of: fn(&Figures) -> Budget| vec![("now", of(&then.today)), (label, of(&then.planned))];
    let memory = keys(&[Group::Memory], &[asks::VALUES, asks::SUBSCRIBERS, asks::GROWTH, asks::SHADOWED]);
    let load = keys(&[Group::Load], &[asks::REGISTER_EVERY, asks::CALLS]);
    let disk = keys(&[Group::Disk, Group::Logs], &[]);
    let mut all = vec![bars("Memory", "MB", &both(budget::memory), memory)];
    all.extend(keepalives(&both(budget::keepalives), &then.planned));
    all.push(bars("Load", "a second", &both(budget::load), load));
    let planned = budget::disk(&then.planned);
    for now in budget::disk(&then.today) {
        let Some(planned) = planned.iter().find(|other| other.title == now.title) else { continue };
        let title = format!("Disk, {}", now.title);
        all.push(bars(&title, "MB", &[("now", now), (label, planned.clone())], disk.clone()));
    }
    if leaves {
        all.push(table(&then));
    }
    all.into_iter().filter(|figure| !matches!(figure, Figure::Bars(bars) if bars.bars.is_empty())).collect()
}

/// Whole numbers of a unit.
fn whole(amount: f64) -> u64 {
    amount.round().max(0.0) as u64
}

fn bars(title: &str, unit: &'static str, budgets: &[(&str, Budget)], leads: Vec<String>) -> Figure {
    let bar = |(label, budget): &(&str, Budget)| {
        let parts = budget.parts.iter().map(|(name, amount)| (name.clone(), whole(*amount)));
        Bar { label: (*label).to_owned(), parts: parts.collect() }
    };
    let known = budgets.iter().filter(|(_, budget)| !budget.parts.is_empty());
    Figure::Bars(Bars {
        title: title.to_owned(),
        unit,
        limit: budgets.last().and_then(|(_, budget)| budget.limit).map(whole),
        bars: known.map(bar).collect(),
        notes: budgets.last().map(|(_, budget)| notes(budget, unit)).unwrap_or_default(),
        leads,
    })
}

/// What a bar does not show.
fn notes(budget: &Budget, unit: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if budget.reserve > 0.0 && budget.limit.is_some() {
        let fits = if budget.fits() == Some(false) { ": it does not fit" } else { "" };
        notes.push(format!("{} {unit} must stay free{fits}.", whole(budget.reserve)));
    }
    if let Some(besides) = budget.besides.filter(|besides| *besides >= 1.0) {
        notes.push(format!("If every worker took all it may, {} {unit} more.", whole(besides)));
    }
    if !budget.endless.is_empty() {
        notes
            .push(format!("Never cleared, they grow until the disk is full: {}.", budget.endless.join(", ")));
    }
    if !budget.unknown.is_empty() {
        notes.push(format!("Not in it: {}.", budget.unknown.join("; ")));
    }
    if !budget.assumed.is_empty() {
        notes.push(format!("Assumed, for this host does not tell: {}.", budget.assumed.join(", ")));
    }
    notes
}

/// Keepalives beside what as many processes as there may be can send.
fn keepalives(budgets: &[(&str, Budget)], planned: &Figures) -> Option<Figure> {
    const PROCESSES: &str = "natping-processes";
    let [(_, now), (label, then)] = budgets else { return None };
    let Unit::Count(Range { max, .. }) = options::find(PROCESSES)?.tuning.as_ref()?.unit else { return None };
    let processes = planned.get(PROCESSES).filter(|count| **count > 0.0)?;
    let each = then.limit? / processes;
    let most = Budget { limit: Some(each * max as f64), ..then.clone() };
    let leads = [asks::BEHIND_NAT, "natping-interval", PROCESSES].map(str::to_owned).to_vec();
    let Figure::Bars(mut bars) =
        bars("Keepalives", "a second", &[("now", now.clone()), (label, most)], leads)
    else {
        return None;
    };
    bars.notes.insert(
        0,
        format!(
            "{max} processes, the most there may be, send {}; {processes} send {}.",
            whole(each * max as f64),
            whole(each * processes)
        ),
    );
    Some(Figure::Bars(bars))
}

/// What each option would become, where nothing is answered for it.
fn table(proposed: &Sized<'_>) -> Figure {
    let rows = sorted(proposed).into_iter().map(|one| {
        let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let now = one.now.text.clone().unwrap_or_else(|| UNSET.to_owned());
        let mark = if one.changes() { " *" } else { "" };
        let cells =
            vec![cell(&one.now.low), cell(&one.now.high), now, format!("{}{mark}", words::value(one))];
        (one.option.label.clone(), cells)
    });
    let [_, low, high, now, _] = HEADS;
    Figure::Table(Table {
        title: "Option".to_owned(),
        columns: [low, high, now, "proposed (* new)"].map(str::to_lowercase).to_vec(),
        chosen: None,
        rows: rows.collect(),
    })
}
