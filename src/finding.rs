//! What a step found on the host, in words an operator and a program can both use. Vocabulary only.

use serde::{Deserialize, Serialize};

/// The name of a step, e.g. `noatime`: stable, used on the command line, in answers, plans and journals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(std::borrow::Cow<'static, str>);

impl StepId {
    /// A step's own constant.
    pub const fn new(name: &'static str) -> Self {
        StepId(std::borrow::Cow::Borrowed(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StepId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// How bad it is if the finding fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs something one day.
    Low,
    /// Weakens the host.
    Medium,
    /// Somebody can get at calls or money.
    High,
    /// Somebody gets in now.
    Critical,
}

/// Whether the finding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Seen to be well.
    Pass,
    /// Seen to be wrong.
    Fail,
    /// Could not be seen; the evidence says why.
    Unknown,
    /// Does not exist on this host.
    NotApplicable,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, says what is wrong when failing: `PASSWORD-ROOT-DEFAULT`.
    pub id: String,
    /// The step that looks after it.
    pub step: StepId,
    /// How bad.
    pub severity: Severity,
    /// Holds or not.
    pub status: Status,
    /// For people: "Root still has the image's password" when failing, "Root has its own password" when not.
    pub title: String,
    /// What was seen, where.
    pub evidence: String,
    /// What to do about it.
    pub remedy: String,
    /// Handbook section, e.g. `15.3`.
    pub handbook: String,
}

/// Text from a host made safe for a terminal: control characters but line breaks and tabs become `�`.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '�' } else { c }).collect()
}

/// 0 to 100: each finding that could be judged weighs by its severity, unknown ones count half.
/// 100 when there is nothing to judge.
pub fn score<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> u8 {
    let (mut have, mut of) = (0u32, 0u32);
    for finding in findings {
        let weight = match finding.severity {
            Severity::Critical => 20,
            Severity::High => 10,
            Severity::Medium => 5,
            Severity::Low => 2,
            Severity::Info => 0,
        };
        match finding.status {
            Status::Pass => (have, of) = (have + weight, of + weight),
            Status::Fail => of += weight,
            Status::Unknown => (have, of) = (have + weight / 2, of + weight),
            Status::NotApplicable => {}
        }
    }
    (have * 100).checked_div(of).map_or(100, |score| u8::try_from(score).unwrap_or(100))
}
