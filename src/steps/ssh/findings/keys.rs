//! Findings about keys and the files they are in.

use super::found::{found, places};
use crate::{
    finding::{Finding, Severity, Status},
    steps::ssh::{
        facts::{Facts, KeyFact, KeyFile, Person},
        names::id,
    },
};

pub(super) fn place((_, file, key): &(&Person, &KeyFile, &KeyFact)) -> String {
    format!("{} line {}", file.path.display(), key.line)
}

/// Files and accounts that could not be looked into: then nothing about keys is sure.
fn closed(facts: &Facts) -> Option<String> {
    let files = facts.people.iter().flat_map(|person| &person.files);
    let closed: Vec<String> = files
        .filter(|file| file.read && file.keys.is_empty() && file.unreadable_count == 0)
        .filter_map(|file| Some(format!("{}: {}", file.path.display(), file.fixed.as_ref()?)))
        .collect();
    (!closed.is_empty()).then(|| places(closed.into_iter()))
}

/// Bad keys that are not listed one by one.
fn beyond(facts: &Facts, more: fn(&KeyFile) -> usize) -> impl Iterator<Item = String> {
    let files = facts.people.iter().flat_map(|person| &person.files).filter(move |file| more(file) > 0);
    files.map(move |file| format!("{} more in {}", more(file), file.path.display()))
}

/// What was not looked at.
fn unseen(facts: &Facts) -> Option<String> {
    (!facts.unseen.is_empty()).then(|| format!("not looked at: {}", facts.unseen.join(", ")))
}

fn and_unseen(seen: &str, facts: &Facts) -> String {
    unseen(facts).map_or_else(|| seen.to_owned(), |unseen| format!("{seen}; {unseen}"))
}

/// Fails, or is unknown because of what could not be looked at, or passes.
fn about_keys(facts: &Facts, bad: String) -> (Status, String) {
    let doubt = closed(facts).or_else(|| facts.doubt.clone()).or_else(|| unseen(facts));
    match (bad.is_empty(), doubt) {
        (false, _) => (Status::Fail, bad),
        (true, Some(closed)) => (Status::Unknown, closed),
        (true, None) => {
            let count = facts.keys().count()
                + facts.people.iter().flat_map(|p| &p.files).map(|f| f.more).sum::<usize>();
            (Status::Pass, format!("{count} keys in {} accounts looked at", facts.people.len()))
        }
    }
}

pub(super) fn image_keys(facts: &Facts) -> Finding {
    let listed = facts.keys().filter_map(|found| {
        let why = found.2.image.as_ref()?;
        let unread = if found.1.read { "" } else { " (not read by sshd today)" };
        Some(format!("{}: {why}{unread}", place(&found)))
    });
    let bad = places(listed.chain(beyond(facts, |file| file.more_images)));
    let (status, evidence) = about_keys(facts, bad);
    if let (Status::Fail, Some(vagrant)) = (status, &facts.vagrant) {
        let title = "The image's keys are needed: this is a Vagrant box";
        let evidence = format!("{vagrant}; {evidence}");
        return found(
            id::IMAGE_KEY,
            Severity::Critical,
            Status::NotApplicable,
            title,
            &evidence,
            "Nothing to do while it is one.",
        );
    }
    let title = match status {
        Status::Fail => "Anybody can log in with a key that comes with the image",
        Status::Pass => "No key of an image is left",
        _ => "Whether keys of the image are left is not known",
    };
    found(
        id::IMAGE_KEY,
        Severity::Critical,
        status,
        title,
        &evidence,
        "Remove these keys. Handbook 15.3 removes one of the two files only.",
    )
}

pub(super) fn weak_keys(facts: &Facts) -> Finding {
    let weak = facts.keys().filter(|found| found.2.image.is_none());
    let (status, evidence) = about_keys(
        facts,
        places(
            weak.filter_map(|one| {
                Some(format!("{}: {} ({})", place(&one), one.2.weak.as_ref()?, one.2.kind))
            })
            .chain(beyond(facts, |file| file.more_weak)),
        ),
    );
    let title = match status {
        Status::Fail => "Some keys are too weak to trust",
        Status::Pass => "No key is weak",
        _ => "Whether weak keys are in use is not known",
    };
    found(
        id::WEAK_KEY,
        Severity::High,
        status,
        title,
        &evidence,
        "Give their owners new keys, then remove these.",
    )
}

pub(super) fn file_modes(facts: &Facts) -> Finding {
    let files = facts.people.iter().flat_map(|person| &person.files).filter(|file| file.read);
    let mut seen: Vec<String> = files
        .flat_map(|file| file.loose.iter().map(|one| format!("{} {}", one.path.display(), one.reason)))
        .collect();
    seen.sort();
    seen.dedup();
    let status = match seen.is_empty() {
        true if facts.unseen.is_empty() => Status::Pass,
        true => Status::Unknown,
        false => Status::Fail,
    };
    let title = match status {
        Status::Unknown => "Whether others could add their keys is not known",
        Status::Fail => "Others could add their keys, or sshd refuses the file for that reason",
        _ => "Files and folders with keys are closed to others",
    };
    let evidence = if seen.is_empty() {
        and_unseen("modes and owners are as sshd wants them", facts)
    } else {
        places(seen.into_iter())
    };
    found(
        id::FILE_MODE,
        Severity::High,
        status,
        title,
        &evidence,
        "Take the right to write away from others.",
    )
}

pub(super) fn reused(facts: &Facts) -> Finding {
    let mut by_key: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (person, file, key) in facts.keys().filter(|one| one.1.read) {
        let Some(fingerprint) = &key.fingerprint else { continue };
        let names = by_key.entry(fingerprint).or_default();
        if !names.contains(&person.name.as_str()) && !file.path.as_os_str().is_empty() {
            names.push(&person.name);
        }
    }
    let several = by_key.iter().filter(|(_, names)| names.len() > 1);
    let bad = places(several.map(|(key, names)| format!("{key}: {}", names.join(", "))));
    let files = facts.people.iter().flat_map(|person| &person.files);
    let more: usize = files.map(|file| file.more + file.more_images + file.more_weak).sum();
    let mut missing: Vec<String> = unseen(facts).into_iter().collect();
    missing.extend((more > 0).then(|| format!("{more} keys were not compared")));
    let (status, title, evidence) = match (bad.is_empty(), missing.is_empty()) {
        (false, _) => (Status::Fail, "One key opens several accounts", bad),
        (true, true) => (Status::Pass, "Every key belongs to one account", "no fingerprint twice".to_owned()),
        (true, false) => {
            (Status::Unknown, "Whether one key opens several accounts is not known", missing.join("; "))
        }
    };
    found(
        id::REUSED,
        Severity::Info,
        status,
        title,
        &evidence,
        "Whoever loses it loses all of them; give each its own.",
    )
}

pub(super) fn unreadable(facts: &Facts) -> Finding {
    let files = facts.people.iter().flat_map(|person| &person.files);
    let lines = files.clone().flat_map(|file| {
        file.unreadable.iter().map(|(line, why)| format!("{} line {line}: {why}", file.path.display()))
    });
    let count: usize = files.clone().map(|file| file.unreadable_count).sum();
    let (status, title) = match count {
        0 if !facts.unseen.is_empty() => {
            (Status::Unknown, "Whether every line of the key files can be read is not known")
        }
        0 => (Status::Pass, "Every line of the key files can be read"),
        _ => (Status::Fail, "Some lines of the key files are no keys"),
    };
    let evidence = if count == 0 {
        and_unseen("nothing is passed over", facts)
    } else {
        format!("{count} lines: {}", places(lines))
    };
    found(
        id::UNREADABLE,
        Severity::Info,
        status,
        title,
        &evidence,
        "sshd passes over them. Look what they were meant to be.",
    )
}
