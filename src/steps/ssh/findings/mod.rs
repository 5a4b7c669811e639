//! What was seen, in words: keys everybody has, weak ones, files others can write, doors that take a password.

mod keys;
mod server;

use super::{ABOUT, asks, facts::Facts};
use crate::finding::{Finding, Severity, Status, printable};

pub(super) const IMAGE_KEY: &str = "SSH-IMAGE-KEY";
pub(super) const WEAK_KEY: &str = "SSH-WEAK-KEY";
pub(super) const FILE_MODE: &str = "SSH-KEY-FILE-MODE";
pub(super) const ROOT_PASSWORD: &str = "SSH-ROOT-PASSWORD-LOGIN";
pub(super) const PASSWORD: &str = "SSH-PASSWORD-LOGIN";
pub(super) const EMPTY: &str = "SSH-EMPTY-PASSWORDS";
pub(super) const ALGORITHMS: &str = "SSH-WEAK-ALGORITHMS";
pub(super) const FORWARDING: &str = "SSH-FORWARDING";
pub(super) const HOST_KEY: &str = "SSH-SHARED-HOST-KEY";
pub(super) const BROKEN: &str = "SSH-CONFIG-BROKEN";
const REUSED: &str = "SSH-KEY-REUSED";
const UNREADABLE: &str = "SSH-KEY-UNREADABLE";
const OTHER_DOORS: &str = "SSH-OTHER-WAYS-IN";
const SETTINGS: &str = "SSH-SETTINGS";
const SESSION: &str = "SSH-SESSION";

/// So many places are named in one finding.
const MOST_PLACES: usize = 8;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    if !facts.server {
        let ids = [
            IMAGE_KEY,
            WEAK_KEY,
            FILE_MODE,
            ROOT_PASSWORD,
            PASSWORD,
            EMPTY,
            ALGORITHMS,
            HOST_KEY,
            FORWARDING,
            BROKEN,
        ];
        let none = |id| {
            found(
                id,
                Severity::Info,
                Status::NotApplicable,
                "There is no SSH server",
                "sshd is not installed",
                "Nothing to do.",
            )
        };
        return ids.into_iter().map(none).map(with_question).collect();
    }
    let found = [
        keys::image_keys(facts),
        keys::weak_keys(facts),
        keys::file_modes(facts),
        server::broken(facts),
        server::root_password(facts),
        server::password(facts),
        server::empty_passwords(facts),
        server::weak_algorithms(facts),
        server::host_keys(facts),
        server::forwarding(facts),
        keys::reused(facts),
        keys::unreadable(facts),
        server::other_doors(facts),
        server::settings(facts),
        server::session(facts),
    ];
    found.into_iter().map(with_question).collect()
}

/// The same finding with the question that settles it.
fn with_question(finding: Finding) -> Finding {
    let question = match finding.id.as_str() {
        IMAGE_KEY => asks::IMAGE_KEYS,
        WEAK_KEY => asks::KEYS,
        FILE_MODE => asks::MODES,
        ROOT_PASSWORD => asks::ROOT_LOGIN,
        PASSWORD => asks::PASSWORD_LOGIN,
        EMPTY => asks::EMPTY_PASSWORDS,
        ALGORITHMS => asks::ALGORITHMS,
        FORWARDING => asks::FORWARDING,
        HOST_KEY => asks::HOST_KEYS,
        _ => return finding,
    };
    finding.answered_by(question)
}

fn found(id: &str, severity: Severity, status: Status, title: &str, evidence: &str, remedy: &str) -> Finding {
    ABOUT.finding(id, severity, status, title, printable(evidence), remedy)
}

/// Places one after another, the first few.
fn places(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let rest = all.len().saturating_sub(MOST_PLACES);
    let named = all[..all.len() - rest].join("; ");
    if rest > 0 { format!("{named}; and {rest} more") } else { named }
}
