//! The changes where the rules are chains of our own for iptables, IPv4 and IPv6 side by side: first the chains, to which
//! nobody jumps yet, then the jumps.

use super::{
    super::{
        facts::{Facts, Wanted},
        rules::{
            Lasting, Openings,
            iptables::{Chain, Family, chains, emptied, removal, text},
        },
    },
    making::{as_reviewed, before, change, guarded, listed, reading},
    stored,
};
use crate::{
    ngcp::rtpengine::Rule,
    plan::{Action, Change, Claim, CommandLine, Plan, Proof, Undo},
};

/// Both programs of a family.
struct Programs {
    family: Family,
    rules: String,
    restore: String,
}

fn programs(v4: &str) -> [Programs; 2] {
    Family::BOTH.map(|family| {
        let rules = family.program(v4);
        Programs { family, restore: format!("{rules}-restore"), rules }
    })
}

pub(super) fn set(facts: &Facts, v4: &str, wanted: &Wanted, seconds: u64) -> Plan {
    let open = Openings::of(wanted);
    let both = programs(v4);
    let mut changes = Vec::new();
    for programs in &both {
        let rules = text(&chains(&open, programs.family, Lasting::Armed));
        let check = reading(&programs.restore, ["--test", "--noflush"], &rules);
        let title = format!("let {} check the rules", programs.restore);
        let name = programs.named("check");
        let check = change(&name, title, Action::Run(check), Undo::Nothing);
        // Once only, and first: a look at an old table makes it, which no reviewer has seen.
        changes.push(if changes.is_empty() { as_reviewed(check, facts) } else { check });
    }
    for programs in &both {
        let own = chains(&open, programs.family, Lasting::Armed);
        for table in ["filter", "raw"] {
            let of_table: Vec<&Chain> = own.iter().filter(|chain| chain.table == table).collect();
            changes.extend(made(programs, table, &of_table));
        }
    }
    for programs in &both {
        let title = format!(
            "load the rules for {}; until somebody confirms they lift themselves, whatever happens",
            programs.family.label()
        );
        let armed = load(
            facts,
            programs,
            &programs.named("try"),
            title,
            &chains(&open, programs.family, Lasting::Armed),
        );
        changes.push(armed);
    }
    for programs in &both {
        let own = chains(&open, programs.family, Lasting::Armed);
        changes.extend(own.iter().filter_map(|chain| jump(facts, programs, chain)));
    }
    if let Some(last) = changes.pop() {
        changes.push(guarded(last, seconds));
    }
    for programs in &both {
        let family = programs.family.label();
        let title = format!("keep them: the same rules for {family}, which no longer lift themselves");
        let own = chains(&open, programs.family, Lasting::Permanent);
        changes.push(load(facts, programs, &programs.named("keep"), title, &own));
    }
    let mut plan = Plan { changes, ..Plan::default() };
    let kept = |family| text(&chains(&open, family, Lasting::Permanent));
    plan.join(stored::store(facts, wanted, &[("4", kept(Family::V4)), ("6", kept(Family::V6))]));
    plan
}

pub(super) fn remove(facts: &Facts, v4: &str) -> Plan {
    let mut plan = Plan::default();
    let open = facts.own.wanted.as_ref().map(Openings::of).unwrap_or_default();
    for programs in programs(v4).iter().filter(|_| facts.own.loaded) {
        let own = chains(&open, programs.family, Lasting::Permanent);
        for chain in &own {
            let Some(jump) = jump(facts, programs, chain) else { continue };
            let (Action::Run(set), Undo::Run(unset)) = (jump.action, jump.undo) else { continue };
            let name = jump.id.replacen("firewall.jump", "unjump", 1);
            let title = format!("send no more packets of {} to {}", programs.family.label(), chain.name);
            let gone = Proof::NoLonger(jump.proofs);
            let unjump = change(&name, title, Action::Run(unset), Undo::Run(set)).proven([gone]);
            plan.changes.push(unjump.opening("whoever the rules refused"));
        }
        let action = Action::Run(reading(&programs.restore, ["--noflush"], &removal(&own)));
        let undo = match &facts.own.wanted {
            Some(_) => Undo::Run(reading(&programs.restore, ["--noflush"], &text(&own))),
            None => Undo::Impossible("what they held is stored nowhere".to_owned()),
        };
        let title = format!("remove our chains for {}", programs.family.label());
        let none = own.iter().map(|chain| listed(programs.list(chain), String::new()));
        plan.changes.push(change(&programs.named("remove"), title, action, undo).proven(none));
    }
    plan.join(stored::forget(facts));
    plan
}

/// Our chains of a table, empty: nobody jumps to them yet. Where they are there they stay as they are.
fn made(programs: &Programs, table: &str, own: &[&Chain]) -> Option<Change> {
    let first = own.first()?;
    let action = Action::Run(reading(&programs.restore, ["--noflush"], &emptied(own.iter().copied())));
    let undo = Undo::Run(reading(&programs.restore, ["--noflush"], &removal(own.iter().copied())));
    let (family, name) = (programs.family.label(), programs.named(&format!("chains.{table}")));
    let title = format!("make chains of our own for {family} in the table {}", first.table);
    let there = own.iter().map(|chain| {
        Proof::Claim(Claim::Line { command: programs.list(chain), line: format!("-N {}", chain.name) })
    });
    Some(change(&name, title, action, undo).proven(there))
}

/// Our chains with these rules; they go back to what was stored, or are emptied.
fn load(facts: &Facts, programs: &Programs, name: &str, title: String, own: &[Chain]) -> Change {
    let back = match before(facts) {
        Some(wanted) => text(&chains(&Openings::of(wanted), programs.family, Lasting::Permanent)),
        None => emptied(own),
    };
    let action = Action::Run(reading(&programs.restore, ["--noflush"], &text(own)));
    let undo = Undo::Run(reading(&programs.restore, ["--noflush"], &back));
    change(name, title, action, undo)
        .proven(own.iter().map(|chain| listed(programs.list(chain), chain.listed())))
}

/// The one jump to a chain of ours, unless it is there.
fn jump(facts: &Facts, programs: &Programs, chain: &Chain) -> Option<Change> {
    let from = chain.from?;
    // Media that the kernel hands on needs none of our rules.
    let behind = chain.table == "filter" && facts.rtpengine.families[programs.family as usize] == Rule::Fine;
    let place = if behind { "2" } else { "1" };
    let line = |args: &[&str]| {
        CommandLine::new(&programs.rules, [&["-t", chain.table], args, &["-j", chain.name]].concat())
    };
    let title =
        format!("send every packet of {} that is in {} to {}", programs.family.label(), from, chain.name);
    let name = programs.named(&format!("jump.{}.{}", chain.table, from.to_lowercase()));
    let there = Proof::Answers { command: line(&["-C", from]), prints: String::new() };
    let action = Action::Run(line(&["-I", from, place]));
    Some(change(&name, title, action, Undo::Run(line(&["-D", from]))).proven([there]))
}

impl Programs {
    /// A name for a change of this family.
    fn named(&self, what: &str) -> String {
        format!("{what}.{}", if self.family == Family::V4 { "4" } else { "6" })
    }

    fn list(&self, chain: &Chain) -> CommandLine {
        CommandLine::new(&self.rules, ["-t", chain.table, "-S", chain.name])
    }
}
