//! What the step saw of the host, as plain data that form and plan are made from.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    host::network::Network,
    ngcp::{
        reachable::{Ports, Service},
        rtpengine,
    },
};

/// Everything that form and plan need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// Why packet filters cannot be seen here at all: a container, a tree, no rights. All about them is unknown then.
    pub(super) blind: Option<String>,
    /// Why the configuration could not be read: then no service is known.
    pub(super) unread: Option<String>,
    /// How our rules are put in place on this host.
    pub(super) backend: Backend,
    /// The services of the handbook's tables with what is so today, in the order of the table.
    pub(super) services: Vec<Reached>,
    /// What becomes of a stranger's packet to a port that nothing is known of, over IPv4 and IPv6; `None` where the host
    /// has no address of that family but such as only the same wire reaches.
    pub(super) unasked: [Option<Exposure>; 2],
    /// What listens besides, on more than the loopback interface.
    pub(super) others: Vec<Other>,
    /// Where the operator comes from, where that can be seen.
    pub(super) operator: Option<IpAddr>,
    /// Networks that are trusted before anybody answers: the stored ones, else those around the operator and of the
    /// management interfaces of network.yml.
    pub(super) trusted: Vec<Network>,
    /// Everybody else who changes packet filters here.
    pub(super) others_rules: Vec<Owner>,
    /// Filters that decide one after the other although people look at one of them: nft and iptables-legacy.
    pub(super) doubled: Option<String>,
    /// Whether rules of others are there again after a restart, and by what; `None` where there are none.
    pub(super) kept: Option<Kept>,
    /// SHA-256 over all packet filters but for counters and what rtpengine, fail2ban and the like come and go with;
    /// `None` when they could not be read.
    pub(super) seen: Option<String>,
    /// What is there of ours.
    pub(super) own: Own,
    /// The rule of rtpengine.
    pub(super) rtpengine: rtpengine::Look,
    /// The bans of SIP senders, where this release has them.
    pub(super) bans: Option<Bans>,
    /// Whether the kernel can keep media out of connection tracking.
    pub(super) can_notrack: bool,
    /// The platform's own packet filter as config.yml has it; `None` where this release has none.
    pub(super) managed: Option<crate::ngcp::firewall::Managed>,
    /// The timer of ours that watches is enabled; `None` when that cannot be told.
    pub(super) watched: Option<bool>,
    /// Whether systemd runs the host, so that rules can be stored for a restart.
    pub(super) systemd: bool,
}

/// How our rules are put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Backend {
    /// `security.firewall` of config.yml and an apply.
    Platform {
        /// `security.firewall.enable` says yes.
        enabled: bool,
    },
    /// A table of our own.
    Nft,
    /// A chain of our own, by the programs of this name: `iptables`, `iptables-legacy`, `iptables-nft`.
    Iptables {
        /// Its name.
        program: String,
    },
    /// Somebody else's firewall is in charge: only findings and the rule of rtpengine, or its own commands.
    Foreign {
        /// `ufw`, `firewalld`, `csf`, `shorewall`.
        manager: String,
    },
    /// There is none that can be used, and why.
    Missing {
        /// For people.
        why: String,
    },
}

/// Who reaches something from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reach {
    /// Strangers do.
    Everyone,
    /// Only those of some networks do.
    Some,
    /// Nobody does.
    Nobody,
    /// It cannot be told.
    Unknown,
}

/// A service of the tables, and what is so today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// What it is, with this host's ports.
    pub(super) service: Service,
    /// Programs that listen on its ports in truth; empty when none does, `None` when it cannot be seen.
    pub(super) listens: Option<Vec<String>>,
    /// Who reaches it over IPv4, and by which rule.
    pub(super) v4: Exposure,
    /// The same over IPv6.
    pub(super) v6: Exposure,
}

/// Who reaches something over one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exposure {
    /// Who.
    pub(super) who: Reach,
    /// Whether the trusted networks do; `None` when that cannot be told.
    pub(super) trusted: Option<bool>,
    /// The rule that decides for strangers, or why it is unknown.
    pub(super) by: String,
    /// A part of it that fewer reach, and by which rule: "40000/udp by …".
    pub(super) but: Option<String>,
}

/// Something that listens and is in no table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Other {
    /// The address it listens on.
    pub(super) address: IpAddr,
    /// Port.
    pub(super) port: u16,
    /// `tcp` or `udp`.
    pub(super) protocol: crate::host::packet_filter::Protocol,
    /// The program, where it can be seen.
    pub(super) program: Option<String>,
    /// What it is known as: "MariaDB".
    pub(super) known: Option<String>,
    /// Who reaches it.
    pub(super) exposure: Exposure,
}

/// Whether rules of others come again after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// They do; `None` when it cannot be told.
    pub(super) known: Option<bool>,
    /// By what, or why not.
    pub(super) by: String,
}

/// Somebody else who has rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// `ufw`, `firewalld`, `fail2ban`, `docker`, `hand-made`.
    pub(super) name: String,
    /// It replaces or flushes rules of others when it is started or reloaded.
    pub(super) takes_over: bool,
    /// What was seen of it.
    pub(super) evidence: String,
}

/// What is there of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    /// The table or chain is loaded, and has not lifted itself.
    pub(super) loaded: bool,
    /// It lifts itself: nobody confirmed it yet.
    pub(super) armed: bool,
    /// The stored rules, where there are any.
    pub(super) stored: Option<PathBuf>,
    /// What the stored rules were made from.
    pub(super) wanted: Option<Wanted>,
    /// Why what is stored is of no use.
    pub(super) damaged: Option<String>,
    /// What is loaded is what is stored; `None` when it cannot be told or nothing is stored.
    pub(super) as_stored: Option<bool>,
    /// The unit that loads them at a restart is enabled.
    pub(super) at_boot: Option<bool>,
}

/// The bans of SIP senders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bans {
    /// Too many requests lead to a ban.
    pub(super) floods: bool,
    /// Too many wrong passwords do.
    pub(super) guesses: bool,
    /// Who is never banned: addresses and networks as they stand in config.yml.
    pub(super) spared: Vec<String>,
    /// What turns on the bans of floods, and those of guesses.
    pub(super) switches: [Option<Switch>; 2],
    /// The lists of addresses and of networks that are never banned.
    pub(super) lists: [Option<List>; 2],
}

/// A value of config.yml that says yes or no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Switch {
    /// As it stands in config.yml; `None` when it stands only elsewhere.
    pub(super) text: Option<String>,
    /// The line of another file that decides instead.
    pub(super) shadow: Option<String>,
}

/// A list of config.yml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct List {
    /// Items of it in config.yml: the next one has this number.
    pub(super) length: usize,
}

/// What shall be reachable: all that rules are made from, whatever puts them in place. Stored beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// For each service by name: `everyone`, `trusted` or `nobody`, and its ports when the rules were made. What
    /// listens and is in no table is here as well, by the key of its question, unless nobody shall reach it.
    pub(super) services: BTreeMap<String, (String, Vec<Ports>)>,
    /// Networks that are trusted.
    pub(super) trusted: Vec<Network>,
    /// Further ports for everyone, and for the trusted networks.
    pub(super) extra: [Vec<Ports>; 2],
    /// Ports of SSH: for the trusted networks they are open even when everything else could not be loaded.
    pub(super) ssh: Vec<u16>,
    /// Ports of media that are kept out of connection tracking.
    pub(super) untracked: Vec<Ports>,
    /// Refused packets are logged, with a limit.
    pub(super) logging: bool,
    /// Two restarts within ten minutes delay the rules by five.
    pub(super) safe_start: bool,
}
