//! What the running server says of its buffer pool, its data and its binary logs, and how many subscribers it knows.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Database;

/// The buffer pool of the running server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BufferPool {
    /// Bytes.
    pub size: u64,
    /// Bytes that are filled with pages.
    pub filled: u64,
    /// Reads of pages since the server started, and how many of them went to disk.
    pub since_start: Reads,
    /// The same over the short time of the look.
    pub just_now: Reads,
    /// Bytes of tables and indexes that can be in it.
    pub data: u64,
}

/// Reads of pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// All.
    pub all: u64,
    /// From disk.
    pub disk: u64,
}

impl Reads {
    /// How many of 100 reads found their page in memory (facts: `1 - reads / read_requests`); `None` without reads.
    pub fn hit_rate(self) -> Option<f64> {
        (self.all > 0).then(|| 100.0 * (1.0 - self.disk as f64 / self.all as f64).max(0.0))
    }
}

/// Subscribers that the database knows; each `None` where this release does not keep it there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribers {
    /// Accounts.
    pub all: Option<u64>,
    /// Contacts that are registered now.
    pub registered: Option<u64>,
    /// Those behind NAT.
    pub nated: Option<u64>,
}

/// Binary logs of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinaryLogs {
    /// Bytes of each, the oldest first.
    pub sizes: Vec<u64>,
    /// The directory they lie in.
    pub directory: String,
}

impl Database<'_> {
    /// The buffer pool, looked at for about a second.
    ///
    /// # Errors
    /// When the server cannot be asked or answers something else.
    pub fn buffer_pool(&self) -> Result<BufferPool> {
        anyhow::bail!("not asked yet")
    }

    /// Subscribers and their registrations, in the tables and columns that this release has.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn subscribers(&self) -> Result<Subscribers> {
        anyhow::bail!("not asked yet")
    }

    /// Its binary logs; `None` where it writes none.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn binary_logs(&self) -> Result<Option<BinaryLogs>> {
        anyhow::bail!("not asked yet")
    }
}
