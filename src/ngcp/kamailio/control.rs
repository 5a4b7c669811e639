//! What a running kamailio answers over its control socket, asked with `kamcmd` (`sercmd` on old releases). The name
//! of the socket is found among the sockets that its processes have open.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::instance::{Instance, Told};
use crate::{
    executor::{Command, Executor, Quiet},
    host::processes::open_sockets,
};

const MB: f64 = 1024.0 * 1024.0;
/// Clients, the one of today first.
const CLIENTS: [&str; 2] = ["kamcmd", "sercmd"];
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);
/// So many sockets are tried.
const MOST_SOCKETS: usize = 4;
/// So many processes and open files of each are looked through for it.
const MOST: usize = 1000;
/// State of a listening stream socket in `/proc/net/unix`: flags and type.
const LISTENS: (&str, &str) = ("00010000", "0001");

/// Asks an instance for its processes and what of its memory is free.
pub(super) fn ask(host: &dyn Executor, instance: &Instance) -> Result<Told> {
    let sockets = sockets(host, &instance.pids)?;
    ensure!(!sockets.is_empty(), "it has no control socket that kamcmd could ask");
    let mut refused = None;
    for socket in sockets.into_iter().take(MOST_SOCKETS) {
        match run(host, &socket, &["core.ps"]).and_then(|text| workers(&text)) {
            Ok(told) => return Ok(with_memory(host, instance, Told { socket, ..told })),
            Err(error) => refused = Some(error.context(format!("{socket} does not answer"))),
        }
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("it does not answer")))
}

/// The value of a parameter as it is in force, where its module tells it.
pub(super) fn parameter(host: &dyn Executor, socket: &str, module: &str, name: &str) -> Result<String> {
    let text = run(host, socket, &["cfg.get", module, name])?;
    let value = text.trim();
    ensure!(!value.is_empty() && value.len() < 200 && !value.contains('\n'), "no plain value");
    Ok(value.to_owned())
}

/// Adds what is free of the memory that the instance was started with.
fn with_memory(host: &dyn Executor, instance: &Instance, mut told: Told) -> Told {
    let mb = |bytes: f64| bytes / MB;
    if let Some(all) = instance.shared_memory
        && let Ok(text) = run(host, &told.socket, &["core.shmmem"])
        && let Some(total) = least(&text, "total").filter(|total| fits(*total, all))
    {
        told.shared_free = least(&text, "free").map(mb);
        told.shared_least = least(&text, "max_used").map(|used| mb((total - used).max(0.0)));
    }
    if let Some(all) = instance.private_memory
        && let Ok(text) = run(host, &told.socket, &["pkg.stats"])
        && least(&text, "total_size").is_some_and(|total| fits(total, all))
    {
        told.private_free = least(&text, "free").map(mb);
    }
    told
}

/// Whether this many bytes are the MB that it was started with. It answers in numbers of 32 bits: of 2 GB and more
/// it tells others, some of which look well (1 GB for 5).
fn fits(bytes: f64, started: u64) -> bool {
    // What the allocator needs for itself may be missing.
    (0.0..=1.0).contains(&(started as f64 - bytes / MB))
}

/// Counts processes by what they are for: a line with the number, a line with the words.
fn workers(text: &str) -> Result<Told> {
    let mut sockets: BTreeMap<String, u64> = BTreeMap::new();
    let mut told = Told::default();
    let mut lines = text.lines();
    let mut seen = false;
    while let Some(number) = lines.next() {
        let (Ok(_), Some(words)) = (number.trim().parse::<u32>(), lines.next()) else {
            bail!("its list of processes has another form");
        };
        seen = true;
        let words = words.trim();
        match () {
            () if words.starts_with("udp receiver") => {
                let socket = words.split_once("sock=").map_or("", |(_, socket)| socket);
                *sockets.entry(socket.to_owned()).or_default() += 1;
            }
            () if words.starts_with("tcp receiver") => told.tcp_workers += 1,
            // As the module nathelper names its timers.
            () if words == "TIMER NH" => told.pingers += 1,
            () => {}
        }
    }
    ensure!(seen, "it lists no processes");
    told.udp_workers = sockets.into_values().collect();
    Ok(told)
}

/// The least number behind `name:`; `None` where one of them is none that could be bytes.
fn least(text: &str, name: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let bytes: Option<Vec<u64>> = values.map(|value| value.trim().parse().ok()).collect();
    bytes?.into_iter().min().map(|bytes| bytes as f64)
}

fn run(host: &dyn Executor, socket: &str, words: &[&str]) -> Result<String> {
    let client = CLIENTS.into_iter().find(|name| host.find_program(name).is_some());
    let client = client.context("kamcmd is not installed")?;
    let address = format!("unix:{socket}");
    let args = ["-s", &address].into_iter().chain(words.iter().copied());
    let exit = host.run(&Command::new(client, args).reads_only().limit(LIMIT), &mut Quiet)?;
    ensure!(exit.ok(), "{client}: {}", exit.reason());
    let text = exit.text();
    // It exits with 0 then as well.
    if let Some(error) = text.trim_start().strip_prefix("error: ") {
        bail!("{}", error.lines().next().unwrap_or_default());
    }
    Ok(text)
}

/// Paths of the stream sockets on which these processes listen; the ones that are called so first.
fn sockets(host: &dyn Executor, pids: &[u32]) -> Result<Vec<String>> {
    let bytes = host.read(Path::new("/proc/net/unix")).context("its control socket cannot be looked for")?;
    let table = String::from_utf8_lossy(&bytes).into_owned();
    let listening: BTreeMap<&str, &str> = table.lines().filter_map(listening).collect();
    let mut held = BTreeSet::new();
    for pid in pids.iter().take(MOST) {
        let open = open_sockets(host, *pid, MOST);
        held.extend(
            open.iter().filter_map(|inode| listening.get(inode.as_str())).map(|path| (*path).to_owned()),
        );
    }
    let mut held: Vec<String> = held.into_iter().collect();
    held.sort_by_key(|path| !path.ends_with("ctl"));
    Ok(held)
}

/// `0000…: 00000002 00000000 00010000 0001 01 2023664 /run/kamailio/ctl`: flags, type and state, inode, path.
fn listening(line: &str) -> Option<(&str, &str)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let path = *words.get(7)?;
    let there = (*words.get(3)?, *words.get(4)?) == LISTENS;
    // A name without a file, or with a blank in it, is none that kamcmd can be given.
    (there && words.len() == 8 && path.starts_with('/')).then_some((*words.get(6)?, path))
}
