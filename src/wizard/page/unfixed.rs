//! What a plan does not fix: the worst of what is found in steps that are not part of it, or that was left as it is.

use super::{
    Role, Span, Symbol, Writer,
    host::{severity_role, word},
    text::clean,
};
use crate::{
    finding::{Finding, Severity, Status},
    wizard::{
        Model,
        model::{ReviewPhase, StepState},
    },
};

/// What fails at this severity or above and still will after the plan, and why.
fn unfixed(model: &Model, least: Severity) -> Vec<(&Finding, String)> {
    let ReviewPhase::Ready(plan) = &model.review.phase else { return Vec::new() };
    if model.review.undoes.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for step in &model.steps {
        let about = step.about();
        let changed = plan.changes.iter().any(|change| change.step == about.id);
        let failing = step.findings().iter();
        let failing = failing.filter(|one| one.status == Status::Fail && one.severity >= least);
        for finding in failing {
            let why = if !step.ticked {
                format!("{} is not in the plan", about.title)
            } else if !model.review.steps.contains(&about.id) {
                format!("{} is left out", about.title)
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
    let mut asked = step.form.visible();
    asked.any(|(index, field, _)| {
        field.now.as_ref() == Some(&finding.title) && step.form.value(index) == Some("leave")
    })
}

/// Below the plan.
pub(super) fn tell(model: &Model, w: &mut Writer) {
    let unfixed = unfixed(model, Severity::High);
    if unfixed.is_empty() {
        return;
    }
    w.gap();
    w.heading("Not fixed by this plan");
    for (finding, why) in unfixed {
        line(w, finding, &why);
    }
}

/// In the question whether to apply: the critical ones.
pub(super) fn warn(model: &Model, w: &mut Writer) {
    let critical = unfixed(model, Severity::Critical);
    if !critical.is_empty() {
        w.text(Role::Warning, "This does not fix:");
    }
    for (finding, why) in critical {
        line(w, finding, &why);
    }
}

fn line(w: &mut Writer, finding: &Finding, why: &str) {
    let role = severity_role(finding.severity);
    let spans = vec![
        Span::symbol(role, Symbol::Fail),
        Span::new(role, format!(" {}: ", word(finding.severity))),
        Span::new(Role::Text, clean(&finding.title)),
        Span::new(Role::Dim, format!(" · {why}")),
    ];
    w.spans(0, 2, spans);
}
