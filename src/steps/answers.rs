//! Answers of one step as plain data, apart from the secrets.

use std::collections::{BTreeMap, BTreeSet};

/// What was answered in one step. Secrets are only known by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Field key to value.
    pub values: BTreeMap<String, String>,
    /// Names (`STEP.KEY`) of the secrets that were given and are good enough.
    pub secrets: BTreeSet<String>,
}

impl Answers {
    /// The answer to a field; empty when there is none.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }
}
