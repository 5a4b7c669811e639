//! What every file of line mode works with: the model, the input and output, and what was printed last.
//! What is asked and printed on which page is not here.

use std::io::{self, BufRead, Write};

use crate::{
    finding::printable,
    runner::ChangeState,
    secret::Secret,
    wizard::{Effect, Key, Message, Model, Screen, update},
};

/// Columns of a printed line.
pub(super) const WIDTH: u16 = 76;

/// What line mode leaves to its caller: carrying effects out, the messages that answer them, a prompt without echo.
pub trait Outside {
    /// Begins to carry an effect out; answers come through [`Outside::message`]. Never gets `Quit`, `Redraw`, `Suspend`.
    fn carry_out(&mut self, effect: Effect);
    /// The next answer. With `wait` until there is one; `None` when there is none (or never will be).
    fn message(&mut self, wait: bool) -> Option<Message>;
    /// Stops the echo, then asks, and reads one line from `input`, or `lines` up to one that holds [`LAST_LINE`]; `None`
    /// at its end. In this order: who types at once is not echoed either.
    ///
    /// # Errors
    /// When the input cannot be read.
    fn secret(
        &mut self,
        ask: &mut dyn FnMut() -> io::Result<()>,
        input: &mut dyn BufRead,
        lines: bool,
    ) -> io::Result<Option<Secret>>;
}

/// Ends a text of many lines: nothing that is pasted holds such a line.
pub const LAST_LINE: &[u8] = b".";

/// Where lines come from.
pub trait Input: BufRead {
    /// Whether something came that was not read yet, or the end. Never waits.
    fn is_waiting(&mut self) -> bool;
    /// Whether a person types it, who cannot have answered what was not asked yet.
    fn is_terminal(&self) -> bool;
    /// Forgets what a person typed and nobody read.
    fn forget(&mut self);
}

/// The wizard, where its lines come from and go to, and what was printed already.
pub(super) struct Desk<'a> {
    pub(super) model: &'a mut Model,
    pub(super) input: &'a mut dyn Input,
    pub(super) output: &'a mut dyn Write,
    pub(super) outside: &'a mut dyn Outside,
    /// The page that was printed last; printed again only when it changed.
    pub(super) shown: Option<(Screen, String)>,
    /// The menu that was printed last; likewise.
    pub(super) offered: Vec<String>,
    /// What the wizard said and was not printed yet.
    pub(super) notices: Vec<String>,
    /// What was told of the run that is followed.
    pub(super) followed: Followed,
}

/// What was told of the run that is followed.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Its name.
    pub(super) run: String,
    /// Changes as they were told already.
    pub(super) told: Vec<Option<ChangeState>>,
    /// The change whose job was told of last, and when, in milliseconds of the run.
    pub(super) job: Option<(usize, u64)>,
    /// The guarded change whose countdown is told, and the seconds that were told last.
    pub(super) countdown: Option<(usize, u64)>,
    /// The input came to its end; the run is followed all the same.
    pub(super) deaf: bool,
}

impl Desk<'_> {
    pub(super) fn tell(&mut self, message: Message) {
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

    pub(super) fn press(&mut self, key: Key) {
        self.tell(Message::Key(key));
    }

    /// One line of the operator, trimmed; the end of input hangs up.
    pub(super) fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        write!(self.output, "{}: ", plain(prompt))?;
        self.output.flush()?;
        let line = self.read_line()?;
        if line.is_none() {
            self.tell(Message::Hangup);
        }
        Ok(line)
    }

    /// The next line, trimmed; `None` at the end.
    pub(super) fn read_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut *self.input, 16 * 1024).read_until(b'\n', &mut line)?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }

    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.output, "{}", plain(text))
    }

    /// What the wizard said on the way, once.
    pub(super) fn notice(&mut self) -> io::Result<()> {
        for notice in std::mem::take(&mut self.notices) {
            self.say(&format!("* {notice}"))?;
        }
        Ok(())
    }

    /// Says what can be typed here.
    pub(super) fn explain(&mut self, words: &str) -> io::Result<()> {
        words.lines().try_for_each(|line| self.say(&format!("  {line}")))
    }
}

/// Typographic signs as a typewriter has them.
pub(super) fn plain(text: &str) -> String {
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
