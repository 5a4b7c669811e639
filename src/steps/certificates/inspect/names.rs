//! By which names this host is called, and which of them a certificate does not stand for.

use crate::steps::certificates::{
    facts::{Facts, HostNames},
    names::asks,
};
use crate::{
    executor::Executor,
    host::{self, certificates::Certificate},
    ngcp::{certificates::Place, database::Database},
};

/// What only the database knows.
pub(super) struct Asked {
    domains: Result<Vec<String>, String>,
    clients: Option<u64>,
}

impl Asked {
    pub(super) fn into_facts(self, facts: &mut Facts) {
        match self.domains {
            Ok(domains) => facts.names.domains = Some(domains),
            Err(why) => facts.names.unasked = Some(why),
        }
        facts.clients = self.clients;
    }
}

pub(super) fn ask(host: &dyn Executor) -> Asked {
    match Database::open(host) {
        Ok(database) => Asked {
            domains: database.domains().map_err(|error| format!("{error:#}")),
            clients: database.client_certificates().ok(),
        },
        Err(error) => Asked { domains: Err(format!("{error:#}")), clients: None },
    }
}

pub(super) fn of_host(host: &dyn Executor) -> HostNames {
    HostNames { host: host::full_name(host), ..HostNames::default() }
}

/// The names that a place is called by and its certificate does not stand for. A web interface is called by one of the
/// names it may have; SIP by each of its domains.
pub(super) fn strange(place: &Place, leaf: &Certificate, names: &HostNames) -> Option<Vec<String>> {
    let wanted = wanted(place, names);
    if wanted.is_empty() {
        return None;
    }
    let each = place.group.as_deref() == Some(asks::SIP);
    let not: Vec<String> = wanted.iter().filter(|name| !leaf.stands_for(name)).cloned().collect();
    Some(if each || not.len() == wanted.len() { not } else { Vec::new() })
}

/// The names it may be called by, likeliest first.
pub(in crate::steps::certificates) fn wanted(place: &Place, names: &HostNames) -> Vec<String> {
    let is_name = |name: &&String| name.contains('.') && name.parse::<std::net::IpAddr>().is_err();
    let domains = || names.domains.iter().flatten();
    let mut all: Vec<String> = Vec::new();
    let mut add = |name: &String| {
        let name = name.to_lowercase();
        if !all.contains(&name) {
            all.push(name);
        }
    };
    if place.group.as_deref() == Some(asks::SIP) {
        domains().filter(is_name).for_each(&mut add);
        if all.is_empty() {
            names.host.iter().filter(is_name).for_each(|name| all.push(name.to_lowercase()));
        }
        return all;
    }
    place.server_name.iter().chain(&names.host).chain(domains()).filter(is_name).for_each(add);
    all
}
