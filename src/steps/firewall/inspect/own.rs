//! What is there of ours: loaded, confirmed, stored, as stored, loaded again at a restart.

use std::time::Duration;

use crate::{
    executor::{Command, Executor, Quiet},
    host::packet_filter::{Filter, Filters, Table, listing},
    ngcp::firewall::Managed,
    steps::firewall::{
        facts::{Backend, Own, Wanted},
        rules::{self, Lasting, NFT_TABLE, Openings, iptables, nft},
    },
};

/// What tells iptables when a rule ends.
const STOP: &str = "--datestop ";
/// The timer of ours that watches.
const WATCH: &str = "ngcp-warden-firewall-watch.timer";

/// Whether that timer is enabled; `None` where no systemd could run it.
pub(super) fn watched(host: &dyn Executor) -> Option<bool> {
    host.metadata("/run/systemd/system".as_ref()).ok().map(|_| super::owners::enabled(host, WATCH))
}

pub(in super::super) fn look(host: &dyn Executor, filters: &Filters, managed: Option<&Managed>) -> Own {
    let mut own = Own::default();
    let stored = match rules::stored::read(host) {
        Ok(stored) => stored,
        Err(error) => {
            own.damaged = Some(format!("{error:#}"));
            None
        }
    };
    let is_there = stored.is_some() || own.damaged.is_some();
    own.stored = is_there.then(rules::stored::wanted);
    let backend = stored.as_ref().map(|stored| stored.backend.clone());
    own.wanted = stored.map(|stored| stored.wanted);
    own.at_boot = Some(super::owners::ours_enabled(host));
    if !filters.unseen.is_empty() || !host.world().is_running() {
        return own;
    }
    let table = filters.tables().iter().find(|table| table.filter == Filter::Nft && table.name == NFT_TABLE);
    let chains = filters.tables().iter().filter(|table| table.chain(iptables::CHAIN).is_some());
    let chains: Vec<&Table> = chains.collect();
    own.loaded = table.is_some() || !chains.is_empty();
    // In the platform's own filter each rule of ours says so.
    if let (Some(Backend::Platform { .. }), Some(managed), Some(wanted)) = (&backend, managed, &own.wanted) {
        let open = Openings::of(wanted);
        let lists = iptables::Family::BOTH.iter().zip(&managed.rules);
        let same = lists.map(|(family, now)| rules::managed::list(now, Some(&open), *family) == *now);
        own.loaded = filters.rules().any(|(_, _, rule)| rule.text.contains("ngcp-warden:"));
        own.as_stored = Some(own.loaded && same.fold(true, |all, one| all & one));
        own.at_boot = Some(managed.enable == "yes");
        return own;
    }
    let armed: Vec<&Table> = table.into_iter().chain(chains).filter(|table| is_armed(table)).collect();
    own.armed = !armed.is_empty();
    if own.armed && armed.iter().all(|table| has_lapsed(host, table)) {
        (own.loaded, own.armed) = (false, false);
    }
    if let (Some(wanted), Some(backend)) = (&own.wanted, backend) {
        own.as_stored = if own.loaded { as_stored(host, &backend, wanted) } else { Some(false) };
    }
    own
}

/// Whether what refuses goes away by itself.
fn is_armed(table: &Table) -> bool {
    let rules = table.chains.iter().flat_map(|chain| &chain.rules);
    let mut texts = rules.map(|rule| rule.text.as_str());
    texts.any(|text| text.contains("@armed") || text.contains(STOP))
}

/// Whether it has: nothing is refused by it any more.
fn has_lapsed(host: &dyn Executor, table: &Table) -> bool {
    let now = host.now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let until = |text: &str| text.split(STOP).nth(1)?.split_whitespace().next().map(str::to_owned);
    let mut texts = table.chains.iter().flat_map(|chain| &chain.rules).filter_map(|rule| until(&rule.text));
    if table.name != NFT_TABLE {
        return texts.all(|until| until < now);
    }
    let set = Command::new("nft", ["list", "set", "inet", NFT_TABLE, "armed"]).reads_only();
    let listed = host.run(&set.limit(Duration::from_secs(10)), &mut Quiet);
    listed
        .is_ok_and(|exit| exit.ok() && exit.text().contains("set armed") && !exit.text().contains("elements"))
}

/// Whether the rules that are loaded are those that are stored, by the listing of their own program.
fn as_stored(host: &dyn Executor, backend: &Backend, wanted: &Wanted) -> Option<bool> {
    let open = Openings::of(wanted);
    let list = |program: &str, args: &[&str]| {
        let command = Command::new(program, args.iter().copied()).reads_only().limit(Duration::from_secs(10));
        host.run(&command, &mut Quiet).ok().map(|exit| if exit.ok() { exit.text() } else { String::new() })
    };
    match backend {
        Backend::Nft => {
            let listed = list("nft", &["-nnn", "-s", "list", "table", "inet", NFT_TABLE])?;
            Some(listing::difference(&listed, &nft::text(&open, Lasting::Permanent)).is_none())
        }
        Backend::Iptables { program } => {
            let each = iptables::Family::BOTH.iter().flat_map(|family| {
                let program = family.program(program);
                iptables::chains(&open, *family, Lasting::Permanent)
                    .into_iter()
                    .map(move |chain| (program.clone(), chain))
            });
            let mut all = true;
            for (program, chain) in each {
                let listed = list(&program, &["-t", chain.table, "-S", chain.name])?;
                all &= listing::difference(&listed, &chain.listed()).is_none();
                if let Some(from) = chain.from {
                    let jumps = list(&program, &["-t", chain.table, "-S", from])?;
                    all &= jumps.lines().any(|line| line == format!("-A {from} -j {}", chain.name));
                }
            }
            Some(all)
        }
        Backend::Platform { .. } | Backend::Foreign { .. } | Backend::Missing { .. } => None,
    }
}
