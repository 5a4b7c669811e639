//! Certificates (handbook 15.4): found where the configuration names them, judged, replaced, and seen on the wire.

mod facts;
mod files;
mod findings;
mod inspect;
mod lineage;
mod names;
mod offer;
mod plan;
mod questions;
mod renewal;
mod requests;
mod words;

use std::path::Path;

use anyhow::Result;

use self::{
    facts::{Facts, Open},
    names::ABOUT,
};
use super::{
    Answers, Form,
    figure::Gauge,
    step::{About, Findings, TypedStep},
};
use crate::{executor::Executor, finding::Finding, plan::Plan, secret::Secrets};

/// The step.
pub(super) struct Certificates;

/// The answers by which every place that uses this lineage of certbot or acme.sh, named by its folder or its name, gets
/// what it holds now; none when no place uses it.
///
/// # Errors
/// When there is no such lineage, or the findings are not of this step.
pub fn renewed_answers(host: &dyn Executor, findings: &Findings, lineage: &Path) -> Result<Answers> {
    lineage::again(host, &findings.facts()?, lineage)
}

/// A certificate request that waits for its answer.
#[derive(Debug)]
pub struct OpenRequest {
    /// The group or web place that it is for.
    pub target: String,
    /// When it was made, and for which names.
    pub words: String,
    /// As it is sent to an authority.
    pub pem: String,
}

/// All requests that wait.
pub fn open_requests(host: &dyn Executor) -> Vec<OpenRequest> {
    let printed = |open: Open| {
        Some(OpenRequest { words: open.described(), pem: requests::pem(host, &open)?, target: open.target })
    };
    requests::open(host).into_iter().filter_map(printed).collect()
}

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
        offer::look_into(host, facts, answers, secrets)?;
        lineage::look_into(host, facts, answers)
    }

    fn plan(&self, facts: &Facts, answers: &Answers) -> Result<Plan> {
        plan::plan(facts, answers)
    }
}
