//! What each answer means beside the others, in words: the value, how it was worked out, what callers notice.

use super::{
    facts::Facts,
    names::by,
    questions::UNSET,
    sizing::{Becoming, sized},
};
use crate::steps::{Answers, figure::Meaning};

/// What the answers mean.
pub(super) fn meanings(facts: &Facts, answers: &Answers) -> Vec<Meaning> {
    let sized = sized(facts, answers);
    let options = sized.options.iter().map(|becoming| meaning(becoming, answers));
    let mut meanings: Vec<Meaning> = options.collect();
    if let Some((key, why)) = sized.refused {
        match meanings.iter_mut().find(|meaning| meaning.key == key) {
            Some(meaning) => meaning.refused = Some(why),
            None => meanings.push(Meaning { key, refused: Some(why), ..Meaning::default() }),
        }
    }
    meanings
}

/// The value that an option will have, as it is written.
pub(super) fn value(becoming: &Becoming<'_>) -> String {
    let written = |value: &super::amount::Amount| value.written(becoming.now.text.as_deref());
    becoming.value.as_ref().map_or_else(|| UNSET.to_owned(), written)
}

fn meaning(becoming: &Becoming<'_>, answers: &Answers) -> Meaning {
    let key = &becoming.now.name;
    let answer = answers.choice(key).ok().flatten();
    let how = match answer {
        Some(by::AUTO) if becoming.proposed.is_some() => " auto",
        Some(by::AUTO | by::KEEP) => " kept",
        _ => "",
    };
    Meaning {
        key: key.clone(),
        becomes: format!("{}{how}", value(becoming)),
        rule: becoming.rule.clone().filter(|_| answer == Some(by::AUTO)),
        effect: Some(effect(becoming)),
        refused: becoming.refused.clone(),
        differs: becoming.changes(),
    }
}

/// What happens when the value is set.
fn effect(becoming: &Becoming<'_>) -> String {
    if !becoming.changes() {
        return "It stays as it is.".to_owned();
    }
    let option = becoming.option;
    match (&option.notice, &option.restarts) {
        (Some(notice), _) => sentence(notice),
        (None, Some(service)) => format!("{service} restarts; callers notice nothing."),
        (None, None) => "Callers notice nothing.".to_owned(),
    }
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
