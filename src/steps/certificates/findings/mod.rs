//! What was seen, as findings: one for each group of places, or one for each place where the places differ.

mod rule;
mod rules;

use self::{
    rule::{Rule, Sight},
    rules::RULES,
};
use super::{
    facts::{Facts, Group, Seen},
    names::{ABOUT, asks, id},
    words,
};
use crate::finding::{Finding, Severity, Status, one_line};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    if let Some(why) = &facts.unread {
        let title = "Which certificates are configured is not known";
        let remedy = "Mend what is named here, then run this again.";
        return vec![ABOUT.finding(id::PLACES, Severity::High, Status::Unknown, title, why.clone(), remedy)];
    }
    let mut all = Vec::new();
    for group in facts.groups() {
        for rule in RULES {
            judge(facts, &group, rule, &mut all);
        }
    }
    all.extend(sip_tls_off(facts));
    all.extend(unlisted(facts));
    all
}

/// One finding where all of the group say the same, else one for each.
fn judge(facts: &Facts, group: &Group<'_>, rule: &Rule, all: &mut Vec<Finding>) {
    let sights: Vec<(&Seen, Sight)> =
        group.places.iter().filter_map(|place| Some((*place, (rule.see)(facts, place)?))).collect();
    let Some(status) = sights.first().map(|(_, sight)| sight.status) else { return };
    let same = sights.iter().all(|(_, sight)| sight.status == status);
    let finding = |id: String, sights: &[&(&Seen, Sight)]| {
        let mut whose: Vec<&str> = Vec::new();
        let (mut titles, mut evidence): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
        for (seen, sight) in sights {
            whose.push(&seen.place.label);
            let title = if sight.status == Status::Pass { rule.holds } else { &sight.title };
            if !titles.contains(&title) {
                titles.push(title);
            }
            if !evidence.contains(&sight.evidence) {
                evidence.push(sight.evidence.clone());
            }
        }
        let severity = sights.iter().filter_map(|(_, sight)| sight.severity).max().unwrap_or(rule.severity);
        let status = sights.first().map_or(Status::Unknown, |(_, sight)| sight.status);
        let whole = group.places.len() > 1 && sights.len() == group.places.len();
        let whose = if whole { words::label(group).to_owned() } else { whose.join(", ") };
        let title = format!("{whose}: {}", titles.join("; "));
        let mut finding =
            ABOUT.finding(&id, severity, status, title, one_line(&evidence.join("; ")), rule.remedy);
        finding.field = group.ask.map(str::to_owned);
        finding
    };
    if same {
        let sights: Vec<&(&Seen, Sight)> = sights.iter().collect();
        all.push(finding(group.id(rule.id), &sights));
    } else {
        all.extend(sights.iter().map(|one| finding(one.0.id(rule.id), &[one])));
    }
}

/// Somebody made a certificate for SIP over TLS, and it is off.
fn sip_tls_off(facts: &Facts) -> Option<Finding> {
    let sip = facts.seen.iter().find(|seen| seen.place.group.as_deref() == Some(asks::SIP))?;
    let own = sip.pair.leaf().is_some() && sip.pair.default.is_none();
    let (status, title) = match (sip.place.on, own) {
        (true, _) => (Status::Pass, "SIP over TLS is on"),
        (false, true) => (Status::Fail, "SIP over TLS is off although it has a certificate of its own"),
        (false, false) => (Status::NotApplicable, "SIP over TLS is off, as installed"),
    };
    let ports: Vec<String> = sip.place.ports.iter().map(u16::to_string).collect();
    let evidence = sip.place.switch.as_ref().map_or_else(String::new, |switch| {
        format!(
            "{}: {}; port {}",
            switch.dotted(),
            switch.value.as_deref().unwrap_or("not there"),
            ports.join(", ")
        )
    });
    let remedy = "Switch it on, or phones cannot encrypt their signalling.";
    let mut finding = ABOUT.finding(id::SIP_TLS_OFF, Severity::Low, status, title, evidence, remedy);
    finding.field = Some(asks::SIP_TLS.to_owned());
    Some(finding)
}

fn unlisted(facts: &Facts) -> Option<Finding> {
    if facts.unlisted.is_empty() {
        return None;
    }
    let each = facts.unlisted.iter().map(|one| format!("{}: {}", one.path, one.file.display()));
    let title = match facts.unlisted.len() {
        1 => "Another certificate or key is named in the configuration".to_owned(),
        count => format!("{count} other certificates or keys are named in the configuration"),
    };
    let remedy = "This program does not know who uses them: look after them by hand.";
    let evidence = one_line(&each.collect::<Vec<_>>().join("; "));
    Some(ABOUT.finding(id::UNLISTED, Severity::Info, Status::Unknown, title, evidence, remedy))
}
