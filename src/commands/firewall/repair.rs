//! `firewall repair`: rtpengine's rule in its place again, and our stored rules where somebody removed them; looks
//! afterwards and says what it saw.

use anyhow::Result;

use super::load;
use crate::{
    commands::{exit, output::complain, subcommand::Target},
    effects::runs::Site,
    runner::Lock,
    steps::{firewall_repair, stored_rules},
};

pub(super) fn repair(Target { host, site }: &Target) -> Result<u8> {
    let host = &**host;
    let _lock = match site {
        Site::Root(root) => Some(Lock::outside_a_run(root, "repairing the packet filter", host.now())?),
        Site::Demo(..) => None,
    };
    let found = firewall_repair(host)?;
    if found.is_empty() {
        complain(
            "Nothing to repair: the rule of rtpengine and our rules are as they should be, or none is wanted.",
        );
        return Ok(exit::OK);
    }
    if let Some(wrong) = &found.rtpengine {
        if found.commands.is_empty() {
            load::tell(
                host,
                "daemon.err",
                &format!("the rule of rtpengine ({wrong}): nothing here can put it back"),
            );
        }
        for command in &found.commands {
            if let Err(error) = load::must(host, command) {
                load::tell(
                    host,
                    "daemon.err",
                    &format!("the rule of rtpengine ({wrong}) was not put back: {error:#}"),
                );
            }
        }
    }
    if let Some(wrong) = &found.ours
        && let Some(stored) = stored_rules(host)
        && let Err(error) = stored.rules.and_then(|rules| load::put(host, &rules))
    {
        load::tell(host, "daemon.crit", &format!("our rules ({wrong}) could not be loaded again: {error:#}"));
    }
    // Only what is seen afterwards counts.
    let now = firewall_repair(host)?;
    let mut code = exit::OK;
    for (what, before, after) in
        [("the rule of rtpengine", found.rtpengine, now.rtpengine), ("our rules", found.ours, now.ours)]
    {
        match (before, after) {
            (Some(before), None) => {
                load::tell(
                    host,
                    "daemon.warning",
                    &format!("{what}: repaired, and seen in place; before: {before}"),
                );
            }
            (_, Some(after)) => {
                load::tell(host, "daemon.err", &format!("{what}: still wrong after the repair ({after})"));
                code = exit::FAILED;
            }
            (None, None) => {}
        }
    }
    Ok(code)
}
