//! What comes in about the host: findings, and answers of an earlier session.

use std::sync::Arc;

use super::{log, notice, planning};
use crate::{
    finding::StepId,
    steps::Findings,
    wizard::{
        Effect, Failure, Model, Screen,
        draft::Draft,
        form::FormState,
        model::{HostCard, PastRun, StepPhase, StepState},
        navigation,
        rows::rows,
        run_view::RunView,
    },
};

/// What is asked for at the start: all of it at once, nothing waits for anything else.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    let mut effects = vec![Effect::LookAtHost, Effect::LoadAnswers];
    effects.extend(inspect_all(model));
    effects
}

/// The host is known better. A run that goes on is attached to, one that was cut off is shown, once and only to an
/// operator who has not begun anything yet.
pub(super) fn host_seen(model: &mut Model, host: HostCard) -> Vec<Effect> {
    let first = model.host.as_ref().is_none_or(|known| known.open_run.is_none());
    model.host = Some(host);
    if model.screen == Screen::CutOff && model.cut_off().is_none() {
        navigation::restart_at(model, Screen::Overview);
    }
    let cut_off = |run: &RunView| run.ended && run.outcome.is_none();
    let waits = match &model.run {
        None => model.screen == Screen::Overview,
        Some(run) => model.screen == Screen::Run && cut_off(run),
    };
    let idle = waits && model.dialog.is_none();
    let open = model.host.as_ref().and_then(|host| host.open_run.as_ref());
    match open {
        Some(open) if first && idle && open.alive => vec![Effect::Attach(open.run.clone())],
        Some(_) if first && idle => {
            navigation::restart_at(model, Screen::CutOff);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The runs of the past are known; what was selected stays so.
pub(super) fn runs_seen(model: &mut Model, runs: Result<Vec<PastRun>, Failure>) -> Vec<Effect> {
    let selected = model.past.selected().map(|past| past.report.run.clone());
    model.past.runs = Some(runs);
    let place = |name: String| model.past.known().iter().position(|past| past.report.run == name);
    let cursor = selected.and_then(place);
    model.past.cursor = cursor.unwrap_or(0);
    if cursor.is_none() && model.screen == Screen::Past {
        navigation::back(model);
    }
    Vec::new()
}

pub(super) fn inspect_all(model: &Model) -> Vec<Effect> {
    model.steps.iter().map(|step| Effect::Inspect(step.about().id.clone())).collect()
}

pub(super) fn inspected(
    model: &mut Model,
    id: &StepId,
    result: Result<Arc<Findings>, Failure>,
) -> Vec<Effect> {
    let draft = model.draft.steps.get(id).cloned();
    let Some(step) = model.steps.iter_mut().find(|step| step.about().id == *id) else { return Vec::new() };
    let asked = result.and_then(|findings| match step.step.form(&findings) {
        Ok(form) => Ok((findings, form)),
        Err(error) => Err(Failure::from(&error)),
    });
    let phase = match asked {
        Ok((findings, form)) => {
            if step.form.edited() {
                step.form.renew(form);
            } else {
                step.form = FormState::new(form);
                if let Some(draft) = draft {
                    step.form.restore(&draft.values);
                    step.ticked |= draft.ticked;
                }
            }
            StepPhase::Ready(findings)
        }
        Err(failure) => StepPhase::Failed(failure),
    };
    if matches!(phase, StepPhase::Ready(_)) {
        model.draft.steps.remove(id);
    }
    let same = step.phase == phase;
    step.phase = phase;
    step.form.below = rows(step).rows.iter().filter(|row| row.asked.is_none()).count();
    step.form.settle_focus();
    if same {
        return Vec::new();
    }
    if let StepPhase::Failed(failure) = &step.phase {
        let line = format!("{}: {}", step.about().title, failure.message);
        log(model, true, &line);
    }
    if model.running() || model.review.starting || model.review.undoes.is_some() {
        return Vec::new();
    }
    model.review.void();
    if model.screen == Screen::Review { planning::request(model) } else { Vec::new() }
}

/// Answers of an earlier session: into every form that was not touched yet, else kept until its findings arrive.
pub(super) fn loaded(model: &mut Model, draft: Draft) -> Vec<Effect> {
    if draft.is_empty() {
        return Vec::new();
    }
    let count = draft.steps.len();
    model.kept = draft.clone();
    model.draft = draft;
    for step in &mut model.steps {
        let looked = matches!(step.phase, StepPhase::Ready(_));
        if looked
            && let Some(kept) = model.draft.steps.remove(&step.about().id)
            && !step.form.edited()
        {
            step.form.restore(&kept.values);
            step.ticked |= kept.ticked;
        }
    }
    model.review.void();
    notice(model, &format!("Answers of an earlier session are here ({count} steps). F10 reviews them."));
    if model.screen == Screen::Review { planning::request(model) } else { Vec::new() }
}

/// Keeps the answers, when they are not kept already.
pub(super) fn keep(model: &mut Model) -> Vec<Effect> {
    let draft = draft(model);
    if draft == model.kept {
        return Vec::new();
    }
    model.kept = draft.clone();
    vec![Effect::SaveAnswers(draft)]
}

/// All answers worth keeping, as they are now. Never a secret. Without answers the place is not worth keeping.
fn draft(model: &Model) -> Draft {
    let mut draft = Draft { place: None, steps: model.draft.steps.clone() };
    let place =
        std::iter::once(&model.screen).chain(model.trail.iter().rev()).find_map(|screen| match screen {
            Screen::Step(index) => model.steps.get(*index),
            _ => None,
        });
    draft.place = place.map(|step| step.about().id.clone());
    let answered = |step: &&StepState| step.ticked || step.form.edited();
    for step in model.steps.iter().filter(answered) {
        let kept =
            crate::wizard::draft::StepDraft { ticked: step.ticked, values: step.form.changed_values() };
        draft.steps.insert(step.about().id.clone(), kept);
    }
    if draft.is_empty() { Draft::default() } else { draft }
}
