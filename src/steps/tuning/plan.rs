//! What must be done: the values in config.yml, or in the file that decides instead of it; one apply, after which the
//! running services must show them. How a value is worked out is not known here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use super::{
    facts::{Facts, Running},
    findings,
    names::{ABOUT, asks, by, id},
    sizing::{Becoming, Sized, sized},
};
use crate::{
    finding::Status,
    ngcp::config::DIRECTORY,
    plan::{Action, Change, Claim, Edit, Phase, Plan, Proof, Template, Undo},
    steps::{Answer, Answers},
};

/// Seconds in which the database and kamailio must be back with their new values: kamailio-proxy reads all
/// registrations from the database when it starts.
const BACK: u64 = 90;
/// So many values are named in a title.
const NAMED: usize = 3;

/// # Errors
/// Names the question whose answer cannot be, and why.
pub(super) fn plan(facts: &Facts, answers: &Answers) -> Result<Plan> {
    if answers.choice(asks::VALUES)? != Some(by::PROPOSED) {
        return match facts.options.iter().find(|now| is_own(answers.values.get(&now.name))) {
            Some(now) => bail!(
                "{}.{}: is answered, and {} is '{}': answer it with '{}'",
                ABOUT.id,
                now.name,
                asks::VALUES,
                by::LEAVE,
                by::PROPOSED
            ),
            None => Ok(Plan::default()),
        };
    }
    if let Some(why) = &facts.unread {
        bail!("{}.{}: {why}", ABOUT.id, asks::VALUES);
    }
    let sized = sized(facts, answers);
    for one in &sized.options {
        if let Some(why) = &one.refused {
            bail!("{}.{}: {why}", ABOUT.id, one.now.name);
        }
    }
    if let Some((key, why)) = &sized.refused {
        bail!("{}.{key}: {why}", ABOUT.id);
    }
    let there = answers.choice(asks::SHADOWED)? == Some(by::THERE);
    let mut files: BTreeMap<PathBuf, Vec<&Becoming<'_>>> = BTreeMap::new();
    for one in sized.options.iter().filter(|one| one.changes()) {
        files.entry(decided_in(facts, one, there)?).or_default().push(one);
    }
    let mut plan = Plan::default();
    for (number, (file, options)) in files.iter().enumerate() {
        plan.changes.push(edit(file, options, number));
    }
    if !plan.is_empty() {
        plan.apply.push(ABOUT.id.to_string());
        looked_at(files.values().flatten(), &mut plan);
    }
    not_in_force(facts, &sized, &mut plan);
    not_sized(&sized, &mut plan);
    plan.reminders.extend(sized.said());
    Ok(plan)
}

/// Whether it is a value, no word for what is worked out or left.
fn is_own(answer: Option<&Answer>) -> bool {
    let is_word =
        |answer: &Answer| matches!(answer, Answer::Choice(word) if word == by::AUTO || word == by::KEEP);
    answer.is_some_and(|answer| !is_word(answer))
}

/// The file in which the value is set.
///
/// # Errors
/// When somebody else decides it.
pub(super) fn decided_in(facts: &Facts, one: &Becoming<'_>, there: bool) -> Result<PathBuf> {
    let key = format!("{}.{}", ABOUT.id, one.now.name);
    let path = one.now.path.join(".");
    if let Some(owner) = facts.owners.iter().find(|owner| owner.option.as_ref() == Some(&one.now.name)) {
        bail!(
            "{key}: {} decides it, {path} would change nothing ({}): take it out there, or answer '{}'",
            owner.name,
            owner.evidence,
            by::KEEP
        );
    }
    let Some(shadow) = &one.now.shadow else { return Ok(Path::new(DIRECTORY).join("config.yml")) };
    let place = format!("{} line {}", shadow.file.display(), shadow.line);
    match (shadow.editable, there) {
        (true, true) => Ok(shadow.file.clone()),
        (true, false) => bail!(
            "{key}: {place} decides {path}, config.yml would change nothing: answer {}.{} with '{}' to set it there, or this one with '{}'",
            ABOUT.id,
            asks::SHADOWED,
            by::THERE,
            by::KEEP
        ),
        (false, _) => bail!(
            "{key}: {place} decides {path} and is never edited by this program: take it out there by hand, or answer '{}'",
            by::KEEP
        ),
    }
}

/// All values of one file, in one change.
fn edit(file: &Path, options: &[&Becoming<'_>], number: usize) -> Change {
    let mut edits = Vec::new();
    let mut said = Vec::new();
    for one in options {
        let from = if one.now.shadow.is_some() { &one.now.text } else { &one.now.main };
        let to = one.text().unwrap_or_default();
        said.push(format!("{} {to}", one.now.path.join(".")));
        edits.push(Edit::Yaml { key: one.now.path.clone(), from: from.clone(), to: Template::text(to) });
    }
    let more = said.len().saturating_sub(NAMED);
    said.truncate(NAMED);
    if more > 0 {
        said.push(format!("{more} more"));
    }
    let name = file.strip_prefix(DIRECTORY).unwrap_or(file).display();
    let title = format!("set in {name}: {}", said.join(", "));
    let action = Action::Edit { path: file.to_owned(), edits, check: None };
    let id = if number == 0 { "values".to_owned() } else { format!("values-{}", number + 1) };
    Change {
        interrupts: noticed(options),
        ..Change::new(&ABOUT.id, &id, title, action, Undo::Files).in_phase(Phase::Configure)
    }
}

/// What callers notice of the restarts, each told once, and what becomes worse for them afterwards.
fn noticed(options: &[&Becoming<'_>]) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    let less = options.iter().filter(|one| one.is_less());
    let less = less.filter_map(|one| Some(format!("{}: {}", one.option.label, one.option.less.as_ref()?)));
    for words in options.iter().filter_map(|one| one.option.notice.clone()).chain(less) {
        if !all.contains(&words) {
            all.push(words);
        }
    }
    (!all.is_empty()).then(|| all.join("; "))
}

/// What must be seen in the running services; what cannot be seen there, and what is easily overlooked, is said.
fn looked_at<'a>(options: impl Iterator<Item = &'a &'a Becoming<'a>>, plan: &mut Plan) {
    let mut unseen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in options {
        if let Some(warned) = one.warned {
            let to = one.text().unwrap_or_default();
            plan.reminders.push(format!("Tuning: {}, {to}: {warned}.", one.option.label));
        }
        match &one.now.running {
            Running::Is { .. } => plan.effective.push(Proof::Claim(Claim::Well {
                step: ABOUT.id.clone(),
                finding: id::in_force(&one.now.name),
                within: Some(BACK),
            })),
            Running::Unseen(why) => unseen.entry(why).or_default().push(&one.option.label),
            Running::NotTold => unseen.entry("nothing tells it").or_default().push(&one.option.label),
        }
    }
    for (why, options) in unseen {
        plan.reminders.push(format!(
            "Tuning: whether these are in force after the apply cannot be seen here ({why}): {}.",
            options.join(", ")
        ));
    }
}

/// The files hold what is wanted, and it is seen that services run with something else: no edit brings that in. An apply
/// for other values may restart them or not, so nothing is promised of it.
fn not_in_force(facts: &Facts, sized: &Sized<'_>, plan: &mut Plan) {
    let left = sized.options.iter().filter(|one| !one.changes());
    let seen = left.filter_map(|one| findings::in_force(one, facts));
    let others: Vec<String> =
        seen.filter(|finding| finding.status == Status::Fail).map(|finding| finding.title).collect();
    if !others.is_empty() {
        plan.partial = true;
        let then = if plan.apply.is_empty() {
            "Run 'ngcpcfg apply'; what it does not tell, restart"
        } else {
            "Look at them again after the apply; what it does not tell, restart"
        };
        plan.reminders.push(format!(
            "Tuning: the files hold other values than services run with: {}. {then}.",
            others.join("; ")
        ));
    }
}

/// What was to be as proposed, and is left because this host tells too little for a proposal.
fn not_sized(sized: &Sized<'_>, plan: &mut Plan) {
    let mut left: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in sized.options.iter().filter(|one| one.is_automatic() && one.proposed.is_none()) {
        if let Some(unknown) = one.unknown {
            left.entry(unknown).or_default().push(&one.option.label);
        }
    }
    plan.partial |= !left.is_empty();
    for (unknown, options) in left {
        let options = options.join(", ");
        plan.reminders
            .push(format!("Tuning: {unknown} is not known here, so these are left as they are: {options}."));
    }
}

#[cfg(test)]
mod tests;
