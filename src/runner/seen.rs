//! What became of the look for a change, and what may be said of it.

use crate::plan::Outcome;

/// What was seen of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// In a few words; none when nothing was looked for.
    words: Vec<String>,
    /// What is to be looked at.
    remarks: Vec<String>,
    /// Everything that was looked for was seen.
    whole: bool,
}

impl Seen {
    /// Nothing was looked for.
    pub(super) fn nothing() -> Self {
        Seen { words: Vec::new(), remarks: Vec::new(), whole: true }
    }

    /// All of it was seen.
    pub fn yes(words: impl Into<String>) -> Self {
        Seen { words: vec![words.into()], ..Seen::nothing() }
    }

    /// All of it was seen, and something beside it.
    pub fn but(remark: impl Into<String>) -> Self {
        Seen { remarks: vec![remark.into()], ..Seen::nothing() }
    }

    /// Not all of it is so, or nobody could look.
    pub fn in_part(remark: impl Into<String>) -> Self {
        Seen { whole: false, ..Seen::but(remark) }
    }

    /// Both; what was seen twice in the same words is said once.
    #[must_use]
    pub fn and(mut self, other: Seen) -> Self {
        let new: Vec<String> = other.words.into_iter().filter(|words| !self.words.contains(words)).collect();
        self.words.extend(new);
        self.remarks.extend(other.remarks);
        self.whole &= other.whole;
        self
    }

    /// Whether something was looked for, and all of it was seen.
    pub(super) fn is_whole(&self) -> bool {
        self.whole && !(self.words.is_empty() && self.remarks.is_empty())
    }

    /// Whether there is something to be looked at.
    pub(super) fn has_remarks(&self) -> bool {
        !self.remarks.is_empty()
    }

    /// What may be said of a change with it.
    pub(super) fn told(&self) -> (Outcome, String) {
        let outcome = if self.remarks.is_empty() { Outcome::Done } else { Outcome::Warning };
        let words = Some(self.words.join(", ")).filter(|words| !words.is_empty());
        (outcome, self.remarks.iter().cloned().chain(words).collect::<Vec<_>>().join("; "))
    }
}
