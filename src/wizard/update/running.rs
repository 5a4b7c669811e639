//! A run that is followed: its records and its end.

use super::{looking, notice};
use crate::{
    finding::StepId,
    plan::Outcome,
    runner::{Ended, Record, Stage},
    wizard::{Effect, Model, Screen, form::FormState, model::DialogPhase, navigation, run_view::RunView},
};

pub(super) fn started(model: &mut Model, run: String) -> Vec<Effect> {
    model.review.starting = false;
    model.run = Some(RunView::new(run));
    let watched = model.dialog.as_ref().is_some_and(|dialog| dialog.phase == DialogPhase::Working);
    if watched {
        model.dialog = None;
    }
    if watched || model.screen == Screen::Overview {
        navigation::restart_at(model, Screen::Run);
        return Vec::new();
    }
    notice(model, "The run has begun. On the overview, t shows it.")
}

pub(super) fn record(model: &mut Model, record: &Record) -> Vec<Effect> {
    if let Some(run) = &mut model.run {
        run.take(record);
    }
    Vec::new()
}

/// Nobody works on the run any more: look at the host again, forget the answers that are done.
pub(super) fn ended(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.run.as_mut().filter(|run| !run.ended) else { return Vec::new() };
    run.ended = true;
    run.state.guard = None;
    let whole = |outcome: Outcome| matches!(outcome, Outcome::Done | Outcome::Unchanged | Outcome::Warning);
    let open = |step: &StepId| {
        let mut of_step = run.changes.iter().filter(|change| change.step == *step);
        of_step
            .any(|change| !matches!(change.stage(), Stage::Ended(Ended { outcome, .. }) if whole(*outcome)))
    };
    // What a run takes back says nothing about the answers. A step that needed no change is settled as well.
    let changes = if run.undoes.is_none() { run.changes.as_slice() } else { &[] };
    let answered = changes.iter().map(|change| &change.step).chain(&model.applied);
    let settled: Vec<StepId> = answered.filter(|step| !open(step)).cloned().collect();
    model.applied.clear();
    for step in model.steps.iter_mut().filter(|step| settled.contains(&step.about().id)) {
        step.ticked = false;
        step.form = FormState::default();
    }
    model.review.void();
    let mut effects = looking::keep(model);
    effects.push(Effect::LookAtHost);
    if model.past.runs.is_some() {
        effects.push(Effect::LookAtRuns);
    }
    effects.extend(looking::inspect_all(model));
    notice(model, "The run has ended.");
    effects
}
