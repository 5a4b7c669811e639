//! Certificates that another program of the host renews: taken over, and found again in the places that use them, by the
//! heads of their files.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::{
    facts::{Facts, Offer, Renewed, Seen},
    names::{asks, by, full_key},
    offer::{self, Found, gathered, judged, strange},
};
use crate::{
    executor::Executor,
    host::certificates::{self, Lineage, Source, Tool},
    plan::KeySource,
    steps::{Answer, Answers},
};

/// The lineage that was answered.
pub(super) fn chosen<'a>(facts: &'a Facts, answers: &Answers, target: &str) -> Result<&'a Renewed> {
    let key = full_key(target, asks::LINEAGE);
    let named = answers.choice(&asks::below(target, asks::LINEAGE))?.unwrap_or_default();
    let found = facts.renewed.iter().find(|one| one.lineage.folder == Path::new(named));
    found.with_context(|| format!("{key}: nothing on this host renews a certificate in '{named}'"))
}

/// What is in the lineages that were answered, for the plan.
pub(super) fn look_into(host: &dyn Executor, facts: &mut Facts, answers: &Answers) -> Result<()> {
    for (target, how) in offer::targets(facts, answers)? {
        if how == by::LINEAGE {
            let offer = offer(host, facts, answers, &target)?;
            facts.offers.insert(target, offer);
        }
    }
    Ok(())
}

fn offer(host: &dyn Executor, facts: &Facts, answers: &Answers, target: &str) -> Result<Offer> {
    let answered = full_key(target, asks::LINEAGE);
    let Lineage { folder, certificate, key: private, .. } = &chosen(facts, answers, target)?.lineage;
    let files = [certificate.clone(), private.clone()];
    let material = gathered(host, &answered, Source::Files(&files), None)?;
    let key = KeySource::Files(vec![private.clone()]);
    let origin = folder.display().to_string();
    let found = Found { answered, origin, material, key, passphrase: None };
    judged(host, facts, answers, target, found)
}

/// The answers by which the places that use this lineage, named by its folder or its name, get what it holds now; none
/// when no place uses it.
///
/// # Errors
/// When nothing renews a certificate there.
pub(super) fn again(host: &dyn Executor, facts: &Facts, named: &Path) -> Result<Answers> {
    let named: PathBuf = named.components().collect();
    let mut all = facts.renewed.iter().map(|one| &one.lineage);
    let lineage = all.find(|one| one.folder == named || Path::new(&one.name) == named);
    let lineage = lineage
        .with_context(|| format!("nothing on this host renews a certificate in {}", named.display()))?;
    let mut answers = Answers::default();
    let mut set = |key: String, value: &str| {
        answers.values.insert(key, Answer::Choice(value.to_owned()));
    };
    let from = lineage.folder.display().to_string();
    let archived = archived(host, lineage);
    let uses = |seen: &&Seen| match &seen.pair.origin.from {
        Some(origin) => *origin == from,
        // Somebody put it there by hand, or took its first line away.
        None => seen.pair.leaf().is_some_and(|leaf| archived.contains(&leaf.fingerprint)),
    };
    for group in facts.groups() {
        let Some(ask) = group.ask else { continue };
        let used: Vec<&Seen> = group.places.iter().copied().filter(uses).collect();
        let targets: Vec<&str> = match used.len() {
            0 => continue,
            all if all == group.places.len() => vec![ask],
            _ => used.iter().map(|seen| seen.place.name.as_str()).collect(),
        };
        if targets != [ask] {
            set(ask.to_owned(), by::EACH);
        }
        for target in targets {
            set(target.to_owned(), by::LINEAGE);
            set(asks::below(target, asks::LINEAGE), &from);
            // What was accepted of the one before.
            let own_ca = used.iter().any(|seen| seen.pair.origin.own_ca.is_some());
            let other_names = used
                .iter()
                .filter_map(|seen| seen.pair.leaf())
                .any(|leaf| strange(facts, target, leaf).is_some());
            for (question, accepted) in [(asks::OWN_CA, own_ca), (asks::OTHER_NAMES, other_names)] {
                set(asks::below(target, question), if accepted { by::ACCEPT } else { by::REFUSE });
            }
        }
    }
    Ok(answers)
}

/// Digests of every certificate that certbot ever got for it.
fn archived(host: &dyn Executor, lineage: &Lineage) -> Vec<String> {
    const LIMIT: usize = 100;
    if lineage.tool != Tool::Certbot {
        return Vec::new();
    }
    let Ok(to) = host.read_link(&lineage.certificate) else { return Vec::new() };
    let archive = lineage.folder.join(to.parent().unwrap_or(Path::new("")));
    let archive = lexical(&archive);
    let names = host.list(&archive).unwrap_or_default();
    let chains = names.iter().filter(|name| name.starts_with("fullchain")).take(LIMIT);
    let read = chains.filter_map(|name| certificates::read_certificates(host, &archive.join(name)).ok());
    read.filter_map(|chain| Some(chain.first()?.fingerprint.clone())).collect()
}

/// Without `..`: the links of certbot lead up and down again.
fn lexical(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut all, part| {
        match part {
            Component::ParentDir => drop(all.pop()),
            part => all.push(part),
        }
        all
    })
}
