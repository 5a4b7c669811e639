//! Which sip:provider this is: version, edition, Debian below it, and what its own `ngcpcfg` can do.
//! Nothing is refused for its version; what was not tested is said.

use std::{collections::BTreeSet, fmt, path::Path, time::Duration};

use super::config;
use crate::{
    executor::{Command, Executor, Quiet},
    host::packages::Packages,
};

/// In this order: during an upgrade the first one is right (PLATFORM.md 1.1).
const VERSION_FILES: [&str; 3] =
    ["/etc/ngcp_upgrade_version", "/etc/ngcp_version", "/etc/sipwise_ngcp_version"];
/// Releases whose files and tools this program was tested with.
const TESTED: [(u16, u16); 2] = [(3, 8), (13, 5)];
/// Actions of `ngcpcfg` that any release is known to have had.
const KNOWN_ACTIONS: [&str; 22] = [
    "apply",
    "build",
    "check",
    "clean",
    "commit",
    "decrypt",
    "del",
    "diff",
    "encrypt",
    "get",
    "help",
    "initialise",
    "log",
    "patch",
    "post-build",
    "pull",
    "push",
    "services",
    "set",
    "show",
    "status",
    "values",
];

/// What is known of the release; everything may be unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The number, when it can be read.
    pub version: Option<Version>,
    /// CE, PRO or Carrier, when it can be told.
    pub edition: Option<Edition>,
    /// As in `/etc/debian_version`: `12.11`.
    pub debian: Option<String>,
}

/// The number of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `mr13.5.1`
    Number(u16, u16, u16),
    /// `trunk`: newer than all numbers.
    Trunk,
}

/// The product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// sip:provider CE
    Ce,
    /// sip:provider PRO
    Pro,
    /// sip:carrier
    Carrier,
}

impl Version {
    /// Reads `mr13.5.1`, `mr3.8`, `2.8` or `trunk`; what follows the number is ignored.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim();
        if text.starts_with("trunk") {
            return Some(Version::Trunk);
        }
        let text = text.strip_prefix("mr").unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers = text[..end].split('.').map(str::parse::<u16>);
        let major = numbers.next()?.ok()?;
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Version::Number(major, next(), next()))
    }

    /// Whether it is older than mr4: another `ngcpcfg`, other names of the database users.
    pub fn is_before_mr4(self) -> bool {
        self < Version::Number(4, 0, 0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Number(major, minor, patch) => write!(f, "mr{major}.{minor}.{patch}"),
            Version::Trunk => f.write_str("trunk"),
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Edition::Ce => "CE",
            Edition::Pro => "PRO",
            Edition::Carrier => "Carrier",
        })
    }
}

impl Release {
    /// Looks at the host. What is missing or garbled is unknown, never an error.
    pub fn read(host: &dyn Executor) -> Release {
        Release {
            version: VERSION_FILES.iter().find_map(|path| Version::parse(&first_line(host, path)?)),
            edition: edition(host),
            debian: first_line(host, "/etc/debian_version"),
        }
    }

    /// `mr13.5.1`, or `unknown`.
    pub fn version_text(&self) -> String {
        self.version.map_or_else(|| "unknown".to_owned(), |version| version.to_string())
    }

    /// `CE`, `PRO`, `Carrier` or `unknown`.
    pub fn edition_text(&self) -> String {
        self.edition.map_or_else(|| "unknown".to_owned(), |edition| edition.to_string())
    }

    /// `Debian 12.11`, or `Debian, version unknown`.
    pub fn debian_text(&self) -> String {
        self.debian.as_ref().map_or_else(|| "Debian, version unknown".to_owned(), |d| format!("Debian {d}"))
    }

    /// Whether more than one node belongs to the platform.
    pub fn is_cluster(&self) -> bool {
        matches!(self.edition, Some(Edition::Pro | Edition::Carrier))
    }

    /// Words of caution; none when this very release was tested.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        match self.version {
            None => remarks.push("The release is unknown: /etc/ngcp_version cannot be read.".to_owned()),
            Some(Version::Number(major, minor, _)) if TESTED.contains(&(major, minor)) => {}
            Some(version) => remarks.push(format!(
                "Tested with CE mr3.8 and mr13.5, not with {version}: read the review with care."
            )),
        }
        match self.edition {
            Some(Edition::Ce) => {}
            Some(edition) => remarks.push(format!(
                "Tested with CE, not with {edition}: every node of the platform has to be done by itself."
            )),
            None => remarks.push("The edition is unknown; tested with CE only.".to_owned()),
        }
        remarks
    }
}

/// What the host's own `ngcpcfg` can do, asked of itself; `None` where it cannot be asked.
pub fn actions(host: &dyn Executor) -> Option<BTreeSet<&'static str>> {
    if !host.world().is_running() {
        return None;
    }
    let command = Command::new("ngcpcfg", ["help"]).limit(Duration::from_secs(10)).reads_only();
    let exit = host.run(&command, &mut Quiet).ok()?;
    let found = listed_actions(&(exit.text() + &exit.error_text()));
    // A usage text without `apply` is none that we understand.
    found.contains("apply").then_some(found)
}

/// Names of actions in a usage text: one a line behind the program's name, or a line that is nothing but a list.
fn listed_actions(usage: &str) -> BTreeSet<&'static str> {
    let known = |word: &str| KNOWN_ACTIONS.iter().copied().find(|action| *action == word);
    let mut found = BTreeSet::new();
    for line in usage.lines().take(500) {
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || ",|".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        let words = match words.as_slice() {
            ["ngcpcfg", rest @ ..] => &rest[..rest.len().min(1)],
            all if all.iter().all(|word| known(word).is_some()) => all,
            [first, "-" | "--" | "–", ..] => std::slice::from_ref(first),
            all if line.contains(',') && all.len() > 2 => all,
            all if line.starts_with(' ') && all.len() > 1 => &all[..1],
            _ => continue,
        };
        found.extend(words.iter().filter_map(|word| known(word)));
    }
    found
}

fn edition(host: &dyn Executor) -> Option<Edition> {
    from_constants(host)
        .or_else(|| from_packages(host))
        .or_else(|| from_roles(host))
        .or_else(|| (first_line(host, "/etc/ngcp_nodename")? == "spce").then_some(Edition::Ce))
}

fn from_constants(host: &dyn Executor) -> Option<Edition> {
    named(&config::ngcp_type(host)?)
}

fn from_packages(host: &dyn Executor) -> Option<Edition> {
    let packages = Packages::read(host).ok()?;
    let editions = [Edition::Carrier, Edition::Pro, Edition::Ce];
    let names = ["ngcp-ngcp-carrier", "ngcp-ngcp-pro", "ngcp-ngcp-ce"];
    editions.into_iter().zip(names).find(|(_, name)| packages.installed(name)).map(|(edition, _)| edition)
}

fn from_roles(host: &dyn Executor) -> Option<Edition> {
    let bytes = host.read(Path::new("/etc/default/ngcp-roles")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = text.lines().find_map(|line| line.trim().strip_prefix("NGCP_TYPE="))?;
    named(value.trim_matches(['"', '\'', ' ']))
}

fn named(name: &str) -> Option<Edition> {
    match name {
        "spce" => Some(Edition::Ce),
        "sppro" => Some(Edition::Pro),
        "carrier" => Some(Edition::Carrier),
        _ => None,
    }
}

/// The first line of a small file, when it is a word or two of plain text.
fn first_line(host: &dyn Executor, path: &str) -> Option<String> {
    let bytes = host.read(Path::new(path)).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line).ok()?.trim();
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    (!text.is_empty() && text.len() <= 64 && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{World, simulated::Simulated};

    #[test]
    fn versions_are_read_and_ordered() {
        let v = |text| Version::parse(text).unwrap();
        assert!(v("mr3.8.3").is_before_mr4() && v("2.8").is_before_mr4());
        assert!(!v("mr4.0.1").is_before_mr4() && !v("trunk").is_before_mr4());
        assert!(v("mr13.5.1") > v("mr4.5.13") && v("trunk") > v("mr26.1") && v("mr3.8.13") > v("mr3.8.3"));
        assert_eq!(v("mr10.5.2-LTS\n"), Version::Number(10, 5, 2));
        assert_eq!(v("mr13.5.1").to_string(), "mr13.5.1");
        for garbage in ["", "mr", "mrx.1", "-1", "99999999", "ä"] {
            assert_eq!(Version::parse(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn an_upgrade_in_progress_counts_and_garbage_does_not() {
        let host = Simulated::new()
            .file("/etc/ngcp_version", "mr3.8.3\n")
            .file("/etc/ngcp_upgrade_version", vec![0xff; 1_000_000])
            .file("/etc/debian_version", "7.11\n");
        let release = Release::read(&host);
        assert_eq!(release.version_text(), "mr3.8.3");
        assert_eq!(release.debian_text(), "Debian 7.11");
        let host = host.file("/etc/ngcp_upgrade_version", "mr4.5.1\n");
        assert_eq!(Release::read(&host).version_text(), "mr4.5.1");
        let nothing = Release::read(&Simulated::new());
        assert_eq!((nothing.version_text(), nothing.edition_text()), ("unknown".into(), "unknown".into()));
        assert_eq!(nothing.remarks().len(), 2);
    }

    /// PLATFORM.md 1.2: constants.yml, then packages, then roles, then the node's name.
    #[test]
    fn the_edition_is_found_in_four_places() {
        let node = Simulated::new().file("/etc/ngcp_nodename", "spce\n");
        assert_eq!(Release::read(&node).edition, Some(Edition::Ce));
        let roles = node.file("/etc/default/ngcp-roles", "# x\nNGCP_TYPE=\"carrier\"\n");
        assert_eq!(Release::read(&roles).edition, Some(Edition::Carrier));
        let package = "Package: ngcp-ngcp-pro\nStatus: install ok installed\nVersion: 1\n\n";
        let packages = roles.file("/var/lib/dpkg/status", package);
        assert_eq!(Release::read(&packages).edition, Some(Edition::Pro));
        let constants = packages.file("/etc/ngcp-config/constants.yml", "general: {ngcp_type: spce}\n");
        assert_eq!(Release::read(&constants).edition, Some(Edition::Ce));
    }

    #[test]
    fn only_what_was_tested_is_called_tested() {
        let remarks = |version: &str| {
            Release { version: Version::parse(version), edition: Some(Edition::Ce), debian: None }.remarks()
        };
        assert!(remarks("mr3.8.12").is_empty() && remarks("mr13.5.1").is_empty());
        assert!(remarks("mr9.5.1")[0].contains("not with mr9.5.1"));
        assert!(!remarks("trunk").is_empty());
    }

    #[test]
    fn ngcpcfg_is_asked_what_it_can_do() {
        let usage = "ngcpcfg - Configuration Management System\n\nUsage:\n\n\
            \x20 ngcpcfg build [opts]    - generate/update configuration files\n\
            \x20 ngcpcfg apply           - a short-cut for check-build-services-commit-etckeeper\n\
            \x20 ngcpcfg status          - display status of configuration file\n\n\
            For further usage check the manpage.\n";
        assert_eq!(listed_actions(usage).into_iter().collect::<Vec<_>>(), ["apply", "build", "status"]);
        let list = "Actions:\n  apply, build, check, set\n";
        assert_eq!(listed_actions(list).into_iter().collect::<Vec<_>>(), ["apply", "build", "check", "set"]);
        let columns = "Actions:\n   apply [<message>]   build and check\n   check    validate\n";
        assert_eq!(listed_actions(columns).into_iter().collect::<Vec<_>>(), ["apply", "check"]);

        let host = Simulated::new().on("ngcpcfg", move |_, _| usage);
        assert!(actions(&host).unwrap().contains("build"));
        assert_eq!(actions(&host.with_world(World::Tree)), None);
        assert_eq!(actions(&Simulated::new()), None);
        assert_eq!(actions(&Simulated::new().on("ngcpcfg", |_, _| "Segmentation fault")), None);
    }
}
