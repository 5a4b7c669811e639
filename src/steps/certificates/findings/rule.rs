//! What is looked for at each place, and what was seen of it.

use crate::{
    finding::{Severity, Status},
    steps::certificates::facts::{Facts, Seen},
};

/// What is looked for at each place.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// Behind the name of the place, where it holds.
    pub(super) holds: &'static str,
    pub(super) remedy: &'static str,
    /// `None` where it cannot be asked.
    pub(super) see: fn(&Facts, &Seen) -> Option<Sight>,
}

/// What was seen of one rule at one place.
pub(super) struct Sight {
    pub(super) status: Status,
    /// Other than the rule's own.
    pub(super) severity: Option<Severity>,
    /// Behind the name of the place, where it does not hold.
    pub(super) title: String,
    pub(super) evidence: String,
}

pub(super) fn seen(status: Status, title: impl Into<String>, evidence: impl Into<String>) -> Option<Sight> {
    Some(Sight { status, severity: None, title: title.into(), evidence: evidence.into() })
}

/// The least good of several decides.
pub(super) fn rank(status: Status) -> u8 {
    match status {
        Status::NotApplicable => 0,
        Status::Pass => 1,
        Status::Unknown => 2,
        Status::Fail => 3,
    }
}
