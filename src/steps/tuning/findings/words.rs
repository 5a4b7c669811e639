//! The words of findings that every host has.

use super::super::names::ABOUT;
use crate::finding::{Finding, Severity, Status};

/// Words of a finding by how it comes out.
pub(super) struct Words {
    /// When it holds, when it does not, when nobody knows.
    pub(super) titles: [&'static str; 3],
    pub(super) remedy: &'static str,
}

impl Words {
    pub(super) fn finding(
        &self,
        id: &str,
        severity: Severity,
        status: Status,
        evidence: impl Into<String>,
    ) -> Finding {
        let [pass, fail, unknown] = self.titles;
        let title = match status {
            Status::Pass => pass,
            Status::Fail => fail,
            Status::Unknown | Status::NotApplicable => unknown,
        };
        ABOUT.finding(id, severity, status, title, evidence, self.remedy)
    }
}
