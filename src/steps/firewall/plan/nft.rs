//! The changes where the rules are a table of our own.

use super::{
    super::{
        facts::{Facts, Wanted},
        rules::{Lasting, NFT_TABLE, Openings, nft},
    },
    making::{as_reviewed, before, change, guarded, listed, reading},
    stored,
};
use crate::plan::{Action, Change, CommandLine, Plan, Proof, Undo};

const PROGRAM: &str = "nft";

pub(super) fn set(facts: &Facts, wanted: &Wanted, seconds: u64) -> Plan {
    let open = Openings::of(wanted);
    let [armed, permanent] = [Lasting::Armed, Lasting::Permanent].map(|lasting| nft::text(&open, lasting));
    let check = reading(PROGRAM, ["-c", "-f", "-"], &armed);
    let check = change("check", "let nft check the rules", Action::Run(check), Undo::Nothing);
    let title = "load the rules; until somebody confirms they lift themselves, whatever happens";
    let armed = load(facts, "try", title, &armed);
    let title = "keep them: the same rules, which no longer lift themselves";
    let kept = load(facts, "keep", title, &permanent);
    let changes = vec![as_reviewed(check, facts), as_reviewed(guarded(armed, seconds), facts), kept];
    let mut plan = Plan { changes, ..Plan::default() };
    plan.join(stored::store(facts, wanted, &[("nft", permanent)]));
    plan
}

pub(super) fn remove(facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    if facts.own.loaded {
        let action = Action::Run(reading(PROGRAM, ["-f", "-"], &nft::removal()));
        let back = before(facts).map(|wanted| nft::text(&Openings::of(wanted), Lasting::Permanent));
        let undo = match back {
            Some(text) => Undo::Run(reading(PROGRAM, ["-f", "-"], &text)),
            None => Undo::Impossible("what it held is stored nowhere".to_owned()),
        };
        let title = format!("remove the table inet {NFT_TABLE}");
        let gone = change("remove", title, action, undo).proven([loaded("")]);
        plan.changes.push(gone.opening("whoever the rules refused"));
    }
    plan.join(stored::forget(facts));
    plan
}

/// Our table with these rules in one transaction; it goes back to what was stored, or away.
fn load(facts: &Facts, name: &str, title: &str, rules: &str) -> Change {
    let back = before(facts).map(|wanted| nft::text(&Openings::of(wanted), Lasting::Permanent));
    let back = reading(PROGRAM, ["-f", "-"], &back.unwrap_or_else(nft::removal));
    let action = Action::Run(reading(PROGRAM, ["-f", "-"], rules));
    change(name, title, action, Undo::Run(back)).proven([loaded(rules)])
}

fn loaded(rules: &str) -> Proof {
    listed(CommandLine::new(PROGRAM, ["-nnn", "-s", "list", "table", "inet", NFT_TABLE]), rules.to_owned())
}
