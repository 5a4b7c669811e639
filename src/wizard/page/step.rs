//! One step: why it matters, what was found, and the questions.

use tui_input::Input;

use super::{
    Line, Page, Role, Span, Symbol, Writer,
    host::{severity_role, status, word},
    text::{TIE, cell, clean, columns, columns_of},
};
use crate::{
    finding::{Finding, Status},
    steps::form::{Field, Kind},
    wizard::{
        Model,
        form::{FieldState, SecretState, complaint},
        model::{StepPhase, StepState},
        navigation,
    },
};

pub(super) fn step(model: &Model, index: usize, width: usize) -> Page {
    let Some(step) = model.steps.get(index) else { return Page::default() };
    let order = navigation::step_order(model);
    let place = order.iter().position(|other| *other == index).map_or(0, |place| place + 1);
    let aside = format!("step {place} of {} · handbook {}", order.len(), step.about().handbook);
    let mut w = Writer::new(step.about().title, aside, width);
    w.text(Role::Text, step.about().why);
    w.gap();
    match &step.phase {
        StepPhase::Looking => w.text(Role::Dim, "Looking at the host …"),
        StepPhase::Failed(failure) => {
            w.text(Role::Bad, "This step could not look at the host.");
            w.text(Role::Text, &failure.message);
            for hint in &failure.hints {
                w.text(Role::Dim, hint);
            }
        }
        StepPhase::Ready(_) => findings(step, &mut w),
    }
    w.gap();
    questions(step, &mut w);
    w.page
}

fn findings(step: &StepState, w: &mut Writer) {
    let mut shown: Vec<&Finding> = step.findings().iter().collect();
    let rank = |finding: &&Finding| match finding.status {
        Status::Fail => (0, std::cmp::Reverse(finding.severity)),
        Status::Unknown => (1, std::cmp::Reverse(finding.severity)),
        Status::Pass => (2, std::cmp::Reverse(finding.severity)),
        Status::NotApplicable => (3, std::cmp::Reverse(finding.severity)),
    };
    shown.sort_by_key(rank);
    for finding in shown {
        let mut spans = vec![status(finding), Span::new(Role::Text, " ")];
        if finding.status == Status::Fail {
            let severity = finding.severity;
            spans.push(Span::new(severity_role(severity), format!("{}: ", word(severity))));
        } else if finding.status == Status::Unknown {
            spans.push(Span::new(Role::Unknown, "unknown: "));
        }
        spans.push(Span::new(Role::Text, clean(&finding.title)));
        w.spans(0, 2, spans);
        if matches!(finding.status, Status::Fail | Status::Unknown) {
            for text in [&finding.evidence, &finding.remedy] {
                if !text.is_empty() {
                    w.spans(2, 2, vec![Span::new(Role::Dim, clean(text))]);
                }
            }
        }
    }
}

fn questions(step: &StepState, w: &mut Writer) {
    let form = &step.form;
    if form.is_empty() {
        return;
    }
    if !form.form().note.is_empty() {
        w.text(Role::Text, &form.form().note);
        w.gap();
    }
    let label = form.visible().map(|(_, field, _)| columns(&field.label)).max().unwrap_or(0);
    let label = label.max(8).min(w.width / 3);
    let now = |field: &Field| now(field, step.findings());
    // What is so today has a column of its own where there is room; else a line of its own.
    let beside = form.visible().map(|(_, field, _)| columns_of(&now(field))).max().unwrap_or(0);
    let fits = |field: &Field| label + 4 + beside + columns_of(&options(field, 0)) <= w.width;
    let one_line = form.visible().all(|(_, field, _)| fits(field));
    for (index, field, state) in form.visible() {
        let focus = form.focus();
        let here = focus.field == index;
        match state {
            FieldState::Choice(chosen) => {
                let from = w.len();
                let (mut spans, now) = (start(field, label), now(field));
                let words = columns_of(&now);
                spans.extend(now);
                if one_line {
                    spans.push(Span::new(Role::Text, " ".repeat(beside - words)));
                } else if words > 0 {
                    w.spans(0, label + 4, std::mem::take(&mut spans));
                    spans.push(Span::new(Role::Text, " ".repeat(label + 4)));
                }
                spans.extend(options(field, *chosen));
                w.spans(0, label + 4, spans);
                if here {
                    w.focus(from);
                    if let Kind::Choice { options, .. } = &field.kind
                        && let Some(option) = options.get(*chosen)
                        && !option.effect.is_empty()
                    {
                        w.spans(label + 4, label + 4, vec![Span::new(Role::Dim, clean(&option.effect))]);
                    }
                    help(w, field, label);
                }
            }
            FieldState::Line(input) => {
                let from = w.len();
                let now = (!field.now.is_empty()).then(|| [start(field, label), now(field)].concat());
                line(w, field, now, input, label, here);
                if let Some(words) = complaint(field, state) {
                    let words = Span::new(Role::Warning, format!(" {}", clean(&words)));
                    let spans = vec![Span::symbol(Role::Warning, Symbol::Warning), words];
                    w.spans(label + 4, label + 6, spans);
                }
                if here {
                    w.focus(from);
                    help(w, field, label);
                }
            }
            FieldState::Secret(secret) => {
                for again in [false, true] {
                    let from = w.len();
                    secret_line(w, field, secret, again, label, here && focus.again == again);
                    if here && focus.again == again {
                        w.focus(from);
                        help(w, field, label);
                    }
                }
            }
        }
    }
}

fn help(w: &mut Writer, field: &Field, label: usize) {
    if !field.help.is_empty() {
        w.spans(label + 4, label + 4, vec![Span::new(Role::Dim, clean(&field.help))]);
    }
    w.show_too();
}

/// Label, and a glyph for what is so today.
fn start(field: &Field, label: usize) -> Vec<Span> {
    let (role, symbol) = standing(field);
    let mut spans = vec![Span::new(Role::Text, format!("{}  ", cell(&clean(&field.label), label)))];
    match symbol {
        Some(symbol) => spans.extend([Span::symbol(role, symbol), Span::new(role, TIE.to_string())]),
        None => spans.push(Span::new(Role::Text, "  ")),
    }
    spans
}

/// What is so today; nothing when a finding above has said it in the same words.
fn now(field: &Field, findings: &[Finding]) -> Vec<Span> {
    if field.now.is_empty() || findings.iter().any(|finding| finding.title == field.now) {
        return Vec::new();
    }
    vec![Span::new(standing(field).0, format!("{}  ", clean(&field.now)))]
}

fn standing(field: &Field) -> (Role, Option<Symbol>) {
    match field.now_status {
        Some(Status::Pass) => (Role::Good, Some(Symbol::Pass)),
        Some(Status::Fail) => (Role::Bad, Some(Symbol::Fail)),
        Some(Status::Unknown) => (Role::Unknown, Some(Symbol::Unknown)),
        Some(Status::NotApplicable) | None => (Role::Dim, None),
    }
}

/// The answers of a choice.
fn options(field: &Field, chosen: usize) -> Vec<Span> {
    let Kind::Choice { options, .. } = &field.kind else { return Vec::new() };
    let mut spans = Vec::new();
    for (index, option) in options.iter().enumerate() {
        let (role, symbol) =
            if index == chosen { (Role::Accent, Symbol::On) } else { (Role::Dim, Symbol::Off) };
        spans.push(Span::symbol(role, symbol));
        // A blank that does not break keeps the circle with its word.
        let words = clean(&option.label).replace(' ', &TIE.to_string());
        spans.push(Span::new(role, format!("{TIE}{words}")));
        spans.push(Span::new(Role::Text, "  "));
    }
    spans
}

fn line(w: &mut Writer, field: &Field, now: Option<Vec<Span>>, input: &Input, label: usize, here: bool) {
    let name = if now.is_some() { String::new() } else { clean(&field.label) };
    if let Some(now) = now {
        w.spans(0, label + 4, now);
    }
    let room = w.width.saturating_sub(label + 5).max(4);
    let scroll = input.visual_scroll(room);
    let mut skipped = 0;
    let visible = input.value().chars().skip_while(|c| {
        let hidden = skipped < scroll;
        skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
        hidden
    });
    let value = super::text::fit(&clean(&visible.collect::<String>()), room);
    let mut written = Line {
        spans: vec![
            Span::new(Role::Text, format!("{}    ", cell(&name, label))),
            Span::new(Role::Field, cell(&value, room)),
        ],
        ..Line::default()
    };
    if here {
        let column = label + 4 + input.visual_cursor().saturating_sub(scroll).min(room);
        written.cursor = u16::try_from(column).ok();
    }
    w.page.lines.push(written);
}

fn secret_line(w: &mut Writer, field: &Field, secret: &SecretState, again: bool, label: usize, here: bool) {
    let buffer = if again { &secret.again } else { &secret.first };
    let room = (w.width / 4).clamp(8, 32);
    let dots = buffer.len().min(room - 1);
    let name = if again { "  again".to_owned() } else { clean(&field.label) };
    let mut spans = vec![Span::new(Role::Text, format!("{}    ", cell(&name, label)))];
    spans.extend(std::iter::repeat_n(Span::symbol(Role::Field, Symbol::Dot), dots));
    spans.push(Span::new(Role::Field, " ".repeat(room - dots)));
    let said = match &secret.verdict {
        Some(verdict) if !again => {
            let (role, before) = if verdict.good { (Role::Good, "strong: ") } else { (Role::Warning, "") };
            Some(Span::new(role, format!("  {before}{}", clean(&verdict.words))))
        }
        _ if again && !buffer.is_empty() && secret.matches() => Some(Span::new(Role::Good, "  the same")),
        _ if again && !buffer.is_empty() => Some(Span::new(Role::Warning, "  differs")),
        _ => None,
    };
    let column = label + 4 + dots;
    let before = w.len();
    spans.extend(said);
    w.spans(0, label + 4, spans);
    if here && let Some(line) = w.page.lines.get_mut(before) {
        line.cursor = u16::try_from(column).ok();
    }
}
