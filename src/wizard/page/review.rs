//! The plan, word for word: what each step changes, what it interrupts, what can be taken back.

use super::{
    Page, Role, Span, Symbol, Writer,
    change::{LONG, SHORT, details, diff_role},
    text::clean,
};
use crate::{
    finding::StepId,
    plan::{Action, Change, Plan, Undo},
    wizard::{
        Failure, Model,
        form::Problem,
        model::{ReviewPhase, StepPhase, StepState},
        rows,
    },
};

/// What can be selected in the review, from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A question whose answer cannot be used; its step is left out.
    Problem {
        /// Place of the step in the model.
        step: usize,
        /// What is wrong.
        problem: Problem,
    },
    /// Somebody else's uncommitted changes.
    Foreign,
    /// A step.
    Step {
        /// Whose changes follow.
        step: StepId,
        /// Place of the first one in the plan.
        first: usize,
        /// How many.
        count: usize,
    },
    /// A change of an unfolded step, by its place in the plan.
    Change(usize),
}

/// What is wrong with ticked steps, by their place in the model.
pub fn problems(model: &Model) -> Vec<(usize, Problem)> {
    let mut found = Vec::new();
    for (index, step) in model.steps.iter().enumerate().filter(|(_, step)| step.ticked) {
        let whole =
            |text: &str| Problem { key: String::new(), text: format!("{}: {text}", step.about().title) };
        match &step.phase {
            StepPhase::Looking => found.push((index, whole("still looks at the host"))),
            StepPhase::Failed(failure) => {
                found.push((index, whole(&format!("could not look: {}", failure.message))));
            }
            StepPhase::Ready(_) => {
                let problems = rows::problems(step).into_iter();
                found.extend(problems.map(|problem| (index, problem)));
            }
        }
    }
    found
}

/// The step whose answers cannot be planned; where that is not known every one that is planned, to leave out.
fn unplanned(model: &Model, failure: &Failure) -> Vec<(usize, Problem)> {
    let blamed = |step: &StepState| {
        let id = &step.about().id;
        failure.step.as_ref().map_or_else(|| model.review.steps.contains(id), |step| step == id)
    };
    let steps = model.steps.iter().enumerate().filter(|(_, step)| blamed(step));
    let problem = |(index, step): (usize, &StepState)| {
        let title = step.about().title;
        // "ssh.add: ..." names the question.
        let named =
            failure.message.strip_prefix(step.about().id.as_str()).and_then(|rest| rest.strip_prefix('.'));
        match named.and_then(|rest| rest.split_once(": ")) {
            Some((key, words)) => {
                let label = step.form.form().fields.iter().find(|field| field.key == key);
                let label = label.map_or(key, |field| field.label.as_str());
                (index, Problem { key: key.to_owned(), text: format!("{title}: {label}: {words}") })
            }
            None => (index, Problem { key: String::new(), text: title.to_owned() }),
        }
    };
    steps.map(problem).collect()
}

/// What can be selected, from top to bottom.
pub fn entries(model: &Model) -> Vec<Entry> {
    let problems = if model.review.undoes.is_some() { Vec::new() } else { problems(model) };
    let failed = match &model.review.phase {
        ReviewPhase::Failed(failure) if model.review.undoes.is_none() => unplanned(model, failure),
        _ => Vec::new(),
    };
    let problems = problems.into_iter().chain(failed);
    let mut entries: Vec<Entry> = problems.map(|(step, problem)| Entry::Problem { step, problem }).collect();
    let ReviewPhase::Ready(plan) = &model.review.phase else { return entries };
    if plan.foreign.is_some() {
        entries.push(Entry::Foreign);
    }
    let mut place = 0;
    for group in plan.changes.chunk_by(|a, b| a.step == b.step) {
        let Some(first) = group.first() else { continue };
        entries.push(Entry::Step { step: first.step.clone(), first: place, count: group.len() });
        if model.review.unfolded.contains(&first.step) {
            entries.extend((place..place + group.len()).map(Entry::Change));
        }
        place += group.len();
    }
    entries
}

/// What goes back when nobody keeps what could cut the operator off.
fn goes_back(plan: &Plan) -> Vec<&str> {
    plan.covered().into_iter().flat_map(|(_, changes)| changes).map(|change| change.id.as_str()).collect()
}

/// "9 changes · 1 could cut you off · all can be undone".
pub(super) fn summary(plan: &Plan) -> String {
    let count = plan.changes.len();
    let mut parts = vec![if count == 1 { "1 change".to_owned() } else { format!("{count} changes") }];
    let guarded = plan.changes.iter().filter(|change| change.guard.is_some()).count();
    if guarded > 0 {
        parts.push(format!("{guarded} could cut you off"));
    }
    let calls = plan.changes.iter().filter(|change| change.interrupts.is_some()).count();
    parts.push(if calls == 0 {
        "no interruption".to_owned()
    } else {
        format!("{calls} interrupt something")
    });
    let fixed = plan.changes.iter().filter(|change| matches!(change.undo, Undo::Impossible(_))).count();
    parts.push(if fixed == 0 { "all can be undone".to_owned() } else { format!("{fixed} cannot be undone") });
    parts.join(" · ")
}

pub(super) fn page(model: &Model, width: usize) -> Page {
    let (aside, note) = match &model.review.phase {
        ReviewPhase::Absent => {
            (String::new(), Some((Role::Dim, "No plan yet. Press F10 again to make one.".to_owned())))
        }
        ReviewPhase::Making => (String::new(), Some((Role::Dim, "Making the plan …".to_owned()))),
        ReviewPhase::Failed(failure) => {
            (String::new(), Some((Role::Bad, format!("The plan could not be made: {}", failure.message))))
        }
        ReviewPhase::Ready(plan) if plan.is_empty() => {
            (String::new(), Some((Role::Text, nothing(model).to_owned())))
        }
        ReviewPhase::Ready(plan) => (summary(plan), None),
    };
    let title = match &model.review.undoes {
        Some(run) => format!("Take back run {}", clean(run)),
        None => "Review".to_owned(),
    };
    // What decides is not cut: where the top line has no room for it, it is the first line of the page.
    let room = width.saturating_sub(super::text::columns(&title) + 10);
    let fits = super::text::columns(&aside) <= room;
    let mut w = Writer::new(title, if fits { aside.as_str() } else { "" }, width);
    if !fits {
        w.text(Role::Text, &aside);
        w.gap();
    }
    if let Some((role, note)) = note {
        w.text(role, &note);
        if let ReviewPhase::Failed(failure) = &model.review.phase {
            for hint in &failure.hints {
                w.text(Role::Dim, hint);
            }
        }
        w.gap();
    }
    let above = w.len();
    opened(model, &mut w);
    super::unfixed::tell(model, false, &mut w);
    if w.len() > above {
        w.gap();
    }
    let plan = match &model.review.phase {
        ReviewPhase::Ready(plan) => plan.clone(),
        _ => std::sync::Arc::default(),
    };
    let goes_back = goes_back(&plan);
    for (place, entry) in entries(model).iter().enumerate() {
        let from = w.len();
        match entry {
            Entry::Problem { step, problem } => {
                let left_out = match &model.review.phase {
                    ReviewPhase::Failed(_) => " · Enter goes there, u leaves the step out".to_owned(),
                    _ => format!(" · {} is left out until answered", step_title(model, *step)),
                };
                let words = vec![
                    Span::symbol(Role::Warning, Symbol::Warning),
                    Span::new(Role::Text, format!(" {}", clean(&problem.text))),
                    Span::new(Role::Dim, left_out),
                ];
                w.spans(0, 2, words);
            }
            Entry::Foreign => foreign_line(model, &plan, &mut w),
            Entry::Step { step, first, count } => {
                let changes = plan.changes.get(*first..first + count).unwrap_or_default();
                step_line(model, step, changes, &goes_back, &mut w);
            }
            Entry::Change(index) => {
                if let Some(change) = plan.changes.get(*index) {
                    let mut spans = vec![Span::new(Role::Text, clean(&change.title))];
                    if goes_back.contains(&change.id.as_str()) {
                        spans.push(Span::new(Role::Warning, "  goes back unless kept"));
                    }
                    w.spans(3, 5, spans);
                }
            }
        }
        if place == model.review.cursor {
            w.focus(from);
        }
        if let Entry::Change(index) = entry
            && let Some(change) = plan.changes.get(*index)
        {
            details(change, SHORT, &mut w);
        }
    }
    w.gap();
    for reminder in plan.to_remember() {
        w.spans(
            0,
            2,
            vec![
                Span::symbol(Role::Warning, Symbol::Warning),
                Span::new(Role::Text, format!(" {}", clean(reminder))),
            ],
        );
    }
    w.page
}

/// What lets somebody in that could not get in before.
pub(super) fn opened(model: &Model, w: &mut Writer) {
    if let Some(reopened) = super::history::reopened(model) {
        reopened.tell(w);
    }
    let ReviewPhase::Ready(plan) = &model.review.phase else { return };
    for who in plan.changes.iter().filter_map(|change| change.opens.as_ref()) {
        let words = format!(" This opens a way in: {}.", clean(who));
        w.spans(0, 2, vec![Span::symbol(Role::Bad, Symbol::Warning), Span::new(Role::Bad, words)]);
    }
}

pub(super) fn step_title(model: &Model, step: usize) -> &'static str {
    model.steps.get(step).map_or("", |step| step.about().title)
}

fn nothing(model: &Model) -> &'static str {
    if model.review.undoes.is_some() {
        "There is nothing to take back: the host is as before the run."
    } else if !problems(model).is_empty() {
        "Nothing can be applied yet: these answers are missing."
    } else if model.steps.iter().any(|step| step.ticked) {
        "Nothing to do: the host is as you answered."
    } else {
        "Nothing is chosen: walk through a step, or tick one in the list of steps."
    }
}

fn foreign_line(model: &Model, plan: &Plan, w: &mut Writer) {
    let count = plan.foreign.as_ref().map_or(0, |foreign| foreign.files.len());
    let undo = model.review.undoes.is_some();
    let (symbol, words) = match (model.review.foreign_accepted, undo) {
        (true, false) => (Symbol::Ticked, "taken along"),
        (true, true) => (Symbol::Ticked, "overwritten"),
        (false, false) => (Symbol::Unticked, "c takes them along, else nothing can be applied"),
        (false, true) => (Symbol::Unticked, "c overwrites them, else nothing is taken back"),
    };
    let what = if undo {
        "that somebody changed after the run"
    } else {
        "with changes that somebody else made and never applied"
    };
    w.spans(
        0,
        4,
        vec![
            Span::symbol(Role::Warning, symbol),
            Span::new(Role::Warning, format!(" {count} files {what}")),
            Span::new(Role::Dim, format!(" · {words}")),
        ],
    );
}

fn step_line(model: &Model, step: &StepId, changes: &[Change], goes_back: &[&str], w: &mut Writer) {
    let open = model.review.unfolded.contains(step);
    let title = model.steps.iter().find(|state| state.about().id == *step).map(|state| state.about().title);
    let apply = changes.iter().all(|change| matches!(change.action, Action::Apply { .. }));
    let title = match (title, changes) {
        _ if apply => "Apply the configuration",
        (Some(title), _) => title,
        (None, [only]) => &only.title,
        (None, _) => step.as_str(),
    };
    let (first, rest) = title.split_at(title.chars().next().map_or(0, char::len_utf8));
    let count = match changes.len() {
        _ if changes.iter().all(|change| change.undo == Undo::Nothing) => "changes nothing".to_owned(),
        1 => "1 change".to_owned(),
        more => format!("{more} changes"),
    };
    let mut spans = vec![
        Span::symbol(Role::Accent, if open { Symbol::Unfolded } else { Symbol::Folded }),
        Span::new(Role::Text, format!(" {}{}", clean(&first.to_uppercase()), clean(rest))),
        Span::new(Role::Dim, format!("  {count}")),
    ];
    if let Some(guard) = changes.iter().find_map(|change| change.guard.as_ref()) {
        let words = format!(
            "  could cut {}: taken back by itself unless kept within {} s",
            clean(&guard.what),
            guard.seconds
        );
        spans.push(Span::new(Role::Warning, words));
    } else {
        // Not dangerous itself, and yet taken back with what is.
        let count = changes.iter().filter(|change| goes_back.contains(&change.id.as_str())).count();
        if count > 0 {
            let count = if count == changes.len() { String::new() } else { format!("{count} of them ") };
            spans.push(Span::new(Role::Warning, format!("  {count}taken back too unless kept")));
        }
    }
    match changes.iter().find_map(|change| change.interrupts.as_ref()) {
        Some(interrupts) => spans.push(Span::new(Role::Warning, format!("  {}", clean(interrupts)))),
        None => spans.push(Span::new(Role::Good, "  no interruption")),
    }
    w.spans(0, 4, spans);
}

pub(super) fn foreign(model: &Model, width: usize) -> Page {
    let undo = model.review.undoes.is_some();
    let aside = if undo { "made after the run" } else { "not applied yet" };
    let mut w = Writer::new("Somebody else's changes", aside, width);
    let ReviewPhase::Ready(plan) = &model.review.phase else { return w.page };
    if let Some(foreign) = &plan.foreign {
        let words = if undo {
            "These files are no longer as the run left them. Taking it back overwrites what was changed since."
        } else {
            "These files in /etc/ngcp-config were changed and never applied. Applying the plan takes them along."
        };
        w.text(Role::Text, words);
        for file in foreign.files.iter().take(100) {
            w.spans(2, 4, vec![Span::new(Role::Literal, clean(file))]);
        }
        w.gap();
        w.block(1, &foreign.diff, LONG, diff_role);
    }
    w.page
}
