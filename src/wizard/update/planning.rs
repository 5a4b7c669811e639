//! From answers to a plan, and from a plan that was looked at to a run.

use std::sync::Arc;

use super::notice;
use crate::{
    plan::Plan,
    secret::{Secret, Secrets},
    wizard::{
        Effect, Failure, Model, Screen,
        effect::Answered,
        model::{Dialog, DialogPhase, MadeUp, Question, ReviewPhase, StepPhase, StepState},
        navigation,
        page::review::entries,
        rows,
    },
};

/// Asks for the plan that takes a run back.
pub(super) fn request_undo(model: &mut Model, run: String) -> Vec<Effect> {
    model.review.ticket += 1;
    model.review.phase = ReviewPhase::Making;
    model.review.cursor = 0;
    model.review.undoes = Some(run.clone());
    model.review.before.clear();
    vec![Effect::PlanUndo { ticket: model.review.ticket, run }]
}

/// Asks for the plan of all ticked steps whose answers can be used.
pub(super) fn request(model: &mut Model) -> Vec<Effect> {
    model.review.undoes = None;
    let mut steps = Vec::new();
    for step in model.steps.iter().filter(|step| step.ticked) {
        if let StepPhase::Ready(findings) = &step.phase
            && rows::problems(step).is_empty()
        {
            let id = step.about().id.clone();
            let answers = step.form.answers(&id);
            steps.push(Answered { step: id, findings: findings.clone(), answers });
        }
    }
    model.review.ticket += 1;
    model.review.steps = steps.iter().map(|answered| answered.step.clone()).collect();
    if steps.is_empty() {
        model.review.phase = ReviewPhase::Ready(Arc::default());
        return Vec::new();
    }
    model.review.phase = ReviewPhase::Making;
    let secrets = secrets(model, |step| step.ticked);
    vec![Effect::MakePlan { ticket: model.review.ticket, steps, secrets }]
}

pub(super) fn planned(model: &mut Model, ticket: u64, result: Result<Arc<Plan>, Failure>) -> Vec<Effect> {
    if ticket != model.review.ticket || model.review.phase != ReviewPhase::Making {
        return Vec::new();
    }
    let foreign = match &model.review.seen_foreign {
        Some(seen) => result.as_ref().ok().and_then(|plan| plan.foreign.as_ref()) == Some(seen),
        None => false,
    };
    model.review.foreign_accepted &= foreign;
    model.review.phase = match result {
        Ok(plan) => ReviewPhase::Ready(plan),
        Err(failure) => ReviewPhase::Failed(failure),
    };
    model.review.cursor = model.review.cursor.min(entries(model).len().saturating_sub(1));
    Vec::new()
}

/// Somebody else's uncommitted changes are taken along, or not.
pub(super) fn accept_foreign(model: &mut Model, accepted: bool) {
    if let ReviewPhase::Ready(plan) = &model.review.phase {
        model.review.seen_foreign = plan.foreign.clone();
        model.review.foreign_accepted = accepted && plan.foreign.is_some();
    }
}

/// Asks whether to apply; says why not when it cannot be.
pub(super) fn ask_to_apply(model: &mut Model) -> Vec<Effect> {
    let ReviewPhase::Ready(plan) = &model.review.phase else { return Vec::new() };
    if plan.is_empty() {
        return notice(model, "There is nothing to apply.");
    }
    if model.running() || model.review.starting {
        return notice(model, "A run is under way: wait for its end.");
    }
    if let Some(obstacle) = model.host.as_ref().and_then(|host| host.obstacle.clone()) {
        return notice(model, &obstacle);
    }
    let foreign = plan.foreign.is_some() && !model.review.foreign_accepted;
    let question = if foreign { Question::Foreign } else { Question::Apply };
    model.dialog = Some(Dialog { question, phase: DialogPhase::Asking, focus: 1, top: 0 });
    Vec::new()
}

/// Hands the plan over, exactly as it was shown.
pub(super) fn apply(model: &mut Model) -> Vec<Effect> {
    let ReviewPhase::Ready(plan) = &model.review.phase else {
        model.dialog = None;
        return Vec::new();
    };
    let plan = plan.clone();
    model.applied = if model.review.undoes.is_some() { Vec::new() } else { model.review.steps.clone() };
    let effect = match model.review.undoes.clone() {
        Some(run) => Effect::StartUndo { run, plan, overwrite: model.review.foreign_accepted },
        None if plan.generated.is_empty() => {
            Effect::StartRun { plan, secrets: secrets(model, |step| step.ticked) }
        }
        None => {
            let secrets = secrets(model, |step| step.ticked);
            Effect::MakeUp(Box::new(Effect::StartRun { plan, secrets }))
        }
    };
    start(model, Question::Apply, effect)
}

/// Goes on with the run that was cut off.
pub(super) fn continue_run(model: &mut Model) -> Vec<Effect> {
    let Some(run) = model.cut_off().map(|open| open.run.clone()) else { return Vec::new() };
    model.applied.clear();
    let effect = Effect::ContinueRun { run, secrets: secrets(model, |_| true) };
    start(model, Question::ContinueRun, Effect::MakeUp(Box::new(effect)))
}

/// What was made up is shown first, so that nobody is left without a password that was set.
pub(super) fn made_up(model: &mut Model, start: Effect, shown: Vec<(String, Secret)>) -> Vec<Effect> {
    if !model.review.starting {
        return Vec::new();
    }
    if shown.is_empty() {
        return vec![start];
    }
    model.review.starting = false;
    model.dialog = None;
    model.made_up = Some(MadeUp { start, shown, again: model.dropped, stored: None });
    navigation::go(model, Screen::Passwords);
    Vec::new()
}

/// Starts what waited for that.
pub(super) fn noted(model: &mut Model) -> Vec<Effect> {
    let Some(made_up) = model.made_up.take() else { return Vec::new() };
    model.dropped = false;
    navigation::back(model);
    start(model, Question::Apply, made_up.start)
}

fn start(model: &mut Model, question: Question, effect: Effect) -> Vec<Effect> {
    model.review.starting = true;
    model.dialog = Some(Dialog { question, phase: DialogPhase::Working, focus: 0, top: 0 });
    vec![effect]
}

/// The good secrets of some steps.
fn secrets(model: &Model, of: impl Fn(&StepState) -> bool) -> Secrets {
    let mut secrets = Secrets::default();
    for step in model.steps.iter().filter(|step| of(step)) {
        step.form.add_secrets(&step.about().id, &mut secrets);
    }
    secrets
}

pub(super) fn refused(model: &mut Model, failure: Failure) -> Vec<Effect> {
    model.review.starting = false;
    super::log(model, true, &failure.message);
    match &mut model.dialog {
        Some(dialog) if dialog.phase == DialogPhase::Working => dialog.phase = DialogPhase::Failed(failure),
        _ => model.notice = Some(format!("Nothing was changed: {}", failure.message)),
    }
    Vec::new()
}
