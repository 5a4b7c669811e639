//! What each intent does on each page.

use super::{leaving, looking, notice, planning};
use crate::{
    finding::StepId,
    wizard::{
        Effect, Intent, Model, Screen,
        form::Turn,
        model::{Question, ReviewPhase, StepPhase},
        navigation, page,
        page::review::{Entry, entries},
    },
};

const NOTHING: Vec<Effect> = Vec::new();

/// Carries one intent out.
pub(super) fn act(model: &mut Model, intent: Intent) -> Vec<Effect> {
    if model.dialog.is_some() {
        return in_dialog(model, intent);
    }
    match intent {
        Intent::Forward => return forward(model),
        Intent::Back => return leave_page(model, navigation::back),
        Intent::Level => return leave_page(model, navigation::up),
        Intent::Up | Intent::Down => vertical(model, intent == Intent::Down),
        Intent::NextField | Intent::PreviousField => move_field(model, intent == Intent::NextField),
        Intent::PageUp | Intent::PageDown | Intent::First | Intent::Last => scroll(model, intent),
        Intent::Left | Intent::Right => return sideways(model, intent == Intent::Right),
        Intent::Choose => return choose(model),
        Intent::Steps => navigation::go(model, Screen::Steps),
        Intent::Review => return review(model),
        Intent::Apply => return planning::ask_to_apply(model),
        Intent::Difference => difference(model),
        Intent::AcceptForeign => {
            let accepted = model.review.foreign_accepted;
            planning::accept_foreign(model, !accepted);
        }
        Intent::Stop => return leaving::ask(model, Question::Stop, 1),
        Intent::Keep => return with_run(model, Effect::Keep),
        Intent::Revert => return with_run(model, Effect::Revert),
        Intent::ToRun => navigation::go(model, Screen::Run),
        Intent::Attach => return attach(model),
        Intent::History => {
            navigation::go(model, Screen::History);
            return vec![Effect::LookAtRuns];
        }
        Intent::CutOff => navigation::go(model, Screen::CutOff),
        Intent::ContinueRun => return leaving::ask(model, Question::ContinueRun, 1),
        Intent::LeaveRun => return leaving::ask(model, Question::LeaveRun, 1),
        Intent::TakeBack => return take_back(model),
        Intent::Store => return store(model),
        Intent::Discard => return leaving::ask(model, Question::Discard, 1),
        Intent::LookAgain => return look_again(model),
        Intent::Report => return vec![Effect::WriteReport],
        Intent::Bundle => return bundle(model),
        Intent::CopyPage => return copy_page(model),
        Intent::Log => navigation::go(model, Screen::Log),
        Intent::Help => navigation::go(model, Screen::Help),
        Intent::Findings => match model.screen {
            Screen::Step(index) => navigation::go(model, Screen::Findings(index)),
            _ => navigation::go(model, Screen::Unfixed),
        },
        Intent::MoreRows => more_rows(model),
        Intent::Redraw => return vec![Effect::Redraw],
        Intent::Suspend => return vec![Effect::Suspend],
        Intent::Interrupt => return leaving::interrupted(model),
        Intent::Quit => return leaving::quit(model),
    }
    NOTHING
}

fn in_dialog(model: &mut Model, intent: Intent) -> Vec<Effect> {
    match intent {
        Intent::Forward => return leaving::confirm(model),
        Intent::Back => model.dialog = None,
        Intent::Interrupt => return leaving::interrupted(model),
        Intent::PageUp | Intent::PageDown => page::scroll_dialog(model, intent == Intent::PageDown),
        Intent::Up | Intent::Down | Intent::NextField => {
            if let Some(dialog) = &mut model.dialog {
                // Down stays on the lower one: what loses something stands above it.
                let other = intent == Intent::NextField && dialog.focus == 0;
                dialog.focus = usize::from(intent == Intent::Down || other);
            }
        }
        _ => {}
    }
    NOTHING
}

/// Enter.
fn forward(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Overview if model.mode == crate::wizard::model::Mode::FirstBoot => {
            let kept = model.draft.place.take();
            let kept = kept.and_then(|id| model.steps.iter().position(|step| step.about().id == id));
            if let Some(step) = kept.or_else(|| navigation::next_step(model, None)) {
                navigation::go(model, Screen::Step(step));
            }
            NOTHING
        }
        Screen::Overview => {
            navigation::go(model, Screen::Steps);
            model.selected_step = navigation::step_order(model).first().copied().unwrap_or(0);
            NOTHING
        }
        Screen::Steps => {
            if model.selected_step < model.steps.len() {
                navigation::go(model, Screen::Step(model.selected_step));
            }
            NOTHING
        }
        Screen::Step(_) if model.current_step().is_some_and(|step| step.phase == StepPhase::Looking) => {
            notice(model, "Still looking at the host: a moment.")
        }
        Screen::Step(index) => {
            tick(model, index);
            match navigation::next_step(model, Some(index)) {
                Some(next) => {
                    navigation::go(model, Screen::Step(next));
                    looking::keep(model)
                }
                None => review(model),
            }
        }
        Screen::Review => open_entry(model),
        Screen::History => {
            if model.past.selected().is_some() {
                navigation::go(model, Screen::Past);
            }
            NOTHING
        }
        Screen::Run => {
            if model.run.as_ref().is_some_and(|run| run.ended) {
                navigation::restart_at(model, Screen::Result);
            }
            NOTHING
        }
        Screen::Result => {
            model.trail.clear();
            navigation::back(model);
            NOTHING
        }
        Screen::Passwords => leaving::ask(model, Question::Noted, 1),
        Screen::Difference(_)
        | Screen::Foreign
        | Screen::Unfixed
        | Screen::Past
        | Screen::CutOff
        | Screen::Findings(_)
        | Screen::Help
        | Screen::Log => NOTHING,
    }
}

/// Leaves a page; answers of a step are kept on the way.
fn leave_page(model: &mut Model, way: fn(&mut Model)) -> Vec<Effect> {
    let effects = looking::keep(model);
    let dropped = if model.screen == Screen::Passwords { model.made_up.take() } else { None };
    model.dropped |= dropped.is_some();
    way(model);
    if let Some(path) = dropped.and_then(|made_up| made_up.stored) {
        notice(model, &format!("Nothing of it was set: remove {path}."));
    }
    effects
}

/// A step that was walked through belongs to the plan, answered or as suggested.
fn tick(model: &mut Model, index: usize) {
    if let Some(step) = model.steps.get_mut(index)
        && !step.form.is_empty()
        && !step.ticked
    {
        step.ticked = true;
        model.review.void();
    }
}

/// F10, or Enter behind the last step.
fn review(model: &mut Model) -> Vec<Effect> {
    if let Screen::Step(index) = model.screen {
        tick(model, index);
    }
    let mut effects = looking::keep(model);
    navigation::go(model, Screen::Review);
    let there = matches!(model.review.phase, ReviewPhase::Making | ReviewPhase::Ready(_));
    if !there || model.review.undoes.is_some() {
        effects.extend(planning::request(model));
    }
    effects
}

fn vertical(model: &mut Model, down: bool) {
    let by_one = |now: usize, count: usize| {
        if down { (now + 1).min(count.saturating_sub(1)) } else { now.saturating_sub(1).min(count) }
    };
    match model.screen {
        Screen::Steps => {
            let order = navigation::step_order(model);
            let now = order.iter().position(|index| *index == model.selected_step).unwrap_or(0);
            model.selected_step = order.get(by_one(now, order.len())).copied().unwrap_or(0);
        }
        Screen::History => model.past.cursor = by_one(model.past.cursor, model.past.known().len()),
        Screen::Review => model.review.cursor = by_one(model.review.cursor, entries(model).len()),
        _ => scroll(model, if down { Intent::Down } else { Intent::Up }),
    }
}

fn move_field(model: &mut Model, forward: bool) {
    if let Screen::Step(index) = model.screen
        && let Some(step) = model.steps.get_mut(index)
    {
        step.form.move_focus(forward);
    }
}

fn scroll(model: &mut Model, intent: Intent) {
    let body = page::body(model, model.size);
    let page = page::page(model, body.columns);
    let rows = usize::from(page.room(body.rows));
    let top = page::first_line(&page, model.top, body.rows);
    let wanted = match intent {
        Intent::Up => top.saturating_sub(1),
        Intent::Down => top.saturating_add(1),
        Intent::PageUp => top.saturating_sub(rows.saturating_sub(1).max(1)),
        Intent::PageDown => top.saturating_add(rows.saturating_sub(1).max(1)),
        Intent::First => 0,
        _ => usize::MAX,
    };
    model.top = page::first_line(&page, wanted, body.rows);
}

fn sideways(model: &mut Model, right: bool) -> Vec<Effect> {
    if matches!(model.screen, Screen::Step(_)) {
        return turn(model, if right { Turn::Right } else { Turn::Left });
    }
    let Some(step) = selected_step_of_plan(model) else { return NOTHING };
    fold(model, &step, right);
    NOTHING
}

/// Another answer to the choice that has the focus.
fn turn(model: &mut Model, turn: Turn) -> Vec<Effect> {
    super::edit(model, |form| {
        form.choose(turn);
        Ok(())
    })
}

/// `n` where rows are below the screen: the next of them, so that none goes by unseen.
fn more_rows(model: &mut Model) {
    let Some((row, top)) = page::rows_below(model) else { return };
    if let Screen::Step(index) = model.screen
        && let Some(step) = model.steps.get_mut(index)
    {
        step.form.focus_at(row);
        model.top = top;
    }
}

fn fold(model: &mut Model, step: &StepId, open: bool) {
    model.review.unfolded.retain(|unfolded| unfolded != step);
    if open {
        model.review.unfolded.push(step.clone());
    }
    // The cursor stays on what it was on, or on the step it belongs to.
    let entries = entries(model);
    let heading = |entry: &Entry| matches!(entry, Entry::Step { step: id, .. } if id == step);
    if !open && let Some(place) = entries.iter().position(heading) {
        model.review.cursor = place;
    }
}

fn selected_entry(model: &Model) -> Option<Entry> {
    entries(model).into_iter().nth(model.review.cursor)
}

fn selected_step_of_plan(model: &Model) -> Option<StepId> {
    match selected_entry(model)? {
        Entry::Step { step, .. } => Some(step),
        Entry::Change(index) => match &model.review.phase {
            ReviewPhase::Ready(plan) => plan.changes.get(index).map(|change| change.step.clone()),
            _ => None,
        },
        Entry::Problem { .. } | Entry::Foreign => None,
    }
}

/// Enter in the review: to the question with a problem, or unfolds a step.
fn open_entry(model: &mut Model) -> Vec<Effect> {
    match selected_entry(model) {
        Some(Entry::Problem { step, problem }) => {
            navigation::go(model, Screen::Step(step));
            if let Some(step) = model.steps.get_mut(step) {
                step.form.focus_on(&problem.key);
            }
        }
        Some(Entry::Step { step, .. }) => {
            let open = !model.review.unfolded.contains(&step);
            fold(model, &step, open);
        }
        Some(Entry::Change(index)) => navigation::go(model, Screen::Difference(index)),
        Some(Entry::Foreign) => navigation::go(model, Screen::Foreign),
        None => {}
    }
    NOTHING
}

fn difference(model: &mut Model) {
    match selected_entry(model) {
        Some(Entry::Change(index)) => navigation::go(model, Screen::Difference(index)),
        Some(Entry::Foreign) => navigation::go(model, Screen::Foreign),
        Some(Entry::Step { first, .. }) => navigation::go(model, Screen::Difference(first)),
        Some(Entry::Problem { .. }) | None => {}
    }
}

/// Space: ticks a step, or takes the next option of a choice.
fn choose(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Steps => {
            if let Some(step) = model.steps.get_mut(model.selected_step) {
                step.ticked = !step.ticked;
                model.review.void();
            }
            NOTHING
        }
        Screen::Review => {
            let step = match selected_entry(model) {
                Some(Entry::Problem { step, .. }) => {
                    model.steps.get(step).map(|step| step.about().id.clone())
                }
                _ => selected_step_of_plan(model),
            };
            let Some(step) = step.and_then(|id| model.steps.iter_mut().find(|step| step.about().id == id))
            else {
                return NOTHING;
            };
            step.ticked = false;
            model.review.void();
            planning::request(model)
        }
        Screen::Step(_) => turn(model, Turn::Round),
        _ => sideways(model, true),
    }
}

fn with_run(model: &Model, effect: fn(String) -> Effect) -> Vec<Effect> {
    model.run.as_ref().map(|run| effect(run.run.clone())).into_iter().collect()
}

fn attach(model: &Model) -> Vec<Effect> {
    let open = model.host.as_ref().and_then(|host| host.open_run.as_ref());
    open.filter(|run| run.alive).map(|run| Effect::Attach(run.run.clone())).into_iter().collect()
}

/// To the plan that takes back the run on the page.
fn take_back(model: &mut Model) -> Vec<Effect> {
    let run = match model.screen {
        Screen::CutOff => model.cut_off().map(|open| open.run.clone()),
        Screen::History | Screen::Past => model.past.selected().map(|past| past.report.run.clone()),
        _ => model.run.as_ref().filter(|run| run.ended).map(|run| run.run.clone()),
    };
    let Some(run) = run else { return NOTHING };
    navigation::go(model, Screen::Review);
    planning::request_undo(model, run)
}

fn store(model: &Model) -> Vec<Effect> {
    let made_up = model.made_up.iter();
    made_up.map(|made_up| Effect::WritePasswords(made_up.shown.clone())).collect()
}

fn look_again(model: &mut Model) -> Vec<Effect> {
    notice(model, "Looking again …");
    match model.current_step() {
        Some(step) => vec![Effect::Inspect(step.about().id.clone())],
        None => {
            let mut effects = vec![Effect::LookAtHost];
            effects.extend(looking::inspect_all(model));
            effects
        }
    }
}

/// Of the run on the page; of the newest ones where they are listed.
fn bundle(model: &mut Model) -> Vec<Effect> {
    let run = match model.screen {
        Screen::Result => model.run.as_ref().map(|run| run.run.clone()),
        Screen::Past => model.past.selected().map(|past| past.report.run.clone()),
        _ => None,
    };
    notice(model, "Packing …");
    vec![Effect::WriteBundle(run)]
}

fn copy_page(model: &mut Model) -> Vec<Effect> {
    if model.screen == Screen::Passwords {
        return notice(model, "Passwords are not copied; s stores them in a file only root can read.");
    }
    let page = page::page(model, page::body(model, model.size).columns);
    let name = page::file_name(&page.title);
    vec![Effect::WriteView { name, text: page.text() }]
}
