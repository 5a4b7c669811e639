//! What of the platform must be reachable from outside, and for whom (handbook 15.2, Tables 8 and 9), with the ports
//! of this host.

use serde::{Deserialize, Serialize};

use crate::host::packet_filter::Protocol;

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
