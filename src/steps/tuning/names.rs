//! What this step, its questions, its figures and its findings are called, here and nowhere else. Each option of the
//! handbook's Table 10 is a question as well, by its name in `assets/options.yml`.

use crate::{finding::StepId, steps::step::About};

pub(super) static ABOUT: About = About {
    id: StepId::new("tuning"),
    title: "Tuning",
    why: "One wrong value stops kamailio or starves the database; right ones need this host's figures. Each value is worked out here, with the numbers in it.",
    handbook: "15.7",
    settled_by: &[
        (id::MEMORY_BUDGET, asks::VALUES),
        (id::DISK_BUDGET, asks::VALUES),
        (id::HIT_RATE, asks::VALUES),
        (id::NATPING_CAPACITY, asks::VALUES),
        (id::OUT_OF_MEMORY, asks::VALUES),
    ],
};

/// Keys of the questions that are no option.
pub(super) mod asks {
    /// Whether values are set: [`super::by::LEAVE`] or [`super::by::PROPOSED`].
    pub(crate) const VALUES: &str = "values";
    /// How many subscribers there are.
    pub(crate) const SUBSCRIBERS: &str = "subscribers";
    /// How many of 100 are behind NAT.
    pub(crate) const BEHIND_NAT: &str = "behind-nat";
    /// Seconds between two registrations of a phone.
    pub(crate) const REGISTER_EVERY: &str = "register-every";
    /// Calls that begin per second in the busy hour.
    pub(crate) const CALLS: &str = "calls";
    /// By how many of 100 all of it will grow.
    pub(crate) const GROWTH: &str = "growth";
    /// What becomes of a value that another file decides: [`super::by::REFUSE`] or [`super::by::THERE`].
    pub(crate) const SHADOWED: &str = "shadowed";
}

/// How questions are answered.
pub(super) mod by {
    pub(crate) const LEAVE: &str = "leave";
    /// The values that are proposed, but for options that are answered with a value of their own.
    pub(crate) const PROPOSED: &str = "proposed";
    /// An option: as it is proposed.
    pub(crate) const AUTO: &str = "auto";
    /// An option: as it is.
    pub(crate) const KEEP: &str = "keep";
    /// A figure that nobody told: what depends on it is left as it is.
    pub(crate) const UNKNOWN: &str = "unknown";
    pub(crate) const REFUSE: &str = "refuse";
    /// The value is changed in the file that decides it.
    pub(crate) const THERE: &str = "there";
}

/// Figures that formulas of `assets/options.yml` and `assets/budget.yml` use, besides the options by name. Memory and
/// disk are in MB.
pub(super) mod figure {
    /// From answers.
    pub(crate) const SUBSCRIBERS: &str = "subscribers";
    /// Phones behind NAT: counted, and as many more as are answered.
    pub(crate) const NATED: &str = "nated";
    /// Seconds, from answers.
    pub(crate) const REGISTER_EVERY: &str = "register-every";
    /// Calls a second, from answers.
    pub(crate) const CALLS: &str = "calls";
    /// 1.0 for none, 1.5 for a half more, from answers.
    pub(crate) const GROWTH: &str = "growth";
    /// The value that the option has now.
    pub(crate) const NOW: &str = "now";
    /// The same, 0 where it has none.
    pub(crate) const HAD: &str = "had";
    /// All memory of the host.
    pub(crate) const MEMORY: &str = "memory";
    /// Swap, all of it.
    pub(crate) const SWAP: &str = "swap";
    /// How many of 100 parts of the processors' time went by waiting for disks, over the time of the look.
    pub(crate) const IO_WAIT: &str = "io-wait";
    /// Processors.
    pub(crate) const CORES: &str = "cores";
    /// So many workers of one kind are proposed at most. Worked out.
    pub(crate) const WORKERS_MOST: &str = "workers-most";
    /// Memory in use by everything but the database and kamailio.
    pub(crate) const SYSTEM: &str = "system";
    /// UDP sockets of the load balancer, and of the proxy.
    pub(crate) const LB_SOCKETS: &str = "lb-sockets";
    pub(crate) const PROXY_SOCKETS: &str = "proxy-sockets";
    /// What a process of kamailio takes for itself, measured.
    pub(crate) const LB_WORKER: &str = "lb-worker";
    pub(crate) const PROXY_WORKER: &str = "proxy-worker";
    /// Processes of kamailio besides those that options count: UDP workers, TCP workers of the load balancer, pingers.
    /// Measured.
    pub(crate) const LB_OTHERS: &str = "lb-others";
    pub(crate) const PROXY_OTHERS: &str = "proxy-others";
    /// What the database takes besides its buffer pool, measured.
    pub(crate) const DATABASE_BASE: &str = "database-base";
    /// Tables and indexes.
    pub(crate) const DATA: &str = "data";
    /// Hits of 100 reads since the server started, and over the second of the look.
    pub(crate) const HIT_RATE: &str = "hit-rate";
    pub(crate) const HIT_RATE_NOW: &str = "hit-rate-now";
    /// Logs of a day as they are kept, binary logs of a day.
    pub(crate) const LOG_DAY: &str = "log-day";
    pub(crate) const BINLOG_DAY: &str = "binlog-day";
    /// Logs and binary logs there are now, and what is free beside each.
    pub(crate) const LOG_NOW: &str = "log-now";
    pub(crate) const BINLOG_NOW: &str = "binlog-now";
    pub(crate) const LOG_FREE: &str = "log-free";
    pub(crate) const BINLOG_FREE: &str = "binlog-free";
    /// How many days of logs, and of binary logs, fit on their disk beside each other. Worked out.
    pub(crate) const LOG_FIT: &str = "log-fit";
    pub(crate) const BINLOG_FIT: &str = "binlog-fit";
    /// Counted in the database.
    pub(crate) const SUBSCRIBERS_NOW: &str = "subscribers-now";
    pub(crate) const REGISTERED_NOW: &str = "registered-now";
    pub(crate) const NATED_NOW: &str = "nated-now";
}

/// Ids of the findings. Those of an option end in its name: `TUNING-NATPING-PROCESSES`.
pub(super) mod id {
    pub(crate) const MEMORY_BUDGET: &str = "TUNING-MEMORY-BUDGET";
    pub(crate) const DISK_BUDGET: &str = "TUNING-DISK-BUDGET";
    pub(crate) const HIT_RATE: &str = "TUNING-BUFFER-POOL-HIT-RATE";
    pub(crate) const NATPING_CAPACITY: &str = "TUNING-NATPING-CAPACITY";
    pub(crate) const OUT_OF_MEMORY: &str = "TUNING-KAMAILIO-OUT-OF-MEMORY";
    pub(crate) const OTHER_OWNER: &str = "TUNING-OTHER-OWNER";
    /// The value of config.yml is legal and does no harm here.
    const OPTION: &str = "TUNING-";
    /// The running service has the value of config.yml.
    const IN_FORCE: &str = "TUNING-IN-FORCE-";

    /// Of an option by name.
    pub(crate) fn option(name: &str) -> String {
        format!("{OPTION}{}", name.to_uppercase())
    }

    /// Of an option by name, whether it is in force.
    pub(crate) fn in_force(name: &str) -> String {
        format!("{IN_FORCE}{}", name.to_uppercase())
    }
}
