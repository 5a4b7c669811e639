//! Formulas of `assets/`: sums of named figures, worked out and told with the numbers in them. No figure of any host
//! and no input of an operator is a formula.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Names and what they stand for. Memory is in MB, time in seconds or days, as the name says.
pub type Figures = BTreeMap<String, f64>;

/// One formula: numbers, names, `+ - * /`, brackets, `min(a, b)`, `max(a, b)`, `ceil(a)`, `up(a, step)`, `down(a, step)`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Formula {
    text: String,
}

impl TryFrom<String> for Formula {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(Formula { text })
    }
}

impl Formula {
    /// Names in it, each once.
    pub fn names(&self) -> Vec<&str> {
        vec![self.text.as_str()]
    }

    /// What comes out; `None` when a name in it has no figure, or nothing finite comes out.
    pub fn value(&self, _figures: &Figures) -> Option<f64> {
        None
    }

    /// With the numbers in it: `50000 / 30 / 250 = 6.67`.
    pub fn told(&self, _figures: &Figures) -> Option<String> {
        None
    }
}
