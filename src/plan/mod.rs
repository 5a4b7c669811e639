//! What will happen, as data: shown, diffed, approved, run, journalled, undone and exported, never computed twice.
//! No I/O and no secrets here; a secret is named and travels beside the plan.

mod change;
mod command;
mod diff;
mod making;
mod proof;
mod template;
mod timed;

pub use change::{Action, Change, Edit, Guard, Left, Outcome, Phase, Touched, Undo};
pub use command::CommandLine;
pub use diff::{changed_ranges, unified, unified_in};
pub use making::{Generated, KeyAlgorithm, KeySource, Making};
pub use proof::{Claim, Proof};
pub use template::{Piece, Template};
pub use timed::{SECONDS, UNTIL};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::StepId;

/// Everything that will be done, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The changes, sorted by their phase, and in each phase by step in the wizard's order.
    pub changes: Vec<Change>,
    /// Why the configuration must be applied afterwards, one phrase per step; empty when it need not be.
    pub apply: Vec<String>,
    /// What must be seen after that apply: an edited file is not yet in force.
    #[serde(default)]
    pub effective: Vec<Proof>,
    /// What the operator must do elsewhere, e.g. on the other nodes, whatever becomes of single changes.
    pub reminders: Vec<String>,
    /// Something that was asked for is not done by it; a reminder says what.
    #[serde(default)]
    pub partial: bool,
    /// Passwords, keys and certificates that are made up, or fetched from where they are, when the run starts.
    pub generated: Vec<Generated>,
    /// Changes in `/etc/ngcp-config` that somebody else left uncommitted and that the apply would take along.
    pub foreign: Option<Foreign>,
}

/// Uncommitted work of somebody else in the configuration tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Paths as git names them.
    pub files: Vec<String>,
    /// What lay at each path when the plan was made, as SHA-256; `None` where nothing did. A later edit is not what
    /// was approved.
    #[serde(default)]
    pub states: BTreeMap<String, Option<String>>,
    /// What `git diff` says, cut at a sensible size.
    pub diff: String,
}

impl Plan {
    /// Whether nothing would be changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds the changes of another step behind those already here.
    pub fn join(&mut self, other: Plan) {
        self.changes.extend(other.changes);
        self.apply.extend(other.apply);
        self.effective.extend(other.effective);
        self.reminders.extend(other.reminders);
        self.partial |= other.partial;
        self.generated.extend(other.generated);
        self.foreign = self.foreign.take().or(other.foreign);
    }

    /// The guard under which a change is made: from the first change that the guard is about up to the guard itself,
    /// whosever change it is. Somebody who is cut off meanwhile must not wait for a runner that is gone.
    pub fn guard_over(&self, change: &Change) -> Option<(&Change, &Guard)> {
        let place = |wanted: &dyn Fn(&Change) -> bool| self.changes.iter().position(wanted);
        let here = place(&|one| one.id == change.id);
        let over = |(guarded, _): &(&Change, &Guard)| {
            place(&|one| guarded.guards(one)) <= here && here <= place(&|one| one.id == guarded.id)
        };
        self.changes.iter().filter_map(|one| Some((one, one.guard.as_ref()?))).find(over)
    }

    /// Every guard with the changes that go back when nobody confirms in time: for the review.
    pub fn covered(&self) -> Vec<(&Guard, Vec<&Change>)> {
        let of = |at: usize, guarded: &Change| {
            let made = |change: &Change| self.changes.iter().take(at + 1).any(|one| one.id == change.id);
            let mut back = self.taken_back(&|change| guarded.guards(change), &made, false);
            back.retain(|change| made(change));
            back
        };
        let all = self.changes.iter().enumerate();
        all.filter_map(|(at, change)| Some((change.guard.as_ref()?, of(at, change)))).collect()
    }

    /// What is taken back where these changes go: they themselves, and the configuration of all steps with its apply
    /// when it is not in force (`unapplied`), or when theirs is in force or lies below that of others. `stands`: what
    /// may have altered the host.
    pub fn taken_back(
        &self,
        goes: &dyn Fn(&Change) -> bool,
        stands: &dyn Fn(&Change) -> bool,
        unapplied: bool,
    ) -> Vec<&Change> {
        let all = &self.changes;
        let configures = |c: &Change| c.phase == Phase::Configure;
        let applied = |c: &Change| matches!(c.phase, Phase::Configure | Phase::Apply);
        let mut later = all.iter().skip_while(|c| !(goes(c) && configures(c) && stands(c)));
        let unapplies = |c: &Change| goes(c) && c.phase == Phase::Apply && stands(c);
        let all_applied =
            unapplied || all.iter().any(unapplies) || later.any(|c| applied(c) && !goes(c) && stands(c));
        // The daemons of these steps are told again, guarded or not.
        let tells = |c: &Change| {
            c.phase == Phase::After && all.iter().any(|other| other.step == c.step && configures(other))
        };
        all.iter().filter(|c| goes(c) || (all_applied && (applied(c) || tells(c)))).collect()
    }

    /// Everything the operator must do elsewhere when all of it is done.
    pub fn to_remember(&self) -> impl Iterator<Item = &str> {
        let bound = self.changes.iter().filter_map(|change| change.reminder.as_deref());
        bound.chain(self.reminders.iter().map(String::as_str))
    }

    /// Steps that have changes, in order, each once.
    pub fn steps(&self) -> Vec<StepId> {
        let mut steps: Vec<StepId> = Vec::new();
        for change in &self.changes {
            if steps.last() != Some(&change.step) {
                steps.push(change.step.clone());
            }
        }
        steps
    }
}
