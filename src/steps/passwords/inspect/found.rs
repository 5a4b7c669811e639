//! One finding of this step, fit for a screen.

use crate::{
    finding::{Finding, Severity, Status, one_line},
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
    // Names in a database may be as long and as many as somebody likes.
    let evidence: String = one_line(evidence).chars().take(400).collect();
    ABOUT.finding(id, severity, status, title, evidence, if status == Status::Pass { "" } else { remedy })
}

pub(super) fn unknown(id: &str, severity: Severity, what: &str, why: &str) -> Finding {
    finding(
        id,
        severity,
        Status::Unknown,
        &format!("{what} is not known"),
        why,
        "Run this on the host, or look at it by hand.",
    )
}
