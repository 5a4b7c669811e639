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
    ngcp::{ngcpcfg, release},
    plan::{
        Action, Change, Claim, CommandLine, Edit, Foreign, Guard, Phase, Plan, Proof, Template, Undo,
        unified_in,
    },
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
    plan.changes.sort_by_key(|change| change.phase);
    rewritten(&plan.changes)?;
    disputed(&plan.changes)?;
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
            let effective = std::mem::take(&mut plan.effective);
            let mut apply = apply(&plan.apply).proven(effective);
            apply.guard = guard_of(&mut plan.changes);
            plan.changes.push(apply);
            plan.changes.sort_by_key(|change| change.phase);
        }
    } else if let Some(waiting) = ngcpcfg::waiting(host) {
        // The steps saw there what was asked for, and it may not be in force.
        plan.reminders.push(format!(
            "{waiting}: what it sets may not be in force. Look at it ('git -C /etc/ngcp-config diff'), then run 'ngcpcfg apply'."
        ));
        plan.partial = true;
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

/// Configuration that could cut the operator off does so when it is applied: there its guard stands.
fn guard_of(changes: &mut [Change]) -> Option<Guard> {
    let mut all: Option<Guard> = None;
    for change in changes.iter_mut().filter(|change| change.phase == Phase::Configure) {
        let Some(guard) = change.guard.take() else { continue };
        all = Some(match all.take() {
            None => Guard { steps: vec![change.step.clone()], ..guard },
            Some(mut both) => {
                both.seconds = both.seconds.max(guard.seconds);
                both.what = format!("{}, {}", both.what, guard.what);
                both.steps.push(change.step.clone());
                both
            }
        });
    }
    all
}

/// What another step's command rewrites first is no longer the text that an edit was shown on.
fn rewritten(changes: &[Change]) -> Result<()> {
    for (at, change) in changes.iter().enumerate() {
        let Some(path) = change.action.file() else { continue };
        let rewrites = |other: &&Change| {
            other.step != change.step && other.touches.iter().any(|touched| touched.path == path)
        };
        if let Some(first) = changes.iter().take(at).find(rewrites) {
            bail!(
                "{}: '{}' ({}) rewrites it, and '{}' ({}) edits it afterwards: choose one now, the other in a second run",
                path.display(),
                first.title,
                first.step,
                change.title,
                change.step
            );
        }
    }
    Ok(())
}

/// Two steps that make one value of a file two things: the later one would win without a word.
fn disputed(changes: &[Change]) -> Result<()> {
    let mut set: BTreeMap<(&Path, &[String]), (&Change, &Template)> = BTreeMap::new();
    for change in changes {
        let Action::Edit { path, edits, .. } = &change.action else { continue };
        for edit in edits {
            let Edit::Yaml { key, to, .. } = edit else { continue };
            let Some((first, was)) = set.insert((path, key), (change, to)) else { continue };
            ensure!(
                first.step == change.step || was == to,
                "{}: {} makes {} {}, {} makes it {}: leave it in one of them",
                path.display(),
                first.step,
                key.join("."),
                was.shown(),
                change.step,
                to.shown()
            );
        }
    }
    Ok(())
}

fn apply(reasons: &[String]) -> Change {
    let message = format!("ngcp-warden: {}", reasons.join(", "));
    Change {
        id: "apply".to_owned(),
        step: APPLY,
        phase: Phase::Apply,
        title: "apply the configuration, once for all steps".to_owned(),
        action: Action::Apply { message },
        touches: Vec::new(),
        proofs: vec![Proof::Claim(Claim::Services)],
        undo: Undo::Again,
        found: None,
        interrupts: Some(
            "restarts the services whose configuration changed: for some seconds new calls and registrations may fail; \
             running calls go on unless rtpengine, sems or asterisk is among them"
                .to_owned(),
        ),
        opens: None,
        guard: None,
        waived: None,
        reminder: None,
        only_if: None,
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
            change.diff = unified_in(&path, &before, &after);
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

    /// F42: an edit that a cut off run or somebody else left there looks like what was asked for.
    #[test]
    fn configuration_that_waits_for_an_apply_is_not_told_as_nothing_to_do_f42() {
        let waits = |said: &'static str| {
            let host = host("ngcpcfg apply\n").file("/etc/ngcp-config/.git/HEAD", "");
            assemble(&host.on("git", move |_: &mut Files, _: &Command| said), []).unwrap()
        };
        let plan = waits(" M config.yml\0");
        assert!(plan.is_empty() && plan.partial);
        assert!(plan.reminders[0].contains("config.yml was changed and not applied"), "{:?}", plan.reminders);
        assert_eq!(waits(""), Plan::default());
    }

    /// PLATFORM.md 3.3: a newer tool builds elsewhere first, an older one must never be asked to.
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
            edits: vec![Edit::Yaml {
                key: vec!["a".to_owned()],
                from: Some("1".to_owned()),
                to: Template::text("2"),
            }],
            check: None,
        };
        let change =
            Change::new(&StepId::new("noatime"), "a", "set a", edit, Undo::Files).in_phase(Phase::Configure);
        let step = Plan { changes: vec![change], apply: vec!["a".to_owned()], ..Plan::default() };
        assemble(host, [step]).unwrap()
    }

    fn run(host: &Simulated, plan: Plan) -> RunOutcome {
        let order = Order { run: "test".to_owned(), plan, ..Order::default() };
        let mut journal = MemoryJournal::default();
        runner::run(
            &order,
            &Secrets::default(),
            host,
            &crate::platform::Ngcp,
            &mut journal,
            &Control::default(),
        )
        .unwrap()
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

    fn edit(step: &'static str, name: &str, path: &str, from: &str, to: &str) -> Change {
        let edits = vec![Edit::line(from, to)];
        let action = Action::Edit { path: path.into(), edits, check: None };
        Change::new(&StepId::new(step), name, name, action, Undo::Files)
    }

    /// Whoever could be cut off by configuration is asked when it is in force, and all that goes back is named.
    #[test]
    fn the_guard_of_configuration_stands_on_the_apply_and_says_what_it_covers() {
        let host = host("Usage: ngcpcfg\n").file("/etc/a", "1\n").file("/etc/b", "1\n");
        let mut rules = edit("firewall", "rules", CONFIG, "a: 1", "a: 2").in_phase(Phase::Configure);
        rules.guard = Some(Guard { seconds: 0, what: "packets".to_owned(), steps: Vec::new() });
        let service = edit("firewall", "service", "/etc/a", "1", "2");
        let reload = Action::Run(CommandLine::new("reload", [""; 0]));
        let reload = Change::new(&StepId::new("firewall"), "reload", "reload", reload, Undo::Again);
        let firewall = Plan {
            changes: vec![reload.in_phase(Phase::After), rules, service],
            apply: vec!["firewall".to_owned()],
            ..Plan::default()
        };
        let other = Plan { changes: vec![edit("noatime", "b", "/etc/b", "1", "2")], ..Plan::default() };
        let plan = assemble(&host, [firewall, other]).unwrap();
        let ids = |changes: &[&Change]| changes.iter().map(|change| change.id.clone()).collect::<Vec<_>>();
        let all = ["firewall.service", "noatime.b", "firewall.rules", "apply", "firewall.reload"];
        assert_eq!(ids(&plan.changes.iter().collect::<Vec<_>>()), all);
        let covered = plan.covered();
        assert_eq!(covered.len(), 1);
        assert_eq!(ids(&covered[0].1), ["firewall.service", "firewall.rules", "apply"]);
        assert!(plan.guard_over(&plan.changes[1]).is_some(), "a runner killed there must not cut off");
        assert_eq!(run(&host, plan), RunOutcome::Failed, "nobody confirmed");
        let files = host.files();
        assert_eq!([CONFIG, "/etc/a", "/etc/b"].map(|path| files.text(path)), ["a: 1\n", "1\n", "2\n"]);
    }

    #[test]
    fn an_edit_of_what_another_steps_command_rewrites_first_is_refused_with_both_names() {
        let host = host("Usage: ngcpcfg\n");
        let tool = Action::Run(CommandLine::new("tool", [""; 0]));
        let mut tool = Change::new(&StepId::new("first"), "tool", "use the tool", tool, Undo::Files);
        tool.touches.push(crate::plan::Touched::new(CONFIG));
        let plans = |changes: [Change; 2]| changes.map(|one| Plan { changes: vec![one], ..Plan::default() });
        let set = edit("second", "set", CONFIG, "a: 1", "a: 2");
        let refused = assemble(&host, plans([tool.clone(), set.clone()])).unwrap_err().to_string();
        assert!(
            refused.contains("'use the tool' (first)") && refused.contains("'set' (second)"),
            "{refused}"
        );
        assert!(assemble(&host, plans([set, tool])).is_ok(), "the command comes last and keeps the edit");
    }

    #[test]
    fn one_value_that_two_steps_make_two_things_is_refused_with_both_names() {
        let host = host("Usage: ngcpcfg\n");
        let set = |step: &'static str, to: &str| {
            let (key, to) = (vec!["a".to_owned()], Template::text(to));
            let edits = vec![Edit::Yaml { key, from: Some("1".to_owned()), to }];
            let edit = Action::Edit { path: CONFIG.into(), edits, check: None };
            let change = Change::new(&StepId::new(step), "set", "set", edit, Undo::Files);
            Plan { changes: vec![change], ..Plan::default() }
        };
        let refused = assemble(&host, [set("first", "2"), set("second", "3")]).unwrap_err().to_string();
        assert_eq!(refused, format!("{CONFIG}: first makes a 2, second makes it 3: leave it in one of them"));
        assert!(assemble(&host, [set("first", "2"), set("second", "2")]).is_ok());
    }
}
