//! By what rules of ours can be put in place on this host.

use std::{path::Path, time::Duration};

use crate::{
    executor::{Command, Executor, Quiet},
    ngcp::config::Config,
    secret::Secret,
    steps::firewall::facts::Backend,
};

/// What the kernel must take for media to stay out of connection tracking.
const NOTRACK: &str = "table inet ngcp_warden_try { chain p { type filter hook prerouting priority -300; udp dport 1 notrack; }; }\n";

pub(super) fn choose(host: &dyn Executor, blind: Option<&str>, config: Option<&Config>) -> Backend {
    if let Some(why) = blind {
        return Backend::Missing { why: why.to_owned() };
    }
    if let Some(manager) = super::owners::in_charge(host) {
        return Backend::Foreign { manager: manager.to_owned() };
    }
    if let Some(config) = config.filter(|config| config.has(&["security", "firewall"])) {
        let enable = config.text(&["security", "firewall", "enable"]);
        return Backend::Platform { enabled: enable.as_deref() == Some("yes") };
    }
    if succeeds(host, Command::new("nft", ["list", "tables"])) {
        return Backend::Nft;
    }
    for program in ["iptables", "iptables-legacy"] {
        let six = format!("ip6{}", program.trim_start_matches("ip"));
        if succeeds(host, Command::new(program, ["-S", "INPUT"])) && host.find_program(&six).is_some() {
            return Backend::Iptables { program: program.to_owned() };
        }
    }
    Backend::Missing { why: "neither nft nor iptables works here".to_owned() }
}

/// Whether media can be kept out of connection tracking.
pub(super) fn can_notrack(host: &dyn Executor, backend: &Backend) -> bool {
    match backend {
        Backend::Nft => {
            let mut check = Command::new("nft", ["-c", "-f", "-"]);
            check.stdin = Some(Secret::new(NOTRACK));
            succeeds(host, check)
        }
        Backend::Iptables { program } => {
            let raw = succeeds(host, Command::new(program, ["-t", "raw", "-S"]));
            let target = ["/lib", "/usr/lib"].iter().any(|lib| {
                let dirs = [format!("{lib}/x86_64-linux-gnu/xtables"), format!("{lib}/xtables")];
                dirs.iter().any(|dir| host.metadata(&Path::new(dir).join("libxt_CT.so")).is_ok())
            });
            raw && target
        }
        Backend::Platform { .. } | Backend::Foreign { .. } | Backend::Missing { .. } => false,
    }
}

fn succeeds(host: &dyn Executor, command: Command) -> bool {
    host.run(&command.reads_only().limit(Duration::from_secs(10)), &mut Quiet).is_ok_and(|exit| exit.ok())
}
