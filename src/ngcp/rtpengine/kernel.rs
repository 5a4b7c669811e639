//! What the kernel's part of rtpengine says of itself below `/proc`.

use std::path::Path;

use crate::executor::Executor;

/// The names of the module, by release.
const MODULES: [&str; 2] = ["nft_rtpengine", "xt_RTPENGINE"];
/// More streams are not counted.
const MOST: usize = 100_000;

/// Whether the module is loaded and has that table; `None` when it cannot be seen.
pub(super) fn has_table(host: &dyn Executor, table: Option<u32>) -> Option<bool> {
    if !host.world().is_running() {
        return None;
    }
    let list = text(host, "/proc/rtpengine/list");
    let loaded = list.is_some() || {
        let modules = text(host, "/proc/modules")?;
        modules.lines().any(|line| MODULES.iter().any(|name| line.split(' ').next() == Some(name)))
    };
    let table = table?.to_string();
    Some(loaded && list.is_some_and(|list| list.lines().any(|line| line.trim() == table)))
}

/// Streams that it forwards now, and their packets: `stats: 1234 bytes, 23 packets, 0 errors` of each.
pub(super) fn forwarded(host: &dyn Executor, table: Option<u32>) -> Option<(usize, u64)> {
    if !host.world().is_running() {
        return None;
    }
    let list = text(host, &format!("/proc/rtpengine/{}/list", table?))?;
    let packets = list.lines().take(MOST * 20).filter_map(|line| {
        let words: Vec<&str> = line.strip_prefix("    stats:")?.split_whitespace().collect();
        let at = words.iter().position(|word| word.starts_with("packets"))?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    });
    let packets: Vec<u64> = packets.take(MOST).collect();
    Some((packets.len(), packets.iter().fold(0, |sum, one| sum.saturating_add(*one))))
}

fn text(host: &dyn Executor, path: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&host.read(Path::new(path)).ok()?).into_owned())
}
