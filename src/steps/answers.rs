//! Answers of one step as plain data, apart from the secrets. What can be answered and how it is read is the form's
//! business.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::size::Size;
use crate::host::network::Network;

/// What was answered in one step. Secrets are only known by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Field key to answer.
    pub values: BTreeMap<String, Answer>,
    /// Names (`STEP.KEY`) of the secrets that were given and are good enough.
    pub secrets: BTreeSet<String>,
}

/// One answer, of the kind that its question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The value of the option that was chosen.
    Choice(String),
    /// One line.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Words in order, without blanks and commas in them.
    List(Vec<String>),
    /// Addresses and networks, in order.
    Networks(Vec<Network>),
    /// So many bytes.
    Size(Size),
    /// A file on the host.
    File(PathBuf),
}

impl fmt::Display for Answer {
    /// On one line, as it can be typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Choice(text) | Answer::Text(text) => f.write_str(text),
            Answer::Number(number) => write!(f, "{number}"),
            Answer::List(_) | Answer::Networks(_) => f.write_str(&self.items().join(", ")),
            Answer::Size(size) => write!(f, "{size}"),
            Answer::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Answer {
    /// Each of several; one for an answer that is no list.
    pub fn items(&self) -> Vec<String> {
        match self {
            Answer::List(words) => words.clone(),
            Answer::Networks(networks) => networks.iter().map(Network::to_string).collect(),
            one => vec![one.to_string()],
        }
    }
}

/// Each `None` where the question was not asked, and an error where the answer is of another kind.
impl Answers {
    /// The value of the chosen option.
    ///
    /// # Errors
    /// When it is none.
    pub fn choice(&self, key: &str) -> Result<Option<&str>> {
        self.of_kind(
            key,
            |answer| if let Answer::Choice(value) = answer { Some(value.as_str()) } else { None },
        )
    }

    /// A line of text.
    ///
    /// # Errors
    /// When it is none.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        self.of_kind(key, |answer| if let Answer::Text(text) = answer { Some(text.as_str()) } else { None })
    }

    /// A number.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self, key: &str) -> Result<Option<i64>> {
        self.of_kind(key, |answer| if let Answer::Number(number) = answer { Some(*number) } else { None })
    }

    /// Several words.
    ///
    /// # Errors
    /// When they are none.
    pub fn list(&self, key: &str) -> Result<Option<&[String]>> {
        self.of_kind(
            key,
            |answer| if let Answer::List(words) = answer { Some(words.as_slice()) } else { None },
        )
    }

    /// Addresses and networks.
    ///
    /// # Errors
    /// When they are none.
    pub fn networks(&self, key: &str) -> Result<Option<&[Network]>> {
        self.of_kind(
            key,
            |answer| if let Answer::Networks(all) = answer { Some(all.as_slice()) } else { None },
        )
    }

    /// A size.
    ///
    /// # Errors
    /// When it is none.
    pub fn size(&self, key: &str) -> Result<Option<Size>> {
        self.of_kind(key, |answer| if let Answer::Size(size) = answer { Some(*size) } else { None })
    }

    /// A file on the host.
    ///
    /// # Errors
    /// When it is none.
    pub fn file(&self, key: &str) -> Result<Option<&Path>> {
        self.of_kind(key, |answer| if let Answer::File(path) = answer { Some(path.as_path()) } else { None })
    }

    fn of_kind<'a, T>(&'a self, key: &str, read: impl Fn(&'a Answer) -> Option<T>) -> Result<Option<T>> {
        let Some(answer) = self.values.get(key) else { return Ok(None) };
        read(answer).map(Some).with_context(|| format!("{key}: an answer of another kind, {answer:?}"))
    }
}
