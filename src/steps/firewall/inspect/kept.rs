//! Whether the rules of others come again after a restart.

use std::path::Path;

use super::owners;
use crate::{
    executor::Executor,
    host::packet_filter::Filters,
    ngcp::config::Config,
    steps::firewall::facts::{Kept, Owner},
};

/// `None` where there are no rules of others that anybody would miss.
pub(super) fn look(
    host: &dyn Executor,
    owners: &[Owner],
    filters: &Filters,
    config: Option<&Config>,
) -> Option<Kept> {
    let platform = config.and_then(|config| config.text(&["security", "firewall", "enable"]));
    if platform.as_deref() == Some("yes") {
        return Some(known(true, "security.firewall of config.yml"));
    }
    if let Some(manager) = owners::in_charge(host) {
        let unit = format!("{manager}.service");
        return Some(match owners::enabled(host, &unit) {
            true => known(true, &unit),
            false => Kept { known: None, by: format!("whether {manager} is started again is not seen") },
        });
    }
    if !owners.iter().any(|owner| owner.name == "hand-made") {
        return None;
    }
    let has = |path: &str| host.metadata(Path::new(path)).is_ok();
    let nft = filters.tables().iter().any(|table| table.title().starts_with("inet "));
    Some(match () {
        () if owners::enabled(host, "nftables.service") && has("/etc/nftables.conf") => {
            known(true, "nftables.service loads /etc/nftables.conf")
        }
        () if owners::enabled(host, "netfilter-persistent.service")
            && has("/etc/iptables/rules.v4")
            && !nft =>
        {
            known(true, "netfilter-persistent loads /etc/iptables")
        }
        () if has("/etc/network/if-pre-up.d/iptables") || has("/etc/rc.local") => {
            Kept { known: None, by: "a script of this host may load them, which is not read".to_owned() }
        }
        () => {
            known(false, "nothing loads them: neither nftables.service nor netfilter-persistent is enabled")
        }
    })
}

fn known(known: bool, by: &str) -> Kept {
    Kept { known: Some(known), by: by.to_owned() }
}
