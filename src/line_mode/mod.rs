//! The line-mode front end: for terminals that cannot place a cursor, for screen readers, for a slow line.
//! Pages are printed from top to bottom, questions are numbered; the same `update()` decides everything.

mod ask;
mod follow;
mod help;
mod menu;

use std::io::{self, BufRead, Write};

use crate::{
    executor::World,
    finding::printable,
    secret::Secret,
    wizard::{
        Effect, Key, Message, Model, Screen,
        model::{DialogPhase, ReviewPhase, StepPhase},
        page, update,
    },
};

/// Columns of a printed line.
const WIDTH: u16 = 76;

/// What the front end needs from outside: hands for effects, ears for their answers, a prompt that is not echoed.
pub trait Outside {
    /// Begins to carry an effect out; answers come through [`Outside::message`]. Never gets `Quit`, `Redraw`, `Suspend`.
    fn carry_out(&mut self, effect: Effect);
    /// The next answer. With `wait` until there is one; `None` when there is none (or never will be).
    fn message(&mut self, wait: bool) -> Option<Message>;
    /// Stops the echo, then asks, and reads one line from `input`; `None` at its end. In this order: who types at once
    /// is not echoed either.
    ///
    /// # Errors
    /// When the input cannot be read.
    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
    ) -> io::Result<Option<Secret>>;
}

/// Where lines come from.
pub trait Input: BufRead {
    /// Whether something came that was not read yet, or the end. Never waits.
    fn is_waiting(&mut self) -> bool;
    /// Whether a person types it, who cannot have answered what was not asked yet.
    fn is_terminal(&self) -> bool;
    /// Forgets what a person typed and nobody read.
    fn forget(&mut self);
}

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
        followed: follow::Followed::default(),
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

/// The operator's desk: paper in, paper out.
struct Desk<'a> {
    model: &'a mut Model,
    input: &'a mut dyn Input,
    output: &'a mut dyn Write,
    outside: &'a mut dyn Outside,
    /// The page that was printed last; printed again only when it changed.
    shown: Option<(Screen, String)>,
    /// The menu that was printed last; likewise.
    offered: Vec<String>,
    /// What the wizard said and was not printed yet.
    notices: Vec<String>,
    /// What was told of the run that is followed.
    followed: follow::Followed,
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

    fn tell(&mut self, message: Message) {
        // A key or a paste wipes the notice that stands.
        let before = match message {
            Message::Key(_) | Message::Paste(_) => None,
            _ => self.model.notice.clone(),
        };
        let effects = update(self.model, message);
        if self.model.notice != before {
            self.notices.extend(self.model.notice.clone());
        }
        for effect in effects {
            match effect {
                Effect::Quit { .. } | Effect::Redraw | Effect::Suspend => {}
                effect => self.outside.carry_out(effect),
            }
        }
    }

    fn press(&mut self, key: Key) {
        self.tell(Message::Key(key));
    }

    /// One line of the operator, trimmed; the end of input hangs up.
    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        write!(self.output, "{}: ", plain(prompt))?;
        self.output.flush()?;
        let line = self.read_line()?;
        if line.is_none() {
            self.tell(Message::Hangup);
        }
        Ok(line)
    }

    /// The next line, trimmed; `None` at the end.
    fn read_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut *self.input, 16 * 1024).read_until(b'\n', &mut line)?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{}", plain(text))
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

    /// What the wizard said on the way, once.
    fn notice(&mut self) -> io::Result<()> {
        for notice in std::mem::take(&mut self.notices) {
            self.say(&format!("* {notice}"))?;
        }
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

/// Typographic signs as a typewriter has them.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '…' => out.push_str("..."),
            '·' | '–' | '—' => out.push('-'),
            '‹' => out.push('<'),
            '›' => out.push('>'),
            '↑' => out.push('^'),
            '↓' => out.push('v'),
            '←' => out.push_str("<-"),
            '→' => out.push_str("->"),
            '“' | '”' => out.push('"'),
            '’' => out.push('\''),
            c => out.push(c),
        }
    }
    out
}
