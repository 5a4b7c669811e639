//! From what was seen and answered to what shall be reachable. Pure; how rules say it is not known here.

use std::net::IpAddr;

use anyhow::{Result, anyhow, bail, ensure};

use super::{
    facts::{Facts, Wanted},
    names::{ABOUT, asks, by},
};
use crate::{
    host::{network::Network, packet_filter::Protocol},
    ngcp::reachable::{Audience, Ports, RTP, SSH, Service},
    steps::Answers,
};

/// So many things that listen and are in no table are asked about.
pub(super) const MOST_LISTENERS: usize = 40;

/// What shall be reachable by these answers; where one is missing, by what is proposed.
///
/// # Errors
/// When no rules can be made of it, or when nobody could log in over SSH any more; names the key and what to do.
pub(super) fn of(facts: &Facts, answers: &Answers) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for service in facts.services.iter().map(|reached| &reached.service) {
        let who = answers.choice(&service.name)?.unwrap_or_else(|| usual(facts, service));
        if let Some(fault) = service.fault.as_ref().filter(|_| who != by::NOBODY) {
            bail!(
                "{}.{}: {fault}. Correct that first, or let nobody reach it; no rule was made",
                ABOUT.id,
                service.name
            );
        }
        wanted.services.insert(service.name.clone(), (who.to_owned(), service.ports.clone()));
    }
    for (key, ports) in listeners(facts) {
        let who = answers.choice(&key)?.unwrap_or_else(|| usual_of_listener(facts, &key));
        if who != by::NOBODY {
            wanted.services.insert(key, (who.to_owned(), vec![ports]));
        }
    }
    wanted.trusted = answers.networks(asks::TRUSTED)?.unwrap_or(&facts.trusted).to_vec();
    wanted.trusted.sort_unstable();
    if let Some(all) = wanted.trusted.iter().find(|network| network.to_string().ends_with("/0")) {
        bail!(
            "{}.{}: {all} is everybody; leave it out and say 'everyone' of the services that are meant",
            ABOUT.id,
            asks::TRUSTED
        );
    }
    let from_nowhere = |network: &&Network| {
        let one = network.somebody(&[]);
        one.is_loopback() || one.is_multicast() || one.is_unspecified()
    };
    if let Some(nowhere) = wanted.trusted.iter().find(from_nowhere) {
        bail!(
            "{}.{}: nobody comes from {nowhere} over a network; name the networks that you log in from",
            ABOUT.id,
            asks::TRUSTED
        );
    }
    for (key, extra) in [asks::EXTRA_EVERYONE, asks::EXTRA_TRUSTED].into_iter().zip(&mut wanted.extra) {
        let words = answers.list(key)?.map_or_else(|| usual_extra(facts, key), <[String]>::to_vec);
        let all =
            words.iter().map(|word| ports(word).map_err(|why| anyhow!("{}.{key}: '{word}' {why}", ABOUT.id)));
        *extra = all.collect::<Result<_>>()?;
        extra.sort_unstable();
    }
    let is = |key: &str, word: &str, usual: bool| {
        anyhow::Ok(answers.choice(key)?.map_or(usual, |answer| answer == word))
    };
    let before = facts.own.wanted.as_ref();
    wanted.logging = is(asks::LOGGING, by::ON, before.is_some_and(|before| before.logging))?;
    wanted.safe_start = is(asks::SAFE_START, by::ON, before.is_some_and(|before| before.safe_start))?;
    let untracked = is(asks::TRACKING, by::OFF, usually_untracked(facts))?;
    // What nothing tracks has no answers: where not everybody may send media, those of this host's own questions,
    // which leave from the same ports, would be lost.
    if let Some((who, ports)) = wanted.services.get(RTP)
        && untracked
        && facts.can_notrack
        && who == by::EVERYONE
    {
        wanted.untracked = ports.clone();
    }
    let ssh = wanted.services.get(SSH).map(|(_, ports)| ports.as_slice()).unwrap_or_default();
    let ssh = ssh.iter().filter(|ports| ports.protocol == Protocol::Tcp);
    wanted.ssh = ssh.flat_map(|ports| ports.from..=ports.to).collect();
    if answers.choice(asks::RULES)? != Some(by::NATIVE)
        && answers.choice(asks::LAST_WAY)? != Some(by::CONSOLE)
    {
        stays_reachable(facts, &wanted)?;
    }
    Ok(wanted)
}

/// Whether somebody can log in over SSH afterwards, the operator above all.
fn stays_reachable(facts: &Facts, wanted: &Wanted) -> Result<()> {
    let by_console = format!("or log in on the console and say {}: {}", asks::LAST_WAY, by::CONSOLE);
    let step = &ABOUT.id;
    ensure!(
        !wanted.ssh.is_empty(),
        "{step}.{SSH}: the ports of the SSH server cannot be seen, so nothing would let anybody in; start it, \
         {by_console}"
    );
    let who = wanted.services.get(SSH).map_or(by::NOBODY, |(who, _)| who.as_str());
    match who {
        by::EVERYONE => {}
        by::TRUSTED if wanted.trusted.is_empty() => bail!(
            "{step}.{}: no network is named, so nobody could log in over SSH; name the one that you come from, \
             {by_console}",
            asks::TRUSTED
        ),
        by::TRUSTED => {
            if let Some(you) =
                facts.operator.filter(|you| !you.is_loopback() && !is_in(*you, &wanted.trusted))
            {
                bail!(
                    "{step}.{}: you come from {you}, which is in none of these networks, and only they could log in \
                     over SSH; add it",
                    asks::TRUSTED
                );
            }
        }
        _ => bail!("{step}.{SSH}: nobody could log in over SSH; choose another answer, {by_console}"),
    }
    Ok(())
}

/// Whether an address is in one of the networks.
pub(super) fn is_in(address: IpAddr, networks: &[Network]) -> bool {
    networks.iter().any(|network| network.covers(&address.into()))
}

/// Who shall reach a service before anybody answers: as stored, else as the handbook's tables have it. What the
/// configuration switches off is closed.
pub(super) fn usual<'a>(facts: &'a Facts, service: &Service) -> &'a str {
    let stored = facts.own.wanted.as_ref().and_then(|wanted| wanted.services.get(&service.name));
    match (stored, service.audience) {
        (Some((who, _)), _) => who,
        (None, _) if service.on == Some(false) => by::NOBODY,
        (None, Audience::Subscribers) => by::EVERYONE,
        (None, Audience::Administrators) => by::TRUSTED,
        (None, Audience::Nobody) => by::NOBODY,
    }
}

/// The same of what listens and is in no table.
pub(super) fn usual_of_listener<'a>(facts: &'a Facts, key: &str) -> &'a str {
    let stored = facts.own.wanted.as_ref().and_then(|wanted| wanted.services.get(key));
    stored.map_or(by::NOBODY, |(who, _)| who)
}

/// What is in no table and either listens or was answered before, each by the key of its question.
pub(super) fn listeners(facts: &Facts) -> Vec<(String, Ports)> {
    let seen = facts.others.iter().map(|other| {
        let ports = Ports { protocol: other.protocol, from: other.port, to: other.port };
        (asks::listener(other.port, other.protocol), ports)
    });
    let stored = facts.own.wanted.iter().flat_map(|wanted| &wanted.services);
    let stored = stored.filter(|(key, _)| key.starts_with(asks::LISTENER));
    let stored = stored.filter_map(|(key, (_, ports))| Some((key.clone(), *ports.first()?)));
    let mut all: Vec<(String, Ports)> = seen.chain(stored).collect();
    all.sort_by_key(|(_, ports)| (ports.from, ports.protocol));
    all.dedup();
    all.truncate(MOST_LISTENERS);
    all
}

/// Further ports before anybody answers: those that are stored.
pub(super) fn usual_extra(facts: &Facts, key: &str) -> Vec<String> {
    let which = usize::from(key == asks::EXTRA_TRUSTED);
    let stored = facts.own.wanted.iter().filter_map(|wanted| wanted.extra.get(which));
    stored.flatten().map(Ports::to_string).collect()
}

/// Whether media is kept out of connection tracking before anybody answers: as stored, else where the kernel can and
/// nobody else's rules may count on it.
pub(super) fn usually_untracked(facts: &Facts) -> bool {
    match &facts.own.wanted {
        Some(wanted) => !wanted.untracked.is_empty(),
        None => facts.can_notrack && facts.others_rules.is_empty(),
    }
}

/// Reads `8443/tcp` or `7000-7010/udp`.
///
/// # Errors
/// Why it is none, in words that go on after it.
pub(super) fn ports(text: &str) -> Result<Ports, String> {
    const FORM: &str = "is no port; write 8443/tcp or 7000-7010/udp";
    let (numbers, protocol) = text.split_once('/').ok_or(FORM)?;
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return Err(FORM.to_owned()),
    };
    let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let number = |text: &str| {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FORM.to_owned());
        }
        let number = text.parse::<u16>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| "is no port; a port is a number from 1 to 65535".to_owned())
    };
    let (from, to) = (number(from)?, number(to)?);
    if from > to {
        return Err("ends before it begins".to_owned());
    }
    Ok(Ports { protocol, from, to })
}
