//! SSH (handbook 15.3): every key known, every way in deliberate; and never one change after which nobody gets in.

mod doors;
mod facts;
mod findings;
mod inspect;
mod names;
mod new_keys;
mod patch;
mod places;
mod plan;
mod questions;
mod settings;
#[cfg(test)]
mod tests;
mod trial;
mod usable;

use anyhow::Result;

use self::{facts::Facts, names::ABOUT};
use super::{
    Answers, Form,
    step::{About, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan};

/// The step.
pub(super) struct Ssh;

impl TypedStep for Ssh {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let facts = inspect::look(host)?;
        Ok((findings::findings(&facts), facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
