//! What every part of the update does: text into the field that has the focus, a line for the operator, the focus on the
//! screen.

use super::super::{
    Effect, Model, Screen,
    form::FormState,
    keys,
    model::{LOG_LIMIT, LogLine},
    page,
};

/// Text arrives at once: into the field that has the focus.
pub(super) fn type_text(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.typing() || keys::takes_value(model) {
        edit(model, |form| form.type_text(text))
    } else {
        notice(model, "Nothing can be pasted here.")
    }
}

/// Changes the form of the current step; what is answered belongs to the plan, and an older plan is void.
pub(super) fn edit(
    model: &mut Model,
    change: impl FnOnce(&mut FormState) -> Result<(), &'static str>,
) -> Vec<Effect> {
    let Screen::Step(index) = model.screen else { return Vec::new() };
    let Some(step) = model.steps.get_mut(index) else { return Vec::new() };
    let before = step.form.edits();
    let result = change(&mut step.form);
    if step.form.edits() != before {
        step.ticked = true;
        model.review.void();
    }
    match result {
        Ok(()) => Vec::new(),
        Err(words) => notice(model, words),
    }
}

/// Says one line to the operator and remembers it in the log.
pub(super) fn notice(model: &mut Model, text: &str) -> Vec<Effect> {
    let text = page::clean(text);
    log(model, false, &text);
    model.notice = Some(text);
    // It may take rows of the page.
    reveal_focus(model);
    Vec::new()
}

pub(super) fn log(model: &mut Model, bad: bool, text: &str) {
    while model.log.len() >= LOG_LIMIT {
        model.log.pop_front();
    }
    model.log.push_back(LogLine { bad, text: page::clean(text) });
}

/// Moves the page so that what has the focus is on the screen.
pub(super) fn reveal_focus(model: &mut Model) {
    let body = page::body(model, model.size);
    let page = page::page(model, body.columns);
    let rows = usize::from(page.room(body.rows));
    let mut top = page::first_line(&page, model.top, body.rows);
    if let Some((first, last)) = page.focus {
        top = top.max((last + 1).saturating_sub(rows)).min(first);
    }
    model.top = top;
}
