//! Figures of this host: memory, processors, what kamailio and the database take and hold, logs and disks.

use std::path::Path;

use super::{
    super::{facts::Facts, names::figure},
    database,
    disks::Disks,
};
use crate::{
    executor::Executor,
    host::{
        memory::{self, Memory},
        processes::{Process, processes},
    },
    ngcp::{config::Config, database::BufferPool, kamailio::Instance, logs},
};

const MB: f64 = 1024.0 * 1024.0;
/// Who tells of memory and processors.
const KERNEL: &str = "the kernel";

/// Takes all figures down into the facts; hands back what the database says of its buffer pool, or why it says nothing.
pub(super) fn look(
    host: &dyn Executor,
    config: Option<&Config>,
    kamailio: &Result<Vec<Instance>, String>,
    facts: &mut Facts,
) -> Result<BufferPool, String> {
    let resources = host.resources().ok();
    let before = ticks(host);
    let memory = memory::memory(host);
    match &memory {
        Ok(memory) => {
            facts.put(figure::MEMORY, memory.total as f64 / MB, KERNEL);
            facts.put(figure::SWAP, memory.swap as f64 / MB, KERNEL);
        }
        Err(error) => facts.unseen.push(format!("memory: {error:#}")),
    }
    if let Some(resources) = resources.as_ref().filter(|resources| resources.processors > 0) {
        facts.put(figure::CORES, resources.processors as f64, KERNEL);
    }
    match kamailio {
        Ok(all) => {
            self::kamailio(all, "lb", LB, facts);
            self::kamailio(all, "proxy", PROXY, facts);
        }
        Err(why) => facts.unseen.push(format!("kamailio: {why}")),
    }
    let disks = Disks { host, resources };
    let pool = database::look(host, config, kamailio.as_deref().unwrap_or_default(), &disks, facts);
    take_logs(host, &disks, facts);
    if let Ok(memory) = &memory {
        system(host, *memory, pool.as_ref().ok(), kamailio, facts);
    }
    if let Some(wait) = before.zip(ticks(host)).and_then(|(before, after)| after.waited_since(before)) {
        facts.put(figure::IO_WAIT, wait, "the kernel, while this looked");
    }
    pool
}

/// Names of the figures of one kamailio: sockets, memory of a process, processes besides workers.
const LB: [&str; 3] = [figure::LB_SOCKETS, figure::LB_WORKER, figure::LB_OTHERS];
const PROXY: [&str; 3] = [figure::PROXY_SOCKETS, figure::PROXY_WORKER, figure::PROXY_OTHERS];

fn kamailio(all: &[Instance], name: &str, [sockets, worker, others]: [&str; 3], facts: &mut Facts) {
    let Some(one) = all.iter().find(|one| one.is(name)) else {
        facts.unseen.push(format!("kamailio-{name}: it does not run"));
        return;
    };
    match one.private {
        Some(private) if one.processes > 0 => {
            let by = format!("{} processes of kamailio-{name} (PSS)", one.processes);
            facts.put(worker, private / one.processes as f64, &by);
        }
        _ => facts.unseen.push(format!("memory of kamailio-{name}: the kernel does not tell it")),
    }
    let Some(told) = &one.told else {
        let why = one.silent.as_deref().unwrap_or("it does not say");
        facts.unseen.push(format!("workers of kamailio-{name}: {why}"));
        return;
    };
    let by = format!("the running kamailio-{name}");
    facts.put(sockets, told.udp_workers.len() as f64, &by);
    // No option says how many TCP workers the proxy has: they stay among its others.
    let tcp = if name == "lb" { told.tcp_workers } else { 0 };
    let counted = told.udp_workers.iter().sum::<u64>() + tcp + told.pingers;
    facts.put(others, one.processes.saturating_sub(counted) as f64, &by);
}

/// What everything takes but the parts that have their own place in the budget: the platform's database, one load
/// balancer, one proxy. Also what the database takes besides its buffer pool.
fn system(
    host: &dyn Executor,
    memory: Memory,
    pool: Option<&BufferPool>,
    kamailio: &Result<Vec<Instance>, String>,
    facts: &mut Facts,
) {
    let servers: Vec<u32> =
        processes(host).unwrap_or_default().iter().filter(|one| is_server(one)).map(|one| one.pid).collect();
    let database = match (servers.as_slice(), pool) {
        // Which of them is the platform's is not known: no more than what lies in its buffer pool is its own.
        ([_, _, ..], pool) => pool.map(BufferPool::taken),
        (servers, _) => memory::taken(host, servers).map(|taken| taken.all),
    };
    let counted = |all: &Vec<Instance>| {
        let parts = ["lb", "proxy"].into_iter().filter_map(|name| all.iter().find(|one| one.is(name)));
        parts.map(|one| one.pss).sum::<Option<f64>>()
    };
    let (Some(all), Some(kamailio)) = (database, kamailio.as_ref().ok().and_then(counted)) else {
        facts.unseen.push("memory of the system: what database and kamailio take is not known".to_owned());
        return;
    };
    let (used, database) = (memory.total.saturating_sub(memory.available), all as f64 / MB);
    let rest = (used as f64 / MB - database - kamailio).max(0.0);
    facts.put(figure::SYSTEM, rest, "the kernel, less what database, lb and proxy take");
    if let ([_], Some(pool)) = (servers.as_slice(), pool)
        && all > pool.taken()
    {
        let by = "the process of the database, less its buffer pool";
        facts.put(figure::DATABASE_BASE, (all - pool.taken()) as f64 / MB, by);
    }
}

fn is_server(process: &Process) -> bool {
    ["mysqld", "mariadbd"].contains(&process.program())
}

fn take_logs(host: &dyn Executor, disks: &Disks<'_>, facts: &mut Facts) {
    match logs::kept(host) {
        Ok(kept) => {
            facts.put(figure::LOG_NOW, kept.bytes as f64 / MB, logs::DIRECTORY);
            match kept.per_day {
                None if kept.bytes == 0 => {
                    facts.unseen.push(format!("logs of a day: {} holds none", logs::DIRECTORY));
                }
                Some(bytes) => facts.put(figure::LOG_DAY, bytes / MB, logs::DIRECTORY),
                None => {
                    facts
                        .unseen
                        .push(format!("logs of a day: {} holds those of today only", logs::DIRECTORY));
                }
            }
        }
        Err(error) => facts.unseen.push(format!("logs: {error:#}")),
    }
    disks.put_free(Path::new(logs::DIRECTORY), figure::LOG_FREE, facts);
}

/// Time of the processors since the boot, in ticks.
#[derive(Clone, Copy)]
struct Ticks {
    all: u64,
    waiting: u64,
}

impl Ticks {
    /// Of 100 parts those that went by waiting.
    fn waited_since(self, before: Ticks) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        Some(100.0 * self.waiting.checked_sub(before.waiting)? as f64 / all as f64)
    }
}

/// `cpu  user nice system idle iowait irq softirq steal …`, the first line of `/proc/stat`.
fn ticks(host: &dyn Executor) -> Option<Ticks> {
    let bytes = host.read(Path::new("/proc/stat")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> =
        line.split_whitespace().take(8).map(|time| time.parse().ok()).collect::<Option<_>>()?;
    Some(Ticks { all: times.iter().fold(0, |all, time| all.saturating_add(*time)), waiting: *times.get(4)? })
}
