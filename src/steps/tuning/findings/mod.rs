//! What is told of the host: each option, whether it is in force, and what all of them together do here. Pure; a
//! figure that nobody told makes a finding unknown, never well.

mod budgets;
mod evidence;
mod options;
mod words;

pub(super) use options::in_force;

use super::{facts::Facts, sizing::sized};
use crate::{finding::Finding, steps::Answers};

/// All findings, those of all options together first.
pub(super) fn all(facts: &Facts) -> Vec<Finding> {
    // Nothing is answered: what comes out is what is so today.
    let sized = sized(facts, &Answers::default());
    let together = vec![
        budgets::memory(facts, &sized.today),
        budgets::disk(facts, &sized.today),
        evidence::hit_rate(facts),
        budgets::keepalives(facts, &sized.today),
        evidence::out_of_memory(facts),
        evidence::other_owner(facts),
    ];
    let mut all = together.clone();
    let beside = options::beside(&sized.options);
    for becoming in &sized.options {
        all.push(options::harm(becoming, facts, &beside, &together));
        all.extend(in_force(becoming, facts));
    }
    all
}

#[cfg(test)]
mod tests;
