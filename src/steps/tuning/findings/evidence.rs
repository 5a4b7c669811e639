//! What the running services and their logs show: hits in the buffer pool, kamailio out of memory, somebody else who
//! decides.

use super::{
    super::{
        facts::Facts,
        names::{figure, id},
    },
    words::Words,
};
use crate::{
    finding::{Finding, Severity, Status},
    ngcp::database::BufferPool,
};

/// What the handbook wants to see at least, of 100 reads (15.7).
const WANTED: f64 = 99.0;
/// Fewer reads tell nothing.
const ENOUGH: u64 = 10_000;
const MB: f64 = 1024.0 * 1024.0;

const HIT_RATE: Words = Words {
    titles: [
        "The database finds its pages in memory",
        "Too many reads of the database go to disk",
        "Whether the database finds its pages in memory is not known",
    ],
    remedy: "Raise database.bufferpoolsize: a hit rate over 99 % is wanted (handbook 15.7), calls wait for the disk below.",
};
const OUT_OF_MEMORY: Words = Words {
    titles: [
        "No log of kamailio says that it ran out of memory",
        "kamailio ran out of memory",
        "Whether kamailio ran out of memory is not known",
    ],
    remedy: "Raise shm_mem of this kamailio, or pkg_mem where its processes ran out of their own (pkg); calls were refused.",
};
const OTHER_OWNER: Words = Words {
    titles: [
        "Nobody but the configuration decides these values",
        "Somebody else decides a value of this table",
        "Whether somebody else decides these values is not known",
    ],
    remedy: "Take the setting out there, or leave this option as it is: config.yml changes nothing while it stands.",
};

pub(super) fn hit_rate(facts: &Facts) -> Finding {
    let finding = |status, evidence| HIT_RATE.finding(id::HIT_RATE, Severity::Medium, status, evidence);
    let Some(pool) = &facts.buffer_pool else {
        let why = facts.unseen.iter().find(|why| why.starts_with("hit rate"));
        let why = why.cloned().unwrap_or_else(|| "the database was not asked".to_owned());
        return finding(Status::Unknown, why);
    };
    let status = match pool.since_start.hit_rate() {
        Some(rate) if rate >= WANTED => Status::Pass,
        _ if pool.since_start.all < ENOUGH => Status::Unknown,
        // There is room left: those were the first reads of each page, a larger one would not have saved them.
        Some(_) if !pool.is_full() => Status::Pass,
        Some(_) => Status::Fail,
        None => Status::Unknown,
    };
    finding(status, told(pool, facts).join("; "))
}

fn told(pool: &BufferPool, facts: &Facts) -> Vec<String> {
    let percent =
        |rate: Option<f64>| rate.map_or_else(|| "no reads".to_owned(), |rate| format!("{rate:.2} %"));
    let mut told = vec![
        format!(
            "{} of {} reads found their page since the start {} h ago",
            percent(pool.since_start.hit_rate()),
            pool.since_start.all,
            pool.uptime / 3600
        ),
        format!("{} of {} over one second", percent(pool.just_now.hit_rate()), pool.just_now.all),
        format!("{:.0} of {:.0} MB are filled", pool.filled as f64 / MB, pool.size as f64 / MB),
    ];
    if !pool.is_full() {
        told.push("it is not full: what is read from disk is read for the first time".to_owned());
    }
    let figure = |name: &str| facts.measured.get(name).map(|one| one.value);
    told.extend(figure(figure::DATA).map(|data| format!("tables and indexes are {data:.0} MB")));
    told.extend(figure(figure::IO_WAIT).map(|wait| format!("I/O wait {wait:.1} %")));
    told.extend(facts.disks.iter().cloned());
    told
}

pub(super) fn out_of_memory(facts: &Facts) -> Finding {
    let finding =
        |status, evidence| OUT_OF_MEMORY.finding(id::OUT_OF_MEMORY, Severity::High, status, evidence);
    let mut evidence: Vec<String> = facts
        .out_of_memory
        .iter()
        .map(|one| {
            let of = if one.private { "pkg" } else { "shm" };
            format!("{}: {} lines, the last of {of}: {}", one.file.display(), one.lines, one.last)
        })
        .collect();
    let failed = !evidence.is_empty();
    let unread: Vec<&String> = facts.unseen.iter().filter(|why| why.starts_with("log of kamailio")).collect();
    let read: Vec<String> = facts.logs_read.iter().map(|file| file.display().to_string()).collect();
    if !failed && !read.is_empty() {
        evidence.push(format!("looked through {} since its last rotation", read.join(" and ")));
    }
    evidence.extend(unread.iter().map(|why| (*why).clone()));
    for one in &facts.kamailio {
        if let (Some(all), Some(told)) = (one.shared_memory, &one.told)
            && let Some(least) = told.shared_least
        {
            evidence.push(format!(
                "kamailio-{}: {least:.0} of {all} MB shared memory were free at the least",
                one.name
            ));
        }
    }
    let status = match () {
        () if failed => Status::Fail,
        () if read.is_empty() || !unread.is_empty() => Status::Unknown,
        () => Status::Pass,
    };
    finding(status, evidence.join("; "))
}

/// F82: told, not fought.
pub(super) fn other_owner(facts: &Facts) -> Finding {
    let mut evidence: Vec<String> =
        facts.owners.iter().map(|one| format!("{}: {}", one.name, one.evidence)).collect();
    let decided = facts.owners.iter().any(|one| one.option.is_some());
    evidence.extend(facts.owners_unseen.iter().cloned());
    if evidence.is_empty() {
        evidence.push("no option file, unit, tuned or sysctl setting".to_owned());
    }
    let status = match (decided, &facts.owners_unseen) {
        (true, _) => Status::Fail,
        (false, Some(_)) => Status::Unknown,
        (false, None) => Status::Pass,
    };
    OTHER_OWNER.finding(id::OTHER_OWNER, Severity::Medium, status, evidence.join("; "))
}
