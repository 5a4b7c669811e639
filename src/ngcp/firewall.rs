//! The platform's own packet filter: `security.firewall` of config.yml in releases that have it (PLATFORM.md 7).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::config::{Config, DIRECTORY};

/// Where it stands in config.yml.
const SECTION: [&str; 2] = ["security", "firewall"];
/// The lists of rules for IPv4 and for IPv6.
const RULES: [&str; 2] = ["rules4", "rules6"];

/// What config.yml says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Managed {
    /// `enable`, as it stands there.
    pub enable: String,
    /// `policies.input`, as it stands there.
    pub policy: Option<String>,
    /// `rules4` and `rules6`: words of iptables, each a rule.
    pub rules: [Vec<String>; 2],
    /// The line of another file that decides some of it.
    pub shadow: Option<String>,
}

/// What the configuration says; `None` where this release has no such section.
pub fn read(config: &Config) -> Option<Managed> {
    let at = |rest: &[&'static str]| [&SECTION[..], rest].concat();
    let text = |rest: &[&'static str]| config.main(&at(rest)).map(|value| value.text);
    let main = Path::new(DIRECTORY).join("config.yml");
    let list = |key: &'static str| -> Vec<String> {
        let own = config.list(&at(&[key])).into_iter().filter(|value| value.place.file == main);
        own.map(|value| value.text).collect()
    };
    let keys = [&["enable"][..], &["policies", "input"], &[RULES[0]], &[RULES[1]]];
    let shadow = keys.iter().find_map(|key| config.shadow(&at(key))).map(|place| place.to_string());
    Some(Managed {
        enable: text(&["enable"])?,
        policy: text(&["policies", "input"]),
        rules: RULES.map(list),
        shadow,
    })
}

/// The key of config.yml with this name in the section.
pub fn key(rest: &[&str]) -> Vec<String> {
    SECTION.iter().chain(rest).map(|key| (*key).to_owned()).collect()
}

/// The key of the rules of a family.
pub fn rules_key(v6: bool) -> Vec<String> {
    key(&[RULES[usize::from(v6)]])
}
