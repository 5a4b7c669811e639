//! Findings of all steps, for people and programs.

use std::fmt::Write;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::{
    executor::Executor,
    finding::{self, Finding, Severity, Status, one_line, printable},
    ngcp::release::Release,
    steps::{self, Step},
};

/// What `audit --format json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// Version of this contract: 1.
    pub schema: u32,
    /// Host name.
    pub host: String,
    /// `mr13.5.1`, or `unknown`.
    pub release: String,
    /// `CE`, `PRO`, `Carrier` or `unknown`.
    pub edition: String,
    /// 0 to 100.
    pub score: u8,
    /// All of them, in the order of the steps.
    pub findings: Vec<Finding>,
}

/// Looks at the host, read only. `only` names steps; all when empty.
///
/// # Errors
/// When a name is no step.
pub fn audit(host: &dyn Executor, only: &[String]) -> Result<Audit> {
    for name in only {
        if steps::find(name).is_none() {
            let known: Vec<_> = steps::REGISTRY.iter().map(|step| step.about().id.as_str()).collect();
            bail!("there is no step '{name}'; steps are: {}", known.join(", "));
        }
    }
    let wanted =
        |step: &&dyn Step| only.is_empty() || only.iter().any(|name| name == step.about().id.as_str());
    let steps: Vec<_> = steps::REGISTRY.iter().copied().filter(wanted).collect();
    let findings = steps::look_all(host, &steps);
    let release = Release::read(host);
    Ok(Audit {
        schema: 1,
        host: crate::host::name(host),
        release: release.version_text(),
        edition: release.edition_text(),
        score: finding::score(&findings),
        findings,
    })
}

impl Audit {
    /// Whether a finding of `severity` or worse fails.
    pub fn fails_at(&self, severity: Severity) -> bool {
        self.findings.iter().any(|f| f.status == Status::Fail && f.severity >= severity)
    }

    /// Whether anything could be judged; nothing can in an empty directory.
    pub fn saw_anything(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.status, Status::Fail | Status::Pass))
    }

    /// For people: worst first, what is well in one line.
    pub fn text(&self) -> String {
        let mut out = format!(
            "{}  sip:provider {} {}\nHardening {} / 100\n\n",
            one_line(&self.host),
            self.edition,
            self.release,
            self.score
        );
        let mut open: Vec<&Finding> =
            self.findings.iter().filter(|f| matches!(f.status, Status::Fail | Status::Unknown)).collect();
        open.sort_by_key(|f| (f.status == Status::Unknown, std::cmp::Reverse(f.severity)));
        for finding in &open {
            let word = match finding.status {
                Status::Unknown => "unknown".to_owned(),
                _ => format!("{:?}", finding.severity).to_lowercase(),
            };
            let _ = writeln!(out, "{word:<9} {}", one_line(&finding.title));
            let place = format!("{}  {}, handbook {}", finding.id, finding.step, finding.handbook);
            // Indented, so that no line from the host can be taken for one of ours.
            for line in [&place, &finding.evidence, &finding.remedy].into_iter().flat_map(|text| text.lines())
            {
                let _ = writeln!(out, "          {}", printable(line));
            }
            out.push('\n');
        }
        let count = |status| self.findings.iter().filter(|f| f.status == status).count();
        let _ = writeln!(
            out,
            "{} wrong, {} unknown, {} well, {} not applicable",
            count(Status::Fail),
            count(Status::Unknown),
            count(Status::Pass),
            count(Status::NotApplicable)
        );
        out
    }
}
