//! What the verbs of `firewall` say and do, for the command line: the state, an explanation, a repair.

use std::net::IpAddr;

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use super::{
    facts::{Backend, Facts, Own, Owner},
    findings,
    inspect::{self, Seen, own},
    names::id,
    rtpengine,
};
use crate::{
    executor::Executor,
    finding::{Finding, Status},
    host::{
        addresses::Own as Address,
        listeners::Listener,
        packet_filter::{Arrival, Filters, Protocol, Ruling, Verdict},
    },
    ngcp::rtpengine::{Look, Rule},
    plan::CommandLine,
};

/// What of the findings is about the rules themselves, and not about what they let in.
const OF_RULES: [&str; 5] =
    [id::NOT_PERSISTENT, id::CONFLICT, id::DRIFT, id::RTPENGINE_MISSING, id::RTPENGINE_ORDER];

/// The state of the packet filter.
#[derive(Debug, Serialize)]
pub struct FirewallStatus {
    schema: u32,
    /// Nothing is wrong, and nothing could not be seen.
    pub well: bool,
    /// Why nothing can be seen.
    blind: Option<String>,
    backend: Backend,
    ours: Ours,
    rtpengine: Look,
    managers: Vec<Owner>,
    findings: Vec<Finding>,
}

/// What is there of ours.
#[derive(Debug, Serialize)]
struct Ours {
    loaded: bool,
    armed: bool,
    stored: bool,
    as_stored: Option<bool>,
    at_boot: Option<bool>,
}

/// Looks.
pub fn firewall_status(host: &dyn Executor) -> FirewallStatus {
    status(inspect::look(host).facts)
}

fn status(facts: Facts) -> FirewallStatus {
    let mut found = findings::findings(&facts);
    found.retain(|finding| OF_RULES.iter().any(|id| finding.id.starts_with(id)));
    let own = &facts.own;
    FirewallStatus {
        schema: 1,
        well: found.iter().all(|one| matches!(one.status, Status::Pass | Status::NotApplicable)),
        ours: Ours {
            loaded: own.loaded,
            armed: own.armed,
            stored: own.stored.is_some(),
            as_stored: own.as_stored,
            at_boot: own.at_boot,
        },
        blind: facts.blind,
        backend: facts.backend,
        rtpengine: facts.rtpengine,
        managers: facts.others_rules,
        findings: found,
    }
}

impl FirewallStatus {
    /// For people: a line for each thing.
    pub fn text(&self) -> String {
        let ours = match (&self.blind, self.ours.loaded) {
            (Some(why), _) => format!("cannot be seen: {why}"),
            (None, true) if self.ours.armed => {
                "loaded; they lift themselves unless somebody confirms".to_owned()
            }
            (None, true) => "loaded".to_owned(),
            (None, false) if self.ours.stored => "NOT loaded, although they are stored".to_owned(),
            (None, false) => "none".to_owned(),
        };
        let mut lines = vec![format!("rules of ours   {ours}")];
        for (family, rule) in ["IPv4", "IPv6"].into_iter().zip(&self.rtpengine.families) {
            let said = match (self.rtpengine.wanted, rule) {
                (Some(false), _) => format!("not wanted: {}", self.rtpengine.why),
                (None, _) => format!("not known: {}", self.rtpengine.why),
                (_, Rule::Fine) => "in place, first".to_owned(),
                (_, Rule::Missing) => "MISSING: media is not forwarded by the kernel".to_owned(),
                (_, Rule::Wrong(why)) => format!("WRONG: {why}"),
                (_, Rule::Unknown(why)) => format!("not known: {why}"),
            };
            lines.push(format!("RTPENGINE {family}  {said}"));
        }
        if let Some(opened) = &self.rtpengine.policy_opened {
            lines.push(format!("INPUT           {opened}"));
        }
        for owner in &self.managers {
            let takes = if owner.takes_over { ", removes rules of others when reloaded" } else { "" };
            lines.push(format!("also there      {} ({}){takes}", owner.name, owner.evidence));
        }
        for finding in &self.findings {
            let word = match finding.status {
                Status::Pass => "ok     ",
                Status::Fail => "FAIL   ",
                Status::Unknown => "unknown",
                Status::NotApplicable => "-      ",
            };
            lines.push(format!("{word} {}: {}", finding.title, finding.evidence));
        }
        lines.join("\n") + "\n"
    }
}

/// What `firewall repair` has to do.
#[derive(Debug)]
pub struct Repair {
    /// What is wrong with rtpengine's rule, for people.
    pub rtpengine: Option<String>,
    /// What puts it back.
    pub commands: Vec<CommandLine>,
    /// What is wrong with our own rules, where loading the stored ones mends it.
    pub ours: Option<String>,
}

impl Repair {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.rtpengine.is_none() && self.ours.is_none()
    }
}

/// Looks what is to be repaired.
///
/// # Errors
/// When it cannot be seen.
pub fn firewall_repair(host: &dyn Executor) -> Result<Repair> {
    let facts = inspect::look(host).facts;
    if let Some(why) = &facts.blind {
        bail!("nothing can be repaired: {why}");
    }
    let wrong = facts.rtpengine.wrong().map(|(family, rule)| match rule {
        Rule::Wrong(why) => format!("{family}: {why}"),
        _ => format!("{family}: the rule is not there"),
    });
    let wrong: Vec<String> = wrong.collect();
    let ours = match &facts.backend {
        Backend::Nft | Backend::Iptables { .. } | Backend::Foreign { .. } => amiss(&facts.own),
        Backend::Platform { .. } | Backend::Missing { .. } => None,
    };
    Ok(Repair {
        rtpengine: (!wrong.is_empty()).then(|| wrong.join("; ")),
        commands: rtpengine::repair(&facts.rtpengine),
        ours,
    })
}

/// What is wrong with our stored rules once they were loaded: nothing else is looked at, for a start of the host waits
/// for it.
///
/// # Errors
/// When it cannot be seen.
pub fn firewall_loaded(host: &dyn Executor) -> Result<Option<String>> {
    let filters = Filters::read(host);
    ensure!(filters.unseen.is_empty(), "{}", filters.unseen.join("; "));
    Ok(amiss(&own::look(host, &filters, None)))
}

/// What is wrong with rules that loading the stored ones mends.
fn amiss(own: &Own) -> Option<String> {
    let amiss = own.stored.is_some() && !own.armed && own.as_stored == Some(false);
    let what = if own.loaded { "they are not as stored" } else { "they are not loaded" };
    amiss.then(|| what.to_owned())
}

/// What becomes of a packet.
#[derive(Debug, Serialize)]
pub struct Explanation {
    schema: u32,
    from: IpAddr,
    protocol: Protocol,
    port: u16,
    /// The service that the port is of.
    service: Option<String>,
    /// The key of the configuration that says the port.
    key: Option<String>,
    /// What our stored rules say of that service: everyone, trusted, nobody.
    answer: Option<String>,
    /// For each of the host's addresses.
    to: Vec<Explained>,
}

/// What becomes of it when it is sent to one address.
#[derive(Debug, Serialize)]
struct Explained {
    address: IpAddr,
    interface: Option<String>,
    #[serde(flatten)]
    ruling: Ruling,
    /// Programs that wait for it there; `None` when that cannot be seen.
    listens: Option<Vec<String>>,
}

/// What becomes of a packet from an address to a port, sent to one of the host's addresses or to each of that family.
///
/// # Errors
/// When the host has no such address.
pub fn firewall_explain(
    host: &dyn Executor,
    from: IpAddr,
    protocol: Protocol,
    port: u16,
    to: Option<IpAddr>,
) -> Result<Explanation> {
    if let Some(to) = to {
        ensure!(to.is_ipv4() == from.is_ipv4(), "{from} and {to} are of different families");
    }
    let Seen { facts, filters, addresses, listening } = inspect::look(host);
    let asked = chosen(addresses, to, from.is_ipv6())?;
    let waits = |address: IpAddr| {
        let here = |one: &&Listener| {
            let everywhere = one.at.ip().is_unspecified() && one.takes(address.is_ipv6());
            one.protocol == protocol && one.at.port() == port && (everywhere || one.at.ip() == address)
        };
        let name = |one: &Listener| one.shown().to_owned();
        let mut programs: Vec<String> = listening.as_ref().ok()?.iter().filter(here).map(name).collect();
        programs.dedup();
        Some(programs)
    };
    let explained = |(address, interface): (IpAddr, Option<String>)| {
        let arrival = Arrival { from, to: address, protocol, port, interface: interface.clone() };
        let ruling = match &facts.blind {
            Some(why) => Ruling { verdict: Verdict::Unknown, rule: None, why: Some(why.clone()) },
            None => filters.judge(&arrival),
        };
        Explained { address, interface, ruling, listens: waits(address) }
    };
    let service = facts
        .services
        .iter()
        .map(|reached| &reached.service)
        .find(|service| service.ports.iter().any(|ports| ports.has(protocol, port)));
    let wanted = facts.own.wanted.as_ref().zip(service);
    Ok(Explanation {
        schema: 1,
        from,
        protocol,
        port,
        service: service.map(|service| service.name.clone()),
        key: service.and_then(|service| service.key.clone()),
        answer: wanted.and_then(|(wanted, one)| Some(wanted.services.get(&one.name)?.0.clone())),
        to: asked.into_iter().map(explained).collect(),
    })
}

/// The addresses that are asked about, each with its interface.
fn chosen(
    own: Result<Vec<Address>, String>,
    to: Option<IpAddr>,
    v6: bool,
) -> Result<Vec<(IpAddr, Option<String>)>> {
    let family = if v6 { "IPv6" } else { "IPv4" };
    let own = match (own, to) {
        (Ok(own), _) => own,
        (Err(_), Some(to)) => return Ok(vec![(to, None)]),
        (Err(why), None) => bail!("{why}; name one of its addresses with --to"),
    };
    let of_family = own.iter().filter(|one| one.address.is_ipv6() == v6);
    let all: Vec<&Address> =
        of_family.filter(|one| to.map_or(one.is_outside(), |to| one.address == to)).collect();
    match to {
        Some(to) if all.is_empty() => {
            let names: Vec<String> = own.iter().map(|one| one.address.to_string()).collect();
            bail!("{to} is no address of this host; it has {}", names.join(", "))
        }
        None if all.is_empty() => bail!("this host has no address of {family} that others reach"),
        _ => Ok(all.into_iter().map(|one| (one.address, Some(one.interface.clone()))).collect()),
    }
}

impl Explanation {
    /// For people: the verdict, what it stands on, and what is behind it; addresses with the same together.
    pub fn text(&self) -> String {
        let mut groups: Vec<(&Explained, Vec<String>)> = Vec::new();
        for one in &self.to {
            let address = one.address.to_string();
            match groups.iter_mut().find(|(same, _)| same.ruling == one.ruling && same.listens == one.listens)
            {
                Some((_, addresses)) => addresses.push(address),
                None => groups.push((one, vec![address])),
            }
        }
        let mut out = String::new();
        for (one, addresses) in groups {
            let word = match one.ruling.verdict {
                Verdict::Open => "OPEN",
                Verdict::Closed => "CLOSED",
                Verdict::Unknown => "UNKNOWN",
            };
            out += &format!(
                "{word}: {} to {} port {}/{}\n",
                self.from,
                addresses.join(", "),
                self.port,
                self.protocol.word()
            );
            out += &format!("  by {}\n", inspect::said(&one.ruling));
            out += &match &one.listens {
                None => "  what listens there cannot be seen\n".to_owned(),
                Some(programs) if programs.is_empty() => "  nothing listens there\n".to_owned(),
                Some(programs) => format!("  {} listens there\n", programs.join(", ")),
            };
        }
        match (&self.service, &self.key) {
            (Some(service), Some(key)) => out += &format!("  service {service}, port from {key}\n"),
            (Some(service), None) => out += &format!("  service {service}\n"),
            (None, _) => out += "  no service of the handbook's tables\n",
        }
        if let Some(answer) = &self.answer {
            out += &format!("  the stored rules let in: {answer}\n");
        }
        out
    }
}
