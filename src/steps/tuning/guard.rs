//! Which values are refused: alone, beside each other, and all together. What is as bad today already is not refused:
//! nobody is kept from making it better. Pure.

use super::{
    amount::Amount,
    budget::{self, Budget},
};
use crate::ngcp::options::{
    formula::{Figures, shown},
    tuning::Tuning,
};

/// A refusal: the key of the question to change, and the reason.
pub(super) type Refusal = (String, String);

/// Why this value is refused, whatever the others are.
pub(super) fn alone(option: &Tuning, value: &Amount) -> Option<String> {
    let why = value.is_legal(&option.unit).err()?;
    Some(match &option.dangerous {
        Some(dangerous) => format!("{why}: {dangerous}"),
        None => why,
    })
}

/// Why values are refused beside others: none that stays as it is. `value` tells what an option will have.
pub(super) fn beside<'a>(
    value: impl Fn(&str) -> Option<&'a Amount>,
    changes: impl Fn(&str) -> bool,
) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut refuse = |keys: [&str; 2], why: String| {
        if let Some(key) = keys.into_iter().find(|key| changes(key)) {
            refused.push((key.to_owned(), why));
        }
    };
    let [min, default, max] = ["proxy-min-expires", "proxy-default-expires", "proxy-max-expires"];
    let seconds = |name: &str| value(name).and_then(Amount::number);
    // 0 stands for no longest one.
    let longest = seconds(max).filter(|seconds| *seconds > 0.0);
    for (less, more, shorter, longer) in [
        (seconds(min), seconds(default), min, default),
        (seconds(default), longest, default, max),
        (seconds(min), longest, min, max),
    ] {
        if let (Some(less), Some(more)) = (less, more)
            && less > more
        {
            refuse([shorter, longer], format!("{shorter} is {less} s, {longer} only {more} s"));
        }
    }
    let [external, address] = ["syslog-external", "syslog-external-address"];
    let nowhere = value(address).is_none_or(|address| address.to_string().trim().is_empty());
    if nowhere && value(external).and_then(Amount::number) == Some(1.0) {
        refuse([external, address], format!("logs go to another host, but {address} names none"));
    }
    refused
}

/// Why all values together are refused: they need more than there is, and more than those of today.
pub(super) fn together(planned: &Figures, today: &Figures) -> Option<Refusal> {
    let before = budget::limited(today);
    let worse = budget::limited(planned).into_iter().find(|budget| {
        let same = before.iter().find(|before| before.title == budget.title);
        let endless = !budget.endless.is_empty() && same.is_none_or(|same| same.endless.is_empty());
        // Only the same parts can be compared.
        let same = same.filter(|same| same.unknown == budget.unknown);
        endless || more_than(budget.excess(), same.and_then(Budget::excess))
    })?;
    let key = to_blame(&worse.title, planned, today)?;
    Some((key, too_much(&worse)))
}

/// What does not fit with these values, one sentence each: said also of what is no worse than today.
pub(super) fn said(planned: &Figures) -> Vec<String> {
    let unfit = budget::limited(planned).into_iter().filter(|budget| budget.fits() == Some(false));
    unfit.map(|budget| format!("Tuning: with these values {}.", too_much(&budget))).collect()
}

/// In which way a budget does not fit.
fn too_much(budget: &Budget) -> String {
    let [total, reserve, limit] =
        [budget.total(), budget.reserve, budget.limit.unwrap_or_default()].map(rounded);
    if !budget.endless.is_empty() {
        format!("{} would grow until the disk is full", budget.endless.join(" and "))
    } else if budget.title == "keepalives" {
        format!("{total} keepalives are due each second, the processes can send {limit}")
    } else {
        let of = &budget.title;
        format!(
            "{of}: {total} MB and {reserve} MB that must stay free are more than the {limit} MB there are"
        )
    }
}

/// Whether the value of today, or none where there is none, takes less memory than the planned one.
pub(super) fn takes_more_memory(name: &str, planned: &Figures, today: &Figures) -> bool {
    budget::memory(&as_today(name, planned, today)).total() < budget::memory(planned).total()
}

/// The plan without this change.
fn as_today(name: &str, planned: &Figures, today: &Figures) -> Figures {
    let mut figures = planned.clone();
    match today.get(name) {
        Some(before) => figures.insert(name.to_owned(), *before),
        None => figures.remove(name),
    };
    figures
}

/// Whether it is too much, and more so than before.
fn more_than(excess: Option<f64>, before: Option<f64>) -> bool {
    const ROUNDING: f64 = 0.01;
    excess.is_some_and(|excess| excess > 0.0 && before.is_none_or(|before| excess > before + ROUNDING))
}

/// The option that would make most of the difference if it stayed as it is.
fn to_blame(title: &str, planned: &Figures, today: &Figures) -> Option<String> {
    let left = |name: &str| {
        let budgets = budget::limited(&as_today(name, planned, today));
        let budget = budgets.into_iter().find(|budget| budget.title == title)?;
        Some(budget.excess()? + if budget.endless.is_empty() { 0.0 } else { f64::MAX })
    };
    let changed = planned.iter().filter(|(name, value)| today.get(*name) != Some(value));
    let each = changed.filter_map(|(name, _)| Some((name.clone(), left(name)?)));
    each.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(name, _)| name)
}

fn rounded(figure: f64) -> String {
    shown(figure.ceil())
}
