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
    let both = |of: fn(&Figures) -> Budget| vec![("now", of(&then.present)), (label, of(&then.planned))];
    let memory = keys(&[Group::Memory], &[asks::VALUES, asks::SUBSCRIBERS, asks::GROWTH, asks::SHADOWED]);
    let load = keys(&[Group::Load], &[asks::REGISTER_EVERY, asks::CALLS]);
    let disk = keys(&[Group::Disk, Group::Logs], &[]);
    let mut all = vec![bars("Memory", "MB", &both(budget::memory), memory)];
    all.extend(keepalives(&both(budget::keepalives), &then.planned));
    all.push(bars("Load", "a second", &both(budget::load), load));
    let planned = budget::disk(&then.planned);
    for now in budget::disk(&then.present) {
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
    let most = format!("{max} processes, the most there may be, send {}", whole(each * max as f64));
    let fewer = (*processes < max as f64).then(|| format!("; {processes} send {}", whole(each * processes)));
    bars.notes.insert(0, format!("{most}{}.", fewer.unwrap_or_default()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::{
        Answer,
        tuning::{
            facts::{Measured, Now},
            names::figure,
        },
    };

    /// What is answered for the future changes nothing of what is so now.
    #[test]
    fn the_picture_of_now_is_as_it_was_counted() {
        let counted = [
            (figure::SUBSCRIBERS_NOW, 1000.0),
            (figure::REGISTERED_NOW, 900.0),
            (figure::NATED_NOW, 900.0),
            (figure::LOG_DAY, 10.0),
            (figure::LOG_NOW, 930.0),
            (figure::LOG_FREE, 9000.0),
        ];
        let measured = counted.map(|(name, value)| (name.to_owned(), Measured { value, by: String::new() }));
        let options = options::all().iter().filter(|option| option.tuning.is_some());
        let now = |option: &options::Setting| Now {
            name: option.name.clone(),
            text: Some(option.default.clone()),
            ..Now::default()
        };
        let facts =
            Facts { measured: measured.into(), options: options.map(now).collect(), ..Facts::default() };
        let mut answers = Answers::default();
        answers.values.insert(asks::SUBSCRIBERS.to_owned(), Answer::Number(5000));
        answers.values.insert(asks::GROWTH.to_owned(), Answer::Number(100));
        let mut seen = Vec::new();
        for figure in figures(&facts, &answers) {
            let Figure::Bars(bars) = figure else { continue };
            assert!(!bars.notes.iter().any(|note| note.contains("send 1750; 7")), "{:?}", bars.notes);
            let sums = bars.bars.iter().map(|bar| bar.parts.iter().map(|(_, amount)| amount).sum::<u64>());
            seen.push((bars.title, sums.collect::<Vec<_>>()));
        }
        let of = |title: &str| seen.iter().find(|(one, _)| one == title).map(|(_, sums)| &sums[..]);
        assert_eq!(of("Keepalives"), Some(&[30, 300][..]));
        assert_eq!(of("Disk, logs"), Some(&[930, 1860][..]));
    }
}
