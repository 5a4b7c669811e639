//! The line-mode front end: for terminals that cannot place a cursor, for screen readers, for a slow line.
//! Pages are printed from top to bottom, questions are numbered; the same `update()` decides everything.

mod ask;
mod desk;
mod follow;
mod help;
mod menu;

use std::io::{self, Write};

use self::desk::{Desk, Followed, WIDTH};
pub use self::desk::{Input, LAST_LINE, Outside};
use crate::{
    executor::World,
    wizard::{
        Key, Message, Model, Screen,
        model::{DialogPhase, ReviewPhase, StepPhase},
        page,
    },
};

/// Runs the wizard line by line until it ends; the exit code.
///
/// # Errors
/// When nothing can be written any more.
pub fn run(
    model: &mut Model,
    input: &mut dyn Input,
    output: &mut dyn Write,
    outside: &mut dyn Outside,
) -> io::Result<u8> {
    let mut desk = Desk {
        model,
        input,
        output,
        outside,
        shown: None,
        offered: Vec::new(),
        notices: Vec::new(),
        followed: Followed::default(),
    };
    desk.tell(Message::Resized { columns: WIDTH + 3, rows: 24 });
    desk.tell(Message::Begin);
    desk.say(
        "ngcp-warden, line by line. Every answer is a number or a word; ? explains, b goes back, q leaves.",
    )?;
    while desk.model.exit.is_none() {
        desk.turn()?;
    }
    desk.output.flush()?;
    Ok(desk.model.exit.unwrap_or(3))
}

impl Desk<'_> {
    /// One turn: wait for what is under way, print what is new, ask one thing.
    fn turn(&mut self) -> io::Result<()> {
        self.catch_up()?;
        if self.model.exit.is_some() {
            return Ok(());
        }
        if self.model.dialog.is_some() {
            return self.dialog();
        }
        if self.model.screen == Screen::Review {
            menu::unfold(self);
        }
        ask::to_first(self);
        self.print_page()?;
        match self.model.screen {
            Screen::Step(_) => ask::step(self),
            _ => menu::choose(self),
        }
    }

    /// Takes in every answer that is there, and waits while the page is about something under way.
    fn catch_up(&mut self) -> io::Result<()> {
        let mut said = false;
        loop {
            let waiting = self.waiting();
            if self.following() {
                self.begin_following()?;
            } else if waiting && !said {
                self.say("One moment …")?;
                said = true;
            }
            let there = self.outside.message(false);
            if there.is_none() && self.following() {
                self.typed_meanwhile()?;
            }
            let Some(message) = there.or_else(|| self.outside.message(waiting)) else { break };
            let over = matches!(message, Message::RunEnded);
            self.tell(message);
            self.progress()?;
            if self.following() {
                self.notice()?;
            }
            if over {
                // It was typed for something else.
                self.input.forget();
            }
            if self.model.exit.is_some() {
                break;
            }
        }
        self.notice()
    }

    /// Whether the page is about something that is under way.
    fn waiting(&self) -> bool {
        let model = &*self.model;
        if let Some(dialog) = &model.dialog {
            return dialog.phase == DialogPhase::Working;
        }
        let looking = || model.steps.iter().any(|step| step.phase == StepPhase::Looking);
        match model.screen {
            Screen::Run => model.running(),
            Screen::Review => model.review.phase == ReviewPhase::Making,
            Screen::History => model.past.runs.is_none(),
            Screen::Overview | Screen::Steps | Screen::Step(_) => looking(),
            _ => false,
        }
    }

    fn print_page(&mut self) -> io::Result<()> {
        let page = page::page(self.model, WIDTH);
        // The questions of a step follow one by one.
        let text = match self.model.current_step() {
            Some(step) if !step.form.is_empty() => ask::before(step),
            _ => page.text(),
        };
        let now = (self.model.screen, text);
        if self.shown.as_ref() == Some(&now) {
            return Ok(());
        }
        let demo = if self.model.world == World::Demo { "[DEMO] " } else { "" };
        writeln!(self.output)?;
        self.say(&format!("=== {demo}{} · {}", page.title, page.aside))?;
        self.say(now.1.trim_end())?;
        self.shown = Some(now);
        self.offered.clear();
        Ok(())
    }

    fn dialog(&mut self) -> io::Result<()> {
        let Some(dialog) = page::dialog(self.model, WIDTH) else { return Ok(()) };
        writeln!(self.output)?;
        self.say(&format!("--- {}", dialog.title))?;
        for line in &dialog.lines {
            self.say(&line.text())?;
        }
        for (number, outcome) in (1..).zip(&dialog.outcomes) {
            self.say(&format!("  {number}) {outcome}"))?;
        }
        let Some(answer) = self.line("Number, or Enter to change nothing")? else { return Ok(()) };
        if answer == "?" {
            return self.explain(help::DIALOG);
        }
        if answer == "1" && dialog.outcomes.len() > 1 {
            if dialog.focus != 0 {
                self.press(Key::Up);
            }
            self.press(Key::Enter);
        } else {
            self.press(Key::Esc);
        }
        Ok(())
    }
}
