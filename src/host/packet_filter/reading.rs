//! Runs the programs that print what the packet filters hold, and reads what the kernel says of itself. What cannot be
//! seen is told, never taken for nothing.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    thread,
    time::Duration,
};

use super::{
    evaluate::Host,
    iptables::{
        self,
        ipset::{self, Around, IpSets},
    },
    nft,
    ruleset::{Family, Table},
};
use crate::{
    executor::{Command, Executor, Sink, Stream},
    host,
};

/// The most that a program may print of rules, in bytes.
const MOST_OUTPUT: usize = 64 * 1024 * 1024;
/// The longest that such a program may run.
const PATIENCE: Duration = Duration::from_secs(60);

/// All that was read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) tables: Vec<Table>,
    pub(super) unseen: Vec<String>,
    pub(super) host: Host,
}

/// Reads all filters of a host.
pub(super) fn read(host: &dyn Executor) -> Reading {
    let mut reading = Reading::default();
    if !host.world().is_running() {
        reading.unseen.push(
            "this is a directory tree and no running host: its packet filters cannot be seen".to_owned(),
        );
        return reading;
    }
    if let Some(kind) = host::container(host) {
        reading.unseen.push(format!("this is a container ({kind}): the filters of its host cannot be seen"));
    }
    let legacy: Vec<_> =
        [false, true].into_iter().filter_map(|v6| legacy(host, v6, &mut reading.unseen)).collect();
    let nft = nft_text(host, &mut reading.unseen);
    match nft.map(|(jsons, text)| nft::read(&jsons, &text)) {
        Some(Ok((tables, unprinted))) => {
            reading.tables = tables;
            fill_in(host, &mut reading, &unprinted, &legacy);
        }
        Some(Err(why)) => reading.unseen.push(format!("what nft prints is not understood: {why}")),
        None => {}
    }
    let sets = ip_sets(host, legacy.iter().map(|(_, _, text)| text.as_str()));
    for (v6, program, text) in &legacy {
        match iptables::read(text, &Around { v6: *v6, sets: &sets, now: host.now() }) {
            Ok(tables) => reading.tables.extend(tables),
            Err(why) => reading.unseen.push(format!("what {program} prints is not understood: {why}")),
        }
    }
    reading.host = about(host);
    reading
}

/// What a program prints, whole.
struct Whole {
    printed: Vec<u8>,
    over: bool,
}

impl Sink for Whole {
    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        if stream == Stream::Out && !self.over {
            self.over = self.printed.len() + bytes.len() > MOST_OUTPUT;
            self.printed.extend_from_slice(bytes);
        }
    }

    fn cancelled(&mut self) -> bool {
        self.over
    }
}

/// Runs a program that only looks. `Ok(None)` when it is not on this host.
fn run(host: &dyn Executor, program: &str, args: &[&str]) -> Result<Option<Vec<u8>>, String> {
    let command = Command::new(program, args.iter().copied()).reads_only().limit(PATIENCE);
    let mut whole = Whole { printed: Vec::new(), over: false };
    match host.run(&command, &mut whole) {
        _ if whole.over => Err(format!("{program} prints more than {} MiB", MOST_OUTPUT / 1024 / 1024)),
        Ok(exit) if exit.ok() => Ok(Some(whole.printed)),
        Ok(exit) => Err(format!("{program}: {}", exit.reason())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

fn file(host: &dyn Executor, path: &str) -> io::Result<String> {
    host.read(Path::new(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What nft prints: its JSON, whole or table by table, and its words.
type Printed = (Vec<Vec<u8>>, String);

/// What nft holds; `None` when it is not there or cannot be read.
fn nft_text(host: &dyn Executor, unseen: &mut Vec<String>) -> Option<Printed> {
    match all_of_nft(host) {
        Ok(Some(all)) => Some(all),
        Ok(None) => {
            unseen.extend(without_nft(host));
            None
        }
        Err(why) => {
            unseen.push(why);
            None
        }
    }
}

fn all_of_nft(host: &dyn Executor) -> Result<Option<Printed>, String> {
    let list = |form: &[&str]| run(host, "nft", &[form, &["list", "ruleset"]].concat());
    // Side by side: with thousands of rules each takes its time.
    let (text, json) = thread::scope(|scope| {
        let json = scope.spawn(|| list(&["-j"]));
        (list(&["-s", "-a"]), json.join())
    });
    let Some(text) = text? else { return Ok(None) };
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut jsons = Vec::new();
    match nft::awake(&text) {
        None => jsons.extend(json.unwrap_or_else(|_| Err("nft could not be read".to_owned()))?),
        Some(tables) => {
            for (family, name) in tables {
                jsons.extend(run(host, "nft", &["-j", "list", "table", &family, &name])?);
            }
        }
    }
    Ok(Some((jsons, text)))
}

/// A host without nft: nothing is there only where the kernel has no nf_tables either.
fn without_nft(host: &dyn Executor) -> Option<String> {
    let missing =
        |why: &str| Some(format!("nft is not on this host, and {why}; install the package nftables"));
    match file(host, "/proc/modules") {
        Ok(modules) if modules.lines().any(|line| line.starts_with("nf_tables ")) => {
            missing("the kernel has nf_tables loaded")
        }
        Ok(_) => {
            let release = file(host, "/proc/sys/kernel/osrelease").unwrap_or_default();
            match file(host, &format!("/lib/modules/{}/modules.builtin", release.trim())) {
                Ok(builtin) if !builtin.contains("/nf_tables.ko") => None,
                Ok(_) => missing("the kernel has nf_tables"),
                Err(_) => missing("whether the kernel has nf_tables cannot be told"),
            }
        }
        Err(_) => missing("whether the kernel has nf_tables cannot be told"),
    }
}

/// What the old filter of one family holds, and the program that printed it; `None` when it holds nothing.
fn legacy(host: &dyn Executor, v6: bool, unseen: &mut Vec<String>) -> Option<(bool, &'static str, String)> {
    let (names, programs) = if v6 {
        ("/proc/net/ip6_tables_names", ["ip6tables-legacy-save", "ip6tables-save"])
    } else {
        ("/proc/net/ip_tables_names", ["iptables-legacy-save", "iptables-save"])
    };
    match file(host, names) {
        Ok(names) if names.trim().is_empty() => return None,
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            unseen.push(format!("{names}: {error}"));
            return None;
        }
    }
    for program in programs {
        match run(host, program, &[]) {
            Ok(Some(text)) => {
                let text = String::from_utf8_lossy(&text).into_owned();
                // The new one says so in its first line.
                if !text
                    .lines()
                    .next()
                    .is_some_and(|line| line.contains("(nf_tables)") || line.contains("-nft-"))
                {
                    return Some((v6, program, text));
                }
            }
            Ok(None) => {}
            Err(why) => {
                unseen.push(why);
                return None;
            }
        }
    }
    unseen.push(format!(
        "the kernel has tables of iptables-legacy, and no program that prints them ({})",
        programs[0]
    ));
    None
}

/// Puts what iptables-nft says in the place of rules that nft cannot print.
fn fill_in(
    host: &dyn Executor,
    reading: &mut Reading,
    unprinted: &nft::Unprinted,
    legacy: &[(bool, &'static str, String)],
) {
    let wanted = |family: Family| {
        unprinted
            .iter()
            .any(|(table, ..)| reading.tables.get(*table).is_some_and(|table| table.family == family))
    };
    let mut texts = Vec::new();
    for (family, v6, program) in
        [(Family::Ip, false, "iptables-nft-save"), (Family::Ip6, true, "ip6tables-nft-save")]
    {
        // Where it is missing those rules stay unknown.
        if wanted(family)
            && let Ok(Some(text)) = run(host, program, &[])
        {
            texts.push((family, v6, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    if texts.is_empty() {
        return;
    }
    let all =
        texts.iter().map(|(.., text)| text.as_str()).chain(legacy.iter().map(|(.., text)| text.as_str()));
    let sets = ip_sets(host, all);
    for (family, v6, text) in &texts {
        let Ok(printed) = iptables::read(text, &Around { v6: *v6, sets: &sets, now: host.now() }) else {
            continue;
        };
        for (table, chain, rule) in unprinted {
            let Some(table) = reading.tables.get_mut(*table).filter(|table| table.family == *family) else {
                continue;
            };
            let name = table.name.clone();
            let Some(chain) = table.chains.get_mut(*chain) else { continue };
            let twin =
                printed.iter().find(|table| table.name == name).and_then(|table| table.chain(&chain.name));
            // One line for one rule: only then are the two the same rule.
            let Some(twin) = twin.filter(|twin| twin.rules.len() == chain.rules.len()) else { continue };
            if let (Some(rule), Some(twin)) = (chain.rules.get_mut(*rule), twin.rules.get(*rule)) {
                *rule = twin.clone();
            }
        }
    }
}

/// Sets of `ipset`, where rules ask any.
fn ip_sets<'a>(host: &dyn Executor, texts: impl Iterator<Item = &'a str> + Clone) -> IpSets {
    if !texts.clone().any(iptables::needs_sets) {
        return IpSets::default();
    }
    let filled: BTreeSet<&str> = texts.flat_map(iptables::filled).collect();
    match run(host, "ipset", &["save"]) {
        Ok(Some(text)) => ipset::read(&String::from_utf8_lossy(&text), &filled),
        // What asks them stays unknown.
        Ok(None) | Err(_) => IpSets::default(),
    }
}

/// What the kernel says of itself and of its addresses.
fn about(host: &dyn Executor) -> Host {
    let loose = match file(host, "/proc/sys/net/netfilter/nf_conntrack_tcp_loose") {
        Ok(loose) => match loose.trim() {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        },
        // Its default, before anything is tracked.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(true),
        Err(_) => None,
    };
    let devices = file(host, "/proc/net/dev").unwrap_or_default();
    let interfaces =
        devices.lines().filter_map(|line| line.split_once(':').map(|(name, _)| name.trim().to_owned()));
    let interfaces = interfaces.filter(|name| name != "lo").collect();
    Host { loose, interfaces, addresses: addresses(host) }
}

fn addresses(host: &dyn Executor) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut last = None;
    for line in file(host, "/proc/net/fib_trie").unwrap_or_default().lines() {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL") {
            addresses.extend(last.filter(|address| !address.is_loopback()).map(IpAddr::V4));
        }
    }
    for line in file(host, "/proc/net/if_inet6").unwrap_or_default().lines() {
        let address = line.split(' ').next().and_then(|hex| u128::from_str_radix(hex, 16).ok());
        addresses
            .extend(address.map(Ipv6Addr::from).filter(|address| !address.is_loopback()).map(IpAddr::V6));
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
