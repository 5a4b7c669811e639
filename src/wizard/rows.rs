//! The rows of a step: what was found and what shall become of it, in one. Words only; the page and the line-by-line
//! front end read the same rows in the same order.

use std::cmp::Reverse;

use super::{
    form::{FieldState, Problem, complaint},
    model::{StepPhase, StepState},
};
use crate::{
    finding::{Finding, Severity, Status},
    steps::{
        figure::Meaning,
        form::{Choice, Field, Kind},
    },
};

/// How several items are typed on one line.
pub const BETWEEN: &str = ", with blanks or commas between them";
/// So many findings without a question have a row of their own; more of them are counted in one line.
const MOST: usize = 3;
/// What is shown where nothing is answered.
const NONE: &str = "(none)";

/// One row: a question with the findings that it settles, or a finding that no question settles.
#[derive(Debug)]
pub struct Row<'a> {
    /// Where the focus is when it is on this row.
    pub stop: usize,
    /// Place of the question in the form, the question, and what is in it.
    pub asked: Option<(usize, &'a Field, &'a FieldState)>,
    /// What it settles, the worst first.
    pub findings: Vec<&'a Finding>,
    /// Label and answer of another question that is told along with it.
    pub beside: Option<(&'a str, &'a str)>,
    /// What its answer means beside all the others.
    pub meaning: Option<Meaning>,
}

/// All rows of a step, and what has none.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    /// The questions in the order of the form, then findings without one.
    pub rows: Vec<Row<'a>>,
    /// Findings that do not hold and that no question settles, where they are too many for rows.
    pub unasked: usize,
    /// Findings that hold and have no row.
    pub hold: usize,
}

/// The rows of a step as it stands.
pub fn rows(step: &StepState) -> Rows<'_> {
    let mut found: Vec<&Finding> = step.findings().iter().collect();
    found.sort_by_key(|finding| rank(finding));
    let meanings = meanings(step);
    let asked = step.form.visible().map(|asked| {
        let findings = found.iter().copied().filter(|finding| settles(asked.1, finding)).collect();
        // What was typed and is no answer means nothing: the row shows it as it is.
        let is_answer = complaint(asked.1, asked.2).is_none();
        let meaning = meanings.iter().find(|meaning| is_answer && meaning.key == asked.1.key).cloned();
        Row { stop: asked.0, asked: Some(asked), findings, beside: beside(step, asked.1), meaning }
    });
    let mut rows: Vec<Row<'_>> = asked.collect();
    let led =
        |finding: &Finding| rows.iter().filter_map(Row::finding).any(|lead| std::ptr::eq(lead, finding));
    let hold = found.iter().filter(|finding| finding.status == Status::Pass && !led(finding)).count();
    found.retain(|finding| rows.iter().all(|row| row.asked.is_none_or(|asked| !settles(asked.1, finding))));
    let open = |finding: &&Finding| matches!(finding.status, Status::Fail | Status::Unknown);
    let open: Vec<&Finding> = found.into_iter().filter(open).collect();
    let unasked = if open.len() > MOST { open.len() } else { 0 };
    if unasked == 0 {
        let below = step.form.form().fields.len()..;
        rows.extend(below.zip(open).map(|(stop, finding)| Row {
            stop,
            asked: None,
            findings: vec![finding],
            beside: None,
            meaning: None,
        }));
    }
    Rows { rows, unasked, hold }
}

/// What the answers mean that are words for something that is worked out.
fn meanings(step: &StepState) -> Vec<Meaning> {
    let worked_out = step.form.form().fields.iter().any(|field| matches!(field.kind, Kind::Either { .. }));
    match &step.phase {
        StepPhase::Ready(findings) if worked_out => {
            step.step.meanings(findings, &step.form.answers(&step.about().id))
        }
        _ => Vec::new(),
    }
}

/// What is wrong with the answers of a step, each for itself and beside the others.
pub(super) fn problems(step: &StepState) -> Vec<Problem> {
    let mut problems = step.form.problems();
    for meaning in meanings(step) {
        let (Some(words), Some(field)) = (meaning.refused, step.form.form().field(&meaning.key)) else {
            continue;
        };
        if problems.iter().all(|problem| problem.key != meaning.key) {
            problems.push(Problem { text: format!("{}: {words}", field.label), key: meaning.key });
        }
    }
    problems
}

/// What another question is answered that is told along with this one.
fn beside<'a>(step: &'a StepState, field: &Field) -> Option<(&'a str, &'a str)> {
    let key = field.beside.as_ref()?;
    let (_, other, state) = step.form.visible().find(|(_, other, _)| other.key == *key)?;
    let FieldState::Line(input) = state else { return None };
    Some((&other.label, if input.value().is_empty() { NONE } else { input.value() }))
}

/// Whether a question settles a finding. One key that ends in a dot stands for all questions that begin with it.
pub(super) fn settles(field: &Field, finding: &Finding) -> bool {
    let Some(key) = &finding.field else { return false };
    let family = key.ends_with('.') && field.key.starts_with(key.as_str());
    *key == field.key || family && !field.kind.is_secret()
}

/// The worst first.
pub(super) fn rank(finding: &Finding) -> (u8, Reverse<Severity>) {
    let status = match finding.status {
        Status::Fail => 0,
        Status::Unknown => 1,
        Status::Pass => 2,
        Status::NotApplicable => 3,
    };
    (status, Reverse(finding.severity))
}

impl Rows<'_> {
    /// "4 more findings without a question, 9 more hold"; empty when every finding has a row.
    pub fn others(&self) -> String {
        let unasked = match self.unasked {
            0 => String::new(),
            number => format!("{number} more findings, no question"),
        };
        let hold = match self.hold {
            0 => String::new(),
            1 => "1 more holds".to_owned(),
            number => format!("{number} more hold"),
        };
        let both = if unasked.is_empty() || hold.is_empty() { "" } else { ", " };
        format!("{unasked}{both}{hold}")
    }
}

impl<'a> Row<'a> {
    /// The worst of what it settles.
    pub fn finding(&self) -> Option<&'a Finding> {
        self.findings.first().copied()
    }

    /// What it is about.
    pub fn subject(&self) -> &'a str {
        match (self.asked, self.finding()) {
            (Some((_, field, _)), _) => &field.label,
            (None, Some(finding)) => &finding.title,
            (None, None) => "",
        }
    }

    /// What is so today.
    pub fn now(&self) -> Option<&'a str> {
        let (_, field, _) = self.asked?;
        field.now.as_deref().or(self.finding().map(|finding| finding.title.as_str()))
    }

    /// Whether what is so today is well.
    pub fn status(&self) -> Option<Status> {
        let told = self.asked.and_then(|(_, field, _)| field.now_status);
        told.or(self.finding().map(|finding| finding.status))
    }

    /// How bad what is so today is, in a word.
    pub fn level(&self) -> &'static str {
        match (self.status(), self.finding()) {
            (Some(Status::Fail), Some(finding)) => finding.severity.word(),
            (Some(Status::Fail), None) => "fails",
            (Some(Status::Unknown), _) => "unknown",
            (Some(Status::Pass), _) => "pass",
            (Some(Status::NotApplicable) | None, _) => "-",
        }
    }

    /// The answer as it is shown. Of a secret only whether it is there.
    pub fn becomes(&self) -> &str {
        if let Some(meaning) = self.meaning.as_ref().filter(|meaning| !meaning.becomes.is_empty()) {
            return &meaning.becomes;
        }
        match self.asked {
            Some((_, _, FieldState::Line(input))) if input.value().is_empty() => NONE,
            Some((_, _, FieldState::Line(input) | FieldState::Either(None, input))) => input.value(),
            Some((_, field, FieldState::Secret(secret))) => match (&field.kind, secret.first.is_empty()) {
                _ if field.optional && secret.first.is_empty() => NONE,
                (Kind::Existing { lines: true }, true) => "(to be pasted)",
                (Kind::Existing { lines: true }, false) => "(pasted)",
                (_, true) => "(to be typed)",
                (_, false) => "(typed)",
            },
            Some((_, field, FieldState::Choice(_) | FieldState::Either(Some(_), _))) => {
                self.chosen().map_or(field.label.as_str(), |chosen| &chosen.label)
            }
            None => "-",
        }
    }

    /// The option that is chosen.
    pub fn chosen(&self) -> Option<&'a Choice> {
        match self.asked? {
            (_, field, FieldState::Choice(chosen) | FieldState::Either(Some(chosen), _)) => {
                field.kind.words().get(*chosen)
            }
            _ => None,
        }
    }

    /// What it says in a table, where it stands in one.
    pub fn columns(&self) -> &'a [String] {
        self.asked.map(|(_, field, _)| field.columns.as_slice()).unwrap_or_default()
    }

    /// Whether the answer makes it other than it is; not where that is not known.
    pub fn differs(&self) -> bool {
        if let Some(meaning) = &self.meaning {
            return meaning.differs;
        }
        let is = self.asked.and_then(|(_, field, _)| field.as_it_is.as_ref());
        is.zip(self.chosen()).is_some_and(|(is, chosen)| *is != chosen.value)
    }

    /// Why the answer cannot be used.
    pub fn complaint(&self) -> Option<String> {
        let (_, field, state) = self.asked?;
        complaint(field, state).or_else(|| self.meaning.as_ref()?.refused.clone())
    }

    /// More about the row, one line each with the word before it: what was seen, what the answer means, what to know.
    pub fn detail(&self) -> Vec<(&'static str, String)> {
        let all = |part: fn(&Finding) -> &str| {
            let open =
                |finding: &&&Finding| self.status() == Some(Status::Pass) || finding.status != Status::Pass;
            let parts: Vec<&str> = self.findings.iter().filter(open).map(|finding| part(finding)).collect();
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
        };
        let seen = all(|finding| finding.evidence.as_str());
        let help = self.asked.and_then(|(_, field, _)| field.help.as_deref()).unwrap_or_default();
        let help = if seen.contains(help) { "" } else { help };
        let meaning = self.meaning.as_ref();
        let effect = meaning.and_then(|meaning| meaning.effect.as_deref());
        let effect = effect.or_else(|| self.chosen().map(|chosen| &*chosen.effect)).unwrap_or_default();
        let rule = meaning.and_then(|meaning| meaning.rule.clone()).unwrap_or_default();
        // Beside words it stands behind them.
        let typed = self.asked.filter(|(_, _, state)| !matches!(state, FieldState::Either(Some(_), _)));
        let hint = typed.and_then(|(_, field, _)| Some((field.kind.hint()?, field.kind.is_list())));
        let mut told = vec![("Seen", seen), ("Rule", rule), ("Becomes", effect.to_owned())];
        told.extend(self.asked.iter().flat_map(|(_, field, _)| field.told.iter().cloned()));
        told.extend([
            ("Know", help.to_owned()),
            ("Type", hint.map_or(String::new(), |(hint, list)| hint + if list { BETWEEN } else { "" })),
            ("Remedy", all(|finding| if finding.status == Status::Pass { "" } else { &finding.remedy })),
        ]);
        told.retain(|(_, words)| !words.is_empty());
        told
    }
}
