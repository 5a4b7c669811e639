//! What will happen, as data: shown, diffed, approved, run, journalled, undone and exported, never computed twice.
//! No I/O and no secrets here; a secret is named and travels beside the plan.

mod change;
mod diff;
mod template;

pub use change::{Action, Change, CommandLine, Edit, Guard, Left, Outcome, Proof, Touched, Undo};
pub use diff::{changed_ranges, unified};
pub use template::{Piece, Template};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::StepId;

/// Everything that will be done, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The changes, grouped by step in the wizard's order; the one `ngcpcfg apply` comes behind them, and behind it
    /// only the reloads of services that read what it makes.
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
    /// Passwords and keys that are made up for this plan.
    pub generated: Vec<Generated>,
    /// Changes in `/etc/ngcp-config` that somebody else left uncommitted and that the apply would take along.
    pub foreign: Option<Foreign>,
}

/// A secret made up for a plan: shown once before it is set, stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// Name in [`crate::secret::Secrets`].
    pub secret: String,
    /// Whose: "web administrator administrator".
    pub label: String,
    /// What it is.
    pub kind: Making,
}

/// What is made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// A password: shown as it is set.
    Password,
    /// A pair of SSH keys: the host gets the public line, the operator is shown the private file.
    KeyPair {
        /// Stands behind both.
        comment: String,
    },
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
