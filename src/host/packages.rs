//! Which Debian packages are installed, from dpkg's own records, and whether dpkg was interrupted.

use std::{collections::BTreeMap, io, path::Path};

use anyhow::{Context, Result};

use crate::executor::Executor;

const STATUS: &str = "/var/lib/dpkg/status";
/// Numbered files in here are changes that dpkg did not finish.
const UPDATES: &str = "/var/lib/dpkg/updates";

/// The packages dpkg knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    known: BTreeMap<String, Package>,
    /// Whether dpkg was interrupted and wants `dpkg --configure -a` before anything else.
    pub interrupted: bool,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// How much of it is there.
    pub state: Presence,
    /// The operator forbade changing it.
    pub held: bool,
    /// As dpkg writes it; empty when it has none.
    pub version: String,
}

/// How much of a package is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// Removed; configuration files may remain.
    Absent,
    /// Unpacked or half configured: an installation broke off.
    Partly,
    /// Installed and configured.
    Installed,
}

impl Packages {
    /// Reads dpkg's records.
    ///
    /// # Errors
    /// When `/var/lib/dpkg/status` cannot be read.
    pub fn read(host: &dyn Executor) -> Result<Self> {
        let status = host.read(Path::new(STATUS)).with_context(|| format!("cannot read {STATUS}"))?;
        let updates = match host.list(Path::new(UPDATES)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.with_context(|| format!("cannot list {UPDATES}"))?,
        };
        Ok(Packages {
            known: parse(&status),
            interrupted: updates.iter().any(|name| name.bytes().all(|b| b.is_ascii_digit())),
        })
    }

    /// What is known of a package; of several architectures the one that is most there.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.known.get(name)
    }

    /// Whether it is installed and configured.
    pub fn installed(&self, name: &str) -> bool {
        self.get(name).is_some_and(|package| package.state == Presence::Installed)
    }
}

fn parse(status: &[u8]) -> BTreeMap<String, Package> {
    let mut known: BTreeMap<String, Package> = BTreeMap::new();
    let (mut name, mut package) = (None, None);
    let mut version = String::new();
    for line in status.split(|b| *b == b'\n').chain([b"".as_slice()]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if let (Some(name), Some((state, held))) = (name.take(), package.take()) {
                let found = Package { state, held, version: std::mem::take(&mut version) };
                if known.get(&name).is_none_or(|other| other.state < found.state) {
                    known.insert(name, found);
                }
            }
            version.clear();
        } else if let Some(value) = field(line, "Package") {
            name = Some(value);
        } else if let Some(value) = field(line, "Status") {
            package = Some(state(&value));
        } else if let Some(value) = field(line, "Version") {
            version = value;
        }
    }
    known
}

/// The value of a one-line field of that name.
fn field(line: &[u8], name: &str) -> Option<String> {
    let (found, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(String::from_utf8_lossy(value).trim().to_owned())
}

/// `WANTED FLAG STATE`, as in `hold ok installed`. Triggers that wait do not make a package less installed.
fn state(status: &str) -> (Presence, bool) {
    let mut words = status.split_ascii_whitespace();
    let held = words.next() == Some("hold");
    let state = match words.nth(1) {
        Some("installed" | "triggers-awaited" | "triggers-pending") => Presence::Installed,
        Some("unpacked" | "half-installed" | "half-configured") => Presence::Partly,
        _ => Presence::Absent,
    };
    (state, held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_configured_package_is_installed() {
        let text = b"Package: a\nStatus: install ok installed\nVersion: 1\nDescription: x\n Package: trap\n\n\
                     Package: b\nStatus: deinstall ok config-files\n\n\
                     package: c\nSTATUS: hold ok installed\n\n\
                     Package: d\nStatus: install ok half-configured\n\n\
                     Package: e\n\nStatus: install ok installed\n\n\
                     Package: f\nStatus: install ok not-installed\n\nPackage: f\nStatus: install ok installed";
        let known = parse(text);
        let state = |name: &str| known.get(name).map(|p| p.state);
        assert_eq!(state("a"), Some(Presence::Installed));
        assert_eq!(state("b"), Some(Presence::Absent));
        assert_eq!((state("c"), known["c"].held), (Some(Presence::Installed), true));
        assert_eq!(state("d"), Some(Presence::Partly));
        assert_eq!((state("e"), state("trap")), (None, None));
        assert_eq!(state("f"), Some(Presence::Installed));
        assert_eq!(known["a"].version, "1");
    }

    #[test]
    fn damaged_records_are_no_package() {
        for text in [
            &b""[..],
            b"\0\0\0\n\n",
            b"Package",
            b"Package:\xff\nStatus:\n",
            b"Status: install ok installed\n",
        ] {
            assert!(!parse(text).values().any(|p| p.state == Presence::Installed), "{text:?}");
        }
    }
}
