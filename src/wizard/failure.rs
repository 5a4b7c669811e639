//! Why something did not work, for the operator.

use crate::finding::StepId;

/// Why something did not work and what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// What failed, because of what.
    pub message: String,
    /// What to do; may be empty.
    pub hints: Vec<String>,
    /// The step whose answers cannot be planned.
    pub step: Option<StepId>,
}

impl Failure {
    /// A failure without hints.
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), ..Failure::default() }
    }
}

impl From<&anyhow::Error> for Failure {
    /// The error with its chain of causes.
    fn from(error: &anyhow::Error) -> Self {
        Failure::new(format!("{error:#}"))
    }
}
