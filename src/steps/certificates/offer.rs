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
    secret::{Secret, Secrets},
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
        let found = match how {
            by::IMPORT => import(answers, secrets, &target, host)?,
            by::PASTE => paste(secrets, &target, host)?,
            by::ANSWER => answer(facts, answers, &target, host)?,
            _ => continue,
        };
        let offer = judged(host, facts, answers, &target, found);
        let offer = match how {
            by::ANSWER => {
                let key = || "key that is installed".to_owned();
                let whose = facts.request(&target).map_or_else(key, Open::described);
                offer.map_err(|error| error.context(format!("it does not answer the {whose}")))
            }
            _ => offer,
        };
        facts.offers.insert(target, offer?);
    }
    Ok(())
}

/// What was found where an answer leads, not judged yet.
pub(super) struct Found {
    /// The answer's key in full.
    pub(super) answered: String,
    /// Where it comes from, for people and for the head of the file.
    pub(super) origin: String,
    pub(super) material: Material,
    /// Where its key is read when the run starts.
    pub(super) key: KeySource,
    /// Name of the secret that opens it.
    pub(super) passphrase: Option<String>,
}

/// The files that an answer names, and how they are told.
fn named(answers: &Answers, target: &str, question: &str) -> Result<(Vec<PathBuf>, String)> {
    let named = answers.list(&asks::below(target, question))?.unwrap_or_default();
    ensure!(!named.is_empty(), "{}: no file is named", full_key(target, question));
    Ok((named.iter().map(PathBuf::from).collect(), named.join(", ")))
}

/// The passphrase that was given for a group or place, with its name.
fn opener<'s>(secrets: &'s Secrets, target: &str) -> Option<(String, &'s Secret)> {
    let name = full_key(target, asks::PASSPHRASE);
    secrets.get(&name).map(|given| (name, given))
}

fn import(answers: &Answers, secrets: &Secrets, target: &str, host: &dyn Executor) -> Result<Found> {
    let answered = full_key(target, asks::IMPORT);
    let (files, origin) = named(answers, target, asks::IMPORT)?;
    let (passphrase, given) = opener(secrets, target).unzip();
    let material = gathered(host, &answered, Source::Files(&files), given)?;
    Ok(Found { answered, origin, material, key: KeySource::Files(files), passphrase })
}

/// The certificate that an authority made for an open request. Where none is open, it may be the one of a request that
/// was answered before: then it belongs to a key that is installed, and nothing is to be done.
fn answer(facts: &Facts, answers: &Answers, target: &str, host: &dyn Executor) -> Result<Found> {
    let answered = full_key(target, asks::ANSWER);
    let (files, origin) = named(answers, target, asks::ANSWER)?;
    let mut material = gathered(host, &answered, Source::Files(&files), None)?;
    let holds = |half: &PublicHalf| material.certificates.iter().any(|one| one.public_key == half.public_key);
    let installed = || {
        let all = facts.of(target).into_iter();
        let mut keys = all.filter_map(|seen| Some((seen.pair.half.clone().ok()?, seen.pair.key.clone()?)));
        keys.find(|(half, _)| holds(half)).map(|(half, path)| (half, KeySource::Files(vec![path])))
    };
    let open = facts.request(target).map(|open| (open.half.clone(), requests::key_of(open)));
    let (half, key) =
        open.or_else(installed).with_context(|| format!("{answered}: no request is open for {target}"))?;
    material.keys = vec![half];
    Ok(Found { answered, origin, material, key, passphrase: None })
}

fn paste(secrets: &Secrets, target: &str, host: &dyn Executor) -> Result<Found> {
    let answered = full_key(target, asks::PASTED);
    let Some(text) = secrets.get(&answered) else { bail!("{answered}: nothing was pasted") };
    let (passphrase, given) = opener(secrets, target).unzip();
    let material = gathered(host, &answered, Source::Given(text), given)?;
    let key = KeySource::Given(answered.clone());
    Ok(Found { answered, origin: "pasted".to_owned(), material, key, passphrase })
}

/// What is in a source; an error names the answer that leads there.
pub(super) fn gathered(
    host: &dyn Executor,
    answered: &str,
    source: Source<'_>,
    passphrase: Option<&Secret>,
) -> Result<Material> {
    certificates::gather(host, source, passphrase).map_err(|error| error.context(answered.to_owned()))
}

/// What can be installed, when nothing stands in its way.
pub(super) fn judged(
    host: &dyn Executor,
    facts: &Facts,
    answers: &Answers,
    target: &str,
    found: Found,
) -> Result<Offer> {
    let Found { answered: key, origin, material, key: source, passphrase } = found;
    let accepts =
        |question| answers.choice(&asks::below(target, question)).map(|answer| answer == Some(by::ACCEPT));
    let (own_ca, other_names) = (accepts(asks::OWN_CA)?, accepts(asks::OTHER_NAMES)?);
    let chain = certificates::chain(&material.certificates, &material.keys)
        .map_err(|fault| anyhow!("{key}: {origin}: {fault}"))?;
    let (mut remarks, mut ends_at) = (material.remarks, None);
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
                "{key}: {origin}: {ends}; if callers have that root, answer {}: {}",
                full_key(target, asks::OWN_CA),
                by::ACCEPT
            );
            if own_ca && !issues {
                ends_at = Some(root.title());
                remarks.push(format!("{ends}: every caller must have that root"));
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
            FaultKind::Unknown => remarks.push(fault.why),
            FaultKind::Name if other_names => remarks.push(fault.why),
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
    ensure!(refused.is_empty(), "{key}: {origin}: {}", refused.join("; "));
    if leaf.days_left(facts.now) < words::SOON {
        remarks.push(format!("it runs out soon: {}", words::left(leaf, facts.now)));
    }
    let others =
        chain.left_out.iter().map(|one| format!("{} does not belong to it and is left out", one.title()));
    remarks.extend(others);
    Ok(Offer { chain: chain.certificates, origin, key: source, passphrase, own_ca: ends_at, remarks })
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
