//! What the kernel tells of the processes of this machine (`/proc/PID/stat`) and of its boot.

use std::{path::Path, time::Duration};

use crate::executor::Executor;

/// Clock ticks per second in `/proc/PID/stat`: 100 on every architecture Debian runs on.
const TICKS: u64 = 100;

/// A process that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Of its program, which anybody can choose.
    pub name: String,
    /// The process above it.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// The device of its terminal; 0 when it has none.
    pub terminal: u64,
    /// Time since boot.
    pub started: Duration,
}

/// `/proc/PID/stat`: pid, (name), state, parent, group, session, terminal, …, start time (proc(5)).
pub fn process(host: &dyn Executor, pid: u32) -> Option<Process> {
    let stat = host.read(Path::new(&format!("/proc/{pid}/stat"))).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (head, rest) = stat.rsplit_once(')')?;
    let field = |n: usize| rest.split_whitespace().nth(n)?.parse::<u64>().ok();
    if rest.trim_start().starts_with('Z') {
        return None;
    }
    Some(Process {
        pid,
        name: head.split_once('(')?.1.to_owned(),
        parent: u32::try_from(field(1)?).ok()?,
        group: u32::try_from(field(2)?).ok()?,
        session: u32::try_from(field(3)?).ok()?,
        terminal: field(4)?,
        started: Duration::from_millis(field(19)? * 1000 / TICKS),
    })
}

/// All processes.
pub(super) fn processes(host: &dyn Executor) -> Vec<Process> {
    let names = host.list(Path::new("/proc")).unwrap_or_default();
    names.iter().filter_map(|name| process(host, name.parse().ok()?)).collect()
}

/// The name of this boot: times since boot and process numbers mean nothing in another.
pub(super) fn boot(host: &dyn Executor) -> String {
    let id = host.read("/proc/sys/kernel/random/boot_id".as_ref()).unwrap_or_default();
    String::from_utf8_lossy(&id).trim().to_owned()
}
