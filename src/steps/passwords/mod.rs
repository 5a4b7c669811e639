//! Passwords (handbook 15.3): root, cdrexport, MySQL's root, web administrators, ngcpsoap.
//! The MySQL users of the platform's own services are never touched.

mod facts;
mod inspect;
mod names;
mod plan;
mod questions;
mod sql;
#[cfg(test)]
mod tests;

use anyhow::Result;

use self::{facts::Facts, names::ABOUT};
use super::{
    Answers, Form,
    step::{About, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan};

/// The step.
pub(super) struct Passwords;

impl TypedStep for Passwords {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        Ok(inspect::inspect(host))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
