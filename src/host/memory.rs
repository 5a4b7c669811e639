//! Memory of the host and of its programs, as the kernel tells it: `/proc/meminfo`, `/proc/PID/smaps_rollup`. What a
//! program is for is not known here.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::executor::Executor;

/// Where the kernel tells of the whole host.
const MEMINFO: &str = "/proc/meminfo";

/// Memory of the whole host, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// What programs can still get.
    pub available: u64,
    /// Swap, all of it.
    pub swap: u64,
    /// Set aside for huge pages, which only programs that ask for them get.
    pub huge_pages: u64,
}

/// What some processes really take together, in bytes: what several share is counted once in their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// All of it (PSS).
    pub all: u64,
    /// All but the memory that they share on purpose: their programs, and what each has for itself.
    pub private: u64,
}

/// Memory of the host.
///
/// # Errors
/// When the host does not run or does not tell.
pub fn memory(host: &dyn Executor) -> Result<Memory> {
    ensure!(host.world().is_running(), "this host does not run: its memory cannot be seen");
    let bytes = host.read(Path::new(MEMINFO)).with_context(|| format!("cannot read {MEMINFO}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let total = kib(&text, "MemTotal").filter(|total| *total > 0);
    let total = total.with_context(|| format!("{MEMINFO} has no MemTotal"))?;
    // Kernels before 3.14 do not tell what is available: free pages and what lies in caches.
    let parts = || ["MemFree", "Buffers", "Cached"].iter().filter_map(|name| kib(&text, name)).sum();
    Ok(Memory {
        total,
        available: kib(&text, "MemAvailable").unwrap_or_else(parts).min(total),
        swap: kib(&text, "SwapTotal").unwrap_or_default(),
        huge_pages: number(&text, "HugePages_Total")
            .unwrap_or_default()
            .saturating_mul(kib(&text, "Hugepagesize").unwrap_or_default()),
    })
}

/// What these processes take; `None` where the kernel does not tell of all of them.
pub fn taken(host: &dyn Executor, processes: &[u32]) -> Option<Taken> {
    processes.iter().try_fold(Taken::default(), |sum, process| {
        let one = summed(host, *process).or_else(|| piece_by_piece(host, *process))?;
        Some(Taken { all: sum.all.checked_add(one.all)?, private: sum.private.checked_add(one.private)? })
    })
}

/// From kernel 5.4 on the kernel itself has the sum, and what of it is shared.
fn summed(host: &dyn Executor, process: u32) -> Option<Taken> {
    let bytes = host.read(Path::new(&format!("/proc/{process}/smaps_rollup"))).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let all = kib(&text, "Pss")?;
    Some(Taken { all, private: all.saturating_sub(kib(&text, "Pss_Shmem")?) })
}

/// Older ones tell of each mapping: `55c1-55c2 rw-s …`, the `s` being for shared.
fn piece_by_piece(host: &dyn Executor, process: u32) -> Option<Taken> {
    let bytes = host.read(Path::new(&format!("/proc/{process}/smaps"))).ok()?;
    let (mut taken, mut shared, mut seen) = (Taken::default(), false, false);
    for line in String::from_utf8_lossy(&bytes).lines() {
        match line.split_once(' ') {
            Some((range, rest)) if range.contains('-') => shared = rest.as_bytes().get(3) == Some(&b's'),
            _ => {
                let Some(pss) = kib(line, "Pss") else { continue };
                seen = true;
                taken.all = taken.all.saturating_add(pss);
                if !shared {
                    taken.private = taken.private.saturating_add(pss);
                }
            }
        }
    }
    seen.then_some(taken)
}

/// The bytes behind `NAME:   11576 kB`.
fn kib(text: &str, name: &str) -> Option<u64> {
    number(text, name)?.checked_mul(1024)
}

/// The number behind `NAME:`.
fn number(text: &str, name: &str) -> Option<u64> {
    let after = |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
    text.lines().find_map(after)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{World, simulated::Simulated};

    const MB: u64 = 1024 * 1024;

    #[test]
    fn what_is_available_is_told_by_new_kernels_and_summed_for_old_ones() {
        let host = |text: &str| Simulated::new().file(MEMINFO, text);
        let new = "MemTotal:       24684092 kB\nMemFree:         2024788 kB\nMemAvailable:   22783744 kB\n\
                   Buffers:          260792 kB\nCached:         20053232 kB\nSwapTotal:       1048576 kB\n\
                   HugePages_Total:     512\nHugepagesize:       2048 kB\n";
        let told = memory(&host(new)).unwrap();
        assert_eq!(
            told,
            Memory {
                total: 24_684_092 * 1024,
                available: 22_783_744 * 1024,
                swap: 1024 * MB,
                huge_pages: 1024 * MB
            }
        );
        let old = "MemTotal:        1000 kB\nMemFree:         100 kB\nBuffers:          20 kB\nCached:          300 kB\n";
        assert_eq!(memory(&host(old)).unwrap().available, 420 * 1024);
        for wrong in
            ["", "MemTotal: kB\n", "MemTotal: 99999999999999999999 kB\n", "MemTotal: 0 kB\n", "\0\u{fffd}"]
        {
            assert!(memory(&host(wrong)).is_err(), "{wrong:?}");
        }
        assert!(memory(&host(new).with_world(World::Tree)).is_err(), "a tree has no memory in use");
    }

    #[test]
    fn shared_memory_is_told_apart_on_new_and_old_kernels() {
        let rollup = "55c15826f000-7ffd7303f000 ---p 00000000 00:00 0                          [rollup]\n\
                      Rss:               11576 kB\nPss:                5887 kB\nPss_Dirty:          2631 kB\n\
                      Pss_Anon:            166 kB\nPss_File:           3256 kB\nPss_Shmem:          2465 kB\n";
        let smaps = "00400000-00500000 r-xp 00000000 08:01 42   /usr/sbin/kamailio\nRss: 900 kB\nPss:                 100 kB\n\
                     7f00-7f10 rw-s 00000000 00:04 7   /dev/zero (deleted)\nPss:                  70 kB\nVmFlags: rd wr sh\n\
                     7f10-7f20 rw-p 00000000 00:00 0 \nPss:                   3 kB\n";
        let host = Simulated::new().file("/proc/10/smaps_rollup", rollup).file("/proc/11/smaps", smaps);
        assert_eq!(taken(&host, &[10]), Some(Taken { all: 5887 * 1024, private: 3422 * 1024 }));
        assert_eq!(taken(&host, &[11]), Some(Taken { all: 173 * 1024, private: 103 * 1024 }));
        assert_eq!(taken(&host, &[10, 11]).unwrap().all, 6060 * 1024);
        assert_eq!(taken(&host, &[10, 12]), None, "one that is not told makes the sum unknown");
    }
}
