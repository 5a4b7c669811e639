//! What the changes of every backend are made of.

use super::super::{
    facts::{Facts, Wanted},
    names::ABOUT,
};
use crate::plan::{Action, Change, Claim, CommandLine, Guard, Proof, Template, Undo};

/// What could be cut off by rules.
const CUTS: &str = "SSH and administration";

/// What was loaded and stored before, where it was ours.
pub(super) fn before(facts: &Facts) -> Option<&Wanted> {
    facts.own.wanted.as_ref().filter(|_| facts.own.loaded)
}

pub(super) fn change(name: &str, title: impl Into<String>, action: Action, undo: Undo) -> Change {
    Change::new(&ABOUT.id, name, title, action, undo)
}

/// A program that reads rules.
pub(super) fn reading<'a>(
    program: &str,
    args: impl IntoIterator<Item = &'a str>,
    rules: &str,
) -> CommandLine {
    CommandLine { stdin: Some(Template::text(rules)), ..CommandLine::new(program, args) }
}

/// Refused when somebody changed any packet filter since the review: what was shown may then mean something else.
pub(super) fn as_reviewed(change: Change, facts: &Facts) -> Change {
    Change { only_if: facts.seen.clone().map(|sum| Claim::PacketFilters { sum }), ..change }
}

pub(super) fn guarded(change: Change, seconds: u64) -> Change {
    Change { guard: Some(Guard { seconds, what: CUTS.to_owned(), steps: Vec::new() }), ..change }
}

pub(super) fn listed(command: CommandLine, rules: String) -> Proof {
    Proof::Claim(Claim::Listed { command, rules })
}
