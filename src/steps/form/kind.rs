//! What can be answered, and how a line or a list is read as an answer: the same for every front end.

use std::{fmt, ops::RangeInclusive, path::PathBuf};

use crate::{
    host::network::Network,
    secret::{self, Secret},
    steps::{answers::Answer, size::Size},
};

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
    /// Several words without blanks and commas in them: names, ports.
    List {
        /// Before anybody answers.
        default: Vec<String>,
        /// From and to how many.
        count: RangeInclusive<usize>,
        /// What the step says of each.
        check: Check,
    },
    /// Addresses and networks.
    Networks {
        /// Before anybody answers.
        default: Vec<Network>,
        /// From and to how many.
        count: RangeInclusive<usize>,
    },
    /// An amount of bytes within bounds.
    Size {
        /// Before anybody answers.
        default: Size,
        /// Smallest.
        min: Size,
        /// Largest.
        max: Size,
    },
    /// One of a few words for what is worked out or left, or a value of another kind.
    Either {
        /// In order; the answer is the word.
        words: Vec<Choice>,
        /// The word, or the value as it is written, before anybody answers.
        default: String,
        /// What a value is, which is answered as that kind is: a number, a size, a text.
        or: Box<Kind>,
        /// Why a value that it is not is none, where that is worth a word.
        because: Option<String>,
    },
    /// The full name of a file on the host, which the step reads. There is none before anybody answers.
    File,
    /// A secret, typed twice, not echoed. Its name among the secrets is `STEP.KEY`.
    Secret {
        /// Words that make a guess easier (login, host name), for the strength estimate.
        hints: Vec<String>,
        /// It becomes a web login: printable ASCII without blanks, at most 40 characters.
        ascii_only: bool,
    },
    /// A secret that exists already: given once, not echoed, not judged. Its name among the secrets is `STEP.KEY`.
    Existing {
        /// It is a text of many lines, which is pasted.
        lines: bool,
    },
}

/// Longest secret that is typed on one line, in bytes.
pub const SECRET_LIMIT: usize = 1024;
/// Longest secret of many lines, in bytes.
pub const PASTED_LIMIT: usize = 256 * 1024;

impl Kind {
    /// The answer before anybody answers; a secret and a file have none.
    pub fn default(&self) -> Option<Answer> {
        match self {
            Kind::Choice { default, .. } => Some(Answer::Choice(default.clone())),
            Kind::Either { default, .. } => self.read(default).ok(),
            Kind::Text { default, .. } => Some(Answer::Text(default.clone())),
            Kind::Number { default, .. } => Some(Answer::Number(*default)),
            Kind::List { default, .. } => Some(Answer::List(default.clone())),
            Kind::Networks { default, .. } => Some(Answer::Networks(default.clone())),
            Kind::Size { default, .. } => Some(Answer::Size(*default)),
            Kind::File | Kind::Secret { .. } | Kind::Existing { .. } => None,
        }
    }

    /// How an answer is written, where that needs a word.
    pub fn hint(&self) -> Option<String> {
        match self {
            Kind::Number { min, max, .. } => Some(format!("a whole number from {min} to {max}")),
            Kind::List { count, .. } => Some(format!("{} to {} words", count.start(), count.end())),
            Kind::Networks { count, .. } => Some(format!(
                "{} to {} addresses or networks, like 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
                count.start(),
                count.end()
            )),
            Kind::Size { min, max, .. } => Some(format!("a size like 64M or 5G, from {min} to {max}")),
            Kind::Either { or, .. } => or.hint(),
            Kind::File => Some("the full name of a file on this host, from / on".to_owned()),
            Kind::Existing { lines: true } => Some("a text of many lines, whole".to_owned()),
            Kind::Choice { .. } | Kind::Text { .. } | Kind::Secret { .. } | Kind::Existing { .. } => None,
        }
    }

    /// The words that can be answered, each with what happens then; none where all answers are typed.
    pub fn words(&self) -> &[Choice] {
        match self {
            Kind::Choice { options: words, .. } | Kind::Either { words, .. } => words,
            _ => &[],
        }
    }

    /// Whether the answer is a secret.
    pub fn is_secret(&self) -> bool {
        matches!(self, Kind::Secret { .. } | Kind::Existing { .. })
    }

    /// Whether the answer is a text of many lines.
    pub fn takes_lines(&self) -> bool {
        matches!(self, Kind::Existing { lines: true })
    }

    /// Whether the answer is several items.
    pub fn is_list(&self) -> bool {
        matches!(self, Kind::List { .. } | Kind::Networks { .. })
    }

    /// At most so many characters are typed for it.
    pub fn limit(&self) -> usize {
        match self {
            Kind::Text { limit, .. } => (*limit).min(LINE_LIMIT),
            Kind::Number { .. } | Kind::Size { .. } => 20,
            Kind::Either { or, .. } => or.limit(),
            Kind::Networks { count, .. } => LINE_LIMIT.max(count.end().saturating_mul(NETWORK_LENGTH)),
            _ => LINE_LIMIT,
        }
    }

    /// The answer that a line says; for a secret see [`Self::judge`].
    ///
    /// # Errors
    /// Why it is none, in words that fit behind the question's label.
    pub fn read(&self, line: &str) -> Result<Answer, String> {
        let control = || line.chars().any(char::is_control).then(|| "holds a control character".to_owned());
        match self {
            Kind::Choice { options, .. } => {
                if options.iter().any(|option| option.value == line) {
                    return Ok(Answer::Choice(line.to_owned()));
                }
                let known: Vec<_> = options.iter().map(|option| option.value.as_str()).collect();
                Err(format!("'{line}' is not one of {}", known.join(", ")))
            }
            Kind::Text { limit, .. } if line.chars().count() > *limit => {
                Err(format!("longer than {limit} characters"))
            }
            Kind::Text { .. } | Kind::File if let Some(why) = control() => Err(why),
            Kind::Text { file: true, .. } if line.trim().starts_with('/') => {
                Ok(Answer::Text(line.to_owned()))
            }
            Kind::Text { check, .. } => (check.0)(line).map(|()| Answer::Text(line.to_owned())),
            Kind::Number { min, max, .. } => match line.trim().parse::<i64>() {
                Ok(number) if (*min..=*max).contains(&number) => Ok(Answer::Number(number)),
                _ => Err(format!("'{line}' is not a whole number from {min} to {max}")),
            },
            Kind::List { .. } | Kind::Networks { .. } => {
                let items: Vec<&str> = line.split(between).filter(|item| !item.is_empty()).collect();
                self.read_items(&items).map_err(|(_, why)| why)
            }
            Kind::Size { min, max, .. } => match line.parse::<Size>()? {
                size if (*min..=*max).contains(&size) => Ok(Answer::Size(size)),
                size => Err(format!("'{size}' is not from {min} to {max}")),
            },
            Kind::Either { words, or, because, .. } => {
                if words.iter().any(|word| word.value == line) {
                    return Ok(Answer::Choice(line.to_owned()));
                }
                or.read(line).map_err(|why| match because {
                    Some(because) => format!("{why}: {because}"),
                    None => {
                        let known: Vec<_> = words.iter().map(|word| word.value.as_str()).collect();
                        format!("{why}, nor one of {}", known.join(", "))
                    }
                })
            }
            Kind::File => file(line.trim()),
            Kind::Secret { .. } | Kind::Existing { .. } => {
                Err("a password does not belong here; put it into the secrets file".to_owned())
            }
        }
    }

    /// The answer that a list says, each item for itself.
    ///
    /// # Errors
    /// Why it is none, with the place of the item that is to blame, if one is.
    pub fn read_items(&self, items: &[&str]) -> Result<Answer, (Option<usize>, String)> {
        let (Kind::List { count, .. } | Kind::Networks { count, .. }) = self else {
            return Err((None, "takes one value, no list".to_owned()));
        };
        if !count.contains(&items.len()) {
            let (least, most) = (count.start(), count.end());
            return Err((None, format!("{} are named, from {least} to {most} can be", items.len())));
        }
        match self {
            Kind::List { check, .. } => {
                let word = |item: &str| match (check.0)(item) {
                    Ok(()) => Ok(item.to_owned()),
                    Err(why) => Err(format!("'{item}' {why}")),
                };
                each(items, word).map(Answer::List)
            }
            _ => each(items, str::parse).map(Answer::Networks),
        }
    }

    /// What is thought of a secret that answers this.
    ///
    /// # Errors
    /// Why it is not good enough, in words that go on after "It".
    pub fn judge(&self, given: &Secret) -> Result<String, String> {
        match self {
            Kind::Secret { hints, ascii_only } => secret::judge(given, hints, *ascii_only),
            Kind::Existing { lines } => existing(given, *lines),
            _ => secret::judge(given, &[], false),
        }
    }
}

/// Whether it can be a secret that exists already.
fn existing(given: &Secret, lines: bool) -> Result<String, String> {
    let limit = if lines { PASTED_LIMIT } else { SECRET_LIMIT };
    let text = given.expose_str().ok_or("is not valid UTF-8")?;
    let odd = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'));
    match () {
        () if text.is_empty() => Err("is empty".to_owned()),
        () if text.len() > limit => Err(format!("is larger than {limit} bytes")),
        () if text.chars().any(odd) => Err("holds a control character or a line break".to_owned()),
        () => Ok(String::new()),
    }
}

/// Longest line that is typed, in characters.
const LINE_LIMIT: usize = 4096;
/// A network and the blank behind it, in characters: no IPv6 network is longer.
const NETWORK_LENGTH: usize = 44;
/// Longest item of a list, in characters: no name on the network is longer.
const ITEM_LIMIT: usize = 255;
/// Longest name of a file, in bytes.
const PATH_LIMIT: usize = 4096;

/// What may stand between the items of a list on one line.
fn between(c: char) -> bool {
    c == ',' || c.is_whitespace()
}

/// Every item read, none of them twice.
fn each<T: PartialEq>(
    items: &[&str],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, (Option<usize>, String)> {
    let mut all = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match one(item).and_then(|()| read(item)) {
            Ok(value) if all.contains(&value) => {
                return Err((Some(at), format!("'{item}' stands here twice")));
            }
            Ok(value) => all.push(value),
            Err(why) => return Err((Some(at), why)),
        }
    }
    Ok(all)
}

/// Whether it can be an item of a list.
fn one(item: &str) -> Result<(), String> {
    match () {
        () if item.is_empty() => Err("an item is empty".to_owned()),
        () if item.chars().count() > ITEM_LIMIT => {
            Err(format!("an item is longer than {ITEM_LIMIT} characters"))
        }
        () if item.contains(between) => {
            Err(format!("'{item}' holds a blank or a comma; make it several items"))
        }
        () if item.chars().any(char::is_control) => Err("an item holds a control character".to_owned()),
        () => Ok(()),
    }
}

fn file(name: &str) -> Result<Answer, String> {
    let path = PathBuf::from(name);
    match () {
        () if name.is_empty() => Err("no file is named".to_owned()),
        () if !name.starts_with('/') => Err(format!("'{name}' is not a full name; begin it with /")),
        () if name.len() > PATH_LIMIT => Err(format!("longer than {PATH_LIMIT} bytes")),
        () if name.ends_with('/') || name.split('/').any(|part| part == "..") => {
            Err(format!("'{name}' is no file's own name; write it without .. and without / at its end"))
        }
        () => Ok(Answer::File(path.components().collect())),
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
