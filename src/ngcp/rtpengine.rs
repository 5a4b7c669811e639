//! The rule that hands media to the kernel (15.2; facts by release in `PLATFORM.md`): where it is, whether it comes
//! first, how it is put back.

use serde::{Deserialize, Serialize};

/// What is there of rtpengine's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Whether the platform wants one; why not, or why it cannot be told, stands in `why`.
    pub wanted: Option<bool>,
    /// For people: "a container: media stays in userspace", "table = -1 in rtpengine.conf".
    pub why: String,
    /// The number of its table.
    pub table: Option<u32>,
    /// IPv4, then IPv6.
    pub families: [Rule; 2],
    /// The kernel module is there, and knows the table.
    pub module: Option<bool>,
    /// The policy of INPUT was opened while something relies on it (rtpengine issue 1785): for people.
    pub policy_opened: Option<String>,
}

/// The rule of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// In place and first.
    Fine,
    /// Not there.
    Missing,
    /// There, and something is wrong with it: behind a rule that accepts first, doubled, of another table.
    Wrong(String),
    /// It cannot be seen, and why.
    Unknown(String),
}
