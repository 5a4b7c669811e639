//! What of the platform must be reachable from outside, and for whom (handbook 15.2, Tables 8 and 9), with the ports
//! of this host, and what else is known to listen there. The table is `assets/services.yml`; who gets through is not known here.

mod port;

use serde::{Deserialize, Serialize};

use self::port::Fault;
use super::{config::Config, options, release::Version};
use crate::{host::packet_filter::Protocol, known::Table};

/// The service whose ports its own server tells.
pub const SSH: &str = "ssh";
/// The service of media.
pub const RTP: &str = "rtp";

/// All of it.
pub static SERVICES: Table<Known> =
    Table::new("assets/services.yml", include_str!("../../assets/services.yml"), |known| {
        let release =
            |text: &Option<String>| text.as_deref().is_none_or(|text| Version::parse(text).is_some());
        let option = |name: &Option<String>| name.as_deref().is_none_or(|name| options::find(name).is_some());
        let port = |port: &Port| {
            let told = [port.option.is_some(), port.fixed.is_some()];
            !port.protocols.is_empty() && told.contains(&true) && option(&port.option) && option(&port.to)
        };
        let service = |one: &Entry| {
            !one.name.is_empty()
                && release(&one.until)
                && one.ports.iter().all(port)
                && (one.name == SSH || !one.ports.is_empty())
        };
        let named = |name: &str| known.services.iter().any(|one| one.name == name);
        [SSH, RTP].into_iter().all(named)
            && known.services.iter().all(service)
            && known.listeners.iter().any(|one| one.never)
    });

/// The content of `assets/services.yml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    services: Vec<Entry>,
    listeners: Vec<Usual>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    name: String,
    label: String,
    audience: Audience,
    /// The first release that does not have it.
    #[serde(default)]
    until: Option<String>,
    /// There only where the configuration has this.
    #[serde(default)]
    rare: Option<String>,
    ports: Vec<Port>,
    #[serde(default)]
    on: Vec<Switch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Port {
    protocols: Vec<Protocol>,
    #[serde(default)]
    option: Option<String>,
    /// The option with the last port of a range that `option` begins.
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    fixed: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Switch {
    key: String,
    unless_said: bool,
}

/// Something that is known to listen on a port.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    /// Where.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// "MariaDB".
    pub name: String,
    /// Whoever reaches it owns databases or calls: strangers must never.
    #[serde(default)]
    pub never: bool,
}

/// For whom a service is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Table 8: for everybody who calls.
    Subscribers,
    /// Table 9: for who runs the platform.
    Administrators,
    /// For no one outside: internal, or wanted by nobody until somebody asks for it.
    Nobody,
}

/// A service with this host's ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Stable name, the key of its question: `sip-tls`.
    pub name: String,
    /// "SIP over TLS".
    pub label: String,
    /// For whom.
    pub audience: Audience,
    /// Where it is reached. Empty when no port of it is known.
    pub ports: Vec<Ports>,
    /// Whether the configuration switches it on; `None` when that is not said.
    pub on: Option<bool>,
    /// The key of the configuration that says its port, with dots: `kamailio.lb.port`.
    pub key: Option<String>,
    /// Why its ports cannot be told: "kamailio.lb.port is '70000': a port is a number from 1 to 65535".
    pub fault: Option<String>,
}

/// A range of ports of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ports {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

impl Ports {
    /// Whether it has this one.
    pub fn has(&self, protocol: Protocol, port: u16) -> bool {
        self.protocol == protocol && (self.from..=self.to).contains(&port)
    }
}

impl std::fmt::Display for Ports {
    /// `5060/udp`, `30000-40000/udp`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ports { protocol, from, to } = self;
        if from == to {
            write!(f, "{from}/{}", protocol.word())
        } else {
            write!(f, "{from}-{to}/{}", protocol.word())
        }
    }
}

/// The services that this host has, in the order of the tables. `ssh` are the ports where its SSH server waits, or why they are
/// not known.
pub fn services(config: &Config, version: Option<Version>, ssh: Result<&[u16], &str>) -> Vec<Service> {
    SERVICES.get().services.iter().filter_map(|entry| entry.on_host(config, version, ssh)).collect()
}

/// The names of the services of all releases: for questions that this host does not raise.
pub fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.get().services.iter().map(|one| one.name.as_str())
}

/// What is known to listen on a port.
pub fn usual(protocol: Protocol, port: u16) -> Option<&'static Usual> {
    SERVICES.get().listeners.iter().find(|one| one.port == port && one.protocol == protocol)
}

impl Entry {
    fn on_host(
        &self,
        config: &Config,
        version: Option<Version>,
        ssh: Result<&[u16], &str>,
    ) -> Option<Service> {
        let there =
            self.ports.iter().any(|port| port.keys(config, version).iter().any(|key| has(config, key)));
        let until = self.until.as_deref().and_then(Version::parse);
        let gone = until.zip(version).is_some_and(|(until, version)| version >= until);
        if (gone && !there) || self.rare.as_ref().is_some_and(|key| !has(config, key)) {
            return None;
        }
        let mut service = Service {
            name: self.name.clone(),
            label: self.label.clone(),
            audience: self.audience,
            ports: Vec::new(),
            on: self.is_on(config),
            key: self.ports.iter().find_map(|port| port.keys(config, version).into_iter().next()),
            fault: None,
        };
        if self.name == SSH {
            let key = options::find("ssh-port").and_then(|option| option.path(config, None));
            service.key = key.map(|keys| keys.join(".")).filter(|key| has(config, key));
            match ssh {
                Ok(ports) => service.ports = ports.iter().map(|port| single(Protocol::Tcp, *port)).collect(),
                Err(why) => service.fault = Some(why.to_owned()),
            }
        }
        let read: Result<Vec<Vec<Ports>>, Fault> =
            self.ports.iter().map(|port| port.read(config, version)).collect();
        match read {
            Ok(ports) => service.ports.extend(ports.into_iter().flatten()),
            // None of them: a service with half of its ports would look whole.
            Err(fault) => service.fault = Some(fault.to_string()),
        }
        Some(service)
    }

    fn is_on(&self, config: &Config) -> Option<bool> {
        let is_on = |switch: &Switch| {
            let value = config.value(&keys(&switch.key)).filter(|value| !value.is_null());
            let off =
                |text: &str| matches!(text.to_ascii_lowercase().as_str(), "no" | "0" | "false" | "off" | "");
            value.map_or(switch.unless_said, |value| !off(&value.text))
        };
        (!self.on.is_empty()).then(|| self.on.iter().all(is_on))
    }
}

impl Port {
    /// The keys of the configuration that say it.
    fn keys(&self, config: &Config, version: Option<Version>) -> Vec<String> {
        let option = |name: &String| Some(options::find(name)?.path(config, version)?.join("."));
        self.key
            .iter()
            .cloned()
            .chain([&self.option, &self.to].into_iter().flatten().filter_map(option))
            .collect()
    }

    fn read(&self, config: &Config, version: Option<Version>) -> Result<Vec<Ports>, Fault> {
        let option = |name: &String| {
            let setting = options::find(name)?;
            Some((setting.path(config, version)?.join("."), setting.default.parse().ok()))
        };
        let asked = |name: &Option<String>| name.as_ref().and_then(option);
        let first = asked(&self.option).or_else(|| self.key.clone().map(|key| (key, self.fixed)));
        let from = match &first {
            Some((key, default)) => port::read(config, key, *default)?,
            None => self.fixed.unwrap_or_default(),
        };
        let to = match asked(&self.to) {
            Some((key, default)) => {
                let to = port::read(config, &key, default)?;
                port::in_order(first.as_ref().map_or("", |(key, _)| key), from, &key, to)?;
                to
            }
            None => from,
        };
        Ok(self.protocols.iter().map(|protocol| Ports { protocol: *protocol, from, to }).collect())
    }
}

fn single(protocol: Protocol, port: u16) -> Ports {
    Ports { protocol, from: port, to: port }
}

fn keys(dotted: &str) -> Vec<&str> {
    dotted.split('.').collect()
}

fn has(config: &Config, dotted: &str) -> bool {
    config.has(&keys(dotted))
}

#[cfg(test)]
mod tests;
