//! What each option becomes: its proposal by the formula of `assets/options.yml`, or the operator's own value. Pure.

use super::{
    amount::Amount,
    facts::{Facts, Now},
};
use crate::{
    ngcp::options::{formula::Figures, tuning::Tuning},
    steps::Answers,
};

/// What becomes of one option.
#[derive(Debug, Clone)]
pub(super) struct Becoming<'a> {
    /// What is so now.
    pub(super) now: &'a Now,
    /// What is known of it.
    pub(super) option: &'static Tuning,
    /// The value that it will have; `None` where it has none and gets none.
    pub(super) value: Option<Amount>,
    /// The value that its formula proposes; `None` without a formula, or where a figure of it is not known.
    pub(super) proposed: Option<Amount>,
    /// The formula with the numbers in it, or which figure is missing.
    pub(super) rule: Option<String>,
    /// Why it cannot be: by its own range or beside the others.
    pub(super) refused: Option<String>,
}

/// All values together.
#[derive(Debug, Clone)]
pub(super) struct Sized<'a> {
    /// In the order of the facts.
    pub(super) options: Vec<Becoming<'a>>,
    /// The figures of host and answers, with the values that the options will have.
    pub(super) planned: Figures,
    /// The same with the values that they have now.
    pub(super) today: Figures,
    /// Why all of it together cannot be, with the key of the question to change: memory, keepalives.
    pub(super) refused: Option<(String, String)>,
}

impl Becoming<'_> {
    /// Whether it is another value than config.yml uses now.
    pub(super) fn changes(&self) -> bool {
        false
    }
}

/// What the options become with these answers.
pub(super) fn sized<'a>(_facts: &'a Facts, _answers: &Answers) -> Sized<'a> {
    Sized { options: Vec::new(), planned: Figures::new(), today: Figures::new(), refused: None }
}
