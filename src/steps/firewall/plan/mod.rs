//! From what is wanted to changes: checked first, loaded so that they lift themselves, kept once somebody confirmed,
//! only then stored for a restart.

mod iptables;
mod making;
mod managed;
mod native;
mod nft;
mod stored;
mod watch;

pub(super) use watch::watch;

use anyhow::{Result, bail};

use super::facts::{Backend, Facts, Wanted};
use crate::plan::{Change, Claim, Plan};

/// How long is waited for somebody to confirm that rules may go, where an apply does it.
const SECONDS: u64 = 60;

/// What becomes of our rules.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rules<'a> {
    /// These are in force, now and after a restart; an answer is waited for so many seconds.
    Set(&'a Wanted, u64),
    /// There are none of ours any more.
    Remove,
}

/// The changes to our own rules; none when all is so.
///
/// # Errors
/// When rules cannot be put in place here, and why.
pub(super) fn rules(facts: &Facts, rules: Rules<'_>) -> Result<Plan> {
    let mut plan = by_backend(facts, rules)?;
    if facts.seen.is_none() && !plan.is_empty() {
        plan.reminders.push(
            "Firewall: some packet filter could not be read, so nobody notices if somebody changes it meanwhile."
                .to_owned(),
        );
    }
    Ok(plan)
}

/// Changes that come before all others and alter the filters themselves: whether somebody else did is asked before them.
pub(super) fn first(plan: &mut Plan, changes: Vec<Change>, facts: &Facts) {
    let reviewed = |change: &Change| matches!(change.only_if, Some(Claim::PacketFilters { .. }));
    for change in plan.changes.iter_mut().filter(|change| reviewed(change)) {
        change.only_if = None;
    }
    plan.changes.splice(0..0, changes);
    if let Some(change) = plan.changes.first_mut() {
        *change = making::as_reviewed(change.clone(), facts);
    }
}

fn by_backend(facts: &Facts, rules: Rules<'_>) -> Result<Plan> {
    if let Some(why) = &facts.blind {
        bail!("firewall: nothing is changed where packet filters cannot be seen: {why}");
    }
    match (rules, &facts.backend) {
        (Rules::Set(wanted, _), Backend::Nft | Backend::Iptables { .. }) if is_so(facts, wanted) => {
            Ok(stored::at_boot(facts))
        }
        (Rules::Set(wanted, seconds), Backend::Nft) => Ok(nft::set(facts, wanted, seconds)),
        (Rules::Remove, Backend::Nft) => Ok(nft::remove(facts)),
        (Rules::Set(wanted, seconds), Backend::Iptables { program }) => {
            Ok(iptables::set(facts, program, wanted, seconds))
        }
        (Rules::Remove, Backend::Iptables { program }) => Ok(iptables::remove(facts, program)),
        (Rules::Set(wanted, seconds), Backend::Platform { .. }) => managed::set(facts, wanted, seconds),
        (Rules::Remove, Backend::Platform { .. }) => managed::remove(facts, SECONDS),
        (Rules::Set(wanted, _), Backend::Foreign { manager }) => native::set(manager, wanted),
        (Rules::Remove, Backend::Foreign { manager }) => {
            bail!("firewall: {manager} is in charge of this host's rules, none of ours is there")
        }
        (_, Backend::Missing { why }) => bail!("firewall: no rules can be put in place here: {why}"),
    }
}

/// Whether these rules are loaded and stored already.
fn is_so(facts: &Facts, wanted: &Wanted) -> bool {
    let own = &facts.own;
    own.loaded && !own.armed && own.as_stored == Some(true) && own.wanted.as_ref() == Some(wanted)
}
