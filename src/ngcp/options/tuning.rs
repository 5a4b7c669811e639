//! What `assets/options.yml` knows of an option of the handbook's Table 10 beyond its place: unit, legal range, how it
//! is sized, what it costs. Data only; figures of a host do not live here.

use serde::Deserialize;

use super::formula::Formula;

/// What the tuning step knows of one option.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tuning {
    /// "Database buffer pool".
    pub label: String,
    /// Where it stands among the others.
    pub group: Group,
    /// What its value counts, and which are legal.
    #[serde(with = "serde_yaml::with::singleton_map_recursive")]
    pub unit: Unit,
    /// The value that is proposed: a formula over the figures of the host, the answers, and other options by name.
    /// Where there is none the value is left as it is.
    #[serde(default)]
    pub sized: Option<Formula>,
    /// What it is for and what goes wrong, in one or two sentences (handbook 15.7).
    pub why: String,
    /// What more of it takes: "its size in memory".
    pub costs: String,
    /// Why a value beyond the legal range is refused, where the handbook warns of it.
    #[serde(default)]
    pub dangerous: Option<String>,
    /// A legal value that is told with these words, for what it brings is easily overlooked.
    #[serde(default)]
    pub warned: Option<Warned>,
    /// 0 stands for no limit.
    #[serde(default)]
    pub endless: bool,
    /// The service that restarts when it changes; `None` when none does.
    #[serde(default)]
    pub restarts: Option<String>,
    /// What callers notice of a change; `None` when they notice nothing.
    #[serde(default)]
    pub notice: Option<String>,
    /// What becomes worse with a smaller value, for running calls: said in the review. `None` when nothing does.
    #[serde(default)]
    pub less: Option<String>,
    /// Where the value in force is looked at.
    #[serde(default, with = "serde_yaml::with::singleton_map_recursive")]
    pub seen: Option<InForce>,
}

impl Tuning {
    /// Whether it has all words, and a range with something in it.
    pub(super) fn is_whole(&self) -> bool {
        let words = [&self.label, &self.why, &self.costs].iter().all(|words| !words.is_empty());
        words
            && match &self.unit {
                Unit::Count(range) | Unit::Megabytes(range) | Unit::Seconds(range) | Unit::Days(range) => {
                    range.min < range.max
                }
                Unit::Size(range) => !range.min.is_empty() && !range.max.is_empty(),
                Unit::Words(words) => !words.is_empty(),
                Unit::Switch | Unit::Host => true,
            }
    }
}

/// Groups of options, in the order they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// What takes memory.
    Memory,
    /// Workers and what keeps them busy.
    Load,
    /// What takes disk.
    Disk,
    /// What is logged where.
    Logs,
}

/// What a value counts, and the legal ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Whole numbers, of processes.
    Count(Range),
    /// Whole MB, without a unit behind them.
    Megabytes(Range),
    /// With a unit behind it: `64M`.
    Size(SizeRange),
    /// Whole seconds.
    Seconds(Range),
    /// Whole days.
    Days(Range),
    /// `yes` and `no`, or `1` and `0` where it is written so.
    Switch,
    /// One of these words.
    Words(Vec<String>),
    /// The name or the address of a host; nothing where there is none.
    Host,
}

/// From where on a value is told with a warning.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warned {
    /// A larger number than this is.
    pub above: i64,
    /// What that brings.
    pub words: String,
}

/// Smallest and largest legal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Smallest.
    pub min: i64,
    /// Largest.
    pub max: i64,
}

/// Smallest and largest legal size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRange {
    /// Smallest: `5M`.
    pub min: String,
    /// Largest.
    pub max: String,
}

/// Where a value in force is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InForce {
    /// `innodb_buffer_pool_size` of the running server.
    BufferPool,
    /// A running kamailio.
    Kamailio {
        /// Which.
        instance: String,
        /// What of it.
        of: Of,
    },
    /// `modparam("MODULE", "NAME", VALUE)` in the configuration that a running kamailio was started with.
    Parameter {
        /// Which kamailio.
        instance: String,
        /// Module.
        module: String,
        /// Parameter.
        name: String,
    },
    /// Days for which the rotation of the platform's logs keeps them.
    Rotation,
}

/// What is looked at in a running kamailio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// MB that all processes share.
    SharedMemory,
    /// MB that each process may take for itself.
    PrivateMemory,
    /// Workers for each UDP socket.
    UdpWorkers,
    /// Workers for all TCP connections.
    TcpWorkers,
    /// Processes that send keepalives.
    Pingers,
}
