//! The real wizard on the sample host, without a terminal: keys in, frames out, every effect carried out at once.

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    thread,
};

use ngcp_warden::{
    demo,
    effects::{HostEffects, runs::Site},
    executor::Executor,
    steps::REGISTRY,
    ui::{Look, view},
    wizard::{
        Effect, Key, Message, Model,
        model::{Mode, Size},
        update,
    },
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

/// A wizard between two messages. A clone goes its own way on the same host.
#[derive(Clone)]
pub struct Wizard {
    pub model: Model,
    session: Arc<HostEffects>,
    waiting: VecDeque<Message>,
}

impl Wizard {
    /// At its first page, with the host not yet looked at.
    pub fn new(mode: Mode) -> Self {
        let host: Arc<dyn Executor> = Arc::new(demo::host());
        let model = Model::new(REGISTRY, mode, host.world());
        let mut wizard = Wizard {
            model,
            session: Arc::new(HostEffects::new(Arc::clone(&host), Site::demo(host))),
            waiting: VecDeque::new(),
        };
        wizard.tell(Message::Begin);
        wizard
    }

    /// At its first page, with everything looked at.
    pub fn ready(mode: Mode) -> Self {
        let mut wizard = Wizard::new(mode);
        wizard.settle();
        wizard
    }

    /// Something happens.
    pub fn tell(&mut self, message: Message) {
        for effect in update(&mut self.model, message) {
            if !matches!(effect, Effect::SaveAnswers(_) | Effect::LoadAnswers) {
                self.session.carry_out(effect, &mut |answer| self.waiting.push_back(answer));
            }
        }
    }

    /// Takes all answers in.
    pub fn settle(&mut self) -> &mut Self {
        self.until(|_| false)
    }

    /// Takes answers in until the model is as wanted.
    pub fn until(&mut self, wanted: impl Fn(&Model) -> bool) -> &mut Self {
        while !wanted(&self.model) {
            let Some(message) = self.waiting.pop_front() else { break };
            self.tell(message);
        }
        self
    }

    /// Presses keys: names separated by blanks, `"text"` for what is typed.
    pub fn press(&mut self, script: &str) -> &mut Self {
        for word in script.split(' ').filter(|word| !word.is_empty()) {
            self.press_only(word).settle();
        }
        self
    }

    /// Presses one key, or types one word, and leaves what follows from it waiting.
    pub fn press_only(&mut self, word: &str) -> &mut Self {
        let typed = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match typed {
            Some(text) => text.chars().for_each(|c| self.tell(Message::Key(Key::Char(c)))),
            None => self.tell(Message::Key(key(word))),
        }
        self
    }

    /// Presses a key beside whose work the keyboard goes on, as in the real program, and keeps what waits to be kept;
    /// how often a key was pressed.
    pub fn press_and_keep(&mut self, word: &str) -> usize {
        let effects = update(&mut self.model, Message::Key(key(word)));
        let (answers, told) = mpsc::channel();
        let session = Arc::clone(&self.session);
        let work = thread::spawn(move || {
            for effect in effects {
                session.carry_out(effect, &mut |answer| answers.send(answer).unwrap());
            }
        });
        let (mut presses, mut waits) = (1, false);
        for message in told {
            self.tell(message);
            let waited =
                std::mem::replace(&mut waits, self.model.run.as_ref().is_some_and(|run| run.guard.is_some()));
            if waits && !waited {
                presses += 1;
                self.press_only("k");
            }
        }
        work.join().unwrap();
        self.settle();
        presses
    }

    /// The frame at some size.
    pub fn frame(&mut self, columns: u16, rows: u16, look: Look) -> (Buffer, Option<Position>) {
        if self.model.size != (Size { columns, rows }) {
            self.tell(Message::Resized { columns, rows });
        }
        let mut frame = Buffer::empty(Rect::new(0, 0, columns, rows));
        let cursor = view(&self.model, look, &mut frame);
        (frame, cursor)
    }
}

fn key(name: &str) -> Key {
    match name {
        "Enter" => Key::Enter,
        "Esc" => Key::Esc,
        "Tab" => Key::Tab,
        "BackTab" => Key::BackTab,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "Left" => Key::Left,
        "Right" => Key::Right,
        "Home" => Key::Home,
        "End" => Key::End,
        "PgUp" => Key::PageUp,
        "PgDn" => Key::PageDown,
        "Space" => Key::Char(' '),
        "F10" => Key::F(10),
        name => Key::Char(name.chars().next().unwrap()),
    }
}
