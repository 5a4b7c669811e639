//! What a plan does not fix: what is found in steps that are not part of it, or that was left as it is.

use super::{
    Line, Page, Role, Span, Symbol, Writer,
    host::{severity_role, word},
    text::{clean, columns, fit},
};
use crate::{
    finding::{Finding, Status},
    wizard::{
        Model,
        model::{ReviewPhase, StepState},
        rows::settles,
    },
};

/// What fails and still will after the plan, and why; the worst first.
fn unfixed(model: &Model) -> Vec<(&Finding, String)> {
    let ReviewPhase::Ready(plan) = &model.review.phase else { return Vec::new() };
    if model.review.undoes.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for step in &model.steps {
        let about = step.about();
        let changed = plan.changes.iter().any(|change| change.step == about.id);
        for finding in step.findings().iter().filter(|one| one.status == Status::Fail) {
            let why = if !step.ticked {
                format!("{} is not in the plan", about.title)
            } else if !model.review.steps.contains(&about.id) {
                format!("{} is left out", about.title)
            } else if finding.field.is_none() {
                "to be done by hand".to_owned()
            } else if !changed || is_left(step, finding) {
                "left as it is".to_owned()
            } else {
                continue;
            };
            found.push((finding, why));
        }
    }
    found.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.severity));
    found
}

/// Whether the question about it is answered with leaving it.
fn is_left(step: &StepState, finding: &Finding) -> bool {
    let about =
        |field: &crate::steps::form::Field| settles(field, finding) && field.now_status != Some(Status::Pass);
    let mut asked = step.form.visible().filter(|(_, field, _)| about(field));
    asked.any(|(index, ..)| matches!(step.form.value(index), Some("leave" | "keep")))
}

/// Whether anything stays.
pub(in crate::wizard) fn any(model: &Model) -> bool {
    !unfixed(model).is_empty()
}

/// "3 critical findings stay: Root still has the image's password; …": in a question whole, on a page in one line, with
/// the key that shows all.
pub(super) fn tell(model: &Model, asked: bool, w: &mut Writer) {
    let unfixed = unfixed(model);
    let Some((worst, _)) = unfixed.first() else { return };
    let worst = worst.severity;
    let titles: Vec<&str> = unfixed
        .iter()
        .filter(|(finding, _)| finding.severity == worst)
        .map(|(finding, _)| finding.title.as_str())
        .collect();
    let stay = if titles.len() == 1 { "finding stays" } else { "findings stay" };
    let words = format!(" {} {} {stay}: {}", titles.len(), word(worst), clean(&titles.join("; ")));
    let role = severity_role(worst);
    let sign = Span::symbol(role, Symbol::Fail);
    if asked {
        return w.spans(0, 2, vec![sign, Span::new(role, words)]);
    }
    let all = format!("  all {}: f", unfixed.len());
    let words = fit(&words, w.width.saturating_sub(1 + columns(&all)));
    let spans = vec![sign, Span::new(role, words), Span::new(Role::Dim, all)];
    w.page.lines.push(Line { spans, ..Line::default() });
}

/// All of it, a line or two each.
pub(super) fn page(model: &Model, width: usize) -> Page {
    let mut w = Writer::new("What stays", "not fixed by this plan", width);
    for (finding, why) in unfixed(model) {
        let role = severity_role(finding.severity);
        let spans = vec![
            Span::symbol(role, Symbol::Fail),
            Span::new(role, format!(" {}: ", word(finding.severity))),
            Span::new(Role::Text, clean(&finding.title)),
            Span::new(Role::Dim, format!(" · {why}")),
        ];
        w.spans(0, 2, spans);
    }
    w.page
}
