//! What the answers name, looked into before the plan is made: read only, and no key leaves the files.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{
    facts::{Facts, Offer, Open},
    inspect::wanted,
    names::{asks, by, full_key},
    requests, words,
};
use crate::{
    executor::Executor,
    host::certificates::{self, Certificate, Fault, FaultKind, Material, PublicHalf, Source},
    plan::KeySource,
    secret::Secrets,
    steps::Answers,
};

/// Groups and places whose certificate is chosen, with how.
pub(super) fn targets<'a>(facts: &Facts, answers: &'a Answers) -> Result<Vec<(String, &'a str)>> {
    let mut all = Vec::new();
    for group in facts.groups() {
        let Some(ask) = group.ask else { continue };
        match answers.choice(ask)? {
            None | Some(by::LEAVE) => {}
            Some(by::EACH) => {
                for seen in group.places {
                    if let Some(how) = answers.choice(&seen.place.name)?.filter(|how| *how != by::LEAVE) {
                        all.push((seen.place.name.clone(), how));
                    }
                }
            }
            Some(how) => all.push((ask.to_owned(), how)),
        }
    }
    Ok(all)
}

pub(super) fn look_into(
    host: &dyn Executor,
    facts: &mut Facts,
    answers: &Answers,
    secrets: &Secrets,
) -> Result<()> {
    for (target, how) in targets(facts, answers)? {
        let offer = match how {
            by::IMPORT => Some(import(host, facts, answers, secrets, &target)?),
            by::PASTE => Some(paste(host, facts, answers, secrets, &target)?),
            by::ANSWER => Some(answer(host, facts, answers, &target)?),
            _ => None,
        };
        if let Some(offer) = offer {
            facts.offers.insert(target, offer);
        }
    }
    Ok(())
}

fn import(
    host: &dyn Executor,
    facts: &Facts,
    answers: &Answers,
    secrets: &Secrets,
    target: &str,
) -> Result<Offer> {
    let key = full_key(target, asks::IMPORT);
    let named = answers.list(&asks::below(target, asks::IMPORT))?.unwrap_or_default();
    ensure!(!named.is_empty(), "{key}: no file is named");
    let files: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
    let passphrase = full_key(target, asks::PASSPHRASE);
    let given = secrets.get(&passphrase);
    let material = certificates::gather(host, Source::Files(&files), given)
        .map_err(|error| error.context(key.clone()))?;
    let offer = Offer {
        chain: Vec::new(),
        origin: named.join(", "),
        key: KeySource::Files(files),
        passphrase: given.map(|_| passphrase),
        own_ca: None,
        remarks: material.remarks.clone(),
    };
    judged(host, facts, answers, target, &key, &material, offer)
}

/// The certificate that an authority made for an open request. Where none is open, it may be the one of a request that
/// was answered before: then it belongs to a key that is installed, and nothing is to be done.
fn answer(host: &dyn Executor, facts: &Facts, answers: &Answers, target: &str) -> Result<Offer> {
    let key = full_key(target, asks::ANSWER);
    let named = answers.list(&asks::below(target, asks::ANSWER))?.unwrap_or_default();
    ensure!(!named.is_empty(), "{key}: no file is named");
    let files: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
    let mut material = certificates::gather(host, Source::Files(&files), None)
        .map_err(|error| error.context(key.clone()))?;
    let open = facts.request(target);
    let holds = |half: &PublicHalf| material.certificates.iter().any(|one| one.public_key == half.public_key);
    let installed = || {
        let all = facts.of(target).into_iter();
        let mut keys = all.filter_map(|seen| Some((seen.pair.half.clone().ok()?, seen.pair.key.clone()?)));
        keys.find(|(half, _)| holds(half)).map(|(half, path)| (half, KeySource::Files(vec![path])))
    };
    let (half, source) = open
        .map(|open| (open.half.clone(), requests::key_of(open)))
        .or_else(installed)
        .with_context(|| format!("{key}: no request is open for {target}"))?;
    material.keys = vec![half];
    let offer = Offer {
        chain: Vec::new(),
        origin: named.join(", "),
        key: source,
        passphrase: None,
        own_ca: None,
        remarks: material.remarks.clone(),
    };
    let whose = open.map_or_else(|| "key that is installed".to_owned(), Open::described);
    judged(host, facts, answers, target, &key, &material, offer)
        .map_err(|error| error.context(format!("it does not answer the {whose}")))
}

fn paste(
    host: &dyn Executor,
    facts: &Facts,
    answers: &Answers,
    secrets: &Secrets,
    target: &str,
) -> Result<Offer> {
    let name = full_key(target, asks::PASTED);
    let Some(text) = secrets.get(&name) else { bail!("{name}: nothing was pasted") };
    let passphrase = full_key(target, asks::PASSPHRASE);
    let given = secrets.get(&passphrase);
    let material = certificates::gather(host, Source::Given(text), given)
        .map_err(|error| error.context(name.clone()))?;
    let offer = Offer {
        chain: Vec::new(),
        origin: "pasted".to_owned(),
        key: KeySource::Given(name.clone()),
        passphrase: given.map(|_| passphrase),
        own_ca: None,
        remarks: material.remarks.clone(),
    };
    judged(host, facts, answers, target, &name, &material, offer)
}

/// The offer with its chain, when nothing stands in its way.
pub(super) fn judged(
    host: &dyn Executor,
    facts: &Facts,
    answers: &Answers,
    target: &str,
    key: &str,
    material: &Material,
    mut offer: Offer,
) -> Result<Offer> {
    let accepts =
        |question| answers.choice(&asks::below(target, question)).map(|answer| answer == Some(by::ACCEPT));
    let (own_ca, other_names) = (accepts(asks::OWN_CA)?, accepts(asks::OTHER_NAMES)?);
    let chain = certificates::chain(&material.certificates, &material.keys)
        .map_err(|fault| anyhow!("{key}: {}: {fault}", offer.origin))?;
    let Some(leaf) = chain.certificates.first() else { bail!("{key}: there is no certificate in it") };
    let issues = facts.of(target).iter().any(|seen| seen.place.issues);
    let mut faults = certificates::judge(host, &chain.certificates, &[], None);
    if let Some(root) = chain.root.as_ref().filter(|_| faults.iter().any(leads_nowhere)) {
        let with_root = certificates::judge(host, &chain.certificates, &[], Some(root));
        if !with_root.iter().any(leads_nowhere) {
            faults = with_root;
            let ends = format!("it ends at {}, which this host does not trust", root.title());
            ensure!(
                own_ca || issues,
                "{key}: {}: {ends}; if callers have that root, answer {}: {}",
                offer.origin,
                full_key(target, asks::OWN_CA),
                by::ACCEPT
            );
            if own_ca && !issues {
                offer.own_ca = Some(root.title());
                offer.remarks.push(format!("{ends}: every caller must have that root"));
            }
        }
    }
    if issues {
        ensure!(
            leaf.is_ca,
            "{key}: {} is no authority: it cannot issue certificates to clients",
            leaf.title()
        );
        faults.retain(|fault| OF_AN_AUTHORITY.contains(&fault.kind));
    } else {
        faults.extend(strange(facts, target, leaf));
    }
    let mut refused: Vec<String> = Vec::new();
    for fault in faults {
        match fault.kind {
            FaultKind::Unknown => offer.remarks.push(fault.why),
            FaultKind::Name if other_names => offer.remarks.push(fault.why),
            FaultKind::Name => refused.push(format!(
                "{}; if that is meant, answer {}: {}",
                fault.why,
                full_key(target, asks::OTHER_NAMES),
                by::ACCEPT
            )),
            _ if !refused.contains(&fault.why) => refused.push(fault.why),
            _ => {}
        }
    }
    ensure!(refused.is_empty(), "{key}: {}: {}", offer.origin, refused.join("; "));
    if leaf.days_left(facts.now) < words::SOON {
        offer.remarks.push(format!("it runs out soon: {}", words::left(leaf, facts.now)));
    }
    let others =
        chain.left_out.iter().map(|one| format!("{} does not belong to it and is left out", one.title()));
    offer.remarks.extend(others);
    offer.chain = chain.certificates;
    Ok(offer)
}

/// The way up ends before an authority that is trusted.
pub(super) fn leads_nowhere(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::ChainIncomplete | FaultKind::Untrusted)
}

/// What matters of one that issues certificates itself.
const OF_AN_AUTHORITY: [FaultKind; 6] = [
    FaultKind::Expired,
    FaultKind::NotYetValid,
    FaultKind::WeakKey,
    FaultKind::WeakSignature,
    FaultKind::KeyRefused,
    FaultKind::KeyMismatch,
];

/// Not for a single one of the names that the places are called by.
pub(super) fn strange(facts: &Facts, target: &str, leaf: &Certificate) -> Option<Fault> {
    let mut names: Vec<String> = Vec::new();
    for seen in facts.of(target) {
        names.extend(wanted(&seen.place, &facts.names));
    }
    names.dedup();
    if names.is_empty() || names.iter().any(|name| leaf.stands_for(name)) {
        return None;
    }
    names.truncate(5);
    let held: Vec<String> = leaf.names.iter().map(ToString::to_string).take(5).collect();
    let held = if held.is_empty() { "no name at all".to_owned() } else { held.join(", ") };
    let why = format!("it is for {held}, and this host is called {}", names.join(", "));
    Some(Fault { kind: FaultKind::Name, why })
}
