//! One finding of this step, fit for a screen.

use crate::{
    finding::{Finding, Severity, Status},
    steps::passwords::names::ABOUT,
};

pub(super) fn finding(
    id: &str,
    severity: Severity,
    status: Status,
    title: &str,
    evidence: &str,
    remedy: &str,
) -> Finding {
    ABOUT.finding(id, severity, status, title, evidence, if status == Status::Pass { "" } else { remedy })
}

pub(super) fn unknown(id: &str, severity: Severity, what: &str, why: &str) -> Finding {
    let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    finding(
        id,
        severity,
        Status::Unknown,
        &format!("{what} is not known"),
        &why,
        "Run this on the host, or look at it by hand.",
    )
}

pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(400).collect()
}
