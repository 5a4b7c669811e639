//! What a restart of the host finds: the rules and what they were made from, and the unit that loads them before the
//! network is up.

use std::path::Path;

use super::{
    super::{
        facts::{Facts, Wanted},
        rules::stored::{self, FOLDER, UNIT},
    },
    making::change,
};
use crate::{
    executor::Attributes,
    plan::{Action, Change, CommandLine, Phase, Plan, Proof, Template, Undo},
};

const SERVICE: &str = include_str!("../../../../assets/systemd/ngcp-warden-firewall.service");
const PRESET: &str = include_str!("../../../../assets/systemd/10-ngcp-warden-firewall.preset");
pub(super) const SERVICES: &str = "/etc/systemd/system";
pub(super) const PRESETS: &str = "/etc/systemd/system-preset";
const PRESET_NAME: &str = "10-ngcp-warden-firewall.preset";

/// Stores these rules, each by the ending of its file, and lets a restart load them.
pub(super) fn store(facts: &Facts, wanted: &Wanted, rules: &[(&str, String)]) -> Plan {
    let mut changes = vec![folder("folder", FOLDER)];
    for (ending, text) in rules {
        let path = stored::rules(ending);
        let title = format!("store the rules in {}", path.display());
        changes.push(write(&format!("stored.{ending}"), &title, &path, text));
    }
    let path = stored::wanted();
    let title = format!("store what they were made from in {}", path.display());
    changes.push(write("stored.wanted", &title, &path, &stored::written(&facts.backend, wanted)));
    let mut plan = Plan { changes, ..Plan::default() };
    plan.join(at_boot(facts));
    plan
}

/// The unit that loads what is stored at a restart, unless it is enabled.
pub(super) fn at_boot(facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    if !facts.systemd {
        plan.partial = true;
        plan.reminders.push(
            "Firewall: this host has no systemd, so nothing loads the rules at a restart: let it run 'ngcp-warden \
             firewall load' before the network is up."
                .to_owned(),
        );
        return plan;
    }
    if facts.own.at_boot == Some(true) {
        return plan;
    }
    plan.changes.push(program("program"));
    let unit = Path::new(SERVICES).join(UNIT);
    plan.changes.push(write("unit", "let a unit load them before the network is up", &unit, SERVICE));
    plan.changes.push(folder("presets", PRESETS));
    let preset = Path::new(PRESETS).join(PRESET_NAME);
    plan.changes.push(write("preset", "let no 'ngcpcfg apply' disable that unit", &preset, PRESET));
    plan.changes.push(enabled("enable", "enable it", UNIT, true));
    plan
}

/// Removes all of it.
pub(super) fn forget(facts: &Facts) -> Plan {
    let mut changes = Vec::new();
    if facts.own.at_boot == Some(true) {
        changes.push(enabled("disable", "load no rules of ours at a restart", UNIT, false));
        for (name, path) in
            [("unit", Path::new(SERVICES).join(UNIT)), ("preset", Path::new(PRESETS).join(PRESET_NAME))]
        {
            changes.push(remove(&format!("{name}.remove"), &path));
        }
    }
    if facts.own.stored.is_some() || facts.own.wanted.is_some() {
        for ending in stored::ENDINGS {
            changes.push(remove(&format!("stored.{ending}.remove"), &stored::rules(ending)));
        }
        changes.push(remove("stored.wanted.remove", &stored::wanted()));
    }
    Plan { changes, ..Plan::default() }
}

/// Sees that the program is where units start it.
pub(super) fn program(name: &str) -> Change {
    let own = "/usr/local/sbin/ngcp-warden";
    let there = Action::Run(CommandLine::new("stat", ["--format=%n", own]));
    let title = format!("see that this program is {own}, where the unit starts it");
    change(name, title, there, Undo::Nothing).proven([Proof::Printed(own.to_owned())])
}

/// Enables a unit or disables it; a timer begins and ends with that.
pub(super) fn enabled(name: &str, title: &str, unit: &str, on: bool) -> Change {
    let now = unit.ends_with(".timer").then_some("--now");
    let systemctl =
        |word: &'static str| CommandLine::new("systemctl", [word].into_iter().chain(now).chain([unit]));
    let (this, back) = if on { ("enable", "disable") } else { ("disable", "enable") };
    let is = CommandLine::new("systemctl", ["is-enabled", unit]);
    let seen = Proof::Answers { command: is, prints: "enabled".to_owned() };
    let seen = if on { seen } else { Proof::NoLonger(vec![seen]) };
    change(name, title, Action::Run(systemctl(this)), Undo::Run(systemctl(back))).proven([seen])
}

/// What the rules were made from, where somebody else puts them in place at a restart.
pub(super) fn note(facts: &Facts, wanted: &Wanted) -> Plan {
    let path = stored::wanted();
    let title = format!("store what they were made from in {}", path.display());
    let note = write("stored.wanted", &title, &path, &stored::written(&facts.backend, wanted));
    let changes = vec![folder("folder", FOLDER), note];
    Plan {
        changes: changes.into_iter().map(|change| change.in_phase(Phase::After)).collect(),
        ..Plan::default()
    }
}

pub(super) fn folder(name: &str, path: &str) -> Change {
    let args = ["-d", "-m", "0755", "-o", "root", "-g", "root", path];
    let there = CommandLine::new("stat", ["--format=%F", path]);
    let seen = Proof::Answers { command: there, prints: "directory".to_owned() };
    let title = format!("make the folder {path}");
    change(name, title, Action::Run(CommandLine::new("install", args)), Undo::Nothing).proven([seen])
}

pub(super) fn write(name: &str, title: &str, path: &Path, text: &str) -> Change {
    let attributes = Attributes::Exactly { mode: 0o644, uid: 0, gid: 0, modified: None };
    let action = Action::Write { path: path.to_owned(), content: Template::text(text), attributes };
    change(name, title, action, Undo::Files)
}

fn remove(name: &str, path: &Path) -> Change {
    change(name, format!("remove {}", path.display()), Action::Remove { path: path.to_owned() }, Undo::Files)
}
