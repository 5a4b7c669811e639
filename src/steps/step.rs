//! What a step is: what everybody sees of one, what it is made of, and what it saw. Which steps there are is told
//! elsewhere.

use anyhow::{Context, Result, anyhow, ensure};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Answers, Figure, Form,
    figure::{Gauge, Meaning},
};
use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status, StepId},
    plan::Plan,
    secret::Secrets,
};

/// One step, as everybody but itself sees it. A step implements `TypedStep` and is one of these by that.
pub trait Step: Sync {
    /// Name, words and place in the handbook.
    fn about(&self) -> &'static About;
    /// Looks at the host, read only. An `Err` means the step could not look at all; what could not be seen is a
    /// finding with status `unknown`.
    ///
    /// # Errors
    /// With what could not be read and why.
    fn inspect(&self, host: &dyn Executor) -> Result<Findings>;
    /// The findings of [`Self::inspect`] alone, without what only the questions need.
    ///
    /// # Errors
    /// As above.
    fn findings(&self, host: &dyn Executor) -> Result<Vec<Finding>> {
        self.inspect(host).map(|found| found.items)
    }
    /// Turns findings into questions with good defaults. Pure.
    ///
    /// # Errors
    /// When the facts are not those that this step made.
    fn form(&self, findings: &Findings) -> Result<Form>;
    /// Pictures of what these answers mean, while they are given. Pure; none for most steps, and none when the facts
    /// are not those that this step made.
    fn preview(&self, _findings: &Findings, _answers: &Answers) -> Vec<Figure> {
        Vec::new()
    }
    /// What answers mean that are words for something that is worked out. Pure; none for most steps, and none when the
    /// facts are not those that this step made.
    fn meanings(&self, _findings: &Findings, _answers: &Answers) -> Vec<Meaning> {
        Vec::new()
    }
    /// What the overview of the host shows of it. Pure; nothing for most steps, and nothing when the facts are not
    /// those that this step made.
    fn gauges(&self, _findings: &Findings) -> Vec<Gauge> {
        Vec::new()
    }
    /// What was seen, and beside it what is in the files and given secrets that the answers name: read only, and never
    /// a secret. Most steps need no such look.
    ///
    /// # Errors
    /// When what is named cannot be used; names the key.
    fn look_into(
        &self,
        _host: &dyn Executor,
        findings: &Findings,
        _answers: &Answers,
        _secrets: &Secrets,
    ) -> Result<Findings> {
        Ok(findings.clone())
    }
    /// What must be done. Pure. Empty when all is as answered.
    ///
    /// # Errors
    /// When an answer does not fit; names the key.
    fn plan(&self, findings: &Findings, answers: &Answers) -> Result<Plan>;
}

/// What a step is made of; each function is described at [`Step`]. Its facts are of a type of its own.
pub(super) trait TypedStep: Sync {
    type Facts: Serialize + DeserializeOwned;
    fn about(&self) -> &'static About;
    fn inspect(&self, host: &dyn Executor) -> Result<(Vec<Finding>, Self::Facts)>;
    fn findings(&self, host: &dyn Executor) -> Result<Vec<Finding>> {
        self.inspect(host).map(|(items, _)| items)
    }
    fn form(&self, found: &[Finding], facts: &Self::Facts) -> Form;
    fn preview(&self, _facts: &Self::Facts, _answers: &Answers) -> Vec<Figure> {
        Vec::new()
    }
    fn meanings(&self, _facts: &Self::Facts, _answers: &Answers) -> Vec<Meaning> {
        Vec::new()
    }
    fn gauges(&self, _facts: &Self::Facts) -> Vec<Gauge> {
        Vec::new()
    }
    /// The answers are some that its form offers, here and in the plan.
    fn look_into(
        &self,
        _host: &dyn Executor,
        _facts: &mut Self::Facts,
        _answers: &Answers,
        _secrets: &Secrets,
    ) -> Result<()> {
        Ok(())
    }
    fn plan(&self, facts: &Self::Facts, answers: &Answers) -> Result<Plan>;
}

impl<S: TypedStep> Step for S {
    fn about(&self) -> &'static About {
        TypedStep::about(self)
    }

    fn inspect(&self, host: &dyn Executor) -> Result<Findings> {
        let (items, facts) = TypedStep::inspect(self, host)?;
        Findings::new(items, &facts)
    }

    fn findings(&self, host: &dyn Executor) -> Result<Vec<Finding>> {
        TypedStep::findings(self, host)
    }

    fn form(&self, findings: &Findings) -> Result<Form> {
        Ok(TypedStep::form(self, &findings.items, &findings.facts()?))
    }

    fn preview(&self, findings: &Findings, answers: &Answers) -> Vec<Figure> {
        findings.facts().map_or_else(|_| Vec::new(), |facts| TypedStep::preview(self, &facts, answers))
    }

    fn meanings(&self, findings: &Findings, answers: &Answers) -> Vec<Meaning> {
        findings.facts().map_or_else(|_| Vec::new(), |facts| TypedStep::meanings(self, &facts, answers))
    }

    fn gauges(&self, findings: &Findings) -> Vec<Gauge> {
        findings.facts().map_or_else(|_| Vec::new(), |facts| TypedStep::gauges(self, &facts))
    }

    fn look_into(
        &self,
        host: &dyn Executor,
        findings: &Findings,
        answers: &Answers,
        secrets: &Secrets,
    ) -> Result<Findings> {
        let mut facts = findings.facts()?;
        check(self, findings, &facts, answers)?;
        TypedStep::look_into(self, host, &mut facts, answers, secrets)?;
        Findings::new(findings.items.clone(), &facts)
    }

    fn plan(&self, findings: &Findings, answers: &Answers) -> Result<Plan> {
        let facts = findings.facts()?;
        check(self, findings, &facts, answers)?;
        TypedStep::plan(self, &facts, answers)
    }
}

/// Whether the answers are some that the step's form offers.
fn check<S: TypedStep>(step: &S, findings: &Findings, facts: &S::Facts, answers: &Answers) -> Result<()> {
    let form = TypedStep::form(step, &findings.items, facts);
    form.check(answers).map_err(|(key, why)| anyhow!("{}.{key}: {why}", TypedStep::about(step).id))
}

/// What a step is, for people.
#[derive(Debug)]
pub struct About {
    /// Stable name.
    pub id: StepId,
    /// "Vendor support access".
    pub title: &'static str,
    /// Why it matters, two sentences.
    pub why: &'static str,
    /// Handbook section: `15.1`.
    pub handbook: &'static str,
    /// Ids of findings, each with the key of the question that settles it.
    pub settled_by: &'static [(&'static str, &'static str)],
}

impl About {
    /// A finding of this step, with the question that settles it.
    pub fn finding(
        &self,
        id: &str,
        severity: Severity,
        status: Status,
        title: impl Into<String>,
        evidence: impl Into<String>,
        remedy: &str,
    ) -> Finding {
        let question = self.settled_by.iter().find(|(finding, _)| *finding == id);
        Finding {
            id: id.to_owned(),
            step: self.id.clone(),
            severity,
            status,
            title: title.into(),
            evidence: evidence.into(),
            remedy: remedy.to_owned(),
            handbook: self.handbook.to_owned(),
            field: question.map(|(_, key)| (*key).to_owned()),
        }
    }
}

/// What a step saw: for people, and for its own `form` and `plan`.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// For people and the JSON contract.
    pub items: Vec<Finding>,
    /// For the step itself. Never a secret, not even a hash.
    facts: serde_json::Value,
}

impl Findings {
    /// Findings with the facts that `form` and `plan` of the same step need.
    ///
    /// # Errors
    /// When the facts cannot be serialized.
    pub fn new(items: Vec<Finding>, facts: &impl Serialize) -> Result<Self> {
        Ok(Findings { items, facts: serde_json::to_value(facts)? })
    }

    /// The facts, as the type that made them.
    ///
    /// # Errors
    /// When they have another shape, be it one part more or less: nothing may be concluded from them then, least of
    /// all that all is well.
    pub(super) fn facts<T: Serialize + DeserializeOwned>(&self) -> Result<T> {
        let wrong = "what was seen cannot be read by the step that needs it: run this again";
        let facts: T = serde_json::from_value(self.facts.clone()).context(wrong)?;
        // A part that is missing reads as "nothing" where nothing is allowed.
        ensure!(serde_json::to_value(&facts)? == self.facts, wrong);
        Ok(facts)
    }
}
