//! Answers that outlive a session: what was typed and chosen, never a secret. Plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::StepId;

/// Answers to be continued with at the next start. Empty when there is nothing to continue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// The step where the operator was, for the linear way.
    pub place: Option<StepId>,
    /// Per step that was answered.
    pub steps: BTreeMap<StepId, StepDraft>,
}

/// Answers of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepDraft {
    /// Whether the step belongs to the plan.
    pub ticked: bool,
    /// Field key to what was typed or chosen; only answers that differ from the default.
    pub values: BTreeMap<String, String>,
}

impl Draft {
    /// Nothing to continue.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
