//! The rule that hands media to the kernel (15.2; facts by release in `PLATFORM.md`): where it is, whether it comes
//! first, how it is put back.

mod iptables;
mod kernel;
mod policy;
mod rule;
mod settings;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::settings::Settings;
pub use self::{iptables::Restored, rule::Rule};
use super::{config::Config, reachable::Ports, release::Version};
use crate::{executor::Executor, host::packet_filter::Filters};

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
    /// Streams that the kernel forwards now, and the packets of them so far.
    pub forwarded: Option<(usize, u64)>,
    /// The policy of INPUT was opened while something relies on it (rtpengine issue 1785): for people.
    pub policy_opened: Option<String>,
    /// How it is put back; `None` where nothing can do that, or nothing is wanted.
    pub way: Option<Way>,
}

/// How the rule is put back, without a restart of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The daemon's own verb: it removes what it finds of its own, then puts chain, jump and rule in place, first.
    Verb {
        /// What it is configured in.
        config: PathBuf,
        /// Chain and base chain, where its file names none.
        chains: Option<(String, String)>,
    },
    /// The commands of the old start script, each family in one transaction.
    Iptables {
        /// For IPv4 and for IPv6, where the rule is not as it should be.
        families: [Option<Restored>; 2],
    },
}

/// Looks at files, rules and the kernel. `media` are the ports of RTP.
pub fn look(
    host: &dyn Executor,
    filters: &Filters,
    config: Option<&Config>,
    version: Option<Version>,
    media: &[Ports],
) -> Look {
    let settings = settings::read(host, config, version);
    let unseen = filters.unseen.first();
    let family = |v6: bool| {
        let left_out = "nftables-family in rtpengine.conf leaves this family out";
        match (rule::find(filters.tables(), v6, settings.table, media), unseen) {
            (Rule::Missing | Rule::Fine, Some(why)) => Rule::Unknown(why.clone()),
            (Rule::Missing, None) if !settings.families[usize::from(v6)] => {
                Rule::Unknown(left_out.to_owned())
            }
            (rule, _) => rule,
        }
    };
    let mut look = Look {
        wanted: settings.wanted,
        why: settings.why.clone(),
        table: settings.table,
        families: [family(false), family(true)],
        module: kernel::has_table(host, settings.table),
        forwarded: kernel::forwarded(host, settings.table),
        policy_opened: policy::opened(host, filters.tables(), config),
        way: None,
    };
    look.way = way(host, &settings, &look);
    look
}

impl Look {
    /// The families whose rule is not as it should be, by name, and what is wrong.
    pub fn wrong(&self) -> impl Iterator<Item = (&'static str, &Rule)> {
        ["IPv4", "IPv6"]
            .into_iter()
            .zip(&self.families)
            .filter(|(_, rule)| self.wanted == Some(true) && matches!(rule, Rule::Missing | Rule::Wrong(_)))
    }
}

fn way(host: &dyn Executor, settings: &Settings, look: &Look) -> Option<Way> {
    look.wrong().next()?;
    if let Some((config, untold)) = &settings.verb {
        let chains = untold.then(|| (settings.chain.clone(), settings.base.clone()));
        return Some(Way::Verb { config: config.clone(), chains });
    }
    let family = |v6: bool| {
        let broken = matches!(look.families[usize::from(v6)], Rule::Missing | Rule::Wrong(_));
        broken.then(|| iptables::restored(host, v6)).flatten()
    };
    let families = [family(false), family(true)];
    families.iter().any(Option::is_some).then_some(Way::Iptables { families })
}

#[cfg(test)]
mod tests;
