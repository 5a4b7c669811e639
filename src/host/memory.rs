//! Memory of the host and of its programs, as the kernel tells it: `/proc/meminfo`, `/proc/PID/smaps_rollup`. What a
//! program is for is not known here.

use anyhow::Result;

use crate::executor::Executor;

/// Memory of the whole host, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// What programs can still get.
    pub available: u64,
    /// Swap, all of it.
    pub swap: u64,
    /// Set aside for huge pages, which only programs that ask for them get.
    pub huge_pages: u64,
}

/// What some processes really take together, in bytes: what several share is counted once in their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// All of it (PSS).
    pub all: u64,
    /// What only they have, each for itself.
    pub private: u64,
}

/// Memory of the host.
///
/// # Errors
/// When the host does not run or does not tell.
pub fn memory(_host: &dyn Executor) -> Result<Memory> {
    anyhow::bail!("not read yet")
}

/// What these processes take; `None` where the kernel does not tell of all of them.
pub fn taken(_host: &dyn Executor, _processes: &[u32]) -> Option<Taken> {
    None
}
