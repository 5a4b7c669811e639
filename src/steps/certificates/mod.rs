//! Certificates (handbook 15.4): found where the configuration names them, judged, replaced, and seen on the wire.

mod facts;
mod files;
mod findings;
mod inspect;
mod names;
mod offer;
mod plan;
mod questions;
mod requests;
mod words;

use anyhow::Result;

use self::{facts::Facts, names::ABOUT};
use super::{
    Answers, Form,
    figure::Gauge,
    step::{About, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan, secret::Secrets};

/// The step.
pub(super) struct Certificates;

impl TypedStep for Certificates {
    type Facts = Facts;

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Facts)> {
        let facts = inspect::look(host);
        Ok((findings::findings(&facts), facts))
    }

    fn form(&self, found: &[Finding], facts: &Facts) -> Form {
        questions::form(found, facts)
    }

    fn gauges(&self, facts: &Facts) -> Vec<Gauge> {
        words::gauges(facts)
    }

    fn look_into(
        &self,
        host: &dyn Executor,
        facts: &mut Facts,
        answers: &Answers,
        secrets: &Secrets,
    ) -> Result<()> {
        offer::look_into(host, facts, answers, secrets)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
