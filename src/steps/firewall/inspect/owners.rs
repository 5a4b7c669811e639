//! Who else changes packet filters here: other firewalls, what bans senders, what runs containers, and people.

use std::{collections::BTreeSet, path::Path};

use crate::{
    executor::Executor,
    host::packet_filter::{Filter, Filters, Hook, Table},
    steps::firewall::{
        facts::Owner,
        rules::{self, NFT_TABLE},
    },
};

/// The firewall that is in charge, where there is one.
pub(super) fn in_charge(host: &dyn Executor) -> Option<&'static str> {
    let has = |path: &str| host.metadata(Path::new(path)).is_ok();
    match () {
        () if says(host, "/etc/ufw/ufw.conf", "ENABLED=yes") => Some("ufw"),
        () if has("/run/firewalld.pid") || has("/var/run/firewalld.pid") => Some("firewalld"),
        () if has("/etc/csf/csf.conf") && !has("/etc/csf/csf.disable") => Some("csf"),
        () if says(host, "/etc/default/shorewall", "startup=1")
            || says(host, "/etc/shorewall/shorewall.conf", "STARTUP_ENABLED=Yes") =>
        {
            Some("shorewall")
        }
        () => None,
    }
}

pub(super) fn look(host: &dyn Executor, filters: &Filters) -> Vec<Owner> {
    let mut all = Vec::new();
    let owner =
        |name: &str, takes_over, evidence: String| Owner { name: name.to_owned(), takes_over, evidence };
    if let Some(name) = in_charge(host) {
        // ufw leaves rules of others alone unless it is told to manage all.
        let takes_over = name != "ufw" || says(host, "/etc/default/ufw", "MANAGE_BUILTINS=yes");
        let evidence = match name {
            "ufw" => "ENABLED=yes in /etc/ufw/ufw.conf",
            "firewalld" => "firewalld runs",
            "csf" => "/etc/csf/csf.conf",
            _ => "shorewall is told to start",
        };
        all.push(owner(name, takes_over, evidence.to_owned()));
    }
    if flushes(host) && enabled(host, "nftables.service") {
        let evidence = "'flush ruleset' in /etc/nftables.conf, and nftables.service is enabled";
        all.push(owner("nftables.service", true, evidence.to_owned()));
    }
    let saved: Vec<&str> = ["/etc/iptables/rules.v4", "/etc/iptables/rules.v6"]
        .into_iter()
        .filter(|path| host.metadata(Path::new(path)).is_ok())
        .collect();
    if !saved.is_empty() && enabled(host, "netfilter-persistent.service") {
        let evidence = format!("netfilter-persistent loads {}", saved.join(" and "));
        all.push(owner("netfilter-persistent", true, evidence));
    }
    for (name, begins) in [("fail2ban", "f2b-"), ("docker", "DOCKER")] {
        if let Some(place) = chain_of(filters, begins) {
            all.push(owner(name, false, place));
        }
    }
    if let Some(rule) = by_hand(filters) {
        all.push(owner("hand-made", false, rule));
    }
    all
}

/// Filters that are both in use: what one accepts the other may drop, and who lists one sees half.
pub(super) fn doubled(filters: &Filters) -> Option<String> {
    let input = |filter: Filter| {
        let tables = filters.tables().iter().filter(move |table| table.filter == filter && !table.dormant);
        tables.flat_map(|table| {
            let chains = table.chains.iter().filter(|chain| {
                chain
                    .base
                    .as_ref()
                    .is_some_and(|base| base.hook == Hook::Input && (base.drops || !chain.rules.is_empty()))
            });
            chains.map(move |chain| {
                let priority = chain.base.as_ref().map_or(0, |base| base.priority);
                format!("{} {} (priority {priority})", table.title(), chain.name)
            })
        })
    };
    let (nft, legacy): (Vec<String>, Vec<String>) =
        (input(Filter::Nft).collect(), input(Filter::Legacy).collect());
    (!nft.is_empty() && !legacy.is_empty()).then(|| {
        format!("both are asked, and a drop of either counts: {}; {}", nft.join(", "), legacy.join(", "))
    })
}

fn chain_of(filters: &Filters, begins: &str) -> Option<String> {
    let find = |table: &Table| {
        let chain = table.chains.iter().find(|chain| chain.name.starts_with(begins))?;
        Some(format!("chain {} of {}", chain.name, table.title()))
    };
    filters.tables().iter().find_map(find)
}

/// A rule for what comes in that none of those whom we know made.
fn by_hand(filters: &Filters) -> Option<String> {
    const KNOWN: [&str; 10] = [
        "f2b-",
        "DOCKER",
        "ufw",
        "rtpengine",
        "RTPENGINE",
        "ngcp-warden",
        "LOCALINPUT",
        "net2fw",
        "net-fw",
        "IN_",
    ];
    filters.rules().find_map(|(table, chain, rule)| {
        let base = chain.base.as_ref().filter(|base| base.hook == Hook::Input)?;
        let ours = table.name == NFT_TABLE || table.name == "firewalld";
        let target = rule.target.as_deref().unwrap_or_default();
        let known = KNOWN.iter().any(|name| target.starts_with(name) || rule.text.contains(name));
        (!ours && !known && base.hook == Hook::Input)
            .then(|| format!("{} {}: {}", table.title(), chain.name, rule.text))
    })
}

/// Whether /etc/nftables.conf removes everybody's rules first.
fn flushes(host: &dyn Executor) -> bool {
    says(host, "/etc/nftables.conf", "flush ruleset")
}

/// Whether a unit is started at boot, by the links that enable it.
pub(super) fn enabled(host: &dyn Executor, unit: &str) -> bool {
    let folders = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];
    folders.iter().any(|folder| {
        let names = host.list(Path::new(folder)).unwrap_or_default();
        let wants: BTreeSet<String> = names
            .into_iter()
            .filter(|name| name.ends_with(".wants") || name.ends_with(".requires"))
            .collect();
        wants.iter().any(|name| host.metadata(&Path::new(folder).join(name).join(unit)).is_ok())
    })
}

/// Whether a file has that line, whatever its case and quotes.
fn says(host: &dyn Executor, path: &str, wanted: &str) -> bool {
    let Ok(bytes) = host.read(Path::new(path)) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let plain = |line: &str| line.trim().trim_end_matches(';').replace(['"', '\''], "").to_ascii_lowercase();
    text.lines().any(|line| plain(line) == wanted.to_ascii_lowercase())
}

/// Whether our unit is enabled.
pub(super) fn ours_enabled(host: &dyn Executor) -> bool {
    enabled(host, rules::stored::UNIT)
}
