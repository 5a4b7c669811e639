//! The changes where the platform has a packet filter of its own: lossless edits of config.yml, in force by the apply
//! that all steps share. The kernel cannot take that back by itself; the watcher of the run does.

use std::path::Path;

use anyhow::{Result, bail};

use super::{
    super::{
        facts::{Facts, Reach, Reached, Wanted},
        names::{ABOUT, by, id},
        rules::{Openings, iptables::Family, managed},
    },
    making::{as_reviewed, change, guarded},
    stored,
};
use crate::{
    ngcp::{config::DIRECTORY, firewall, rtpengine::Rule},
    plan::{Action, Claim, Edit, Phase, Plan, Proof, Template, Undo},
};

/// What the platform takes for on, off, and for refusing what no rule names.
const ON: &str = "yes";
const OFF: &str = "no";
const DROP: &str = "DROP";

/// # Errors
/// When another file decides what config.yml says.
pub(super) fn set(facts: &Facts, wanted: &Wanted, seconds: u64) -> Result<Plan> {
    let open = Openings::of(wanted);
    let mut plan = edited(facts, Some(&open), seconds)?;
    if !plan.apply.is_empty() {
        plan.effective = effective(facts, wanted);
    }
    if plan.is_empty() && is_out_of_force(facts, wanted) {
        plan.partial = true;
        plan.reminders.push(
            "Firewall: config.yml holds these rules and they are not in force: run 'ngcpcfg apply' and look at \
             'ngcp-warden firewall status'."
                .to_owned(),
        );
    }
    if !plan.changes.is_empty() || facts.own.wanted.as_ref() != Some(wanted) {
        plan.join(stored::note(facts, wanted));
    }
    if !open.untracked.is_empty() {
        plan.partial = true;
        plan.reminders.push(
            "Firewall: media stays in connection tracking, because the platform's own firewall has no place for that."
                .to_owned(),
        );
    }
    Ok(plan)
}

/// Whether it is seen that rules which config.yml holds already do not refuse what they are to refuse.
fn is_out_of_force(facts: &Facts, wanted: &Wanted) -> bool {
    let own = &facts.own;
    let unloaded = facts.seen.is_some() && !own.loaded && own.wanted.as_ref() == Some(wanted);
    unloaded || facts.unasked.iter().flatten().any(|seen| seen.who == Reach::Everyone)
}

/// What the rules that the platform's tool makes must be seen to do: how it reads ours is its own business.
fn effective(facts: &Facts, wanted: &Wanted) -> Vec<Proof> {
    let open = |reached: &Reached| {
        let who = wanted.services.get(&reached.service.name).map_or(by::NOBODY, |(who, _)| who);
        who != by::NOBODY && reached.listens.as_ref().is_some_and(|programs| !programs.is_empty())
    };
    let [v4, v6] = [0, 1].map(|family| facts.unasked[family].is_some());
    let asked = [
        (v4, id::OFF),
        (v6, id::IPV6_OPEN),
        (facts.services.iter().any(open), id::SERVICE_BLOCKED),
        (facts.rtpengine.families.contains(&Rule::Fine), id::RTPENGINE_MISSING),
        (facts.rtpengine.families.contains(&Rule::Fine), id::RTPENGINE_ORDER),
    ];
    let well = |finding: &str| {
        Proof::Claim(Claim::Well { step: ABOUT.id.clone(), finding: finding.to_owned(), within: None })
    };
    asked.into_iter().filter(|(asked, _)| *asked).map(|(_, finding)| well(finding)).collect()
}

/// # Errors
/// As [`set`].
pub(super) fn remove(facts: &Facts, seconds: u64) -> Result<Plan> {
    let mut plan = edited(facts, None, seconds)?;
    plan.join(stored::forget(facts));
    Ok(plan)
}

/// Our rules behind those of others, or away.
fn edited(facts: &Facts, open: Option<&Openings>, seconds: u64) -> Result<Plan> {
    let step = &ABOUT.id;
    let Some(now) = &facts.managed else { bail!("{step}: security.firewall of config.yml cannot be read") };
    if let Some(place) = &now.shadow {
        bail!("{step}: security.firewall of config.yml is decided in {place}; change it there by hand");
    }
    let mut edits = Vec::new();
    let mut others = false;
    for family in Family::BOTH {
        let v6 = family == Family::V6;
        let from = &now.rules[usize::from(v6)];
        others |= from.iter().any(|rule| !managed::is_ours(rule));
        let to = managed::list(from, open, family);
        if to != *from {
            edits.push(Edit::List { key: firewall::rules_key(v6), from: from.clone(), to });
        }
    }
    // Without a rule of anybody it would refuse everything.
    let enable = if open.is_some() || (others && now.enable == ON) { ON } else { OFF };
    let mut value = |key: &[&str], from: Option<&String>, to: &str| {
        if from.is_none_or(|from| from != to) {
            let (key, from) = (firewall::key(key), from.cloned());
            edits.push(Edit::Yaml { key, from, to: Template::text(to) });
        }
    };
    value(&["enable"], Some(&now.enable), enable);
    if open.is_some() {
        value(&["policies", "input"], now.policy.as_ref(), DROP);
    }
    if edits.is_empty() {
        return Ok(Plan::default());
    }
    let title = match open {
        Some(_) => "write the rules to security.firewall of config.yml and switch it on",
        None if enable == ON => "take our rules out of security.firewall of config.yml",
        None => "take our rules out of security.firewall of config.yml and switch it off",
    };
    let path = Path::new(DIRECTORY).join("config.yml");
    let edit = change("config", title, Action::Edit { path, edits, check: None }, Undo::Files);
    let edit = as_reviewed(guarded(edit.in_phase(Phase::Configure), seconds), facts);
    let edit = if open.is_none() { edit.opening("whoever the rules refused") } else { edit };
    Ok(Plan { changes: vec![edit], apply: vec!["packet filter".to_owned()], ..Plan::default() })
}
