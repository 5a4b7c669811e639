//! The runs of this host, one of them in full, and what taking one back opens again.

use super::{
    Page, Role, Span, Symbol, Writer,
    host::{score_role, severity_role, word},
    run::{outcome_look, undone_look, undone_words},
    text::{cell, clean, columns},
};
use crate::{
    finding::{Finding, Status, score},
    runner::{NotKept, Report, ReportedChange, RunOutcome, State, afterwards},
    wizard::{
        Model,
        model::{PastRun, ReviewPhase},
    },
};

/// All of them, a line each.
pub(super) fn list(model: &Model, width: usize) -> Page {
    let runs = model.past.known();
    let aside = if runs.is_empty() { "" } else { "the newest first" };
    let mut w = Writer::new("Earlier runs", aside, width);
    match &model.past.runs {
        None => w.text(Role::Dim, "Looking …"),
        Some(Err(failure)) => w.text(Role::Bad, &failure.message),
        Some(Ok(runs)) if runs.is_empty() => w.text(Role::Text, "No run was recorded on this host."),
        Some(Ok(_)) => {}
    }
    let name = runs.iter().map(|past| columns(&past.report.run)).max().unwrap_or(0).min(20);
    for (place, past) in runs.iter().enumerate() {
        let from = w.len();
        let report = &past.report;
        let ((role, symbol), words) = (look(past), words(past));
        let count = if report.changes.len() == 1 { "change " } else { "changes" };
        let begun = report.started.strftime("%Y-%m-%d %H:%M");
        let spans = vec![
            Span::symbol(role, symbol),
            Span::new(Role::Text, format!(" {}", cell(&clean(&report.run), name))),
            Span::new(Role::Dim, format!("  {begun}  {:>3} {count}  ", report.changes.len())),
            Span::new(role, words),
        ];
        w.spans(0, 4, spans);
        if place == model.past.cursor {
            w.focus(from);
        }
    }
    w.page
}

fn look(past: &PastRun) -> (Role, Symbol) {
    match (past.state, past.report.outcome) {
        (State::Live, _) => (Role::Accent, Symbol::Busy),
        (State::CutOff, _) => (Role::Bad, Symbol::Fail),
        (State::Finished, _) if past.undone_by.is_some() => (Role::Dim, Symbol::Nothing),
        (State::Finished, Some(RunOutcome::Done | RunOutcome::Unchanged)) => (Role::Good, Symbol::Pass),
        (State::Finished, Some(RunOutcome::Failed)) if refused(&past.report).is_none() => {
            (Role::Bad, Symbol::Fail)
        }
        (State::Finished, _) => (Role::Warning, Symbol::Warning),
    }
}

/// How it ended, and what it has to do with other runs.
fn words(past: &PastRun) -> String {
    let report = &past.report;
    let ended = match (past.state, report.outcome) {
        (State::Live, _) => "goes on",
        (State::CutOff, _) | (State::Finished, None) => "cut off",
        (State::Finished, Some(RunOutcome::Done)) => "done",
        (State::Finished, Some(RunOutcome::Unchanged)) => "nothing needed changing",
        (State::Finished, Some(RunOutcome::Warning)) => "done, to be looked at",
        (State::Finished, Some(RunOutcome::Failed)) => refused(report).unwrap_or("failed"),
        (State::Finished, Some(RunOutcome::Stopped)) => "stopped on request",
    };
    let mut words = ended.to_owned();
    if let Some(undone) = &report.undoes {
        let done =
            matches!(report.outcome, Some(RunOutcome::Done | RunOutcome::Unchanged | RunOutcome::Warning));
        let took = if done { "took" } else { "was to take" };
        words.push_str(&format!(", {took} back {}", clean(undone)));
    }
    if let Some(by) = &past.undone_by {
        words.push_str(&format!(", taken back by {}", clean(by)));
    }
    words
}

/// Nothing of it failed: it was not kept.
fn refused(report: &Report) -> Option<&'static str> {
    report.changes.iter().find_map(|change| change.not_kept).map(|why| match why {
        NotKept::Reverted => "taken back on request",
        NotKept::Unconfirmed => "taken back, not confirmed",
        NotKept::Overtaken => "taken back, changed by somebody meanwhile",
    })
}

/// One of them.
pub(super) fn past(model: &Model, width: usize) -> Page {
    let Some(past) = model.past.selected() else {
        let mut w = Writer::new("Earlier run", "", width);
        w.text(Role::Dim, "There is no such run any more.");
        return w.page;
    };
    let report = &past.report;
    let begun = report.started.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let mut w = Writer::new(format!("Run {}", clean(&report.run)), begun, width);
    let (role, symbol) = look(past);
    let words = words(past);
    w.spans(0, 2, vec![Span::symbol(role, symbol), Span::new(role, format!(" {words}"))]);
    w.text(Role::Dim, &format!("By {}.", report.operator));
    let before: Vec<&Finding> = report.findings_before.iter().collect();
    let after = afterwards(&report.findings_before, &report.findings_after);
    let (before, after) = (score(before), score(after));
    let scores = if report.findings_after.is_empty() {
        vec![Span::new(score_role(before), format!("{before} / 100")), Span::new(Role::Text, " before")]
    } else {
        vec![
            Span::new(score_role(before), format!("{before} / 100")),
            Span::new(Role::Text, " before, "),
            Span::new(score_role(after), format!("{after} / 100")),
            Span::new(Role::Text, " after"),
        ]
    };
    w.spans(0, 2, [vec![Span::new(Role::Text, "Hardening: ")], scores].concat());
    w.gap();
    for change in &report.changes {
        change_lines(change, &mut w);
    }
    w.gap();
    for reminder in &report.reminders {
        let words = Span::new(Role::Text, format!(" {}", clean(reminder)));
        w.spans(0, 2, vec![Span::symbol(Role::Warning, Symbol::Warning), words]);
    }
    w.page
}

fn change_lines(change: &ReportedChange, w: &mut Writer) {
    let (role, symbol, word) = match change.outcome {
        Some(outcome) => outcome_look(outcome),
        None if change.begun => (Role::Bad, Symbol::Fail, "cut off in the middle of it"),
        None => (Role::Dim, Symbol::Pending, "not begun"),
    };
    let said = if change.message.is_empty() { word } else { change.message.as_str() };
    let (role, symbol) = change.undone.as_ref().map_or((role, symbol), |(outcome, _)| undone_look(*outcome));
    let title = Span::new(Role::Text, format!(" {}", clean(&change.title)));
    w.spans(0, 2, vec![Span::symbol(role, symbol), title]);
    if !said.is_empty() {
        w.block(4, said, usize::MAX, |_| Role::Dim);
    }
    if let Some((outcome, message)) = &change.undone {
        w.spans(4, 4, vec![Span::new(role, clean(&undone_words(*outcome, message)))]);
    }
}

/// What taking a run back makes worse.
pub(in crate::wizard) struct Reopened<'a> {
    /// Hardening score today.
    now: u8,
    /// And then.
    then: u8,
    /// What fails again, the worst first.
    failing: Vec<&'a Finding>,
}

/// Compares what is found today with what was found before the run that is to be taken back.
pub(in crate::wizard) fn reopened(model: &Model) -> Option<Reopened<'_>> {
    model.review.undoes.as_ref()?;
    let ReviewPhase::Ready(plan) = &model.review.phase else { return None };
    let today: Vec<&Finding> = model.findings().collect();
    let touched = |finding: &Finding| plan.changes.iter().any(|change| change.step == finding.step);
    let again: Vec<&Finding> = model.review.before.iter().filter(|finding| touched(finding)).collect();
    let then = today.iter().filter(|finding| !again.iter().any(|other| other.step == finding.step));
    let then = score(then.copied().chain(again.iter().copied()));
    let fails = |finding: &Finding| finding.status == Status::Fail;
    let new = |finding: &&&Finding| fails(finding) && !today.iter().any(|f| f.id == finding.id && fails(f));
    let mut failing: Vec<&Finding> = again.iter().filter(new).copied().collect();
    failing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let now = score(today);
    (then < now || !failing.is_empty()).then_some(Reopened { now, then, failing })
}

impl Reopened<'_> {
    /// "This brings back what the run mended: hardening 66 -> 49." and what that is.
    pub(super) fn tell(&self, w: &mut Writer) {
        let words = format!("This brings back what the run mended: hardening {} -> {}.", self.now, self.then);
        w.text(Role::Bad, &words);
        for finding in &self.failing {
            let spans = vec![
                Span::symbol(severity_role(finding.severity), Symbol::Fail),
                Span::new(severity_role(finding.severity), format!(" {}: ", word(finding.severity))),
                Span::new(Role::Text, clean(&finding.title)),
            ];
            w.spans(0, 2, spans);
        }
    }
}
