//! Looks at everything the step needs: configuration, listeners, packet filters, whoever else changes them, and what is there
//! of ours. Read only.

mod backend;
mod exposure;
mod kept;
pub(super) mod own;
mod owners;
mod ssh;
mod trusted;

use self::exposure::Judge;
pub(super) use self::exposure::said;
use super::{
    bans,
    facts::{Facts, Other, Reached},
};
use crate::{
    executor::Executor,
    host::{
        addresses::{self, Own as Address},
        listeners::{Listener, listeners},
        packet_filter::Filters,
        sshd,
    },
    ngcp::{
        config::Config,
        firewall,
        reachable::{self, Ports, Service},
        release::Release,
        rtpengine,
    },
};

/// More other listeners are not looked at.
const MOST_OTHERS: usize = 500;

/// Everything that was seen, also what only the verbs need.
pub(super) struct Seen {
    pub(super) facts: Facts,
    pub(super) filters: Filters,
    /// The host's own addresses, or why they are not known.
    pub(super) addresses: Result<Vec<Address>, String>,
    /// Who listens, or why that is not known.
    pub(super) listening: Result<Vec<Listener>, String>,
}

pub(super) fn look(host: &dyn Executor) -> Seen {
    let filters = Filters::read(host);
    // Where a part of them was not seen, nothing that is closed is known to be.
    let blind = (!filters.unseen.is_empty()).then(|| filters.unseen.join("; "));
    let config = Config::read(host).map_err(|error| format!("{error:#}"));
    let version = Release::read(host).version;
    let listening = listeners(host).map_err(|error| format!("{error:#}"));
    let addresses = addresses::addresses(host).map_err(|error| format!("{error:#}"));
    let session = sshd::session(host);
    let operator = session.address().and_then(|address| address.parse().ok());
    let ssh = ssh::ports(host, listening.as_deref().unwrap_or_default(), &session);
    let services = config.as_ref().map_or_else(
        |_| Vec::new(),
        |config| {
            let ports = ssh.as_deref().map_err(String::as_str);
            reachable::services(config, version, ports)
        },
    );
    let media: Vec<Ports> =
        services.iter().filter(|one| one.name == reachable::RTP).flat_map(|one| one.ports.clone()).collect();
    let managed = config.as_ref().ok().and_then(firewall::read);
    let own = own::look(host, &filters, managed.as_ref());
    let known = addresses.as_deref().unwrap_or_default();
    let trusted = match own.wanted.as_ref().filter(|wanted| !wanted.trusted.is_empty()) {
        Some(wanted) => wanted.trusted.clone(),
        None => trusted::proposed(host, operator, known),
    };
    let why = blind.clone().or_else(|| addresses.as_ref().err().cloned());
    let judge = Judge::new(&filters, known, &trusted, why);
    let others = others(&services, &media, listening.as_deref().unwrap_or_default(), &judge);
    let owners = owners::look(host, &filters);
    let (rtpengine, backend) = (
        rtpengine::look(host, &filters, config.as_ref().ok(), version, &media),
        backend::choose(host, blind.as_deref(), config.as_ref().ok()),
    );
    let facts = Facts {
        unread: config.as_ref().err().cloned(),
        unasked: [judge.unasked(false), judge.unasked(true)],
        services: services.into_iter().map(|one| reached(one, &listening, &judge)).collect(),
        others,
        operator,
        bans: config.as_ref().ok().and_then(bans::look),
        can_notrack: blind.is_none() && backend::can_notrack(host, &backend),
        managed,
        watched: own::watched(host),
        systemd: host.metadata("/run/systemd/system".as_ref()).is_ok(),
        doubled: owners::doubled(&filters),
        kept: kept::look(host, &owners, &filters, config.as_ref().ok()),
        others_rules: owners,
        seen: filters.sum().filter(|_| blind.is_none()),
        trusted,
        own,
        rtpengine,
        backend,
        blind,
    };
    Seen { facts, filters, addresses, listening }
}

fn reached(service: Service, listening: &Result<Vec<Listener>, String>, judge: &Judge<'_>) -> Reached {
    let on_it = |one: &&Listener| service.ports.iter().any(|ports| ports.has(one.protocol, one.at.port()));
    // Media sockets come and go with each call: who makes them is what counts, on any port of the range.
    let here: Option<Vec<&Listener>> = listening.as_ref().ok().map(|all| all.iter().filter(on_it).collect());
    let listens = here.as_ref().map(|here| {
        let mut programs: Vec<String> = here.iter().map(|one| one.shown().to_owned()).collect();
        programs.sort_unstable();
        programs.dedup();
        programs
    });
    let here = here.unwrap_or_default();
    let [v4, v6] = [false, true].map(|v6| judge.service(&service.ports, service.fault.as_deref(), &here, v6));
    Reached { service, listens, v4, v6 }
}

fn others(services: &[Service], media: &[Ports], listening: &[Listener], judge: &Judge<'_>) -> Vec<Other> {
    let in_table = |one: &Listener| {
        let all = services.iter().flat_map(|service| &service.ports).chain(media);
        all.into_iter().any(|ports| ports.has(one.protocol, one.at.port()))
    };
    let outside = listening.iter().filter(|one| !one.is_local() && !in_table(one));
    outside
        .take(MOST_OTHERS)
        .map(|one| {
            let known = reachable::usual(one.protocol, one.at.port()).map(|usual| usual.name.clone());
            Other {
                address: one.at.ip(),
                port: one.at.port(),
                protocol: one.protocol,
                program: one.program.clone(),
                known,
                exposure: judge.listener(one),
            }
        })
        .collect()
}
