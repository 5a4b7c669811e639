//! A Debian host, read through the executor: fstab and mounts, accounts, packages, services, SSH, certificates, TLS.
//! Knows nothing of sip:provider CE.

pub mod accounts;
pub mod addresses;
pub mod certificates;
pub mod fstab;
pub mod keys;
pub mod listeners;
pub mod memory;
pub mod mounts;
pub mod network;
pub mod packages;
pub mod packet_filter;
pub mod processes;
pub mod shadow;
pub mod sshd;
pub mod tls;

use std::path::Path;

use crate::executor::Executor;

/// The host's full name, with a domain: its name where that has one, else what `/etc/hosts` calls it beside its name.
pub fn full_name(host: &dyn Executor) -> Option<String> {
    let name = name(host);
    if name.contains('.') {
        return Some(name);
    }
    let hosts = String::from_utf8(host.read(Path::new("/etc/hosts")).ok()?).ok()?;
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>());
    let full = |words: Vec<&str>| {
        let begins = format!("{name}.");
        words
            .contains(&name.as_str())
            .then(|| words.into_iter().find(|word| word.starts_with(&begins)).map(str::to_owned))?
    };
    words.filter_map(full).find(|full| full.len() <= 253 && full.chars().all(|c| c.is_ascii_graphic()))
}

/// What kind of container the host is, by its own word; `None` when it says nothing of one. A machine that was made from
/// the image of one keeps its `/.dockerenv`, on a disk of its own.
pub fn container(host: &dyn Executor) -> Option<String> {
    if !host.world().is_running() {
        return None;
    }
    let read = |path: &str| host.read(Path::new(path)).ok();
    let said = read("/run/systemd/container").or_else(|| {
        let environment = read("/proc/1/environ")?;
        let mut entries = environment.split(|byte| *byte == 0);
        entries.find_map(|entry| entry.strip_prefix(b"container=").map(<[u8]>::to_vec))
    });
    let there = |path: &str| host.metadata(Path::new(path)).is_ok();
    let layered = || {
        let mounts = read("/proc/1/mounts").unwrap_or_default();
        String::from_utf8_lossy(&mounts).lines().any(|mount| mount.starts_with("overlay / "))
    };
    let by_trace = || match () {
        () if there("/proc/vz") && !there("/proc/bc") => Some("openvz".to_owned()),
        () if there("/.dockerenv") && layered() => Some("docker".to_owned()),
        () => None,
    };
    let word = said.and_then(|bytes| String::from_utf8(bytes).ok()).map(|text| text.trim().to_owned());
    word.filter(|word| (1..=32).contains(&word.len()) && word.chars().all(|c| c.is_ascii_graphic()))
        .or_else(by_trace)
}

/// The host's name: what the kernel says on a running host, else `/etc/hostname`; `unknown` when neither is readable.
pub fn name(host: &dyn Executor) -> String {
    let running = host.world().is_running().then_some("/proc/sys/kernel/hostname");
    running
        .into_iter()
        .chain(["/etc/hostname"])
        .filter_map(|path| host.read(Path::new(path)).ok())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .filter_map(|text| text.lines().next().map(|line| line.trim().to_owned()))
        .find(|name| !name.is_empty() && name.len() <= 255 && name.chars().all(|c| c.is_ascii_graphic()))
        .unwrap_or_else(|| "unknown".to_owned())
}
