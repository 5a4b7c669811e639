//! What is known of one running kamailio. How it is found out lives elsewhere.

use serde::{Deserialize, Serialize};

/// A running kamailio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `lb` or `proxy`, by the file it was started with.
    pub name: String,
    /// Its configuration file (`-f`).
    pub file: Option<String>,
    /// All its processes.
    pub processes: u64,
    /// Their numbers, the oldest first.
    pub pids: Vec<u32>,
    /// MB of memory that all its processes really take together, what they share counted once (PSS); `None` where the
    /// kernel does not tell.
    pub pss: Option<f64>,
    /// MB of `pss` that is not the memory they share on purpose: programs, and what each process has for itself.
    pub private: Option<f64>,
    /// MB that they share, as it was started (`-m`).
    pub shared_memory: Option<u64>,
    /// MB that each process may take for itself, as it was started (`-M`).
    pub private_memory: Option<u64>,
    /// What it says of itself; `None` where `kamcmd` does not answer.
    pub told: Option<Told>,
    /// Why it says nothing.
    pub silent: Option<String>,
}

/// What a running kamailio says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// UDP workers of each socket, the sockets in order of their names.
    pub udp_workers: Vec<u64>,
    /// Workers of all TCP connections.
    pub tcp_workers: u64,
    /// Processes that send keepalives.
    pub pingers: u64,
    /// MB of shared memory that is free now.
    pub shared_free: Option<f64>,
    /// MB of shared memory that was free when it was fullest since the start.
    pub shared_least: Option<f64>,
    /// MB that the fullest process has left of its own memory.
    pub private_free: Option<f64>,
    /// The control socket that answered.
    pub socket: String,
}

impl Instance {
    /// Whether it is the one of that name, or one of several load balancers (`lb_NAME`, from mr10.5 on).
    pub fn is(&self, name: &str) -> bool {
        let rest = self.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }
}
