//! The steps of the handbook's chapter, one file or folder each: inspect, form, plan.
//! A step reads the host through the executor only and never changes it.

pub mod answers;
mod assemble;
mod certificates;
pub mod figure;
mod firewall;
pub mod form;
mod named_files;
mod noatime;
mod passwords;
mod performance;
pub mod size;
mod ssh;
mod step;
mod support_access;
mod tuning;

use anyhow::{Result, anyhow};

use crate::{
    executor::Executor,
    finding::{Finding, Severity, Status},
    host::keys,
    known,
    ngcp::{self, options},
    plan::Plan,
    secret::{self, Secrets},
};
pub use answers::{Answer, Answers};
pub use assemble::{APPLY, assemble};
pub use certificates::{OpenRequest, open_requests, renewed_answers};
pub use figure::Figure;
pub use firewall::{
    Explanation, FirewallStatus, Jump, Loading, Repair, StoredRules, firewall_explain, firewall_loaded,
    firewall_repair, firewall_rules, firewall_status, stored_rules,
};
pub use form::Form;
pub use step::{About, Findings, Step};

/// All steps in the wizard's order. A new step is one file and one line here.
pub static REGISTRY: &[&dyn Step] = &[
    &support_access::SupportAccess,
    &passwords::Passwords,
    &ssh::Ssh,
    &certificates::Certificates,
    &firewall::Firewall,
    &noatime::Noatime,
    &performance::Performance,
    &tuning::Tuning,
];

/// The step of that name.
pub fn find(id: &str) -> Option<&'static dyn Step> {
    REGISTRY.iter().copied().find(|step| step.about().id.as_str() == id)
}

/// The plan of one step on this host: where an answer names a file with the line that is wanted, of that line; where it
/// names what the step must look into first, of what was seen there.
///
/// # Errors
/// Names the answer that does not fit, or the file.
pub fn plan(
    host: &dyn Executor,
    step: &dyn Step,
    findings: &Findings,
    answers: &Answers,
    secrets: &Secrets,
) -> Result<Plan> {
    let answers = named_files::read(host, step.about().id.as_str(), &step.form(findings)?, answers)?;
    step.plan(&step.look_into(host, findings, &answers, secrets)?, &answers)
}

/// Reads all that is known beforehand. The program begins with it: with an empty table every check would pass.
///
/// # Errors
/// Names the table that cannot be read or is not whole.
pub fn read_known() -> Result<()> {
    known::DEFAULTS.check()?;
    known::HARMLESS.check()?;
    secret::WORDS.check()?;
    keys::KNOWN_KEYS.check()?;
    options::OPTIONS.check()?;
    ngcp::certificates::CERTIFICATES.check()?;
    ngcp::reachable::SERVICES.check()?;
    tuning::BUDGETS.check()?;
    performance::PROFILES.check()
}

/// Findings of these steps in their order, looked for side by side; when a step could not look at all, that is a
/// finding too.
pub fn look_all(host: &dyn Executor, steps: &[&'static dyn Step]) -> Vec<Finding> {
    std::thread::scope(|scope| {
        let looking: Vec<_> =
            steps.iter().map(|step| (*step, scope.spawn(move || step.findings(host)))).collect();
        let each = looking.into_iter().map(|(step, looking)| {
            let found =
                looking.join().unwrap_or_else(|_| Err(anyhow!("this program is broken: it panicked")));
            found.unwrap_or_else(|error| vec![unreadable(step, &error)])
        });
        each.flatten().collect()
    })
}

/// Findings of one step; when it could not look at all, that is a finding too.
pub fn look(host: &dyn Executor, step: &dyn Step) -> Vec<Finding> {
    step.findings(host).unwrap_or_else(|error| vec![unreadable(step, &error)])
}

fn unreadable(step: &dyn Step, error: &anyhow::Error) -> Finding {
    let about = step.about();
    about.finding(
        &format!("{}-UNREADABLE", about.id.as_str().to_uppercase()),
        Severity::High,
        Status::Unknown,
        format!("{} could not be looked at", about.title),
        format!("{error:#}"),
        "Fix what is named here, then run this again.",
    )
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
        let [defaults, harmless] = [known::DEFAULTS.name, known::HARMLESS.name];
        let [keys, options] = [keys::KNOWN_KEYS.name, options::OPTIONS.name];
        let mut read =
            vec![defaults, harmless, secret::WORDS.name, keys, options, performance::PROFILES.name];
        read.extend([
            ngcp::certificates::CERTIFICATES.name,
            ngcp::reachable::SERVICES.name,
            tuning::BUDGETS.name,
        ]);
        read.sort_unstable();
        let assets = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets")).unwrap();
        let names = assets.map(|entry| format!("assets/{}", entry.unwrap().file_name().display()));
        let mut tables: Vec<String> = names.filter(|name| name.contains('.')).collect();
        tables.sort_unstable();
        assert_eq!(tables, read);
    }

    /// Facts of another shape are an error in every step, not "nothing to do".
    #[test]
    fn facts_of_another_shape_are_an_error() {
        let host = crate::demo::host();
        for step in REGISTRY {
            let found = step.inspect(&host).unwrap();
            let whole: serde_json::Value = found.facts().unwrap();
            let whole = whole.as_object().unwrap();
            let without = whole.keys().map(|key| {
                let mut less = whole.clone();
                less.remove(key);
                less.into()
            });
            let more = serde_json::json!({"more": 1, "points": 7});
            let foreign = [serde_json::json!({}), serde_json::json!([]), more].into_iter().chain(without);
            for facts in foreign {
                let foreign = Findings::new(Vec::new(), &facts).unwrap();
                let id = &step.about().id;
                assert!(step.form(&foreign).is_err(), "{id}: questions from {facts}");
                let planned = step.plan(&foreign, &Answers::default());
                assert!(planned.is_err(), "{id}: a plan from {facts}");
            }
        }
    }

    /// Who only wants the findings gets the same ones.
    #[test]
    fn findings_alone_are_those_of_the_whole_look() {
        for host in [crate::demo::host(), Simulated::new()] {
            let all: Vec<Finding> =
                REGISTRY.iter().flat_map(|step| step.inspect(&host).unwrap().items).collect();
            // What is measured has moved on between the two looks.
            let told = |all: Vec<Finding>| -> Vec<Finding> {
                all.into_iter().map(|one| Finding { evidence: String::new(), ..one }).collect()
            };
            assert_eq!(told(look_all(&host, REGISTRY)), told(all));
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
