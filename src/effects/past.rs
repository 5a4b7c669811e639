//! Runs of the past: going on with one that was cut off, and taking one back.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};

use super::runs;
use crate::{
    executor::Executor,
    plan::{Action, Foreign, Plan},
    runner::{self, Order, Runs, undo},
    secret::{self, Secret, Secrets},
    steps,
};

/// What is needed to go on with a run that was cut off: its order, all secrets, and those among them that were made
/// up anew. `secrets` are those that are known.
///
/// # Errors
/// When a program of it is still at work ([`runner::AtWork`]), its record tells no plan, or a password is missing that somebody must type again.
pub fn continuation(
    runs: &Runs,
    run: &str,
    host: &dyn Executor,
    mut secrets: Secrets,
) -> Result<(Order, Secrets, Secrets)> {
    runner::settle(runs, run)?;
    let history = runs.history(run)?;
    let mut order =
        runner::order(&history).with_context(|| format!("the record of run {run} tells no plan"))?;
    order.operator = runs::operator(host);
    if let Some(undone) = &order.undoes {
        for (name, kept) in undo::kept_secrets(runs, undone, host)?.iter() {
            secrets.insert(name, kept.clone());
        }
    }
    let needed = undo::needed_to_continue(runs, run)?;
    judge(host, &needed, &secrets)?;
    let mut generated = Secrets::default();
    let missing = missing(&needed, &secrets);
    let plan = &order.plan;
    let is_made = |name: &&String| plan.generated.iter().any(|made_up| made_up.secret == **name);
    if let Some(name) = missing.iter().find(|name| !is_made(name)) {
        bail!("secrets: {name} is missing; passwords are never stored, so it is needed again");
    }
    // In the order of the plan: a request is made after its key.
    for wanted in plan.generated.iter().filter(|made_up| missing.contains(&made_up.secret)) {
        if let Some(key) = wanted.signed_with()
            && secrets.get(key).is_none()
        {
            secrets.insert(key, written(host, plan, key)?);
        }
        runs::make_one(host, wanted, &mut secrets, &mut generated)?;
    }
    Ok((order, secrets, generated))
}

/// A key that the run put into its file before it was cut off.
fn written(host: &dyn Executor, plan: &Plan, key: &str) -> Result<Secret> {
    let path = plan.changes.iter().find_map(|change| match &change.action {
        Action::Write { path, content, .. } if content.names().any(|name| name == key) => Some(path),
        _ => None,
    });
    let path = path.with_context(|| format!("the plan writes {key} nowhere"))?;
    Ok(Secret::new(host.read(path).with_context(|| path.display().to_string())?))
}

/// Passwords that are typed again are judged as they were for the run: by the questions of their steps.
fn judge(host: &dyn Executor, needed: &BTreeSet<String>, given: &Secrets) -> Result<()> {
    for step in steps::REGISTRY {
        let prefix = format!("{}.", step.about().id);
        let names = needed.iter().filter_map(|name| Some((name, name.strip_prefix(&prefix)?)));
        let given: Vec<_> = names.filter_map(|(name, key)| Some((name, key, given.get(name)?))).collect();
        if given.is_empty() {
            continue;
        }
        // A step that cannot look any more still has a password that must not be a bad one.
        let form = step.inspect(host).and_then(|findings| step.form(&findings)).unwrap_or_default();
        for (name, key, secret) in given {
            let judged = form
                .field(key)
                .map_or_else(|| secret::judge(secret, &[], false), |field| field.kind.judge(secret));
            judged.map_err(|why| anyhow::anyhow!("secrets: {name} {why}"))?;
        }
    }
    Ok(())
}

/// The plan that takes a run back, for the review: what somebody else changed since stands in `foreign`, what cannot
/// be taken back among the reminders.
pub(super) fn undo_plan(runs: &Runs, run: &str, host: &dyn Executor) -> Result<Plan> {
    let undo = undo::plan(runs, run, host)?;
    let mut plan = undo.plan;
    let impossible =
        undo.impossible.iter().map(|(title, why)| format!("Cannot be taken back: {title}: {why}"));
    plan.reminders.extend(impossible);
    if !undo.foreign.is_empty() {
        let files = undo.foreign.iter().map(|edit| edit.what.clone()).collect();
        let diff = undo.foreign.iter().map(|edit| format!("{}\n{}\n", edit.what, edit.diff)).collect();
        plan.foreign = Some(Foreign { files, diff, ..Foreign::default() });
    }
    Ok(plan)
}

/// The order that takes a run back by the plan that was reviewed, and the files that were kept for that.
pub(super) fn undo_order(
    runs: &Runs,
    run: &str,
    plan: &Plan,
    overwrite: bool,
    host: &dyn Executor,
) -> Result<(Order, Secrets)> {
    let mut undo = undo::plan(runs, run, host)?;
    let missing = missing(&undo.needs, &undo.secrets);
    ensure!(
        missing.is_empty(),
        "{} is needed to take it back, and passwords are never stored: ngcp-warden undo {run} --secrets FILE",
        missing.join(", ")
    );
    undo.plan = plan.clone();
    undo.plan.foreign = None;
    if overwrite {
        undo = undo.forced();
    }
    let findings = steps::look_all(host, steps::REGISTRY);
    let mut order = runs::order(host, undo.plan, findings);
    order.undoes = Some(run.to_owned());
    Ok((order, undo.secrets))
}

fn missing(needed: &BTreeSet<String>, secrets: &Secrets) -> Vec<String> {
    needed.iter().filter(|name| secrets.get(name).is_none()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::{Attributes, simulated::Simulated},
        finding::StepId,
        plan::{Change, Template, Undo},
        secret::SecretForm,
    };

    /// A run that was cut off between a key and the request for it goes on with the key that is there: a new one would
    /// belong to nothing.
    #[test]
    fn what_a_key_signs_is_made_with_the_key_that_was_written() {
        let action = Action::Write {
            path: "/keys/web.key".into(),
            content: Template::default().secret("key", SecretForm::File),
            attributes: Attributes::Exactly { mode: 0o600, uid: 0, gid: 0, modified: None },
        };
        let change = Change::new(&StepId::new("certificates"), "web.key", "key", action, Undo::Files);
        let plan = Plan { changes: vec![change], ..Plan::default() };
        let host = Simulated::new().file("/keys/web.key", "canary");
        assert_eq!(written(&host, &plan, "key").unwrap(), Secret::new("canary"));
        for (host, key) in [(Simulated::new(), "key"), (host, "other")] {
            let refused = format!("{:#}", written(&host, &plan, key).unwrap_err());
            assert!(refused.contains("/keys/web.key") || refused.contains("other"), "{refused}");
        }
    }
}
