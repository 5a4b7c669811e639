//! What values take of memory, disk and wire, part by part, by the formulas of `assets/budget.yml`. Pure; nothing of
//! it is drawn here.

use crate::ngcp::options::formula::Figures;

/// One budget.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Budget {
    /// Each part with its name, in MB or messages a second.
    pub(super) parts: Vec<(String, f64)>,
    /// What there is of it; `None` where that is not known.
    pub(super) limit: Option<f64>,
    /// What must stay free of it.
    pub(super) reserve: f64,
    /// Names of figures that were assumed because the host does not tell them, with what was assumed.
    pub(super) assumed: Vec<String>,
}

impl Budget {
    /// All parts.
    pub(super) fn total(&self) -> f64 {
        self.parts.iter().map(|(_, amount)| amount).sum()
    }

    /// Whether it leaves the reserve; `None` where it is not known what there is.
    pub(super) fn fits(&self) -> Option<bool> {
        self.limit.map(|limit| self.total() + self.reserve <= limit)
    }
}

/// Memory in MB: system, database, workers, shared memory.
pub(super) fn memory(_figures: &Figures) -> Budget {
    Budget::default()
}

/// Disk in MB that logs, and binary logs, take when all days are full.
pub(super) fn disk(_figures: &Figures) -> Vec<(String, Budget)> {
    Vec::new()
}

/// Messages a second: REGISTER, keepalives, calls. The limit is what the keepalive processes can send.
pub(super) fn load(_figures: &Figures) -> Budget {
    Budget::default()
}
