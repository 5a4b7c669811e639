//! The changes where another firewall is in charge: it is told by its own commands what to open. It keeps that itself,
//! and what it closes is its own business.

use anyhow::{Result, bail, ensure};

use super::{
    super::{
        facts::Wanted,
        names::ABOUT,
        rules::{
            Openings,
            native::{Allowed, allowed},
        },
    },
    making::change,
};
use crate::plan::{Action, Change, Claim, CommandLine, Plan, Proof, Undo};

/// Each is a command of its own: more would take minutes.
const MOST: usize = 200;

/// # Errors
/// When this firewall has no commands that are known here, or far too many would be needed.
pub(super) fn set(manager: &str, wanted: &Wanted) -> Result<Plan> {
    let all = allowed(&Openings::of(wanted));
    ensure!(
        all.len() <= MOST,
        "{}: {} commands of {manager} would be needed, more than {MOST}: name fewer and larger networks",
        ABOUT.id,
        all.len()
    );
    let mut changes: Vec<Change> = match manager {
        "ufw" => all.iter().enumerate().map(ufw).collect(),
        "firewalld" => all.iter().enumerate().map(firewalld).collect(),
        other => {
            bail!("{}: {other} has no commands that are known here; open what is needed by hand", ABOUT.id)
        }
    };
    if manager == "firewalld" && !changes.is_empty() {
        changes.push(reload(&all));
    }
    Ok(Plan { changes, ..Plan::default() })
}

fn ufw((n, one): (usize, &Allowed)) -> Change {
    let line = |before: &[&str]| {
        let words = before.iter().map(|word| (*word).to_owned()).chain(one.ufw.iter().cloned());
        CommandLine::new("ufw", words)
    };
    let seen = Claim::Line {
        command: CommandLine::new("ufw", ["show", "added"]),
        line: format!("ufw {}", one.ufw.join(" ")),
    };
    opened("ufw", n, one, line(&[]), line(&["delete"])).proven([Proof::Claim(seen)])
}

fn firewalld((n, one): (usize, &Allowed)) -> Change {
    let line = |verb: &str| CommandLine::new("firewall-cmd", ["--permanent".to_owned(), entry(verb, one)]);
    let seen = Proof::Answers { command: line("query"), prints: "yes".to_owned() };
    opened("firewalld", n, one, line("add"), line("remove")).proven([seen])
}

/// What is permanent is in force once it is read again.
fn reload(all: &[Allowed]) -> Change {
    let seen = |one: &Allowed| Proof::Answers {
        command: CommandLine::new("firewall-cmd", [entry("query", one)]),
        prints: "yes".to_owned(),
    };
    let action = Action::Run(CommandLine::new("firewall-cmd", ["--reload"]));
    let change =
        change("firewalld.reload", "let firewalld read it: what stands goes on", action, Undo::Again);
    change.proven(all.iter().map(seen))
}

fn entry(verb: &str, one: &Allowed) -> String {
    format!("--{verb}-{}", one.firewalld)
}

fn opened(manager: &str, n: usize, one: &Allowed, set: CommandLine, back: CommandLine) -> Change {
    let title = format!("let {manager} open {}", one.what);
    change(&format!("{manager}.{}", n + 1), title, Action::Run(set), Undo::Run(back))
        .opening(one.what.clone())
}
