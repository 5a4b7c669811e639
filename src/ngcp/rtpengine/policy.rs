//! Whether INPUT drops by its policy where somebody stored that it shall. A start of some releases of rtpengine sets it to
//! accept (rtpengine issue 1785), and everything that relied on it is open then.

use std::path::Path;

use super::super::config::Config;
use crate::{
    executor::Executor,
    host::packet_filter::{Family, Hook, Table},
};

/// Who said that INPUT drops, and that it does not; `None` when all is as said, or nobody said so.
pub(super) fn opened(host: &dyn Executor, tables: &[Table], config: Option<&Config>) -> Option<String> {
    let open = |v6: bool| policy(tables, v6) == Some(false);
    let families = [false, true].map(|v6| open(v6).then_some(if v6 { "IPv6" } else { "IPv4" }));
    let said = who(host, config);
    let told =
        families.iter().enumerate().filter_map(|(at, family)| Some(((*family)?, said[at].as_deref()?)));
    let words: Vec<String> = told.map(|(family, who)| format!("{family}: {who} says DROP")).collect();
    (!words.is_empty())
        .then(|| format!("INPUT accepts by its policy, which somebody changed since ({})", words.join("; ")))
}

/// Whether INPUT of the table `filter` drops what no rule takes.
fn policy(tables: &[Table], v6: bool) -> Option<bool> {
    let family = if v6 { Family::Ip6 } else { Family::Ip };
    let mine =
        tables.iter().filter(|table| table.family == family && table.name == "filter" && !table.dormant);
    let bases = mine.filter_map(|table| table.chain("INPUT")?.base.as_ref());
    let drops: Vec<bool> = bases.filter(|base| base.hook == Hook::Input).map(|base| base.drops).collect();
    (!drops.is_empty()).then(|| drops.contains(&true))
}

/// Who stored that INPUT drops, for IPv4 and IPv6.
fn who(host: &dyn Executor, config: Option<&Config>) -> [Option<String>; 2] {
    let text = |path: &str| Some(String::from_utf8_lossy(&host.read(Path::new(path)).ok()?).into_owned());
    let of_config = |keys: &[&str]| config.and_then(|config| config.text(keys));
    let platform = of_config(&["security", "firewall", "enable"]).as_deref() == Some("yes")
        && of_config(&["security", "firewall", "policies", "input"]).as_deref() == Some("DROP");
    if platform {
        let said = || Some("security.firewall.policies.input".to_owned());
        return [said(), said()];
    }
    let says =
        |path: &str, line: &str| text(path).is_some_and(|all| all.lines().any(|one| one.trim() == line));
    let ufw = says("/etc/ufw/ufw.conf", "ENABLED=yes")
        && text("/etc/default/ufw").is_some_and(|all| {
            all.lines().any(|line| line.trim().replace('"', "") == "DEFAULT_INPUT_POLICY=DROP")
        });
    if ufw {
        let said = || Some("ufw".to_owned());
        return [said(), said()];
    }
    ["v4", "v6"].map(|family| {
        let path = format!("/etc/iptables/rules.{family}");
        let drops = text(&path)?.lines().any(|line| line.starts_with(":INPUT DROP"));
        drops.then_some(path)
    })
}
