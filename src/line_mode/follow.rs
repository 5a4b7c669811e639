//! A run line by line: each change as it ends, a countdown that is told as it runs down, and the few words that can
//! be typed meanwhile. What is typed meanwhile is never taken for an answer to what is asked later.

use std::io;

use super::desk::{Desk, Followed, WIDTH};
use crate::wizard::{Key, Screen, page};

/// Seconds before the end at which a countdown is told again, besides every full ten.
const LAST: u64 = 5;

/// Milliseconds until a job is told of again.
const PAUSE: u64 = 5000;

impl Desk<'_> {
    /// Whether the page is a run that goes on.
    pub(super) fn following(&self) -> bool {
        self.model.screen == Screen::Run && self.model.running() && self.model.dialog.is_none()
    }

    /// Says once what is under way and what can be typed.
    pub(super) fn begin_following(&mut self) -> io::Result<()> {
        let run = self.model.run.as_ref().map_or_else(String::new, |run| run.run.clone());
        if self.followed.run == run {
            return Ok(());
        }
        self.followed = Followed { run, ..Followed::default() };
        self.say("Applying …")?;
        if self.input.is_terminal() {
            self.say("To end it after the change it is in, type: stop")?;
        }
        Ok(())
    }

    /// What has changed since it was told last, a line each.
    pub(super) fn progress(&mut self) -> io::Result<()> {
        let Some(run) = &self.model.run else { return Ok(()) };
        let mut lines = Vec::new();
        let followed = &mut self.followed;
        followed.told.resize(run.changes.len(), None);
        for (change, told) in run.changes.iter().zip(&mut followed.told) {
            if change.is_over() && told.as_ref() != Some(change) {
                lines.push(page::change_words(change));
                *told = Some(change.clone());
            }
        }
        if let Some(job) = &run.progress {
            let told = followed.job.filter(|(change, _)| *change == job.change);
            if told.is_none_or(|(_, at)| run.elapsed >= at + PAUSE) {
                lines.push(format!("  {}", page::progress_words(job)));
                followed.job = Some((job.change, run.elapsed));
            }
        }
        let mut begins = false;
        match (&run.guard, run.seconds_left()) {
            (Some(guard), Some(left)) => {
                let told = followed.countdown.filter(|(change, _)| *change == guard.change);
                let due = |told: u64| left < told && (left % 10 == 0 || left == LAST || told > left + 10);
                match told {
                    None => {
                        begins = true;
                        let title = run.changes.get(guard.change).map_or("The change", |c| c.title.as_str());
                        lines.push(format!(
                            "! Active now: {title}. In {left} s it is taken back by itself. If this connection \
                             stalls, do nothing."
                        ));
                        lines.push(
                            "! To keep it, log in AGAIN from where you work and type: ngcp-warden confirm"
                                .to_owned(),
                        );
                        lines
                            .push("! Here: keep (on the console, or from a new login), or revert".to_owned());
                        followed.countdown = Some((guard.change, left));
                    }
                    Some((change, told)) if due(told) => {
                        lines.push(format!("! {left} s left: keep, or revert"));
                        followed.countdown = Some((change, left));
                    }
                    Some(_) => {}
                }
            }
            _ => followed.countdown = None,
        }
        if begins {
            // It was typed before this was asked.
            self.input.forget();
        }
        for line in lines {
            self.say_wrapped(&line)?;
        }
        self.output.flush()
    }

    /// One line of the run, over several where it is long.
    fn say_wrapped(&mut self, text: &str) -> io::Result<()> {
        let mut line = String::new();
        for word in text.split(' ') {
            let full = line.chars().count() + word.chars().count() >= usize::from(WIDTH);
            if full && !line.trim().is_empty() {
                self.say(line.trim_end())?;
                line = "  ".to_owned();
            }
            line.push_str(word);
            line.push(' ');
        }
        self.say(line.trim_end())
    }

    /// Takes a line that was typed while the run goes on. What a script holds in store is for what is asked later,
    /// but for the countdown, which asks.
    pub(super) fn typed_meanwhile(&mut self) -> io::Result<()> {
        let counting = self.followed.countdown.is_some();
        let listens = !self.followed.deaf && (counting || self.input.is_terminal());
        if !listens || !self.input.is_waiting() {
            return Ok(());
        }
        let Some(line) = self.read_line()? else {
            self.followed.deaf = true;
            return Ok(());
        };
        match (line.as_str(), counting) {
            ("", _) => {}
            ("keep" | "k", true) => self.press(Key::Char('k')),
            ("revert" | "x", true) => self.press(Key::Char('x')),
            ("stop", false) => {
                // The word is the answer to the question that the key asks.
                for key in [Key::Char('x'), Key::Up, Key::Enter] {
                    self.press(key);
                }
                self.say("It ends after the change it is in.")?;
            }
            (_, true) => self.say("Not understood: keep, or revert.")?,
            (_, false) => {
                self.say("Not understood: the run goes on; stop ends it after the change it is in.")?;
            }
        }
        self.notice()
    }
}
