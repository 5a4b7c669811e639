//! Questions as data: what a step asks, with defaults. How they are shown and typed is the wizard's business.

use crate::finding::Finding;

/// The questions of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// In order.
    pub fields: Vec<Field>,
    /// Said above the questions; empty when there is nothing to say.
    pub note: String,
    /// Keys of questions that this host does not raise today. An answers file may answer them all the same, so that
    /// one file fits before and after, and many hosts. One that ends in a dot stands for all that begin with it.
    pub settled: Vec<String>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Key in the answers, unique in the step: `root`, `root.password`.
    pub key: String,
    /// "MySQL root".
    pub label: String,
    /// What is so today: "empty, 4 of 4 rows". Empty when there is nothing to say.
    pub now: String,
    /// Whether what is so today is well, for the glyph before `now`.
    pub now_status: Option<crate::finding::Status>,
    /// What can be answered.
    pub kind: Kind,
    /// One line shown while the field has the focus.
    pub help: String,
    /// Asked only while that other field of the step has that value.
    pub only_if: Option<(String, String)>,
}

/// What can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One of several; the answer is the value.
    Choice {
        /// In order.
        options: Vec<Choice>,
        /// Value of the one chosen before anybody answers.
        default: String,
    },
    /// One line of text.
    Text {
        /// Before anybody answers.
        default: String,
        /// At most so many characters.
        limit: usize,
        /// The name of a file with that one line does as well.
        file: bool,
    },
    /// A whole number within bounds.
    Number {
        /// Before anybody answers.
        default: i64,
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A secret, typed twice, not echoed. Its name among the secrets is `STEP.KEY`.
    Secret {
        /// Words that make a guess easier (login, host name), for the strength estimate.
        hints: Vec<String>,
        /// It becomes a web login: printable ASCII without blanks, at most 40 characters.
        ascii_only: bool,
    },
}

/// One way to answer a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Stored in the answers: `generate`.
    pub value: String,
    /// Short: "generate".
    pub label: String,
    /// What happens then, one line.
    pub effect: String,
}

impl Choice {
    /// One way to answer.
    pub fn new(value: impl Into<String>, label: impl Into<String>, effect: impl Into<String>) -> Self {
        Choice { value: value.into(), label: label.into(), effect: effect.into() }
    }
}

impl Field {
    /// A choice about what a finding says today; asked always.
    pub fn choice(
        key: &str,
        label: &str,
        now: Option<&Finding>,
        options: Vec<Choice>,
        default: &str,
        help: &str,
    ) -> Self {
        Field {
            key: key.to_owned(),
            label: label.to_owned(),
            now: now.map(|finding| finding.title.clone()).unwrap_or_default(),
            now_status: now.map(|finding| finding.status),
            kind: Kind::Choice { options, default: default.to_owned() },
            help: help.to_owned(),
            only_if: None,
        }
    }
}
