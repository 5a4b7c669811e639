//! The platform's own logs below `/var/log/ngcp`: what they take on disk, for how long they are kept, and whether
//! kamailio says in its logs that it ran out of memory. Nothing is judged here.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;

use crate::executor::{Command, Executor, Kind, Quiet};

mod ran_out;

pub use ran_out::{RanOut, ran_out};

/// Where they lie.
pub const DIRECTORY: &str = "/var/log/ngcp";
/// More files are not looked at, nor what lies deeper.
const MOST_FILES: usize = 20_000;
const DEPTH: usize = 3;
/// Files that were last written this close to the oldest one hold the time before it.
const SAME_TIME: i64 = 3600;
/// A shorter time tells nothing of a day, in seconds.
const SHORTEST: i64 = 6 * 3600;
/// What was written earlier tells nothing of today, in seconds.
const LONGEST: i64 = 30 * 86_400;
/// How long a look at the rotation may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What logs take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Kept {
    /// Bytes of all of them.
    pub bytes: u64,
    /// Bytes that a day adds, as they are kept; `None` where they do not reach back far enough.
    pub per_day: Option<f64>,
}

/// The logs of the platform; a folder that is not there holds none.
///
/// # Errors
/// When they cannot be listed, or are too many.
pub fn kept(host: &dyn Executor) -> Result<Kept> {
    let mut files = Vec::new();
    let mut folders = vec![(real(host, Path::new(DIRECTORY)), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let names = match host.list(&folder) {
            Err(error) if depth == 0 && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            names => names.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        for name in names {
            let path = folder.join(name);
            // A log that is rotated away right now is no fault.
            let Ok(about) = host.metadata(&path) else { continue };
            match about.kind {
                Kind::Directory if depth < DEPTH => folders.push((path, depth + 1)),
                Kind::File => files.push((about.modified, about.len)),
                _ => {}
            }
            ensure!(files.len() <= MOST_FILES, "more than {MOST_FILES} files below {DIRECTORY}");
        }
    }
    let bytes = files.iter().map(|(_, len)| *len).fold(0, u64::saturating_add);
    Ok(Kept { bytes, per_day: per_day(&files, host.now()) })
}

/// Where a folder really is: one link in place of it is usual where logs have a disk of their own.
pub fn real(host: &dyn Executor, folder: &Path) -> PathBuf {
    match host.read_link(folder) {
        Ok(target) if target.is_absolute() => target,
        Ok(target) => folder.parent().unwrap_or(folder).join(target),
        Err(_) => folder.to_owned(),
    }
}

/// What files grow by in a day: all that was written in the last 30 days, or since the oldest was closed where that
/// is not so long ago, over that time.
pub fn per_day(files: &[(Timestamp, u64)], now: Timestamp) -> Option<f64> {
    let oldest = files.iter().map(|(at, _)| at.as_second()).min()?;
    let now = now.as_second();
    // One file that was left lying for years tells nothing of a day.
    let (since, begin) = match now.checked_sub(LONGEST)? {
        start if start > oldest => (start, start),
        _ => (oldest, oldest + SAME_TIME),
    };
    let span = now.checked_sub(since).filter(|span| *span >= SHORTEST)?;
    let newer = files.iter().filter(|(at, _)| at.as_second() > begin);
    let bytes: f64 = newer.map(|(_, len)| *len as f64).sum();
    Some(bytes * 86_400.0 / span as f64)
}

/// For how long logs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Days, at most: large logs may be rotated earlier.
    pub days: u64,
    /// Who says so.
    pub by: String,
}

/// What logrotate itself says of the platform's logs.
///
/// # Errors
/// When it cannot be asked, does not know them, or keeps them for different times.
pub fn rotation(host: &dyn Executor) -> Result<Rotation> {
    ensure!(host.world().is_running(), "logrotate can only be asked on the running host");
    let command = Command::new("logrotate", ["-d", "/etc/logrotate.conf"]).reads_only().limit(LIMIT);
    let exit = host.run(&command, &mut Quiet).context("logrotate cannot be asked")?;
    // It says all of this as complaints, and fails when one of many logs is not there.
    let text = format!("{}{}", exit.text(), exit.error_text());
    let mut days: Vec<u64> = rotations(&text);
    days.sort_unstable();
    days.dedup();
    match days.as_slice() {
        [days] => Ok(Rotation { days: *days, by: "logrotate".to_owned() }),
        [] => bail!("logrotate says of no log below {DIRECTORY} for how many days it is kept"),
        [least, .., most] => bail!("logrotate keeps logs below {DIRECTORY} for {least} to {most} days"),
    }
}

/// `rotating pattern: /var/log/ngcp/*.log  after 1 days (93 rotations)`, in one line or two.
fn rotations(text: &str) -> Vec<u64> {
    let parts = text.split("rotating pattern:").skip(1);
    let ours = parts.filter_map(|part| {
        let (head, _) = part.split_once(" rotations)")?;
        head.contains(DIRECTORY).then_some(head)
    });
    ours.filter_map(|head| {
        let (when, count) = head.rsplit_once('(')?;
        let words: Vec<&str> = when.split_whitespace().rev().take(2).collect();
        let every = match words.as_slice() {
            ["days", number] => number.parse().ok()?,
            ["weekly", _] => 7,
            ["monthly", _] => 30,
            ["yearly", _] => 365,
            _ => return None,
        };
        count.trim().parse::<u64>().ok()?.checked_mul(every)
    })
    .collect()
}

#[cfg(test)]
mod tests;
