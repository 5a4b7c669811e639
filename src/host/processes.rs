//! The processes of a running host, as the kernel lists them in `/proc`: command line, parent, age. What a program is
//! for is not known here.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};

use crate::executor::Executor;

/// More processes are not looked through.
const MOST: usize = 20_000;
/// Ticks of a second in which the kernel counts for programs; the same on every platform of Debian.
const TICKS: u64 = 100;

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The words it was started with, the program first.
    pub words: Vec<String>,
}

impl Process {
    /// The name of the program, without its folder.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", |word| word.rsplit('/').next().unwrap_or_default())
    }

    /// The value of an option of one letter: `-m 64` or `-m64`.
    pub fn option(&self, letter: char) -> Option<&str> {
        let mut words = self.words.iter().skip(1);
        while let Some(word) = words.next() {
            if let Some(value) = word.strip_prefix('-').and_then(|word| word.strip_prefix(letter)) {
                return if value.is_empty() { words.next().map(String::as_str) } else { Some(value) };
            }
        }
        None
    }
}

/// All processes with a command line; those of the kernel itself have none.
///
/// # Errors
/// When the host does not run, or does not list them.
pub fn processes(host: &dyn Executor) -> Result<Vec<Process>> {
    ensure!(host.world().is_running(), "this host does not run: it has no processes");
    let names = host.list(Path::new("/proc")).context("the processes cannot be listed")?;
    let pids = names.iter().filter_map(|name| name.parse().ok()).take(MOST);
    let process = |pid: u32| {
        let bytes = host.read(Path::new(&format!("/proc/{pid}/cmdline"))).ok()?;
        let words = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let words: Vec<String> = words.take_while(|word| !word.is_empty()).collect();
        (!words.is_empty()).then_some(Process { pid, words })
    };
    Ok(pids.filter_map(process).collect())
}

/// The sockets among the first `most` open files of a process, by the numbers that the kernel's tables know them by; none
/// where they may not be seen.
pub fn open_sockets(host: &dyn Executor, pid: u32, most: usize) -> Vec<String> {
    let folder = format!("/proc/{pid}/fd");
    let open = host.list(Path::new(&folder)).unwrap_or_default().into_iter().take(most);
    let socket = |fd: String| {
        let link = host.read_link(&Path::new(&folder).join(fd)).ok()?;
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    open.filter_map(socket).collect()
}

/// For how long a process has been running; `None` where the kernel does not tell.
pub fn age(host: &dyn Executor, pid: u32) -> Option<Duration> {
    let bytes = host.read(Path::new(&format!("/proc/{pid}/stat"))).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // The name in brackets may hold anything; the start is the 20th word behind it.
    let ticks: u64 = text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    host.uptime().checked_sub(Duration::from_millis(ticks.checked_mul(1000 / TICKS)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Resources, simulated::Simulated};

    #[test]
    fn options_are_read_in_both_ways_of_writing_and_the_kernels_own_are_left_out() {
        let host = Simulated::new()
            .file("/proc/7/cmdline", "/usr/sbin/kamailio\0-P\0/run/k.pid\0-m64\0-M\x0016\0-DD\0")
            .file("/proc/2/cmdline", "")
            .file("/proc/uptime", "");
        let found = processes(&host).unwrap();
        assert_eq!(found.len(), 1);
        let one = &found[0];
        assert_eq!((one.pid, one.program()), (7, "kamailio"));
        assert_eq!((one.option('m'), one.option('M'), one.option('f')), (Some("64"), Some("16"), None));
    }

    #[test]
    fn the_age_counts_from_the_boot_of_the_host() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4200 1 1";
        let host = Simulated::new()
            .with_resources(Resources { uptime: 100, ..Resources::default() })
            .file("/proc/7/stat", stat)
            .file("/proc/8/stat", "8 (x) S");
        assert_eq!(age(&host, 7), Some(Duration::from_secs(58)));
        assert_eq!(age(&host, 8), None);
    }
}
