//! Questions as data: what a step asks, with defaults. How they are shown and typed is the wizard's business.

mod kind;
#[cfg(test)]
mod tests;

use super::{Answers, answers::Answer};
use crate::finding::{Finding, Status};
pub use kind::{Check, Choice, Kind, PASTED_LIMIT, SECRET_LIMIT};

/// The questions of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// In order.
    pub fields: Vec<Field>,
    /// Said above the questions.
    pub note: Option<String>,
    /// Keys of questions that this host does not raise today. An answers file may answer them all the same, so that
    /// one file fits before and after, and many hosts. One that ends in a dot stands for all that begin with it.
    pub settled: Vec<String>,
    /// Titles of the table that questions with [`Field::columns`] stand in: of the label, of each of those columns, of
    /// what is so today, of the answer.
    pub heads: Vec<String>,
}

impl Form {
    /// The question with this key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The answers before anybody answers.
    pub fn defaults(&self) -> Answers {
        let fields = self.fields.iter();
        let values = fields.filter_map(|field| Some((field.key.clone(), field.kind.default()?)));
        Answers { values: values.collect(), ..Answers::default() }
    }

    /// The answer to a question that a line says.
    ///
    /// # Errors
    /// Why it is none, in words that fit behind the question's label; of a way to answer that is not offered, what the
    /// form says of that.
    pub fn read(&self, field: &Field, line: &str) -> Result<Answer, String> {
        field.kind.read(line).map_err(|why| match (&field.kind, &self.note) {
            (Kind::Choice { .. }, Some(note)) => format!("{why}. {note}"),
            _ => why,
        })
    }

    /// Whether these are answers to the questions, those that are not asked here aside.
    ///
    /// # Errors
    /// Key of the one that is not, and why.
    pub fn check(&self, answers: &Answers) -> Result<(), (String, String)> {
        for field in &self.fields {
            let Some(answer) = answers.values.get(&field.key) else { continue };
            let read = self.read(field, &answer.to_string()).map_err(|why| (field.key.clone(), why))?;
            if read != *answer {
                return Err((field.key.clone(), "is an answer of another kind".to_owned()));
            }
        }
        Ok(())
    }

    /// The questions that are asked once these answers are given.
    pub fn asked<'a>(&'a self, answers: &'a Answers) -> impl Iterator<Item = &'a Field> {
        let answer = |key: &str| match answers.values.get(key) {
            Some(Answer::Choice(value)) => Some(value.as_str()),
            _ => None,
        };
        self.fields.iter().filter(move |field| self.asks(field, answer))
    }

    /// Whether a question is asked: what it depends on is asked itself and has that answer.
    pub fn asks<'a>(&self, field: &Field, answer: impl Fn(&str) -> Option<&'a str>) -> bool {
        let mut now = field;
        // A chain is at most as long as the form, else it runs in a circle and nothing of it is asked.
        for _ in 0..=self.fields.len() {
            let Some((key, wanted)) = &now.only_if else { return true };
            match self.field(key) {
                Some(other) if answer(key).is_some_and(|given| wanted.iter().any(|one| one == given)) => {
                    now = other;
                }
                _ => return false,
            }
        }
        false
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Key in the answers, unique in the step: `root`, `root.password`.
    pub key: String,
    /// "MySQL root".
    pub label: String,
    /// What is so today: "empty, 4 of 4 rows".
    pub now: Option<String>,
    /// Whether what is so today is well, for the glyph before `now`.
    pub now_status: Option<Status>,
    /// What can be answered.
    pub kind: Kind,
    /// One line shown while the field has the focus.
    pub help: Option<String>,
    /// Asked only while that other field of the step has one of these values.
    pub only_if: Option<(String, Vec<String>)>,
    /// Who leaves it out of an answers file means what is chosen before anybody answers.
    pub optional: bool,
    /// Nothing is to be decided about it today: it has no row. An answers file answers it, for other days and hosts.
    pub quiet: bool,
    /// It stands in a table: what it says between its label and what is so today.
    pub columns: Vec<String>,
    /// The answer that leaves it as it is; a text that is no answer where none does, `None` where that is not known.
    pub as_it_is: Option<String>,
    /// More that is told while it has the focus, each with a word of at most eight letters before it.
    pub told: Vec<(&'static str, String)>,
    /// Key of a question whose answer is told along with it.
    pub beside: Option<String>,
}

/// Whether a name means the question with this key: it is the key, or ends in a dot and the key begins with it.
pub fn names(name: &str, key: &str) -> bool {
    name == key || (name.ends_with('.') && key.starts_with(name))
}

impl Field {
    /// A question that is asked always, with nothing said beside it.
    pub fn new(key: impl Into<String>, label: impl Into<String>, kind: Kind) -> Self {
        Field {
            key: key.into(),
            label: label.into(),
            now: None,
            now_status: None,
            kind,
            help: None,
            only_if: None,
            optional: false,
            quiet: false,
            columns: Vec::new(),
            as_it_is: None,
            told: Vec::new(),
            beside: None,
        }
    }

    /// A choice of options, each a value, a label and an effect.
    pub fn choice<O: Into<Choice>>(
        key: impl Into<String>,
        label: impl Into<String>,
        options: impl IntoIterator<Item = O>,
        default: &str,
    ) -> Self {
        let options = options.into_iter().map(Into::into).collect();
        Field::new(key, label, Kind::Choice { options, default: default.to_owned() })
    }

    /// The same question about what this finding says today.
    #[must_use]
    pub fn about(mut self, finding: Option<&Finding>) -> Self {
        self.now = finding.map(|finding| finding.title.clone());
        self.now_status = finding.map(|finding| finding.status);
        self
    }

    /// The same question, with what is so today in a word or two: where the finding fails, and where it holds.
    #[must_use]
    pub fn in_short(mut self, fails: &str, holds: &str) -> Self {
        let word = match self.now_status {
            Some(Status::Fail) => fails,
            Some(Status::Pass) => holds,
            Some(Status::Unknown) => "not known",
            Some(Status::NotApplicable) | None => return self,
        };
        self.now = Some(word.to_owned());
        self
    }

    /// The same question with a line that is shown while it has the focus.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same question, asked only while that other one has that answer.
    #[must_use]
    pub fn only_if(self, key: &str, answer: &str) -> Self {
        self.only_if_any(key, &[answer])
    }

    /// The same question, asked only while that other one has one of these answers.
    #[must_use]
    pub fn only_if_any(mut self, key: &str, answers: &[&str]) -> Self {
        self.only_if = Some((key.to_owned(), answers.iter().map(|one| (*one).to_owned()).collect()));
        self
    }

    /// The same question, which an answers file may leave out.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}
