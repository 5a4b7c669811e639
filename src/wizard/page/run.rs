//! A run while it works, how it ended, and one that was cut off.

use super::{
    Page, Role, Span, Symbol, Writer,
    host::{counts, score_role, size},
    text::{bar, cell, clean, columns},
};
use crate::{
    executor::World,
    finding::score,
    plan::{Outcome, Plan, Undo},
    runner::{ChangeState, Ended, JobProgress, NotKept, RunOutcome, Stage, Unit},
    wizard::{Model, run_view::RunView},
};

/// Output lines shown below the changes.
const TAIL: usize = 8;

pub(super) fn run(model: &Model, width: usize) -> Page {
    let Some(run) = &model.run else {
        let mut w = Writer::new("Run", "", width);
        w.text(Role::Dim, "Nothing was applied in this session.");
        return w.page;
    };
    let aside =
        format!("{} of {} · {} · run {}", run.done(), run.changes.len(), clock(run.elapsed), clean(&run.run));
    let title = match (run.ended, run.stopping) {
        (true, _) => ended_title(run),
        (false, true) => "Stopping after this change",
        (false, false) if run.undoes.is_some() => "Taking back",
        (false, false) => "Applying",
    };
    let mut w = Writer::new(title, aside, width);
    if run.changes.is_empty() {
        w.text(Role::Dim, if run.ended { "The run ended before it began." } else { "Starting …" });
    }
    for (place, change) in run.changes.iter().enumerate() {
        let from = w.len();
        change_line(run, change, &mut w);
        if let Some(job) = run.progress.as_ref().filter(|job| job.change == place) {
            let mut spans = Vec::new();
            if let Some(total) = job.now.total {
                spans.extend([
                    bar(Role::Accent, 20, job.now.done.min(total), total),
                    Span::new(Role::Text, "  "),
                ]);
            }
            spans.push(Span::new(Role::Text, progress_words(job)));
            w.spans(2, 4, spans);
        }
        if run.guard.as_ref().is_some_and(|guard| guard.change == place) {
            w.gap();
            countdown(run, &mut w);
        }
        if run.current == Some(place) || run.guard.as_ref().is_some_and(|guard| guard.change == place) {
            let last = w.len().saturating_sub(1);
            w.page.focus = Some((from.min(last), last));
        }
    }
    w.gap();
    if run.ended {
        let (role, words) = ending(model, run);
        let from = w.len();
        w.text(role, &words);
        // How it ended comes into sight by itself.
        w.page.focus = Some((from, w.len().saturating_sub(1)));
    } else {
        for line in run.output.iter().skip(run.output.len().saturating_sub(TAIL)) {
            let role = if line.error { Role::Warning } else { Role::Dim };
            w.spans(2, 4, vec![Span::new(role, clean(&line.text))]);
        }
        w.gap();
        w.text(
            Role::Dim,
            match model.world {
                World::Demo => "On a real host, closing this screen does not stop the run.",
                World::Live | World::Tree => "Closing this screen does not stop the run.",
            },
        );
    }
    w.page
}

fn ended_title(run: &RunView) -> &'static str {
    match (run.outcome, &run.undoes) {
        (None, _) => "Cut off",
        (Some(RunOutcome::Failed), _) => failing(run).1,
        (Some(RunOutcome::Stopped), _) => "Stopped",
        (Some(_), None) => "Applied",
        (Some(_), Some(_)) => "Taken back",
    }
}

/// The line of one change: glyph, title, what was seen, time.
fn change_line(run: &RunView, change: &ChangeState, w: &mut Writer) {
    let (role, symbol, words, time) = match change.stage() {
        Stage::Waiting => (Role::Dim, Symbol::Pending, String::new(), None),
        Stage::Running(since) => {
            let waits = run.guard.is_some();
            let words = if waits { "waiting for you" } else { "" };
            (Role::Accent, Symbol::Busy, words.to_owned(), Some(run.elapsed.saturating_sub(since)))
        }
        Stage::Ended(Ended { outcome, message, took, .. }) => {
            let (role, symbol, word) = outcome_look(*outcome);
            let words = if message.is_empty() { word.to_owned() } else { message.clone() };
            (role, symbol, words, Some(*took))
        }
        Stage::Undone(outcome, message) => {
            let (role, symbol) = undone_look(outcome);
            (role, symbol, undone_words(outcome, message), None)
        }
    };
    let time = time.map_or(String::new(), |time| format!("{}.{} s", time / 1000, time % 1000 / 100));
    let (title, words) = (clean(&change.title), clean(&words));
    // In columns where everything fits on one line; else whole, over several.
    let room = w.width.saturating_sub(16);
    let half = (room / 2).max(columns(&title).min(room));
    let rest = room.saturating_sub(half);
    let fits = columns(&title) <= room;
    let beside = fits && columns(&words) < rest;
    let mut spans = vec![Span::symbol(role, symbol)];
    if fits {
        let words = if beside { words.as_str() } else { "" };
        spans.extend([
            Span::new(Role::Text, format!(" {}", cell(&title, half))),
            Span::new(role, format!(" {}", cell(words, rest))),
            Span::new(Role::Dim, format!("{time:>9}")),
        ]);
    } else {
        spans.extend([Span::new(Role::Text, format!(" {title}  ")), Span::new(Role::Dim, time)]);
    }
    w.spans(0, 2, spans);
    if !words.is_empty() && !beside {
        w.spans(4, 4, vec![Span::new(role, words)]);
    }
}

/// The same in one plain line, when the change is over.
pub fn change_words(change: &ChangeState) -> String {
    let (symbol, words) = match change.stage() {
        Stage::Waiting | Stage::Running(_) => (Symbol::Busy, String::new()),
        Stage::Ended(Ended { outcome, message, .. }) => {
            let (_, symbol, word) = outcome_look(*outcome);
            (symbol, if message.is_empty() { word.to_owned() } else { message.clone() })
        }
        Stage::Undone(outcome, message) => (undone_look(outcome).1, undone_words(outcome, message)),
    };
    let line = format!("{} {}  {}", symbol.text(), clean(&change.title), clean(&words));
    line.trim_end().to_owned()
}

/// "1.2 GB of 5.6 GB · 34 MB a second · 2 min left".
pub fn progress_words(job: &JobProgress) -> String {
    let amount = |count: u64| match job.now.unit {
        Unit::Bytes => size(count),
        Unit::Items => count.to_string(),
    };
    let mut words = amount(job.now.done);
    if let Some(total) = job.now.total {
        words.push_str(&format!(" of {}", amount(total)));
    }
    if let Some(rate) = job.rate() {
        words.push_str(&format!(" · {} a second", amount(rate)));
    }
    match job.seconds_left() {
        Some(left @ 0..60) => words.push_str(&format!(" · {left} s left")),
        Some(left @ 60..3600) => words.push_str(&format!(" · {} min left", left.div_ceil(60))),
        Some(left) => words.push_str(&format!(" · {} h {:02} min left", left / 3600, left % 3600 / 60)),
        None => {}
    }
    words
}

pub(super) fn undone_look(outcome: Outcome) -> (Role, Symbol) {
    match outcome {
        Outcome::Failed => (Role::Bad, Symbol::Fail),
        _ => (Role::Warning, Symbol::Warning),
    }
}

/// Said so only of what was taken back.
pub(super) fn undone_words(outcome: Outcome, message: &str) -> String {
    let how = if outcome == Outcome::Failed { "NOT taken back" } else { "taken back" };
    if message.is_empty() { how.to_owned() } else { format!("{how}: {message}") }
}

pub(super) fn outcome_look(outcome: Outcome) -> (Role, Symbol, &'static str) {
    match outcome {
        Outcome::Done => (Role::Good, Symbol::Pass, ""),
        Outcome::Unchanged => (Role::Good, Symbol::Pass, "was so already"),
        Outcome::Warning => (Role::Warning, Symbol::Warning, "to be looked at"),
        Outcome::Failed => (Role::Bad, Symbol::Fail, "failed"),
        Outcome::Skipped => (Role::Dim, Symbol::Nothing, "not tried"),
    }
}

fn countdown(run: &RunView, w: &mut Writer) {
    let (Some(guard), Some(left)) = (&run.guard, run.seconds_left()) else { return };
    w.text(
        Role::Warning,
        &format!(
            "The change is active. If this connection stalls, do nothing: in {left} s it is taken back by itself, \
             even if this program is gone."
        ),
    );
    w.spans(
        0,
        0,
        vec![
            Span::new(Role::Text, "To keep it, log in AGAIN from where you work and type: "),
            Span::new(Role::Literal, "ngcp-warden confirm"),
        ],
    );
    w.spans(0, 0, vec![bar(Role::Warning, w.width.saturating_sub(4).min(40), left, guard.total)]);
    w.gap();
}

/// Minutes and seconds.
fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// How the run ended, in one sentence that counts what stands.
fn ending(model: &Model, run: &RunView) -> (Role, String) {
    let (role, words) = match (run.outcome, &run.undoes) {
        (None, _) => (Role::Bad, "The run was cut off. Where each of its changes stands is looked at."),
        (Some(RunOutcome::Failed), _) => return (failing(run).0, failing_words(model, run)),
        (Some(RunOutcome::Stopped), _) => {
            return (Role::Warning, format!("Stopped on request: {}.", standing(run)));
        }
        (Some(RunOutcome::Unchanged), None) => (Role::Good, "Nothing needed changing."),
        (Some(RunOutcome::Unchanged), Some(_)) => (Role::Good, "Nothing was left to be taken back."),
        (Some(RunOutcome::Warning), _) => (Role::Warning, "All changes are done; some are to be looked at."),
        (Some(RunOutcome::Done), undone) => {
            let (what, seen) = match undone {
                None => ("All changes are done".to_owned(), "were seen done"),
                Some(run) => (format!("Run {} is taken back", clean(run)), "was seen taken back"),
            };
            return match run.unseen() {
                0 => (Role::Good, format!("{what} and {seen}.")),
                some => {
                    let some = counted(some, "change was", "changes were");
                    (Role::Good, format!("{what}; {some} not looked at afterwards."))
                }
            };
        }
    };
    (role, words.to_owned())
}

/// Whether it was the operator (or nobody, in time) who decided, or something broke.
fn failing(run: &RunView) -> (Role, &'static str) {
    match run.failed().and_then(ChangeState::not_kept) {
        Some(_) => (Role::Warning, "Taken back"),
        None => (Role::Bad, "Failed"),
    }
}

fn failing_words(model: &Model, run: &RunView) -> String {
    let Some(failed) = run.failed() else { return format!("A change failed: {}.", standing(run)) };
    let step = model.steps.iter().find(|step| step.about().id == failed.step);
    let step = step.map_or_else(|| clean(&failed.title), |step| step.about().title.to_owned());
    match failed.not_kept() {
        Some(NotKept::Reverted) => format!("You took {step} back: {}.", standing(run)),
        Some(NotKept::Unconfirmed) => format!("Nobody confirmed {step} in time: {}.", standing(run)),
        Some(NotKept::Overtaken) => {
            format!("{step} was no longer in force when it was confirmed: {}.", standing(run))
        }
        None => format!("\"{}\" failed: {}.", clean(&failed.title), standing(run)),
    }
}

/// "7 changes undone, 9 stay, 2 not tried".
fn standing(run: &RunView) -> String {
    // What only looks or tries neither stays nor can be taken back.
    let looks = |view: &ChangeState| {
        let plan = run.plan.as_ref().and_then(|plan| plan.changes.iter().find(|change| change.id == view.id));
        plan.is_some_and(|change| change.undo == Undo::Nothing)
    };
    let changes: Vec<Stage<'_>> =
        run.changes.iter().filter(|view| !looks(view)).map(|view| view.stage()).collect();
    let count = |wanted: fn(&Stage<'_>) -> bool| changes.iter().filter(|state| wanted(state)).count();
    let undone = count(|state| matches!(state, Stage::Undone(outcome, _) if *outcome != Outcome::Failed));
    let stuck = count(|state| matches!(state, Stage::Undone(Outcome::Failed, _)));
    let stay =
        count(|state| matches!(state, Stage::Ended(Ended { outcome: Outcome::Done | Outcome::Warning, .. })));
    let untried = count(|state| {
        matches!(state, Stage::Waiting | Stage::Ended(Ended { outcome: Outcome::Skipped, .. }))
    });
    let mut words = vec![counted(undone, "change undone", "changes undone")];
    if stuck > 0 {
        words.push(format!("{stuck} NOT taken back"));
    }
    words.push(format!("{stay} stay"));
    if untried > 0 {
        words.push(format!("{untried} not tried"));
    }
    words.join(", ")
}

pub(super) fn result(model: &Model, width: usize) -> Page {
    let Some(run) = model.run.as_ref().filter(|run| run.ended) else {
        let mut w = Writer::new("Result", "", width);
        w.text(Role::Dim, "No run has ended in this session.");
        return w.page;
    };
    let mut w = Writer::new("Result", format!("run {} · {}", clean(&run.run), clock(run.elapsed)), width);
    let (role, words) = ending(model, run);
    w.text(role, &words);
    if let Some(reason) = run.failed().and_then(|change| change.failure()).filter(|_| role == Role::Bad) {
        w.block(2, reason, usize::MAX, |_| Role::Text);
    }
    w.gap();
    if !run.after.is_empty() {
        for (label, findings) in [("Before", run.before.iter().collect()), ("After", run.afterwards())] {
            let score = score(findings.iter().copied());
            let mut spans = vec![
                Span::new(Role::Heading, format!("{label:<8}")),
                Span::new(score_role(score), format!("{score:>3} / 100  ")),
                bar(score_role(score), 20, u64::from(score), 100),
                Span::new(Role::Text, "  "),
            ];
            spans.extend(counts(findings.into_iter()));
            w.spans(0, 8, spans);
        }
        w.gap();
    }
    let look = |change: &&ChangeState| match change.stage() {
        Stage::Ended(Ended { outcome, .. }) => !matches!(outcome, Outcome::Done | Outcome::Unchanged),
        Stage::Waiting => false,
        Stage::Undone(..) | Stage::Running(_) => true,
    };
    for change in run.changes.iter().filter(look) {
        change_line(run, change, &mut w);
    }
    let untried = run.changes.iter().filter(|change| change.stage() == Stage::Waiting).count();
    if untried > 0 {
        w.text(Role::Dim, &format!("{} not tried.", counted(untried, "change was", "changes were")));
    }
    let done = run.changes.iter().filter(|change| {
        matches!(change.stage(), Stage::Ended(Ended { outcome: Outcome::Done | Outcome::Unchanged, .. }))
    });
    w.text(Role::Good, &format!("{} as planned.", counted(done.count(), "change is", "changes are")));
    w.gap();
    if let Some(plan) = &run.plan {
        let noted = plan.generated.iter().filter(|made_up| made_up.is_shown());
        for made_up in noted.filter(|made_up| !is_set(run, plan, &made_up.secret)) {
            let words = format!("{} was NOT set: what was noted for it opens nothing.", made_up.label);
            w.text(Role::Bad, &words);
        }
        for reminder in reminders(run, plan) {
            w.spans(
                0,
                2,
                vec![
                    Span::symbol(Role::Warning, Symbol::Warning),
                    Span::new(Role::Text, format!(" {}", clean(reminder))),
                ],
            );
        }
    }
    if let Some(report) = &run.report {
        let spans = vec![Span::new(Role::Text, "Report: "), Span::new(Role::Literal, clean(report))];
        w.spans(0, 2, spans);
    }
    let mut take_back = vec![Span::new(Role::Text, "To take it back: u")];
    // What the demo keeps ends with it.
    if model.world != World::Demo {
        take_back.push(Span::new(Role::Text, ", or later "));
        take_back.push(Span::new(Role::Literal, format!("ngcp-warden undo {}", clean(&run.run))));
    }
    w.spans(0, 2, take_back);
    w.page
}

/// What is to be done elsewhere: of a change that does not stand, nothing.
fn reminders<'a>(run: &'a RunView, plan: &'a Plan) -> impl Iterator<Item = &'a str> {
    let changes = plan.changes.iter().zip(&run.changes).filter(|(_, view)| stands(view));
    let bound = changes.filter_map(|(change, _)| change.reminder.as_deref());
    bound.chain(plan.reminders.iter().map(String::as_str))
}

/// Whether the host is as the change says.
fn stands(change: &ChangeState) -> bool {
    use Outcome::{Done, Unchanged, Warning};
    matches!(change.stage(), Stage::Ended(Ended { outcome: Done | Warning | Unchanged, .. }))
        || matches!(change.stage(), Stage::Undone(Outcome::Failed, _))
}

/// "1 change is", "3 changes are".
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether the change that sets the secret of that name was done, and stayed so.
fn is_set(run: &RunView, plan: &Plan, name: &str) -> bool {
    let uses = plan.changes.iter().position(|change| change.secrets().any(|secret| secret == name));
    uses.and_then(|uses| run.changes.get(uses)).is_some_and(stands)
}
