//! Questions as data: what a step asks, with defaults. How they are shown and typed is the wizard's business.

use std::fmt;

use super::Answers;
use crate::{
    finding::{Finding, Status},
    secret::{self, Secret},
};

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

    /// The questions that are asked once these answers are given.
    pub fn asked<'a>(&'a self, answers: &'a Answers) -> impl Iterator<Item = &'a Field> {
        let answer = |key: &str| answers.values.get(key).map(String::as_str);
        self.fields.iter().filter(move |field| self.asks(field, answer))
    }

    /// Whether a question is asked: what it depends on is asked itself and has that answer.
    pub fn asks<'a>(&self, field: &Field, answer: impl Fn(&str) -> Option<&'a str>) -> bool {
        let mut now = field;
        // A chain is at most as long as the form, else it runs in a circle and nothing of it is asked.
        for _ in 0..=self.fields.len() {
            let Some((key, wanted)) = &now.only_if else { return true };
            match self.field(key) {
                Some(other) if answer(key) == Some(wanted) => now = other,
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
    /// Asked only while that other field of the step has that value.
    pub only_if: Option<(String, String)>,
}

/// Whether a name means the question with this key: it is the key, or ends in a dot and the key begins with it.
pub fn names(name: &str, key: &str) -> bool {
    name == key || (name.ends_with('.') && key.starts_with(name))
}

/// Bytes of a size as the platform writes it: `64M`, `2G`. Never a bare number: nobody knows what that counts.
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match &*text[digits.len()..].to_ascii_uppercase() {
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| plain)?.checked_mul(1024u64.pow(power))
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
        /// What the step says of an answer, the same at its field, in an answers file and in the plan.
        check: Check,
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

impl Kind {
    /// The answer before anybody answers; a secret has none.
    pub fn default(&self) -> Option<String> {
        match self {
            Kind::Choice { default, .. } | Kind::Text { default, .. } => Some(default.clone()),
            Kind::Number { default, .. } => Some(default.to_string()),
            Kind::Secret { .. } => None,
        }
    }

    /// What is thought of a secret that answers this.
    ///
    /// # Errors
    /// Why it is not good enough, in words that go on after "It".
    pub fn judge(&self, given: &Secret) -> Result<String, String> {
        match self {
            Kind::Secret { hints, ascii_only } => secret::judge(given, hints, *ascii_only),
            _ => secret::judge(given, &[], false),
        }
    }
}

/// Whether a text is an answer, and if not, why, in words for people. Pure.
#[derive(Clone, Copy)]
pub struct Check(pub fn(&str) -> Result<(), String>);

impl Check {
    /// Every text is one.
    pub const NONE: Check = Check(|_| Ok(()));
}

/// A question is the same whatever judges its answer.
impl PartialEq for Check {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Check {}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check")
    }
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

impl<V: Into<String>, L: Into<String>, E: Into<String>> From<(V, L, E)> for Choice {
    /// From value, label and effect.
    fn from((value, label, effect): (V, L, E)) -> Self {
        Choice { value: value.into(), label: label.into(), effect: effect.into() }
    }
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
    pub fn only_if(mut self, key: &str, answer: &str) -> Self {
        self.only_if = Some((key.to_owned(), answer.to_owned()));
        self
    }

    /// Whether this can be answered; for a secret see [`Kind::judge`].
    ///
    /// # Errors
    /// Why not, in words that fit behind the question's label.
    pub fn check(&self, answer: &str) -> Result<(), String> {
        match &self.kind {
            Kind::Choice { options, .. } if options.iter().any(|option| option.value == answer) => Ok(()),
            Kind::Choice { options, .. } => {
                let known: Vec<_> = options.iter().map(|option| option.value.as_str()).collect();
                Err(format!("'{answer}' is not one of {}", known.join(", ")))
            }
            Kind::Text { limit, .. } if answer.chars().count() > *limit => {
                Err(format!("longer than {limit} characters"))
            }
            Kind::Text { .. } if answer.chars().any(char::is_control) => {
                Err("holds a control character".to_owned())
            }
            Kind::Text { file: true, .. } if answer.trim().starts_with('/') => Ok(()),
            Kind::Text { check, .. } => (check.0)(answer),
            Kind::Number { min, max, .. } => match answer.trim().parse::<i64>() {
                Ok(number) if (*min..=*max).contains(&number) => Ok(()),
                _ => Err(format!("'{answer}' is not a whole number from {min} to {max}")),
            },
            Kind::Secret { .. } => {
                Err("a password does not belong here; put it into the secrets file".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: Kind) -> Field {
        Field::new("x", "X", kind)
    }

    #[test]
    fn a_size_has_a_unit() {
        for (text, bytes) in [
            ("64M", Some(64 << 20)),
            (" 2g ", Some(2 << 30)),
            ("0K", Some(0)),
            ("1T", Some(1 << 40)),
            ("64", None),
            ("M", None),
            ("", None),
            ("1.5G", None),
            ("-1G", None),
            ("+1G", None),
            ("64MB", None),
            ("64 M", None),
            ("99999999999T", None),
        ] {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }

    /// Below a question that is not asked itself nothing is asked, and questions in a circle never are.
    #[test]
    fn a_question_is_asked_only_with_the_one_above_it() {
        let on = |key: &str, above: Option<&str>| {
            let kind = Kind::Text { default: "yes".to_owned(), limit: 5, file: false, check: Check::NONE };
            let only_if = above.map(|above| (above.to_owned(), "yes".to_owned()));
            Field { key: key.to_owned(), only_if, ..field(kind) }
        };
        let fields = vec![
            on("a", None),
            on("b", Some("a")),
            on("c", Some("b")),
            on("x", Some("y")),
            on("y", Some("x")),
            on("z", Some("nowhere")),
        ];
        let form = Form { fields, ..Form::default() };
        let mut answers = form.defaults();
        let asked =
            |answers: &Answers| form.asked(answers).map(|field| field.key.clone()).collect::<Vec<_>>();
        assert_eq!(asked(&answers), ["a", "b", "c"]);
        answers.values.insert("a".to_owned(), "no".to_owned());
        assert_eq!(asked(&answers), ["a"]);
    }

    #[test]
    fn an_answer_is_judged_at_its_field() {
        let check = Check(|text| if text == "foo" { Err("is foo".to_owned()) } else { Ok(()) });
        let text = field(Kind::Text { default: String::new(), limit: 5, file: true, check });
        let number = field(Kind::Number { default: 60, min: 20, max: 3600 });
        let choice = field(Kind::Choice { options: vec![("a", "", "").into()], default: "a".to_owned() });
        for (field, answer, why) in [
            (&text, "", ""),
            (&text, "/foo", ""),
            (&text, "foo", "is foo"),
            (&text, "foobar", "longer than 5 characters"),
            (&text, "a\u{1b}", "holds a control character"),
            (&number, " 20 ", ""),
            (&number, "5x", "'5x' is not a whole number from 20 to 3600"),
            (&number, "5", "'5' is not a whole number from 20 to 3600"),
            (&choice, "a", ""),
            (&choice, "b", "'b' is not one of a"),
        ] {
            assert_eq!(field.check(answer).err().unwrap_or_default(), why, "{answer:?}");
        }
    }
}
