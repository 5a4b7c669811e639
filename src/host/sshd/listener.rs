//! The running server: what it was started with, which stands above its files, and whether it read them again. Read
//! from `/proc`; processes of others and of containers do not count.

use std::{collections::BTreeSet, path::Path};

use crate::executor::Executor;

/// Options that have a value (sshd(8)); those of them that decide about settings are kept.
const VALUED: &str = "bCcEfghkopu";
const KEPT: &str = "fohp";

/// A server that waits for connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listener {
    /// Its process.
    pub pid: u32,
    /// What it was started with, ready for `sshd -T`: `-f PATH`, `-o KEYWORD=VALUE`.
    pub options: Vec<String>,
}

impl Listener {
    /// What it listens on: others once it started itself again, which it does to read its settings.
    pub fn sockets(&self, host: &dyn Executor) -> BTreeSet<String> {
        let folder = format!("/proc/{}/fd", self.pid);
        let names = host.list(Path::new(&folder)).unwrap_or_default();
        let own = names.iter().filter(|name| name.parse::<u32>().is_ok_and(|fd| fd > 2));
        let links = own.filter_map(|fd| host.read_link(&Path::new(&folder).join(fd)).ok());
        links
            .map(|link| link.to_string_lossy().into_owned())
            .filter(|link| link.starts_with("socket:"))
            .collect()
    }
}

/// All of them, that with Debian's own files first.
pub fn listeners(host: &dyn Executor) -> Vec<Listener> {
    let running = host.world().is_running();
    let names = running.then(|| host.list(Path::new("/proc")).ok()).flatten().unwrap_or_default();
    let mut all: Vec<Listener> = names.iter().filter_map(|pid| listener(host, pid.parse().ok()?)).collect();
    all.sort_by_key(|one| (one.options.iter().any(|word| word == "-f"), one.pid));
    all
}

fn listener(host: &dyn Executor, pid: u32) -> Option<Listener> {
    let folder = format!("/proc/{pid}");
    let line = host.read(Path::new(&format!("{folder}/cmdline"))).ok()?;
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    // Since 8.2 it calls itself "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups".
    let words = match line.strip_prefix("sshd: ") {
        Some(title) => title.split_once(" [listener]")?.0,
        None => line.as_str(),
    };
    let mut words = words.split_whitespace();
    let network = |process: &str| host.read_link(Path::new(&format!("/proc/{process}/ns/net"))).ok();
    let ours = || {
        host.metadata(Path::new(&folder)).is_ok_and(|found| found.uid == 0)
            && network(&pid.to_string()) == network("self")
    };
    (words.next()?.rsplit('/').next() == Some("sshd") && ours()).then_some(())?;
    Some(Listener { pid, options: options(&mut words)? })
}

/// `None` when it serves one connection only.
fn options<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Vec<String>> {
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        let letters = word.strip_prefix('-').unwrap_or_default();
        if letters.chars().take_while(|c| !VALUED.contains(*c)).any(|c| "iRtTG".contains(c)) {
            return None;
        }
        let Some(at) = letters.find(|c| VALUED.contains(c)) else { continue };
        let (letter, rest) = (&letters[at..=at], &letters[at + 1..]);
        let mut value = if rest.is_empty() { words.next()? } else { rest }.to_owned();
        if letter == "o" && !value.contains('=') {
            value = format!("{value}={}", words.next()?);
        }
        if KEPT.contains(letter) {
            kept.extend([format!("-{letter}"), value]);
        }
    }
    Some(kept)
}
