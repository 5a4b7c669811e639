//! What will not last: rules that a restart loses, rules that are no longer what was made, firewalls that undo each other.

use crate::{
    finding::{Finding, Severity, Status, one_line},
    steps::firewall::{
        facts::{Facts, Owner},
        names::{ABOUT, id},
        words,
    },
};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    vec![persistent(facts), conflict(facts), drift(facts)]
}

fn persistent(facts: &Facts) -> Finding {
    let own = &facts.own;
    let kept = facts.kept.as_ref();
    let (status, title, evidence) = match (own.loaded, own.stored.is_some(), own.at_boot) {
        _ if let Some(why) = &own.damaged => (
            Status::Fail,
            "What our rules were made from cannot be used: a restart lets SSH in and nothing else",
            why.clone(),
        ),
        (true, ..) if own.armed => (
            Status::Unknown,
            "Our rules wait for a confirmation and lift themselves without one",
            "they are stored once a new login confirms them: ngcp-warden confirm".to_owned(),
        ),
        (true, false, _) => {
            (Status::Fail, "Our rules are gone after a restart", "they are loaded and not stored".to_owned())
        }
        (_, true, Some(false)) => (
            Status::Fail,
            "Our rules are gone after a restart",
            "they are stored, and no enabled unit loads them".to_owned(),
        ),
        (_, true, Some(true)) => (
            Status::Pass,
            "The rules come again after a restart",
            own.stored.as_ref().map_or_else(String::new, |path| format!("stored beside {}", path.display())),
        ),
        (_, true, None) => (
            Status::Unknown,
            "Whether our rules come again after a restart is not known",
            "no unit was seen".to_owned(),
        ),
        (false, false, _) => match kept.map(|kept| (kept.known, kept.by.clone())) {
            Some((Some(true), by)) => (Status::Pass, "The rules come again after a restart", by),
            Some((Some(false), by)) => (Status::Fail, "The rules are gone after a restart", by),
            Some((None, by)) => {
                (Status::Unknown, "Whether the rules come again after a restart is not known", by)
            }
            None => (Status::NotApplicable, "There are no rules to keep", "nobody made any".to_owned()),
        },
    };
    let remedy = "Set rules with this program, or store those that are there where a unit loads them before the network is up.";
    ABOUT.finding(id::NOT_PERSISTENT, Severity::Medium, status, title, one_line(&evidence), remedy)
}

/// Whoever reloads and removes what others made: our rules, and rtpengine's.
fn conflict(facts: &Facts) -> Finding {
    let at_stake = facts.own.loaded || facts.own.stored.is_some() || facts.rtpengine.wanted == Some(true);
    let takers: Vec<&Owner> = facts.others_rules.iter().filter(|owner| owner.takes_over).collect();
    let told = |owners: &[&Owner]| {
        owners.iter().map(|one| format!("{}: {}", one.name, one.evidence)).collect::<Vec<_>>().join("; ")
    };
    let (status, title, evidence) = match (takers.as_slice(), &facts.doubled) {
        _ if let Some(opened) = &facts.rtpengine.policy_opened => {
            (Status::Fail, "Somebody opened INPUT, which others rely on to drop", opened.clone())
        }
        ([], Some(doubled)) => {
            (Status::Fail, "Two packet filters decide one after the other", doubled.clone())
        }
        (takers @ [_, ..], doubled) if at_stake => {
            let more = doubled.as_ref().map_or_else(String::new, |doubled| format!("; {doubled}"));
            let title = "Another firewall removes rules of others when it is reloaded";
            (Status::Fail, title, format!("{}{more}", told(takers)))
        }
        _ => {
            let all: Vec<&Owner> = facts.others_rules.iter().collect();
            let seen = if all.is_empty() { "nobody else changes rules here".to_owned() } else { told(&all) };
            (Status::Pass, "Nobody removes rules of others", seen)
        }
    };
    let remedy =
        "Keep one firewall. Where another must stay, turn the watch on: it puts the rule of rtpengine back.";
    ABOUT.finding(id::CONFLICT, Severity::Medium, status, title, one_line(&evidence), remedy)
}

/// Whether the rules still are what was made, and whether what they were made from still is so.
fn drift(facts: &Facts) -> Finding {
    let Some(wanted) = &facts.own.wanted else {
        let evidence = "no rules of ours are stored".to_owned();
        let title = "No rules of ours that could be out of date";
        let remedy = "Nothing to do.";
        return ABOUT.finding(id::DRIFT, Severity::High, Status::NotApplicable, title, evidence, remedy);
    };
    let mut changed = Vec::new();
    for reached in &facts.services {
        let service = &reached.service;
        let Some((_, before)) = wanted.services.get(&service.name) else {
            changed.push(format!("{} is new: {}", service.name, words::ports(&service.ports)));
            continue;
        };
        let sorted = |ports: &[crate::ngcp::reachable::Ports]| {
            let mut ports = ports.to_vec();
            ports.sort_unstable();
            ports
        };
        if service.fault.is_none() && sorted(before) != sorted(&service.ports) {
            let key = service.key.as_ref().map_or_else(String::new, |key| format!(" ({key})"));
            let (is, was) = (words::ports(&service.ports), words::ports(before));
            changed.push(format!("{}{key} is {is} now, the rules have {was}", service.name));
        }
    }
    let (status, title, evidence) = match (changed.as_slice(), facts.own.loaded, facts.own.as_stored) {
        ([_, ..], ..) => (Status::Fail, "Ports were changed after the rules were made", changed.join("; ")),
        ([], false, _) => (
            Status::Fail,
            "Our rules are not loaded although they are stored",
            "somebody removed them: ngcp-warden firewall repair loads them again".to_owned(),
        ),
        ([], true, _) if facts.own.armed => (
            Status::Unknown,
            "New rules of ours wait for a confirmation",
            "what is loaded is not what is stored before that".to_owned(),
        ),
        ([], true, Some(false)) => (
            Status::Fail,
            "Our rules are not what was stored",
            "somebody changed them: ngcp-warden firewall repair loads the stored ones again".to_owned(),
        ),
        ([], true, None) => (
            Status::Unknown,
            "Whether our rules are those that were stored is not known",
            "they could not be listed".to_owned(),
        ),
        ([], true, Some(true)) => (
            Status::Pass,
            "The rules are those that were made, for the ports of today",
            format!("{} services", wanted.services.len()),
        ),
    };
    let remedy =
        "Set the rules again for what is so today, or load the stored ones: ngcp-warden firewall repair.";
    ABOUT.finding(id::DRIFT, Severity::High, status, title, one_line(&evidence), remedy)
}
