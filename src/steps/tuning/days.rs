//! How many days of logs and of binary logs fit on their disk, beside each other and whatever else it holds. Pure.

use super::{budget, names::figure};
use crate::ngcp::options::formula::Figures;

/// What is kept for days: its part of the budget, the option, the figure of a day, and that of how many days fit.
const KEPT: [(&str, &str, &str, &str); 2] = [
    ("logs", "syslog-preserve-days", figure::LOG_DAY, figure::LOG_FIT),
    ("binary logs", "binlog-days", figure::BINLOG_DAY, figure::BINLOG_FIT),
];

/// How many days fit of each option that `may_shrink`: all that are wanted, or the same share of each of them, but one
/// day at least. None where the disk is not known, or where something on it is never cleared.
pub(super) fn fitting(wanted: &Figures, may_shrink: impl Fn(&str) -> bool) -> Vec<(String, f64)> {
    let mut fitting = Vec::new();
    for budget in budget::disk(wanted).iter().filter(|budget| budget.endless.is_empty()) {
        let Some(limit) = budget.limit else { continue };
        let (mut fixed, mut beyond, mut shrinking) = (0.0, 0.0, Vec::new());
        for (name, takes) in &budget.parts {
            let kept = KEPT.iter().find(|(part, option, ..)| part == name && may_shrink(option));
            let kept =
                kept.and_then(|(_, option, day, fit)| Some((wanted.get(*option)?, wanted.get(*day)?, fit)));
            match kept {
                Some((days, day, fit)) => {
                    let first = (day * wanted.get(figure::GROWTH).unwrap_or(&1.0)).min(*takes);
                    (fixed, beyond) = (fixed + first, beyond + takes - first);
                    shrinking.push((fit, days));
                }
                None => fixed += takes,
            }
        }
        let room = limit - budget.reserve - fixed;
        let share = if beyond > 0.0 { (room / beyond).clamp(0.0, 1.0) } else { 1.0 };
        let days = |days: &f64| 1.0 + ((days - 1.0) * share).floor();
        fitting.extend(shrinking.into_iter().map(|(name, wanted)| ((*name).to_owned(), days(wanted))));
    }
    fitting
}
