//! Pages without questions: what can be done, numbered, from the same key table as everything else.

use std::io;

use super::{desk::Desk, help};
use crate::wizard::{
    Intent, Key, Screen,
    keys::{self, TABLE},
    model::ReviewPhase,
    navigation,
    page::{
        change::is_cut,
        review::{Entry, entries},
    },
};

/// What a line of the menu does.
enum Action {
    /// Presses a key.
    Press(Key),
    /// Opens a step.
    Open(usize),
    /// Goes to an entry of the review and opens it.
    Entry(usize),
    /// Goes to an earlier run and opens it.
    Past(usize),
}

/// Prints what can be done and does what is chosen.
pub(super) fn choose(desk: &mut Desk<'_>) -> io::Result<()> {
    let menu = menu(desk);
    let offered: Vec<String> = menu.iter().map(|(_, text)| text.clone()).collect();
    // Printed again only with the page, or when it changed.
    if offered != desk.offered {
        for (number, text) in (1..).zip(&offered) {
            desk.say(&format!("  {number}) {text}"))?;
        }
        desk.offered = offered;
    }
    let ticks = if desk.model.screen == Screen::Steps { ", t and a number to tick" } else { "" };
    let Some(answer) = desk.line(&format!("Number{ticks}, b back, ? help, q quit"))? else { return Ok(()) };
    let number = |text: &str| text.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match answer.as_str() {
        "b" => desk.press(Key::Char('b')),
        "q" => desk.press(Key::Char('q')),
        "?" => desk.explain(help::MENU)?,
        "p" => desk.shown = None,
        "" => desk.say("Nothing chosen; p prints the page again.")?,
        _ if desk.model.screen == Screen::Steps && answer.starts_with('t') => {
            match number(&answer[1..]).and_then(|number| menu.get(number)) {
                Some((Action::Open(step), _)) => {
                    select(desk, *step);
                    desk.press(Key::Char(' '));
                }
                _ => desk.say("Not understood.")?,
            }
        }
        _ => match number(&answer).and_then(|number| menu.get(number)) {
            Some((Action::Press(key), _)) => desk.press(*key),
            Some((Action::Open(step), _)) => {
                select(desk, *step);
                desk.press(Key::Enter);
            }
            Some((Action::Entry(entry), _)) => {
                let from = desk.model.review.cursor;
                go_to(desk, from, *entry);
                desk.press(Key::Enter);
            }
            Some((Action::Past(run), _)) => {
                let from = desk.model.past.cursor;
                go_to(desk, from, *run);
                desk.press(Key::Enter);
            }
            None => desk.say("Not understood.")?,
        },
    }
    Ok(())
}

fn menu(desk: &Desk<'_>) -> Vec<(Action, String)> {
    let mut menu = Vec::new();
    let model = &*desk.model;
    match model.screen {
        Screen::Steps => {
            for index in navigation::step_order(model) {
                if let Some(step) = model.steps.get(index) {
                    menu.push((Action::Open(index), step.about().title.to_owned()));
                }
            }
        }
        Screen::Review => {
            for (place, entry) in entries(model).iter().enumerate() {
                let text = match entry {
                    Entry::Problem { problem, .. } => format!("answer: {}", problem.text),
                    Entry::Foreign => "look at somebody else's changes".to_owned(),
                    Entry::Change(index) => match &model.review.phase {
                        ReviewPhase::Ready(plan) => match plan.changes.get(*index) {
                            Some(change) if is_cut(change) => {
                                format!("whole change: {}", change.title)
                            }
                            _ => continue,
                        },
                        _ => continue,
                    },
                    Entry::Step { .. } => continue,
                };
                menu.push((Action::Entry(place), text));
            }
        }
        Screen::History => {
            let runs = model.past.known().iter().enumerate();
            menu.extend(runs.map(|(place, past)| (Action::Past(place), past.report.run.clone())));
        }
        _ => {}
    }
    for row in TABLE.iter().filter(|row| row.holds(model)) {
        for (key, intent) in row.keys {
            let wanted = match intent {
                Intent::Forward => !matches!(model.screen, Screen::Steps | Screen::Review | Screen::History),
                Intent::TakeBack => model.screen != Screen::History,
                Intent::Steps
                | Intent::Review
                | Intent::Findings
                | Intent::Apply
                | Intent::AcceptForeign
                | Intent::Stop
                | Intent::Keep
                | Intent::Revert
                | Intent::ToRun
                | Intent::Attach
                | Intent::CutOff
                | Intent::History
                | Intent::ContinueRun
                | Intent::LeaveRun
                | Intent::Store
                | Intent::Discard
                | Intent::LookAgain
                | Intent::Report
                | Intent::Bundle
                | Intent::Log => true,
                _ => false,
            };
            let means = keys::intent(model, *key) == Some(*intent);
            let known = menu.iter().any(|(_, text)| text == row.text);
            if wanted && means && !known {
                menu.push((Action::Press(*key), row.text.to_owned()));
            }
        }
    }
    menu
}

/// Moves the selection of the steps page.
fn select(desk: &mut Desk<'_>, step: usize) {
    let order = navigation::step_order(desk.model);
    let place = |step: usize| order.iter().position(|index| *index == step).unwrap_or(0);
    let (from, to) = (place(desk.model.selected_step), place(step));
    for _ in to..from {
        desk.press(Key::Up);
    }
    for _ in from..to {
        desk.press(Key::Down);
    }
}

/// Moves the cursor of a list.
fn go_to(desk: &mut Desk<'_>, from: usize, entry: usize) {
    for _ in entry..from {
        desk.press(Key::Up);
    }
    for _ in from..entry {
        desk.press(Key::Down);
    }
}

/// Unfolds every step of the plan: what is printed cannot be unfolded later.
pub(super) fn unfold(desk: &mut Desk<'_>) {
    loop {
        let folded = entries(desk.model).iter().position(|entry| match entry {
            Entry::Step { step, .. } => !desk.model.review.unfolded.contains(step),
            _ => false,
        });
        let Some(place) = folded else { return };
        let from = desk.model.review.cursor;
        go_to(desk, from, place);
        let before = desk.model.review.unfolded.len();
        desk.press(Key::Right);
        if desk.model.review.unfolded.len() == before {
            return;
        }
    }
}
