//! Plans of several steps become the one plan: previews filled in, one `ngcpcfg apply` at the end.
//! Reads the host, changes nothing; what comes out is what is shown and run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    executor::{Executor, World},
    finding::StepId,
    ngcp::ngcpcfg,
    plan::{Action, Change, Foreign, Plan, Proof, Undo, unified},
    runner::{Show, apply_edits},
};

/// The name under which the final `ngcpcfg apply` is listed.
pub const APPLY: StepId = StepId::new("apply");

/// Joins the plans of the steps, in order.
///
/// # Errors
/// When an edit cannot be made exactly: names the file and the line to edit by hand.
pub fn assemble(host: &dyn Executor, plans: impl IntoIterator<Item = Plan>) -> Result<Plan> {
    let mut plan = Plan::default();
    for step in plans {
        plan.join(step);
    }
    preview(host, &mut plan.changes)?;
    if !plan.apply.is_empty() {
        if host.world() == World::Tree {
            plan.reminders.push(format!(
                "The configuration was edited ({}). Run 'ngcpcfg apply' when the host runs.",
                plan.apply.join(", ")
            ));
        } else {
            plan.foreign = ngcpcfg::uncommitted(host)
                .context("what is uncommitted in /etc/ngcp-config could not be seen")?
                .map(|u| Foreign { files: u.files, diff: u.diff });
            plan.changes.push(apply(&plan.apply));
        }
    }
    Ok(plan)
}

fn apply(reasons: &[String]) -> Change {
    let message = format!("ngcp-warden: {}", reasons.join(", "));
    Change {
        id: "apply".to_owned(),
        step: APPLY,
        title: "apply the configuration, once for all steps".to_owned(),
        action: Action::Apply { message },
        touches: Vec::new(),
        proofs: vec![Proof::Services],
        undo: Undo::Again,
        interrupts: Some("restarts the services whose configuration changed; running calls go on".to_owned()),
        guard: None,
        diff: String::new(),
    }
}

/// Fills in the diff of every file change, each on top of the ones before it.
fn preview(host: &dyn Executor, changes: &mut [Change]) -> Result<()> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for change in changes {
        let (path, new) = match &change.action {
            Action::Edit { path, edits, .. } => {
                let old = current(host, &files, path)?;
                let new = apply_edits(&old, edits, Show::Shown).with_context(|| {
                    format!("{}: the edit for '{}' is refused", path.display(), change.title)
                })?;
                (path.clone(), new)
            }
            Action::Write { path, content, .. } => (path.clone(), content.shown()),
            Action::Remove { path } => (path.clone(), String::new()),
            Action::Run(_) | Action::Apply { .. } | Action::Restore { .. } => continue,
        };
        // What a file with a password held before is nobody's business either.
        let secret =
            matches!(&change.action, Action::Write { content, .. } if content.names().next().is_some());
        let old = if secret { String::new() } else { current(host, &files, &path).unwrap_or_default() };
        change.diff = unified(&old, &new);
        files.insert(path, new);
    }
    Ok(())
}

fn current(host: &dyn Executor, files: &BTreeMap<PathBuf, String>, path: &Path) -> Result<String> {
    if let Some(text) = files.get(path) {
        return Ok(text.clone());
    }
    let bytes = host.read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", path.display()))
}
