//! The rows of the key table. A key without a row does nothing.

use super::key::{Intent, Key};
use crate::runner::State;
use crate::wizard::{
    Model, Screen,
    model::{Dialog, DialogPhase, Mode, ReviewPhase},
    page::review::entries,
};

/// Where a row of the table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the pages of the same names")]
pub enum At {
    Dialog,
    Overview,
    Steps,
    Step,
    Findings,
    Review,
    Difference,
    Run,
    Result,
    History,
    Past,
    CutOff,
    Passwords,
    Help,
    Log,
}

/// All places but the dialog.
const PAGES: &[At] = &[
    At::Overview,
    At::Steps,
    At::Step,
    At::Findings,
    At::Review,
    At::Difference,
    At::Run,
    At::Result,
    At::History,
    At::Past,
    At::CutOff,
    At::Passwords,
    At::Help,
    At::Log,
];

/// The pages that one goes back from.
const AFTER_OVERVIEW: &[At] = match PAGES {
    [_overview, pages @ ..] => pages,
    [] => PAGES,
};

/// One row of the table: keys that belong together, and their words.
#[derive(Debug)]
pub struct Row {
    /// Keys and what each means; further keys for the same intent stand behind the first.
    pub keys: &'static [(Key, Intent)],
    /// Two or three words: "first step".
    pub text: &'static str,
    /// Where it holds.
    pub at: &'static [At],
    /// Holds only then; always when there is no condition.
    pub when: Option<fn(&Model) -> bool>,
    /// Shown in the footer, not in the help alone.
    pub footer: bool,
    /// Stays in the footer however narrow the screen is: the one thing the page is for, help, and the way out.
    pub pinned: bool,
}

const ARROWS: &[(Key, Intent)] = &[(Key::Up, Intent::Up), (Key::Down, Intent::Down)];
const BACK: &[(Key, Intent)] =
    &[(Key::Char('b'), Intent::Back), (Key::Backspace, Intent::Back), (Key::Left, Intent::Back)];
const LEAVE_DIALOG: &[(Key, Intent)] =
    &[(Key::Esc, Intent::Back), (Key::Char('b'), Intent::Back), (Key::Backspace, Intent::Back)];
const LEAVE_DIALOG_NOW: &[(Key, Intent)] = &[
    (Key::Enter, Intent::Back),
    (Key::Esc, Intent::Back),
    (Key::Char('b'), Intent::Back),
    (Key::Backspace, Intent::Back),
];
const LEVEL: &[(Key, Intent)] = &[(Key::Esc, Intent::Level)];

/// The table. Order is that of the footer; the first row that holds decides.
pub static TABLE: &[Row] = &[
    row(
        &[
            (Key::Up, Intent::Up),
            (Key::Down, Intent::Down),
            (Key::Left, Intent::Up),
            (Key::Right, Intent::Down),
        ],
        "the other answer",
        &[At::Dialog],
    )
    .when(asking),
    row(
        &[(Key::Tab, Intent::NextField), (Key::BackTab, Intent::NextField)],
        "the other answer",
        &[At::Dialog],
    )
    .when(asking)
    .help_only(),
    row(&[(Key::Enter, Intent::Forward), (Key::Char(' '), Intent::Forward)], "choose", &[At::Dialog])
        .when(asking),
    row(LEAVE_DIALOG, "change nothing", &[At::Dialog]).pinned().when(asking),
    row(&[(Key::PageDown, Intent::PageDown), (Key::PageUp, Intent::PageUp)], "the rest", &[At::Dialog])
        .pinned()
        .when(dialog_scrolls),
    row(LEAVE_DIALOG, "close", &[At::Dialog]).when(working),
    row(LEAVE_DIALOG_NOW, "close", &[At::Dialog]).when(failed),
    // Overview
    row(&[(Key::Enter, Intent::Forward)], "first step", &[At::Overview]).when(first_boot),
    row(&[(Key::Enter, Intent::Forward), (Key::Char('s'), Intent::Forward)], "steps", &[At::Overview])
        .when(maintenance),
    row(&[(Key::Char('s'), Intent::Steps)], "steps", &[At::Overview]).when(first_boot),
    row(&[(Key::Char('a'), Intent::Attach)], "attach to the run", &[At::Overview]).when(can_attach),
    row(&[(Key::Char('a'), Intent::CutOff)], "the run that was cut off", &[At::Overview]).when(cut_off),
    row(&[(Key::Char('c'), Intent::ContinueRun)], "go on with it", &[At::CutOff]).when(cut_off),
    row(&[(Key::Char('u'), Intent::TakeBack)], "take it back", &[At::CutOff]).when(cut_off),
    row(&[(Key::Char('d'), Intent::LeaveRun)], "leave it so", &[At::CutOff]).when(cut_off),
    row(&[(Key::Char('t'), Intent::ToRun)], "the run", &[At::Overview, At::Steps]).when(has_run),
    row(&[(Key::Char('h'), Intent::History)], "earlier runs", &[At::Overview]),
    row(&[(Key::Char('w'), Intent::Report)], "report", &[At::Overview]),
    row(&[(Key::Char('i'), Intent::LookAgain)], "inspect again", &[At::Overview, At::Steps, At::Step])
        .help_only(),
    row(&[(Key::Char('x'), Intent::Discard)], "discard all answers", &[At::Overview, At::Steps]).help_only(),
    // Steps
    row(ARROWS, "move", &[At::Steps, At::Review, At::History]).when(has_entries),
    row(&[(Key::Enter, Intent::Forward), (Key::Right, Intent::Forward)], "open", &[At::Steps]),
    row(&[(Key::Enter, Intent::Forward), (Key::Right, Intent::Forward)], "open", &[At::History])
        .when(has_past),
    row(&[(Key::Char('u'), Intent::TakeBack)], "take it back", &[At::History, At::Past]).when(stands),
    row(&[(Key::Char(' '), Intent::Choose)], "tick", &[At::Steps]),
    // Step
    row(
        &[
            (Key::Up, Intent::PreviousField),
            (Key::Down, Intent::NextField),
            (Key::BackTab, Intent::PreviousField),
            (Key::Tab, Intent::NextField),
        ],
        "row",
        &[At::Step],
    )
    .when(has_rows),
    row(ARROWS, "scroll", &[At::Step]).when(no_rows),
    row(&[(Key::Left, Intent::Left), (Key::Right, Intent::Right)], "answer", &[At::Step])
        .pinned()
        .when(on_choice),
    row(&[(Key::Char(' '), Intent::Choose)], "answer, round", &[At::Step]).help_only().when(on_choice),
    row(&[(Key::Enter, Intent::NextField)], "next", &[At::Step]).pinned().when(more),
    row(&[(Key::Char('n'), Intent::MoreRows)], "more rows", &[At::Step]).pinned().when(rows_below),
    row(&[(Key::Enter, Intent::Forward), (Key::Char('n'), Intent::Forward)], "next step", &[At::Step])
        .pinned(),
    row(&[(Key::Char('f'), Intent::Findings), (Key::Char('w'), Intent::Findings)], "why", &[At::Step]),
    // Review
    row(&[(Key::Right, Intent::Right), (Key::Left, Intent::Left)], "open", &[At::Review]).when(has_plan),
    row(&[(Key::Enter, Intent::Forward)], "open", &[At::Review]).help_only().when(has_plan),
    row(&[(Key::Enter, Intent::Forward)], "go there", &[At::Review]).when(has_problems),
    row(&[(Key::Char('d'), Intent::Difference)], "diff", &[At::Review]).when(has_plan),
    row(&[(Key::Char('f'), Intent::Findings)], "what stays", &[At::Review]).when(stays),
    row(&[(Key::Char('a'), Intent::Apply)], "take it back", &[At::Review]).pinned().when(undoes),
    row(&[(Key::Char('a'), Intent::Apply)], "apply", &[At::Review]).pinned().when(has_plan),
    row(&[(Key::Char('u'), Intent::Choose), (Key::Char(' '), Intent::Choose)], "untick", &[At::Review])
        .when(can_untick),
    row(&[(Key::Char('c'), Intent::AcceptForeign)], "accept others' changes", &[At::Review])
        .when(has_foreign),
    // Run and result
    row(&[(Key::Char('k'), Intent::Keep)], "keep", &[At::Run]).pinned().when(counting_down),
    row(&[(Key::Char('x'), Intent::Revert)], "revert now", &[At::Run]).when(counting_down),
    row(&[(Key::Char('x'), Intent::Stop)], "stop safely", &[At::Run]).when(can_stop),
    row(&[(Key::Enter, Intent::Forward)], "result", &[At::Run]).when(run_ended),
    row(&[(Key::Enter, Intent::Forward)], "overview", &[At::Result]),
    row(&[(Key::Char('u'), Intent::TakeBack)], "take it back", &[At::Result]).when(run_ended),
    row(&[(Key::Char('h'), Intent::History)], "earlier runs", &[At::Result]),
    row(&[(Key::Char('w'), Intent::Bundle)], "support file", &[At::Result, At::History, At::Past])
        .when(has_runs),
    row(&[(Key::Enter, Intent::Forward)], "noted, start", &[At::Passwords]).pinned().when(made_up),
    row(&[(Key::Char('s'), Intent::Store)], "store in a file", &[At::Passwords]).when(made_up),
    // Reading
    row(
        ARROWS,
        "scroll",
        &[
            At::Overview,
            At::Findings,
            At::Difference,
            At::Run,
            At::Result,
            At::Past,
            At::CutOff,
            At::Passwords,
            At::Help,
            At::Log,
        ],
    ),
    row(&[(Key::PageUp, Intent::PageUp), (Key::PageDown, Intent::PageDown)], "page", PAGES).help_only(),
    row(&[(Key::Home, Intent::First), (Key::End, Intent::Last)], "first, last", PAGES).help_only(),
    // Ways
    row(BACK, "back", AFTER_OVERVIEW),
    row(LEVEL, "back", &[At::Step]).when(typing),
    row(LEVEL, "up", PAGES).help_only().when(not_at_root),
    row(
        &[(Key::Char('r'), Intent::Review), (Key::F(10), Intent::Review)],
        "review",
        &[At::Overview, At::Steps, At::Step, At::Findings],
    ),
    row(&[(Key::Char('l'), Intent::Log)], "log", &[At::Overview, At::Steps, At::Review, At::Run, At::Result]),
    row(&[(Key::Char('?'), Intent::Help), (Key::F(1), Intent::Help)], "help", PAGES)
        .pinned()
        .when(not_in_help),
    row(&[(Key::Char('v'), Intent::CopyPage)], "write page to a file", PAGES).help_only(),
    row(&[(Key::Ctrl('l'), Intent::Redraw)], "draw again", PAGES).help_only(),
    row(&[(Key::Ctrl('z'), Intent::Suspend)], "to the shell", PAGES).help_only(),
    row(&[(Key::Ctrl('c'), Intent::Interrupt)], "leave, answers kept", PAGES).help_only(),
    row(&[(Key::Ctrl('c'), Intent::Interrupt)], "leave, answers kept", &[At::Dialog]).help_only(),
    row(&[(Key::Char('q'), Intent::Quit)], "quit", PAGES).pinned(),
];

const fn row(keys: &'static [(Key, Intent)], text: &'static str, at: &'static [At]) -> Row {
    Row { keys, text, at, when: None, footer: true, pinned: false }
}

impl Row {
    const fn when(mut self, when: fn(&Model) -> bool) -> Self {
        self.when = Some(when);
        self
    }

    const fn pinned(mut self) -> Self {
        self.pinned = true;
        self
    }

    const fn help_only(mut self) -> Self {
        self.footer = false;
        self
    }

    /// Whether it holds now.
    pub fn holds(&self, model: &Model) -> bool {
        self.at.contains(&place(model)) && self.when.is_none_or(|when| when(model))
    }
}

fn asking(model: &Model) -> bool {
    model.dialog.as_ref().is_some_and(|dialog| dialog.phase == DialogPhase::Asking)
}
fn working(model: &Model) -> bool {
    model.dialog.as_ref().is_some_and(|dialog| dialog.phase == DialogPhase::Working)
}
fn failed(model: &Model) -> bool {
    matches!(model.dialog, Some(Dialog { phase: DialogPhase::Failed(_), .. }))
}
fn dialog_scrolls(model: &Model) -> bool {
    crate::wizard::page::dialog_room(model).is_some_and(|(lines, rows)| lines > rows)
}
fn first_boot(model: &Model) -> bool {
    model.mode == Mode::FirstBoot
}
fn maintenance(model: &Model) -> bool {
    model.mode == Mode::Maintenance
}
fn not_at_root(model: &Model) -> bool {
    model.screen != Screen::Overview
}
fn not_in_help(model: &Model) -> bool {
    model.screen != Screen::Help
}
fn has_run(model: &Model) -> bool {
    model.run.is_some()
}
fn can_attach(model: &Model) -> bool {
    !model.running()
        && model.host.as_ref().and_then(|host| host.open_run.as_ref()).is_some_and(|run| run.alive)
}
fn cut_off(model: &Model) -> bool {
    model.cut_off().is_some()
}
fn has_past(model: &Model) -> bool {
    model.past.selected().is_some()
}
/// The selected run came to an end of some kind and was not taken back.
fn stands(model: &Model) -> bool {
    let past = model.past.selected();
    !model.running() && past.is_some_and(|past| past.state != State::Live && past.undone_by.is_none())
}
fn has_runs(model: &Model) -> bool {
    model.screen == Screen::Result || has_past(model)
}
fn made_up(model: &Model) -> bool {
    model.made_up.is_some()
}
fn has_rows(model: &Model) -> bool {
    model.current_step().is_some_and(|step| step.form.has_rows())
}
fn no_rows(model: &Model) -> bool {
    !has_rows(model)
}
fn on_choice(model: &Model) -> bool {
    model.current_step().is_some_and(|step| step.form.on_choice())
}
fn typing(model: &Model) -> bool {
    model.typing()
}
fn more(model: &Model) -> bool {
    model.current_step().is_some_and(|step| !step.form.at_last())
}
fn rows_below(model: &Model) -> bool {
    crate::wizard::page::rows_below(model).is_some()
}
fn has_plan(model: &Model) -> bool {
    matches!(&model.review.phase, ReviewPhase::Ready(plan) if !plan.is_empty())
}
fn has_entries(model: &Model) -> bool {
    match model.screen {
        Screen::Review => !entries(model).is_empty(),
        Screen::History => has_past(model),
        _ => true,
    }
}
fn undoes(model: &Model) -> bool {
    has_plan(model) && model.review.undoes.is_some()
}
fn can_untick(model: &Model) -> bool {
    has_entries(model) && model.review.undoes.is_none()
}
fn has_problems(model: &Model) -> bool {
    !has_plan(model) && has_entries(model)
}
fn stays(model: &Model) -> bool {
    crate::wizard::page::unfixed::any(model)
}
fn has_foreign(model: &Model) -> bool {
    matches!(&model.review.phase, ReviewPhase::Ready(plan) if plan.foreign.is_some())
}
fn counting_down(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|run| run.guard.is_some() && !run.ended)
}
fn can_stop(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|run| !run.ended && !run.stopping)
}
fn run_ended(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|run| run.ended)
}

/// Where the model is, for the table.
pub fn place(model: &Model) -> At {
    if model.dialog.is_some() {
        return At::Dialog;
    }
    at(model.screen)
}

/// The place that a page is.
pub(in crate::wizard) fn at(screen: Screen) -> At {
    match screen {
        Screen::Overview => At::Overview,
        Screen::Steps => At::Steps,
        Screen::Step(_) => At::Step,
        Screen::Findings(_) | Screen::Unfixed => At::Findings,
        Screen::Review => At::Review,
        Screen::Difference(_) | Screen::Foreign => At::Difference,
        Screen::Run => At::Run,
        Screen::Result => At::Result,
        Screen::CutOff => At::CutOff,
        Screen::History => At::History,
        Screen::Past => At::Past,
        Screen::Passwords => At::Passwords,
        Screen::Help => At::Help,
        Screen::Log => At::Log,
    }
}
