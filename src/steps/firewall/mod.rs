//! Firewall (handbook 15.2): who reaches what, rules that say so, the rule of rtpengine.

mod bans;
mod facts;
mod findings;
mod inspect;
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
mod verbs;
mod wanted;
mod words;

pub use rules::stored::{Jump, Loading, StoredRules, stored_rules};
pub use verbs::{
    Explanation, FirewallStatus, Repair, firewall_explain, firewall_loaded, firewall_repair, firewall_status,
};

use anyhow::Result;
use serde_json::Value;

use self::{
    facts::Facts,
    names::{ABOUT, asks, by},
};
use super::{
    Answers, Figure, Form,
    step::{About, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan};

/// The step.
pub(super) struct Firewall;

impl TypedStep for Firewall {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let facts = inspect::look(host).facts;
        Ok((findings::findings(&facts), facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn preview(&self, facts: &Facts, answers: &Answers) -> Vec<Figure> {
        table::preview(facts, answers)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        let seconds = answers.number(asks::CONFIRM_WITHIN)?.unwrap_or(questions::SECONDS);
        let repaired = match answers.choice(asks::RTPENGINE)? {
            Some(by::REPAIR) => rtpengine::changes(&facts.rtpengine),
            _ => Vec::new(),
        };
        let after = Facts {
            rtpengine: if repaired.is_empty() {
                facts.rtpengine.clone()
            } else {
                rtpengine::repaired(&facts.rtpengine)
            },
            ..facts.clone()
        };
        let mut plan = match answers.choice(asks::RULES)? {
            Some(by::SET | by::NATIVE) => {
                let wanted = wanted::of(facts, answers)?;
                plan::rules(&after, plan::Rules::Set(&wanted, u64::try_from(seconds)?))?
            }
            Some(by::REMOVE) => plan::rules(&after, plan::Rules::Remove)?,
            _ => Plan::default(),
        };
        // Where it fails nobody has confirmed anything yet.
        if !repaired.is_empty() {
            plan::first(&mut plan, repaired, facts);
        }
        if let Some(watch) = answers.choice(asks::WATCH)? {
            plan.join(plan::watch(facts, watch == by::ON));
        }
        plan.join(bans::plan(facts, answers)?);
        Ok(plan)
    }
}

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
