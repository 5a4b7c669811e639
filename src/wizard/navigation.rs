//! Where one can go: forward over the steps that apply, and the trail that Back follows.

use super::{
    Model, Screen,
    model::{Mode, StepPhase, StepState},
};
use crate::finding::{Severity, Status};

/// Whether there is anything to see or to ask. A step that still looks, or could not, is worth a visit.
pub fn applies(step: &StepState) -> bool {
    match &step.phase {
        StepPhase::Looking | StepPhase::Failed(_) => true,
        StepPhase::Ready(findings) => {
            !step.form.is_empty()
                || findings.items.is_empty()
                || findings.items.iter().any(|finding| finding.status != Status::NotApplicable)
        }
    }
}

/// The worst that fails in a step.
pub fn worst(step: &StepState) -> Option<Severity> {
    let failing = step.findings().iter().filter(|finding| finding.status == Status::Fail);
    failing.map(|finding| finding.severity).max()
}

/// Places of all steps in the order of the steps page: the wizard's own for the first boot, failing ones on top
/// for maintenance, and those that do not apply last.
pub fn step_order(model: &Model) -> Vec<usize> {
    let mut order: Vec<usize> = (0..model.steps.len()).collect();
    if model.mode == Mode::Maintenance {
        order.sort_by_key(|index| {
            let step = model.steps.get(*index);
            (!step.is_some_and(applies), std::cmp::Reverse(step.and_then(worst)))
        });
    }
    order
}

/// The next step that applies after `from` (or the first one); `None` behind the last.
pub fn next_step(model: &Model, from: Option<usize>) -> Option<usize> {
    let order = step_order(model);
    let start =
        from.and_then(|from| order.iter().position(|index| *index == from)).map_or(0, |place| place + 1);
    order.into_iter().skip(start).find(|index| model.steps.get(*index).is_some_and(applies))
}

/// Goes to a page. Going to one that is on the trail is going back to it, so no page is on the trail twice.
pub(super) fn go(model: &mut Model, screen: Screen) {
    if screen == model.screen {
        return;
    }
    match model.trail.iter().position(|visited| *visited == screen) {
        Some(place) => model.trail.truncate(place),
        None => model.trail.push(model.screen),
    }
    show(model, screen);
}

/// Goes back one page. Nothing ever stands in its way.
pub(super) fn back(model: &mut Model) {
    let screen = model.trail.pop().unwrap_or(Screen::Overview);
    show(model, screen);
}

/// Goes one level up: from a step to where the walk over the steps began, else back.
pub(super) fn up(model: &mut Model) {
    let walking = matches!(model.screen, Screen::Step(_));
    back(model);
    while walking && matches!(model.screen, Screen::Step(_)) {
        back(model);
    }
}

/// Goes to a page as if from the overview, whatever was visited before.
pub(super) fn restart_at(model: &mut Model, screen: Screen) {
    model.trail.clear();
    if screen != Screen::Overview {
        model.trail.push(Screen::Overview);
    }
    show(model, screen);
}

fn show(model: &mut Model, screen: Screen) {
    model.screen = screen;
    model.top = 0;
    if let Screen::Step(index) = screen {
        model.selected_step = index;
    }
}
