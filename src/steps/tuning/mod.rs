//! Tuning (handbook 15.7, Table 10): every option sized for this host.

mod amount;
mod budget;
mod days;
mod expected;
mod facts;
mod findings;
mod guard;
mod inspect;
mod names;
mod plan;
mod preview;
mod questions;
mod sizing;
#[cfg(test)]
mod sizing_tests;
mod words;

use anyhow::Result;

pub(super) use self::budget::BUDGETS;
use self::{facts::Facts, names::ABOUT};
use super::{
    Answers, Figure, Form,
    figure::Meaning,
    step::{About, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan};

/// The step.
pub(super) struct Tuning;

impl TypedStep for Tuning {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let facts = inspect::look(host);
        Ok((findings::all(&facts), facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn preview(&self, facts: &Facts, answers: &Answers) -> Vec<Figure> {
        preview::figures(facts, answers)
    }

    fn meanings(&self, facts: &Facts, answers: &Answers) -> Vec<Meaning> {
        words::meanings(facts, answers)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
