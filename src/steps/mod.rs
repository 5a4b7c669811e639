//! The steps of the handbook's chapter, one file or folder each: inspect, form, plan.
//! A step reads the host through the executor only and never changes it.

pub mod answers;
mod assemble;
pub mod figure;
pub mod form;
mod noatime;
mod passwords;
mod performance;
mod ssh;
mod support_access;

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status, StepId},
    host::keys,
    known,
    ngcp::options,
    plan::Plan,
};
pub use answers::Answers;
pub use assemble::{APPLY, assemble};
pub use figure::Figure;
pub use form::Form;

/// One step of the wizard.
pub trait Step: Sync {
    /// Name, words and place in the handbook.
    fn about(&self) -> &'static About;
    /// Looks at the host, read only. An `Err` means the step could not look at all; what could not be seen is a
    /// finding with status `unknown`.
    ///
    /// # Errors
    /// With what could not be read and why.
    fn inspect(&self, host: &dyn Executor) -> Result<Findings>;
    /// Turns findings into questions with good defaults. Pure.
    ///
    /// # Errors
    /// When the facts are not those that this step made.
    fn form(&self, findings: &Findings) -> Result<Form>;
    /// Pictures of what these answers mean, while they are given. Pure; none for most steps.
    fn preview(&self, _findings: &Findings, _answers: &Answers) -> Vec<Figure> {
        Vec::new()
    }
    /// What must be done. Pure. Empty when all is as answered.
    ///
    /// # Errors
    /// When an answer does not fit; names the key.
    fn plan(&self, findings: &Findings, answers: &Answers) -> Result<Plan>;
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
}

impl About {
    /// A finding of this step.
    pub fn finding(
        &self,
        id: &str,
        severity: Severity,
        status: Status,
        title: impl Into<String>,
        evidence: impl Into<String>,
        remedy: &str,
    ) -> Finding {
        Finding {
            id: id.to_owned(),
            step: self.id.clone(),
            severity,
            status,
            title: title.into(),
            evidence: evidence.into(),
            remedy: remedy.to_owned(),
            handbook: self.handbook.to_owned(),
            field: None,
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
    /// When they have another shape: nothing may be concluded from them then, least of all that all is well.
    pub fn facts<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.facts.clone())
            .context("what was seen cannot be read by the step that needs it: run this again")
    }
}

/// All steps in the wizard's order. A new step is one file and one line here.
pub static REGISTRY: &[&dyn Step] = &[
    &support_access::SupportAccess,
    &passwords::Passwords,
    &ssh::Ssh,
    &noatime::Noatime,
    &performance::Performance,
];

/// The step of that name.
pub fn find(id: &str) -> Option<&'static dyn Step> {
    REGISTRY.iter().copied().find(|step| step.about().id.as_str() == id)
}

/// Reads all that is known beforehand. The program begins with it: with an empty table every check would pass.
///
/// # Errors
/// Names the table that cannot be read or is not whole.
pub fn read_known() -> Result<()> {
    known::DEFAULTS.check()?;
    known::HARMLESS.check()?;
    keys::KNOWN_KEYS.check()?;
    options::OPTIONS.check()?;
    performance::PROFILES.check()
}

/// Findings of one step; when it could not look at all, that is a finding too.
pub fn look(host: &dyn Executor, step: &dyn Step) -> Vec<Finding> {
    let about = step.about();
    match step.inspect(host) {
        Ok(findings) => findings.items,
        Err(error) => vec![Finding {
            id: format!("{}-UNREADABLE", about.id.as_str().to_uppercase()),
            step: about.id.clone(),
            severity: Severity::High,
            status: Status::Unknown,
            title: format!("{} could not be looked at", about.title),
            evidence: format!("{error:#}"),
            remedy: "Fix what is named here, then run this again.".to_owned(),
            handbook: about.handbook.to_owned(),
            field: None,
        }],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::executor::simulated::Simulated;

    /// A table that nobody reads at start would be believed when it is empty.
    #[test]
    fn every_table_is_read_at_start() {
        read_known().unwrap();
        let mut read =
            vec![known::DEFAULTS.name, known::HARMLESS.name, keys::KNOWN_KEYS.name, options::OPTIONS.name];
        read.push(performance::PROFILES.name);
        read.sort_unstable();
        let assets = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets")).unwrap();
        let names = assets.map(|entry| format!("assets/{}", entry.unwrap().file_name().display()));
        let mut tables: Vec<String> = names.filter(|name| name.ends_with(".yml")).collect();
        tables.sort_unstable();
        assert_eq!(tables, read);
    }

    /// Facts of another shape are an error in every step, not "nothing to do".
    #[test]
    fn facts_of_another_shape_are_an_error() {
        for shape in [serde_json::json!({}), serde_json::json!([]), serde_json::json!({"places": 7})] {
            let foreign = Findings { items: Vec::new(), facts: shape };
            for step in REGISTRY {
                let id = &step.about().id;
                assert!(step.form(&foreign).is_err(), "{id}: questions from {:?}", foreign.facts);
            }
        }
    }

    /// Rows are built from it: a question about something that was found stands beside its finding, and no finding
    /// names a question that the step does not know.
    #[test]
    fn every_finding_names_the_question_that_settles_it() {
        let tree = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name);
        let samples = ["mr3.8", "mr13.5"].map(|name| Simulated::from_tree(&tree(name)).unwrap());
        let hosts = samples.into_iter().chain([crate::demo::host(), Simulated::new()]);
        let hosts: Vec<Simulated> = hosts.collect();
        for (host, step) in hosts.iter().flat_map(|host| REGISTRY.iter().map(move |step| (host, step))) {
            let found = step.inspect(host).unwrap();
            let form = step.form(&found).unwrap();
            let named = |key: &str| {
                found
                    .items
                    .iter()
                    .filter_map(|finding| finding.field.as_deref())
                    .any(|name| form::names(name, key))
            };
            for finding in &found.items {
                let Some(name) = &finding.field else { continue };
                let mut known = form.fields.iter().map(|field| &field.key).chain(&form.settled);
                assert!(
                    known.any(|key| form::names(name, key)),
                    "{}: there is no question {name}",
                    finding.id
                );
            }
            for field in form.fields.iter().filter(|field| field.now_status.is_some()) {
                let above = field.only_if.as_ref().is_some_and(|(key, _)| named(key));
                assert!(named(&field.key) || above, "{}.{}: no finding", step.about().id, field.key);
            }
        }
    }
}
