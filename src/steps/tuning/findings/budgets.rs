//! What the values of today take of memory, disk and wire, beside what there is.

use super::{
    super::{
        budget::{self, Budget},
        facts::Facts,
        names::{figure, id},
    },
    words::Words,
};
use crate::{
    finding::{Finding, Severity, Status},
    ngcp::options::formula::Figures,
};

const MEMORY: Words = Words {
    titles: [
        "The values fit into the memory of this host",
        "The values need more memory than this host has",
        "Whether the values fit into memory is not known",
    ],
    remedy: "Choose the proposed values, or give the host more memory: the kernel kills the database or kamailio when it is full.",
};
const DISK: Words = Words {
    titles: [
        "Logs and binary logs fit on their disks when all days are full",
        "Logs and binary logs fill the disk before their days are over",
        "Whether logs and binary logs fit on their disks is not known",
    ],
    remedy: "Keep fewer days of logs or binary logs, or give them a larger disk: a full disk stops the database and with it all calls.",
};
const KEEPALIVES: Words = Words {
    titles: [
        "The keepalive processes reach every phone behind NAT in time",
        "The keepalive processes cannot reach every phone behind NAT in time",
        "Whether the keepalive processes suffice is not known",
    ],
    remedy: "Use more processes (7 at most) or a longer interval; many NATs forget a phone after 30 s without a packet, calls do not reach it then.",
};

pub(super) fn memory(facts: &Facts, today: &Figures) -> Finding {
    let budget = budget::memory(today);
    let mut evidence = told(&budget, "MB");
    if let Some(besides) = budget.besides.filter(|more| *more >= 1.0) {
        evidence.push(format!("{besides:.0} MB more if every worker took all that it may"));
    }
    if let Some(swap) = facts.measured.get(figure::SWAP) {
        evidence.push(format!("swap {:.0} MB, not counted", swap.value));
    }
    MEMORY.finding(id::MEMORY_BUDGET, Severity::High, status(facts, budget.fits()), with(facts, &evidence))
}

pub(super) fn disk(facts: &Facts, today: &Figures) -> Finding {
    let budgets = budget::disk(today);
    let fits: Vec<Option<bool>> = budgets.iter().map(Budget::fits).collect();
    let all = match () {
        () if fits.contains(&Some(false)) => Some(false),
        () if fits.is_empty() || fits.contains(&None) => None,
        () => Some(true),
    };
    let mut evidence: Vec<String> = budgets
        .iter()
        .flat_map(|budget| {
            let endless = budget.endless.iter().map(|part| format!("{part} are never cleared"));
            told(budget, "MB").into_iter().chain(endless)
        })
        .collect();
    evidence.extend(until_full(facts, "logs", figure::LOG_DAY, figure::LOG_FREE));
    evidence.extend(until_full(facts, "binary logs", figure::BINLOG_DAY, figure::BINLOG_FREE));
    evidence.extend(facts.disks.iter().cloned());
    let unseen = facts
        .unseen
        .iter()
        .filter(|why| ["logs", "binary logs", "free disk"].iter().any(|of| why.starts_with(of)));
    evidence.extend(unseen.cloned());
    DISK.finding(id::DISK_BUDGET, Severity::Medium, status(facts, all), with(facts, &evidence))
}

/// In how many days the disk is full at today's growth, if nothing were cleared.
fn until_full(facts: &Facts, what: &str, day: &str, free: &str) -> Option<String> {
    let figure = |name: &str| Some(facts.measured.get(name)?.value);
    let (day, free) = (figure(day)?, figure(free)?);
    let days = (day > 0.0).then(|| format!(": full in {:.0} days if none were cleared", free / day));
    Some(format!("{what} grow by {day:.1} MB a day, {free:.0} MB are free{}", days.unwrap_or_default()))
}

pub(super) fn keepalives(facts: &Facts, today: &Figures) -> Finding {
    let nated = facts.measured.get(figure::NATED_NOW);
    let mut figures = today.clone();
    // What counts is who is registered now, not what may come.
    figures.insert(figure::GROWTH.to_owned(), 1.0);
    figures.remove(figure::NATED);
    figures.extend(nated.map(|nated| (figure::NATED.to_owned(), nated.value)));
    let budget = budget::keepalives(&figures);
    let can = budget.limit.map_or_else(
        || "how many keepalives the processes can send is not known".to_owned(),
        |limit| format!("the processes can send {limit:.0} keepalives a second"),
    );
    let mut evidence = vec![can];
    let fits = if let Some(nated) = nated {
        evidence.push(format!("{:.0} contacts are behind NAT ({})", nated.value, nated.by));
        evidence.push(match budget.unknown.is_empty() {
            true => format!("{:.0} are due each second", budget.total()),
            false => budget.unknown.join(", "),
        });
        budget.fits()
    } else {
        let why = facts.unseen.iter().find(|why| why.contains("behind NAT") || why.contains("subscribers:"));
        evidence.push(why.cloned().unwrap_or_else(|| "contacts behind NAT were not counted".to_owned()));
        None
    };
    KEEPALIVES.finding(id::NATPING_CAPACITY, Severity::High, status(facts, fits), with(facts, &evidence))
}

/// Each part, their sum and what there is; what was assumed or is missing.
fn told(budget: &Budget, unit: &str) -> Vec<String> {
    let parts: Vec<String> = budget.parts.iter().map(|(name, takes)| format!("{name} {takes:.0}")).collect();
    let limit = match budget.limit {
        Some(limit) => format!("{:.0} to stay free, there are {limit:.0}", budget.reserve),
        None if budget.title == "memory" => "how much memory there is is not known".to_owned(),
        None => "how much disk there is is not known".to_owned(),
    };
    let sum = format!("{} = {:.0} {unit}, {limit}", parts.join(" + "), budget.total());
    let mut told = if parts.is_empty() { Vec::new() } else { vec![sum] };
    if !budget.assumed.is_empty() {
        told.push(format!("assumed: {}", budget.assumed.join(", ")));
    }
    told.extend(budget.unknown.iter().cloned());
    told
}

fn status(facts: &Facts, fits: Option<bool>) -> Status {
    match fits {
        Some(false) => Status::Fail,
        Some(true) if facts.unread.is_none() => Status::Pass,
        _ => Status::Unknown,
    }
}

/// Without a configuration there are no values that could be held against anything.
fn with(facts: &Facts, evidence: &[String]) -> String {
    match &facts.unread {
        Some(why) => why.clone(),
        None if evidence.is_empty() => "nothing of it could be measured".to_owned(),
        None => evidence.join("; "),
    }
}
