//! One finding of this step, its evidence fit for a screen.

use crate::{
    finding::{Finding, Severity, Status, printable},
    steps::ssh::names::ABOUT,
};

/// So many places are named in one finding.
const MOST_PLACES: usize = 8;

pub(super) fn found(
    id: &str,
    severity: Severity,
    status: Status,
    title: &str,
    evidence: &str,
    remedy: &str,
) -> Finding {
    ABOUT.finding(id, severity, status, title, printable(evidence), remedy)
}

/// Places one after another, the first few.
pub(super) fn places(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let rest = all.len().saturating_sub(MOST_PLACES);
    let named = all[..all.len() - rest].join("; ");
    if rest > 0 { format!("{named}; and {rest} more") } else { named }
}
