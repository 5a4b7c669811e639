//! By how much the days for which logs and binary logs are kept must shrink to fit on their disk. Pure.

use super::{budget, names::figure};
use crate::ngcp::options::formula::Figures;

/// What is kept for days: its part of the budget, the option, the figure of a day, and that of how far it fits.
const KEPT: [(&str, &str, &str, &str); 2] = [
    ("logs", "syslog-preserve-days", figure::LOG_DAY, figure::LOG_FIT),
    ("binary logs", "binlog-days", figure::BINLOG_DAY, figure::BINLOG_FIT),
];

/// How much of the days beyond the first one fit, from 0 to 1, for each of the options that `may_shrink`; none where
/// the disk is not known, or something on it is never cleared.
pub(super) fn fits(figures: &Figures, may_shrink: impl Fn(&str) -> bool) -> Vec<(String, f64)> {
    let mut fits = Vec::new();
    for budget in budget::disk(figures).iter().filter(|budget| budget.endless.is_empty()) {
        let Some(limit) = budget.limit else { continue };
        let (mut fixed, mut beyond, mut shrinking) = (0.0, 0.0, Vec::new());
        for (name, takes) in &budget.parts {
            let kept = KEPT.iter().find(|(part, option, ..)| part == name && may_shrink(option));
            match kept.and_then(|(_, _, day, fit)| Some((figures.get(*day)?, fit))) {
                Some((day, fit)) => {
                    let first = (day * figures.get(figure::GROWTH).unwrap_or(&1.0)).min(*takes);
                    (fixed, beyond) = (fixed + first, beyond + takes - first);
                    shrinking.push((*fit).to_owned());
                }
                None => fixed += takes,
            }
        }
        let room = limit - budget.reserve - fixed;
        let fit = if beyond > 0.0 { (room / beyond).clamp(0.0, 1.0) } else { 1.0 };
        fits.extend(shrinking.into_iter().map(|name| (name, fit)));
    }
    fits
}
