//! Plans of several steps become the one plan: previews filled in, one `ngcpcfg apply` at the end.
//! Reads the host, changes nothing; what comes out is what is shown and run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    executor::{Executor, Kind, World},
    finding::StepId,
    ngcp::{config::DIRECTORY, ngcpcfg, release},
    plan::{Action, Change, CommandLine, Foreign, Plan, Proof, Undo, unified},
    runner::{Show, apply_edits},
};

/// The name under which the final `ngcpcfg apply` is listed.
pub const APPLY: StepId = StepId::new("apply");
/// The name under which `ngcpcfg check` is listed, before everything else.
const CHECK: StepId = StepId::new("check");
/// The change that tries all templates.
const REHEARSAL: &str = "check.templates";

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
                .map(|u| Foreign { files: u.files.keys().cloned().collect(), states: u.files, diff: u.diff });
            if let Some(why) = ngcpcfg::cannot_run(host) {
                bail!("nothing can be applied here: {why}");
            }
            let checks = checks(host);
            if !checks.iter().any(|check| check.id == REHEARSAL) {
                plan.reminders.push(
                    "The ngcpcfg of this release cannot try its templates beforehand: a broken one shows in the apply only, and then everything is put back.".to_owned(),
                );
            }
            plan.changes.splice(0..0, checks);
            let later = reloads(&mut plan.changes);
            let effective = std::mem::take(&mut plan.effective);
            plan.changes.push(apply(&plan.apply).proven(effective));
            plan.changes.extend(later);
        }
    }
    Ok(plan)
}

/// Before the first change: an apply that is bound to fail is no reason to start.
fn checks(host: &dyn Executor) -> Vec<Change> {
    let run = |name: &str, title: &str, args: &[&str], limit| {
        let mut command = CommandLine::new("ngcpcfg", args.iter().copied());
        command.limit = limit;
        Change::new(&CHECK, name, title, Action::Run(command), Undo::Nothing)
    };
    let mut checks = Vec::new();
    if release::actions(host).is_some_and(|actions| actions.contains("check")) {
        checks.push(run("configuration", "check that the configuration can be applied", &["check"], 120));
    }
    if ngcpcfg::can_rehearse(host) {
        let title = "build every file from its template, in a folder that is thrown away";
        checks.push(run("templates", title, &["apply", "--dry-run"], 15 * 60));
    }
    checks
}

/// What a service reads when it is told to may be made by the apply: takes such reloads out, to come after it.
fn reloads(changes: &mut Vec<Change>) -> Vec<Change> {
    let configures = |change: &&Change| match &change.action {
        Action::Edit { path, .. } | Action::Write { path, .. } => path.starts_with(DIRECTORY),
        _ => false,
    };
    let steps: Vec<StepId> = changes.iter().filter(configures).map(|change| change.step.clone()).collect();
    let later = |change: &Change| change.undo == Undo::Again && steps.contains(&change.step);
    let (later, now) = changes.drain(..).partition(later);
    *changes = now;
    later
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
        found: None,
        interrupts: Some(
            "restarts the services whose configuration changed: for some seconds new calls and registrations may fail; \
             running calls go on unless rtpengine, sems or asterisk is among them"
                .to_owned(),
        ),
        guard: None,
        reminder: None,
        diff: String::new(),
    }
}

/// Fills in the diff of every file change, each on top of the ones before it.
fn preview(host: &dyn Executor, changes: &mut [Change]) -> Result<()> {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for change in changes {
        let (path, new) = match &change.action {
            Action::Edit { path, edits, .. } => {
                let old = current(host, &files, path)?;
                let new = apply_edits(&old, edits, Show::Shown).with_context(|| {
                    format!("{}: the edit for '{}' is refused", path.display(), change.title)
                })?;
                (path.clone(), new)
            }
            Action::Write { path, content, .. } => (path.clone(), content.shown().into_bytes()),
            Action::Remove { path } => (path.clone(), Vec::new()),
            Action::Run(_) | Action::Apply { .. } | Action::Restore { .. } => continue,
        };
        let linked = host.metadata(&path).is_ok_and(|found| found.kind == Kind::Link || found.links > 1);
        ensure!(
            !linked,
            "{}: '{}' is refused: the file is a symbolic link or has a second name (hard link); replace it by a copy first",
            path.display(),
            change.title
        );
        // What a file with a password held before is nobody's business either.
        let secret =
            matches!(&change.action, Action::Write { content, .. } if content.names().next().is_some());
        let old = if secret { Vec::new() } else { current(host, &files, &path).unwrap_or_default() };
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (before, after) = (shown(&old), shown(&new));
        if !before.contains(PRIVATE_KEY) && !after.contains(PRIVATE_KEY) {
            change.diff = unified(&before, &after);
        }
        files.insert(path, new);
    }
    Ok(())
}

/// A file with this in it is never shown.
const PRIVATE_KEY: &str = " PRIVATE KEY-----";

fn current(host: &dyn Executor, files: &BTreeMap<PathBuf, Vec<u8>>, path: &Path) -> Result<Vec<u8>> {
    if let Some(content) = files.get(path) {
        return Ok(content.clone());
    }
    host.read(path).with_context(|| format!("{} cannot be read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        executor::{
            Command,
            simulated::{Answer, Files, Simulated},
        },
        runner::{self, Control, MemoryJournal, Order, RunOutcome},
        secret::Secrets,
    };

    const CONFIG: &str = "/etc/ngcp-config/config.yml";

    /// Facts 2.2: a newer tool builds elsewhere first, an older one must never be asked to.
    #[test]
    fn templates_are_tried_beforehand_only_where_the_tool_can() {
        let old = host("ngcpcfg apply\n");
        let plan_old = plan(&old);
        assert!(plan_old.reminders.iter().any(|line| line.contains("cannot try its templates")));
        assert!(!plan_old.changes.iter().any(|change| change.id == REHEARSAL));
        let script = "--dry-run TEMP_DIRECTORY=$(mktemp OUTPUT_DIRECTORY=$TEMP_DIRECTORY";
        let new = host("Actions:\n  apply, check\n").file("/usr/share/ngcp-ngcpcfg/scripts/apply", script);
        let changes = plan(&new).changes;
        let ids: Vec<&str> = changes.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(ids, ["check.configuration", REHEARSAL, "noatime.a", "apply"]);
    }

    /// A host whose `ngcpcfg` lists its actions, or an old one without `check`; the configuration is on a wrong
    /// branch.
    fn host(help: &'static str) -> Simulated {
        Simulated::new().file(CONFIG, "a: 1\n").on("ngcpcfg", move |_: &mut Files, command: &Command| {
            match command.args.first().map(String::as_str) {
                Some("help") => Answer::from(help),
                Some("check") => Answer::code(1).error("Error: branch 'test' instead of 'master' active"),
                _ => Answer::code(0),
            }
        })
    }

    fn plan(host: &Simulated) -> Plan {
        let edit = Action::Edit {
            path: CONFIG.into(),
            edits: vec![crate::plan::Edit::Yaml {
                key: vec!["a".to_owned()],
                from: Some("1".to_owned()),
                to: crate::plan::Template::text("2"),
            }],
            check: None,
        };
        let change = Change::new(&StepId::new("noatime"), "a", "set a", edit, Undo::Files);
        let step = Plan { changes: vec![change], apply: vec!["a".to_owned()], ..Plan::default() };
        assemble(host, [step]).unwrap()
    }

    fn run(host: &Simulated, plan: Plan) -> RunOutcome {
        let order = Order { run: "test".to_owned(), plan, ..Order::default() };
        let look = |_: &StepId| Ok(Vec::new());
        let mut journal = MemoryJournal::default();
        runner::run(&order, &Secrets::default(), host, &look, &mut journal, &Control::default()).unwrap()
    }

    /// F41, F42: what would make the apply fail in the end is found before the first change.
    #[test]
    fn an_apply_that_is_bound_to_fail_is_not_started_f41() {
        let host = host("Actions:\n  apply, check, services\n");
        let plan = plan(&host);
        let ids: Vec<&str> = plan.changes.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(ids, ["check.configuration", "noatime.a", "apply"]);
        assert_eq!(run(&host, plan), RunOutcome::Failed);
        assert_eq!(host.files().text(CONFIG), "a: 1\n");
        assert!(!host.commands().iter().any(|command| command.starts_with("ngcpcfg apply")));
    }

    #[test]
    fn a_release_without_check_is_applied_without() {
        let host = host("Usage: ngcpcfg\n  ngcpcfg apply   - all at once\n");
        let plan = plan(&host);
        assert_eq!(plan.changes.len(), 2);
        assert_eq!(run(&host, plan), RunOutcome::Done);
        assert_eq!(host.files().text(CONFIG), "a: 2\n");
    }
}
