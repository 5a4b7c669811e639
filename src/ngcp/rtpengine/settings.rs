//! What the host's own files say of rtpengine's rule: whether it is wanted, of which table, who puts it there.

use std::path::{Path, PathBuf};

use super::super::{config::Config, release::Version};
use crate::{executor::Executor, host};

/// What the daemon of old releases is started with, and in what newer ones configure it.
const DEFAULTS: [&str; 2] = ["/etc/default/ngcp-rtpengine-daemon", "/etc/default/rtpengine-daemon"];
pub(super) const CONFIG: &str = "/etc/rtpengine/rtpengine.conf";
/// From this release on the daemon makes the rule itself and has a verb for it (PLATFORM.md 8.2).
const OWN_VERB: Version = Version::Number(12, 0, 0);

/// What the files say.
pub(super) struct Settings {
    pub(super) wanted: Option<bool>,
    pub(super) why: String,
    pub(super) table: Option<u32>,
    /// The chain with the rule, and the one that jumps to it.
    pub(super) chain: String,
    pub(super) base: String,
    /// The families that newer daemons look after: IPv4, IPv6.
    pub(super) families: [bool; 2],
    /// The daemon has a verb that puts it back; with which file, and whether it must be told the chains.
    pub(super) verb: Option<(PathBuf, bool)>,
}

pub(super) fn read(host: &dyn Executor, config: Option<&Config>, version: Option<Version>) -> Settings {
    let text = |path: &str| {
        let bytes = host.read(Path::new(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let defaults = DEFAULTS.iter().find_map(|path| Some((*path, text(path)?)));
    let own = text(CONFIG);
    let default = |name: &str| value(&defaults.as_ref()?.1, name);
    let option = |name: &str| value(main_section(own.as_deref()?), name);
    let has_program = ["rtpengine", "ngcp-rtpengine"].iter().any(|name| host.find_program(name).is_some());

    let new = match version {
        Some(version) => version >= OWN_VERB,
        None => option("nftables-chain").is_some(),
    };
    let (said, place) = match (option("table"), default("TABLE")) {
        (Some(table), _) => (Some(table), format!("table = in {CONFIG}")),
        (None, Some(table)) => {
            (Some(table), format!("TABLE= in {}", defaults.as_ref().map_or(DEFAULTS[0], |(path, _)| path)))
        }
        (None, None) => (None, CONFIG.to_owned()),
    };
    let number = said.as_deref().map(str::parse::<i64>);
    let table = number.clone().and_then(Result::ok).and_then(|number| u32::try_from(number).ok());
    // A daemon with a file that names no table works without the kernel; the old start script took table 0.
    let table = if said.is_none() && defaults.is_some() && own.is_none() { Some(0) } else { table };

    let chain = option("nftables-chain");
    let managed_by_hand = default("MANAGE_IPTABLES").is_some_and(|word| word != "yes")
        || chain.as_deref().is_some_and(str::is_empty);
    let off = ["rtpengine.enable", "rtpproxy.enable"].iter().find(|key| {
        let keys: Vec<&str> = key.split('.').collect();
        config.and_then(|config| config.text(&keys)).is_some_and(|text| text == "no")
    });
    let (wanted, why) = match (host::container(host), number) {
        (Some(kind), _) => (Some(false), format!("a container ({kind}): media stays in userspace there")),
        _ if !has_program && defaults.is_none() && own.is_none() => {
            (Some(false), "rtpengine is not on this host".to_owned())
        }
        _ if off.is_some() => (Some(false), format!("{} is 'no'", off.copied().unwrap_or_default())),
        (_, Some(Err(_))) => (None, format!("{place} is no number")),
        (_, Some(Ok(number))) if number < 0 => {
            (Some(false), format!("{place} is {number}: media stays in userspace"))
        }
        _ if table.is_none() => (Some(false), format!("{place} names no table: media stays in userspace")),
        _ if managed_by_hand => {
            (Some(true), "the daemon is told to leave the rule to the operator".to_owned())
        }
        _ if default("CREATE_IPTABLES_CHAIN").is_some_and(|word| word == "no") => {
            (Some(true), "without its chain the daemon does not start (CREATE_IPTABLES_CHAIN=no)".to_owned())
        }
        _ => (Some(true), format!("{place} is {}", table.unwrap_or_default())),
    };
    let families = match option("nftables-family").as_deref() {
        Some("ip" | "ip4") => [true, false],
        Some("ip6") => [false, true],
        _ => [true, true],
    };
    let named = chain.clone().filter(|chain| !chain.is_empty());
    Settings {
        wanted,
        why,
        table,
        chain: named.unwrap_or_else(|| "rtpengine".to_owned()),
        base: option("nftables-base-chain")
            .filter(|base| !base.is_empty())
            .unwrap_or_else(|| "INPUT".to_owned()),
        families,
        verb: (new && host.find_program("rtpengine").is_some())
            .then(|| (PathBuf::from(CONFIG), chain.is_some_and(|chain| chain.is_empty()))),
    }
}

/// The section `[rtpengine]`, or what stands before any section.
fn main_section(text: &str) -> &str {
    let start = text.find("[rtpengine]").map_or(0, |at| at + "[rtpengine]".len());
    let rest = &text[start..];
    rest.find("\n[").map_or(rest, |end| &rest[..end])
}

/// The last `NAME=value` or `name = value` of a text that is no comment.
fn value(text: &str, name: &str) -> Option<String> {
    let mut said = text.lines().filter_map(|line| {
        let line = line.trim();
        let (key, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (key.trim() == name).then(|| value.split('#').next().unwrap_or_default().trim().to_owned())
    });
    said.next_back().map(|value| value.trim_matches(['"', '\'']).to_owned())
}
