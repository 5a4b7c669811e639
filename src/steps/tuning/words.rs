//! What each answer means beside the others, in words: the value, how it was worked out, what callers notice.

use super::{
    facts::Facts,
    names::{ABOUT, asks, by},
    plan,
    questions::{UNSET, proposing},
    sizing::{Becoming, Sized, sized},
};
use crate::steps::{Answers, figure::Meaning};

/// What the answers mean.
pub(super) fn meanings(facts: &Facts, answers: &Answers) -> Vec<Meaning> {
    if answers.choice(asks::VALUES).ok().flatten() != Some(by::PROPOSED) {
        return vec![all(&sized(facts, &proposing(answers.clone())), "would change")];
    }
    let there = answers.choice(asks::SHADOWED).ok().flatten() == Some(by::THERE);
    let sized = sized(facts, answers);
    let mut meanings = vec![all(&sized, "change")];
    meanings.extend(sized.options.iter().map(|one| Meaning {
        refused: one.refused.clone().or_else(|| elsewhere(facts, one, there)),
        ..meaning(one, answers)
    }));
    if let Some((key, why)) = sized.refused {
        match meanings.iter_mut().find(|meaning| meaning.key == key) {
            Some(meaning) => meaning.refused = meaning.refused.take().or(Some(why)),
            None => meanings.push(Meaning { key, refused: Some(why), ..Meaning::default() }),
        }
    }
    meanings
}

/// The value that an option will have, as it is written.
pub(super) fn value(becoming: &Becoming<'_>) -> String {
    becoming.text().or_else(|| becoming.now.text.clone()).unwrap_or_else(|| UNSET.to_owned())
}

/// All values together.
fn all(sized: &Sized<'_>, change: &str) -> Meaning {
    let changing: Vec<&Becoming<'_>> = sized.options.iter().filter(|one| one.changes()).collect();
    let mut services: Vec<&str> = changing.iter().filter_map(|one| one.option.restarts.as_deref()).collect();
    services.sort_unstable();
    services.dedup();
    let restart = match services.len() {
        0 => String::new(),
        1 => format!("; {} restarts", services.join("")),
        _ => format!("; {} restart", services.join(", ")),
    };
    let effect = match changing.len() {
        0 => "Every value is as proposed.".to_owned(),
        many => format!("{many} of {} values {change}{restart}.", sized.options.len()),
    };
    Meaning { key: asks::VALUES.to_owned(), effect: Some(effect), ..Meaning::default() }
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
        rule: rule(becoming).filter(|_| answer == Some(by::AUTO)),
        effect: Some(effect(becoming)),
        refused: None,
        differs: becoming.changes(),
    }
}

/// How the proposal comes about; of a value that cannot stay, why.
fn rule(becoming: &Becoming<'_>) -> Option<String> {
    if becoming.rule.is_some() || !becoming.changes() {
        return becoming.rule.clone();
    }
    let has = becoming.has.as_ref()?;
    let why = match has {
        Ok(has) => has.is_legal(&becoming.option.unit).err()?,
        Err(why) => why.clone(),
    };
    Some(format!("{why}; {} is that of a fresh installation", value(becoming)))
}

/// Why the value cannot be set because somebody else decides it.
fn elsewhere(facts: &Facts, one: &Becoming<'_>, there: bool) -> Option<String> {
    let why = plan::decided_in(facts, one, there).err().filter(|_| one.changes())?.to_string();
    let named = format!("{}.{}: ", ABOUT.id, one.now.name);
    Some(why.strip_prefix(&named).unwrap_or(&why).to_owned())
}

/// What happens when the value is set.
fn effect(becoming: &Becoming<'_>) -> String {
    if !becoming.changes() {
        return "It stays as it is.".to_owned();
    }
    let option = becoming.option;
    let mut said = match (&option.notice, &option.restarts) {
        (Some(notice), _) => sentence(notice),
        (None, Some(service)) => format!("{service} restarts; callers notice nothing."),
        (None, None) => "Callers notice nothing.".to_owned(),
    };
    let less = option.less.as_deref().filter(|_| becoming.is_less());
    let more = less.into_iter().chain(becoming.warned);
    for words in more {
        said = format!("{said} {}", sentence(words));
    }
    said
}

/// With a full stop, and a capital letter where it does not begin with the name of a service.
fn sentence(words: &str) -> String {
    if words.split(' ').next().is_some_and(|first| first.contains('-')) {
        return format!("{}.", words.trim_end_matches('.'));
    }
    let mut letters = words.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests;
