//! Firewall (handbook 15.2): who reaches what, rules that say so, the rule of rtpengine.

mod bans;
mod facts;
mod names;
mod plan;
mod questions;
mod rtpengine;
mod rules;
#[cfg(test)]
mod sample;
mod table;
#[cfg(test)]
mod tests;
mod wanted;
mod words;

pub use rules::stored::{Jump, Loading, StoredRules, stored_rules};

use anyhow::Result;
use serde_json::Value;

use crate::plan::Plan;

/// The changes that put rules in place, from what was seen and what is wanted as they are written in JSON; `None` wants
/// no rules. An answer is waited for so many seconds.
///
/// # Errors
/// When one of them cannot be read, or rules cannot be put in place.
pub fn firewall_rules(facts: Value, wanted: Option<Value>, seconds: u64) -> Result<Plan> {
    let (facts, wanted) = (serde_json::from_value(facts)?, wanted.map(serde_json::from_value).transpose()?);
    plan::rules(
        &facts,
        wanted.as_ref().map_or(plan::Rules::Remove, |wanted| plan::Rules::Set(wanted, seconds)),
    )
}
