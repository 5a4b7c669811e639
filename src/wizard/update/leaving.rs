//! Questions above the page and the ways out: nothing that was answered is ever lost on them.

use super::{looking, planning};
use crate::{
    runner::RunOutcome,
    wizard::{
        Effect, Model,
        model::{Dialog, DialogPhase, Question},
    },
};

/// Opens a question with the focus on an outcome.
pub(super) fn ask(model: &mut Model, question: Question, focus: usize) -> Vec<Effect> {
    model.dialog = Some(Dialog { question, phase: DialogPhase::Asking, focus, top: 0 });
    Vec::new()
}

/// `q`: leaves at once when nothing is open, else asks.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    let failed = |outcome: RunOutcome| matches!(outcome, RunOutcome::Failed | RunOutcome::Stopped);
    let code = u8::from(model.run.as_ref().and_then(|run| run.outcome).is_some_and(failed));
    leave_or_ask(model, code)
}

/// Ctrl-C: as `q`, but pressed again it leaves without a further question. Answers are kept either way.
pub(super) fn interrupted(model: &mut Model) -> Vec<Effect> {
    let asked = model.dialog.as_ref().map(|dialog| dialog.question);
    if matches!(asked, Some(Question::Leave { .. })) {
        return leave(model, 3);
    }
    leave_or_ask(model, 3)
}

fn leave_or_ask(model: &mut Model, code: u8) -> Vec<Effect> {
    if model.running() || model.review.starting || model.unapplied() {
        ask(model, Question::Leave { code }, 0)
    } else {
        leave(model, code)
    }
}

/// Ends the wizard. Answers are kept first.
pub(super) fn leave(model: &mut Model, code: u8) -> Vec<Effect> {
    model.exit = Some(code);
    model.dialog = None;
    let mut effects = looking::keep(model);
    effects.push(Effect::Quit { code });
    effects
}

/// Enter in a dialog.
pub(super) fn confirm(model: &mut Model) -> Vec<Effect> {
    let Some(dialog) = model.dialog.take() else { return Vec::new() };
    if dialog.phase != DialogPhase::Asking {
        return Vec::new();
    }
    if dialog.focus != 0 {
        return Vec::new();
    }
    match dialog.question {
        Question::Leave { code } => leave(model, code),
        Question::Apply => planning::apply(model),
        Question::Foreign => {
            planning::accept_foreign(model, true);
            planning::ask_to_apply(model)
        }
        Question::Noted => planning::noted(model),
        Question::Stop => {
            model.run.as_ref().map(|run| Effect::StopRun(run.run.clone())).into_iter().collect()
        }
        Question::ContinueRun => planning::continue_run(model),
        Question::LeaveRun => {
            model.cut_off().map(|open| Effect::LeaveRun(open.run.clone())).into_iter().collect()
        }
        Question::Discard => {
            for step in &mut model.steps {
                step.ticked = false;
                step.form = crate::wizard::form::FormState::default();
            }
            model.draft = crate::wizard::draft::Draft::default();
            model.review.void();
            let mut effects = looking::keep(model);
            effects.extend(looking::inspect_all(model));
            effects
        }
    }
}
