//! What must be done: key and certificate to files of their own, tried by a second daemon; the paths in config.yml; one
//! apply, after which the ports must show it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{
    facts::{Facts, Offer, Seen, Wire},
    files, lineage,
    names::{ABOUT, asks, by, full_key},
    offer, renewal, requests, words,
};
use crate::{
    host::tls::{Daemon, Trial},
    ngcp::{
        certificates::{KAMAILIO, NGINX, Named},
        config::DIRECTORY,
    },
    plan::{Action, Change, Claim, CommandLine, Edit, Generated, Making, Phase, Plan, Proof, Template, Undo},
    secret::SecretForm,
    steps::Answers,
};

pub(super) fn plan(facts: &Facts, answers: &Answers) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut edits = Edits::default();
    for (target, how) in offer::targets(facts, answers)? {
        match how {
            by::IMPORT | by::PASTE | by::ANSWER | by::LINEAGE => {
                let offer = facts.offers.get(&target).with_context(|| {
                    format!("{}: what was answered was not looked into", full_key(&target, how))
                })?;
                let changed = install(facts, &target, offer, &mut plan, &mut edits)?;
                if changed && how == by::ANSWER && facts.request(&target).is_some() {
                    requests::put_away(facts, &target, &mut plan);
                }
                if how == by::LINEAGE {
                    renewal::plan(facts, lineage::chosen(facts, answers, &target)?, &mut plan);
                }
            }
            by::REQUEST => requests::make(facts, answers, &target, &mut plan)?,
            by::SELF_SIGNED => self_signed(facts, answers, &target, &mut plan, &mut edits)?,
            other => bail!("{}.{target}: '{other}' is not known", ABOUT.id),
        }
    }
    let switched = switch(facts, answers, &mut edits)?;
    edits.into_plan(facts, switched, &mut plan);
    Ok(plan)
}

/// What becomes of config.yml, and which places are looked at afterwards.
#[derive(Default)]
struct Edits {
    edits: Vec<Edit>,
    places: Vec<String>,
    sip: bool,
    proofs: Vec<Proof>,
    said: Vec<String>,
}

/// The certificate and its key become files, and the places name them.
fn install(facts: &Facts, target: &str, offer: &Offer, plan: &mut Plan, edits: &mut Edits) -> Result<bool> {
    let all = facts.of(target);
    let leaf = offer.chain.first().context("there is no certificate")?;
    let has = |seen: &&&Seen| seen.pair.is(offer) && !seen.is_unreadable() && !seen.differs();
    let missing: Vec<&Seen> = all.iter().filter(|seen| !has(seen)).copied().collect();
    if missing.is_empty() {
        return Ok(false);
    }
    plan.reminders.extend(offer.remarks.iter().map(|remark| format!("{target}: {remark}")));
    let in_directory = |path: &Path| path.parent() == Some(&facts.directory);
    let there = all.iter().filter(has).find_map(|seen| {
        let (certificate, key) = (seen.pair.certificate.clone()?, seen.pair.key.clone()?);
        (in_directory(&certificate) && in_directory(&key)).then_some((certificate, key))
    });
    let (certificate, key) = match there {
        Some(files) => files,
        None => {
            let secret = requests::key_secret(target);
            plan.generated.push(Generated {
                secret,
                label: format!("key for {target}"),
                kind: Making::PrivateKey {
                    from: offer.key.clone(),
                    passphrase: offer.passphrase.clone(),
                    public_key: Some(leaf.public_key.clone()),
                },
            });
            let content = Template::text(files::content(target, offer));
            write(facts, target, content, &missing, &files::stem(facts, target, leaf), plan)
        }
    };
    if missing.iter().any(|seen| seen.place.issues) {
        let count = facts.clients.map_or_else(|| "all".to_owned(), |count| count.to_string());
        plan.reminders.push(format!(
            "Certificates that the old CA issued to API clients ({count}) are refused now: issue new ones in the admin web."
        ));
    }
    for seen in missing {
        edits.point(seen, &certificate, &key)?;
    }
    edits.said.push(format!("{target}: {}", leaf.title()));
    Ok(true)
}

/// A certificate that nobody signed: for labs. One that this program made is good until it runs out.
fn self_signed(
    facts: &Facts,
    answers: &Answers,
    target: &str,
    plan: &mut Plan,
    edits: &mut Edits,
) -> Result<()> {
    let made = requests::self_signed(facts, answers, target)?;
    let has = |seen: &&Seen| {
        let leaf = seen.pair.leaf();
        let good = leaf.is_some_and(|leaf| {
            leaf.days_left(facts.now) >= words::SOON && made.names.iter().all(|name| leaf.stands_for(name))
        });
        good && seen.pair.origin.from.as_deref() == Some(files::SELF_SIGNED)
            && !seen.is_unreadable()
            && !seen.differs()
    };
    let missing: Vec<&Seen> = facts.of(target).into_iter().filter(|seen| !has(seen)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let content = Template::default().secret(made.certificate.secret.clone(), SecretForm::File);
    plan.generated.extend([made.key, made.certificate]);
    plan.reminders
        .push(format!("{target} gets a self-signed certificate: every browser and phone warns of it."));
    let (certificate, key) = write(facts, target, content, &missing, &made.stem, plan);
    for seen in missing {
        edits.point(seen, &certificate, &key)?;
    }
    edits.said.push(format!("{target}: self-signed for {}", made.names.join(", ")));
    Ok(())
}

/// Writes both files and lets a second daemon load them.
fn write(
    facts: &Facts,
    target: &str,
    content: Template,
    places: &[&Seen],
    stem: &str,
    plan: &mut Plan,
) -> (PathBuf, PathBuf) {
    let [certificate, key] = ["crt", "key"].map(|end| facts.directory.join(format!("{stem}.{end}")));
    directory(facts, plan);
    let change = |end: &str, title: String, path: &Path, content, attributes| {
        let action = Action::Write { path: path.to_owned(), content, attributes };
        Change::new(&ABOUT.id, &format!("{target}.{end}"), title, action, Undo::Files)
            .in_phase(Phase::Configure)
    };
    plan.changes.push(change(
        "key",
        format!("write the private key for {target}"),
        &key,
        Template::default().secret(requests::key_secret(target), SecretForm::File),
        files::key_attributes(facts, places),
    ));
    let loads = Claim::Loads { certificate: certificate.clone(), key: key.clone(), by: trials(places) };
    let written = change(
        "certificate",
        format!("write the certificate for {target} and try it"),
        &certificate,
        content,
        files::certificate_attributes(facts),
    );
    let issues = places.iter().any(|seen| seen.place.issues);
    plan.changes.push(if issues { written } else { written.proven([Proof::Claim(loads)]) });
    (certificate, key)
}

/// Makes the directory where it is not there.
fn directory(facts: &Facts, plan: &mut Plan) {
    const MADE: &str = "directory";
    if facts.has_directory || plan.changes.iter().any(|change| change.id == format!("{}.{MADE}", ABOUT.id)) {
        return;
    }
    let path = facts.directory.display().to_string();
    let group = facts.key_group.map_or_else(|| "root".to_owned(), |gid| gid.to_string());
    let make = CommandLine::new("install", ["-d", "-m", "0750", "-o", "root", "-g", &group, &path]);
    let back = CommandLine::new("rmdir", [path.as_str()]);
    let change = Change::new(&ABOUT.id, MADE, format!("make {path}"), Action::Run(make), Undo::Run(back));
    plan.changes.push(change.in_phase(Phase::Configure));
}

/// The daemons that can be tried, each with the settings of its first place.
fn trials(places: &[&Seen]) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    for seen in places {
        let serves = |service: &str| seen.place.served_by.iter().any(|name| name == service);
        let daemon = match () {
            () if serves(NGINX) => Daemon::Nginx,
            () if serves(KAMAILIO) => Daemon::Kamailio,
            () => continue,
        };
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        let trial =
            Trial { daemon, protocols: said(&seen.place.protocols), ciphers: said(&seen.place.ciphers) };
        if !trials.contains(&trial) {
            trials.push(trial);
        }
    }
    trials
}

/// SIP over TLS on or off; whether it is on afterwards.
fn switch(facts: &Facts, answers: &Answers, edits: &mut Edits) -> Result<Option<bool>> {
    let on = match answers.choice(asks::SIP_TLS)? {
        Some(by::ON) => true,
        Some(by::OFF) => false,
        _ => return Ok(None),
    };
    let Some(seen) = facts.of(asks::SIP).into_iter().next().filter(|seen| seen.place.on != on) else {
        return Ok(None);
    };
    let switch = seen.place.switch.as_ref().context("this release has no switch for SIP over TLS")?;
    edits.set(switch, if on { "yes" } else { "no" })?;
    edits.sip = true;
    edits.said.push(format!("SIP over TLS {}", if on { "on" } else { "off" }));
    edits.places.push(seen.place.name.clone());
    let is_new = edits.edits.len() > 1;
    if let (true, false, Some(certificate), Some(key)) = (on, is_new, &seen.pair.certificate, &seen.pair.key)
    {
        let loads = Claim::Loads { certificate: certificate.clone(), key: key.clone(), by: trials(&[seen]) };
        edits.proofs.push(Proof::Claim(loads));
    }
    Ok(Some(on))
}

impl Edits {
    fn point(&mut self, seen: &Seen, certificate: &Path, key: &Path) -> Result<()> {
        self.set(&seen.place.certificate, &certificate.to_string_lossy())?;
        self.set(&seen.place.key, &key.to_string_lossy())?;
        self.sip |= seen.place.served_by.iter().any(|name| name == KAMAILIO);
        self.places.push(seen.place.name.clone());
        Ok(())
    }

    fn set(&mut self, named: &Named, to: &str) -> Result<()> {
        if let Some(place) = &named.shadow {
            bail!(
                "{} is set in {place}, which wins over config.yml: change it there by hand, or take it out and run this again",
                named.dotted()
            );
        }
        ensure!(!named.path.is_empty(), "a value without a key");
        if named.value.as_deref() != Some(to) {
            self.edits.push(Edit::Yaml {
                key: named.path.clone(),
                from: named.written.clone(),
                to: Template::text(to),
            });
        }
        Ok(())
    }

    fn into_plan(self, facts: &Facts, switched: Option<bool>, plan: &mut Plan) {
        if self.edits.is_empty() {
            return;
        }
        let action =
            Action::Edit { path: Path::new(DIRECTORY).join("config.yml"), edits: self.edits, check: None };
        let title = format!("set in config.yml: {}", self.said.join(", "));
        let mut change = Change::new(&ABOUT.id, "config", title, action, Undo::Files)
            .in_phase(Phase::Configure)
            .proven(self.proofs);
        if self.sip {
            change.interrupts = Some(
                "kamailio-lb restarts: calls go on; phones on TLS or TCP lose their connection and register again".to_owned(),
            );
        }
        plan.changes.push(change);
        plan.apply.push(ABOUT.id.to_string());
        let mut looked_at = Vec::new();
        for name in self.places {
            let Some(seen) = facts.seen.iter().find(|seen| seen.place.name == name) else { continue };
            let is_on = if name == asks::SIP { switched.unwrap_or(seen.place.on) } else { seen.place.on };
            let silent = |(_, wire): &(u16, Wire)| matches!(wire, Wire::Nothing);
            if is_on && seen.place.on && !seen.wires.is_empty() && seen.wires.iter().all(silent) {
                let ports: Vec<String> = seen.place.ports.iter().map(u16::to_string).collect();
                plan.reminders.push(format!(
                    "{}: nothing listens on port {}, so what it serves cannot be looked at.",
                    seen.place.label,
                    ports.join(", ")
                ));
            } else if is_on && !seen.place.issues && !looked_at.contains(&name) {
                looked_at.push(name);
            }
        }
        if !looked_at.is_empty() {
            plan.effective.push(Proof::Claim(Claim::Served { places: looked_at }));
        }
    }
}
