//! Who gets through: by default, to administration, to the services of subscribers, to what is internal.

use super::told::{about, is, over};
use crate::{
    finding::{Finding, Severity, Status, one_line},
    host::listeners::UNSEEN,
    ngcp::reachable::{self, Audience},
    steps::firewall::{
        facts::{Exposure, Facts, Other, Reach, Reached},
        names::{ABOUT, by, id},
        words,
    },
};

const SET: &str = "Set rules: only what must be open is, administration for your own networks.";

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![unasked(facts, false), unasked(facts, true)];
    let administration =
        facts.services.iter().filter(|reached| reached.service.audience != Audience::Subscribers);
    all.extend(each(facts, id::ADMIN_OPEN, administration, admin_open));
    all.extend(each(facts, id::SERVICE_BLOCKED, facts.services.iter(), blocked));
    all.extend(exposed(facts));
    all
}

/// Whether a port that nobody named is refused.
fn unasked(facts: &Facts, v6: bool) -> Finding {
    let (id, what) = if v6 { (id::IPV6_OPEN, "IPv6") } else { (id::OFF, "IPv4") };
    let (status, title, evidence) = match &facts.unasked[usize::from(v6)] {
        None => (
            Status::NotApplicable,
            format!("There is no {what} that others reach"),
            format!("no address but those of the host itself and its wire, {what}"),
        ),
        Some(seen) => match seen.who {
            Reach::Everyone => (
                Status::Fail,
                format!("Nothing is refused by default over {what}"),
                format!("a stranger's packet to an unused port gets in: {}", seen.by),
            ),
            Reach::Some | Reach::Nobody => (
                Status::Pass,
                format!("What nobody asked for is refused over {what}"),
                format!("a stranger's packet to an unused port does not get in: {}", seen.by),
            ),
            Reach::Unknown => (
                Status::Unknown,
                format!("Whether anything is refused over {what} is not known"),
                seen.by.clone(),
            ),
        },
    };
    ABOUT.finding(id, Severity::High, status, title, one_line(&evidence), SET)
}

/// What one service looks like to a rule.
struct Sight {
    status: Status,
    severity: Severity,
    title: &'static str,
    evidence: String,
    remedy: &'static str,
}

/// One finding where all services say the same, else one for each.
fn each<'a>(
    facts: &'a Facts,
    id: &'static str,
    services: impl Iterator<Item = &'a Reached>,
    see: fn(&Facts, &Reached) -> Option<Sight>,
) -> Vec<Finding> {
    let sights: Vec<(&Reached, Sight)> = services.filter_map(|one| Some((one, see(facts, one)?))).collect();
    let finding = |tail: Option<&str>, sights: &[&(&Reached, Sight)]| {
        let worst = sights.iter().max_by_key(|(_, sight)| sight.severity)?;
        let names: Vec<&str> = sights.iter().map(|(one, _)| one.service.label.as_str()).collect();
        let evidence: Vec<&str> = sights.iter().map(|(_, sight)| sight.evidence.as_str()).collect();
        let sight = &worst.1;
        let title = format!("{}: {}", names.join(", "), sight.title);
        let evidence = one_line(&evidence.join("; "));
        Some(about(id, tail, ABOUT.finding(id, sight.severity, sight.status, title, evidence, sight.remedy)))
    };
    let same = sights.windows(2).all(|two| two[0].1.status == two[1].1.status);
    if same {
        return finding(None, &sights.iter().collect::<Vec<_>>()).into_iter().collect();
    }
    sights.iter().filter_map(|one| finding(Some(&one.0.service.name), &[one])).collect()
}

/// Nothing is there to be reached: switched off or not, no program waits.
fn is_silent(reached: &Reached) -> bool {
    reached.listens.as_ref().is_some_and(Vec::is_empty)
}

fn admin_open(_: &Facts, reached: &Reached) -> Option<Sight> {
    if is_silent(reached) {
        return None;
    }
    let (v4, v6) = (&reached.v4, &reached.v6);
    let severity = Severity::High;
    let sight = |status, title, evidence: String| {
        let evidence = format!("{}: {evidence}", place(reached));
        Some(Sight { status, severity, title, evidence, remedy: SET })
    };
    if let Some(open) = over(v4, v6, is(Reach::Everyone)) {
        return sight(Status::Fail, "open to everyone", open);
    }
    if let Some(unknown) = over(v4, v6, is(Reach::Unknown)) {
        return sight(Status::Unknown, "who reaches it is not known", unknown);
    }
    sight(Status::Pass, "closed to strangers", over(v4, v6, |_| true)?)
}

fn blocked(facts: &Facts, reached: &Reached) -> Option<Sight> {
    let service = &reached.service;
    if is_silent(reached) || service.on == Some(false) || service.audience == Audience::Nobody {
        return None;
    }
    let chosen = facts.own.wanted.as_ref().and_then(|wanted| wanted.services.get(&service.name));
    let chosen = chosen.map(|(who, _)| who.as_str());
    let for_all = match chosen {
        Some(by::NOBODY) => return None,
        Some(who) => who == by::EVERYONE,
        None => service.audience == Audience::Subscribers,
    };
    // A family over which nobody waits is not asked about.
    let served = |exposure: &&Exposure| !exposure.by.starts_with("nothing waits");
    let families: Vec<&Exposure> = [&reached.v4, &reached.v6].into_iter().filter(served).collect();
    let shut = |exposure: &Exposure| match for_all {
        true => matches!(exposure.who, Reach::Some | Reach::Nobody) || exposure.but.is_some(),
        false => exposure.trusted == Some(false),
    };
    let unsure = |exposure: &Exposure| match for_all {
        true => exposure.who == Reach::Unknown,
        false => exposure.trusted.is_none() && exposure.who == Reach::Unknown,
    };
    let sight = |status, title, evidence: String| {
        let evidence = format!("{}: {evidence}", place(reached));
        let remedy = "Open it again, or set rules that do; phones and administrators wait outside.";
        Some(Sight { status, severity: Severity::High, title, evidence, remedy })
    };
    let told = |is: &dyn Fn(&Exposure) -> bool| {
        over(&reached.v4, &reached.v6, |one| {
            families.iter().any(|family| std::ptr::eq(*family, one)) && is(one)
        })
    };
    if let Some(evidence) = told(&shut) {
        let title = if for_all {
            "not everybody who should reaches it"
        } else {
            "the trusted networks do not reach it"
        };
        return sight(Status::Fail, title, evidence);
    }
    if let Some(evidence) = told(&unsure) {
        return sight(Status::Unknown, "who reaches it is not known", evidence);
    }
    sight(Status::Pass, "reached by whom it is for", told(&|_| true)?)
}

/// `5060 udp,tcp (kamailio.lb.port)`
fn place(reached: &Reached) -> String {
    let key = reached.service.key.as_ref().map_or_else(String::new, |key| format!(" ({key})"));
    format!("{} {}{key}", reached.service.name, words::ports(&reached.service.ports))
}

/// What listens and is in no table: what strangers must never reach each for itself, the rest together.
fn exposed(facts: &Facts) -> Vec<Finding> {
    let never =
        |other: &&Other| reachable::usual(other.protocol, other.port).is_some_and(|usual| usual.never);
    let mut ports: Vec<u16> = facts.others.iter().filter(never).map(|other| other.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let mut all: Vec<Finding> = ports
        .iter()
        .map(|port| {
            let here: Vec<&Other> =
                facts.others.iter().filter(never).filter(|other| other.port == *port).collect();
            let name = here.iter().find_map(|other| other.known.clone()).unwrap_or_default();
            let finding = listeners(&here, &format!("{name} (port {port})"), Severity::Critical);
            about(id::EXPOSED_LISTENER, Some(&port.to_string()), finding)
        })
        .collect();
    let rest: Vec<&Other> = facts.others.iter().filter(|other| !never(other)).collect();
    all.push(listeners(&rest, "What listens besides the services", Severity::Medium));
    all.extend(facts.services.iter().filter_map(impostor));
    all
}

/// Something that waits on the port of a service of subscribers that is switched off; whether it is that service nobody
/// said. Administration that listens is judged, on or off.
fn impostor(reached: &Reached) -> Option<Finding> {
    let programs = reached.listens.as_ref().filter(|programs| !programs.is_empty())?;
    if reached.service.on != Some(false) || reached.service.audience != Audience::Subscribers {
        return None;
    }
    let (v4, v6) = (&reached.v4, &reached.v6);
    let (status, told) = match over(v4, v6, is(Reach::Everyone)) {
        Some(open) => (Status::Fail, open),
        None => (Status::Unknown, over(v4, v6, is(Reach::Unknown))?),
    };
    let title = format!("{} is switched off, and something listens there", reached.service.label);
    let evidence = one_line(&format!("{}: {}; {told}", place(reached), programs.join(", ")));
    let remedy = "Find out what it is; stop it, or let nobody reach it.";
    let finding = ABOUT.finding(id::EXPOSED_LISTENER, Severity::High, status, title, evidence, remedy);
    Some(about(id::EXPOSED_LISTENER, Some(&reached.service.name), finding))
}

fn listeners(all: &[&Other], what: &str, severity: Severity) -> Finding {
    let told = |who: Reach| -> Vec<String> {
        all.iter().filter(|other| other.exposure.who == who).map(|other| described(other)).collect()
    };
    let (open, unknown) = (told(Reach::Everyone), told(Reach::Unknown));
    let (status, title, evidence) = match (open.is_empty(), unknown.is_empty()) {
        (false, _) => (Status::Fail, format!("{what}: strangers reach it"), open),
        (_, false) => (Status::Unknown, format!("{what}: who reaches it is not known"), unknown),
        _ => {
            let all: Vec<String> = all.iter().map(|other| described(other)).collect();
            let none = vec!["nothing else listens on an address that others reach".to_owned()];
            (
                Status::Pass,
                format!("{what}: strangers do not reach it"),
                if all.is_empty() { none } else { all },
            )
        }
    };
    const MOST: usize = 10;
    let more = evidence.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    let evidence = format!("{}{more}", evidence.iter().take(MOST).cloned().collect::<Vec<_>>().join("; "));
    let remedy = "Let it listen on 127.0.0.1 only, or set rules that close it.";
    ABOUT.finding(id::EXPOSED_LISTENER, severity, status, title, one_line(&evidence), remedy)
}

/// `0.0.0.0:3306/tcp mariadbd, by no rule says anything`
fn described(other: &Other) -> String {
    let program = other.program.as_deref().or(other.known.as_deref()).unwrap_or(UNSEEN);
    let at = std::net::SocketAddr::new(other.address, other.port);
    format!("{at}/{} {program}, by {}", other.protocol.word(), other.exposure.by)
}
